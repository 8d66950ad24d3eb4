//! Names that stand for what tidegate does not have yet.
//!
//! Those of a TLS connection have a true answer all the same: no connection is one, so `ssl_fc` is false and
//! the rest gives no sample. Others are known by name, so that the error can say what is missing.

use super::*;

/// What a name that is in no table needs, if it is one of HAProxy's.
pub fn missing(name: &str) -> Option<&'static str> {
    let (prefix, rest) = name.split_once('_')?;
    let glitches = matches!(prefix, "sc" | "sc0" | "sc1" | "sc2" | "src")
        && matches!(rest, "glitch_cnt" | "glitch_rate");
    glitches.then_some("the counting of protocol glitches, which is not available yet")
}

const fn none(name: &'static str, params: &'static [Param], out: Type) -> Fetch {
    entry(
        name,
        params,
        out,
        Get::Handshake(|_, _| None),
        "of the client's TLS connection; none is one yet",
    )
}

const fn none_behind(name: &'static str, params: &'static [Param], out: Type) -> Fetch {
    entry(
        name,
        params,
        out,
        Get::ServerSide(|_, _| None),
        "of the server's TLS connection; none is one yet",
    )
}

const fn later(
    name: &'static str,
    params: &'static [Param],
    out: Type,
    missing: &'static str,
) -> Fetch {
    entry(name, params, out, Get::Later(missing), missing)
}

const DN: &[Param] = &[
    may(Kind::Str),
    may(Kind::Int),
    may(Kind::ChoiceOrNone(&["rfc2253"])),
];
const FILTER: &[Param] = &[may(Kind::Int)];
const ACCOUNTING: &str = "the accounting of processor time per request, which is not available yet";
const TIMEOUTS: &str = "a view of a proxy's timeouts, which is not available yet";
const INSIDE: &str = "HAProxy's own form of messages in memory, which tidegate does not have";
const CONNECTING: &str = "the error of a server connection, which is not available yet";
const FCGI: &str = "FastCGI, which is not available yet";
const DISTCC: &str = "distcc, which is not available yet";

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("ssl_bc", &[], Type::Bool, Get::ServerSide(|_, _| Some(Value::Bool(false))), "whether the server's connection is TLS; none is one yet"),
    none_behind("ssl_bc_alg_keysize", &[], Type::Int),
    none_behind("ssl_bc_alpn", &[], Type::Str),
    none_behind("ssl_bc_cipher", &[], Type::Str),
    none_behind("ssl_bc_client_random", &[], Type::Bin),
    none_behind("ssl_bc_err", &[], Type::Int),
    none_behind("ssl_bc_err_str", &[], Type::Str),
    entry("ssl_bc_is_resumed", &[], Type::Bool, Get::ServerSide(|_, _| Some(Value::Bool(false))), "of the server's TLS connection; none is one yet"),
    none_behind("ssl_bc_npn", &[], Type::Str),
    none_behind("ssl_bc_protocol", &[], Type::Str),
    none_behind("ssl_bc_server_random", &[], Type::Bin),
    none_behind("ssl_bc_session_id", &[], Type::Bin),
    none_behind("ssl_bc_session_key", &[], Type::Bin),
    none_behind("ssl_bc_unique_id", &[], Type::Bin),
    none_behind("ssl_bc_use_keysize", &[], Type::Int),
    none("ssl_c_ca_err", &[], Type::Int),
    none("ssl_c_ca_err_depth", &[], Type::Int),
    none("ssl_c_chain_der", &[], Type::Bin),
    none("ssl_c_der", &[], Type::Bin),
    none("ssl_c_err", &[], Type::Int),
    none("ssl_c_i_dn", DN, Type::Str),
    none("ssl_c_key_alg", &[], Type::Str),
    none("ssl_c_notafter", &[], Type::Str),
    none("ssl_c_notbefore", &[], Type::Str),
    none("ssl_c_s_dn", DN, Type::Str),
    none("ssl_c_serial", &[], Type::Bin),
    none("ssl_c_sha1", &[], Type::Bin),
    none("ssl_c_sig_alg", &[], Type::Str),
    none("ssl_c_used", &[], Type::Bool),
    none("ssl_c_verify", &[], Type::Int),
    none("ssl_c_version", &[], Type::Int),
    none("ssl_f_der", &[], Type::Bin),
    none("ssl_f_i_dn", DN, Type::Str),
    none("ssl_f_key_alg", &[], Type::Str),
    none("ssl_f_notafter", &[], Type::Str),
    none("ssl_f_notbefore", &[], Type::Str),
    none("ssl_f_s_dn", DN, Type::Str),
    none("ssl_f_serial", &[], Type::Bin),
    none("ssl_f_sha1", &[], Type::Bin),
    none("ssl_f_sig_alg", &[], Type::Str),
    none("ssl_f_version", &[], Type::Int),
    entry("ssl_fc", &[], Type::Bool, Get::Handshake(|_, _| Some(Value::Bool(false))), "whether the client's connection is TLS; none is one yet"),
    none("ssl_fc_alg_keysize", &[], Type::Int),
    none("ssl_fc_alpn", &[], Type::Str),
    none("ssl_fc_cipher", &[], Type::Str),
    none("ssl_fc_cipherlist_bin", FILTER, Type::Str),
    none("ssl_fc_cipherlist_hex", FILTER, Type::Bin),
    none("ssl_fc_cipherlist_str", FILTER, Type::Str),
    none("ssl_fc_cipherlist_xxh", &[], Type::Int),
    none("ssl_fc_client_early_traffic_secret", &[], Type::Str),
    none("ssl_fc_client_handshake_traffic_secret", &[], Type::Str),
    none("ssl_fc_client_random", &[], Type::Bin),
    none("ssl_fc_client_traffic_secret_0", &[], Type::Str),
    none("ssl_fc_early_exporter_secret", &[], Type::Str),
    none("ssl_fc_ecformats_bin", &[], Type::Str),
    none("ssl_fc_eclist_bin", FILTER, Type::Str),
    none("ssl_fc_err", &[], Type::Int),
    none("ssl_fc_err_str", &[], Type::Str),
    none("ssl_fc_exporter_secret", &[], Type::Str),
    none("ssl_fc_extlist_bin", FILTER, Type::Str),
    none("ssl_fc_has_crt", &[], Type::Bool),
    none("ssl_fc_has_early", &[], Type::Bool),
    entry("ssl_fc_has_sni", &[], Type::Bool, Get::Handshake(|_, _| Some(Value::Bool(false))), "of the client's TLS connection; none is one yet"),
    entry("ssl_fc_is_resumed", &[], Type::Bool, Get::Handshake(|_, _| Some(Value::Bool(false))), "of the client's TLS connection; none is one yet"),
    none("ssl_fc_npn", &[], Type::Str),
    none("ssl_fc_protocol", &[], Type::Str),
    none("ssl_fc_protocol_hello_id", &[], Type::Int),
    none("ssl_fc_server_handshake_traffic_secret", &[], Type::Str),
    none("ssl_fc_server_random", &[], Type::Bin),
    none("ssl_fc_server_traffic_secret_0", &[], Type::Str),
    none("ssl_fc_session_id", &[], Type::Bin),
    none("ssl_fc_session_key", &[], Type::Bin),
    none("ssl_fc_sni", &[], Type::Str),
    none("ssl_fc_unique_id", &[], Type::Bin),
    none("ssl_fc_use_keysize", &[], Type::Int),
    none("ssl_s_chain_der", &[], Type::Bin),
    none("ssl_s_der", &[], Type::Bin),
    none("ssl_s_i_dn", DN, Type::Str),
    none("ssl_s_key_alg", &[], Type::Str),
    none("ssl_s_notafter", &[], Type::Str),
    none("ssl_s_notbefore", &[], Type::Str),
    none("ssl_s_s_dn", DN, Type::Str),
    none("ssl_s_serial", &[], Type::Bin),
    none("ssl_s_sha1", &[], Type::Bin),
    none("ssl_s_sig_alg", &[], Type::Str),
    none("ssl_s_version", &[], Type::Int),
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
