//! Patterns of one method, in the shape that finds them fastest: what ACLs and maps look samples up in.

use super::entries::{View, unhex};
use super::expressions::Expressions;
use super::method::Method;
use super::network::{self, Network, Networks};
use super::number::{self, Numbers};
use super::parts::Parts;
use super::single;
use super::strings::{Affixes, Exact, Words};
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

impl Reading {
    /// A method without flags.
    pub fn of(method: Method) -> Self {
        Self {
            method,
            icase: false,
            resolve: false,
        }
    }
}

/// Up to this many texts, comparing each is faster than a table.
const FEW: usize = 8;

/// Where the entries with a pattern are. The texts of the entries are the caller's ([`View`]).
#[derive(Debug, Clone)]
pub(super) struct Patterns {
    pub(super) reading: Reading,
    index: Index,
}

#[derive(Debug, Clone)]
enum Index {
    Found,
    Bool,
    /// Entries in order.
    Few(Vec<u32>),
    Numbers(Numbers),
    Networks(Box<Networks>),
    Exact(Exact),
    Affixes(Affixes),
    Parts(Parts),
    Words(Words),
    Regexes(Expressions),
}

/// A pattern that was read.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Compared as it is written.
    Text,
    /// A range of numbers.
    Range(i64, i64),
    /// A network.
    Network(Network),
    /// An expression.
    Regex(Regex),
}

impl Patterns {
    /// An empty set.
    pub(super) fn new(reading: Reading) -> Self {
        let index = match reading.method {
            Method::Found => Index::Found,
            Method::Bool => Index::Bool,
            Method::Int | Method::Version | Method::Len => Index::Numbers(Numbers::default()),
            Method::Ip => Index::Networks(Box::default()),
            Method::Bin => Index::Exact(Exact::new(false)),
            Method::Reg => Index::Regexes(Expressions::new(reading.icase)),
            Method::Str | Method::Beg | Method::End | Method::Sub | Method::Dir | Method::Dom => {
                Index::Few(Vec::new())
            }
        };
        Self { reading, index }
    }

    /// The table for many texts.
    fn table(&self) -> Index {
        let Reading { method, icase, .. } = self.reading;
        match method {
            Method::Beg => Index::Affixes(Affixes::new(false, icase)),
            Method::End => Index::Affixes(Affixes::new(true, icase)),
            Method::Sub => Index::Parts(Parts::new(icase)),
            Method::Dir | Method::Dom => Index::Words(Words::new(method, icase)),
            _ => Index::Exact(Exact::new(icase)),
        }
    }

    /// Reads a pattern; names of hosts only if `resolve`.
    ///
    /// # Errors
    /// What is wrong with it, in HAProxy's words.
    pub(super) fn parse(&self, text: &[u8], resolve: bool) -> Result<Parsed, String> {
        let method = self.reading.method;
        let name = || String::from_utf8_lossy(text);
        Ok(match (&self.index, method) {
            (Index::Numbers(_), _) => {
                let version = method == Method::Version;
                let (low, high) = number::parse(&name(), version)?;
                Parsed::Range(low, high)
            }
            (Index::Networks(_), _) => {
                let parsed = network::parse(&name(), resolve);
                Parsed::Network(
                    parsed.ok_or_else(|| {
                        format!("'{}' is not a valid IPv4 or IPv6 address", name())
                    })?,
                )
            }
            (Index::Regexes(expressions), _) => Parsed::Regex(expressions.compile(text)?),
            (_, Method::Bin) => unhex(text).map(|_| Parsed::Text)?,
            _ => Parsed::Text,
        })
    }

    /// Adds an entry, the last one so far, whose pattern was read; its text is `text`.
    pub(super) fn insert(&mut self, view: View<'_>, text: &[u8], parsed: Parsed, slot: u32) {
        if let Index::Few(few) = &mut self.index {
            if few.len() < FEW {
                few.push(slot);
                return;
            }
            let few = std::mem::take(few);
            self.index = self.table();
            for slot in few {
                self.insert(view, view.key(slot), Parsed::Text, slot);
            }
        }
        match (&mut self.index, parsed) {
            (Index::Numbers(numbers), Parsed::Range(low, high)) => {
                numbers.insert((low, high), slot)
            }
            (Index::Networks(table), Parsed::Network(network)) => table.insert(network, text, slot),
            (Index::Regexes(list), Parsed::Regex(regex)) => list.insert(view, text, regex, slot),
            (Index::Exact(exact), _) if self.reading.method == Method::Bin => {
                exact.insert(&unhex(text).unwrap_or_default(), slot);
            }
            (Index::Exact(exact), _) => exact.insert(text, slot),
            (Index::Affixes(affixes), _) => affixes.insert(text, slot),
            (Index::Parts(parts), _) => parts.insert(text, slot),
            (Index::Words(words), _) => words.insert(text, slot),
            _ => {}
        }
    }

    /// Forgets an entry, whose text is still there.
    pub(super) fn remove(&mut self, view: View<'_>, slot: u32) {
        let text = view.key(slot);
        match &mut self.index {
            Index::Found | Index::Bool => {}
            Index::Few(few) => few.retain(|known| *known != slot),
            Index::Numbers(numbers) => {
                let version = self.reading.method == Method::Version;
                let text = String::from_utf8_lossy(text);
                if let Ok(range) = number::parse(&text, version) {
                    numbers.remove(range, slot);
                }
            }
            Index::Networks(index) => index.remove(text, slot),
            Index::Exact(exact) if self.reading.method == Method::Bin => {
                exact.remove(&unhex(text).unwrap_or_default(), slot);
            }
            Index::Exact(index) => index.remove(text, slot),
            Index::Affixes(index) => index.remove(text, slot),
            Index::Parts(index) => index.remove(text, slot),
            Index::Words(index) => index.remove(text, slot),
            Index::Regexes(index) => index.remove(slot),
        }
    }

    /// The entry that the sample matches: the most specific one for networks and for beginnings with case,
    /// the first one for the rest.
    #[inline]
    pub(super) fn find(&self, view: View<'_>, value: &Value<'_>) -> Option<u32> {
        match &self.index {
            Index::Found => Some(u32::MAX),
            Index::Bool => subject::truth(value).then_some(u32::MAX),
            Index::Numbers(numbers) if self.reading.method == Method::Len => {
                subject::with_bytes(value, |bytes| numbers.find(view, bytes.len() as i64))
            }
            Index::Numbers(numbers) => numbers.find(view, value.int()?),
            Index::Networks(table) => table.find(value.addr()?),
            _ => subject::with_bytes(value, |bytes| self.find_text(view, bytes)),
        }
    }

    /// True if HAProxy would have the entry in a tree.
    pub(super) fn in_tree(&self, slot: u32) -> bool {
        match (&self.index, self.reading.method) {
            (Index::Networks(networks), _) => !networks.is_holed(slot),
            (_, Method::Str | Method::Beg) => !self.reading.icase,
            _ => false,
        }
    }

    /// As `find` among expressions, with the groups of the match.
    pub(super) fn captures(&self, view: View<'_>, subject: &[u8]) -> Option<(u32, Groups)> {
        match &self.index {
            Index::Regexes(list) => list.captures(view, subject),
            _ => None,
        }
    }

    fn find_text(&self, view: View<'_>, subject: &[u8]) -> Option<u32> {
        let Reading { method, icase, .. } = self.reading;
        match &self.index {
            Index::Few(few) if method == Method::Beg && !icase => {
                let matches = |slot: &u32| single::matches(method, icase, view.key(*slot), subject);
                let matching = few.iter().filter(|slot| matches(slot));
                // Of the longest ones, the first.
                let longest = matching.rev().max_by_key(|slot| view.key(**slot).len());
                longest.copied()
            }
            Index::Few(few) => {
                let matches = |slot: &u32| single::matches(method, icase, view.key(*slot), subject);
                few.iter().find(|slot| matches(slot)).copied()
            }
            Index::Exact(exact) => exact.find(subject, |slot| {
                let key = view.key(slot);
                if method == Method::Bin {
                    unhex(key).is_ok_and(|key| *key == *subject)
                } else {
                    single::equal(key, subject, icase)
                }
            }),
            Index::Affixes(affixes) => affixes.find(view, subject),
            Index::Parts(parts) => {
                let best = std::cell::Cell::new(None);
                let matters = |slot| view.earlier(best.get(), Some(slot)) == Some(slot);
                let key = |slot| matters(slot).then(|| view.key(slot));
                parts.each(subject, key, |slot| best.set(Some(slot)));
                best.get()
            }
            Index::Words(words) => words.find(view, subject),
            Index::Regexes(list) => list.find(view, subject),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::entries::{self, Base};
    use proptest::prelude::*;
    use std::borrow::Cow;

    /// Patterns and what they were made of.
    struct Set(Base, Patterns);

    impl Set {
        fn find(&self, value: &Value<'_>) -> Option<u32> {
            self.1.find(View::frozen(&self.0), value)
        }
    }

    fn set(method: Method, icase: bool, patterns: &[&str]) -> Set {
        let mut words = entries::Reading::default();
        for pattern in patterns {
            words.word(pattern.as_bytes());
        }
        let base = words.finish();
        let mut set = Patterns::new(Reading {
            method,
            icase,
            resolve: false,
        });
        for (pattern, slot) in patterns.iter().zip(0..) {
            let parsed = set
                .parse(pattern.as_bytes(), false)
                .unwrap_or_else(|e| panic!("{pattern}: {e}"));
            set.insert(View::frozen(&base), pattern.as_bytes(), parsed, slot);
        }
        Set(base, set)
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

    /// Texts over a few letters, so that they meet.
    fn texts(most: usize) -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[ab/.A]{0,6}", 1..most)
    }

    proptest! {
        #[test]
        fn tables_answer_as_one_by_one(
            patterns in texts(40),
            subjects in texts(10),
            icase in any::<bool>(),
            removed in prop::collection::vec(0_usize..40, 0..20),
        ) {
            use Method::*;
            for method in [Str, Beg, End, Sub, Dir, Dom] {
                let refs: Vec<&str> = patterns.iter().map(String::as_str).collect();
                let Set(base, mut index) = set(method, icase, &refs);
                let mut left: Vec<usize> = (0..refs.len()).collect();
                let check = |index: &Patterns, left: &[usize]| {
                    for subject in &subjects {
                        let matching: Vec<usize> = left.iter().copied().filter(|at| {
                            single::matches(method, icase, refs[*at].as_bytes(), subject.as_bytes())
                        }).collect();
                        let expected = if method == Beg && !icase {
                            matching.iter().rev().copied().max_by_key(|at| refs[*at].len())
                        } else {
                            matching.first().copied()
                        };
                        let found = index.find(View::frozen(&base), &text(subject));
                        assert_eq!(found.map(|s| s as usize), expected, "{method:?} {icase} {refs:?} {subject}");
                    }
                };
                check(&index, &left);
                for at in &removed {
                    if left.contains(at) {
                        index.remove(View::frozen(&base), *at as u32);
                        left.retain(|known| known != at);
                    }
                }
                check(&index, &left);
            }
        }

        #[test]
        fn many_expressions_answer_as_one_by_one(
            patterns in prop::collection::vec("(\\^)?[ab]{1,4}(\\.)?[abc]{0,3}", 1..30),
            subjects in prop::collection::vec("[abcA]{0,9}", 1..10),
            icase in any::<bool>(),
        ) {
            let refs: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let set = set(Method::Reg, icase, &refs);
            for subject in &subjects {
                let expected = refs.iter().position(|pattern| {
                    Regex::new(pattern.as_bytes(), icase).is_ok_and(|r| r.is_match(subject.as_bytes()))
                });
                prop_assert_eq!(set.find(&text(subject)).map(|s| s as usize), expected, "{:?} {}", refs, subject);
            }
        }
    }

    #[test]
    fn hex_errors() {
        assert!(unhex(b"aaz").is_err());
        assert!(unhex(b"zz").is_err());
        assert_eq!(unhex(b"0aFF").as_deref(), Ok(&[0x0a, 0xff][..]));
    }
}
