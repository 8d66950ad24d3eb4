//! `hash-type consistent` and the ground of `balance random`: a ring of 2^32 places on which every
//! server has sixteen nodes per unit of weight. A hash goes to the nearest node, so that a server's
//! coming and going moves only its own keys.

use std::sync::Mutex;

use super::farm::{Farm, Turn, WEIGHT_SCALE};
use super::params::{Affinity, Params};
use super::{Loads, lock};
use crate::hash;

/// One node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Node {
    place: u32,
    server: u32,
    /// Which of the server's nodes.
    number: u32,
}

/// What a server may carry under `hash-balance-factor`.
#[derive(Debug, Clone, Copy, Default)]
struct Share {
    weight: u64,
    /// Weights of the usable servers before it.
    before: u64,
}

/// The ring; replaced as a whole when a server changes.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    turn: Turn,
    active: Vec<Node>,
    backups: Vec<Node>,
    /// The most nodes each server ever had.
    most: Vec<u32>,
    shares: Vec<Share>,
    total_weight: u64,
    /// The only server there is.
    only: Option<usize>,
    bounds: Bounds,
}

/// When a server on the ring is passed over.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bounds {
    balance_factor: u32,
    affinity: Affinity,
}

impl Bounds {
    pub(super) fn of(params: &Params) -> Self {
        Self {
            balance_factor: params.balance_factor,
            affinity: params.affinity,
        }
    }
}

impl Ring {
    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    pub(super) fn new(farm: &Farm, bounds: Bounds) -> Self {
        let mut ring = Self {
            turn: Turn::Nobody,
            active: Vec::new(),
            backups: Vec::new(),
            most: farm
                .slots()
                .iter()
                .map(|slot| slot.effective.max(slot.weight * WEIGHT_SCALE))
                .collect(),
            shares: Vec::new(),
            total_weight: 0,
            only: None,
            bounds,
        };
        for backup in [false, true] {
            for (server, _) in farm.usable(backup) {
                ring.add_nodes(farm, server);
            }
        }
        ring.recount(farm);
        ring
    }

    /// The ring after one server changed its weight in effect; `cursor` follows.
    pub(super) fn updated(&self, farm: &Farm, server: usize, cursor: &Cursor) -> Self {
        let mut ring = self.clone();
        ring.drop_nodes(farm, server);
        cursor.follow(&ring);
        ring.add_nodes(farm, server);
        ring.recount(farm);
        ring
    }

    /// Takes away the nodes that are too many: all of them where the server is to have more than it ever
    /// had, because HAProxy then makes them anew (which moves the cursor).
    fn drop_nodes(&mut self, farm: &Farm, server: usize) {
        let (Some(slot), Some(most)) = (farm.slots().get(server), self.most.get_mut(server)) else {
            return;
        };
        let mut keep = slot.effective;
        if keep > *most {
            *most = keep;
            keep = 0;
        }
        let server = server as u32;
        self.side(slot.backup)
            .retain(|node| node.server != server || node.number < keep);
    }

    /// Adds the nodes that are missing, behind those that are already on the same place.
    fn add_nodes(&mut self, farm: &Farm, server: usize) {
        let Some(slot) = farm.slots().get(server) else {
            return;
        };
        let nodes = self.side(slot.backup);
        let server = server as u32;
        let present = nodes.iter().filter(|node| node.server == server).count() as u32;
        nodes.extend((present..slot.effective).map(|number| Node {
            place: hash::ring_node(slot.id, number),
            server,
            number,
        }));
        nodes.sort_by_key(|node| node.place);
    }

    fn side(&mut self, backup: bool) -> &mut Vec<Node> {
        if backup {
            &mut self.backups
        } else {
            &mut self.active
        }
    }

    fn recount(&mut self, farm: &Farm) {
        self.turn = farm.turn();
        self.shares = vec![Share::default(); farm.slots().len()];
        self.total_weight = 0;
        let mut servers = Vec::new();
        for (server, weight) in farm.usable(self.turn != Turn::Active) {
            let weight = u64::from(weight);
            self.shares[server] = Share {
                weight,
                before: self.total_weight,
            };
            self.total_weight += weight;
            servers.push(server);
        }
        self.only = match servers[..] {
            [server] => Some(server),
            _ => None,
        };
    }

    /// The server whose node is nearest to the hash, or the next one along the ring that is neither to
    /// be avoided nor over its bound.
    pub(super) fn by_hash<L: Loads + ?Sized>(
        &self,
        hash: u32,
        loads: &L,
        avoid: Option<usize>,
    ) -> Option<usize> {
        if let Turn::OneBackup(server) = self.turn {
            return Some(server);
        }
        let nodes = self.nodes();
        let count = nodes.len();
        let after = nodes.partition_point(|node| node.place < hash) % count.max(1);
        let next = nodes.get(after)?;
        let before = (after + count - 1) % count;
        let previous = nodes[before];
        let nearer_before = hash.wrapping_sub(previous.place) <= next.place.wrapping_sub(hash);
        let start = if nearer_before { before } else { after };
        let lap = (start..count).chain(0..start);
        let serving = lap
            .map(|at| nodes[at].server as usize)
            .find(|&server| avoid != Some(server) && self.may_serve(server, loads));
        serving.or_else(|| {
            // All were passed over: the manual names the server before the chosen one for
            // hash-preserve-affinity; without it HAProxy ends on the last node of the ring.
            let at = match self.bounds.affinity {
                Affinity::Always => count - 1,
                Affinity::Maxconn | Affinity::Maxqueue => (start + count - 1) % count,
            };
            Some(nodes[at].server as usize)
        })
    }

    fn may_serve<L: Loads + ?Sized>(&self, server: usize, loads: &L) -> bool {
        let free = match self.bounds.affinity {
            Affinity::Always => true,
            Affinity::Maxconn => loads.has_room(server),
            Affinity::Maxqueue => {
                let (limit, queue) = (loads.limit(server), loads.max_queue(server));
                limit == 0 || queue == 0 || loads.queued(server) < queue
            }
        };
        free && (self.bounds.balance_factor == 0
            || u64::from(loads.served(server)) < self.slots_of(server, loads))
    }

    /// The server, if there is but one: then a request needs no key, and one without takes no turn.
    pub(super) fn only(&self) -> Option<usize> {
        self.only
    }

    /// A server's weight in effect.
    pub(super) fn weight(&self, server: usize) -> u64 {
        self.shares.get(server).map_or(0, |share| share.weight)
    }

    /// How many requests at once `hash-balance-factor` grants a server: its part, by weight, of all
    /// requests (with the one to come) times the factor, rounded so that the parts add up.
    fn slots_of<L: Loads + ?Sized>(&self, server: usize, loads: &L) -> u64 {
        let requests = u64::from(loads.total_served()) + 1;
        let slots = (requests * u64::from(self.bounds.balance_factor)).div_ceil(100);
        let total = self.total_weight.max(1);
        let Share { weight, before } = self.shares.get(server).copied().unwrap_or_default();
        let rest = slots % total;
        let own =
            weight * (slots / total) + (before + weight) * rest / total - before * rest / total;
        own.max(1)
    }

    /// The nodes of those who take part; none where a single backup does.
    fn nodes(&self) -> &[Node] {
        match self.turn {
            Turn::Active => &self.active,
            Turn::Backups => &self.backups,
            Turn::OneBackup(_) | Turn::Nobody => &[],
        }
    }

    /// The next server in turns over the nodes (for requests without a key) that has room; the one to
    /// avoid only where no other has.
    pub(super) fn in_turn<L: Loads + ?Sized>(
        &self,
        cursor: &Cursor,
        loads: &L,
        avoid: Option<usize>,
    ) -> Option<usize> {
        if let Turn::OneBackup(server) = self.turn {
            return Some(server);
        }
        let nodes = self.nodes();
        let mut last = lock(&cursor.0);
        let start = last.map_or(0, |node| match position(nodes, node) {
            Ok(at) | Err(at) => at + 1,
        });
        let mut avoided = None;
        for step in 0..nodes.len() {
            let node = nodes[(start + step) % nodes.len()];
            let server = node.server as usize;
            if !loads.has_room(server) {
                continue;
            }
            if avoid != Some(server) {
                *last = Some(node);
                return Some(server);
            }
            avoided = Some(node);
        }
        *last = avoided;
        avoided.map(|node| node.server as usize)
    }
}

/// Where the turns over the ring have got to; outlives the ring it was made on.
#[derive(Debug, Default)]
pub(super) struct Cursor(Mutex<Option<Node>>);

impl Cursor {
    /// Starts anew.
    pub(super) fn reset(&self) {
        *lock(&self.0) = None;
    }

    /// Follows a change of the ring: a node that is gone hands its turn to the next one that stays.
    pub(super) fn follow(&self, ring: &Ring) {
        let nodes = ring.nodes();
        let mut last = lock(&self.0);
        *last = last.and_then(|node| match position(nodes, node) {
            Ok(at) | Err(at) => nodes.get(at).copied(),
        });
    }
}

/// Where a node is on the ring, or where the first node behind it is.
fn position(nodes: &[Node], wanted: Node) -> Result<usize, usize> {
    let from = nodes.partition_point(|node| node.place < wanted.place);
    nodes[from..]
        .iter()
        .take_while(|node| node.place == wanted.place)
        .position(|&node| node == wanted)
        .map(|step| from + step)
        .ok_or(from)
}
