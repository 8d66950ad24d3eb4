//! When a request came and how long its phases took (manual 7.3.6 of 3.x; the values are those of 8.4).

use std::time::{SystemTime, UNIX_EPOCH};

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::timers::Spans;

const UNIT: &[Param] = &[may(Kind::Choice(&["s", "ms", "us"]))];

/// Milliseconds of a phase.
macro_rules! span {
    ($name:literal, $get:ident, $phase:ident, $doc:literal) => {{
        fn value<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
            Some(Value::Int(Spans::of(scope).$phase()))
        }
        entry($name, &[], Type::Int, Get::$get(value), $doc)
    }};
}

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("accept_date", UNIT, Type::Int, Get::Source(|scope, args| date(Spans::of(scope).accepted(), args)), "when the stream began, in s, ms or us since 1970 (3.x)"),
    span!("bc.timer.connect", Exchange, connect, "milliseconds to connect to the server, -1 if that failed (3.x)"),
    span!("fc.timer.handshake", Source, handshake, "milliseconds from accept to the complete session (3.x)"),
    span!("fc.timer.total", Source, total, "milliseconds since the stream began (3.x)"),
    span!("req.timer.hdr", Held, head, "milliseconds from the first byte to the whole request head (3.x)"),
    span!("req.timer.idle", Held, idle, "milliseconds until the first byte of the request (3.x)"),
    span!("req.timer.queue", Exchange, queue, "milliseconds in queues, -1 if it never left one (3.x)"),
    span!("req.timer.tq", Held, request, "milliseconds until the whole request head was there (3.x)"),
    entry("request_date", UNIT, Type::Int, Get::Kept(|scope, args| date(Spans::of(scope).requested(), args)), "when the first byte of the request came, in s, ms or us since 1970 (3.x)"),
    span!("res.timer.data", Exchange, data, "milliseconds since the response's head, -1 without one (3.x)"),
    span!("res.timer.hdr", Exchange, response, "milliseconds until the server's whole response head (3.x)"),
    span!("txn.timer.total", Kept, active, "milliseconds of the request without handshake and idle time (3.x)"),
    span!("txn.timer.user", Kept, user, "milliseconds of the request without idle time (3.x)"),
];

fn date<'s>(date: SystemTime, args: &Args) -> Option<Value<'s>> {
    let since = date.duration_since(UNIX_EPOCH).ok()?;
    let count = match args.int_or(0, 0) {
        0 => u128::from(since.as_secs()),
        1 => since.as_millis(),
        _ => since.as_micros(),
    };
    i64::try_from(count).ok().map(Value::Int)
}
