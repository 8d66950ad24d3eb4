//! Converters that HAProxy has and tidegate will have: known by name, so that the error says what is
//! missing.

use super::*;

const ENCRYPTED: &str = "encrypted web tokens, which are not available yet";

const fn later(name: &'static str, takes: Type, out: Type, missing: &'static str) -> Converter {
    entry(name, ANY, out, Convert::Later(takes, missing), missing)
}

/// Whatever arguments there are, the name is what is refused.
const ANY: &[Param] = &[
    may(Kind::Str),
    may(Kind::Str),
    may(Kind::Str),
    may(Kind::Str),
];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    later("debug", Type::Any, Type::Any, "event sinks, which are not available yet"),
    later("has_ctl", Type::Bin, Type::Bool, "what counts as a control character, which is not settled yet"),
    later("ip.fp", Type::Bin, Type::Bin, "the fingerprint's layout, which is not settled yet"),
    later("jwt_decrypt_cert", Type::Bin, Type::Bin, ENCRYPTED),
    later("jwt_decrypt_jwk", Type::Bin, Type::Bin, ENCRYPTED),
    later("jwt_decrypt_secret", Type::Bin, Type::Bin, ENCRYPTED),
];

/// What a name that is in no table needs, if it is one of HAProxy's.
pub fn missing(name: &str) -> Option<&'static str> {
    matches!(name, "table_glitch_cnt" | "table_glitch_rate").then_some(GLITCHES)
}

const GLITCHES: &str = "the counting of protocol glitches, which is not available yet";
