//! `balance first`: the server with the lowest id that has room. Weights play no part but for 0.

use super::Loads;
use super::farm::{Farm, Slot, Turn};

/// The usable servers by id; replaced as a whole when one changes.
#[derive(Debug, Clone)]
pub(super) struct First {
    turn: Turn,
    order: Vec<usize>,
}

impl First {
    pub(super) fn new(farm: &Farm) -> Self {
        let turn = farm.turn();
        let mut order: Vec<usize> = farm
            .usable(turn != Turn::Active)
            .map(|(server, _)| server)
            .collect();
        order.sort_by_key(|&server| farm.slots().get(server).map(|slot: &Slot| slot.id));
        Self { turn, order }
    }

    /// The first server with room; the one to avoid only where no other has.
    pub(super) fn pick<L: Loads + ?Sized>(&self, loads: &L, avoid: Option<usize>) -> Option<usize> {
        if let Turn::OneBackup(server) = self.turn {
            return Some(server);
        }
        let mut with_room = self
            .order
            .iter()
            .copied()
            .filter(|&server| loads.has_room(server));
        let first = with_room.next()?;
        if avoid == Some(first) {
            with_room.next().or(avoid)
        } else {
            Some(first)
        }
    }
}
