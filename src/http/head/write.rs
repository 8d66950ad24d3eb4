//! A head written out, and how long it is then.

use std::ops::Range;

use super::{Entry, Head, Line};
use crate::http::{Target, Version};

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
            Line::Request { method, target, .. } if self.normalized => {
                let rest = match Target::of(self.bytes(target)) {
                    Target::Absolute { rest: b"", .. } => b"/",
                    Target::Absolute { rest, .. } => rest,
                    _ => self.bytes(target),
                };
                out.extend_from_slice(self.bytes(method));
                out.push(b' ');
                out.extend_from_slice(rest);
                let [major, dot, minor] = version;
                out.extend_from_slice(&[
                    b' ', b'H', b'T', b'T', b'P', b'/', major, dot, minor, b'\r', b'\n',
                ]);
            }
            Line::Request { method, target, .. } => {
                // As received, but for what follows the target.
                let (method_at, target_at) = (method.range(), target.range());
                let separate = method_at.end + 1 == target_at.start;
                if separate && self.buf.get(method_at.end) == Some(&b' ') {
                    out.extend_from_slice(self.part(method_at.start..target_at.end));
                } else {
                    out.extend_from_slice(self.bytes(method));
                    out.push(b' ');
                    out.extend_from_slice(self.bytes(target));
                }
                let [major, dot, minor] = version;
                out.extend_from_slice(&[
                    b' ', b'H', b'T', b'T', b'P', b'/', major, dot, minor, b'\r', b'\n',
                ]);
            }
            Line::Status { code, reason } => {
                let [major, dot, minor] = version;
                let digit = |n: u16| b'0' + (n % 10) as u8;
                out.extend_from_slice(&[
                    b'H',
                    b'T',
                    b'T',
                    b'P',
                    b'/',
                    major,
                    dot,
                    minor,
                    b' ',
                    digit(code / 100),
                    digit(code / 10),
                    digit(code),
                    b' ',
                ]);
                out.extend_from_slice(self.bytes(reason));
                out.extend_from_slice(b"\r\n");
            }
        }
    }

    /// Writes the header lines, without the empty line after them.
    pub fn write_fields_to(&self, out: &mut Vec<u8>) {
        self.write_fields_but(out, |_| false, |_, _, _| false);
    }

    /// Writes the header lines. Of those whose name is `special`, `instead(name, value, out)` may write something
    /// else, or nothing; it then answers true.
    ///
    /// Lines that stand in the buffer one after the other, as they are to be written, are copied together.
    pub fn write_fields_but(
        &self,
        out: &mut Vec<u8>,
        special: impl Fn(&[u8]) -> bool,
        mut instead: impl FnMut(&[u8], &[u8], &mut Vec<u8>) -> bool,
    ) {
        let mut run = 0..0;
        for entry in &self.entries {
            let name = self.bytes(entry.name);
            if special(name) {
                let value = self.bytes(entry.value);
                // What is written instead comes after the lines before it.
                out.extend_from_slice(self.part(std::mem::take(&mut run)));
                if instead(name, value, out) {
                    continue;
                }
            }
            if !entry.as_written {
                out.extend_from_slice(self.part(std::mem::take(&mut run)));
                self.write_parts(entry, out);
                continue;
            }
            let start = entry.name.start as usize;
            if start != run.end {
                out.extend_from_slice(self.part(run));
                run = start..start;
            }
            run.end = entry.value.range().end + 2;
        }
        out.extend_from_slice(self.part(run));
    }

    fn part(&self, range: Range<usize>) -> &[u8] {
        self.buf.get(range).unwrap_or_default()
    }

    fn write_parts(&self, entry: &Entry, out: &mut Vec<u8>) {
        let (name, value) = (self.bytes(entry.name), self.bytes(entry.value));
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
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
