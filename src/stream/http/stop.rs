//! Why an exchange does not go its usual way to the end, and what the client is told.

use crate::end::{Cause, End, Stage};
use crate::http::Reply;
use crate::net::Cut;

/// How an exchange stops short.
#[derive(Debug)]
pub(super) enum Stop {
    /// The proxy's error reply of this status.
    Error(u16, End),
    /// A message that could not even be parsed: as `Error`, but no rule sees the answer.
    Unparsed(u16, End),
    /// An answer made by a rule. The status it is logged with is its own.
    Reply(Box<Reply>, End),
    /// As `Reply`, logged with this status whatever the page says.
    Page(Box<Reply>, u16, End),
    /// No answer; the connection is closed.
    Close(End),
    /// No answer, and the client is not to notice: unless by a reset that so many routers pass on.
    Vanish(Option<u8>, End),
    /// No answer; the stream is reset, if it is one among others.
    Cut(Cut, End),
    /// The client speaks HTTP/2.
    Multiplex,
    /// The monitor's answer of this status, which is not logged.
    Monitor(u16),
}

impl Stop {
    pub fn error(status: u16, cause: Cause, stage: Stage) -> Self {
        Self::Error(status, End::new(cause, stage))
    }

    pub fn close(cause: Cause, stage: Stage) -> Self {
        Self::Close(End::new(cause, stage))
    }

    pub fn end(&self) -> End {
        match self {
            Self::Error(_, end)
            | Self::Unparsed(_, end)
            | Self::Reply(_, end)
            | Self::Page(_, _, end)
            | Self::Close(end)
            | Self::Vanish(_, end)
            | Self::Cut(_, end) => *end,
            Self::Monitor(_) | Self::Multiplex => End::new(Cause::Local, Stage::Request),
        }
    }
}
