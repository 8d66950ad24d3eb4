//! Regular expressions: of many, only those are tried whose literal text the subject holds.

use std::cell::RefCell;
use std::collections::HashMap;

use super::entries::View;
use super::parts::Parts;
use crate::regex::{Groups, Regex};

/// Up to this many, each is tried.
const FEW: usize = 8;

/// Expressions by entry.
#[derive(Debug, Clone, Default)]
pub(super) struct Expressions {
    icase: bool,
    compiled: HashMap<u32, Compiled>,
    /// Entries in order; all while they are few, then those without a literal text.
    always: Vec<u32>,
    parts: Parts,
    /// By the number of the part: its text and entry.
    literals: Vec<Option<(Box<[u8]>, u32)>>,
    free: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Compiled {
    regex: Regex,
    /// Numbers of its parts.
    parts: Vec<u32>,
}

thread_local! {
    /// Entries to be tried; kept so that a lookup needs no memory of its own.
    static CANDIDATES: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

impl Expressions {
    pub(super) fn new(icase: bool) -> Self {
        Self {
            icase,
            parts: Parts::new(icase),
            ..Self::default()
        }
    }

    pub(super) fn compile(&self, pattern: &[u8]) -> Result<Regex, String> {
        Ok(Regex::new(pattern, self.icase)?)
    }

    pub(super) fn insert(&mut self, view: View<'_>, pattern: &[u8], regex: Regex, slot: u32) {
        let compiled = Compiled {
            regex,
            parts: Vec::new(),
        };
        self.compiled.insert(slot, compiled);
        if self.compiled.len() <= FEW {
            self.always.push(slot);
        } else if self.literals.is_empty() && self.always.len() == FEW {
            for slot in std::mem::take(&mut self.always) {
                self.index(view.key(slot), slot);
            }
            self.index(pattern, slot);
        } else {
            self.index(pattern, slot);
        }
    }

    fn index(&mut self, pattern: &[u8], slot: u32) {
        let Some(literals) = Regex::literals(pattern) else {
            self.always.push(slot);
            return;
        };
        for literal in literals {
            let number = self.free.pop().unwrap_or_else(|| {
                self.literals.push(None);
                self.literals.len() as u32 - 1
            });
            self.parts.insert(&literal, number);
            self.literals[number as usize] = Some((literal, slot));
            if let Some(compiled) = self.compiled.get_mut(&slot) {
                compiled.parts.push(number);
            }
        }
    }

    pub(super) fn remove(&mut self, slot: u32) {
        let Some(compiled) = self.compiled.remove(&slot) else {
            return;
        };
        self.always.retain(|known| *known != slot);
        for number in compiled.parts {
            let literal = self
                .literals
                .get_mut(number as usize)
                .and_then(Option::take);
            if let Some((text, _)) = literal {
                self.parts.remove(&text, number);
                self.free.push(number);
            }
        }
    }

    /// The first entry whose expression gives something.
    fn first<R>(
        &self,
        view: View<'_>,
        subject: &[u8],
        tried: impl Fn(&Regex) -> Option<R>,
    ) -> Option<(u32, R)> {
        let attempt = |slot: &u32| Some((*slot, tried(&self.compiled.get(slot)?.regex)?));
        if self.literals.is_empty() {
            return self.always.iter().find_map(attempt);
        }
        CANDIDATES.with_borrow_mut(|candidates| {
            candidates.clear();
            candidates.extend_from_slice(&self.always);
            let literal = |number: u32| self.literals.get(number as usize)?.as_ref();
            self.parts.each(
                subject,
                |number| literal(number).map(|(text, _)| &**text),
                |number| candidates.extend(literal(number).map(|(_, slot)| *slot)),
            );
            candidates.sort_unstable_by_key(|slot| view.order(*slot));
            candidates.dedup();
            candidates.iter().find_map(attempt)
        })
    }

    pub(super) fn find(&self, view: View<'_>, subject: &[u8]) -> Option<u32> {
        let found = self.first(view, subject, |regex| regex.is_match(subject).then_some(()));
        found.map(|(slot, ())| slot)
    }

    /// As `find`, with the groups of the match.
    pub(super) fn captures(&self, view: View<'_>, subject: &[u8]) -> Option<(u32, Groups)> {
        self.first(view, subject, |regex| regex.captures(subject, 0))
    }
}
