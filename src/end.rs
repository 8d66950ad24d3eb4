//! How a stream ended: HAProxy's two termination letters as types (manual 8.5).
//!
//! A leaf. The engine produces an [`End`]; status codes, counters, retry decisions and log letters
//! are functions of it.

/// First letter: what first caused the stream to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// `-` normal completion on both sides.
    #[default]
    None,
    /// `C` the client aborted.
    Client,
    /// `S` the server aborted or refused.
    Server,
    /// `P` the proxy prematurely ended it: a rule, a limit, a protocol error.
    Proxy,
    /// `L` handled locally (redirect, return, stats).
    Local,
    /// `R` a resource was exhausted.
    Resource,
    /// `I` an internal error.
    Internal,
    /// `D` the server went down and its sessions were killed.
    Down,
    /// `U` the session was killed because an active server came back up.
    Up,
    /// `K` the session was killed by an operator.
    Killed,
    /// `c` the client-side timeout expired.
    ClientTimeout,
    /// `s` the server-side timeout expired.
    ServerTimeout,
}

impl Cause {
    /// The letter in logs.
    pub fn letter(self) -> u8 {
        match self {
            Self::None => b'-',
            Self::Client => b'C',
            Self::Server => b'S',
            Self::Proxy => b'P',
            Self::Local => b'L',
            Self::Resource => b'R',
            Self::Internal => b'I',
            Self::Down => b'D',
            Self::Up => b'U',
            Self::Killed => b'K',
            Self::ClientTimeout => b'c',
            Self::ServerTimeout => b's',
        }
    }
}

/// Second letter: what the stream was doing when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// `-` normal completion.
    #[default]
    None,
    /// `R` waiting for a complete, valid request.
    Request,
    /// `Q` waiting in a queue.
    Queue,
    /// `C` waiting for the connection to the server.
    Connect,
    /// `H` waiting for complete, valid response headers.
    Headers,
    /// `D` in the data phase.
    Data,
    /// `L` sending the last data to the client.
    Last,
    /// `T` tarpitted.
    Tarpit,
}

impl Stage {
    /// The letter in logs.
    pub fn letter(self) -> u8 {
        match self {
            Self::None => b'-',
            Self::Request => b'R',
            Self::Queue => b'Q',
            Self::Connect => b'C',
            Self::Headers => b'H',
            Self::Data => b'D',
            Self::Last => b'L',
            Self::Tarpit => b'T',
        }
    }
}

/// Why and where a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// What caused it.
    pub cause: Cause,
    /// What was going on.
    pub stage: Stage,
}

impl End {
    /// Both letters' values in one call.
    pub const fn new(cause: Cause, stage: Stage) -> Self {
        Self { cause, stage }
    }
}
