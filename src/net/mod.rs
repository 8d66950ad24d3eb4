//! Sockets: streams, listeners, connecting, the PROXY protocol, timers and buffers.
//!
//! `worker`, `backend` and `stream` call it. It must not know the language, the configuration's words
//! or what the bytes mean.

mod alarm;
mod buffer;
pub mod channel;
pub mod connect;
pub mod fd;
mod handshake;
pub mod listen;
pub mod pipe;
pub mod proxy_header;
mod resolve;
mod secure;
mod socket;
mod stream;

pub use alarm::{Alarm, Expired, Summons};
pub use buffer::{Buffer, BufferPool};
pub use channel::{Channel, Cut};
pub use handshake::Unsecured;
pub use listen::Listener;
pub use resolve::resolve;
pub use secure::Secure;
pub use stream::Stream;
