//! What the configuration says about balancing, as plain data (manual 4.2: `balance`, `hash-type`,
//! `hash-balance-factor`, `hash-preserve-affinity`). The config stage fills it from keywords.

use super::key::{hdr, uri, url_param};
use crate::hash;

/// The algorithm of `balance`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// In turns by weight, weights may change while it runs.
    #[default]
    RoundRobin,
    /// In turns by weight over a fixed map.
    StaticRr,
    /// Fewest connections per weight.
    LeastConn,
    /// The lowest id that has room.
    First,
    /// The least loaded of this many random draws (at least 1).
    Random {
        /// Number of draws; HAProxy's default is 2.
        draws: u32,
    },
    /// Hash of the client's address.
    Source,
    /// Hash of the request target.
    Uri(uri::Options),
    /// Hash of a parameter of the query string or the body.
    UrlParam(url_param::Options),
    /// Hash of a header.
    Hdr(hdr::Options),
    /// Hash of the cookie of an RDP connection request; the name, `mstshash` unless given.
    RdpCookie(Vec<u8>),
    /// Hash of a sample expression; the expression itself is the caller's.
    Hash,
}

impl Algorithm {
    /// True where the key may be in the body of a POST (`url_param … check_post`).
    pub fn reads_body(&self) -> bool {
        matches!(self, Self::UrlParam(options) if options.check_post)
    }

    /// True where a request's server is decided by a hash of a part of it.
    pub fn hashes(&self) -> bool {
        !matches!(
            self,
            Self::RoundRobin | Self::StaticRr | Self::LeastConn | Self::First | Self::Random { .. }
        )
    }
}

/// How a hash becomes a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// The remainder by the total weight is an index into a map.
    #[default]
    MapBased,
    /// The nearest node on a ring.
    Consistent,
}

/// How a key becomes a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Function {
    /// [`hash::sdbm`].
    #[default]
    Sdbm,
    /// [`hash::djb2`].
    Djb2,
    /// [`hash::wt6`].
    Wt6,
    /// [`hash::crc32`].
    Crc32,
    /// [`hash::none`]: the key is the hash, as a decimal number.
    None,
}

/// `hash-type <method> <function> <modifier>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HashType {
    /// The method.
    pub method: Method,
    /// The function. It plays no part in `balance source`.
    pub function: Function,
    /// The modifier `avalanche`.
    pub avalanche: bool,
}

impl HashType {
    /// The hash type when only the method is named: `consistent` then brings avalanche with it.
    pub fn of_method(method: Method) -> Self {
        Self {
            method,
            function: Function::Sdbm,
            avalanche: method == Method::Consistent,
        }
    }

    /// The hash of a key.
    pub fn hash(&self, key: &[u8]) -> u32 {
        self.finish(match self.function {
            Function::Sdbm => hash::sdbm(key),
            Function::Djb2 => hash::djb2(key),
            Function::Wt6 => hash::wt6(key),
            Function::Crc32 => hash::crc32(key),
            Function::None => hash::none(key),
        })
    }

    /// Applies the modifier to a hash made elsewhere (`source`).
    pub fn finish(&self, hash: u32) -> u32 {
        if self.avalanche {
            hash::avalanche(hash)
        } else {
            hash
        }
    }
}

/// `hash-preserve-affinity` (HAProxy 3.1): what a hash on the ring means when its server is busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Affinity {
    /// It stays; the request waits for that server.
    #[default]
    Always,
    /// Servers that reached their maxconn are passed over.
    Maxconn,
    /// Servers whose queue reached its maxqueue are passed over.
    Maxqueue,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params {
    /// `balance`.
    pub algorithm: Algorithm,
    /// `hash-type`.
    pub hash_type: HashType,
    /// `hash-balance-factor` in per cent of the average load, 0 for no bound. Consistent ring only.
    pub balance_factor: u32,
    /// `hash-preserve-affinity`. Consistent ring only.
    pub affinity: Affinity,
    /// `option allbackups`.
    pub all_backups: bool,
}
