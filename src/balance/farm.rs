//! Which servers take part: the active ones, else the first backup, else (allbackups) all backups.

/// Weight in effect of a server at full strength with weight 1, for the algorithms whose weights may
/// change: weights count in sixteenths, so that slow start has steps (HAProxy's scale).
pub const WEIGHT_SCALE: u32 = 16;

/// The largest weight in effect: the largest user weight, 256, in sixteenths.
pub const WEIGHT_MAX: u32 = 256 * WEIGHT_SCALE;

/// A server as the balancer is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its numeric id (`id`, or its place from 1).
    pub id: u32,
    /// The weight of the configuration, 0..=256.
    pub weight: u32,
    /// `backup`.
    pub backup: bool,
    /// Weight in effect, see [`effective_weight`]; 0 while new requests must not go to it.
    pub effective: u32,
}

impl Slot {
    /// A server that is up at full strength.
    pub fn up(id: u32, weight: u32) -> Self {
        Self {
            id,
            weight,
            backup: false,
            effective: weight * WEIGHT_SCALE,
        }
    }
}

/// Weight in effect of a usable server, in sixteenths. `rising` is the slow start under way, as
/// (seconds since it came up, seconds of `slowstart`); only algorithms with dynamic weights heed it.
pub fn effective_weight(user: u32, rising: Option<(u64, u64)>) -> u32 {
    let full = u64::from(WEIGHT_SCALE);
    let share = match rising {
        Some((elapsed, slowstart)) if elapsed < slowstart => {
            (full * elapsed + slowstart) / slowstart
        }
        _ => full,
    };
    user.min(WEIGHT_MAX / WEIGHT_SCALE) * share.min(full) as u32
}

/// Who takes part now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The active servers.
    Active,
    /// This one backup server and no other.
    OneBackup(usize),
    /// All backup servers.
    Backups,
    /// No server is usable.
    Nobody,
}

/// The servers and their weights in effect.
#[derive(Debug, Clone)]
pub(super) struct Farm {
    slots: Vec<Slot>,
    all_backups: bool,
}

impl Farm {
    pub(super) fn new(slots: &[Slot], all_backups: bool) -> Self {
        Self {
            slots: slots.to_vec(),
            all_backups,
        }
    }

    /// The same servers with these weights in effect.
    pub(super) fn with_weights(&self, effective: &[u32]) -> Self {
        let mut farm = self.clone();
        for (server, &weight) in effective.iter().enumerate() {
            farm.set(server, weight);
        }
        farm
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Sets the weight in effect; answers what it was, `None` if there is no such server.
    pub(super) fn set(&mut self, server: usize, effective: u32) -> Option<u32> {
        let slot = self.slots.get_mut(server)?;
        Some(std::mem::replace(
            &mut slot.effective,
            effective.min(WEIGHT_MAX),
        ))
    }

    /// Who takes part now.
    pub(super) fn turn(&self) -> Turn {
        let usable = |backup: bool| {
            self.slots
                .iter()
                .position(|slot| slot.backup == backup && slot.effective > 0)
        };
        match (usable(false), usable(true)) {
            (Some(_), _) => Turn::Active,
            (None, None) => Turn::Nobody,
            (None, Some(_)) if self.all_backups => Turn::Backups,
            (None, Some(first)) => Turn::OneBackup(first),
        }
    }

    /// How many take part.
    pub(super) fn serving(&self) -> usize {
        match self.turn() {
            Turn::Active => self.usable(false).count(),
            Turn::Backups => self.usable(true).count(),
            Turn::OneBackup(_) => 1,
            Turn::Nobody => 0,
        }
    }

    /// True if this server does.
    pub(super) fn takes_part(&self, server: usize) -> bool {
        let Some(slot) = self.slots.get(server).filter(|slot| slot.effective > 0) else {
            return false;
        };
        match self.turn() {
            Turn::Active => !slot.backup,
            Turn::Backups => slot.backup,
            Turn::OneBackup(only) => only == server,
            Turn::Nobody => false,
        }
    }

    /// Usable servers of one kind in the order of the configuration, as (index, weight in effect).
    pub(super) fn usable(&self, backup: bool) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.slots
            .iter()
            .enumerate()
            .filter(move |(_, slot)| slot.backup == backup && slot.effective > 0)
            .map(|(index, slot)| (index, slot.effective))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_start_climbs_in_sixteenths_and_never_starts_at_nothing() {
        for (elapsed, weight) in [(0, 10), (1, 20), (8, 90), (15, 160), (16, 160), (99, 160)] {
            assert_eq!(
                effective_weight(10, Some((elapsed, 16))),
                weight,
                "{elapsed}"
            );
        }
        assert_eq!(effective_weight(0, None), 0);
        assert_eq!(effective_weight(5, Some((3, 0))), 80);
    }

    #[test]
    fn backups_serve_only_when_no_active_server_can() {
        let backup = |id| Slot {
            backup: true,
            ..Slot::up(id, 1)
        };
        for (all, turn) in [(false, Turn::OneBackup(1)), (true, Turn::Backups)] {
            let mut farm = Farm::new(&[Slot::up(1, 1), backup(2), backup(3)], all);
            assert_eq!(farm.turn(), Turn::Active);
            assert_eq!(farm.set(0, 0), Some(16));
            assert_eq!(farm.turn(), turn);
            let takes_part: Vec<_> = (0..4).map(|server| farm.takes_part(server)).collect();
            assert_eq!(takes_part, [false, true, all, false]);
            assert_eq!(farm.serving(), if all { 2 } else { 1 });
            farm.set(1, 0);
            farm.set(2, 0);
            assert_eq!(farm.turn(), Turn::Nobody);
        }
    }
}
