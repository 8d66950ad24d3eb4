//! Names to addresses while traffic flows, by the servers of a `resolvers` section (manual 5.3).
//!
//! The engine asks for `do-resolve`; answers are kept as long as `hold valid` says, a bounded number of them per worker.
//! `discover` asks for servers that follow names, again and again ([`lookup()`]). Must not know rules, proxies or the language.

mod ask;
mod lookup;
mod message;

pub use lookup::{Failure, Found, Wanted, lookup};
pub use message::{Records, Service};

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::settings::{Prefer, Resolvers};
use ask::Heard;
use message::Kind;

/// Answers that a worker keeps at most.
const KEPT: usize = 1024;

type Key = (String, Vec<u8>, Prefer);

/// What a worker has learned, and how it asks for more.
#[derive(Debug, Default)]
pub struct Names {
    known: RefCell<HashMap<Key, (Instant, IpAddr)>>,
    numbers: Numbers,
}

impl Names {
    /// The address of a name, of the preferred family if it has one of that. `None` if nobody knows one.
    pub async fn find(
        &self,
        resolvers: &Resolvers,
        name: &[u8],
        prefer: Prefer,
        now: Instant,
    ) -> Option<IpAddr> {
        let name = name.to_ascii_lowercase();
        let key = (resolvers.name.clone(), name, prefer);
        if let Some(ip) = self.known(&key, now) {
            return Some(ip);
        }
        for kind in kinds(prefer) {
            if let Some(ip) = self.ask(resolvers, &key.1, kind).await {
                let hold = Duration::from_millis(resolvers.hold.valid);
                self.learn(key, now, Instant::now() + hold, ip);
                return Some(ip);
            }
        }
        None
    }

    fn known(&self, key: &Key, now: Instant) -> Option<IpAddr> {
        let known = self.known.borrow();
        let (until, ip) = known.get(key)?;
        (*until > now).then_some(*ip)
    }

    fn learn(&self, key: Key, now: Instant, until: Instant, ip: IpAddr) {
        let mut known = self.known.borrow_mut();
        if known.len() >= KEPT {
            known.retain(|_, (until, _)| *until > now);
        }
        // With too many names alive at once, further ones are asked for each time.
        if known.len() < KEPT {
            known.insert(key, (until, ip));
        }
    }

    async fn ask(&self, resolvers: &Resolvers, name: &[u8], kind: Kind) -> Option<IpAddr> {
        for _ in 0..resolvers.retries.max(1) {
            let query = message::query(self.numbers.next(), name, kind, resolvers.payload)?;
            let wait = Duration::from_millis(resolvers.retry);
            let servers = &resolvers.nameservers;
            match ask::all(servers, &query, resolvers.payload, wait).await {
                Heard::Records(_, records) => return records.addresses.first().copied(),
                // A server that has answered has answered: only silence is a reason to ask again.
                Heard::No(_) => return None,
                Heard::Silence => {}
            }
        }
        None
    }
}

/// Both families, the preferred one first.
fn kinds(prefer: Prefer) -> [Kind; 2] {
    match prefer {
        Prefer::V4 => [Kind::A, Kind::Aaaa],
        Prefer::V6 => [Kind::Aaaa, Kind::A],
    }
}

/// Numbers of queries: hashed with a key that nobody else has, so that nobody else knows the next one.
#[derive(Debug, Default)]
pub struct Numbers {
    secret: RandomState,
    asked: Cell<u64>,
}

impl Numbers {
    fn next(&self) -> u16 {
        self.asked.set(self.asked.get().wrapping_add(1));
        self.secret.hash_one(self.asked.get()) as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_bounded_and_ages() {
        let names = Names::default();
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let ip = IpAddr::from([1, 2, 3, 4]);
        let key = |n: usize| ("r".to_owned(), n.to_string().into_bytes(), Prefer::V4);
        for n in 0..KEPT + 10 {
            names.learn(key(n), now, later, ip);
        }
        assert_eq!(names.known.borrow().len(), KEPT);
        assert_eq!(names.known(&key(0), now), Some(ip));
        assert_eq!(names.known(&key(KEPT + 1), now), None);
        assert_eq!(names.known(&key(0), later), None);
        names.learn(key(KEPT + 1), later, later + Duration::from_secs(1), ip);
        assert_eq!(
            names.known(&key(KEPT + 1), later),
            Some(ip),
            "the old ones make room"
        );
    }
}
