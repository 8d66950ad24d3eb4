//! The expression of an old rule, held against lines.
//!
//! Heads keep names in small letters, as HAProxy does since 2.0, while the rules are older: `^Host:` was written for what
//! clients send. Names have no case, so a header line is tried with its name as most write it, then in small letters; and
//! what stands before the expression's first colon ignores case.

use crate::regex::{Groups, Regex};

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    first: Regex,
    header: Regex,
}

impl Pattern {
    /// Compiles it.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn new(pattern: &[u8], icase: bool) -> Result<Self, String> {
        let first = Regex::new(pattern, icase)?;
        let header = match name_part(pattern) {
            Some(colon) if !icase => {
                let (name, rest) = pattern.split_at(colon);
                Regex::new(&[b"(?i:", name, b")", rest].concat(), false)
                    .unwrap_or_else(|_| first.clone())
            }
            _ => first.clone(),
        };
        Ok(Self { first, header })
    }

    /// Whether the first line matches.
    pub fn matches_first(&self, line: &[u8]) -> bool {
        self.first.is_match(line)
    }

    /// The match in the first line.
    pub fn find_first(&self, line: &[u8]) -> Option<Groups> {
        self.first.captures(line, 0)
    }

    /// Whether a header line matches; `line` is room for it.
    pub fn matches_header(&self, name: &[u8], value: &[u8], line: &mut Vec<u8>) -> bool {
        self.try_header(name, value, line, |regex, line| {
            regex.is_match(line).then_some(())
        })
        .is_some()
    }

    /// The match in a header line, which is left in `line` as it matched.
    pub fn find_header(&self, name: &[u8], value: &[u8], line: &mut Vec<u8>) -> Option<Groups> {
        self.try_header(name, value, line, |regex, line| regex.captures(line, 0))
    }

    fn try_header<T>(
        &self,
        name: &[u8],
        value: &[u8],
        line: &mut Vec<u8>,
        found: impl Fn(&Regex, &[u8]) -> Option<T>,
    ) -> Option<T> {
        line.clear();
        usual_case(name, line);
        line.extend_from_slice(b": ");
        line.extend_from_slice(value);
        found(&self.header, line).or_else(|| {
            line.get_mut(..name.len())?.make_ascii_lowercase();
            found(&self.header, line)
        })
    }
}

/// A name as most write it: a capital at each beginning.
fn usual_case(name: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(name);
    let mut begins = true;
    for byte in out.iter_mut().skip(start) {
        if begins {
            byte.make_ascii_uppercase();
        }
        begins = *byte == b'-';
    }
}

/// Where the colon stands that ends the name, if what is before it is a whole expression.
fn name_part(pattern: &[u8]) -> Option<usize> {
    let (mut depth, mut class) = (0_i32, false);
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        match byte {
            b'\\' => at += 1,
            b']' if class => class = false,
            b'[' if !class => {
                class = true;
                // A bracket that comes first is one of the class.
                at += match pattern.get(at + 1..) {
                    Some([b'^', b']', ..]) => 2,
                    Some([b']', ..] | [b'^', ..]) => 1,
                    _ => 0,
                };
            }
            _ if class => {}
            b'(' if pattern.get(at + 1) == Some(&b'?') => return None,
            b'(' => depth += 1,
            b')' => depth -= 1,
            // Alternatives reach beyond the colon.
            b'|' if depth == 0 => return None,
            b':' if depth == 0 => {
                let alone = !pattern.get(at..)?.contains(&b'|') || balanced(pattern.get(at..)?);
                return alone.then_some(at);
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether all alternatives of the rest stand in parentheses.
fn balanced(rest: &[u8]) -> bool {
    let mut depth = 0_i32;
    let mut escaped = false;
    for &byte in rest {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'|' if depth == 0 => return false,
            _ => {}
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_ends_at_the_first_colon_that_is_not_inside_of_something() {
        for (pattern, colon) in [
            (&b"^Host:\\ (.*)"[..], Some(5)),
            (b"^X-(A|B):\\ x", Some(8)),
            (b"^([^\\ :]*)\\ /a(.*)", None),
            (b"^Host:\\ a|^Cookie:\\ b", None),
            (b"^Host:\\ (a|b)", Some(5)),
            (b"^(Host: a|Cookie: b)", None),
            (b"^[]:]x:y", Some(6)),
            (b"^Server", None),
            (b"^(?:a):b", None),
        ] {
            let text = String::from_utf8_lossy(pattern);
            assert_eq!(name_part(pattern), colon, "{text}");
        }
    }

    #[test]
    fn names_have_no_case_and_values_have() {
        let matches = |pattern: &[u8], name: &[u8], value: &[u8]| {
            let pattern = Pattern::new(pattern, false).unwrap_or_else(|error| panic!("{error}"));
            pattern.matches_header(name, value, &mut Vec::new())
        };
        assert!(matches(b"^Host: a", b"host", b"a"));
        assert!(matches(b"^hOST: a", b"host", b"a"));
        assert!(matches(b"^ETag: a", b"etag", b"a"));
        assert!(matches(b"^X-Powered-By", b"x-powered-by", b"a"));
        assert!(matches(b"^x-powered-by", b"x-powered-by", b"a"));
        assert!(!matches(b"^Host: a", b"host", b"A"));
        assert!(!matches(b"^Host: a", b"hosts", b"a"));
    }
}
