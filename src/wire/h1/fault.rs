//! What can be wrong with a message.

use thiserror::Error;

/// A malformed message: what is wrong and where (the byte that `show errors` marks).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{cause} at byte {at}")]
pub struct Fault {
    /// What is wrong.
    pub cause: Cause,
    /// Offset of the offending byte in the buffer given to the parser.
    pub at: usize,
}

impl Fault {
    pub(super) fn new(cause: Cause, at: usize) -> Self {
        Self { cause, at }
    }
}

/// What is wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Cause {
    /// The method is no token.
    #[error("invalid method")]
    Method,
    /// The target has a byte that may not stand there, or a form its method does not allow.
    #[error("invalid request target")]
    Target,
    /// The version is not `HTTP/` digit `.` digit, or the line goes on after it.
    #[error("invalid protocol version")]
    Version,
    /// The status is not three digits of 100 or more.
    #[error("invalid status code")]
    Status,
    /// The reason phrase has a byte that may not stand there.
    #[error("invalid reason phrase")]
    Reason,
    /// A CR that no LF follows.
    #[error("carriage return without line feed")]
    BareCr,
    /// A header line starts with its colon.
    #[error("empty header name")]
    EmptyName,
    /// A header name has a byte that may not stand there, or no colon follows it.
    #[error("invalid header name")]
    Name,
    /// A header value has a NUL or a CR.
    #[error("invalid header value")]
    Value,
    /// More header lines than `tune.http.maxhdr` allows.
    #[error("too many headers")]
    TooManyHeaders,
    /// The head or the trailer section does not fit the buffer (`tune.bufsize`).
    #[error("message head too large")]
    TooLarge,
    /// `Content-Length` is no number, too large, or given twice with different values.
    #[error("invalid content-length")]
    ContentLength,
    /// `Transfer-Encoding` is given twice, or does not end with `chunked`.
    #[error("invalid transfer-encoding")]
    TransferEncoding,
    /// `Transfer-Encoding` names another coding before `chunked`.
    #[error("unsupported transfer coding")]
    TransferCoding,
    /// `Transfer-Encoding` in an HTTP/1.0 request: there is no telling how others would read it.
    #[error("transfer-encoding in an HTTP/1.0 request")]
    TransferEncodingIn10,
    /// A body in an HTTP/1.0 request whose method has none as a rule: its receiver may take the body
    /// for the next request.
    #[error("payload in an HTTP/1.0 request that should have none")]
    PayloadIn10,
    /// Different `Host` lines, or one with bytes that no host has.
    #[error("invalid host")]
    Host,
    /// The target's authority is malformed or is not the one in `Host`.
    #[error("authority does not match host")]
    Authority,
    /// A chunk's size line is malformed.
    #[error("invalid chunk size")]
    ChunkSize,
    /// A chunk does not end with CRLF.
    #[error("invalid chunk end")]
    ChunkEnd,
    /// A response switches protocols though nobody asked it to.
    #[error("unexpected protocol switch")]
    Switch,
    /// A WebSocket handshake without its key, or an agreement to one without its proof (RFC 6455 4.1): one of the two peers
    /// does not speak WebSocket, and what follows would be bytes that the other end may choose.
    #[error("incomplete WebSocket handshake")]
    WebSocket,
}

impl Cause {
    /// The status of the answer to a request with this fault. (A faulty response always makes a 502.)
    pub fn status(self) -> u16 {
        match self {
            Self::TransferEncodingIn10 | Self::PayloadIn10 => 413,
            Self::TransferCoding => 422,
            _ => 400,
        }
    }
}
