//! The static map: `balance static-rr` walks it, `hash-type map-based` indexes it.
//!
//! Each usable server has as many entries as its weight, spread as evenly as possible. Weights are
//! those of the configuration, divided by their greatest common divisor over all servers, usable or
//! not; a change at run time can only take a server out or put it back.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::Loads;
use super::farm::{Farm, Turn};

/// The map; replaced as a whole when a server changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Map {
    entries: Vec<usize>,
    /// The server that counts as the only one.
    only: Option<usize>,
}

impl Map {
    pub(super) fn new(farm: &Farm) -> Self {
        let divisor = farm
            .slots()
            .iter()
            .fold(0, |divisor, slot| gcd(divisor, slot.weight))
            .max(1);
        let group = |backup: bool| -> Vec<(usize, i64)> {
            farm.usable(backup)
                .map(|(server, _)| {
                    let weight = farm.slots()[server].weight.div_ceil(divisor);
                    (server, i64::from(weight))
                })
                .collect()
        };
        let servers = group(farm.turn() != Turn::Active);
        let total = match (farm.turn(), servers.first()) {
            // HAProxy sizes the map for the first backup, but spreads all of them over it: only where
            // that weight is 1 is it the first alone.
            (Turn::OneBackup(_), Some(&(_, weight))) => weight,
            _ => servers.iter().map(|&(_, weight)| weight).sum(),
        };
        let entries = spread(&servers, total);
        let alone = servers.len() == 1 || matches!(farm.turn(), Turn::OneBackup(_));
        let only = entries.first().copied().filter(|_| alone);
        Self { entries, only }
    }

    /// The server, if there is but one: then a request needs no key, and one without takes no turn.
    pub(super) fn only(&self) -> Option<usize> {
        self.only
    }

    /// The server of a hash.
    pub(super) fn by_hash(&self, hash: u32) -> Option<usize> {
        let index = (hash as usize).checked_rem(self.entries.len())?;
        self.entries.get(index).copied()
    }

    /// The next server in turns that has room; the one to avoid only where no other has.
    pub(super) fn in_turn<L: Loads + ?Sized>(
        &self,
        turn: &AtomicUsize,
        loads: &L,
        avoid: Option<usize>,
    ) -> Option<usize> {
        let total = self.entries.len();
        let mut start = turn.load(Relaxed);
        loop {
            let from = if start < total { start } else { 0 };
            let mut avoided = None;
            let mut found = None;
            for step in 0..total {
                let index = (from + step) % total;
                let server = self.entries[index];
                if !loads.has_room(server) {
                    continue;
                }
                if avoid != Some(server) {
                    found = Some((server, index + 1));
                    break;
                }
                avoided = Some((server, index + 1));
            }
            let (server, next) = found.or(avoided)?;
            match turn.compare_exchange_weak(start, next, Relaxed, Relaxed) {
                Ok(_) => return Some(server),
                Err(now) => start = now,
            }
        }
    }
}

/// Each server as often as its weight, evenly: every step all scores grow by their weights, the
/// server whose score passed most multiples of the total goes (the first among equals) and pays the
/// total. A map of one entry holds the first server.
fn spread(servers: &[(usize, i64)], total: i64) -> Vec<usize> {
    if let ([(first, _), ..], 1) = (servers, total) {
        return vec![*first];
    }
    let mut scores = vec![0_i64; servers.len()];
    let mut entries = Vec::with_capacity(total.max(0) as usize);
    for _ in 0..total {
        let mut best = (0, 0);
        for (place, &(_, weight)) in servers.iter().enumerate() {
            scores[place] += weight;
            let rank = (scores[place] + total) / total;
            if rank > best.0 {
                best = (rank, place);
            }
        }
        scores[best.1] -= total;
        entries.push(servers[best.1].0);
    }
    entries
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::super::farm::Slot;
    use super::*;

    #[test]
    fn weights_are_divided_by_what_they_share() {
        let farm = Farm::new(&[Slot::up(1, 10), Slot::up(2, 20), Slot::up(3, 0)], false);
        assert_eq!(Map::new(&farm).entries.len(), 3);
    }

    #[test]
    fn an_empty_map_has_no_server() {
        let mut slot = Slot::up(1, 1);
        slot.effective = 0;
        let map = Map::new(&Farm::new(&[slot], false));
        assert_eq!(map.by_hash(7), None);
    }
}
