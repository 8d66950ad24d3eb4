//! The way to a server connection: a place on a server, then an idle connection to it or a new one,
//! with retries (manual 4.2 `retries`, `option redispatch`, `retry-on`, `http-reuse`).

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use crate::balance::Algorithm;
use crate::end::{Cause, End, Stage};
use crate::plan::{Plan, Proxy, Server};
use crate::sample::{Session, Transaction};
use crate::settings::{HttpReuse, Mode, RetryOn};
use crate::worker::Worker;

use super::Lease;
use super::connect::{self, ConnectError};
use super::own::{Idle, Own};
use super::place::{Wish, place};
use super::queue::Place;

/// Pause before a server that refused is tried again, at most.
const TURN_AROUND: Duration = Duration::from_secs(1);

/// What a stream asks for.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The stream's plan.
    pub plan: &'a Arc<Plan>,
    /// The backend.
    pub backend: &'a Arc<Proxy>,
    /// The client's connection.
    pub session: &'a mut Session,
    /// The request. Its server, timers, retries and queue positions are filled in.
    pub txn: &'a mut Transaction,
    /// The client's own idle server connections.
    pub own: &'a mut Own,
    /// What was tried already.
    pub attempts: &'a mut Attempts,
}

/// What was tried for one request; kept when the stream asks again (`retry-on`).
#[derive(Debug, Default)]
pub struct Attempts {
    /// Retries used.
    pub used: u32,
    /// The server of the last attempt.
    pub last: Option<Arc<Server>>,
}

/// No connection could be had.
#[derive(Debug)]
pub struct Failure {
    /// Why and where.
    pub end: End,
    /// The status for an HTTP client.
    pub status: u16,
}

/// Finds a server and connects to it.
///
/// # Errors
/// No server can take the request, or all attempts failed.
pub async fn obtain(worker: &Rc<Worker>, mut ask: Ask<'_>) -> Result<Lease, Failure> {
    let mut wish = after_failure(&ask);
    loop {
        let balanced = wish.server.is_none();
        let place = place(worker, &mut ask, wish).await?;
        let server = place.server.clone();
        enter(&mut ask, &server, balanced);
        if let Some(idle) = idle_connection(worker, &mut ask, &server) {
            return Ok(reuse(worker, &mut ask, place, idle));
        }
        let failed = match connect::connect(worker, &ask, &server).await {
            Ok(connected) => return Ok(fresh(worker, &mut ask, place, connected)),
            Err(failed) => failed,
        };
        ask.attempts.last = Some(server.clone());
        if !may_retry(&ask) {
            return Err(give_up(&ask, &server, &failed));
        }
        ask.attempts.used += 1;
        ask.txn.retries = ask.attempts.used;
        wish = after_failure(&ask);
        if wish.avoid.is_none() {
            count_retry(&ask, &server);
            if failed == ConnectError::Refused {
                turn_around(&ask).await;
            }
        }
        drop(place);
    }
}

/// Where the next attempt should go: on the same server, or away from it as `option redispatch` says.
fn after_failure(ask: &Ask<'_>) -> Wish {
    let Some(last) = ask.attempts.last.clone() else {
        return Wish::default();
    };
    if redispatches(ask) {
        return Wish {
            avoid: Some(last),
            ..Wish::default()
        };
    }
    Wish {
        server: Some(last),
        ..Wish::default()
    }
}

/// `option redispatch [N]`: after every N-th retry, or counted from the last one where N is negative.
/// In turns and with another server there, at every retry.
fn redispatches(ask: &Ask<'_>) -> bool {
    let settings = &ask.backend.settings;
    let Some(interval) = settings.redispatch else {
        return false;
    };
    let in_turns = matches!(
        ask.backend.balance.algorithm,
        Algorithm::RoundRobin | Algorithm::StaticRr
    );
    if in_turns && ask.backend.state.active_servers.load(Relaxed) > 1 {
        return true;
    }
    let most = i64::from(settings.retries.unwrap_or(3));
    let used = i64::from(ask.attempts.used);
    match i64::from(interval) {
        0 => false,
        every @ 1.. => used % every == 0,
        from_last => (most - used) % (most + 1 + from_last).max(1) == 0,
    }
}

fn may_retry(ask: &Ask<'_>) -> bool {
    let settings = &ask.backend.settings;
    settings.retry_on.contains(RetryOn::CONN_FAILURE)
        && ask.attempts.used < settings.retries.unwrap_or(3)
}

/// The pause before the same server is tried again: a second, or `timeout connect` if that is less.
async fn turn_around(ask: &Ask<'_>) {
    let connect = ask.backend.settings.timeouts.connect;
    let pause = connect.map_or(TURN_AROUND, |ms| TURN_AROUND.min(Duration::from_millis(ms)));
    tokio::time::sleep(pause).await;
}

/// The stream is on this server now, for logs and statistics.
fn enter(ask: &mut Ask<'_>, server: &Arc<Server>, balanced: bool) {
    if balanced {
        ask.backend.state.back.selected.inc();
        server.state.totals.selected.inc();
    }
    if !ask.backend.lists(server) {
        ask.txn.server = None;
        return;
    }
    ask.txn.server = Some(server.state.clone());
    ask.txn.server_id = server.id;
}

fn count_retry(ask: &Ask<'_>, server: &Server) {
    ask.backend.state.back.retries.inc();
    server.state.totals.retries.inc();
}

fn give_up(ask: &Ask<'_>, server: &Server, failed: &ConnectError) -> Failure {
    ask.backend.state.back.connect_errors.inc();
    server.state.totals.connect_errors.inc();
    let cause = match failed {
        ConnectError::Refused => Cause::Server,
        ConnectError::Timeout => Cause::ServerTimeout,
        ConnectError::Resource => Cause::Resource,
    };
    Failure {
        end: End::new(cause, Stage::Connect),
        status: 503,
    }
}

/// An idle connection that this request may use.
fn idle_connection(worker: &Worker, ask: &mut Ask<'_>, server: &Server) -> Option<Idle> {
    if ask.backend.settings.mode != Mode::Http {
        return None;
    }
    if let Some(idle) = ask.own.take(server) {
        return Some(idle);
    }
    if server.is_private() {
        return None;
    }
    let first = ask.session.requests == 0;
    match ask.backend.settings.reuse {
        HttpReuse::Never => None,
        HttpReuse::Safe if first => None,
        HttpReuse::Aggressive if first => worker.idle.take(server, 2),
        _ => worker.idle.take(server, 1),
    }
}

fn reuse(worker: &Worker, ask: &mut Ask<'_>, place: Place, idle: Idle) -> Lease {
    ask.backend.state.back.reuses.inc();
    place.server.state.totals.reuses.inc();
    (ask.txn.backend_source, ask.txn.backend_destination) = idle.addresses.clone();
    count_session(worker, ask, &place.server);
    Lease {
        backend: ask.backend.clone(),
        server: place.server.clone(),
        reused: true,
        requests: idle.requests,
        addresses: idle.addresses,
        stream: idle.stream,
        place,
    }
}

fn fresh(worker: &Worker, ask: &mut Ask<'_>, place: Place, connected: connect::Connected) -> Lease {
    let addresses = (connected.source, connected.destination);
    (ask.txn.backend_source, ask.txn.backend_destination) = addresses.clone();
    count_session(worker, ask, &place.server);
    Lease {
        backend: ask.backend.clone(),
        server: place.server.clone(),
        reused: false,
        requests: 0,
        addresses,
        stream: connected.stream,
        place,
    }
}

fn count_session(worker: &Worker, ask: &mut Ask<'_>, server: &Arc<Server>) {
    let now = worker.now();
    ask.txn.timers.connected = Some(now.instant);
    ask.attempts.last = Some(server.clone());
    let totals = &server.state.totals;
    totals.sessions_total.inc();
    totals.session_rate.add(now.millis(), 1);
    let second = now.millis() / 1000;
    totals.last_session.store(second, Relaxed);
    ask.backend.state.back.last_session.store(second, Relaxed);
}
