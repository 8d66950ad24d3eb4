//! What stands between a body's reader and its writer: compression.
//!
//! `stream` chooses and feeds it, sans-io: bytes in, bytes out. Must not know connections, framing or the
//! configuration's words.

mod choose;
mod compress;

pub use choose::{choose, wants, weaken};
pub use compress::Compressor;
