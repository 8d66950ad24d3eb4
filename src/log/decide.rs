//! Whether a stream is logged, and how severe that is (manual 8.1, 8.4, 4.2 `option dontlognull`,
//! `dontlog-normal`, `log-separate-errors`; `http-request set-log-level`).

use super::{ERR, INFO};

/// What a proxy's options say about logging.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// `option dontlognull`
    pub dontlognull: bool,
    /// `option dontlog-normal`
    pub dontlog_normal: bool,
    /// `option log-separate-errors`
    pub separate_errors: bool,
}

/// How a stream went, as far as logging cares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// No request came: the connection was opened and closed, or never sent a byte.
    pub null: bool,
    /// It ended otherwise than normally: the first termination letter is not `-`.
    pub abnormal: bool,
    /// It was handled by the proxy itself (first letter `L`), which is no failure.
    pub local: bool,
    /// The status sent, where there is one.
    pub status: Option<u16>,
    /// It was retried or redispatched.
    pub retried: bool,
    /// A level that a rule has set: `Some(None)` is `silent`.
    pub forced: Option<Option<u8>>,
}

impl Policy {
    /// The level of the line about one stream; `None`: no line.
    pub fn level(self, outcome: Outcome) -> Option<u8> {
        if outcome.null && self.dontlognull {
            return None;
        }
        let failed = (outcome.abnormal && !outcome.local)
            || outcome.retried
            || outcome.status.is_some_and(|status| status >= 500);
        if self.dontlog_normal && !failed {
            return None;
        }
        match outcome.forced {
            Some(level) => level,
            None if failed && self.separate_errors => Some(ERR),
            None => Some(INFO),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_outcomes_give_levels() {
        let plain = Policy::default();
        let sparing = Policy {
            dontlognull: true,
            dontlog_normal: true,
            separate_errors: false,
        };
        let parting = Policy {
            separate_errors: true,
            ..plain
        };
        let fine = Outcome {
            status: Some(200),
            ..Outcome::default()
        };
        let null = Outcome {
            null: true,
            abnormal: true,
            ..Outcome::default()
        };
        let failed = Outcome {
            abnormal: true,
            ..fine
        };
        let local = Outcome {
            local: true,
            ..failed
        };
        let server_error = Outcome {
            status: Some(500),
            ..fine
        };
        let not_found = Outcome {
            status: Some(404),
            ..fine
        };
        let retried = Outcome {
            retried: true,
            ..fine
        };
        let with = |forced, outcome| Outcome {
            forced: Some(forced),
            ..outcome
        };
        for (policy, outcome, level) in [
            (plain, fine, Some(INFO)),
            (plain, failed, Some(INFO)),
            (plain, null, Some(INFO)),
            (sparing, fine, None),
            (sparing, not_found, None),
            (sparing, local, None),
            (sparing, null, None),
            (sparing, failed, Some(INFO)),
            (sparing, server_error, Some(INFO)),
            (sparing, retried, Some(INFO)),
            (parting, fine, Some(INFO)),
            (parting, local, Some(INFO)),
            (parting, not_found, Some(INFO)),
            (parting, failed, Some(ERR)),
            (parting, server_error, Some(ERR)),
            (parting, retried, Some(ERR)),
            (plain, with(None, failed), None),
            (plain, with(Some(1), fine), Some(1)),
            (parting, with(Some(7), failed), Some(7)),
            (sparing, with(Some(1), fine), None),
        ] {
            assert_eq!(policy.level(outcome), level, "{policy:?} {outcome:?}");
        }
    }
}
