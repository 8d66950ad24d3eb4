//! One bind address, as it counts.

use super::counter::{Counter, Gauge};

/// The living half of a `bind` address.
#[derive(Debug, Default)]
pub struct Listener {
    /// Its `name`, if it has one.
    pub name: Option<String>,
    /// Connections now.
    pub conns: Gauge,
    /// Connections accepted.
    pub total: Counter,
    /// Bytes from clients.
    pub bytes_in: Counter,
    /// Bytes to clients.
    pub bytes_out: Counter,
    /// Requests denied.
    pub denied_requests: Counter,
    /// Responses denied.
    pub denied_responses: Counter,
    /// Request errors.
    pub request_errors: Counter,
    /// Connections denied by `tcp-request connection`.
    pub denied_conns: Counter,
    /// Sessions denied by `tcp-request session`.
    pub denied_sessions: Counter,
}

impl Listener {
    /// A listener that has seen nothing.
    pub fn new(name: Option<&str>) -> Self {
        Self {
            name: name.map(str::to_owned),
            ..Self::default()
        }
    }
}
