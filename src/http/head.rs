//! A message head: one buffer and a table of offsets into it.
//!
//! The codec copies the received head into the buffer once and fills the table; rules edit the table, their new bytes go
//! to the buffer's tail; nothing else is copied until the head is written out. A cleared head keeps its memory, so that
//! keep-alive traffic allocates nothing.
//!
//! Header names are kept in small letters, as HAProxy shows and forwards them; lookups ignore case.

use super::{Method, Version, token::lowercase};

/// A range of the buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    end: u32,
}

impl Span {
    fn new(start: usize, end: usize) -> Self {
        // Heads are limited by tune.bufsize; a head that does not fit u32 reads as empty and is never written.
        let narrow = |n| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }

    fn len(self) -> usize {
        self.end.saturating_sub(self.start) as usize
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

/// A request's or response's first line and headers, in the order received.
#[derive(Debug, Clone)]
pub struct Head {
    buf: Vec<u8>,
    line: Line,
    version: Version,
    entries: Vec<Entry>,
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
            line: Line::Request {
                method: Span { start: 0, end: 0 },
                known: Method::Other,
                target: Span { start: 0, end: 0 },
            },
            version: Version::HTTP_11,
            entries: Vec::new(),
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
        self.line = Self::new().line;
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
        self.version = other.version;
    }

    // -- filled by a codec -------------------------------------------------------------------------------------------

    /// Takes `raw` as the buffer of a head that was cleared and whose line and fields a codec has named by their offsets in
    /// `raw`. Names are written small.
    pub fn adopt(&mut self, raw: &[u8]) {
        self.buf.clear();
        self.buf.extend_from_slice(raw);
        for entry in &self.entries {
            if let Some(name) = self
                .buf
                .get_mut(entry.name.start as usize..entry.name.end as usize)
            {
                lowercase(name);
            }
        }
        if let Line::Request { method, target, .. } = self.line {
            self.line = Line::Request {
                method,
                known: Method::of(slice(&self.buf, method)),
                target,
            };
        }
    }

    /// Replaces the line ends inside values by spaces (obs-fold, RFC 9112 5.2), one space per byte, as HAProxy does.
    pub fn unfold(&mut self) {
        for entry in &self.entries {
            if let Some(value) = self
                .buf
                .get_mut(entry.value.start as usize..entry.value.end as usize)
            {
                for byte in value.iter_mut().filter(|b| matches!(b, b'\r' | b'\n')) {
                    *byte = b' ';
                }
            }
        }
    }

    /// Sets the request line to parts of the bytes that will be adopted.
    pub fn adopt_request(
        &mut self,
        method: (usize, usize),
        target: (usize, usize),
        version: Version,
    ) {
        self.line = Line::Request {
            method: Span::new(method.0, method.1),
            known: Method::Other,
            target: Span::new(target.0, target.1),
        };
        self.version = version;
    }

    /// Sets the status line; the reason is a part of the bytes that will be adopted.
    pub fn adopt_response(&mut self, version: Version, status: u16, reason: (usize, usize)) {
        self.line = Line::Status {
            code: status,
            reason: Span::new(reason.0, reason.1),
        };
        self.version = version;
    }

    /// Adds a header whose name and value are parts of the bytes that will be adopted.
    #[inline]
    pub fn adopt_field(&mut self, name: (usize, usize), value: (usize, usize)) {
        self.entries.push(Entry {
            name: Span::new(name.0, name.1),
            value: Span::new(value.0, value.1),
        });
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

    /// Changes the version.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
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
        let entry = Entry {
            name: self.append_name(name),
            value: self.append(value),
        };
        self.entries.push(entry);
    }

    /// Puts a line before all others.
    pub fn add_first(&mut self, name: &[u8], value: &[u8]) {
        let entry = Entry {
            name: self.append_name(name),
            value: self.append(value),
        };
        self.entries.insert(0, entry);
    }

    /// Removes all lines with this name, then appends one: what `http-request set-header` does.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Removes all lines with this name; returns how many there were.
    pub fn remove(&mut self, name: &[u8]) -> usize {
        self.retain(|n, _| !n.eq_ignore_ascii_case(name))
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
            let value = self.append(value);
            self.entries[index].value = value;
        }
    }

    // -- writing out -------------------------------------------------------------------------------------------------

    /// Writes the first line, the headers and the empty line after them.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        self.write_line_to(out);
        self.write_fields_to(out);
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the first line with its line end. What was received in a version above 1.1 is written in 1.1, the highest that
    /// has such lines.
    pub fn write_line_to(&self, out: &mut Vec<u8>) {
        let version = self.version.min(Version::HTTP_11).digits();
        match self.line {
            Line::Request { method, target, .. } => {
                out.extend_from_slice(self.bytes(method));
                out.push(b' ');
                out.extend_from_slice(self.bytes(target));
                out.extend_from_slice(b" HTTP/");
                out.extend_from_slice(&version);
            }
            Line::Status { code, reason } => {
                out.extend_from_slice(b"HTTP/");
                out.extend_from_slice(&version);
                let digit = |n: u16| b'0' + (n % 10) as u8;
                out.extend_from_slice(&[
                    b' ',
                    digit(code / 100),
                    digit(code / 10),
                    digit(code),
                    b' ',
                ]);
                out.extend_from_slice(self.bytes(reason));
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Writes the header lines, without the empty line after them.
    pub fn write_fields_to(&self, out: &mut Vec<u8>) {
        for entry in &self.entries {
            let (name, value) = (self.bytes(entry.name), self.bytes(entry.value));
            out.reserve(name.len() + value.len() + 4);
            out.extend_from_slice(name);
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// How many bytes [`Head::write_to`] writes: what is held against `tune.bufsize` after the rules.
    pub fn encoded_len(&self) -> usize {
        let line = match self.line {
            Line::Request { method, target, .. } => method.len() + target.len() + 12,
            Line::Status { reason, .. } => reason.len() + 15,
        };
        let fields: usize = self
            .entries
            .iter()
            .map(|e| e.name.len() + e.value.len() + 4)
            .sum();
        line + fields + 2
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

    fn append_name(&mut self, name: &[u8]) -> Span {
        let span = self.append(name);
        let start = self.buf.len() - name.len();
        lowercase(&mut self.buf[start..]);
        span
    }
}

#[inline]
fn slice(buf: &[u8], span: Span) -> &[u8] {
    buf.get(span.start as usize..span.end as usize)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(head: &Head) -> String {
        let mut out = Vec::new();
        head.write_to(&mut out);
        assert_eq!(out.len(), head.encoded_len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn edits_keep_the_order_of_what_they_do_not_touch() {
        let mut head = Head::request(b"GET", b"/a", Version::HTTP_11);
        for (name, value) in [("Host", "x"), ("A", "1"), ("B", "2"), ("a", "3")] {
            head.add(name.as_bytes(), value.as_bytes());
        }
        head.set(b"A", b"4");
        head.replace_value(1, b"two");
        head.set_target(b"/b?c");
        head.set_method(b"POST");
        assert_eq!(
            written(&head),
            "POST /b?c HTTP/1.1\r\nhost: x\r\nb: two\r\na: 4\r\n\r\n"
        );
        assert_eq!(head.known_method(), Method::Post);
        assert_eq!(head.remove(b"HOST"), 1);
        assert_eq!(head.find(b"host"), None);
        assert_eq!(head.position(b"A", 0), Some(1));
        assert_eq!(head.position(b"A", 2), None);
    }

    #[test]
    fn a_status_line_is_written_as_three_digits() {
        let mut head = Head::response(Version::HTTP_10, 200, b"OK");
        head.set_status(404);
        head.set_reason(b"Not Found");
        head.set_target(b"/ignored");
        assert_eq!(written(&head), "HTTP/1.0 404 Not Found\r\n\r\n");
        assert_eq!(
            (head.status(), head.method(), head.target()),
            (404, &b""[..], &b""[..])
        );
    }

    #[test]
    fn adopted_bytes_are_named_by_offset_and_names_become_small() {
        let mut head = Head::new();
        head.adopt_request((0, 3), (4, 6), Version::HTTP_10);
        head.adopt_field((17, 20), (23, 24));
        head.adopt(b"GET /x HTTP/1.0\r\nX-Y:  z \r\n\r\n");
        assert_eq!(head.known_method(), Method::Get);
        assert_eq!(written(&head), "GET /x HTTP/1.0\r\nx-y: z\r\n\r\n");
    }

    #[test]
    fn a_cleared_head_keeps_its_memory_only() {
        let mut head = Head::response(Version::HTTP_11, 200, b"OK");
        head.add(b"a", b"b");
        let held = head.capacity();
        head.clear();
        assert!(head.is_request() && head.is_empty() && head.target().is_empty());
        assert_eq!(head.capacity(), held);
    }

    #[test]
    fn offsets_outside_the_buffer_read_as_empty() {
        let mut head = Head::new();
        head.adopt_request((0, 9), (7, 8), Version::HTTP_11);
        head.adopt_field((5, 1), (1, 99));
        head.adopt(b"abc");
        assert_eq!(head.method(), b"");
        assert_eq!(
            head.field(0),
            Some(Field {
                name: b"",
                value: b""
            })
        );
    }
}
