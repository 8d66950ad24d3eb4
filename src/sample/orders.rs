//! What rules ask of the rest of a stream's way: actions note it, the engine follows it.

/// Orders of rules to the engine. `None`: the configuration's own value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orders {
    /// `set-nice`; without it the listener's `nice`.
    pub nice: Option<i32>,
    /// `set-retries` (3.x).
    pub retries: Option<u32>,
    /// `set-bc-mark` and `set-bc-tos` (3.x): the mark and the TOS byte of packets to the server.
    pub packets: (Option<u32>, Option<u8>),
    /// `set-timeout client`, ms.
    pub client_timeout: Option<u64>,
    /// `set-timeout server`, ms.
    pub server_timeout: Option<u64>,
    /// `set-timeout tunnel`, ms.
    pub tunnel_timeout: Option<u64>,
    /// `set-timeout connect`, ms.
    pub connect_timeout: Option<u64>,
    /// `set-timeout queue`, ms.
    pub queue_timeout: Option<u64>,
    /// `set-timeout tarpit`, ms.
    pub tarpit_timeout: Option<u64>,
}
