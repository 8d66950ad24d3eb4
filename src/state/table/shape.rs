//! What the entries of a table are: their keys, what is stored, how long and how many.

use super::data::{Data, Form};
use super::key::KeyType;

/// A kind of data as one table stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// The period of rates, in milliseconds.
    pub period: u32,
    /// How many there are: more than one in arrays only.
    pub count: u16,
    /// Its first cell.
    pub(super) at: u16,
}

/// What of a server is kept as its `server_key` (`srvkey`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SrvKey {
    /// Its name.
    #[default]
    Name,
    /// Its address and port.
    Addr,
}

/// The shape of a table. Two tables of equal shape can take each other's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// The type of its keys.
    pub key: KeyType,
    /// Most entries at once.
    pub size: usize,
    /// Milliseconds after which an entry that nobody touched is gone; `None` never.
    pub expire: Option<u32>,
    /// Whether a full table refuses new entries instead of dropping old ones.
    pub nopurge: bool,
    /// What of a server is kept.
    pub srvkey: SrvKey,
    stored: [Option<Stored>; Data::ALL.len()],
    width: u16,
}

impl Shape {
    /// A table that stores nothing but its keys.
    pub fn new(key: KeyType, size: usize) -> Self {
        Self {
            key,
            size,
            expire: None,
            nopurge: false,
            srvkey: SrvKey::Name,
            stored: [None; Data::ALL.len()],
            width: 0,
        }
    }

    /// Has it store this; `count` is the length of an array, `period` that of a rate in milliseconds.
    pub fn store(&mut self, data: Data, count: u16, period: u32) {
        self.stored[data as usize] = Some(Stored {
            period,
            count,
            at: 0,
        });
        // In the order of the kinds, so that lines that say the same in another order make the same shape.
        let mut at = 0;
        for datum in Data::ALL {
            if let Some(stored) = &mut self.stored[datum.data as usize] {
                stored.at = at;
                at += stored.count * datum.form.cells();
            }
        }
        self.width = at;
    }

    /// How it stores this, if it does.
    #[inline]
    pub fn stored(&self, data: Data) -> Option<Stored> {
        self.stored[data as usize]
    }

    /// Cells per entry.
    pub(super) fn width(&self) -> usize {
        usize::from(self.width)
    }

    /// The first cell of one element, and what else is known of it.
    #[inline]
    pub(super) fn place(&self, data: Data, index: u32) -> Option<(usize, Form, u32)> {
        let stored = self.stored(data)?;
        if index >= u32::from(stored.count) {
            return None;
        }
        let form = data.datum().form;
        let at = usize::from(stored.at) + index as usize * usize::from(form.cells());
        Some((at, form, stored.period))
    }
}
