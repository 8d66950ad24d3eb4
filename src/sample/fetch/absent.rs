//! Names that stand for what tidegate does not have yet.
//!
//! They are known by name, so that the error can say what is missing.

use super::*;

/// What a name that is in no table needs, if it is one of HAProxy's.
pub fn missing(name: &str) -> Option<&'static str> {
    let (prefix, rest) = name.split_once('_')?;
    let glitches = matches!(prefix, "sc" | "sc0" | "sc1" | "sc2" | "src")
        && matches!(rest, "glitch_cnt" | "glitch_rate");
    glitches.then_some(GLITCHES)
}

const fn later(
    name: &'static str,
    params: &'static [Param],
    out: Type,
    missing: &'static str,
) -> Fetch {
    entry(name, params, out, Get::Later(missing), missing)
}

const INSIDE: &str =
    "HAProxy's own form of streams and messages in memory, which tidegate does not have";
const ERROR_NAMES: &str = "HAProxy's names of connection errors; their numbers and texts are known";
const GLITCHES: &str = "the counting of protocol glitches, which is not available yet";
const SERVER_SOCKET: &str = "a look at the server's socket, which is not available yet";
const STREAMS: &str = "streams of HTTP/2, which are not available yet";
const USAGE: &str = "a measure of the processor's load, which is not available yet";
const SIDES: &str = "bytes counted on either side, which is not available yet";
const FCGI: &str = "FastCGI, which is not available yet";

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    later("fcgi.docroot", &[], Type::Str, FCGI),
    later("fcgi.index", &[], Type::Str, FCGI),
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
    entry("res.cache_hit", &[], Type::Bool, Get::Server(|_, _| Some(Value::Bool(false))), "whether the response comes from a cache; there is none yet"),
    entry("res.cache_name", &[], Type::Str, Get::Server(|_, _| None), "the cache that the response comes from; there is none yet"),
    later("acl", &[need(Kind::Str)], Type::Bool, "ACLs as values, which are not available yet"),
    later("bc_err_name", &[], Type::Str, ERROR_NAMES),
    later("bc_glitches", &[], Type::Int, GLITCHES),
    later("bc_rtt", &[may(Kind::Str)], Type::Int, SERVER_SOCKET),
    later("bc_rttvar", &[may(Kind::Str)], Type::Int, SERVER_SOCKET),
    later("bc_settings_streams_limit", &[], Type::Int, STREAMS),
    later("bs.aborted", &[], Type::Bool, STREAMS),
    later("bs.debug_str", &[may(Kind::Int)], Type::Str, INSIDE),
    later("bs.id", &[], Type::Int, STREAMS),
    later("bs.rst_code", &[], Type::Int, STREAMS),
    later("cpu_usage_grp", &[], Type::Int, USAGE),
    later("cpu_usage_proc", &[], Type::Int, USAGE),
    later("cpu_usage_thr", &[], Type::Int, USAGE),
    later("dump_all_vars", &[may(Kind::Str), may(Kind::Str), may(Kind::Str)], Type::Str, "the names of variables at run time, which are gone by then"),
    later("fc_err_name", &[], Type::Str, ERROR_NAMES),
    later("fc_glitches", &[], Type::Int, GLITCHES),
    later("fc_saved_syn", &[], Type::Bin, "saved SYN packets (`tcp-ss`), which are not available yet"),
    later("fc_settings_streams_limit", &[], Type::Int, STREAMS),
    later("fs.aborted", &[], Type::Bool, STREAMS),
    later("fs.debug_str", &[may(Kind::Int)], Type::Str, INSIDE),
    later("fs.id", &[], Type::Int, STREAMS),
    later("fs.rst_code", &[], Type::Int, STREAMS),
    later("quic_enabled", &[], Type::Bool, "QUIC, which is not available yet"),
    later("req.bytes_out", &[], Type::Int, SIDES),
    later("res.bytes_in", &[], Type::Int, SIDES),
    later("spoe.engine-id", &[], Type::Str, "SPOE, which is not available yet"),
    later("term_events", &[], Type::Str, INSIDE),
    later("waiting_entity", &[], Type::Str, "a record of the rule that waits, which is not available yet"),
];
