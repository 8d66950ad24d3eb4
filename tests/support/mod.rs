//! What scenario tests are made of: proxies on generated configurations, origins, clients, log sinks.
//!
//! Everything listens on free ports of the loopback and ends when it is dropped. A scenario should
//! fit one screen: the configuration, the origin, the client, what must happen and what must not.
//! Waiting has a generous end and no other role: nothing here measures time.
#![allow(dead_code, unused_imports, reason = "each test binary uses some of it")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness may end a test"
)]

mod client;
mod origin;
mod ports;
mod program;
mod sink;
pub mod tls;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

pub use client::{Client, Response, get};
pub use origin::Origin;
pub use ports::{free_port, listens};
pub use program::{Finished, Program, Who, both, run_to_end};
pub use sink::LogSink;

/// The longest anything is waited for; far more than a loaded machine needs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The loopback address with this port.
pub fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Asks until there is an answer, or panics with what was waited for.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
