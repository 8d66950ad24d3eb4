//! From a chosen backend to a connected server: persistence, `use-server`, balance, queue, pool,
//! connect, retry (manual 1.5, 4.2 `balance`, `http-reuse`, `retries`, `option redispatch`).
//!
//! The stream engines call [`obtain`] and hold the [`Lease`] while they talk to the server. A lease is a
//! connection of its own, or a [`Course`]: one stream of a [`Trunk`], which carries many. Must not know
//! what is said on either, only which version of HTTP it is said in.

mod choose;
mod connect;
mod handshake;
mod introduce;
mod key;
mod lease;
mod obtain;
mod own;
pub mod persist;
mod place;
mod queue;
mod retry;
mod seat;
mod speech;
mod stick;
mod trunk;

pub use handshake::handshake_facts;
pub use lease::Lease;
pub use obtain::{Ask, Attempts, Failure, obtain};
pub use own::{Link, Nature, Own, Spoken};
pub use queue::server_changed;
pub use retry::most as most_retries;
pub use seat::Seat;
pub use stick::store;
pub use trunk::{Claim, Course, Trunk, Trunks};
