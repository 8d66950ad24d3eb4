//! OCSP: what an authority says today of a certificate (RFC 6960; manual 5.1 `crt`, management guide 9.3 `set ssl
//! ocsp-response`).
//!
//! A [`Response`] is read and held against the [`Id`] of the certificate that it is to be stapled to; a response from the network
//! is [verified](Response::verified) besides. Who asks for responses, and when, is not known here.

mod id;
mod request;
mod response;
mod staple;
mod text;
mod verify;

pub use id::Id;
pub(super) use id::has_issued;
pub use request::{request, responder};
pub use response::{Response, Unusable};
pub use staple::Staple;
pub use text::text;
pub use verify::Unverified;

/// How far clocks may be apart, seconds (HAProxy's OCSP_MAX_RESPONSE_TIME_SKEW).
pub const SKEW: u64 = 300;
