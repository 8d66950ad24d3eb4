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
mod program;
mod sink;

use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering::SeqCst};
use std::time::{Duration, Instant};

pub use client::{Client, Response, get};
pub use origin::Origin;
pub use program::{Finished, Program, Who, both, run_to_end};
pub use sink::LogSink;

/// The longest anything is waited for; far more than a loaded machine needs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A free port on the loopback, never given twice.
///
/// Not one that the system may give to somebody else meanwhile (an origin, a connection), so not from
/// its range of ephemeral ports; and each test process begins at another place.
pub fn free_port() -> u16 {
    static NEXT: OnceLock<AtomicU16> = OnceLock::new();
    const FIRST: u16 = 10_240;
    const COUNT: u16 = 22_000;
    let start = || AtomicU16::new((std::process::id().wrapping_mul(131) % u32::from(COUNT)) as u16);
    let next = NEXT.get_or_init(start);
    (0..COUNT)
        .map(|_| FIRST + next.fetch_add(1, SeqCst) % COUNT)
        .find(|port| TcpListener::bind(local(*port)).is_ok())
        .expect("the loopback has a free port")
}

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
