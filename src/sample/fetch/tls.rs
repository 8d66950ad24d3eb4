//! Of TLS connections: the client's, and the one to the server (manual 7.3.4).

use std::borrow::Cow;

use sha1::{Digest, Sha1};

use super::*;
use crate::sample::args::Args;
use crate::sample::x509::{Read, Whose};
use crate::sample::{Handshake, Hello, Session, Transaction};

/// A fact of a handshake.
type Fact = for<'s> fn(&'s Handshake, &'s Args) -> Option<Value<'s>>;

/// What is asked of a certificate.
type Of = for<'s> fn(&'s [u8], &'s Args) -> Option<Value<'s>>;

macro_rules! of_client {
    ($name:literal, $params:expr, $out:ident, $fact:expr, $doc:literal) => {{
        fn value<'s>(session: &'s Session, args: &'s Args) -> Option<Value<'s>> {
            const FACT: Fact = $fact;
            FACT(session.tls.as_deref()?, args)
        }
        entry($name, $params, Type::$out, Get::Handshake(value), $doc)
    }};
}

macro_rules! of_server {
    ($name:literal, $params:expr, $out:ident, $fact:expr, $doc:literal) => {{
        fn value<'s>(txn: &'s Transaction, args: &'s Args) -> Option<Value<'s>> {
            const FACT: Fact = $fact;
            FACT(txn.backend_tls.as_deref()?, args)
        }
        entry($name, $params, Type::$out, Get::ServerSide(value), $doc)
    }};
}

macro_rules! of_certificate {
    ($side:ident, $name:literal, $params:expr, $out:ident, $which:ident, $of:expr, $doc:literal) => {
        $side!(
            $name,
            $params,
            $out,
            |tls, args| {
                const OF: Of = $of;
                OF($which(tls)?, args)
            },
            $doc
        )
    };
}

const DN: &[Param] = &[
    may(Kind::Str),
    may(Kind::Int),
    may(Kind::ChoiceOrNone(&["rfc2253"])),
];
const FILTER: &[Param] = &[may(Kind::Int)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("ssl_bc", &[], Type::Bool, Get::ServerSide(|txn, _| Some(Value::Bool(txn.backend_tls.is_some()))), "whether the server's connection is TLS"),
    of_server!("ssl_bc_alg_keysize", &[], Int, key_bits, "the size of its cipher's key, bits"),
    of_server!("ssl_bc_alpn", &[], Str, alpn, "the protocol agreed on with the server"),
    of_server!("ssl_bc_cipher", &[], Str, |tls, _| Some(Value::text(tls.cipher.as_bytes())), "the cipher suite agreed on with the server"),
    of_server!("ssl_bc_client_random", &[], Bin, |tls, _| random(tls, 0), "our random bytes towards the server; not told by the TLS library"),
    of_server!("ssl_bc_err", &[], Int, error, "why its handshake failed, OpenSSL's number"),
    of_server!("ssl_bc_err_str", &[], Str, error_text, "why its handshake failed"),
    entry("ssl_bc_is_resumed", &[], Type::Bool, Get::ServerSide(|txn, _| Some(Value::Bool(txn.backend_tls.as_ref().is_some_and(|tls| tls.resumed)))), "whether it goes on from an earlier session"),
    of_server!("ssl_bc_npn", &[], Str, |_, _| None, "the protocol agreed on by NPN: none is"),
    of_server!("ssl_bc_protocol", &[], Str, |tls, _| Some(Value::text(tls.version.as_bytes())), "its TLS version"),
    of_server!("ssl_bc_server_random", &[], Bin, |tls, _| random(tls, 1), "the server's random bytes; not told by the TLS library"),
    of_server!("ssl_bc_session_id", &[], Bin, session_id, "its session's id; not told by the TLS library"),
    of_server!("ssl_bc_session_key", &[], Bin, master_key, "its master key, with `tune.ssl.keylog`"),
    of_server!("ssl_bc_unique_id", &[], Bin, unique, "bytes that are this connection's alone (RFC 9266)"),
    of_server!("ssl_bc_use_keysize", &[], Int, key_bits, "the size of its cipher's key that counts, bits"),
    of_client!("ssl_c_ca_err", &[], Int, |tls, _| number(tls.verdict.above), "the first error of those above the client's certificate"),
    of_client!("ssl_c_ca_err_depth", &[], Int, |tls, _| number(tls.verdict.depth), "where that one stands in the chain"),
    of_client!("ssl_c_chain_der", &[], Bin, |tls, _| chain(tls.peer.get(1..)?), "the certificates above the client's"),
    of_certificate!(of_client, "ssl_c_der", &[], Bin, peer, |der, _| Some(Value::bytes(der)), "the client's certificate"),
    of_client!("ssl_c_err", &[], Int, |tls, _| number(tls.verdict.own), "the first error of the client's certificate"),
    of_certificate!(of_client, "ssl_c_i_dn", DN, Str, peer, |der, args| dn(der, Whose::Issuer, args), "who issued the client's certificate"),
    of_certificate!(of_client, "ssl_c_key_alg", &[], Str, peer, key_alg, "what the key of the client's certificate is"),
    of_certificate!(of_client, "ssl_c_notafter", &[], Str, peer, not_after, "how long the client's certificate is good"),
    of_certificate!(of_client, "ssl_c_notbefore", &[], Str, peer, not_before, "since when the client's certificate is good"),
    of_certificate!(of_client, "ssl_c_s_dn", DN, Str, peer, |der, args| dn(der, Whose::Subject, args), "whose the client's certificate is"),
    of_certificate!(of_client, "ssl_c_serial", &[], Bin, peer, serial, "the serial number of the client's certificate"),
    of_certificate!(of_client, "ssl_c_sha1", &[], Bin, peer, sha1, "the fingerprint of the client's certificate"),
    of_certificate!(of_client, "ssl_c_sig_alg", &[], Str, peer, sig_alg, "how the client's certificate is signed"),
    of_client!("ssl_c_used", &[], Bool, has_peer, "whether the client has a certificate"),
    of_client!("ssl_c_verify", &[], Int, |tls, _| number(tls.verdict.last), "how the client's certificate was judged; 0 is good"),
    of_certificate!(of_client, "ssl_c_version", &[], Int, peer, version, "the version of the client's certificate"),
    of_certificate!(of_client, "ssl_f_der", &[], Bin, own, |der, _| Some(Value::bytes(der)), "the certificate served"),
    of_certificate!(of_client, "ssl_f_i_dn", DN, Str, own, |der, args| dn(der, Whose::Issuer, args), "who issued the certificate served"),
    of_certificate!(of_client, "ssl_f_key_alg", &[], Str, own, key_alg, "what the key of the certificate served is"),
    of_certificate!(of_client, "ssl_f_notafter", &[], Str, own, not_after, "how long the certificate served is good"),
    of_certificate!(of_client, "ssl_f_notbefore", &[], Str, own, not_before, "since when the certificate served is good"),
    of_certificate!(of_client, "ssl_f_s_dn", DN, Str, own, |der, args| dn(der, Whose::Subject, args), "whose the certificate served is"),
    of_certificate!(of_client, "ssl_f_serial", &[], Bin, own, serial, "the serial number of the certificate served"),
    of_certificate!(of_client, "ssl_f_sha1", &[], Bin, own, sha1, "the fingerprint of the certificate served"),
    of_certificate!(of_client, "ssl_f_sig_alg", &[], Str, own, sig_alg, "how the certificate served is signed"),
    of_certificate!(of_client, "ssl_f_version", &[], Int, own, version, "the version of the certificate served"),
    entry("ssl_fc", &[], Type::Bool, Get::Handshake(|session, _| Some(Value::Bool(session.tls.is_some()))), "whether the client's connection is TLS"),
    of_client!("ssl_fc_alg_keysize", &[], Int, key_bits, "the size of its cipher's key, bits"),
    of_client!("ssl_fc_alpn", &[], Str, alpn, "the protocol agreed on with the client"),
    of_client!("ssl_fc_cipher", &[], Str, |tls, _| Some(Value::text(tls.cipher.as_bytes())), "the cipher suite agreed on with the client"),
    of_client!("ssl_fc_cipherlist_bin", FILTER, Str, |tls, args| list(&hello(tls)?.ciphers, args), "the cipher suites the client offers"),
    of_client!("ssl_fc_cipherlist_hex", FILTER, Bin, |tls, args| hex(&hello(tls)?.ciphers, args), "the cipher suites the client offers, in hexadecimal"),
    of_client!("ssl_fc_cipherlist_str", FILTER, Str, cipher_names, "the names of the cipher suites the client offers"),
    of_client!("ssl_fc_cipherlist_xxh", &[], Int, |tls, _| Some(Value::Int(hello(tls)?.hash as i64)), "the hash of the cipher suites the client offers"),
    of_client!("ssl_fc_client_early_traffic_secret", &[], Str, |tls, _| secret(tls, "CLIENT_EARLY_TRAFFIC_SECRET"), "a secret, with `tune.ssl.keylog`"),
    of_client!("ssl_fc_client_handshake_traffic_secret", &[], Str, |tls, _| secret(tls, "CLIENT_HANDSHAKE_TRAFFIC_SECRET"), "a secret, with `tune.ssl.keylog`"),
    of_client!("ssl_fc_client_random", &[], Bin, |tls, _| random(tls, 0), "the client's random bytes"),
    of_client!("ssl_fc_client_traffic_secret_0", &[], Str, |tls, _| secret(tls, "CLIENT_TRAFFIC_SECRET_0"), "a secret, with `tune.ssl.keylog`"),
    of_client!("ssl_fc_early_exporter_secret", &[], Str, |tls, _| secret(tls, "EARLY_EXPORTER_SECRET"), "a secret, with `tune.ssl.keylog`"),
    of_client!("ssl_fc_ecformats_bin", &[], Str, |tls, _| Some(Value::text(&hello(tls)?.formats)), "the point formats the client offers"),
    of_client!("ssl_fc_eclist_bin", FILTER, Str, |tls, args| list(&hello(tls)?.groups, args), "the groups the client offers"),
    of_client!("ssl_fc_err", &[], Int, error, "why its handshake failed, OpenSSL's number"),
    of_client!("ssl_fc_err_str", &[], Str, error_text, "why its handshake failed"),
    of_client!("ssl_fc_exporter_secret", &[], Str, |tls, _| secret(tls, "EXPORTER_SECRET"), "a secret, with `tune.ssl.keylog`"),
    of_client!("ssl_fc_extlist_bin", FILTER, Str, |tls, args| list(&hello(tls)?.extensions, args), "the extensions of the client's hello"),
    of_client!("ssl_fc_has_crt", &[], Bool, |tls, args| if tls.resumed { Some(Value::Bool(false)) } else { has_peer(tls, args) }, "whether the client has shown a certificate on this connection"),
    of_client!("ssl_fc_has_early", &[], Bool, |tls, _| Some(Value::Bool(tls.is_early())), "whether early data came and the handshake is not complete yet"),
    entry("ssl_fc_has_sni", &[], Type::Bool, Get::Handshake(|session, _| Some(Value::Bool(session.tls.as_ref().is_some_and(|tls| tls.sni.is_some())))), "whether the client asks for a name"),
    entry("ssl_fc_is_resumed", &[], Type::Bool, Get::Handshake(|session, _| Some(Value::Bool(session.tls.as_ref().is_some_and(|tls| tls.resumed)))), "whether it goes on from an earlier session"),
    of_client!("ssl_fc_npn", &[], Str, |_, _| None, "the protocol agreed on by NPN: none is"),
    of_client!("ssl_fc_protocol", &[], Str, |tls, _| Some(Value::text(tls.version.as_bytes())), "its TLS version"),
    of_client!("ssl_fc_protocol_hello_id", &[], Int, |tls, _| Some(Value::Int(i64::from(hello(tls)?.version))), "the version that the client's hello names first"),
    of_client!("ssl_fc_server_handshake_traffic_secret", &[], Str, |tls, _| secret(tls, "SERVER_HANDSHAKE_TRAFFIC_SECRET"), "a secret, with `tune.ssl.keylog`"),
    of_client!("ssl_fc_server_random", &[], Bin, |tls, _| random(tls, 1), "our random bytes towards the client"),
    of_client!("ssl_fc_server_traffic_secret_0", &[], Str, |tls, _| secret(tls, "SERVER_TRAFFIC_SECRET_0"), "a secret, with `tune.ssl.keylog`"),
    of_client!("ssl_fc_session_id", &[], Bin, session_id, "its session's id, as our hello says it"),
    of_client!("ssl_fc_session_key", &[], Bin, master_key, "its master key (TLS 1.2), with `tune.ssl.keylog`"),
    of_client!("ssl_fc_sni", &[], Str, |tls, _| Some(Value::text(tls.sni.as_ref()?.as_bytes())), "the name the client asks for"),
    of_client!("ssl_fc_unique_id", &[], Bin, unique, "bytes that are this connection's alone (RFC 9266)"),
    of_client!("ssl_fc_use_keysize", &[], Int, key_bits, "the size of its cipher's key that counts, bits"),
    of_server!("ssl_s_chain_der", &[], Bin, |tls, _| chain(&tls.peer), "the server's certificate and those above it"),
    of_certificate!(of_server, "ssl_s_der", &[], Bin, peer, |der, _| Some(Value::bytes(der)), "the server's certificate"),
    of_certificate!(of_server, "ssl_s_i_dn", DN, Str, peer, |der, args| dn(der, Whose::Issuer, args), "who issued the server's certificate"),
    of_certificate!(of_server, "ssl_s_key_alg", &[], Str, peer, key_alg, "what the key of the server's certificate is"),
    of_certificate!(of_server, "ssl_s_notafter", &[], Str, peer, not_after, "how long the server's certificate is good"),
    of_certificate!(of_server, "ssl_s_notbefore", &[], Str, peer, not_before, "since when the server's certificate is good"),
    of_certificate!(of_server, "ssl_s_s_dn", DN, Str, peer, |der, args| dn(der, Whose::Subject, args), "whose the server's certificate is"),
    of_certificate!(of_server, "ssl_s_serial", &[], Bin, peer, serial, "the serial number of the server's certificate"),
    of_certificate!(of_server, "ssl_s_sha1", &[], Bin, peer, sha1, "the fingerprint of the server's certificate"),
    of_certificate!(of_server, "ssl_s_sig_alg", &[], Str, peer, sig_alg, "how the server's certificate is signed"),
    of_certificate!(of_server, "ssl_s_version", &[], Int, peer, version, "the version of the server's certificate"),
];

fn peer(tls: &Handshake) -> Option<&[u8]> {
    tls.peer.first().map(|der| &**der)
}

fn own(tls: &Handshake) -> Option<&[u8]> {
    tls.own.as_deref()
}

fn has_peer<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    Some(Value::Bool(!tls.peer.is_empty()))
}

fn number<'s>(number: u8) -> Option<Value<'s>> {
    Some(Value::Int(i64::from(number)))
}

fn key_bits<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    (tls.key_bits > 0).then(|| Value::Int(i64::from(tls.key_bits)))
}

fn alpn<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    tls.alpn.as_deref().map(Value::text)
}

fn error<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    Some(Value::Int(i64::from(tls.error.0)))
}

fn error_text<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    let (number, name) = tls.error;
    (number > 0).then(|| Value::owned(format!("error:{number:08X}:SSL routines::{name}")))
}

fn random(tls: &Handshake, side: usize) -> Option<Value<'_>> {
    let random = tls.randoms.get(side)?.as_ref()?;
    Some(Value::bytes(&random[..]))
}

fn session_id<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    (!tls.session_id.is_empty()).then(|| Value::bytes(&tls.session_id))
}

fn unique<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    tls.unique.as_ref().map(|bytes| Value::bytes(&bytes[..]))
}

fn kept<'s>(tls: &'s Handshake, name: &str) -> Option<&'s [u8]> {
    let found = tls.secrets.iter().find(|(known, _)| **known == *name);
    found.map(|(_, secret)| &**secret)
}

fn secret<'s>(tls: &'s Handshake, name: &str) -> Option<Value<'s>> {
    let text: String = kept(tls, name)?
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    Some(Value::owned(text))
}

fn master_key<'s>(tls: &'s Handshake, _: &'s Args) -> Option<Value<'s>> {
    kept(tls, "CLIENT_RANDOM").map(Value::bytes)
}

fn chain(certificates: &[Box<[u8]>]) -> Option<Value<'_>> {
    let all: Vec<u8> = certificates
        .iter()
        .flat_map(|der| der.iter().copied())
        .collect();
    (!all.is_empty()).then_some(Value::Bin(all.into()))
}

/// A name of the certificate: the whole, or a part of it by kind and number.
fn dn<'s>(der: &'s [u8], whose: Whose, args: &'s Args) -> Option<Value<'s>> {
    let read = Read::new(der)?;
    let found = match args.some_text(0) {
        Some(kind) => read.part(whose, kind, args.int(1).unwrap_or(1))?,
        None if args.int(2).is_some() => read.rfc2253(whose),
        None => read.one_line(whose),
    };
    Some(Value::owned(found))
}

fn key_alg<'s>(der: &'s [u8], _: &'s Args) -> Option<Value<'s>> {
    Some(Value::text(Read::new(der)?.key().as_bytes()))
}

fn sig_alg<'s>(der: &'s [u8], _: &'s Args) -> Option<Value<'s>> {
    Some(Value::text(Read::new(der)?.signature().as_bytes()))
}

fn not_after<'s>(der: &'s [u8], _: &'s Args) -> Option<Value<'s>> {
    Read::new(der)?.not_after().map(Value::owned)
}

fn not_before<'s>(der: &'s [u8], _: &'s Args) -> Option<Value<'s>> {
    Read::new(der)?.not_before().map(Value::owned)
}

fn serial<'s>(der: &'s [u8], _: &'s Args) -> Option<Value<'s>> {
    Some(Value::Bin(Read::new(der)?.serial()))
}

fn sha1<'s>(der: &'s [u8], _: &'s Args) -> Option<Value<'s>> {
    Some(Value::Bin(Sha1::digest(der).to_vec().into()))
}

fn version<'s>(der: &'s [u8], _: &'s Args) -> Option<Value<'s>> {
    Some(Value::Int(Read::new(der)?.version()))
}

fn hello(tls: &Handshake) -> Option<&Hello> {
    tls.hello.as_deref()
}

/// Numbers of two bytes; with 1 for an argument without those that mean nothing (RFC 8701).
fn list<'s>(numbers: &'s [u8], args: &'s Args) -> Option<Value<'s>> {
    Some(Value::Str(filtered(numbers, args)))
}

/// The same in hexadecimal digits.
fn hex<'s>(numbers: &'s [u8], args: &'s Args) -> Option<Value<'s>> {
    let filtered = filtered(numbers, args);
    let text: String = filtered.iter().map(|b| format!("{b:02X}")).collect();
    Some(Value::Bin(text.into_bytes().into()))
}

fn filtered<'s>(numbers: &'s [u8], args: &Args) -> Cow<'s, [u8]> {
    match args.int(0) {
        Some(1) => meant(numbers).flatten().copied().collect(),
        _ => Cow::Borrowed(numbers),
    }
}

fn meant(numbers: &[u8]) -> impl Iterator<Item = &[u8; 2]> {
    let (pairs, _) = numbers.as_chunks::<2>();
    pairs
        .iter()
        .filter(|[high, low]| high != low || high & 15 != 10)
}

fn cipher_names<'s>(tls: &'s Handshake, args: &'s Args) -> Option<Value<'s>> {
    let ciphers = &hello(tls)?.ciphers;
    let (all, _) = ciphers.as_chunks::<2>();
    let names: Vec<String> = match args.int(0) {
        Some(1) => meant(ciphers)
            .map(|pair| super::cipher_suites::name(*pair))
            .collect(),
        _ => all
            .iter()
            .map(|pair| super::cipher_suites::name(*pair))
            .collect(),
    };
    Some(Value::owned(names.join(",")))
}
