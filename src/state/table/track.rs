//! An entry that is being tracked: it stays as long as somebody does.

use std::sync::Arc;

use super::Table;
use super::data::Data;
use super::key::Key;
use super::shard::Row;

/// Counters that are raised together: a total and its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair(pub Data, pub Data);

impl Pair {
    /// Connections.
    pub const CONNECTIONS: Self = Self(Data::ConnCnt, Data::ConnRate);
    /// Sessions.
    pub const SESSIONS: Self = Self(Data::SessCnt, Data::SessRate);
    /// Requests.
    pub const REQUESTS: Self = Self(Data::HttpReqCnt, Data::HttpReqRate);
    /// Mistakes of clients.
    pub const ERRORS: Self = Self(Data::HttpErrCnt, Data::HttpErrRate);
    /// Failures of servers.
    pub const FAILURES: Self = Self(Data::HttpFailCnt, Data::HttpFailRate);
    /// Bytes from the client.
    pub const BYTES_IN: Self = Self(Data::BytesInCnt, Data::BytesInRate);
    /// Bytes to the client.
    pub const BYTES_OUT: Self = Self(Data::BytesOutCnt, Data::BytesOutRate);
}

/// A tracked entry. Whoever has it must give it back with [`Track::release`].
#[derive(Debug)]
pub struct Track {
    table: Arc<Table>,
    shard: usize,
    slot: u32,
}

impl Track {
    /// Tracks the entry of this key, made where it is not there: a connection begins. `None` if there is no room.
    pub fn begin(table: &Arc<Table>, key: &Key, now: u32) -> Option<Self> {
        let (mut shard, slot) = table.enter(key, now)?;
        shard.touch(slot, now);
        shard.hold(slot);
        table.mark(&mut shard, slot);
        let mut row = shard.row(&table.shape, slot, now);
        row.add(Data::ConnCur, 0, 1);
        row.add(Data::ConnCnt, 0, 1);
        row.add(Data::ConnRate, 0, 1);
        drop(shard);
        Some(Self {
            shard: table.shard_of(table.hash(key)),
            table: table.clone(),
            slot,
        })
    }

    /// The table.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The entry's key.
    pub fn key(&self) -> Key {
        self.look(0, |row| row.key().clone())
    }

    /// Looks at the entry.
    pub fn look<T>(&self, now: u32, look: impl FnOnce(&Row<'_>) -> T) -> T {
        let mut shard = self.table.lock(self.shard);
        look(&shard.row(&self.table.shape, self.slot, now))
    }

    /// Changes the entry.
    pub fn change<T>(&self, now: u32, change: impl FnOnce(&mut Row<'_>) -> T) -> T {
        let mut shard = self.table.lock(self.shard);
        shard.touch(self.slot, now);
        self.table.mark(&mut shard, self.slot);
        change(&mut shard.row(&self.table.shape, self.slot, now))
    }

    /// Raises counters by so much; what the table does not store is passed over.
    pub fn count(&self, pair: Pair, n: u64, now: u32) {
        let shape = &self.table.shape;
        if shape.stored(pair.0).is_some() || shape.stored(pair.1).is_some() {
            self.change(now, |row| {
                row.add(pair.0, 0, n);
                row.add(pair.1, 0, n);
            });
        }
    }

    /// The connection has ended.
    pub fn release(self, now: u32) {
        let mut shard = self.table.lock(self.shard);
        shard
            .row(&self.table.shape, self.slot, now)
            .less(Data::ConnCur);
        shard.release(self.slot, now);
        self.table.mark(&mut shard, self.slot);
    }
}
