//! The way to a server connection: a place on a server, then an idle connection to it or a new one,
//! with retries (manual 4.2 `retries`, `option redispatch`, `retry-on`, `http-reuse`).

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;
use std::time::Duration;

use crate::check::Seen;
use crate::end::{Cause, End, Stage};
use crate::http::Method;
use crate::net::Stream;
use crate::plan::{Plan, Proxy, Server};
use crate::sample::{Session, Transaction};
use crate::settings::{HttpReuse, Mode};
use crate::worker::Worker;

use super::Lease;
use super::connect::{self, ConnectError, Way};
use super::own::{Link, Nature, Own};
use super::place::{Wish, place};
use super::queue::Place;
use super::retry::{self, Next};
use super::speech;
use super::trunk::{Claim, Owner, Trunk};

/// Other workers give up their idle connections in this time, when descriptors ran out.
const ELSEWHERE: Duration = Duration::from_millis(2);

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
    /// The client's connection where its leaving ends the wait (`option abortonclose`).
    pub watched: Option<&'a Stream>,
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
    /// Where the client is to go instead: the server's `redir` prefix.
    pub redirect: Option<Box<[u8]>>,
}

/// Finds a server and connects to it.
///
/// # Errors
/// No server can take the request, or all attempts failed.
pub async fn obtain(worker: &Rc<Worker>, mut ask: Ask<'_>) -> Result<Lease, Failure> {
    let mut wish = wish(&mut ask);
    let mut refused = None;
    loop {
        let place = place(worker, &mut ask, std::mem::take(&mut wish)).await?;
        if refused.is_some_and(|refused| Arc::ptr_eq(&refused, &place.server)) {
            count_retry(&ask, &place.server);
        }
        if let Some(prefix) = redirected(&ask, &place.server) {
            return Err(elsewhere(&place.server, prefix));
        }
        if let Some(idle) = idle_connection(worker, &mut ask, &place) {
            return Ok(reuse(worker, &mut ask, place, idle));
        }
        // Boxed, as connecting is rare and its future large.
        let watched = ask.watched;
        let connected = Box::pin(connected(worker, &mut ask, place));
        match unless_left(watched, connected).await {
            None => return Err(client_left(Stage::Connect)),
            Some(Ok(lease)) => return Ok(lease),
            Some(Err(Missed::Final(failure))) => return Err(failure),
            Some(Err(Missed::Leave(server))) => {
                refused = Some(server.clone());
                wish.avoid = Some(server);
            }
        }
    }
}

/// Waits for a future, or until the watched client leaves: then there is nothing.
pub(super) async fn unless_left<T>(
    watched: Option<&Stream>,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| match (future.as_mut().poll(cx), watched) {
        (Poll::Ready(done), _) => Poll::Ready(Some(done)),
        (Poll::Pending, Some(client)) => client.poll_closed(cx).map(|()| None),
        (Poll::Pending, None) => Poll::Pending,
    })
    .await
}

/// The failure that is the client's own. Nobody is there to read a status.
pub(super) fn client_left(stage: Stage) -> Failure {
    Failure {
        end: End::new(Cause::Client, stage),
        status: 503,
        redirect: None,
    }
}

/// The server's prefix, if it has one and the request is one that can be redirected (manual 5.2 `redir`).
fn redirected<'s>(ask: &Ask<'_>, server: &'s Server) -> Option<&'s [u8]> {
    let prefix = server.settings.redir.as_deref()?;
    let method = ask.txn.request.head.known_method();
    let asked = ask.txn.has_request && matches!(method, Method::Get | Method::Head);
    (asked && ask.backend.settings.mode == Mode::Http).then_some(prefix)
}

/// The failure that sends the client there.
fn elsewhere(server: &Server, prefix: &[u8]) -> Failure {
    server.state.totals.sessions_total.inc();
    Failure {
        end: End::new(Cause::Local, Stage::Connect),
        status: 302,
        redirect: Some(prefix.into()),
    }
}

/// Why there is no connection to a server.
enum Missed {
    /// Another server may do.
    Leave(Arc<Server>),
    /// That was the last attempt.
    Final(Failure),
}

/// Connects to the server of this place, as often as it is worth it; the place is kept meanwhile.
async fn connected(worker: &Rc<Worker>, ask: &mut Ask<'_>, place: Place) -> Result<Lease, Missed> {
    loop {
        let server = &place.server;
        let failed = match connect::connect(worker, ask, server).await {
            Ok(connected) => {
                worker.fleet.report(ask.backend, server, Seen::Connected);
                return Ok(fresh(worker, ask, place, connected));
            }
            Err(failed) => failed,
        };
        if failed != ConnectError::Resource {
            worker
                .fleet
                .report(ask.backend, server, Seen::ConnectFailed);
        }
        ask.attempts.last = Some(server.clone());
        // Each attempt counts as a session of its server.
        server.state.totals.sessions_total.inc();
        let pauses = failed == ConnectError::Refused;
        let next = retry::after_connect(ask, server, !pauses);
        if next == Next::GiveUp {
            return Err(Missed::Final(give_up(ask, server, &failed)));
        }
        ask.attempts.used += 1;
        ask.txn.retries = ask.attempts.used;
        let Next::Same(pause) = next else {
            ask.txn.persistence.direct = false;
            return Err(Missed::Leave(server.clone()));
        };
        count_retry(ask, server);
        let pause = match failed {
            // Ours are closed; what still counts is other workers', who have just been told.
            ConnectError::Resource if server.state.idle.load() > 0 => ELSEWHERE,
            ConnectError::Resource => Duration::ZERO,
            _ => pause,
        };
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
}

/// Where to go: at first to the server that persistence names; after an exchange with a server failed to the same one, or
/// away from it as `option redispatch` says.
fn wish(ask: &mut Ask<'_>) -> Wish {
    let mut wish = Wish::default();
    let persistence = &mut ask.txn.persistence;
    if let Some(last) = ask.attempts.last.clone() {
        let leave = retry::leaves(ask, &last);
        ask.txn.persistence.direct &= !leave;
        *(if leave {
            &mut wish.avoid
        } else {
            &mut wish.server
        }) = Some(last);
    } else if persistence.direct {
        let named = persistence
            .server
            .and_then(|at| ask.backend.servers.get(at));
        wish.server = named.cloned();
        wish.breakable = !persistence.forced;
    }
    wish
}

fn count_retry(ask: &Ask<'_>, server: &Server) {
    ask.backend.state.back.retries.inc();
    server.state.totals.retries.inc();
}

fn give_up(ask: &Ask<'_>, server: &Server, failed: &ConnectError) -> Failure {
    ask.backend.state.back.connect_errors.inc();
    server.state.totals.connect_errors.inc();
    let cause = match failed {
        // As HAProxy logs it, also where it is our side that cannot.
        ConnectError::Refused | ConnectError::Resource => Cause::Server,
        ConnectError::Timeout => Cause::ServerTimeout,
    };
    Failure {
        end: End::new(cause, Stage::Connect),
        status: 503,
        redirect: None,
    }
}

/// An idle connection that this request may use.
fn idle_connection(worker: &Rc<Worker>, ask: &mut Ask<'_>, place: &Place) -> Option<Box<Link>> {
    if ask.backend.settings.mode != Mode::Http {
        return None;
    }
    let server = &place.server;
    let nature = connect::nature(worker, ask, server);
    if speech::may_multiplex(server) {
        let claim = claim(ask, server, &nature);
        if let Some(link) = worker.trunks.take(&claim, worker.now().instant) {
            return Some(link);
        }
    }
    if let Some(idle) = ask.own.take(server)
        && idle.nature == nature
        && (!server.follows_client() || connect::leads_where_asked(&idle, ask, server))
    {
        return Some(idle);
    }
    if server.is_private() {
        return None;
    }
    // This request is counted already.
    let first = ask.session.requests <= 1;
    match ask.backend.settings.reuse {
        HttpReuse::Never => None,
        HttpReuse::Safe if first => None,
        HttpReuse::Aggressive if first => worker.idle.take(server, 2, &nature),
        _ => worker.idle.take(server, 1, &nature),
    }
}

/// What this request asks of a connection that carries many.
fn claim<'c>(ask: &Ask<'_>, server: &'c Arc<Server>, nature: &'c Nature) -> Claim<'c> {
    let reuse = ask.backend.settings.reuse;
    Claim {
        server,
        nature,
        owner: Owner::of(ask.session),
        first: ask.session.requests <= 1,
        reuse,
        private: reuse == HttpReuse::Never || server.is_private(),
        most: speech::most(ask.plan),
    }
}

fn reuse(worker: &Worker, ask: &mut Ask<'_>, place: Place, link: Box<Link>) -> Lease {
    ask.txn.backend_reused = true;
    ask.backend.state.back.reuses.inc();
    place.server.state.totals.reuses.inc();
    (ask.txn.backend_source, ask.txn.backend_destination) = link.addresses.clone();
    ask.txn.backend_tls.clone_from(&link.tls);
    ask.txn.backend_major = Some(link.major());
    count_session(worker, ask, &place.server);
    Lease {
        reused: true,
        link,
        place,
    }
}

fn fresh(worker: &Worker, ask: &mut Ask<'_>, place: Place, connected: connect::Connected) -> Lease {
    ask.txn.backend_reused = false;
    let addresses = (connected.source, connected.destination);
    (ask.txn.backend_source, ask.txn.backend_destination) = addresses.clone();
    ask.txn.backend_tls.clone_from(&connected.tls);
    count_session(worker, ask, &place.server);
    let now = worker.now().instant;
    let link = match connected.way {
        Way::Single(stream) => Box::new(Link {
            stream,
            server: place.server.clone(),
            addresses,
            requests: 0,
            since: now,
            nature: connected.nature,
            tls: connected.tls,
            moves: None,
            course: None,
        }),
        Way::Many(upstream) => {
            let claim = claim(ask, &place.server, &connected.nature);
            let (trunk, link) = Trunk::begin(upstream, &claim, addresses, connected.tls, now);
            if claim.private {
                ask.own.hold(&trunk);
            }
            worker.trunks.keep(trunk);
            link
        }
    };
    ask.txn.backend_major = Some(link.major());
    Lease {
        reused: false,
        link,
        place,
    }
}

fn count_session(worker: &Worker, ask: &mut Ask<'_>, server: &Server) {
    let now = worker.now();
    ask.txn.timers.connected = Some(now.instant);
    let totals = &server.state.totals;
    totals.sessions_total.inc();
    let ms = worker.millis();
    totals.session_rate.add(ms, 1);
    let second = ms / 1000;
    totals.last_session.store(second, Relaxed);
    ask.backend.state.back.last_session.store(second, Relaxed);
}
