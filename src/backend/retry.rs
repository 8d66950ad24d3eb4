//! What to do after a failed attempt (manual 4.2 `retries`, `option redispatch`, `retry-on`).

use std::time::Duration;

use super::Ask;
use crate::plan::{Proxy, Server};
use crate::sample::Transaction;
use crate::settings::RetryOn;
use crate::state::Operational;

/// The next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// None: the attempts are used up.
    GiveUp,
    /// The same server, after this long.
    Same(Duration),
    /// Another one if there is one, at once.
    Another,
}

/// What decides, of the backend.
#[derive(Debug, Clone, Copy)]
struct Policy {
    /// `retries`.
    most: u32,
    /// `option redispatch`: every N-th attempt, or the N-th from the end (negative).
    redispatch: Option<i32>,
    /// The request belongs to no server (none was named, its algorithm is no hash), and there are others.
    any_will_do: bool,
    /// The longest wait before the same server is tried again.
    pause: Duration,
}

/// What comes after a connection to `server` failed, after the retries used so far. `at_once`: the
/// failure took its time (a timeout), so that no pause is due.
pub(super) fn after_connect(ask: &Ask<'_>, server: &Server, at_once: bool) -> Next {
    let (policy, used) = (policy(ask), ask.attempts.used);
    let allowed = ask
        .backend
        .settings
        .retry_on
        .contains(RetryOn::CONN_FAILURE);
    if !allowed || used >= policy.most {
        return Next::GiveUp;
    }
    policy.next(used + 1, is_down(server), at_once)
}

/// Whether the attempt after a failed exchange, which is a retry, may go to another server.
pub(super) fn leaves(ask: &Ask<'_>, server: &Server) -> bool {
    let used = ask.attempts.used;
    used > 0 && policy(ask).next(used, is_down(server), true) == Next::Another
}

fn policy(ask: &Ask<'_>) -> Policy {
    let backend = ask.backend;
    let settings = &backend.settings;
    let second = Duration::from_secs(1);
    let connect = settings.timeouts.connect.map(Duration::from_millis);
    Policy {
        most: most(ask.txn, backend),
        redispatch: settings.redispatch.filter(|_| !ask.txn.persistence.forced),
        any_will_do: !ask.txn.persistence.direct
            && !backend.balance.algorithm.hashes()
            && backend.balancer.serving() > 1,
        pause: connect.map_or(second, |connect| connect.min(second)),
    }
}

/// The retries that a request has.
pub fn most(txn: &Transaction, backend: &Proxy) -> u32 {
    txn.orders.retries.or(backend.settings.retries).unwrap_or(3)
}

fn is_down(server: &Server) -> bool {
    let state = &server.state;
    state.admin().maint()
        || matches!(
            state.operational(),
            Operational::Stopped | Operational::Starting
        )
}

impl Policy {
    /// What the `number`-th retry does.
    fn next(self, number: u32, down: bool, at_once: bool) -> Next {
        let (number, most) = (i64::from(number), i64::from(self.most));
        let due = |redispatch: i32| match i64::from(redispatch) {
            0 => false,
            every @ 1.. => number % every == 0,
            from_end => match most + 1 + from_end {
                0 => false,
                every => number % every == 0,
            },
        };
        match self.redispatch {
            Some(redispatch) if down || due(redispatch) || self.any_will_do => Next::Another,
            _ if at_once => Next::Same(Duration::ZERO),
            _ => Next::Same(self.pause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As HAProxy 2.6 answers with `retries 4`, `hash-type consistent` and a server that refuses: `%rc`.
    #[test]
    fn redispatch_comes_when_the_option_says() {
        let policy = |redispatch| Policy {
            most: 4,
            redispatch,
            any_will_do: false,
            pause: Duration::from_secs(1),
        };
        for (redispatch, first) in [
            (None, None),
            (Some(0), None),
            (Some(-1), Some(4)),
            (Some(-2), Some(3)),
            (Some(-3), Some(2)),
            (Some(-4), Some(1)),
            (Some(-5), None),
            (Some(1), Some(1)),
            (Some(2), Some(2)),
            (Some(3), Some(3)),
        ] {
            let leaves =
                |&number: &u32| policy(redispatch).next(number, false, false) == Next::Another;
            assert_eq!((1..=4).find(leaves), first, "{redispatch:?}");
        }
    }

    #[test]
    fn only_a_refusal_by_the_only_choice_makes_a_pause() {
        let policy = |any_will_do, redispatch| Policy {
            most: 3,
            redispatch,
            any_will_do,
            pause: Duration::from_millis(300),
        };
        let at_once = Next::Same(Duration::ZERO);
        let pause = Next::Same(Duration::from_millis(300));
        assert_eq!(policy(false, None).next(1, false, false), pause);
        assert_eq!(policy(false, None).next(1, false, true), at_once);
        assert_eq!(policy(true, Some(-1)).next(1, false, false), Next::Another);
        assert_eq!(policy(false, Some(-1)).next(1, true, false), Next::Another);
    }
}
