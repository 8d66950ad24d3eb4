//! Bodies: how they are framed, read piece by piece, and written.

use super::{ChunkDecoder, Fault, Options};
use crate::http::Head;

/// How a body is framed (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyLength {
    /// There is none, and no length was given.
    #[default]
    Empty,
    /// This many bytes.
    Sized(u64),
    /// Chunks.
    Chunked,
    /// Whatever comes until the connection ends (responses only).
    UntilClose,
    /// No message any more: bytes both ways until both ends close.
    Tunnel,
}

/// What comes next of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// This range of the buffer is body data.
    Data(std::ops::Range<usize>),
    /// The rest of the buffer is used up, or does not suffice: more must be read.
    More,
    /// The body is complete.
    End,
}

/// Reads one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyReader {
    /// Nothing more will come.
    Done,
    /// So many bytes will.
    Sized(u64),
    /// Chunks.
    Chunked(ChunkDecoder),
    /// Anything until the end.
    UntilClose,
}

impl BodyReader {
    /// A reader for a body framed so. A tunnel reads like a body without end.
    pub fn new(length: BodyLength) -> Self {
        match length {
            BodyLength::Empty | BodyLength::Sized(0) => Self::Done,
            BodyLength::Sized(length) => Self::Sized(length),
            BodyLength::Chunked => Self::Chunked(ChunkDecoder::new()),
            BodyLength::UntilClose | BodyLength::Tunnel => Self::UntilClose,
        }
    }

    /// The next piece of the body in `buf` from `*at` on; `*at` moves over what was used up. After [`Piece::More`] the bytes from
    /// `*at` on must be kept and given again with more behind them. Trailers are added to `trailers` before [`Piece::End`].
    pub fn next(
        &mut self,
        buf: &[u8],
        at: &mut usize,
        trailers: &mut Head,
        options: &Options,
    ) -> Result<Piece, Fault> {
        let available = buf.len().saturating_sub(*at);
        match self {
            Self::Done => Ok(Piece::End),
            Self::Chunked(decoder) => {
                let piece = decoder.next(buf, at, trailers, options)?;
                if piece == Piece::End {
                    *self = Self::Done;
                }
                Ok(piece)
            }
            _ if available == 0 => Ok(Piece::More),
            Self::UntilClose => Ok(take(buf.len(), at)),
            Self::Sized(left) => {
                let length = usize::try_from(*left).unwrap_or(usize::MAX).min(available);
                *left -= length as u64;
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(take(*at + length, at))
            }
        }
    }

    /// Whether the body is complete.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// What the end of the connection means now: true if it ends the body properly.
    pub fn ends_with_connection(&self) -> bool {
        matches!(self, Self::Done | Self::UntilClose)
    }

    /// How many bytes are sure to come, where that is known.
    pub fn remaining(&self) -> Option<u64> {
        match self {
            Self::Done => Some(0),
            Self::Sized(left) => Some(*left),
            Self::Chunked(_) | Self::UntilClose => None,
        }
    }
}

fn take(end: usize, at: &mut usize) -> Piece {
    let start = std::mem::replace(at, end);
    Piece::Data(start..end)
}

/// Writes one body with the framing its head announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyWriter {
    /// Bytes as they are: a length was announced, or the end of the connection ends the body.
    Plain,
    /// Chunks.
    Chunked,
}

impl BodyWriter {
    /// A writer for a body announced so.
    pub fn new(length: BodyLength) -> Self {
        if length == BodyLength::Chunked {
            Self::Chunked
        } else {
            Self::Plain
        }
    }

    /// Writes body data.
    pub fn data(self, data: &[u8], out: &mut Vec<u8>) {
        if self == Self::Plain {
            out.extend_from_slice(data);
        } else if !data.is_empty() {
            self.open(data.len(), out);
            out.extend_from_slice(data);
            out.extend_from_slice(self.close());
        }
    }

    /// Writes what comes before so much data (not 0), for a caller that sends the data itself.
    pub fn open(self, size: usize, out: &mut Vec<u8>) {
        if self == Self::Chunked {
            write_size(size, out);
        }
    }

    /// What comes after the data.
    pub fn close(self) -> &'static [u8] {
        if self == Self::Chunked { b"\r\n" } else { b"" }
    }

    /// Writes what ends the body.
    pub fn end(self, trailers: &Head, out: &mut Vec<u8>) {
        if self == Self::Chunked {
            out.extend_from_slice(b"0\r\n");
            trailers.write_fields_to(out);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The size line of a chunk.
fn write_size(size: usize, out: &mut Vec<u8>) {
    let digits = (usize::BITS - size.leading_zeros()).div_ceil(4).max(1);
    for digit in (0..digits).rev() {
        let nibble = (size >> (digit * 4)) & 0xf;
        out.push(b"0123456789abcdef"[nibble]);
    }
    out.extend_from_slice(b"\r\n");
}
