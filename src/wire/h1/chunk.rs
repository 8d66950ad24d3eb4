//! The chunked coding (RFC 9112 7.1), read strictly: line ends are CRLF, extensions hold no controls, sizes do not overflow.

use super::facts::Facts;
use super::{Cause, Fault, Options, Piece, fields};
use crate::http::Head;

/// Fields that mean nothing, or harm, when they come after the body (RFC 9110 6.5.1).
const FORBIDDEN_TRAILERS: [&[u8]; 12] = [
    b"content-length",
    b"transfer-encoding",
    b"host",
    b"connection",
    b"keep-alive",
    b"te",
    b"trailer",
    b"upgrade",
    b"expect",
    b"authorization",
    b"content-encoding",
    b"content-type",
];

/// Whether a field of this name may come after a body.
pub fn may_trail(name: &[u8]) -> bool {
    !FORBIDDEN_TRAILERS.contains(&name)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first digit of a size.
    Size,
    /// After a digit.
    Digits,
    /// After white space that follows the size.
    Blank,
    /// In an extension.
    Extension,
    /// After the CR of a size line.
    SizeLf,
    Data,
    /// Before the CR that ends a chunk's data.
    DataCr,
    DataLf,
    Trailers,
}

/// Reads a chunked body. Nothing needs to be contiguous but the trailer section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkDecoder {
    state: State,
    /// The size while it is read, then the bytes of data still to come.
    left: u64,
    /// Bytes of the current extension.
    extension: usize,
    /// How much of the buffer the last look at unfinished trailers covered.
    seen: usize,
}

impl Default for ChunkDecoder {
    fn default() -> Self {
        Self::new()
    }
}

impl ChunkDecoder {
    /// Before the first chunk.
    pub const fn new() -> Self {
        Self {
            state: State::Size,
            left: 0,
            extension: 0,
            seen: 0,
        }
    }

    /// The next piece; see [`super::BodyReader::next`].
    pub fn next(
        &mut self,
        buf: &[u8],
        at: &mut usize,
        trailers: &mut Head,
        options: &Options,
    ) -> Result<Piece, Fault> {
        loop {
            if self.state == State::Trailers {
                return self.trailers(buf, at, trailers, options);
            }
            if self.state == State::Data && *at < buf.len() {
                return Ok(self.data(buf, at));
            }
            let Some(&byte) = buf.get(*at) else {
                return Ok(Piece::More);
            };
            self.step(byte, options)
                .map_err(|cause| Fault::new(cause, *at))?;
            *at += 1;
        }
    }

    fn data(&mut self, buf: &[u8], at: &mut usize) -> Piece {
        let start = *at;
        let length = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buf.len() - start);
        self.left -= length as u64;
        if self.left == 0 {
            self.state = State::DataCr;
        }
        *at = start + length;
        Piece::Data(start..*at)
    }

    /// One byte of the framing.
    fn step(&mut self, byte: u8, options: &Options) -> Result<(), Cause> {
        self.state = match (self.state, byte) {
            (State::Size | State::Digits, _) if byte.is_ascii_hexdigit() => {
                let digit = (byte as char).to_digit(16).unwrap_or(0);
                // Four spare bits: the size stays below what any reader holds in a signed 64-bit number.
                if self.left >> 56 != 0 {
                    return Err(Cause::ChunkSize);
                }
                self.left = self.left << 4 | u64::from(digit);
                State::Digits
            }
            (State::Digits | State::Blank, b' ' | b'\t') => State::Blank,
            (State::Digits | State::Blank, b';') => {
                self.extension = 0;
                State::Extension
            }
            (State::Digits | State::Blank | State::Extension, b'\r') => State::SizeLf,
            (State::Extension, b'\t' | b' '..=b'~' | 0x80..) => {
                self.extension += 1;
                if self.extension > options.limits.head {
                    return Err(Cause::ChunkSize);
                }
                State::Extension
            }
            (State::SizeLf, b'\n') if self.left == 0 => State::Trailers,
            (State::SizeLf, b'\n') => State::Data,
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size,
            (State::DataCr | State::DataLf, _) => return Err(Cause::ChunkEnd),
            _ => return Err(Cause::ChunkSize),
        };
        Ok(())
    }

    /// The trailer section: header lines up to the empty one. It waits in the buffer until it is whole.
    fn trailers(
        &mut self,
        buf: &[u8],
        at: &mut usize,
        trailers: &mut Head,
        options: &Options,
    ) -> Result<Piece, Fault> {
        let section = buf.get(*at..).unwrap_or_default();
        if let [b'\r', b'\n', ..] = section {
            *at += 2;
            return Ok(Piece::End);
        }
        let fresh = section.get(self.seen..).unwrap_or_default();
        if self.seen > 0 && memchr::memchr(b'\n', fresh).is_none() {
            return self.wait(section, *at, options);
        }
        let mut found = Head::new();
        let mut facts = Facts::default();
        let end = fields::scan(section, 0, options, &mut found, &mut facts);
        let Some(end) = end.map_err(|f| Fault::new(f.cause, f.at + *at))? else {
            return self.wait(section, *at, options);
        };
        found.adopt(section.get(..end).unwrap_or_default());
        found.unfold();
        for (name, value) in found.fields().filter(|(name, _)| may_trail(name)) {
            trailers.add(name, value);
        }
        *at += end;
        Ok(Piece::End)
    }

    fn wait(&mut self, section: &[u8], at: usize, options: &Options) -> Result<Piece, Fault> {
        self.seen = section.len();
        if self.seen >= options.limits.head {
            return Err(Fault::new(Cause::TooLarge, at + self.seen));
        }
        Ok(Piece::More)
    }
}
