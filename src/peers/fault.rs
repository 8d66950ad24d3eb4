//! Why what a partner sends ends the session.

/// What was wrong with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A number of more than 64 bits.
    #[error("a number of more than 64 bits")]
    Number,
    /// A message that does not fit the buffer.
    #[error("a message of {0} bytes, more than tune.bufsize lets in")]
    Size(u64),
    /// A message that ends before all of it was said.
    #[error("{0} that is cut short")]
    Short(&'static str),
    /// A key that is longer than the table's definition says.
    #[error("a key of {0} bytes, longer than its table's keys")]
    Key(u64),
    /// A name that was to be remembered under a number that there is not.
    #[error("a name with the number {0}, where there are 128")]
    Name(u64),
    /// More tables than anybody has.
    #[error("definitions of more than 1024 tables")]
    Tables,
}

impl Fault {
    /// The message that tells the partner.
    pub(super) fn message(self) -> [u8; 2] {
        match self {
            Self::Size(_) => [1, 1],
            _ => [1, 0],
        }
    }
}
