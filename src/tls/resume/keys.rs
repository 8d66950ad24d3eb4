//! Keys that tickets are sealed with: from a file (manual 5.1 `tls-ticket-keys`), or made by the process.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;

/// How many keys are in use at once (HAProxy's TLS_TICKETS_NO).
const KEPT: usize = 3;
/// How often the process's own key is replaced, seconds; the one before is kept as long again.
const ROTATION: u64 = 6 * 3600;

/// Bytes of a key's name, by which tickets call it.
pub(super) const NAME: usize = 16;

/// A key: its name, and what ticket keys are derived from.
#[derive(Debug)]
pub(super) struct Secret {
    bytes: Box<[u8]>,
    pub name: [u8; NAME],
    pub key: hmac::Key,
}

impl Secret {
    fn new(bytes: &[u8]) -> Option<Arc<Self>> {
        let (name, rest) = bytes.split_first_chunk()?;
        Some(Arc::new(Self {
            bytes: bytes.into(),
            name: *name,
            key: hmac::Key::new(hmac::HMAC_SHA256, rest),
        }))
    }

    fn random() -> Option<Arc<Self>> {
        let mut bytes = [0; 80];
        aws_lc_rs::rand::fill(&mut bytes).ok()?;
        Self::new(&bytes)
    }
}

/// Why keys cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeys {
    /// Key number so and so, from 1, has another size than 48 or 80 bytes, or than the first one.
    #[error("wrong sized key on line {0}")]
    Size(usize),
    /// There are not enough of them.
    #[error("please supply at least {KEPT} keys in the tls-tickets-file")]
    Few,
}

/// The keys of a file. They are 48 or 80 bytes each; the last three count, and the last but one seals.
#[derive(Debug)]
pub struct TicketKeys {
    /// The file, as the configuration names it.
    pub file: String,
    size: usize,
    keys: RwLock<[Arc<Secret>; KEPT]>,
}

impl TicketKeys {
    /// The keys of a file, decoded, in its order.
    ///
    /// # Errors
    /// See [`BadKeys`].
    pub fn new(file: &str, keys: &[Vec<u8>]) -> Result<Self, BadKeys> {
        let size = keys.first().map_or(48, Vec::len);
        let good = |key: &Vec<u8>| matches!(key.len(), 48 | 80) && key.len() == size;
        if let Some(at) = keys.iter().position(|key| !good(key)) {
            return Err(BadKeys::Size(at + 1));
        }
        let last = keys.last_chunk::<KEPT>().ok_or(BadKeys::Few)?;
        let [a, b, c] = last
            .each_ref()
            .map(|key| Secret::new(key).ok_or(BadKeys::Few));
        Ok(Self {
            file: file.to_owned(),
            size,
            keys: RwLock::new([a?, b?, c?]),
        })
    }

    fn all(&self) -> [Arc<Secret>; KEPT] {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.clone()
    }

    /// The keys in use, oldest first, as they stand in the file.
    pub fn secrets(&self) -> Vec<Box<[u8]>> {
        self.all().iter().map(|key| key.bytes.clone()).collect()
    }

    /// Another key comes last, and the oldest one goes. False if its size is not that of the others.
    pub fn push(&self, key: &[u8]) -> bool {
        let Some(new) = Secret::new(key).filter(|_| key.len() == self.size) else {
            return false;
        };
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.rotate_left(1);
        if let Some(last) = keys.last_mut() {
            *last = new;
        }
        true
    }

    /// The key that seals.
    pub(super) fn sealing(&self) -> Option<Arc<Secret>> {
        self.all().get(KEPT - 2).cloned()
    }

    /// The key of this name.
    pub(super) fn named(&self, name: &[u8; NAME]) -> Option<Arc<Secret>> {
        self.all().into_iter().find(|key| key.name == *name)
    }
}

/// Keys made by the process: the one in use since when, and the one before.
#[derive(Debug, Default)]
pub(super) struct OwnKeys(RwLock<Option<Pair>>);

#[derive(Debug)]
struct Pair {
    since: u64,
    now: Arc<Secret>,
    before: Option<Arc<Secret>>,
}

impl OwnKeys {
    /// The key that seals now; tickets last for `lifetime`, so a key is not given up before.
    pub fn sealing(&self, now: u64, lifetime: u64) -> Option<Arc<Secret>> {
        let fresh = |pair: &Pair| now.saturating_sub(pair.since) < ROTATION.max(lifetime);
        let read = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = read.as_ref().filter(|pair| fresh(pair)) {
            return Some(pair.now.clone());
        }
        drop(read);
        let mut write = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(pair) = write.as_ref().filter(|pair| fresh(pair)) {
            return Some(pair.now.clone());
        }
        let made = Secret::random()?;
        let before = write.take().map(|pair| pair.now);
        *write = Some(Pair {
            since: now,
            now: made.clone(),
            before,
        });
        Some(made)
    }

    /// The key of this name.
    pub fn named(&self, name: &[u8; NAME]) -> Option<Arc<Secret>> {
        let read = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let pair = read.as_ref()?;
        let mut all = std::iter::once(&pair.now).chain(&pair.before);
        all.find(|key| key.name == *name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8, size: usize) -> Vec<u8> {
        vec![n; size]
    }

    #[test]
    fn files_hold_three_keys_of_one_size_at_least() {
        let told = |keys: &[Vec<u8>]| TicketKeys::new("f", keys).map(|_| ());
        assert_eq!(told(&[]), Err(BadKeys::Few));
        assert_eq!(told(&[key(1, 48), key(2, 48)]), Err(BadKeys::Few));
        assert_eq!(told(&[key(1, 40)]), Err(BadKeys::Size(1)));
        let mixed = [key(1, 48), key(2, 80), key(3, 80)];
        assert_eq!(told(&mixed), Err(BadKeys::Size(2)));
        assert_eq!(told(&[key(1, 80), key(2, 80), key(3, 80)]), Ok(()));
    }

    #[test]
    fn the_last_three_count_and_the_last_but_one_seals() {
        let all: Vec<_> = (1..=5).map(|n| key(n, 48)).collect();
        let keys = TicketKeys::new("f", &all).unwrap();
        let name = |keys: &TicketKeys| keys.sealing().unwrap().name[0];
        assert_eq!(name(&keys), 4);
        assert!(keys.named(&[2; NAME]).is_none() && keys.named(&[3; NAME]).is_some());
        assert!(!keys.push(&key(6, 80)));
        assert!(keys.push(&key(6, 48)));
        assert_eq!(name(&keys), 5);
        let first: Vec<u8> = keys.secrets().iter().map(|key| key[0]).collect();
        assert_eq!(first, [4, 5, 6]);
    }

    #[test]
    fn own_keys_change_and_the_one_before_still_opens() {
        let keys = OwnKeys::default();
        let one = keys.sealing(100, 60).unwrap().name;
        assert_eq!(keys.sealing(99 + ROTATION, 60).unwrap().name, one);
        let two = keys.sealing(100 + ROTATION, 60).unwrap().name;
        assert_ne!(one, two);
        assert!(keys.named(&one).is_some() && keys.named(&two).is_some());
        keys.sealing(100 + 2 * ROTATION, 60).unwrap();
        assert!(keys.named(&one).is_none() && keys.named(&two).is_some());
    }
}
