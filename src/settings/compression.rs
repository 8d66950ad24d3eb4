//! `compression` lines (manual 4.2).

/// How a body can be coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is: for tests.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, what `deflate` means in HTTP.
    Deflate,
    /// RFC 1951 without a wrapper, which goes by the same name.
    RawDeflate,
}

impl Coding {
    /// All, with the words of the configuration.
    pub const ALL: [(&'static str, Coding); 4] = [
        ("identity", Self::Identity),
        ("gzip", Self::Gzip),
        ("deflate", Self::Deflate),
        ("raw-deflate", Self::RawDeflate),
    ];

    /// Its name in `Accept-Encoding` and `Content-Encoding`.
    pub fn token(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate | Self::RawDeflate => "deflate",
        }
    }
}

/// What a proxy's `compression` lines say.
#[derive(Debug, Clone, Default)]
pub struct Compression {
    /// `algo`, in the order of the lines.
    pub codings: Vec<Coding>,
    /// `type`: how a `Content-Type` may begin; none: anything goes.
    pub types: Vec<Box<[u8]>>,
    /// `offload`: servers do not learn what clients accept.
    pub offload: bool,
    /// `minsize-res` (3.2): bytes that an announced length must have.
    pub least: u64,
}
