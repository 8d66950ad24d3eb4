//! The course of a stream: attempts, errors, bytes, how it ended, what it took (manual 7.3.3, 7.3.6; 3.x).

use super::*;
use crate::sample::args::Args;
use crate::sample::failure::connection_error;
use crate::sample::meter::Meter;
use crate::sample::scope::{Scope, Transaction};

const METER: &[Param] = &[need(Kind::Meter)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("bc_be_queue", &[], Type::Int, Get::ServerSide(|txn, _| Some(Value::Int(i64::from(txn.backend_queue)))), "requests before this one in the backend's queue (3.x)"),
    entry("bc_err", &[], Type::Int, Get::ServerSide(|txn, _| Some(Value::Int(i64::from(error(txn)?)))), "the error of the server's connection: 0 if it stands"),
    entry("bc_err_str", &[], Type::Str, Get::ServerSide(|txn, _| Some(Value::text(connection_error(error(txn)?).as_bytes()))), "the error of the server's connection in words"),
    entry("bc_nb_streams", &[], Type::Int, Get::ServerSide(|txn, _| txn.timers.connected.map(|_| Value::Int(1))), "streams on the server's connection (3.x)"),
    entry("bc_reused", &[], Type::Bool, Get::ServerSide(|txn, _| txn.timers.connected.map(|_| Value::Bool(txn.backend_reused))), "whether the server's connection had served before (3.x)"),
    entry("bc_srv_queue", &[], Type::Int, Get::ServerSide(|txn, _| Some(Value::Int(i64::from(txn.server_queue)))), "requests before this one in the server's queue (3.x)"),
    entry("bytes_in", &[], Type::Int, Get::Kept(|scope, _| count(scope.txn.bytes_in)), "bytes of the client, as `%U` counts them (3.x)"),
    entry("bytes_out", &[], Type::Int, Get::Kept(|scope, _| count(scope.txn.bytes_out)), "bytes to the client, as `%B` counts them (3.x)"),
    entry("cpu_calls", METER, Type::Int, Get::Process(|scope, _| count(meter(scope)?.calls())), "calls of the request's task"),
    entry("cpu_ns_avg", METER, Type::Int, Get::Process(|scope, _| mean(scope, Meter::busy)), "nanoseconds that a call of the request's task takes"),
    entry("cpu_ns_tot", METER, Type::Int, Get::Process(|scope, _| count(meter(scope)?.busy())), "nanoseconds that the calls of the request's task took"),
    entry("fc_nb_streams", &[], Type::Int, Get::Client(|client, _| client.has_stream().then_some(Value::Int(1))), "streams on the client's connection (3.x)"),
    entry("last_entity", &[], Type::Str, Get::Process(|scope, _| Some(Value::text(scope.txn.cause_line.as_ref()?.as_bytes()))), "the rule that decided last, as file:line (3.x)"),
    entry("lat_ns_avg", METER, Type::Int, Get::Process(|scope, _| mean(scope, Meter::late)), "nanoseconds that a call of the request's task waits for its turn"),
    entry("lat_ns_tot", METER, Type::Int, Get::Process(|scope, _| count(meter(scope)?.late())), "nanoseconds that the calls of the request's task waited for their turn"),
    entry("req.bytes_in", &[], Type::Int, Get::Kept(|scope, _| count(scope.txn.bytes_in)), "bytes that came from the client (3.x)"),
    entry("res.bytes_out", &[], Type::Int, Get::Kept(|scope, _| count(scope.txn.bytes_out)), "bytes that went to the client (3.x)"),
    entry("server_status", &[], Type::Int, Get::ServerSide(|txn, _| Some(Value::Int(i64::from(txn.server_status?)))), "the response's status as the server sent it (3.x)"),
    entry("txn.conn_retries", &[], Type::Int, Get::ServerSide(|txn, _| Some(Value::Int(i64::from(txn.retries)))), "attempts to connect after the first one (3.x)"),
    entry("txn.id32", &[], Type::Int, Get::Process(|scope, _| Some(Value::Int(i64::from(scope.txn.number as u32)))), "the number of the stream (3.x)"),
    entry("txn.redispatched", &[], Type::Bool, Get::ServerSide(|txn, _| Some(Value::Bool(txn.redispatched))), "whether another server was taken than the first (3.x)"),
    entry("txn.sess_term_state", &[], Type::Str, Get::Process(ending), "how the stream ended: the two letters of `%ts` (3.x)"),
    entry("txn.status", &[], Type::Int, Get::ServerSide(status), "the status that the client gets (3.x)"),
];

fn count<'s>(n: u64) -> Option<Value<'s>> {
    i64::try_from(n).ok().map(Value::Int)
}

/// The error that kept a connection from being made; 0 where one stands.
fn error(txn: &Transaction) -> Option<u8> {
    match txn.timers.connected {
        Some(_) => Some(0),
        None => txn.backend_error,
    }
}

fn meter<'s>(scope: &'s Scope<'_>) -> Option<&'s Meter> {
    scope.session.meter.as_deref()
}

fn mean<'s>(scope: &'s Scope<'_>, total: fn(&Meter) -> u64) -> Option<Value<'s>> {
    let meter = meter(scope)?;
    count(total(meter).checked_div(meter.calls()).unwrap_or(0))
}

fn ending<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let end = scope.txn.end;
    Some(Value::owned(vec![end.cause.letter(), end.stage.letter()]))
}

fn status<'s>(txn: &'s Transaction, _: &'s Args) -> Option<Value<'s>> {
    let held = txn.has_response.then(|| txn.response.head.status());
    Some(Value::Int(i64::from(txn.status.or(held)?)))
}
