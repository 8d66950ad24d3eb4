//! A stream counted on a backend.

use std::sync::Arc;

use crate::state;

/// One stream on a backend (`scur`), from the moment the backend is chosen until it is over.
#[derive(Debug)]
pub struct Seat(Arc<state::Proxy>);

impl Seat {
    /// Counts a stream. `date` is the wall clock in seconds, `now_ms` the clock of rates.
    pub fn take(proxy: Arc<state::Proxy>, now_ms: u64) -> Self {
        proxy.back.sessions.inc();
        proxy.back.sessions_total.inc();
        proxy.back.session_rate.add(now_ms, 1);
        Self(proxy)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.back.sessions.dec();
    }
}
