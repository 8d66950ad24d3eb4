//! The version of a message.

/// The protocol version a message was received with, as its two digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// The digit before the dot.
    pub major: u8,
    /// The digit after the dot.
    pub minor: u8,
}

impl Version {
    /// HTTP/1.0 (RFC 1945).
    pub const HTTP_10: Self = Self { major: 1, minor: 0 };
    /// HTTP/1.1 (RFC 9112).
    pub const HTTP_11: Self = Self { major: 1, minor: 1 };

    /// The version as it stands after `HTTP/`, e.g. `1.1`: what the `req.ver` fetch answers.
    pub fn digits(self) -> [u8; 3] {
        [b'0' + self.major % 10, b'.', b'0' + self.minor % 10]
    }

    /// Whether messages of this version stay on their connection unless they say otherwise (RFC 9112 9.3).
    pub fn keeps_alive(self) -> bool {
        self >= Self::HTTP_11
    }
}

impl Default for Version {
    fn default() -> Self {
        Self::HTTP_11
    }
}
