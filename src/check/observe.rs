//! `observe`: what real traffic says of a server (manual 5.2 `observe`, `error-limit`, `on-error`).
//!
//! Called by the data plane for every connection and response, so the good case is one relaxed load.

use std::sync::atomic::Ordering::Relaxed;

use crate::plan;
use crate::settings::Observe;

/// What the data plane saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A connection was made.
    Connected,
    /// A connection could not be made.
    ConnectFailed,
    /// A good response.
    GoodResponse,
    /// A response with a bad status: below 100, or 500 and above but 501 and 505.
    BadStatus,
    /// Something that is no response.
    BadResponse,
    /// The connection ended before a whole response head.
    BrokenResponse,
    /// No response in time.
    ResponseTimeout,
}

impl Seen {
    /// What this status says.
    pub fn status(status: u16) -> Self {
        match status {
            100..=499 | 501 | 505 => Self::GoodResponse,
            _ => Self::BadStatus,
        }
    }

    /// Whether it counts as an error for this kind of observation; `None`: it says nothing.
    fn failed(self, observe: Observe) -> Option<bool> {
        match (observe, self) {
            (Observe::None, _) => None,
            (_, Self::ConnectFailed) => Some(true),
            (Observe::Layer4, Self::Connected) => Some(false),
            (Observe::Layer4, _) => None,
            (Observe::Layer7, Self::Connected) => None,
            (Observe::Layer7, Self::GoodResponse) => Some(false),
            (Observe::Layer7, _) => Some(true),
        }
    }

    /// HAProxy's words.
    fn text(self) -> &'static str {
        match self {
            Self::Connected => "L4 successful connection",
            Self::ConnectFailed => "L4 unsuccessful connection",
            Self::GoodResponse => "Correct http response",
            Self::BadStatus => "Wrong http response",
            Self::BadResponse => "Invalid http response (headers)",
            Self::BrokenResponse => "Broken pipe / connection reset by server",
            Self::ResponseTimeout => "Http response timeout",
        }
    }
}

/// Errors in a row that `error-limit` allows where it is not set.
const ERROR_LIMIT: u32 = 10;

/// What to tell [`super::Board::observed`] after enough errors in a row: the limit, and the words of
/// the last error.
pub fn observe(server: &plan::Server, seen: Seen) -> Option<(u32, &'static str)> {
    let check = &server.settings.check;
    let errors = &server.state.observed_errors;
    if !seen.failed(check.observe)? {
        if errors.load(Relaxed) != 0 {
            errors.store(0, Relaxed);
        }
        return None;
    }
    let limit = check.error_limit.unwrap_or(ERROR_LIMIT).max(1);
    if errors.fetch_add(1, Relaxed) + 1 < limit {
        return None;
    }
    errors.store(0, Relaxed);
    Some((limit, seen.text()))
}
