//! Keys of stick tables: made from samples, tracked by sessions and streams (manual 4.2 `track-sc0`).

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Instant;

use super::scope::{Session, Transaction};
use super::value::{Type, Value};
use crate::state::table::{Key, KeyType, Pair, Table, Track, tick};

/// The entries that a session or a stream tracks, by number. Nothing tracked costs nothing.
#[derive(Debug, Default)]
pub struct Tracks(Vec<(u32, Track)>);

impl Tracks {
    /// Whether nothing is tracked.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is tracked under this number.
    pub fn find(&self, number: u32) -> Option<&Track> {
        let found = self.0.iter().find(|(other, _)| *other == number);
        found.map(|(_, track)| track)
    }

    /// Tracks this too, until it is released.
    pub fn add(&mut self, number: u32, track: Track) {
        self.0.push((number, track));
    }

    /// Raises counters of all that is tracked.
    #[inline]
    pub fn count(&self, pair: Pair, n: u64, now: Instant) {
        for (_, track) in &self.0 {
            track.count(pair, n, tick(now));
        }
    }

    /// As [`Self::release`], where nobody said when.
    pub(super) fn clear(&mut self) {
        if !self.0.is_empty() {
            self.release(Instant::now());
        }
    }

    /// The session or stream is over.
    #[inline]
    pub fn release(&mut self, now: Instant) {
        if self.0.is_empty() {
            return;
        }
        for (_, track) in self.0.drain(..) {
            track.release(tick(now));
        }
    }
}

impl Drop for Tracks {
    /// Connections also end where nobody is left to say when.
    fn drop(&mut self) {
        self.clear();
    }
}

/// What a stream tracks under this number, else its session.
pub(super) fn tracked<'s>(
    session: &'s Session,
    txn: &'s Transaction,
    number: u32,
) -> Option<&'s Track> {
    let of_stream = txn.tracks.find(number);
    of_stream.or_else(|| session.tracks().find(number))
}

/// Raises counters of all that a stream and its session track.
#[inline]
pub fn count(session: &Session, txn: &Transaction, pair: Pair, n: u64, now: Instant) {
    session.tracks().count(pair, n, now);
    txn.tracks.count(pair, n, now);
}

/// Whose fault a response of this status is, as a pair of counters: the client's, the server's or nobody's.
pub fn blame(status: u16) -> Option<Pair> {
    match status {
        400..=499 => Some(Pair::ERRORS),
        // What was not implemented was not asked rightly.
        501 | 505 => None,
        500.. => Some(Pair::FAILURES),
        _ => None,
    }
}

/// The type that samples are cast to for keys of this type.
pub fn type_of_key(key: KeyType) -> Type {
    match key {
        KeyType::Ip => Type::Ipv4,
        KeyType::Ipv6 => Type::Ipv6,
        KeyType::Integer => Type::Int,
        KeyType::String(_) => Type::Str,
        KeyType::Binary(_) => Type::Bin,
    }
}

/// The key that a sample is in this table, if it can be one.
pub fn key(table: &Table, value: Value<'_>) -> Option<Key> {
    let ty = table.shape.key;
    Some(match value.cast(type_of_key(ty))? {
        Value::Ipv4(ip) => Key::new(&ip.octets()),
        Value::Ipv6(ip) => Key::new(&ip.octets()),
        Value::Int(n) => Key::new(&(n as u32).to_be_bytes()),
        Value::Str(text) | Value::Bin(text) => ty.key(&text),
        Value::Bool(_) | Value::Meth(_) => return None,
    })
}

/// A key as a sample.
pub(super) fn sample_of_key(table: &Arc<Table>, key: &Key) -> Option<Value<'static>> {
    let bytes = key.bytes();
    Some(match table.shape.key {
        KeyType::Ip => Value::Ipv4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        KeyType::Ipv6 => Value::Ipv6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        KeyType::Integer => {
            let number = u32::from_be_bytes(bytes.try_into().ok()?);
            Value::Int(i64::from(number))
        }
        KeyType::String(_) => Value::owned(bytes),
        KeyType::Binary(_) => Value::Bin(bytes.to_vec().into()),
    })
}
