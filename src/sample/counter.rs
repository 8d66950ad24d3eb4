//! What fetches, converters and actions ask of an entry of a stick table, written once for all their families.

use crate::state::table::{Data, Row};

/// General purpose counters: by their old names, or by a number in the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// `gpc0`, `gpt0`: on their own or first in the array.
    First,
    /// `gpc1`
    Second,
    /// Of the array, by the argument.
    Numbered,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A value as it is.
    Plain(Data),
    /// Bytes in units of 1024.
    Kilobytes(Data),
    /// A general purpose counter.
    Counter(Which),
    /// Its rate.
    CounterRate(Which),
    /// A tag.
    Tag(Which),
    /// Raises a counter, then gives it.
    Raise(Which),
    /// Zeroes a counter, gives what it was.
    Clear(Which),
    /// Counts a connection, gives their number.
    CountConnection,
    /// How many track the entry.
    Trackers,
    /// Whether a key is tracked, or in the table.
    Present,
    /// The tracked key.
    Key,
    /// Milliseconds until it expires.
    Expires,
    /// Milliseconds since it was touched.
    Idle,
}

/// A question, as one name of a family asks it.
#[derive(Debug, Clone, Copy)]
pub struct Counter {
    /// What is asked.
    pub what: What,
    /// The number of the tracked entry where the name says it.
    pub number: Option<u32>,
}

impl Counter {
    /// True if its first argument is a number in an array.
    pub(super) fn numbered(self) -> bool {
        use What::{Clear, CounterRate, Raise, Tag};
        matches!(
            self.what,
            What::Counter(Which::Numbered)
                | CounterRate(Which::Numbered)
                | Tag(Which::Numbered)
                | Raise(Which::Numbered)
                | Clear(Which::Numbered)
        )
    }
}

impl Which {
    /// Where it is: on its own, or in the array.
    fn place(self, row: &Row<'_>, own: [Data; 2], array: Data, index: u32) -> (Data, u32) {
        let (own, place) = match self {
            Self::First => (own[0], 0),
            Self::Second => (own[1], 1),
            Self::Numbered => return (array, index),
        };
        match row.read(own, 0) {
            Some(_) => (own, 0),
            None => (array, place),
        }
    }

    fn counter(self, row: &Row<'_>, index: u32) -> (Data, u32) {
        self.place(row, [Data::Gpc0, Data::Gpc1], Data::Gpc, index)
    }

    fn rate(self, row: &Row<'_>, index: u32) -> (Data, u32) {
        let own = [Data::Gpc0Rate, Data::Gpc1Rate];
        self.place(row, own, Data::GpcRate, index)
    }

    fn tag(self, row: &Row<'_>, index: u32) -> (Data, u32) {
        self.place(row, [Data::Gpt0, Data::Gpt0], Data::Gpt, index)
    }

    /// Adds to a counter and its rate; gives the counter, else the rate.
    pub fn add(self, row: &mut Row<'_>, index: u32, n: u64) -> Option<u64> {
        let rate = self.rate(row, index);
        row.add(rate.0, rate.1, n);
        let counter = self.counter(row, index);
        match row.add(counter.0, counter.1, n) {
            Some(()) => row.read(counter.0, counter.1),
            None => row.read(rate.0, rate.1),
        }
    }

    /// Sets a tag.
    pub fn set_tag_of(self, row: &mut Row<'_>, index: u32, value: u32) {
        let (data, index) = self.tag(row, index);
        row.set(data, index, u64::from(value));
    }
}

impl What {
    /// True if asking changes the entry.
    pub(super) fn changes(self) -> bool {
        matches!(
            self,
            Self::Raise(_) | Self::Clear(_) | Self::CountConnection
        )
    }

    /// The answer of an entry; `None` if it does not store that.
    pub(super) fn ask(self, row: &Row<'_>, index: u32) -> Option<u64> {
        let read = |(data, index)| row.read(data, index);
        match self {
            Self::Plain(data) => row.read(data, 0),
            Self::Kilobytes(data) => row.read(data, 0).map(|bytes| bytes >> 10),
            Self::Counter(which) => read(which.counter(row, index)),
            Self::CounterRate(which) => read(which.rate(row, index)),
            Self::Tag(which) => read(which.tag(row, index)),
            Self::Trackers => Some(u64::from(row.uses())),
            Self::Present => Some(1),
            Self::Expires => Some(u64::from(row.expires())),
            Self::Idle => Some(u64::from(row.idle())),
            Self::Raise(_) | Self::Clear(_) | Self::CountConnection | Self::Key => None,
        }
    }

    /// The answer of an entry that asking changes.
    pub(super) fn change(self, row: &mut Row<'_>, index: u32) -> Option<u64> {
        match self {
            // One that is not stored counts 0, as in HAProxy; asking for it gives nothing.
            Self::Raise(which) => Some(which.add(row, index, 1).unwrap_or(0)),
            Self::Clear(which) => {
                let (data, index) = which.counter(row, index);
                let was = row.read(data, index)?;
                row.set(data, index, 0);
                Some(was)
            }
            Self::CountConnection => {
                row.add(Data::ConnRate, 0, 1);
                row.add(Data::ConnCnt, 0, 1)?;
                row.read(Data::ConnCnt, 0)
            }
            other => other.ask(row, index),
        }
    }
}
