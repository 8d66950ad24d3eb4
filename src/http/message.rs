//! A message: its head and the part of its body that rules may look at.

use super::Head;

/// How much of the body [`Message::body`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BodyState {
    /// Nothing more will come: the message has no body, or all of it is there.
    #[default]
    Complete,
    /// More is to come, or nobody asked for the body to be buffered.
    Partial,
}

/// A request or response as rules see it.
#[derive(Debug, Clone, Default)]
pub struct Message {
    /// The first line and the headers.
    pub head: Head,
    /// The decoded body bytes received so far and kept for rules (`option http-buffer-request`, `wait-for-body`), without
    /// chunk framing. Limited by `tune.bufsize`.
    pub body: Vec<u8>,
    /// Whether `body` is all of it.
    pub body_state: BodyState,
    /// The body's announced length, where one was announced. (The `req.body_size` fetch.)
    pub body_len: Option<u64>,
}

impl Message {
    /// Empties the message and keeps its memory.
    pub fn clear(&mut self) {
        self.head.clear();
        self.body.clear();
        self.body_state = BodyState::Complete;
        self.body_len = None;
    }
}
