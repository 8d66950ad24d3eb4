//! Health checks: the rise/fall machine, admin states, probes and their schedule (manual 5.2, 4.2).
//!
//! `process` starts it on the control thread's runtime; the data plane reports what `observe` is to
//! see; the runtime API and the status page change admin states. Everything that changes a server goes
//! through [`Board`]. Must not know streams, syntax or the configuration's words.

mod board;
mod code;
mod connect;
mod expect;
mod health;
mod http;
mod message;
mod observe;
mod probe;
mod protocol;
mod run;
mod schedule;
mod script;
mod send_state;

pub use board::{Board, By, Hooks, Order, Place, Verdicted, slowstart_seconds};
pub use code::{Code, Finding, Verdict};
pub use health::progress;
pub use observe::Seen;
pub use run::{Checks, run};
pub use script::Script;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests;
