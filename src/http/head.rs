//! A message head: one buffer and a table of offsets into it.
//!
//! The codec copies the received head into the buffer once and fills the table; rules edit the table, their new bytes go
//! to the buffer's tail; nothing else is copied until the head is written out. A cleared head keeps its memory, so that
//! keep-alive traffic allocates nothing.
//!
//! Header names are kept in small letters, as HAProxy shows and forwards them; lookups ignore case.

mod adopt;
mod weight;
mod write;

use std::ops::Range;

use super::{Method, Version, token::lowercase};

/// A range of the buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    len: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        // Heads are limited by tune.bufsize; a head that does not fit u32 reads as empty and is never written.
        let narrow = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            len: narrow(end.saturating_sub(start)),
        }
    }

    #[inline]
    fn len(self) -> usize {
        self.len as usize
    }

    #[inline]
    fn range(self) -> Range<usize> {
        let start = self.start as usize;
        start..start + self.len()
    }
}

/// One header line: its name (small letters) and its value (no white space around it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in small letters.
    pub name: &'a [u8],
    /// The value, without the white space around it; it may hold any byte but CR, LF and NUL.
    pub value: &'a [u8],
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    name: Span,
    value: Span,
    /// The buffer holds both as they are written, `name: value` and the line end.
    as_written: bool,
}

#[derive(Debug, Clone, Copy)]
enum Line {
    Request {
        method: Span,
        known: Method,
        target: Span,
    },
    Status {
        code: u16,
        reason: Span,
    },
}

const NO_LINE: Line = Line::Request {
    method: Span { start: 0, len: 0 },
    known: Method::Other,
    target: Span { start: 0, len: 0 },
};

/// A request's or response's first line and headers, in the order received.
#[derive(Debug, Clone)]
pub struct Head {
    buf: Vec<u8>,
    line: Line,
    version: Version,
    entries: Vec<Entry>,
    /// See [`Head::set_normalized`].
    normalized: bool,
}

impl Default for Head {
    fn default() -> Self {
        Self::new()
    }
}

impl Head {
    /// An empty request head without memory of its own.
    pub const fn new() -> Self {
        Self {
            buf: Vec::new(),
            line: NO_LINE,
            version: Version::HTTP_11,
            entries: Vec::new(),
            normalized: false,
        }
    }

    /// A request head with the given line and no headers.
    pub fn request(method: &[u8], target: &[u8], version: Version) -> Self {
        let mut head = Self::new();
        head.start_request(method, target, version);
        head
    }

    /// A response head with the given line and no headers.
    pub fn response(version: Version, status: u16, reason: &[u8]) -> Self {
        let mut head = Self::new();
        head.start_response(version, status, reason);
        head
    }

    /// Empties the head and keeps its memory.
    pub fn clear(&mut self) {
        self.buf.clear();
        self.entries.clear();
        self.version = Version::HTTP_11;
        self.line = NO_LINE;
        self.normalized = false;
    }

    /// Makes this an empty head of a request.
    pub fn start_request(&mut self, method: &[u8], target: &[u8], version: Version) {
        self.clear();
        self.version = version;
        self.line = Line::Request {
            method: self.append(method),
            known: Method::of(method),
            target: self.append(target),
        };
    }

    /// Makes this an empty head of a response.
    pub fn start_response(&mut self, version: Version, status: u16, reason: &[u8]) {
        self.clear();
        self.version = version;
        self.line = Line::Status {
            code: status,
            reason: self.append(reason),
        };
    }

    /// Makes this a copy of another head, in this one's memory.
    pub fn copy_from(&mut self, other: &Head) {
        self.buf.clear();
        self.buf.extend_from_slice(&other.buf);
        self.entries.clear();
        self.entries.extend_from_slice(&other.entries);
        self.line = other.line;
        self.normalized = other.normalized;
        self.version = other.version;
    }

    // -- the first line ----------------------------------------------------------------------------------------------

    /// Whether this is a request's head.
    pub fn is_request(&self) -> bool {
        matches!(self.line, Line::Request { .. })
    }

    /// The method's bytes; empty in a response.
    pub fn method(&self) -> &[u8] {
        match self.line {
            Line::Request { method, .. } => self.bytes(method),
            Line::Status { .. } => b"",
        }
    }

    /// The method by name; [`Method::Other`] in a response.
    pub fn known_method(&self) -> Method {
        match self.line {
            Line::Request { known, .. } => known,
            Line::Status { .. } => Method::Other,
        }
    }

    /// The request target, byte for byte; empty in a response.
    pub fn target(&self) -> &[u8] {
        match self.line {
            Line::Request { target, .. } => self.bytes(target),
            Line::Status { .. } => b"",
        }
    }

    /// The message's version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The status code; 0 in a request.
    pub fn status(&self) -> u16 {
        match self.line {
            Line::Status { code, .. } => code,
            Line::Request { .. } => 0,
        }
    }

    /// The reason phrase; empty in a request.
    pub fn reason(&self) -> &[u8] {
        match self.line {
            Line::Status { reason, .. } => self.bytes(reason),
            Line::Request { .. } => b"",
        }
    }

    /// Changes the method. Does nothing to a response.
    pub fn set_method(&mut self, bytes: &[u8]) {
        if let Line::Request { target, .. } = self.line {
            self.line = Line::Request {
                method: self.append(bytes),
                known: Method::of(bytes),
                target,
            };
        }
    }

    /// Changes the target. Does nothing to a response.
    pub fn set_target(&mut self, bytes: &[u8]) {
        if let Line::Request { method, known, .. } = self.line {
            self.line = Line::Request {
                method,
                known,
                target: self.append(bytes),
            };
        }
    }

    /// Says whether the target is absolute only because its protocol gave it in parts: then it is written without scheme and
    /// authority, as HAProxy writes requests of HTTP/2 to servers of HTTP/1.
    pub fn set_normalized(&mut self, normalized: bool) {
        self.normalized = normalized;
    }

    /// Changes the version.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// Changes the status code, keeping the reason. Does nothing to a request.
    pub fn set_status(&mut self, status: u16) {
        if let Line::Status { code, .. } = &mut self.line {
            *code = status;
        }
    }

    /// Changes the reason phrase. Does nothing to a request.
    pub fn set_reason(&mut self, bytes: &[u8]) {
        if let Line::Status { code, .. } = self.line {
            self.line = Line::Status {
                code,
                reason: self.append(bytes),
            };
        }
    }

    // -- headers -----------------------------------------------------------------------------------------------------

    /// All headers in order, as `(name, value)`.
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> + ExactSizeIterator {
        self.entries
            .iter()
            .map(|e| (self.bytes(e.name), self.bytes(e.value)))
    }

    /// The number of header lines.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no header line.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The header line at `index`.
    pub fn field(&self, index: usize) -> Option<Field<'_>> {
        let entry = self.entries.get(index)?;
        Some(Field {
            name: self.bytes(entry.name),
            value: self.bytes(entry.value),
        })
    }

    /// The full values of all lines with this name, in order.
    pub fn values<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.entries
            .iter()
            .filter(move |e| self.named(e, name))
            .map(|e| self.bytes(e.value))
    }

    /// The first line's value with this name.
    pub fn find(&self, name: &[u8]) -> Option<&[u8]> {
        let entry = self.entries.iter().find(|e| self.named(e, name))?;
        Some(self.bytes(entry.value))
    }

    /// The index of the first line with this name at or after `from`.
    pub fn position(&self, name: &[u8], from: usize) -> Option<usize> {
        let rest = self.entries.get(from..)?;
        Some(from + rest.iter().position(|e| self.named(e, name))?)
    }

    /// How many lines have this name.
    pub fn count(&self, name: &[u8]) -> usize {
        self.entries.iter().filter(|e| self.named(e, name)).count()
    }

    /// Appends a line.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let entry = self.append_line(name, value);
        self.entries.push(entry);
    }

    /// Puts a line before all others.
    pub fn add_first(&mut self, name: &[u8], value: &[u8]) {
        let entry = self.append_line(name, value);
        self.entries.insert(0, entry);
    }

    /// Removes all lines with this name, then appends one: what `http-request set-header` does.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Removes all lines with this name; returns how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        let Some(first) = self.position(name, 0) else {
            return 0;
        };
        if self.position(name, first + 1).is_some() {
            return self.retain(|n, _| !n.eq_ignore_ascii_case(name));
        }
        self.remove_at(first);
        1
    }

    /// Keeps the lines that `keep(name, value)` says to keep; returns how many went.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8], &[u8]) -> bool) -> usize {
        let Self { buf, entries, .. } = self;
        let before = entries.len();
        entries.retain(|e| keep(slice(buf, e.name), slice(buf, e.value)));
        before - entries.len()
    }

    /// Removes the line at `index`, if there is one.
    pub fn remove_at(&mut self, index: usize) {
        if index < self.entries.len() {
            self.entries.remove(index);
        }
    }

    /// Gives the line at `index` another value; does nothing without such a line.
    pub fn replace_value(&mut self, index: usize, value: &[u8]) {
        if index < self.entries.len() {
            let entry = Entry {
                value: self.append(value),
                as_written: false,
                ..self.entries[index]
            };
            self.entries[index] = entry;
        }
    }

    /// Gives the line at `index` another name and value; does nothing without such a line.
    pub fn replace(&mut self, index: usize, name: &[u8], value: &[u8]) {
        if index < self.entries.len() {
            let entry = self.append_line(name, value);
            self.entries[index] = entry;
        }
    }

    /// Puts a line before the one at `index`, or behind all others.
    pub fn insert(&mut self, index: usize, name: &[u8], value: &[u8]) {
        let entry = self.append_line(name, value);
        self.entries.insert(index.min(self.entries.len()), entry);
    }

    /// The memory this head holds on to between messages, in bytes.
    pub fn capacity(&self) -> usize {
        self.buf.capacity() + self.entries.capacity() * size_of::<Entry>()
    }

    fn bytes(&self, span: Span) -> &[u8] {
        slice(&self.buf, span)
    }

    #[inline]
    fn named(&self, entry: &Entry, name: &[u8]) -> bool {
        entry.name.len() == name.len() && self.bytes(entry.name).eq_ignore_ascii_case(name)
    }

    fn append(&mut self, bytes: &[u8]) -> Span {
        let start = self.buf.len();
        self.buf.extend_from_slice(bytes);
        Span::new(start, self.buf.len())
    }

    /// A line as it is written, so that it goes out together with its neighbours.
    fn append_line(&mut self, name: &[u8], value: &[u8]) -> Entry {
        self.buf.reserve(name.len() + value.len() + 4);
        let name = self.append(name);
        if let Some(name) = self.buf.get_mut(name.start as usize..) {
            lowercase(name);
        }
        self.buf.extend_from_slice(b": ");
        let value = self.append(value);
        self.buf.extend_from_slice(b"\r\n");
        Entry {
            name,
            value,
            as_written: true,
        }
    }
}

#[inline]
fn slice(buf: &[u8], span: Span) -> &[u8] {
    buf.get(span.range()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
