//! What either side of a connection is told.

/// What we announce and keep to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// A stream's window, bytes.
    pub window: u32,
    /// The connection's window, bytes: what may wait of all streams together.
    pub connection_window: u32,
    /// Streams at once that the peer may open.
    pub streams: u32,
    /// The largest frame.
    pub frame: u32,
    /// What HPACK remembers, bytes.
    pub header_table: Option<u32>,
    /// The most that a head may be, bytes.
    pub head: u32,
    /// Streams broken by the peer's faults before the connection is closed.
    pub glitches: Option<u32>,
    /// Whether clients are offered extended CONNECT (RFC 8441).
    pub extended_connect: bool,
}
