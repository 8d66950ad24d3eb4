//! HTTP/1, sans-io: bytes in, events out; no clock and no socket (RFC 9112; where it leaves a choice, HAProxy's).
//!
//! `stream` reads into a contiguous buffer and asks [`HeadParser`] for a head, then [`BodyReader`] for the pieces of the body;
//! it writes heads with [`write_head`] and bodies with [`BodyWriter`]. Framing headers are never forwarded as received: the
//! parser turns them into a [`BodyLength`] and the writer makes new ones from it, so that no two readers of one message
//! can disagree about where it ends.
//!
//! Must not know sockets, time, rules or proxies.

mod authority;
mod body;
mod case;
mod chunk;
mod connection;
mod facts;
mod fault;
mod fields;
mod parser;
mod request;
mod response;
#[cfg(test)]
mod tests;
mod write;

pub use body::{BodyLength, BodyReader, BodyWriter, Piece};
pub use case::CaseMap;
pub use chunk::{ChunkDecoder, may_trail};
pub use connection::asks_to_close;
pub use fault::{Cause, Fault};
pub use parser::{HeadParser, Limits, Options};
pub use request::RequestFacts;
pub use response::{Asked, ResponseFacts};
pub use write::{ConnectionOption, Framing, write_head};
