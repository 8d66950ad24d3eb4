//! Which certificates a name is served with (manual 5.1 `crt`, `crt-list`).

use std::collections::HashMap;

/// A map from server names, some of them with a wildcard for their first label, to places in a list.
#[derive(Debug, Default)]
pub struct Names {
    exact: HashMap<String, Vec<usize>>,
    /// By what stands after the first dot, dot included.
    wild: HashMap<String, Vec<usize>>,
    /// `!name`: places that a name is not served from.
    not: HashMap<String, Vec<usize>>,
}

impl Names {
    /// Enters a name, `*.name` or `!name`.
    pub fn add(&mut self, name: &str, place: usize) {
        let name = name.to_ascii_lowercase();
        let (map, key) = match (name.strip_prefix('!'), name.strip_prefix('*')) {
            (Some(not), _) => (&mut self.not, not),
            (None, Some(rest)) => (&mut self.wild, rest),
            (None, None) => (&mut self.exact, name.as_str()),
        };
        let places = map.entry(key.to_owned()).or_default();
        // Places come in order: one that has this name already is the last.
        if places.last() != Some(&place) {
            places.push(place);
        }
    }

    /// Places for a name: where it stands as it is, else where a wildcard covers it, in the order they were entered.
    pub fn find(&self, name: &str) -> impl Iterator<Item = usize> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let exact = self.exact.get(&name);
        let rest = name.find('.').and_then(|dot| name.get(dot..));
        let wild = rest.and_then(|rest| self.wild.get(rest));
        let not = self.not.get(&name).map_or(&[][..], Vec::as_slice);
        // A wildcard from which the name is excepted does not count.
        let places = |found: Option<&Vec<usize>>| -> Vec<usize> {
            let all = found.into_iter().flatten().copied();
            all.filter(|place| !not.contains(place)).collect()
        };
        let mut found = places(exact);
        if found.is_empty() {
            found = places(wild);
        }
        found.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_goes_before_wild_and_wild_covers_one_label() {
        let mut names = Names::default();
        for (name, place) in [
            ("a.test", 0),
            ("*.a.test", 1),
            ("www.A.test", 2),
            ("a.test", 3),
            ("!not.a.test", 1),
            ("*.test", 4),
        ] {
            names.add(name, place);
        }
        for (name, expected) in [
            ("a.test", &[0, 3][..]),
            ("A.TEST.", &[0, 3]),
            ("www.a.test", &[2]),
            ("x.a.test", &[1]),
            ("x.y.a.test", &[]),
            ("not.a.test", &[]),
            ("b.test", &[4]),
            ("test", &[]),
            ("", &[]),
        ] {
            assert_eq!(names.find(name).collect::<Vec<_>>(), expected, "{name}");
        }
    }
}
