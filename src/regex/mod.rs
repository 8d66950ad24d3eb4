//! Regular expressions as configuration files write them: PCRE's syntax over bytes.
//!
//! ACLs, converters, rules and checks call it. The linear-time engine runs whatever it can express; only
//! look-around and back-references go to the backtracking one. Must not know what is matched.

mod fault;
mod literal;
mod translate;

use std::ops::Range;

pub use fault::Fault;

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Regex(Engine);

#[derive(Debug, Clone)]
enum Engine {
    Linear(regex::bytes::Regex),
    Backtracking(Box<fancy_regex::Regex>),
}

/// Byte ranges of a match: the whole, then each group.
pub type Groups = Vec<Option<Range<usize>>>;

/// Largest compiled program, bytes: a configuration cannot make the process grow without bound.
const SIZE_LIMIT: usize = 32 << 20;
/// Steps that the backtracking engine may take before a match is given up.
const BACKTRACK_LIMIT: usize = 1_000_000;

impl Regex {
    /// Compiles a pattern; `icase` ignores case.
    ///
    /// # Errors
    /// What is wrong with it, in HAProxy's wording as far as it goes, and where in it.
    pub fn new(pattern: &[u8], icase: bool) -> Result<Self, Fault> {
        let text = translate::translate(pattern);
        let linear = regex::bytes::RegexBuilder::new(&text)
            .unicode(false)
            .case_insensitive(icase)
            .size_limit(SIZE_LIMIT)
            .build();
        let error = match linear {
            Ok(regex) => return Ok(Self(Engine::Linear(regex))),
            Err(error) => error,
        };
        fancy_regex::RegexBuilder::new(&text)
            .case_insensitive(icase)
            .bytes_mode(fancy_regex::BytesMode::Ascii)
            .backtrack_limit(BACKTRACK_LIMIT)
            .build()
            .map(|regex| Self(Engine::Backtracking(Box::new(regex))))
            .map_err(|_| Fault::of(pattern, reason(&error)))
    }

    /// Texts of which a subject must hold at least one to match this pattern, whatever their case if `icase`;
    /// `None` where there are none worth looking for.
    pub fn literals(pattern: &[u8]) -> Option<Vec<Box<[u8]>>> {
        literal::required(&translate::translate(pattern))
    }

    /// True if it matches anywhere.
    pub fn is_match(&self, subject: &[u8]) -> bool {
        match &self.0 {
            Engine::Linear(regex) => regex.is_match(subject),
            Engine::Backtracking(regex) => regex.is_match(subject).unwrap_or(false),
        }
    }

    /// The first match at or after `from`, with its groups.
    pub fn captures(&self, subject: &[u8], from: usize) -> Option<Groups> {
        if from > subject.len() {
            return None;
        }
        match &self.0 {
            Engine::Linear(regex) => {
                let found = regex.captures_at(subject, from)?;
                Some(found.iter().map(|g| g.map(|m| m.range())).collect())
            }
            Engine::Backtracking(regex) => {
                let found = regex.captures_from_pos(subject, from).ok()??;
                Some(found.iter().map(|g| g.map(|m| m.range())).collect())
            }
        }
    }

    /// Appends `replacement` with `\0` to `\9` standing for the groups, as HAProxy's `regsub`,
    /// `replace-header` and kin have it; `\\` and `\xHH` are read too.
    pub fn expand(subject: &[u8], groups: &Groups, replacement: &[u8], out: &mut Vec<u8>) {
        let mut rest = replacement;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            out.extend_from_slice(&rest[..at]);
            let after = rest.get(at + 1..).unwrap_or_default();
            rest = match after {
                [digit @ b'0'..=b'9', tail @ ..] => {
                    let group = groups.get(usize::from(digit - b'0')).cloned().flatten();
                    out.extend_from_slice(group.and_then(|g| subject.get(g)).unwrap_or_default());
                    tail
                }
                [b'x', high, low, tail @ ..]
                    if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
                {
                    out.push(hex(*high) * 16 + hex(*low));
                    tail
                }
                [other, tail @ ..] => {
                    out.push(*other);
                    tail
                }
                [] => after,
            };
        }
        out.extend_from_slice(rest);
    }
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20).wrapping_sub(b'a') + 10,
    }
}

/// The one line of the engine's message that says what is wrong.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let line = text.lines().last().unwrap_or("syntax error");
    line.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, subject: &[u8]) -> bool {
        Regex::new(pattern.as_bytes(), false)
            .map(|r| r.is_match(subject))
            .unwrap_or_else(|e| panic!("{pattern}: {e}"))
    }

    #[test]
    fn pcre_forms_that_differ() {
        for (pattern, yes, no) in [
            (r"^/a\/b", "/a/b", "/ab"),
            (r"/x{y}", "/x{y}", "/xy"),
            (r"^[^[]+$", "abc", "a[c"),
            (r"^[[:digit:]]+$", "123", "12a"),
            (r"\<b\>", "<b>", "b"),
            (r"^a{2,3}$", "aaa", "aaaa"),
            (r"^(?!foo)bar", "bar", "foobar"),
            (r"^(a|b)\1$", "aa", "ab"),
            (r"^[a&&b]+$", "a&b", "c"),
            (r"^[\w.-]+$", "a-b.c", "a/b"),
            (r"a$", "ba", "ab"),
            (r"^[]a]+$", "]a", "b"),
            (r"x{,3}y", "x{,3}y", "xxy"),
            (r"^\d+\.\d+$", "1.2", "1x2"),
            (r"^foo\_bar$", "foo_bar", "foobar"),
            (r"^\x41$", "A", "B"),
        ] {
            assert!(matches(pattern, yes.as_bytes()), "{pattern} on {yes}");
            assert!(!matches(pattern, no.as_bytes()), "{pattern} on {no}");
        }
    }

    #[test]
    fn bytes_and_case() {
        assert!(matches("^.$", b"\xe9"));
        assert!(matches("(?=\u{e9})..", "\u{e9}".as_bytes()));
        let icase = Regex::new(b"AbC", true).unwrap_or_else(|e| panic!("{e}"));
        assert!(icase.is_match(b"xaBcx"));
    }

    #[test]
    fn errors_name_the_pattern() {
        let error = Regex::new(b"(a", false).err().map(String::from);
        let words = "regex '(a' is invalid (error=missing closing parenthesis, erroffset=2)";
        assert_eq!(error.as_deref(), Some(words));
    }

    #[test]
    fn expand_takes_groups_escapes_and_bytes() {
        let regex = Regex::new(b"(a+)(b)?", false).unwrap_or_else(|e| panic!("{e}"));
        let groups = regex.captures(b"xaac", 0).unwrap_or_default();
        let mut out = Vec::new();
        Regex::expand(b"xaac", &groups, br"<\0|\1|\2|\\|\x41\n>", &mut out);
        assert_eq!(out, br"<aa|aa||\|An>");
    }
}
