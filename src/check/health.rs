//! The rise and fall counter: sans-io, no clock (manual 5.2 `rise`, `fall`, `inter`).
//!
//! `counter` runs from 0 to `rise + fall - 1`. From `rise` on the server is up. One failure below
//! `rise + 1` empties it, one success at `rise - 1` fills it, so that a server in transition always
//! needs its full number of checks in the other direction. A new server starts at `rise`: up, and
//! down at the first failure.

use crate::state::Health;

use super::code::Verdict;

/// What a verdict did to the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing moved.
    Steady,
    /// It moved, the state stays.
    Moved,
}

/// How a server stands for `inter`, `fastinter` and `downinter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// All the way up.
    Up,
    /// All the way down.
    Down,
    /// In between.
    Transition,
}

/// Makes a server new: up, and down at the first failure.
pub fn reset(health: &mut Health) {
    health.counter = health.rise;
}

/// The counter of a server that is all the way up.
pub fn full(health: &Health) -> u32 {
    health.rise + health.fall - 1
}

/// Takes one verdict in.
pub fn apply(health: &mut Health, verdict: Verdict) -> Step {
    match verdict {
        Verdict::Neutral => Step::Steady,
        Verdict::Failed if health.counter == 0 => Step::Steady,
        Verdict::Failed => {
            health.failed += 1;
            health.counter -= 1;
            if health.counter < health.rise {
                health.counter = 0;
            }
            Step::Moved
        }
        Verdict::Passed | Verdict::Conditional if health.counter >= full(health) => Step::Steady,
        Verdict::Passed | Verdict::Conditional => {
            health.counter += 1;
            if health.counter >= health.rise {
                health.counter = full(health);
            }
            Step::Moved
        }
    }
}

/// How often it should be checked.
pub fn pace(health: &Health, down: bool) -> Pace {
    if health.counter >= full(health) {
        Pace::Up
    } else if down && health.counter == 0 {
        Pace::Down
    } else {
        Pace::Transition
    }
}

/// `1/2` of `UP 1/2`: the place on the way, and its length; both of the half the counter is in.
pub fn progress(health: &Health) -> (u32, u32) {
    if health.counter >= health.rise {
        (health.counter - health.rise + 1, health.fall)
    } else {
        (health.counter, health.rise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(rise: u32, fall: u32) -> Health {
        let mut health = Health {
            rise,
            fall,
            ..Health::default()
        };
        reset(&mut health);
        health
    }

    /// Runs `+` and `-` through the counter; gives it after each.
    fn run(health: &mut Health, script: &str) -> Vec<u32> {
        let step = |c| match c {
            '+' => Verdict::Passed,
            _ => Verdict::Failed,
        };
        script
            .chars()
            .map(|c| {
                apply(health, step(c));
                health.counter
            })
            .collect()
    }

    #[test]
    fn counters_are_haproxys() {
        let table: &[(u32, u32, &str, &[u32])] = &[
            (2, 3, "-", &[0]),
            (2, 3, "+--+---", &[4, 3, 2, 4, 3, 2, 0]),
            (2, 3, "-+-++", &[0, 1, 0, 1, 4]),
            (1, 1, "-+-", &[0, 1, 0]),
            (3, 2, "+-+--++-+++", &[4, 3, 4, 3, 0, 1, 2, 0, 1, 2, 4]),
        ];
        for (rise, fall, script, expected) in table {
            let got = run(&mut health(*rise, *fall), script);
            assert_eq!(&got, expected, "rise {rise} fall {fall} {script}");
        }
    }

    #[test]
    fn pace_and_progress_follow_the_counter() {
        let mut h = health(2, 3);
        assert_eq!((pace(&h, false), progress(&h)), (Pace::Transition, (1, 3)));
        run(&mut h, "+");
        assert_eq!((pace(&h, false), progress(&h)), (Pace::Up, (3, 3)));
        run(&mut h, "---");
        assert_eq!((pace(&h, true), progress(&h)), (Pace::Down, (0, 2)));
        run(&mut h, "+");
        assert_eq!((pace(&h, true), progress(&h)), (Pace::Transition, (1, 2)));
        assert_eq!(h.failed, 3);
    }
}
