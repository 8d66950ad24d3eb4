//! What of a request is hashed: one file per `balance` word, each a pure function from bytes.
//!
//! They know nothing of messages; the caller hands the target, the header's value, the payload.

pub mod hdr;
pub mod rdp_cookie;
pub mod source;
pub mod uri;
pub mod url_param;
