//! Captured headers, cookies and samples of one direction, by slot (manual 4.2, `declare capture`).

use std::cell::{Ref, RefCell};

/// What the slots hold; `None` where nothing has been captured. A converter fills one while samples are borrowed
/// from the same transaction.
#[derive(Debug, Default)]
pub struct Slots(RefCell<Vec<Option<Box<[u8]>>>>);

impl Slots {
    /// All of them, to be read.
    pub fn list(&self) -> Ref<'_, Vec<Option<Box<[u8]>>>> {
        self.0.borrow()
    }
    /// All of them, to be changed.
    pub fn list_mut(&mut self) -> &mut Vec<Option<Box<[u8]>>> {
        self.0.get_mut()
    }
    /// Fills a slot; answers whether there is one of this number.
    pub fn fill(&self, slot: usize, text: &[u8]) -> bool {
        let mut list = self.0.borrow_mut();
        let place = list.get_mut(slot);
        let there = place.is_some();
        if let Some(place) = place {
            *place = Some(text.into());
        }
        there
    }
    /// Back to no slots, keeping the memory.
    pub fn clear(&mut self) {
        self.0.get_mut().clear();
    }
}

impl From<Vec<Option<Box<[u8]>>>> for Slots {
    fn from(list: Vec<Option<Box<[u8]>>>) -> Self {
        Self(RefCell::new(list))
    }
}
