//! Priorities of streams (manual 4.2 `set-nice`, 5.1 `nice`).
//!
//! HAProxy puts a stream with a positive value behind others each time it wakes up. Here a worker's tasks run in the
//! order in which they wake, so such a stream steps back before each of its phases: whatever else is ready by then,
//! and what the next look at the sockets makes ready, runs first, as often as its value says. Streams with 0 or less never step
//! back, so they all come before those that do.

use crate::plan::Listener;
use crate::sample::Transaction;

/// Up to how much of a value costs one turn.
const STEP: u32 = 128;

/// How often a stream with this value lets the others go first: once for every 128 begun, so 8 times at most.
fn turns(nice: i32) -> u32 {
    u32::try_from(nice.min(1024)).unwrap_or(0).div_ceil(STEP)
}

/// Lets others go first, as often as rules or the listener say.
pub(super) async fn give_way(listener: &Listener, txn: &Transaction) {
    let turns = turns(txn.orders.nice.unwrap_or(listener.bind.nice));
    if turns > 0 {
        Box::pin(step_back(turns)).await;
    }
}

async fn step_back(turns: u32) {
    for _ in 0..turns {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use tokio::task::{LocalSet, spawn_local, yield_now};

    #[test]
    fn turns_grow_with_the_value() {
        let of = [
            (-1024, 0),
            (-1, 0),
            (0, 0),
            (1, 1),
            (128, 1),
            (129, 2),
            (1024, 8),
            (5000, 8),
        ];
        for (nice, expected) in of {
            assert_eq!(turns(nice), expected, "{nice}");
        }
    }

    /// Three streams wake in the wrong order, with three phases each.
    #[test]
    fn the_nicer_a_stream_the_later_its_phases() {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.build().expect("a runtime");
        let seen = Rc::new(RefCell::new(Vec::new()));
        let set = LocalSet::new();
        set.block_on(&runtime, async {
            let mut all = Vec::new();
            for nice in [1024, 300, -10] {
                let seen = seen.clone();
                all.push(spawn_local(async move {
                    for _ in 0..3 {
                        step_back(turns(nice)).await;
                        seen.borrow_mut().push(nice);
                        yield_now().await;
                    }
                }));
            }
            for one in all {
                one.await.expect("a stream ends");
            }
        });
        assert_eq!(
            *seen.borrow(),
            [-10, -10, -10, 300, 300, 1024, 300, 1024, 1024]
        );
    }
}
