//! Parts of the request and the response that are kept until the end (manual 7.3.6).

use std::borrow::Cow;

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("capture.req.hdr", &[need(Kind::Int)], Type::Str, Get::Kept(captured_request), "a captured request header, by slot"),
    entry("capture.req.method", &[], Type::Str, Get::Kept(|scope, _| Some(Value::text(line(scope).next()?))), "the method as received"),
    entry("capture.req.uri", &[], Type::Str, Get::Kept(|scope, _| Some(Value::text(line(scope).nth(1)?))), "the target as received"),
    entry("method", &[], Type::Meth, Get::Kept(method), "the method"),
    entry("status", &[], Type::Int, Get::ServerSide(|txn, _| txn.has_response.then(|| Value::Int(i64::from(txn.response.head.status())))), "the response's status"),
];

/// The words of the request line as received.
fn line<'s>(scope: &'s Scope<'_>) -> impl Iterator<Item = &'s [u8]> {
    scope
        .txn
        .request_line
        .split(|byte| *byte == b' ')
        .filter(|word| !word.is_empty())
}

fn captured_request<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let slot = usize::try_from(args.int(0)?).ok()?;
    let captured = scope.txn.request_captures.get(slot)?.as_deref()?;
    Some(Value::text(captured))
}

fn method<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let txn = &*scope.txn;
    if !txn.has_request {
        if !txn.client_payload.complete {
            scope.waiting.set(true);
        }
        return None;
    }
    Some(Value::Meth(Cow::Borrowed(txn.request.head.method())))
}
