//! `balance random(<draws>)`: random places on the consistent ring, the least loaded of the servers
//! drawn.

use super::Loads;
use super::ring::Ring;

/// Picks a server; `None` where the one drawn is full, so that the request waits in the backend's
/// queue.
pub(super) fn pick<L: Loads + ?Sized>(
    ring: &Ring,
    draws: u32,
    random: &mut dyn FnMut() -> u32,
    loads: &L,
    avoid: Option<usize>,
) -> Option<usize> {
    let mut best: Option<usize> = None;
    for _ in 0..draws.max(1) {
        let drawn = ring.by_hash(random(), loads, avoid)?;
        let keep = best.filter(|&kept| {
            let load = |server, other| u64::from(loads.served(server)) * ring.weight(other);
            load(drawn, kept) > load(kept, drawn)
        });
        best = keep.or(Some(drawn));
    }
    best.filter(|&server| loads.has_room(server))
}
