//! When servers are checked (manual 5.2 `inter`, 3.2 `spread-checks`). Sans-io: time is an argument.

use crate::plan;
use crate::state::Health;

use super::health::{Pace, pace};

/// Milliseconds between checks where nothing is said.
const INTER: u64 = 2000;

/// Checks that come more often than this are not counted when the first ones are spread.
const SHORT: u64 = 1000;

/// `inter`, milliseconds.
pub fn inter(server: &plan::Server) -> u64 {
    server.settings.check.inter.unwrap_or(INTER).max(1)
}

/// Milliseconds until the next check of a server in this state, without jitter.
pub fn interval(server: &plan::Server, health: &Health, down: bool) -> u64 {
    let check = &server.settings.check;
    let inter = inter(server);
    match pace(health, down) {
        Pace::Up => inter,
        Pace::Down => check.downinter.unwrap_or(inter),
        Pace::Transition => check.fastinter.unwrap_or(inter),
    }
    .max(1)
}

/// The same with `spread-checks`: `percent` of it more or less, by a random number.
pub fn jittered(interval: u64, percent: u32, random: u32) -> u64 {
    let spread = interval * u64::from(percent.min(50)) / 100;
    let share = (2 * spread * u64::from(random)) >> 32;
    (interval + spread).saturating_sub(share).max(1)
}

/// Milliseconds to wait before the very first check: checks are laid evenly over the shortest
/// interval, or over the server's own if that is longer.
pub fn first(
    position: usize,
    total: usize,
    shortest: u64,
    own: u64,
    max_spread: Option<u64>,
) -> u64 {
    let span = shortest.max(own).min(max_spread.unwrap_or(u64::MAX));
    span * position as u64 / total.max(1) as u64
}

/// The shortest interval of these, for [`first`].
pub fn shortest(inters: impl Iterator<Item = u64>) -> u64 {
    inters.filter(|inter| *inter >= SHORT).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_checks_are_spread_as_haproxys() {
        let inters = [2000, 2000, 2000, 2000, 4000];
        let shortest = shortest(inters.into_iter());
        let got: Vec<_> = (0..5)
            .map(|i| first(i, 5, shortest, inters[i], None))
            .collect();
        assert_eq!(got, [0, 400, 800, 1200, 3200]);
        assert_eq!(first(2, 3, 0, 300, None), 200);
        assert_eq!(first(4, 5, 2000, 4000, Some(1000)), 800);
    }

    #[test]
    fn jitter_stays_within_its_share() {
        assert_eq!(jittered(1000, 0, 77), 1000);
        assert_eq!(jittered(1000, 50, 0), 1500);
        assert_eq!(jittered(1000, 50, u32::MAX), 501);
        assert_eq!(jittered(1000, 10, 1 << 31), 1000);
    }
}
