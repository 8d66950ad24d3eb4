//! Parts of the request and the response that are kept until the end (manual 7.3.6).

use std::borrow::Cow;

use super::*;
use crate::http::{Head, Method, Target};
use crate::sample::Slots;
use crate::sample::args::Args;
use crate::sample::scope::{Scope, Spoken, Transaction};

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("capture.req.hdr", &[need(Kind::Int)], Type::Str, Get::Kept(captured_request), "a captured request header, by slot"),
    entry("capture.req.method", &[], Type::Str, Get::Kept(|scope, _| Some(Value::text(line(scope).next()?))), "the method as received"),
    entry("capture.req.uri", &[], Type::Str, Get::Kept(uri), "the target as received, without the host"),
    entry("capture.req.ver", &[], Type::Str, Get::Kept(|scope, _| scope.txn.has_request.then(|| long_version(&scope.txn.request.head))), "the request's version: HTTP/1.0, HTTP/1.1"),
    entry("capture.res.hdr", &[need(Kind::Int)], Type::Str, Get::ServerSide(captured_response), "a captured response header, by slot"),
    entry("capture.res.ver", &[], Type::Str, Get::Kept(|scope, _| scope.txn.has_response.then(|| long_version(&scope.txn.response.head))), "the response's version: HTTP/1.0, HTTP/1.1"),
    entry("method", &[], Type::Meth, Get::Kept(method), "the method"),
    entry("req.proto_http", &[], Type::Bool, Get::Kept(proto_http), "whether the client speaks HTTP"),
    entry("req_proto_http", &[], Type::Bool, Get::Kept(proto_http), "old name of `req.proto_http`"),
    entry("res.comp", &[], Type::Bool, Get::ServerSide(|_, _| Some(Value::Bool(false))), "whether the response was compressed here"),
    entry("res.comp_algo", &[], Type::Str, Get::ServerSide(|_, _| None), "how the response was compressed here"),
    entry("status", &[], Type::Int, Get::ServerSide(|txn, _| txn.has_response.then(|| Value::Int(i64::from(txn.response.head.status())))), "the response's status"),
];

/// The words of the request line as received.
fn line<'s>(scope: &'s Scope<'_>) -> impl Iterator<Item = &'s [u8]> {
    let line = &scope.txn.request_line;
    line.split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
}

fn uri<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let target = line(scope).nth(1)?;
    let path = Target::of(target).path_and_query();
    (path.first() == Some(&b'/')).then(|| Value::text(path))
}

fn long_version(head: &Head) -> Value<'static> {
    Value::text(if head.version().minor == 0 && head.version().major == 1 {
        b"HTTP/1.0"
    } else {
        b"HTTP/1.1"
    })
}

/// A copy: a converter behind it may fill the slot anew.
fn slot<'s>(captures: &Slots, args: &Args) -> Option<Value<'s>> {
    let slot = usize::try_from(args.int(0)?).ok()?;
    captures.list().get(slot)?.as_deref().map(Value::owned)
}

fn captured_request<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    slot(&scope.txn.request_captures, args)
}

fn captured_response<'s>(txn: &'s Transaction, args: &'s Args) -> Option<Value<'s>> {
    slot(&txn.response_captures, args)
}

fn method<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let txn = &*scope.txn;
    match txn.client_payload.spoken {
        _ if txn.has_request => {}
        Spoken::Unknown => return wait(scope),
        Spoken::Http => {}
        Spoken::Other => return None,
    }
    // As received: `set-method` does not change what HAProxy takes the request for.
    let method = line(scope).next()?;
    // Of a method it does not know by number, HAProxy keeps nothing for the response.
    let kept = !txn.has_response || Method::of(method) != Method::Other;
    kept.then_some(Value::Meth(Cow::Borrowed(method)))
}

fn wait<T>(scope: &Scope<'_>) -> Option<T> {
    if !scope.txn.client_payload.complete {
        scope.waiting.set(true);
    }
    None
}

fn proto_http<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let txn = &*scope.txn;
    if txn.has_response {
        // The request is gone by then.
        return None;
    }
    if txn.has_request {
        return Some(Value::Bool(true));
    }
    if txn.client_payload.data.is_empty() || may_be_http(&txn.client_payload.data) {
        let whole = memchr::memmem::find(&txn.client_payload.data, b"\r\n\r\n").is_some();
        return if whole {
            Some(Value::Bool(true))
        } else {
            wait(scope)
        };
    }
    Some(Value::Bool(false))
}

/// Whether these bytes can be the beginning of an HTTP/1 request: a token, a space, a target, a version.
fn may_be_http(data: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', data);
    let line = data.get(..end.unwrap_or(data.len())).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut words = line.split(|byte| *byte == b' ');
    if !words.next().is_some_and(crate::http::is_token) {
        return false;
    }
    let target = words.next();
    if target.is_some_and(|target| target.iter().any(|byte| *byte < 0x21 || *byte == 0x7f)) {
        return false;
    }
    match (words.next(), end) {
        (Some(version), Some(_)) => version.starts_with(b"HTTP/") && words.next().is_none(),
        (Some(version), None) => b"HTTP/1.1".iter().zip(version).take(5).all(|(a, b)| a == b),
        (None, Some(_)) => false,
        (None, None) => true,
    }
}
