//! Answers the proxy gives itself: HAProxy's built-in error messages and those read from errorfiles.
//!
//! The words are those that HAProxy 2.6 sends, byte for byte; scripts and monitors look for them.

mod builtin;
mod errorfile;

pub use builtin::{CODES, builtin, reason};
pub use errorfile::{ErrorFileFault, parse_errorfile};

use super::{Head, Version};

/// An answer ready to be sent. It is built at load time and copied into the response when used.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Its status line and headers, `content-length` among them where it has one.
    pub head: Head,
    /// Its body.
    pub body: Vec<u8>,
    /// Nothing at all is sent and the connection is closed: what an empty errorfile means.
    pub silent: bool,
}

impl Reply {
    /// An answer with the usual reason for its status, `content-length` and, if the type is not empty, `content-type`: what
    /// `http-request return` builds.
    pub fn new(status: u16, content_type: &[u8], body: &[u8]) -> Self {
        let mut head = Head::response(Version::HTTP_11, status, reason(status));
        head.add(b"content-length", body.len().to_string().as_bytes());
        if !content_type.is_empty() {
            head.add(b"content-type", content_type);
        }
        Self {
            head,
            body: body.to_vec(),
            silent: false,
        }
    }

    /// The answer's status code.
    pub fn status(&self) -> u16 {
        self.head.status()
    }
}
