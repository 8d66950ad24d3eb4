//! The entries of a pattern file: those that were read, which never change, and those added since.
//!
//! An entry is known by its slot. Slots below the number of entries read are theirs; the others are used
//! again after a removal, so what came first is told by [`View::order`].

use std::borrow::Cow;
use std::ops::Range;

/// What was read from a file or from the words of an ACL: the text, and where in it the entries stand.
#[derive(Debug, Default)]
pub(super) struct Base {
    text: Box<[u8]>,
    places: Box<[Place]>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    key: (u32, u32),
    value: (u32, u32),
    line: u32,
}

/// Collects the entries of a [`Base`].
#[derive(Debug, Default)]
pub(super) struct Reading {
    text: Vec<u8>,
    places: Vec<Place>,
}

impl Reading {
    /// For entries that stand in a text.
    pub(super) fn of(text: Vec<u8>) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }

    /// The text.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// An entry that stands in the text. Files beyond 4 GiB are cut off by their reader.
    pub(super) fn entry(&mut self, key: Range<usize>, value: Range<usize>, line: u32) {
        let narrow = |range: Range<usize>| (range.start as u32, range.end as u32);
        self.places.push(Place {
            key: narrow(key),
            value: narrow(value),
            line,
        });
    }

    /// A pattern from the words of an ACL.
    pub(super) fn word(&mut self, key: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(key);
        let end = self.text.len();
        self.entry(start..end, end..end, 0);
    }

    /// How many there are so far.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// All of them.
    pub(super) fn finish(self) -> Base {
        Base {
            text: self.text.into(),
            places: self.places.into(),
        }
    }
}

impl Base {
    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.places.len() as u32
    }

    /// The line that an entry stands in.
    pub(super) fn line(&self, slot: u32) -> u32 {
        self.places.get(slot as usize).map_or(0, |place| place.line)
    }

    #[inline]
    fn slice(&self, (start, end): (u32, u32)) -> &[u8] {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    #[inline]
    fn key(&self, slot: u32) -> Option<&[u8]> {
        Some(self.slice(self.places.get(slot as usize)?.key))
    }

    /// What stands behind the key.
    #[inline]
    pub(super) fn value(&self, slot: u32) -> Option<&[u8]> {
        Some(self.slice(self.places.get(slot as usize)?.value))
    }
}

/// An entry that was added at run time.
#[derive(Debug, Clone)]
pub(super) struct Added {
    /// Key and value in one piece.
    text: Box<[u8]>,
    key: u32,
    /// Its place among all that were ever added.
    pub(super) order: u64,
}

impl Added {
    pub(super) fn new(key: &[u8], value: &[u8], order: u64) -> Self {
        Self {
            text: [key, value].concat().into(),
            key: key.len() as u32,
            order,
        }
    }
    pub(super) fn key(&self) -> &[u8] {
        self.text.get(..self.key as usize).unwrap_or_default()
    }
    pub(super) fn value(&self) -> &[u8] {
        self.text.get(self.key as usize..).unwrap_or_default()
    }
    pub(super) fn set_value(&mut self, value: &[u8]) {
        *self = Self::new(&self.text[..self.key as usize], value, self.order);
    }
}

/// All entries, as indexes look at them.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) base: &'a Base,
    pub(super) added: &'a [Option<Added>],
}

impl<'a> View<'a> {
    /// Only what was read.
    #[inline]
    pub(super) fn frozen(base: &'a Base) -> Self {
        Self { base, added: &[] }
    }

    fn added(self, slot: u32) -> Option<&'a Added> {
        let at = slot.checked_sub(self.base.len())?;
        self.added.get(at as usize)?.as_ref()
    }

    /// The pattern of an entry, as written; nothing for one that is gone.
    #[inline]
    pub(super) fn key(self, slot: u32) -> &'a [u8] {
        match self.base.key(slot) {
            Some(key) => key,
            None => self.added(slot).map(Added::key).unwrap_or_default(),
        }
    }

    /// What counts where the first entry wins: less is earlier.
    #[inline]
    pub(super) fn order(self, slot: u32) -> u64 {
        match self.added(slot) {
            Some(added) => added.order,
            None => u64::from(slot),
        }
    }

    /// The earlier of two.
    #[inline]
    pub(super) fn earlier(self, a: Option<u32>, b: Option<u32>) -> Option<u32> {
        match (a, b) {
            (Some(a), Some(b)) if self.order(b) < self.order(a) => Some(b),
            (a, b) => a.or(b),
        }
    }
}

/// A pattern as its method compares it: hexadecimal digits as bytes, the rest as written.
pub(super) fn unhex(text: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !text.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".into());
    }
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    text.chunks_exact(2)
        .map(|pair| Some(digit(pair[0])? * 16 + digit(pair[1])?))
        .collect::<Option<Vec<_>>>()
        .map(Cow::Owned)
        .ok_or_else(|| format!("'{}' is not a hex sequence", String::from_utf8_lossy(text)))
}
