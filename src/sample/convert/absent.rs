//! Converters that HAProxy has and tidegate will have: known by name, so that the error says what is
//! missing.

use super::*;

const TABLES: &str = "stick tables, which are not available yet";
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
    later("in_table", Type::Any, Type::Bool, TABLES),
];

/// What a name that is in no table needs, if it is one of HAProxy's.
pub fn missing(name: &str) -> Option<&'static str> {
    let counter = name.strip_prefix("table_")?;
    COUNTERS.contains(&counter).then_some(TABLES)
}

/// What is kept per key of a stick table (manual 7.3.1, `table_*`).
const COUNTERS: &[&str] = &[
    "bytes_in_rate",
    "bytes_out_rate",
    "conn_cnt",
    "conn_cur",
    "conn_rate",
    "expire",
    "gpc",
    "gpc0",
    "gpc0_rate",
    "gpc1",
    "gpc1_rate",
    "gpc_rate",
    "gpt",
    "gpt0",
    "http_err_cnt",
    "http_err_rate",
    "http_fail_cnt",
    "http_fail_rate",
    "http_req_cnt",
    "http_req_rate",
    "idle",
    "kbytes_in",
    "kbytes_out",
    "server_id",
    "sess_cnt",
    "sess_rate",
    "trackers",
];
