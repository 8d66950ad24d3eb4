//! What all users of a file would make of a value: `get map`, `get acl` (management guide 9.3).

use super::change::Entry;
use super::entries::View;
use super::file::{Compiled, File, lock};
use super::method::Method;
use super::patterns::Reading;
use super::set::{Output, typed};
use crate::sample::{Type, Value};

/// What one way of looking through a file found.
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    /// The method's name.
    pub method: &'static str,
    /// Without regard to case.
    pub icase: bool,
    /// Found in a tree, in HAProxy's terms, not in a list.
    pub tree: bool,
    /// What was found.
    pub entry: Option<Entry>,
    /// The type of what a map gives for it.
    pub gives: Option<Type>,
}

/// Ways of looking through a file that HAProxy counts as one.
#[derive(Debug, PartialEq, Eq)]
enum Family {
    Own(Method),
    Parts,
    Numbers,
}

impl Family {
    fn of(method: Method) -> Self {
        match method {
            Method::End | Method::Sub | Method::Dir | Method::Dom => Self::Parts,
            Method::Int | Method::Len | Method::Version => Self::Numbers,
            own => Self::Own(own),
        }
    }
}

impl File {
    /// One set of each family, in the order in which they were met.
    fn families(&self) -> Vec<(usize, Compiled)> {
        let sets = lock(&self.sets);
        let family = |set: &Compiled| {
            let Reading { method, icase, .. } = set.patterns.reading;
            (Family::of(method), icase, set.output)
        };
        let first = |at: &usize| {
            let mut before = sets.iter().take(*at);
            sets.get(*at)
                .is_some_and(|set| before.all(|known| family(known) != family(set)))
        };
        let firsts = (0..sets.len()).filter(first);
        firsts
            .filter_map(|at| Some((at, sets.get(at)?.clone())))
            .collect()
    }

    /// In how many ways it is looked through: HAProxy counts each entry that often.
    pub fn ways(&self) -> usize {
        self.families().len()
    }

    /// Looks a value up in all ways.
    pub fn probe(&self, value: &[u8]) -> Vec<Probe> {
        let sample = Value::text(value);
        let families = self.families();
        let probe = |(at, set): (usize, Compiled)| {
            let Reading { method, icase, .. } = set.patterns.reading;
            let (entry, tree) = self.find(at, &set, &sample);
            let gives = entry
                .as_ref()
                .filter(|_| set.output != Output::None)
                .and_then(|entry| Some(typed(set.output, &entry.value).ok()?.ty()));
            Probe {
                method: match set.output {
                    Output::Groups => "regm",
                    _ => method.name(),
                },
                icase,
                tree,
                entry,
                gives,
            }
        };
        families.into_iter().map(probe).collect()
    }

    fn find(&self, at: usize, set: &Compiled, sample: &Value<'_>) -> (Option<Entry>, bool) {
        if matches!(set.patterns.reading.method, Method::Found | Method::Bool) {
            return (None, false);
        }
        let found = self.read(|live| {
            let patterns = live.indexes.get(at)?;
            let slot = patterns.find(live.view(&self.base), sample)?;
            Some((self.entry(slot, Some(live)), patterns.in_tree(slot)))
        });
        let found = found.unwrap_or_else(|| {
            let slot = set.patterns.find(View::frozen(&self.base), sample)?;
            Some((self.entry(slot, None), set.patterns.in_tree(slot)))
        });
        match found {
            Some((entry, tree)) => (Some(entry), tree),
            None => (None, false),
        }
    }
}
