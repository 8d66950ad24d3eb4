//! The log line at a stream's end, and the counters that every engine fills alike.

use std::rc::Rc;
use std::time::Instant;

use crate::end::{Cause, End, Stage};
use crate::log::{Outcome, Policy};
use crate::plan::Proxy;
use crate::sample::{self, Session, Transaction};
use crate::settings::{Mode, Options};
use crate::state::Side;
use crate::state::table::Pair;
use crate::worker::Worker;

use super::Client;

/// HAProxy's line about a new stream of a frontend that logs but was given no format for it.
pub(super) fn announce(worker: &Worker, client: &Client) {
    let frontend = &client.proxy;
    if frontend.log_format.is_some() || frontend.log.silent() {
        return;
    }
    let mode = match frontend.settings.mode {
        Mode::Http => "HTTP",
        Mode::Tcp => "TCP",
    };
    let session = &client.session;
    let from = match (session.source.ip(), session.destination.ip()) {
        (Some(from), Some(to)) => {
            let (from_ip, to_ip) = (from.ip(), to.ip());
            format!("from {from_ip}:{} to {to_ip}:{}", from.port(), to.port())
        }
        _ => format!("to unix:{}", session.listener_id),
    };
    let line = format!("Connect {from} ({}/{mode})", frontend.name);
    frontend
        .log
        .send(worker.now().date, crate::log::INFO, line.as_bytes());
    frontend.state.logs.inc();
}

/// Writes the log line of a stream, if its frontend wants one. `null`: the client sent nothing.
pub(super) fn log(
    worker: &Rc<Worker>,
    frontend: &Proxy,
    session: &mut Session,
    txn: &mut Transaction,
    null: bool,
) {
    let Some(format) = &frontend.log_format else {
        return;
    };
    if frontend.log.silent() {
        return;
    }
    let options = frontend.settings.options;
    let policy = Policy {
        dontlognull: options.contains(Options::DONTLOG_NULL),
        dontlog_normal: options.contains(Options::DONTLOG_NORMAL),
        separate_errors: options.contains(Options::LOG_SEPARATE_ERRORS),
    };
    let level = policy.level(Outcome {
        null,
        abnormal: txn.end.cause != Cause::None,
        local: txn.end.cause == Cause::Local,
        status: txn.status,
        retried: txn.retries > 0 || txn.redispatched,
        forced: txn.log_level,
    });
    let Some(level) = level else {
        return;
    };
    let format = match &frontend.error_log_format {
        // HAProxy keeps it for connections that never brought a request.
        Some(of_errors) if frontend.settings.mode == Mode::Http && !txn.has_request => of_errors,
        _ => format,
    };
    let scope = super::scope(worker, session, txn);
    let logs = &frontend.state.logs;
    let mut line = worker.pools.buffer();
    format.render(&scope, &mut line);
    let mut data = Vec::new();
    if let Some(structured) = &frontend.log_format_sd {
        structured.render(&scope, &mut data);
    }
    // Before it goes out: who has read this line shall not find its number in another.
    logs.inc();
    frontend
        .log
        .send_structured(scope.now.date, level, &data, &line);
}

/// Adds a stream's bytes to what it and its session track.
pub(super) fn count_bytes(session: &Session, txn: &Transaction) {
    if session.tracks().is_empty() && txn.tracks.is_empty() {
        return;
    }
    let pairs = [
        (Pair::BYTES_IN, txn.bytes_in),
        (Pair::BYTES_OUT, txn.bytes_out),
    ];
    let now = txn.timers.ended.unwrap_or(session.accepted);
    for (pair, bytes) in pairs.into_iter().filter(|(_, bytes)| *bytes > 0) {
        sample::count(session, txn, pair, bytes, now);
    }
}

/// Adds a stream's bytes and times to a side. Times count where a server was reached.
pub(super) fn count_side(side: &Side, txn: &Transaction) {
    side.bytes_in.add(txn.bytes_in);
    side.bytes_out.add(txn.bytes_out);
    let timers = &txn.timers;
    if timers.connected.is_none() {
        return;
    }
    let between = |from: Option<Instant>, to: Option<Instant>| match (from, to) {
        (Some(from), Some(to)) => {
            u32::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u32::MAX)
        }
        _ => 0,
    };
    side.queue_time.add(between(timers.began, timers.queued));
    side.connect_time
        .add(between(timers.queued, timers.connected));
    side.total_time.add(between(timers.began, timers.ended));
}

/// Counts how a stream was cut short, on each side it had.
pub(super) fn count_end(front: &Side, back: Option<&Side>, server: Option<&Side>, end: End) {
    let sides = [Some(front), back, server].into_iter().flatten();
    match (end.cause, end.stage) {
        (Cause::Client | Cause::ClientTimeout, Stage::Data | Stage::Queue | Stage::Connect) => {
            sides.for_each(|side| side.client_aborts.inc());
        }
        (Cause::Server | Cause::ServerTimeout, Stage::Data) => {
            sides.for_each(|side| side.server_aborts.inc());
        }
        _ => {}
    }
}
