//! The request line and what is made of it (manual 7.3.6).

use std::borrow::Cow;
use std::net::IpAddr;

use super::layer4::{ip, source};
use super::*;
use crate::hash;
use crate::http::target::split_port;
use crate::http::{Head, Target};
use crate::sample::args::Args;
use crate::sample::cast;
use crate::sample::table::{Client, Request};

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("base", &[], Type::Str, Get::Request(base), "host and path"),
    entry("base32", &[], Type::Int, Get::Request(base32), "a hash of host and path"),
    entry("base32+src", &[], Type::Bin, Get::Request(|r, _| with_source(r, hash_of(&base_bytes(r.head())?))), "a hash of host and path, then the client's address"),
    entry("baseq", &[], Type::Str, Get::Request(baseq), "host, path and query"),
    entry("http_first_req", &[], Type::Bool, Get::Kept(|scope, _| Some(Value::Bool(scope.session.requests <= 1))), "whether this is the connection's first request"),
    entry("path", &[], Type::Str, Get::Request(|r, _| slash(target(r).path())), "the path, from the first slash up to the question mark"),
    entry("pathq", &[], Type::Str, Get::Request(|r, _| slash(target(r).path_and_query())), "the path and the query"),
    entry("query", &[], Type::Str, Get::Request(|r, _| target(r).query().map(Value::text)), "what follows the question mark"),
    entry("req.ver", &[], Type::Str, Get::Request(|r, _| Some(version(r.head()))), "the request's HTTP version: 1.0, 1.1"),
    entry("req_ver", &[], Type::Str, Get::Request(|r, _| Some(version(r.head()))), "old name of `req.ver`"),
    entry("url", &[], Type::Str, Get::Request(|r, _| nonempty(r.head().target())), "the request target as it came"),
    entry("url32", &[], Type::Int, Get::Request(|r, _| Some(Value::Int(i64::from(url32(r))))), "a hash of host and target"),
    entry("url32+src", &[], Type::Bin, Get::Request(|r, _| with_source(r, url32(r))), "a hash of host and target, then the client's address"),
    entry("url_ip", &[], Type::Ipv4, Get::Request(url_ip), "the address in an absolute target"),
    entry("url_port", &[], Type::Int, Get::Request(url_port), "the port in an absolute target that names an address, 80 if it says none"),
];

fn target<'s>(request: Request<'s>) -> Target<'s> {
    Target::of(request.head().target())
}

fn nonempty(bytes: &[u8]) -> Option<Value<'_>> {
    (!bytes.is_empty()).then(|| Value::text(bytes))
}

fn slash(bytes: &[u8]) -> Option<Value<'_>> {
    (bytes.first() == Some(&b'/')).then(|| Value::text(bytes))
}

/// The HTTP version as `1.1`.
pub(super) fn version(head: &Head) -> Value<'static> {
    match &head.version().digits() {
        b"1.1" => Value::text(b"1.1"),
        b"1.0" => Value::text(b"1.0"),
        other => Value::owned(*other),
    }
}

/// The last `Host` header, whole: of several the codec refuses those that differ.
fn host(head: &Head) -> &[u8] {
    head.find(b"host").unwrap_or_default()
}

fn joined(head: &Head, path: &[u8]) -> Option<Vec<u8>> {
    let mut out = host(head).to_vec();
    if path.first() == Some(&b'/') {
        out.extend_from_slice(path);
    }
    (!out.is_empty()).then_some(out)
}

fn base_bytes(head: &Head) -> Option<Vec<u8>> {
    joined(head, Target::of(head.target()).path())
}

fn base<'s>(request: Request<'s>, _: &'s Args) -> Option<Value<'s>> {
    base_bytes(request.head()).map(|base| Value::Str(Cow::Owned(base)))
}

fn baseq<'s>(request: Request<'s>, _: &'s Args) -> Option<Value<'s>> {
    joined(request.head(), target(request).path_and_query()).map(Value::owned)
}

fn hash_of(bytes: &[u8]) -> u32 {
    hash::avalanche(hash::sdbm(bytes))
}

fn base32<'s>(request: Request<'s>, _: &'s Args) -> Option<Value<'s>> {
    let base = base_bytes(request.head())?;
    Some(Value::Int(i64::from(hash_of(&base))))
}

fn url32(request: Request<'_>) -> u32 {
    let head = request.head();
    let mut bytes = host(head).to_vec();
    let path = target(request).path_and_query();
    if path.first() == Some(&b'/') {
        bytes.extend_from_slice(path);
    }
    hash_of(&bytes)
}

fn with_source(request: Request<'_>, hash: u32) -> Option<Value<'_>> {
    let client = Client {
        session: request.session,
        txn: request.txn,
    };
    let mut out = hash.to_be_bytes().to_vec();
    match ip(source(client))?.addr()? {
        IpAddr::V4(v4) => out.extend_from_slice(&v4.octets()),
        IpAddr::V6(v6) => out.extend_from_slice(&v6.octets()),
    }
    Some(Value::Bin(Cow::Owned(out)))
}

fn url_ip<'s>(request: Request<'s>, _: &'s Args) -> Option<Value<'s>> {
    let (host, _) = split_port(target(request).authority()?);
    cast::address(host).map(Value::address)
}

fn url_port<'s>(request: Request<'s>, _: &'s Args) -> Option<Value<'s>> {
    let (host, port) = split_port(target(request).authority()?);
    cast::address(host)?;
    Some(Value::Int(match port {
        Some(port) if !port.is_empty() => cast::leading_int(port),
        _ => 80,
    }))
}
