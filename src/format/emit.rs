//! How one value is written: quoted, escaped, in hexadecimal, or as a dash where there is none.

use std::io::Write;

use super::encode::{Datum, Encoding};

/// Flags of a variable: `+Q`, `+X`, `+E`; and whether its absence shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// `Q`: strings are quoted.
    pub quote: bool,
    /// `X`: addresses, ports and counters in hexadecimal.
    pub hex: bool,
    /// `E`: `"`, `\` and `]` get a backslash.
    pub escape: bool,
    /// An absent value is written as `-`.
    pub dash: bool,
    /// The section is in HTTP mode.
    pub http: bool,
    /// It is a log's format.
    pub log: bool,
    /// `json`, `cbor`: values are written with their type, and nothing else touches them.
    pub encoding: Option<Encoding>,
}

/// A buffer and the flags of the variable that is written to it.
pub(super) struct Out<'b> {
    pub(super) bytes: &'b mut Vec<u8>,
    pub(super) flags: Flags,
    /// What was written is a number: what an encoding has to know.
    numeric: bool,
}

impl<'b> Out<'b> {
    pub(super) fn new(bytes: &'b mut Vec<u8>, flags: Flags) -> Self {
        Self {
            bytes,
            flags,
            numeric: false,
        }
    }

    /// A buffer for a value that is to be encoded: nothing but the value comes into it.
    pub(super) fn bare(bytes: &'b mut Vec<u8>, flags: Flags) -> Self {
        let flags = Flags {
            quote: false,
            hex: false,
            escape: false,
            dash: false,
            ..flags
        };
        Self::new(bytes, flags)
    }

    /// What was written to a bare buffer.
    pub(super) fn datum(&self) -> Datum<'_> {
        match std::str::from_utf8(self.bytes).map(str::parse) {
            _ if self.bytes.is_empty() => Datum::Absent,
            Ok(Ok(n)) if self.numeric => Datum::Int(n),
            _ => Datum::Text(self.bytes),
        }
    }

    /// A mark before a number (`+`), which an encoding has no place for.
    pub(super) fn mark(&mut self, mark: u8) {
        if self.flags.encoding.is_none() {
            self.bytes.push(mark);
        }
    }

    /// A string.
    pub(super) fn text(&mut self, text: &[u8]) {
        self.string(text, |_| false);
    }

    /// A string of which bytes outside printable ASCII, and those given, are written as `#XX`.
    pub(super) fn encoded(&mut self, text: &[u8], marks: &[u8]) {
        let plain = self.flags.encoding.is_some();
        self.string(text, |byte| {
            !plain && (!(0x20..0x7f).contains(&byte) || marks.contains(&byte))
        });
    }

    /// The same where nothing stands for an empty string but quotes.
    pub(super) fn part(&mut self, text: &[u8], marks: &[u8]) {
        if !text.is_empty() || self.flags.quote {
            self.encoded(text, marks);
        }
    }

    fn string(&mut self, text: &[u8], coded: impl Fn(u8) -> bool) {
        if text.is_empty() {
            self.absent();
            return;
        }
        if self.flags.quote {
            self.bytes.push(b'"');
        }
        self.body(text, coded);
        if self.flags.quote {
            self.bytes.push(b'"');
        }
    }

    /// The bytes themselves, `#XX` where `coded` says so.
    pub(super) fn body(&mut self, text: &[u8], coded: impl Fn(u8) -> bool) {
        if !self.flags.escape && !text.iter().any(|byte| coded(*byte)) {
            self.bytes.extend_from_slice(text);
            return;
        }
        for &byte in text {
            if coded(byte) {
                self.hex_byte(b'#', byte);
            } else {
                if self.flags.escape && matches!(byte, b'"' | b'\\' | b']') {
                    self.bytes.push(b'\\');
                }
                self.bytes.push(byte);
            }
        }
    }

    /// A part of a message: control characters as `%XX`, never quoted.
    pub(super) fn http(&mut self, text: &[u8]) {
        let control = |byte: u8| byte < 0x20 && byte != b'\t' || byte == 0x7f;
        if !self.flags.escape && !may_hold_controls(text) {
            self.bytes.extend_from_slice(text);
            return;
        }
        for &byte in text {
            if control(byte) {
                self.hex_byte(b'%', byte);
            } else {
                if self.flags.escape && matches!(byte, b'"' | b'\\' | b']') {
                    self.bytes.push(b'\\');
                }
                self.bytes.push(byte);
            }
        }
    }

    fn hex_byte(&mut self, mark: u8, byte: u8) {
        let digit = |n: u8| b"0123456789ABCDEF"[usize::from(n & 15)];
        self.bytes
            .extend_from_slice(&[mark, digit(byte >> 4), digit(byte)]);
    }

    /// What stands for a value that does not exist.
    pub(super) fn absent(&mut self) {
        if self.flags.quote {
            self.bytes.extend_from_slice(b"\"\"");
        } else if self.flags.dash {
            self.bytes.push(b'-');
        }
    }

    /// A number; never quoted.
    pub(super) fn number(&mut self, n: impl TryInto<i64>) {
        let n: i64 = n.try_into().unwrap_or(i64::MAX);
        self.numeric = true;
        if n < 0 {
            self.bytes.push(b'-');
        }
        decimal(n.unsigned_abs(), self.bytes);
    }

    /// A number that `+X` shows as at least four hexadecimal digits.
    pub(super) fn hexable(&mut self, n: u64) {
        self.numeric = true;
        if self.flags.hex {
            // Writing to a Vec cannot fail.
            let _ = write!(self.bytes, "{n:04X}");
        } else {
            decimal(n, self.bytes);
        }
    }

    /// Bytes that no flag touches.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// An address, `+X` as hexadecimal digits.
    pub(super) fn ip(&mut self, ip: std::net::IpAddr) {
        if self.flags.hex {
            let _ = match ip {
                std::net::IpAddr::V4(ip) => write!(self.bytes, "{:08X}", u32::from(ip)),
                std::net::IpAddr::V6(ip) => write!(self.bytes, "{:032X}", u128::from(ip)),
            };
            return;
        }
        let quote = |bytes: &mut Vec<u8>, on: bool| {
            if on {
                bytes.push(b'"');
            }
        };
        quote(self.bytes, self.flags.quote);
        match ip {
            std::net::IpAddr::V4(ip) => {
                for (at, octet) in ip.octets().into_iter().enumerate() {
                    if at > 0 {
                        self.bytes.push(b'.');
                    }
                    decimal(u64::from(octet), self.bytes);
                }
            }
            std::net::IpAddr::V6(ip) => {
                let _ = write!(self.bytes, "{ip}");
            }
        }
        quote(self.bytes, self.flags.quote);
    }
}

/// What comes before the first zero byte.
pub(super) fn until_zero(text: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, text).unwrap_or(text.len());
    text.get(..end).unwrap_or(text)
}

/// Whether a control character may be among these bytes, eight at a time. Other bytes outside ASCII, and tabs, may be taken
/// for one.
fn may_hold_controls(text: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (words, tail) = text.as_chunks::<8>();
    let marks = words.iter().fold(0, |marks, word| {
        let word = u64::from_ne_bytes(*word);
        // The high bit of a byte below a space, above a tilde, or next to one of these.
        marks | word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES) | word
    });
    marks & (ONES * 0x80) != 0 || tail.iter().any(|byte| !(0x20..0x7f).contains(byte))
}

/// Appends a number in decimal digits, without the detour through the standard library's formatting: a log line has twenty.
pub(super) fn decimal(mut n: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_is_what_the_standard_library_writes() {
        for n in [0, 1, 9, 10, 99, 100, 4_294_967_296, u64::MAX] {
            let mut out = b"x".to_vec();
            decimal(n, &mut out);
            assert_eq!(out, format!("x{n}").into_bytes());
        }
    }
}
