//! Names that stand for what tidegate does not have yet.
//!
//! They are known by name, so that the error can say what is missing.

use super::*;

/// What a name that is in no table needs, if it is one of HAProxy's.
pub fn missing(name: &str) -> Option<&'static str> {
    let (prefix, rest) = name.split_once('_')?;
    let glitches = matches!(prefix, "sc" | "sc0" | "sc1" | "sc2" | "src")
        && matches!(rest, "glitch_cnt" | "glitch_rate");
    glitches.then_some("the counting of protocol glitches, which is not available yet")
}

const fn later(
    name: &'static str,
    params: &'static [Param],
    out: Type,
    missing: &'static str,
) -> Fetch {
    entry(name, params, out, Get::Later(missing), missing)
}

const ACCOUNTING: &str = "the accounting of processor time per request, which is not available yet";
const TIMEOUTS: &str = "a view of a proxy's timeouts, which is not available yet";
const INSIDE: &str = "HAProxy's own form of messages in memory, which tidegate does not have";
const CONNECTING: &str = "the error of a server connection, which is not available yet";
const FCGI: &str = "FastCGI, which is not available yet";
const DISTCC: &str = "distcc, which is not available yet";

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    later("bc_err", &[], Type::Int, CONNECTING),
    later("bc_err_str", &[], Type::Str, CONNECTING),
    later("be_server_timeout", &[], Type::Int, TIMEOUTS),
    later("be_tunnel_timeout", &[], Type::Int, TIMEOUTS),
    later("cpu_calls", &[], Type::Int, ACCOUNTING),
    later("cpu_ns_avg", &[], Type::Int, ACCOUNTING),
    later("cpu_ns_tot", &[], Type::Int, ACCOUNTING),
    later("cur_server_timeout", &[], Type::Int, TIMEOUTS),
    later("cur_tunnel_timeout", &[], Type::Int, TIMEOUTS),
    later("distcc_body", &[need(Kind::Str), may(Kind::Int)], Type::Bin, DISTCC),
    later("distcc_param", &[need(Kind::Str), may(Kind::Int)], Type::Int, DISTCC),
    later("fcgi.docroot", &[], Type::Str, FCGI),
    later("fcgi.index", &[], Type::Str, FCGI),
    later("fe_client_timeout", &[], Type::Int, TIMEOUTS),
    later("fe_defbe", &[], Type::Str, "a view of the default backend, which is not available yet"),
    later("internal.htx.data", &[], Type::Int, INSIDE),
    later("internal.htx.free", &[], Type::Int, INSIDE),
    later("internal.htx.free_data", &[], Type::Int, INSIDE),
    later("internal.htx.has_eom", &[], Type::Bool, INSIDE),
    later("internal.htx.nbblks", &[], Type::Int, INSIDE),
    later("internal.htx.size", &[], Type::Int, INSIDE),
    later("internal.htx.used", &[], Type::Int, INSIDE),
    later("internal.htx_blk.data", &[need(Kind::Str)], Type::Bin, INSIDE),
    later("internal.htx_blk.hdrname", &[need(Kind::Str)], Type::Str, INSIDE),
    later("internal.htx_blk.hdrval", &[need(Kind::Str)], Type::Str, INSIDE),
    later("internal.htx_blk.size", &[need(Kind::Str)], Type::Int, INSIDE),
    later("internal.htx_blk.start_line", &[need(Kind::Str)], Type::Str, INSIDE),
    later("internal.htx_blk.type", &[need(Kind::Str)], Type::Str, INSIDE),
    later("lat_ns_avg", &[], Type::Int, ACCOUNTING),
    later("lat_ns_tot", &[], Type::Int, ACCOUNTING),
    entry("res.cache_hit", &[], Type::Bool, Get::Server(|_, _| Some(Value::Bool(false))), "whether the response comes from a cache; there is none yet"),
    entry("res.cache_name", &[], Type::Str, Get::Server(|_, _| None), "the cache that the response comes from; there is none yet"),
];
