//! A head filled by a codec: its parts are named by their offsets in bytes that are then taken over whole.

use super::{Entry, Head, Line, Span, slice};
use crate::http::{Method, Version, token::lowercase};

impl Head {
    /// Takes `raw` as the buffer of a head that was cleared and whose line and fields a codec has named by their offsets in
    /// `raw`. Names are written small.
    pub fn adopt(&mut self, raw: &[u8]) {
        self.buf.clear();
        self.buf.extend_from_slice(raw);
        for entry in &self.entries {
            if let Some(name) = self.buf.get_mut(entry.name.range()) {
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
            if let Some(value) = self.buf.get_mut(entry.value.range()) {
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

    /// Adds a header whose name and value are parts of the bytes that will be adopted; `as_written` if these have nothing
    /// but `: ` between them and end with CRLF.
    #[inline]
    pub fn adopt_field(&mut self, name: (usize, usize), value: (usize, usize), as_written: bool) {
        self.entries.push(Entry {
            name: Span::new(name.0, name.1),
            value: Span::new(value.0, value.1),
            as_written,
        });
    }
}
