//! HTTP/2 (RFC 9113): heads converted both ways, streams of a connection as channels, connections driven.
//!
//! The `h2` crate does frames, HPACK, windows and stream states; nothing else knows it. Here its streams become
//! [`crate::net::Channel`]s ([`Lane`]), so that the engine moves their bytes like a socket's, and its heads become
//! [`crate::http::Head`]s: [`request`], [`response`] and [`fields`] are pure functions.
//!
//! What lies between the crate and the socket is [`Carrier`]: writes of many streams are gathered there and leave together.
//!
//! Must not know rules, proxies or settings.

mod carrier;
pub mod client;
pub mod fields;
mod frames;
mod lane;
pub mod probe;
pub mod request;
pub mod response;
mod server;
mod terms;
#[cfg(test)]
mod tests;
pub mod websocket;

pub use carrier::{Carrier, Io, Verdict};
pub use client::{Inquiry, Unanswered, Upstream};
pub use fields::Malformed;
pub use frames::{Counts, Ending};
pub use lane::Lane;
pub use server::{Arrived, Event, PREFACE, Server};
pub use terms::Terms;
