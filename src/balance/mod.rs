//! Balancing: which server takes a request. One file per algorithm, all equal to HAProxy to the bit:
//! the same sequence of servers, the same server for the same key.
//!
//! `backend` calls [`Balancer::pick`] per request; whoever changes a server's health or weight calls
//! [`Balancer::update`]. Pure data structures: no clock, no socket, no randomness of its own, and no
//! knowledge of why a server is usable. The shared parts are a short lock (roundrobin, leastconn) or
//! a snapshot that is replaced when a server changes (everything else).
//!
//! The key of a request is made by [`key`]'s functions from plain bytes; the caller has the message.

mod farm;
mod first;
pub mod key;
mod leastconn;
mod map;
mod params;
mod random;
mod ring;
mod roundrobin;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

pub use farm::{Slot, WEIGHT_SCALE, effective_weight};
pub use params::{Affinity, Algorithm, Function, HashType, Method, Params};

use farm::Farm;
use first::First;
use leastconn::LeastConn;
use map::Map;
use ring::{Bounds, Cursor, Ring};
use roundrobin::RoundRobin;

/// What the caller knows of the servers' loads at this moment. Servers are named by their place.
pub trait Loads {
    /// Requests the server is working on.
    fn served(&self, server: usize) -> u32;
    /// Requests waiting in the server's own queue.
    fn queued(&self, server: usize) -> u32;
    /// How many it may work on at once now (`maxconn`, or between `minconn` and it), 0 for any number.
    fn limit(&self, server: usize) -> u32;
    /// How many may wait in its queue (`maxqueue`), 0 for any number.
    fn max_queue(&self, server: usize) -> u32;
    /// Requests the whole backend is working on.
    fn total_served(&self) -> u32;

    /// True if a request could start on it at once: nobody waits, and it works on fewer than its limit.
    fn has_room(&self, server: usize) -> bool {
        let limit = self.limit(server);
        limit == 0 || (self.queued(server) == 0 && self.served(server) < limit)
    }
}

/// What is asked of the balancer for one request.
pub struct Pick<'a, L: Loads + ?Sized> {
    /// The hash of the request's key ([`HashType::hash`]); `None` without a key: then it goes in turns.
    pub hash: Option<u32>,
    /// The server an earlier attempt failed on; chosen only where no other can be.
    pub avoid: Option<usize>,
    /// Loads of the servers.
    pub loads: &'a L,
    /// Uniform random numbers, for `balance random`.
    pub random: &'a mut dyn FnMut() -> u32,
}

/// The balancer of one backend, shared by all threads.
#[derive(Debug)]
pub struct Balancer {
    choice: Choice,
}

#[derive(Debug)]
enum Choice {
    RoundRobin(Mutex<RoundRobin>),
    LeastConn(Mutex<LeastConn>),
    First(Shared<First>),
    StaticRr(Shared<Map>, AtomicUsize),
    MapBased(Shared<Map>, AtomicUsize),
    Consistent(Shared<Ring>, Cursor),
    Random(Shared<Ring>, Cursor, u32),
}

/// The servers under a lock for those who change them, and what was made of them for those who pick.
#[derive(Debug)]
struct Shared<T> {
    farm: Mutex<Farm>,
    made: ArcSwap<T>,
}

impl<T> Shared<T> {
    fn new(farm: Farm, made: T) -> Self {
        Self {
            farm: Mutex::new(farm),
            made: ArcSwap::from_pointee(made),
        }
    }

    fn restart(&self, effective: &[u32], make: impl FnOnce(&Farm) -> T) {
        let mut farm = lock(&self.farm);
        *farm = farm.with_weights(effective);
        self.made.store(make(&farm).into());
    }

    fn update(&self, server: usize, effective: u32, make: impl FnOnce(&Farm, &T) -> T) {
        let mut farm = lock(&self.farm);
        if farm
            .set(server, effective)
            .is_some_and(|old| old != effective)
        {
            let made = make(&farm, &self.made.load());
            self.made.store(made.into());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Balancer {
    /// A balancer over these servers, in the order of the configuration.
    pub fn new<L: Loads + ?Sized>(params: &Params, slots: &[Slot], loads: &L) -> Self {
        let farm = Farm::new(slots, params.all_backups);
        let bounds = Bounds::of(params);
        let choice = match &params.algorithm {
            Algorithm::RoundRobin => Choice::RoundRobin(Mutex::new(RoundRobin::new(farm))),
            Algorithm::LeastConn => Choice::LeastConn(Mutex::new(LeastConn::new(farm, loads))),
            Algorithm::First => {
                let made = First::new(&farm);
                Choice::First(Shared::new(farm, made))
            }
            Algorithm::StaticRr => {
                let made = Map::new(&farm);
                Choice::StaticRr(Shared::new(farm, made), AtomicUsize::new(0))
            }
            Algorithm::Random { draws } => {
                let made = Ring::new(&farm, bounds);
                Choice::Random(Shared::new(farm, made), Cursor::default(), *draws)
            }
            Algorithm::Source
            | Algorithm::Uri(_)
            | Algorithm::UrlParam(_)
            | Algorithm::Hdr(_)
            | Algorithm::RdpCookie(_)
            | Algorithm::Hash => match params.hash_type.method {
                Method::MapBased => {
                    let made = Map::new(&farm);
                    Choice::MapBased(Shared::new(farm, made), AtomicUsize::new(0))
                }
                Method::Consistent => {
                    let made = Ring::new(&farm, bounds);
                    Choice::Consistent(Shared::new(farm, made), Cursor::default())
                }
            },
        };
        Self { choice }
    }

    /// Starts anew with these weights in effect, as if no request had come yet: for the moment between
    /// making a balancer and using it, when it has become known which servers can be used.
    pub fn restart<L: Loads + ?Sized>(&self, effective: &[u32], loads: &L) {
        match &self.choice {
            Choice::RoundRobin(turns) => {
                let mut turns = lock(turns);
                *turns = RoundRobin::new(turns.farm().with_weights(effective));
            }
            Choice::LeastConn(tree) => {
                let mut tree = lock(tree);
                *tree = LeastConn::new(tree.farm().with_weights(effective), loads);
            }
            Choice::First(shared) => shared.restart(effective, First::new),
            Choice::StaticRr(shared, turn) | Choice::MapBased(shared, turn) => {
                shared.restart(effective, Map::new);
                turn.store(0, Relaxed);
            }
            Choice::Consistent(shared, cursor) | Choice::Random(shared, cursor, _) => {
                let bounds = shared.made.load().bounds();
                shared.restart(effective, |farm| Ring::new(farm, bounds));
                cursor.reset();
            }
        }
    }

    /// Takes a server's weight in effect (see [`effective_weight`]), 0 while new requests must not go to
    /// it. The static algorithms take only the difference between 0 and not 0.
    pub fn update<L: Loads + ?Sized>(&self, server: usize, effective: u32, loads: &L) {
        match &self.choice {
            Choice::RoundRobin(turns) => lock(turns).update(server, effective),
            Choice::LeastConn(tree) => lock(tree).update(server, effective, loads),
            Choice::First(shared) => {
                shared.update(server, effective, |farm, _| First::new(farm));
            }
            Choice::StaticRr(shared, _) | Choice::MapBased(shared, _) => {
                shared.update(server, effective, |farm, _| Map::new(farm));
            }
            Choice::Consistent(shared, cursor) | Choice::Random(shared, cursor, _) => {
                shared.update(server, effective, |farm, ring| {
                    ring.updated(farm, server, cursor)
                });
            }
        }
    }

    /// How many servers take part now: the usable active ones, else the backups that stand in.
    pub fn serving(&self) -> usize {
        self.with_farm(Farm::serving)
    }

    /// True if this server takes part now: it may take requests that wait for any server.
    pub fn takes_part(&self, server: usize) -> bool {
        self.with_farm(|farm| farm.takes_part(server))
    }

    fn with_farm<R>(&self, read: impl FnOnce(&Farm) -> R) -> R {
        match &self.choice {
            Choice::RoundRobin(turns) => read(lock(turns).farm()),
            Choice::LeastConn(tree) => read(lock(tree).farm()),
            Choice::First(shared) => read(&lock(&shared.farm)),
            Choice::StaticRr(shared, _) | Choice::MapBased(shared, _) => read(&lock(&shared.farm)),
            Choice::Consistent(shared, _) | Choice::Random(shared, ..) => read(&lock(&shared.farm)),
        }
    }

    /// Tells that a server's number of requests changed: one was given to it, ended, or entered or left
    /// its queue. Free for all algorithms but leastconn.
    pub fn load_changed<L: Loads + ?Sized>(&self, server: usize, loads: &L) {
        if let Choice::LeastConn(tree) = &self.choice {
            lock(tree).load_changed(server, loads);
        }
    }

    /// The server for a request. `None` if no server is usable, or, for the algorithms that look for
    /// room, if all are full: the request then waits in the backend's queue. A hash goes to its server
    /// full or not.
    pub fn pick<L: Loads + ?Sized>(&self, pick: Pick<'_, L>) -> Option<usize> {
        let Pick {
            hash,
            avoid,
            loads,
            random,
        } = pick;
        match &self.choice {
            Choice::RoundRobin(turns) => lock(turns).pick(loads, avoid),
            Choice::LeastConn(tree) => lock(tree).pick(loads, avoid),
            Choice::First(shared) => shared.made.load().pick(loads, avoid),
            Choice::StaticRr(shared, turn) => shared.made.load().in_turn(turn, loads, avoid),
            Choice::MapBased(shared, turn) => {
                let map = shared.made.load();
                match hash {
                    _ if map.only().is_some() => map.only(),
                    Some(hash) => map.by_hash(hash),
                    None => map.in_turn(turn, loads, avoid),
                }
            }
            Choice::Consistent(shared, cursor) => {
                let ring = shared.made.load();
                match hash {
                    _ if ring.only().is_some() => ring.only(),
                    Some(hash) => ring.by_hash(hash, loads, avoid),
                    None => ring.in_turn(cursor, loads, avoid),
                }
            }
            Choice::Random(shared, _, draws) => {
                random::pick(&shared.made.load(), *draws, random, loads, avoid)
            }
        }
    }
}

#[cfg(test)]
mod tests;
