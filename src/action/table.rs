//! What every action is: a name, what it takes, what it does, and the function that reads it.

use super::Action;
use super::read::Words;
use crate::diag::Diagnostic;
use crate::sample::Pending;

/// What reading an action gives.
pub(super) type Read = Result<Pending<Action>, Box<Diagnostic>>;

/// An action as one ruleset offers it.
pub struct Entry {
    /// Its name; without the parentheses that follow it.
    pub name: &'static str,
    /// True if its name goes on: `set-var(…)`, `track-sc0`, `lua.…`; a star in the dumps.
    pub open: bool,
    /// What follows the name.
    pub synopsis: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// What it waits for, if it does not work yet: then it is refused, and the dumps leave it out.
    pub needs: Option<&'static str>,
    /// Whether `expose-experimental-directives` has to allow it.
    pub(super) experimental: bool,
    pub(super) read: fn(&mut Words<'_, '_, '_>) -> Read,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Entry {
    pub(super) const fn new(
        name: &'static str,
        synopsis: &'static str,
        doc: &'static str,
        read: fn(&mut Words<'_, '_, '_>) -> Read,
    ) -> Self {
        Self {
            name,
            open: false,
            synopsis,
            doc,
            needs: None,
            experimental: false,
            read,
        }
    }

    pub(super) const fn open(
        name: &'static str,
        synopsis: &'static str,
        doc: &'static str,
        read: fn(&mut Words<'_, '_, '_>) -> Read,
    ) -> Self {
        Self {
            open: true,
            ..Self::new(name, synopsis, doc, read)
        }
    }

    /// As this one, where `expose-experimental-directives` allows it.
    pub(super) const fn experimental(mut self) -> Self {
        self.experimental = true;
        self
    }

    /// One that is known by name and does not work yet.
    pub(super) const fn absent(
        name: &'static str,
        open: bool,
        doc: &'static str,
        needs: &'static str,
    ) -> Self {
        Self {
            name,
            open,
            synopsis: "",
            doc,
            needs: Some(needs),
            experimental: false,
            read: |words| Err(words.refuse("is not available")),
        }
    }

    /// True if a word names this action.
    pub(super) fn named(&self, word: &str) -> bool {
        match word.strip_prefix(self.name) {
            Some("") => true,
            Some(rest) => self.open && (rest.starts_with('(') || self.name.ends_with(['c', '.'])),
            None => false,
        }
    }
}
