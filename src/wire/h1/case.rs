//! Header names with capitals for peers that insist on them (`h1-case-adjust`, `option h1-case-adjust-bogus-client/-server`).

use std::collections::HashMap;

/// Which names are written how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseMap {
    names: HashMap<Box<[u8]>, Box<[u8]>>,
}

impl CaseMap {
    /// Writes the small name `from` as `to`. False if the two are not the same but for their case.
    pub fn insert(&mut self, from: &[u8], to: &[u8]) -> bool {
        let same = from.eq_ignore_ascii_case(to) && !from.is_empty();
        if same {
            self.names
                .insert(from.to_ascii_lowercase().into(), to.into());
        }
        same
    }

    /// How the name is written.
    pub fn written<'a>(&'a self, name: &'a [u8]) -> &'a [u8] {
        self.names.get(name).map_or(name, |n| n)
    }
}
