//! How much room variables may take (manual 3.2 `tune.vars.*`), counted as HAProxy counts.
//!
//! Limits are nested: what a request's variables take counts for the transaction, the session and the process.
//! Sessions and what is in them are summed when it matters; for the process there is a counter, kept only while
//! it is limited.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

use crate::sample::value::Value;

/// What HAProxy counts for a variable beside its data, bytes.
pub(super) const VARIABLE: i64 = 80;

/// What is counted for the data of a value: text that is kept, nothing else.
pub(super) fn data(value: &Value<'_>) -> i64 {
    match value {
        Value::Str(text) | Value::Bin(text) => text.len() as i64,
        Value::Meth(name) if !KNOWN.contains(&&**name) => name.len() as i64,
        _ => 0,
    }
}

const KNOWN: [&[u8]; 8] = [
    b"OPTIONS", b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"TRACE", b"CONNECT",
];

/// `tune.vars.*-max-size`, bytes; 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// `global`: all variables together.
    pub global: u64,
    /// `proc`: those of the process and all below.
    pub process: u64,
    /// `sess`: those of a session and all below.
    pub session: u64,
    /// `txn`: those of a transaction and all below.
    pub transaction: u64,
    /// `reqres`: those of a request, or of a response.
    pub message: u64,
    /// `check`: those of a health check.
    pub check: u64,
}

/// The limits in force, shared by all threads; they change with a reload.
#[derive(Debug, Default)]
pub(super) struct Room {
    limited: AtomicBool,
    process: AtomicU64,
    session: AtomicU64,
    transaction: AtomicU64,
    message: AtomicU64,
    check: AtomicU64,
    used: AtomicI64,
}

/// Bytes in use, by level; what a level holds itself, without what is below.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Used {
    pub(super) message: i64,
    pub(super) transaction: i64,
    pub(super) session: i64,
    pub(super) check: i64,
}

/// The level that takes more room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Message,
    Transaction,
    Session,
    Check,
    Process,
}

impl Room {
    pub(super) fn set(&self, limits: Limits) {
        // The smaller one decides: both count everything.
        let process = match (limits.global, limits.process) {
            (0, limit) | (limit, 0) => limit,
            (one, other) => one.min(other),
        };
        self.process.store(process, Relaxed);
        self.session.store(limits.session, Relaxed);
        self.transaction.store(limits.transaction, Relaxed);
        self.message.store(limits.message, Relaxed);
        self.check.store(limits.check, Relaxed);
        self.limited.store(limits != Limits::default(), Relaxed);
    }

    /// Whether anything is limited at all.
    pub(super) fn limited(&self) -> bool {
        self.limited.load(Relaxed)
    }

    /// Whether the process's counter is kept.
    pub(super) fn counts(&self) -> bool {
        self.process.load(Relaxed) > 0
    }

    /// Counts bytes taken, or given back.
    pub(super) fn count(&self, bytes: i64) {
        self.used.fetch_add(bytes, Relaxed);
    }

    /// Whether `more` bytes fit that level and all above.
    pub(super) fn fits(&self, level: Level, used: Used, more: i64) -> bool {
        let within = |limit: &AtomicU64, used: i64| match limit.load(Relaxed) {
            0 => true,
            limit => i64::try_from(limit).is_ok_and(|limit| used + more <= limit),
        };
        let transaction = used.message + used.transaction;
        let session = transaction + used.session;
        (level != Level::Message || within(&self.message, used.message))
            && (level > Level::Transaction || within(&self.transaction, transaction))
            && (level > Level::Session || within(&self.session, session))
            && (level != Level::Check || within(&self.check, used.check))
            && within(&self.process, self.used.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_nested() {
        let room = Room::default();
        let used = Used {
            message: 10,
            transaction: 20,
            session: 30,
            check: 5,
        };
        assert!(!room.limited() && room.fits(Level::Message, used, i64::MAX / 2));
        for (limits, level, most) in [
            (
                Limits {
                    message: 40,
                    ..Limits::default()
                },
                Level::Message,
                30,
            ),
            (
                Limits {
                    transaction: 40,
                    ..Limits::default()
                },
                Level::Message,
                10,
            ),
            (
                Limits {
                    transaction: 40,
                    ..Limits::default()
                },
                Level::Transaction,
                10,
            ),
            (
                Limits {
                    session: 100,
                    ..Limits::default()
                },
                Level::Message,
                40,
            ),
            (
                Limits {
                    session: 100,
                    ..Limits::default()
                },
                Level::Session,
                40,
            ),
            (
                Limits {
                    process: 50,
                    ..Limits::default()
                },
                Level::Message,
                50,
            ),
            (
                Limits {
                    process: 50,
                    global: 20,
                    ..Limits::default()
                },
                Level::Process,
                20,
            ),
            (
                Limits {
                    check: 50,
                    ..Limits::default()
                },
                Level::Check,
                45,
            ),
        ] {
            room.set(limits);
            assert!(room.fits(level, used, most), "{limits:?}");
            assert!(!room.fits(level, used, most + 1), "{limits:?}");
        }
        room.set(Limits {
            message: 1,
            ..Limits::default()
        });
        assert!(room.fits(Level::Transaction, used, 1000));
        room.set(Limits {
            session: 1,
            ..Limits::default()
        });
        assert!(room.fits(Level::Process, used, 1000) && room.fits(Level::Check, used, 1000));
        room.set(Limits {
            global: 50,
            ..Limits::default()
        });
        room.count(45);
        assert!(room.fits(Level::Session, used, 5) && !room.fits(Level::Session, used, 6));
        room.count(-5);
        assert!(room.fits(Level::Session, used, 10));
    }
}
