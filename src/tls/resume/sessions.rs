//! Sessions remembered by the process: those of TLS 1.2 by their ids, those of TLS 1.3 where tickets are not self-contained.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::server::StoresServerSessions;

use super::{Context, now};

/// Locks that share the work.
const SHARDS: usize = 16;
/// Bytes of a block, the unit of `tune.ssl.cachesize`.
const BLOCK: usize = 200;

/// Sessions, the ones that were asked for last in front; the others go when there is no room.
#[derive(Debug, Default)]
pub struct Sessions {
    shards: [Mutex<Shard>; SHARDS],
    /// How often a session was looked for.
    pub lookups: AtomicU64,
    /// How often it was not there.
    pub misses: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<Box<[u8]>, Entry>,
    /// Keys by their last use; an entry counts where its turn is the entry's own.
    order: VecDeque<(u64, Box<[u8]>)>,
    turn: u64,
    blocks: usize,
}

#[derive(Debug)]
struct Entry {
    session: Box<[u8]>,
    made: u64,
    turn: u64,
}

impl Entry {
    fn blocks(&self) -> usize {
        self.session.len().div_ceil(BLOCK).max(1)
    }
}

impl Shard {
    fn put(&mut self, key: Box<[u8]>, session: Vec<u8>, now: u64, room: usize) {
        self.remove(&key);
        let entry = Entry {
            session: session.into(),
            made: now,
            turn: 0,
        };
        self.blocks += entry.blocks();
        self.entries.insert(key.clone(), entry);
        self.touch(&key);
        while self.blocks > room {
            match self.order.pop_front() {
                Some((turn, key)) if self.entries.get(&key).is_some_and(|e| e.turn == turn) => {
                    self.remove(&key);
                }
                Some(_) => {}
                None => break,
            }
        }
    }

    fn get(&mut self, key: &[u8], now: u64, lifetime: u64) -> Option<Vec<u8>> {
        let entry = self.entries.get(key)?;
        if now.saturating_sub(entry.made) > lifetime {
            self.remove(key);
            return None;
        }
        let session = entry.session.to_vec();
        self.touch(key);
        Some(session)
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(entry) = self.entries.remove(key) {
            self.blocks -= entry.blocks();
        }
    }

    /// Puts a key in front.
    fn touch(&mut self, key: &[u8]) {
        self.turn += 1;
        if let Some(entry) = self.entries.get_mut(key) {
            entry.turn = self.turn;
            self.order.push_back((self.turn, key.into()));
        }
        // What was passed over is swept out before it outgrows what counts.
        if self.order.len() > 2 * self.entries.len() + 64 {
            let entries = &self.entries;
            self.order
                .retain(|(turn, key)| entries.get(key).is_some_and(|e| e.turn == *turn));
        }
    }
}

impl Sessions {
    fn with<T>(&self, key: &[u8], work: impl FnOnce(&mut Shard) -> T) -> T {
        // Keys are random where they are ours, and need no spreading where they are not.
        let at = key.last().map_or(0, |byte| usize::from(*byte) % SHARDS);
        let shard = self.shards.get(at).unwrap_or(&self.shards[0]);
        work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn count<T>(&self, found: Option<T>) -> Option<T> {
        self.lookups.fetch_add(1, Relaxed);
        if found.is_none() {
            self.misses.fetch_add(1, Relaxed);
        }
        found
    }
}

/// What one listener sees of it.
#[derive(Debug)]
pub(super) struct Store {
    pub sessions: Arc<Sessions>,
    pub context: Context,
    /// Room for all, blocks.
    pub blocks: usize,
    /// Seconds.
    pub lifetime: u64,
}

impl Store {
    /// Sessions of another context have other keys.
    fn key(&self, id: &[u8]) -> Box<[u8]> {
        let context = self.context.get(..16).unwrap_or_default();
        [context, id].concat().into()
    }
}

impl StoresServerSessions for Store {
    fn put(&self, id: Vec<u8>, session: Vec<u8>) -> bool {
        let (key, room) = (self.key(&id), self.blocks.div_ceil(SHARDS));
        self.sessions
            .with(&id, |shard| shard.put(key, session, now(), room));
        true
    }

    fn get(&self, id: &[u8]) -> Option<Vec<u8>> {
        let key = self.key(id);
        let found = self
            .sessions
            .with(id, |shard| shard.get(&key, now(), self.lifetime));
        self.sessions.count(found)
    }

    fn take(&self, id: &[u8]) -> Option<Vec<u8>> {
        let key = self.key(id);
        let found = self.sessions.with(id, |shard| {
            let found = shard.get(&key, now(), self.lifetime);
            shard.remove(&key);
            found
        });
        self.sessions.count(found)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(sessions: &Arc<Sessions>, context: u8, blocks: usize) -> Store {
        Store {
            sessions: sessions.clone(),
            context: [context; 32],
            blocks,
            lifetime: 300,
        }
    }

    #[test]
    fn sessions_are_found_in_their_context_only_and_taken_once() {
        let sessions = Arc::new(Sessions::default());
        let (one, other) = (store(&sessions, 1, 100), store(&sessions, 2, 100));
        assert!(one.put(vec![7; 32], b"session".to_vec()));
        assert_eq!(other.get(&[7; 32]), None);
        assert_eq!(other.take(&[7; 32]), None);
        assert_eq!(one.get(&[7; 32]).as_deref(), Some(&b"session"[..]));
        assert_eq!(one.take(&[7; 32]).as_deref(), Some(&b"session"[..]));
        assert_eq!(one.take(&[7; 32]), None);
        let counted = (
            sessions.lookups.load(Relaxed),
            sessions.misses.load(Relaxed),
        );
        assert_eq!(counted, (5, 3));
    }

    #[test]
    fn the_longest_unused_goes_and_the_old_do() {
        let mut shard = Shard::default();
        for n in 0..4 {
            shard.put([n].into(), vec![n; 150], 1000, 4);
        }
        assert!(shard.get(&[0], 1001, 300).is_some());
        // Two blocks: 1 and 2 make room.
        shard.put([9].into(), vec![9; 201], 1001, 4);
        let there = |shard: &mut Shard, n: u8| shard.get(&[n], 1001, 300).is_some();
        assert!(there(&mut shard, 0) && there(&mut shard, 3) && there(&mut shard, 9));
        assert!(!there(&mut shard, 1) && !there(&mut shard, 2));
        assert_eq!(shard.blocks, 4);
        assert!(shard.get(&[0], 1301, 300).is_none());
        assert_eq!(shard.blocks, 3);
        for _ in 0..1000 {
            shard.get(&[9], 1001, 300);
        }
        assert!(shard.order.len() <= 2 * shard.entries.len() + 65);
    }
}
