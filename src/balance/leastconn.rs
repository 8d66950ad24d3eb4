//! `balance leastconn`: the server with the fewest requests per weight; among equals the one that has
//! waited longest at that load.
//!
//! Servers stand in a sorted set by load. A server moves only when its load changed, and then goes
//! behind those of equal load; so idle servers are served in turns.

use std::collections::BTreeSet;

use super::Loads;
use super::farm::{Farm, Turn, WEIGHT_MAX};

/// The whole algorithm; not shared by itself, see `Balancer`.
#[derive(Debug)]
pub(super) struct LeastConn {
    farm: Farm,
    turn: Turn,
    active: BTreeSet<Standing>,
    backups: BTreeSet<Standing>,
    /// Where each server stands, `None` while it is not usable.
    standings: Vec<Option<Standing>>,
    arrivals: u64,
}

/// Load, order of arrival at that load, server.
type Standing = (u32, u64, usize);

impl LeastConn {
    pub(super) fn new<L: Loads + ?Sized>(farm: Farm, loads: &L) -> Self {
        let servers = farm.slots().len();
        let mut made = Self {
            turn: farm.turn(),
            active: BTreeSet::new(),
            backups: BTreeSet::new(),
            standings: vec![None; servers],
            arrivals: 0,
            farm,
        };
        for server in 0..servers {
            made.stand(server, loads);
        }
        made
    }

    pub(super) fn farm(&self) -> &Farm {
        &self.farm
    }

    /// Takes the weight in effect of one server.
    pub(super) fn update<L: Loads + ?Sized>(&mut self, server: usize, effective: u32, loads: &L) {
        if self.farm.set(server, effective).is_none() {
            return;
        }
        self.turn = self.farm.turn();
        self.unstand(server);
        self.stand(server, loads);
    }

    /// Takes a change in a server's load.
    pub(super) fn load_changed<L: Loads + ?Sized>(&mut self, server: usize, loads: &L) {
        let Some(&Some((load, ..))) = self.standings.get(server) else {
            return;
        };
        if load != self.load(server, loads) {
            self.unstand(server);
            self.stand(server, loads);
        }
    }

    /// The least loaded server that has room; the one to avoid only where no other has.
    pub(super) fn pick<L: Loads + ?Sized>(&self, loads: &L, avoid: Option<usize>) -> Option<usize> {
        let group = match self.turn {
            Turn::Active => &self.active,
            Turn::Backups => &self.backups,
            Turn::OneBackup(server) => return Some(server),
            Turn::Nobody => return None,
        };
        let mut avoided = None;
        for &(_, _, server) in group {
            if !has_room(loads, server) {
                continue;
            }
            if avoid != Some(server) {
                return Some(server);
            }
            avoided = avoid;
        }
        avoided
    }

    fn load<L: Loads + ?Sized>(&self, server: usize, loads: &L) -> u32 {
        let weight = self.farm.slots()[server].effective.max(1);
        match loads.served(server).saturating_add(loads.queued(server)) {
            0 => 0,
            inflight => {
                let scaled = (u64::from(inflight) + 1) * u64::from(WEIGHT_MAX);
                u32::try_from(scaled / u64::from(weight)).unwrap_or(u32::MAX)
            }
        }
    }

    fn stand<L: Loads + ?Sized>(&mut self, server: usize, loads: &L) {
        let slot = self.farm.slots()[server];
        if slot.effective == 0 {
            return;
        }
        self.arrivals += 1;
        let standing = (self.load(server, loads), self.arrivals, server);
        self.standings[server] = Some(standing);
        self.group(slot.backup).insert(standing);
    }

    fn unstand(&mut self, server: usize) {
        if let Some(standing) = self.standings[server].take() {
            let backup = self.farm.slots()[server].backup;
            self.group(backup).remove(&standing);
        }
    }

    fn group(&mut self, backup: bool) -> &mut BTreeSet<Standing> {
        if backup {
            &mut self.backups
        } else {
            &mut self.active
        }
    }
}

/// Room to run or to wait: unlike the other algorithms, this one counts the server's bounded queue.
fn has_room<L: Loads + ?Sized>(loads: &L, server: usize) -> bool {
    let limit = loads.limit(server);
    limit == 0
        || u64::from(loads.served(server)) + u64::from(loads.queued(server))
            < u64::from(limit) + u64::from(loads.max_queue(server))
}
