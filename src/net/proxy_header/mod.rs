//! The PROXY protocol: who the client is, said by a proxy in front of us, or by us to a server
//! (HAProxy's `proxy-protocol.txt`). Version 1 is a line of text, version 2 is binary. And NetScaler's way of saying
//! the same (`netscaler-client-ip-insertion-protocol.txt`).
//!
//! Strict: whatever does not follow the protocol to the letter closes the connection, since the header
//! decides who a client is believed to be. Sans-io: bytes in, an answer out.

mod netscaler;
mod read;
mod write;

use std::net::SocketAddr;

pub use netscaler::parse as parse_netscaler;
pub use read::{LONGEST, USUAL, entries, parse};
pub use write::{Entries, Tls, version_1, version_2};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Fixed part of version 2.
const FIXED: usize = 16;

/// The protocol that TLS agreed on with the client (`PP2_TYPE_ALPN`).
const ALPN: u8 = 0x01;
/// The authority that the client asked for (`PP2_TYPE_AUTHORITY`).
const AUTHORITY: u8 = 0x02;
/// The header's checksum (`PP2_TYPE_CRC32C`).
const CRC32C: u8 = 0x03;
/// The id that the proxy before us gave the connection (`PP2_TYPE_UNIQUE_ID`).
const UNIQUE_ID: u8 = 0x05;
/// What is known of the client's TLS (`PP2_TYPE_SSL`).
const SSL: u8 = 0x20;

/// The two ends of the connection that the header speaks of, where it names them.
pub type Ends = Option<(SocketAddr, SocketAddr)>;

/// What has been received so far comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// More bytes are needed.
    More,
    /// A header of this many bytes; no ends for `UNKNOWN` and `LOCAL`: those of the connection count.
    Header(usize, Ends),
    /// No header.
    Bad,
}
