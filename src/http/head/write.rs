//! A head written out, and how long it is then.

use super::{Head, Line};
use crate::http::Version;

impl Head {
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
}
