//! Names that entries keep as numbers: servers', by name or address.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Most names of one table. Servers that come and go by discovery must not fill the memory.
const MOST: usize = 1 << 16;

/// The names of one table. The number of a name is its place plus one; 0 is no name.
#[derive(Debug, Default)]
pub(super) struct Names(RwLock<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Names {
    /// The number of a name, which is noted where it is new; 0 if there is no room for it.
    pub(super) fn number(&self, name: &str) -> u32 {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = known.numbers.get(name) {
            return *number;
        }
        drop(known);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = known.numbers.get(name) {
            return *number;
        }
        if known.names.len() >= MOST {
            return 0;
        }
        let name: Arc<str> = name.into();
        known.names.push(name.clone());
        let number = known.names.len() as u32;
        known.numbers.insert(name, number);
        number
    }

    /// The name of this number.
    pub(super) fn name(&self, number: u32) -> Option<Arc<str>> {
        let at = (number as usize).checked_sub(1)?;
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.names.get(at).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number_and_there_are_not_too_many() {
        let names = Names::default();
        assert_eq!(names.name(0), None);
        let first = names.number("s1");
        assert_eq!(names.number("s2"), first + 1);
        assert_eq!(names.number("s1"), first);
        assert_eq!(names.name(first + 1).as_deref(), Some("s2"));
        for n in 0..MOST {
            names.number(&n.to_string());
        }
        assert_eq!(names.number("one too many"), 0);
        assert_eq!(names.number("s1"), first);
    }
}
