//! A set of patterns of one method: what ACLs and maps look samples up in.

use std::borrow::Cow;

use super::method::Method;
use super::network::{self, Networks};
use super::number::{self, Numbers, Operator};
use super::strings::{Affixes, Exact, Parts, Words};
use super::subject;
use crate::regex::{Groups, Regex};
use crate::sample::Value;

/// How patterns of one set are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reading {
    /// The method.
    pub method: Method,
    /// `-i`.
    pub icase: bool,
    /// Names may be resolved to addresses; off with `-n` and at run time.
    pub resolve: bool,
}

/// Patterns, numbered in the order in which they were read.
#[derive(Debug)]
pub struct Patterns {
    reading: Reading,
    index: Index,
    next: u32,
}

#[derive(Debug)]
enum Index {
    Found,
    Bool,
    Numbers(Numbers),
    Lengths(Numbers),
    Networks(Networks),
    Exact(Exact),
    Affixes(Affixes),
    Parts(Parts),
    Words(Words),
    Regexes(Vec<(Regex, u32)>),
}

impl Patterns {
    /// An empty set.
    pub fn new(reading: Reading) -> Self {
        let index = match reading.method {
            Method::Found => Index::Found,
            Method::Bool => Index::Bool,
            Method::Int | Method::Version => Index::Numbers(Numbers::default()),
            Method::Len => Index::Lengths(Numbers::default()),
            Method::Ip => Index::Networks(Networks::default()),
            Method::Bin | Method::Str => Index::Exact(Exact::default()),
            Method::Beg => Index::Affixes(Affixes::new(false)),
            Method::End => Index::Affixes(Affixes::new(true)),
            Method::Sub => Index::Parts(Parts::new(reading.icase)),
            Method::Dir => Index::Words(Words::new(b"/?")),
            Method::Dom => Index::Words(Words::new(b"/?.:")),
            Method::Reg => Index::Regexes(Vec::new()),
        };
        Self {
            reading,
            index,
            next: 0,
        }
    }

    /// The method all its patterns have.
    pub fn method(&self) -> Method {
        self.reading.method
    }

    /// Adds a pattern; answers its number.
    ///
    /// # Errors
    /// What is wrong with it, in HAProxy's words.
    pub fn insert(&mut self, text: &[u8], operator: Operator) -> Result<u32, String> {
        let id = self.next;
        let name = String::from_utf8_lossy(text);
        let folded = fold(text, self.reading.icase);
        match &mut self.index {
            Index::Found | Index::Bool => {}
            Index::Numbers(numbers) => {
                let version = self.reading.method == Method::Version;
                numbers.insert(number::parse(&name, version, operator)?, id);
            }
            Index::Lengths(numbers) => numbers.insert(number::parse(&name, false, operator)?, id),
            Index::Networks(table) => {
                let network = network::parse(&name, self.reading.resolve)
                    .ok_or_else(|| format!("'{name}' is not a valid IPv4 or IPv6 address"))?;
                table.insert(network, id);
            }
            Index::Exact(exact) if self.reading.method == Method::Bin => {
                exact.insert(&unhex(text)?, id);
            }
            Index::Exact(exact) => exact.insert(&folded, id),
            Index::Affixes(affixes) => affixes.insert(&folded, id),
            Index::Parts(parts) => parts.insert(&folded, id),
            Index::Words(words) => words.insert(&folded, id),
            Index::Regexes(list) => list.push((Regex::new(text, self.reading.icase)?, id)),
        }
        self.next = id.saturating_add(1);
        Ok(id)
    }

    /// Forgets the pattern of this number.
    pub fn remove(&mut self, id: u32) {
        match &mut self.index {
            Index::Found | Index::Bool => {}
            Index::Numbers(index) | Index::Lengths(index) => index.remove(id),
            Index::Networks(index) => index.remove(id),
            Index::Exact(index) => index.remove(id),
            Index::Affixes(index) => index.remove(id),
            Index::Parts(index) => index.remove(id),
            Index::Words(index) => index.remove(id),
            Index::Regexes(list) => list.retain(|(_, known)| *known != id),
        }
    }

    /// To be called after the last `insert` or `remove` of a series: builds what is built at once.
    pub fn finish(&mut self) {
        if let Index::Parts(parts) = &mut self.index {
            parts.finish();
        }
    }

    /// The number of the pattern that the sample matches: the most specific for networks and beginnings,
    /// the first one read for the rest.
    pub fn find(&self, value: &Value<'_>) -> Option<u32> {
        match &self.index {
            Index::Found => Some(0),
            Index::Bool => subject::truth(value).then_some(0),
            Index::Numbers(numbers) => numbers.find(value.int()?),
            Index::Networks(table) => table.find(value.addr()?),
            Index::Lengths(numbers) => {
                subject::with_bytes(value, |bytes| numbers.find(bytes.len() as i64))
            }
            _ => subject::with_bytes(value, |bytes| self.find_bytes(bytes)),
        }
    }

    /// As `find` among expressions, with the groups of the match.
    pub fn captures(&self, bytes: &[u8]) -> Option<(u32, Groups)> {
        let Index::Regexes(list) = &self.index else {
            return None;
        };
        list.iter()
            .find_map(|(regex, id)| Some((*id, regex.captures(bytes, 0)?)))
    }

    fn find_bytes(&self, bytes: &[u8]) -> Option<u32> {
        match &self.index {
            Index::Regexes(list) => list
                .iter()
                .find(|(regex, _)| regex.is_match(bytes))
                .map(|(_, id)| *id),
            Index::Exact(exact) if self.reading.method == Method::Bin => exact.find(bytes),
            _ => with_folded(bytes, self.reading.icase, |bytes| match &self.index {
                Index::Exact(index) => index.find(bytes),
                Index::Affixes(index) => index.find(bytes),
                Index::Parts(index) => index.find(bytes),
                Index::Words(index) => index.find(bytes),
                _ => None,
            }),
        }
    }
}

/// Small letters where case does not count.
fn fold(bytes: &[u8], icase: bool) -> Cow<'_, [u8]> {
    if icase && bytes.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(bytes.to_ascii_lowercase())
    } else {
        Cow::Borrowed(bytes)
    }
}

/// As `fold`, without the heap for all but very long subjects.
fn with_folded<R>(bytes: &[u8], icase: bool, then: impl FnOnce(&[u8]) -> R) -> R {
    if !icase || !bytes.iter().any(u8::is_ascii_uppercase) {
        return then(bytes);
    }
    let mut small = [0; 512];
    match small.get_mut(..bytes.len()) {
        Some(small) => {
            small.copy_from_slice(bytes);
            small.make_ascii_lowercase();
            then(small)
        }
        None => then(&bytes.to_ascii_lowercase()),
    }
}

/// Hexadecimal digits to bytes.
fn unhex(text: &[u8]) -> Result<Vec<u8>, String> {
    if !text.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".into());
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    text.chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("'{}' is not a hex sequence", String::from_utf8_lossy(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(method: Method, icase: bool, patterns: &[&str]) -> Patterns {
        let mut set = Patterns::new(Reading {
            method,
            icase,
            resolve: false,
        });
        for pattern in patterns {
            set.insert(pattern.as_bytes(), Operator::Eq)
                .unwrap_or_else(|e| panic!("{pattern}: {e}"));
        }
        set.finish();
        set
    }

    fn text(s: &str) -> Value<'_> {
        Value::Str(Cow::Borrowed(s.as_bytes()))
    }

    #[test]
    fn strings() {
        use Method::*;
        for (method, icase, patterns, subject, expected) in [
            (Str, false, &["a", "b"][..], "b", Some(1)),
            (Str, false, &["a", "b"], "B", None),
            (Str, true, &["a", "B"], "b", Some(1)),
            (Beg, false, &["/a", "/ab"], "/abc", Some(1)),
            (Beg, false, &["/ab", "/a"], "/a", Some(1)),
            (Beg, true, &["WWW."], "www.x", Some(0)),
            (End, false, &[".png", "g"], "/x.png", Some(0)),
            (End, false, &[".jpg"], "/x.png", None),
            (Sub, false, &["b", "a"], "xab", Some(0)),
            (Sub, true, &["ABC"], "xabcx", Some(0)),
            (
                Sub,
                true,
                &["1", "2", "3", "4", "5", "ABC"],
                "xaBcx",
                Some(5),
            ),
            (Sub, false, &["1", "2", "3", "4", "5", "6"], "x", None),
            (Dir, false, &["/images/png"], "/images/png/logo", Some(0)),
            (Dir, false, &["images/png"], "/images/png", Some(0)),
            (Dir, false, &["png"], "/images/pngx", None),
            (
                Dom,
                false,
                &["eu"],
                "http://www1.dc-eu.example.com:80/blah",
                None,
            ),
            (
                Dom,
                false,
                &[":www1:"],
                "http://www1.dc-eu.example.com:80/blah",
                Some(0),
            ),
            (
                Dom,
                false,
                &["dc-eu.example"],
                "http://www1.dc-eu.example.com:80/blah",
                Some(0),
            ),
            (
                Dom,
                false,
                &["80"],
                "http://www1.dc-eu.example.com:80/blah",
                Some(0),
            ),
            (Reg, false, &["^/a", "^/b"], "/bc", Some(1)),
            (Reg, true, &["^/A"], "/ab", Some(0)),
            (Len, false, &["3"], "abc", Some(0)),
            (Bin, false, &["616263"], "abc", Some(0)),
            (Int, false, &["12"], "12ab", Some(0)),
            (Ip, false, &["10.0.0.0/8"], "10.1.1.1", Some(0)),
        ] {
            let found = set(method, icase, patterns).find(&text(subject));
            assert_eq!(found, expected, "{method:?} {patterns:?} on {subject}");
        }
    }

    #[test]
    fn other_types_are_cast() {
        assert!(
            set(Method::Str, false, &["1"])
                .find(&Value::Bool(true))
                .is_some()
        );
        assert!(
            set(Method::Beg, false, &["220"])
                .find(&Value::Int(22001))
                .is_some()
        );
        assert!(
            set(Method::Len, false, &["9"])
                .find(&Value::Ipv4([127, 0, 0, 1].into()))
                .is_some()
        );
        assert!(
            set(Method::Int, false, &["2130706433"])
                .find(&Value::Ipv4([127, 0, 0, 1].into()))
                .is_some()
        );
        assert!(set(Method::Bool, false, &[]).find(&text("true")).is_none());
        assert!(set(Method::Bool, false, &[]).find(&Value::Int(2)).is_some());
    }

    #[test]
    fn removed_patterns_match_no_more() {
        for method in [
            Method::Str,
            Method::Beg,
            Method::End,
            Method::Sub,
            Method::Dom,
            Method::Reg,
        ] {
            let mut set = set(method, false, &["a", "b"]);
            set.remove(0);
            set.finish();
            assert_eq!(set.find(&text("a")), None, "{method:?}");
            assert_eq!(set.find(&text("b")), Some(1), "{method:?}");
        }
    }

    #[test]
    fn hex_errors() {
        assert!(unhex(b"aaz").is_err());
        assert!(unhex(b"zz").is_err());
        assert_eq!(unhex(b"0aFF"), Ok(vec![0x0a, 0xff]));
    }
}
