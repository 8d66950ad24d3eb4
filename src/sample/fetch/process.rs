//! What the process and its proxies and servers do just now (manual 7.3.2).

use std::sync::atomic::Ordering::Relaxed;
use std::time::UNIX_EPOCH;

use super::*;
use crate::sample::args::{Args, Backend};
use crate::sample::scope::Scope;
use crate::state::{Operational, Server};

const BACKEND: &[Param] = &[need(Kind::Backend)];
const FRONTEND: &[Param] = &[need(Kind::Frontend)];
const SERVER: &[Param] = &[need(Kind::Server)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("avg_queue", BACKEND, Type::Int, Get::Process(avg_queue), "queued requests of a backend per usable server"),
    entry("be_conn", BACKEND, Type::Int, Get::Process(be_conn), "connections of a backend now"),
    entry("be_conn_free", BACKEND, Type::Int, Get::Process(be_conn_free), "connections that a backend's usable servers can still take; -1 if one has no limit"),
    entry("be_sess_rate", BACKEND, Type::Int, Get::Process(be_sess_rate), "new sessions of a backend in the last second"),
    entry("connslots", BACKEND, Type::Int, Get::Process(connslots), "connections and queue places that a backend has left; -1 if a server has no limit"),
    entry("fe_conn", FRONTEND, Type::Int, Get::Process(fe_conn), "connections of a frontend now"),
    entry("fe_req_rate", FRONTEND, Type::Int, Get::Process(fe_req_rate), "HTTP requests of a frontend in the last second"),
    entry("fe_sess_rate", FRONTEND, Type::Int, Get::Process(fe_sess_rate), "new sessions of a frontend in the last second"),
    entry("internal.strm.is_htx", &[], Type::Bool, Get::Process(|scope, _| has_stream(scope).then_some(Value::Bool(scope.txn.has_request))), "whether the stream is an HTTP one"),
    entry("last_rule_file", &[], Type::Str, Get::Process(last_rule_file), "the file of the rule that decided last"),
    entry("last_rule_line", &[], Type::Int, Get::Process(last_rule_line), "the line of the rule that decided last"),
    entry("nbsrv", BACKEND, Type::Int, Get::Process(nbsrv), "usable servers of a backend"),
    entry("prio_class", &[], Type::Int, Get::Process(|scope, _| has_stream(scope).then_some(Value::Int(i64::from(scope.txn.priority.0)))), "the queue priority class"),
    entry("prio_offset", &[], Type::Int, Get::Process(|scope, _| has_stream(scope).then_some(Value::Int(i64::from(scope.txn.priority.1)))), "the queue priority offset"),
    entry("queue", BACKEND, Type::Int, Get::Process(queue), "requests queued in a backend and its servers"),
    entry("srv_conn", SERVER, Type::Int, Get::Process(|_, args| Some(Value::Int(i64::from(args.server(0)?.totals.sessions.load())))), "connections of a server now"),
    entry("srv_conn_free", SERVER, Type::Int, Get::Process(|_, args| Some(Value::Int(free(args.server(0)?).unwrap_or(-1)))), "connections that a server can still take; -1 without a limit"),
    entry("srv_is_up", SERVER, Type::Bool, Get::Process(|_, args| Some(Value::Bool(is_up(args.server(0)?)))), "whether a server is up"),
    entry("srv_iweight", SERVER, Type::Int, Get::Process(|_, args| Some(Value::Int(i64::from(args.server(0)?.initial_weight.load(Relaxed))))), "the weight a server has in the configuration"),
    entry("srv_queue", SERVER, Type::Int, Get::Process(|_, args| Some(Value::Int(i64::from(args.server(0)?.queued.load())))), "requests queued for a server"),
    entry("srv_sess_rate", SERVER, Type::Int, Get::Process(srv_sess_rate), "new sessions of a server in the last second"),
    entry("srv_uweight", SERVER, Type::Int, Get::Process(|_, args| Some(Value::Int(i64::from(args.server(0)?.user_weight.load(Relaxed))))), "the weight a server was given"),
    entry("srv_weight", SERVER, Type::Int, Get::Process(|_, args| Some(Value::Int(i64::from(args.server(0)?.effective_weight.load(Relaxed).div_ceil(SCALE))))), "the weight a server has just now"),
    entry("stopping", &[], Type::Bool, Get::Process(|scope, _| Some(Value::Bool(scope.session.frontend.stopping.load(Relaxed)))), "whether the frontend takes no new connections any more"),
    entry("wait_end", &[], Type::Bool, Get::Process(wait_end), "true at the end of the inspection period, waits until then"),
];

/// Weights in effect are counted in sixteenths.
const SCALE: u32 = 16;

/// Connections that a server can still take; nothing if it has no limit.
fn free(server: &Server) -> Option<i64> {
    match server.maxconn.load(Relaxed) {
        0 => None,
        most => Some((i64::from(most) - i64::from(server.totals.sessions.load())).max(0)),
    }
}

/// The servers that traffic goes to: the active ones that are up, else the backups.
fn in_use(backend: &Backend) -> impl Iterator<Item = &Server> {
    backend
        .servers
        .iter()
        .map(|server| &**server)
        .filter(|server| server.usable())
}

fn be_conn_free<'s>(_: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let free: Option<i64> = in_use(args.backend(0)?).map(free).sum();
    Some(Value::Int(free.unwrap_or(-1)))
}

fn connslots<'s>(_: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let slots = |server: &Server| {
        let queue = match server.maxqueue.load(Relaxed) {
            0 => return None,
            most => (i64::from(most) - i64::from(server.queued.load())).max(0),
        };
        Some(free(server)? + queue)
    };
    let slots: Option<i64> = in_use(args.backend(0)?).map(slots).sum();
    Some(Value::Int(slots.unwrap_or(-1)))
}

/// Milliseconds since 1970, the time of rates.
pub(super) fn now_ms(scope: &Scope<'_>) -> u64 {
    let since = scope.now.date.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// Whether a server takes traffic: neither down nor in maintenance.
pub(super) fn is_up(server: &Server) -> bool {
    !server.admin().maint() && server.operational() != Operational::Stopped
}

/// Usable active servers, or the usable backup servers where no active one is left.
pub fn usable(backend: &Backend) -> u32 {
    match backend.proxy.active_servers.load(Relaxed) {
        0 => backend.proxy.backup_servers.load(Relaxed),
        active => active,
    }
}

/// Requests waiting in a backend: its own queue and those of its servers.
fn queued(backend: &Backend) -> i64 {
    let servers = backend.servers.iter().map(|s| i64::from(s.queued.load()));
    i64::from(backend.proxy.queued.load()) + servers.sum::<i64>()
}

fn avg_queue<'s>(_: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let backend = args.backend(0)?;
    let (queued, servers) = (queued(backend), i64::from(usable(backend)));
    Some(Value::Int(match servers {
        0 => queued * 2,
        n => (queued + n - 1) / n,
    }))
}

fn be_conn<'s>(_: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let sessions = args.backend(0)?.proxy.back.sessions.load();
    Some(Value::Int(i64::from(sessions)))
}

fn be_sess_rate<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let rate = &args.backend(0)?.proxy.back.session_rate;
    Some(Value::Int(i64::from(rate.read(now_ms(scope)))))
}

fn fe_conn<'s>(_: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    Some(Value::Int(i64::from(
        args.frontend(0)?.front.sessions.load(),
    )))
}

fn fe_req_rate<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let rate = &args.frontend(0)?.front.request_rate;
    Some(Value::Int(i64::from(rate.read(now_ms(scope)))))
}

fn fe_sess_rate<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let rate = &args.frontend(0)?.front.session_rate;
    Some(Value::Int(i64::from(rate.read(now_ms(scope)))))
}

fn srv_sess_rate<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let rate = &args.server(0)?.totals.session_rate;
    Some(Value::Int(i64::from(rate.read(now_ms(scope)))))
}

fn nbsrv<'s>(_: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    Some(Value::Int(i64::from(usable(args.backend(0)?))))
}

fn queue<'s>(_: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    Some(Value::Int(queued(args.backend(0)?)))
}

fn last_rule_file<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let place = scope.txn.cause_line.as_deref()?;
    let (file, _) = place.rsplit_once(':')?;
    Some(Value::text(file.as_bytes()))
}

fn last_rule_line<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let place = scope.txn.cause_line.as_deref()?;
    let (_, line) = place.rsplit_once(':')?;
    line.parse().ok().map(Value::Int)
}

/// Whether there is a stream already; `tcp-request session` rules run before.
pub(super) fn has_stream(scope: &Scope<'_>) -> bool {
    scope.txn.timers.began.is_some()
}

fn wait_end<'s>(scope: &'s Scope<'_>, _: &'s Args) -> Option<Value<'s>> {
    let over = !has_stream(scope) || scope.txn.client_payload.complete || scope.txn.has_request;
    if !over {
        scope.waiting.set(true);
    }
    over.then_some(Value::Bool(true))
}
