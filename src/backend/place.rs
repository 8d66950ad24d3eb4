//! From a backend to a place on one of its servers: the one that is named, balancing, queues (manual 4.2
//! `balance`, `option redispatch`, `timeout queue`).
//!
//! The step before connecting. Ends with a place, or with HAProxy's 503 and its two letters.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use crate::end::{Cause, End, Stage};
use crate::net::Alarm;
use crate::plan::{Proxy, Server};
use crate::sample::Scope;
use crate::state::queue::Rank;
use crate::worker::Worker;

use super::choose::{Chosen, choose};
use super::obtain::{client_left, unless_left};
use super::queue::{Admission, Place, Turn, Waiting, admit, wait_for_any};
use super::{Ask, Failure, key, stick};

/// What an earlier attempt or persistence says about the server.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// This server: persistence named it, or a retry stays on it.
    pub(super) server: Option<Arc<Server>>,
    /// It may be left for another if its queue is full (persistence, not a retry).
    pub(super) breakable: bool,
    /// Not this one, if another can be had: the server of a failed attempt.
    pub(super) avoid: Option<Arc<Server>>,
}

/// Finds a place for the request. Fills in the queue positions and the end of the queue timer, and
/// counts a redispatch where the server is not the one of the attempt before.
///
/// # Errors
/// No server is usable, a queue is full, or `timeout queue` passed.
pub(super) async fn place(
    worker: &Rc<Worker>,
    ask: &mut Ask<'_>,
    wish: Wish,
) -> Result<Place, Failure> {
    let backend = ask.backend;
    let mut former = wish.avoid;
    let mut wanted = wish.server;
    let mut breakable = wish.breakable;
    let bound = ask.txn.persistence.forced;
    if ask.attempts.last.is_none() {
        let taken = ask.txn.persistence.direct || ask.txn.persistence.ignored;
        if let Some(server) = stick::request(worker, ask, taken) {
            ask.txn.persistence.name(server.index);
            wanted = Some(server);
            breakable = !bound;
        }
    }
    let mut alarm = None;
    loop {
        let named = wanted.take();
        let chosen = match &named {
            Some(server) => Chosen::Server(server),
            None => balanced(worker, ask, backend, former.as_deref()),
        };
        let admission = match chosen {
            Chosen::Server(server) => {
                name_server(ask, Some(server));
                admit(backend, server, || rank(worker, ask), bound)
            }
            Chosen::Full => {
                name_server(ask, None);
                wait_for_any(backend, rank(worker, ask)).map_or(Admission::Full, Admission::Wait)
            }
            Chosen::Nobody => {
                name_server(ask, None);
                return Err(failure(Cause::Server, Stage::Connect));
            }
        };
        let mut waiting = match admission {
            Admission::Now(place) => return Ok(placed(worker, ask, place, former.as_ref())),
            Admission::Full if breakable && backend.settings.redispatch.is_some() => {
                breakable = false;
                ask.txn.persistence.direct = false;
                if ask.txn.cookie_letters[0] == b'V' {
                    ask.txn.cookie_letters[0] = b'D';
                }
                continue;
            }
            Admission::Full => return Err(failure(Cause::Server, Stage::Queue)),
            Admission::Wait(waiting) => waiting,
        };
        let alarm = alarm.get_or_insert_with(|| {
            let timeouts = &backend.settings.timeouts;
            let mut alarm = Box::new(Alarm::new());
            alarm.after(
                worker.now().instant,
                ask.txn
                    .orders
                    .queue_timeout
                    .or(timeouts.queue)
                    .or(timeouts.connect),
            );
            alarm
        });
        let turn = Box::pin(unless_left(ask.watched, alarm.run(waiting.turn()))).await;
        count_position(ask, &waiting, matches!(turn, Some(Ok(Turn::Serve(_)))));
        let Some(turn) = turn else {
            ask.txn.timers.queued = Some(worker.now().instant);
            return Err(client_left(Stage::Queue));
        };
        match turn {
            Ok(Turn::Serve(place)) => {
                name_server(ask, Some(&place.server));
                return Ok(placed(worker, ask, place, former.as_ref()));
            }
            Ok(Turn::ChooseAgain) => {
                former = waiting.server().cloned().or(former);
                ask.txn.persistence.direct = false;
                breakable = false;
            }
            Err(_) => {
                // It has left the queue too, if for nothing: the log says how long it was there.
                ask.txn.timers.queued = Some(worker.now().instant);
                return Err(failure(Cause::ServerTimeout, Stage::Queue));
            }
        }
    }
}

/// What balancing says, or `dispatch` where there is no `balance`. Counts the choice.
fn balanced<'b>(
    worker: &Rc<Worker>,
    ask: &mut Ask<'_>,
    backend: &'b Arc<Proxy>,
    avoid: Option<&Server>,
) -> Chosen<'b> {
    if backend.settings.balance.is_none()
        && let Some(server) = &backend.dispatch
    {
        return Chosen::Server(server);
    }
    let hashes = backend.balance.algorithm.hashes();
    let hash = hashes.then(|| key::hash(backend, &scope(worker, ask)));
    let random = &mut || (worker.now().draw() >> 32) as u32;
    let chosen = choose(backend, hash.flatten(), avoid, random);
    // The one that was left is no new choice.
    if let Chosen::Server(server) = &chosen
        && !avoid.is_some_and(|avoid| std::ptr::eq(Arc::as_ptr(server), avoid))
    {
        server.state.totals.selected.inc();
        backend.state.back.selected.inc();
    }
    chosen
}

/// Says for logs and expressions which server the request is on or waits for.
fn name_server(ask: &mut Ask<'_>, server: Option<&Arc<Server>>) {
    let listed = server.filter(|server| ask.backend.lists(server));
    ask.txn.server = listed.map(|server| server.state.clone());
    ask.txn.server_id = listed.map_or(0, |server| server.id);
}

pub(super) fn scope<'a>(worker: &'a Rc<Worker>, ask: &'a mut Ask<'_>) -> Scope<'a> {
    Scope {
        session: ask.session,
        txn: ask.txn,
        now: worker.now(),
        waiting: Cell::new(false),
    }
}

/// The request's rank in a queue it would enter now.
fn rank(worker: &Rc<Worker>, ask: &Ask<'_>) -> Rank {
    let (class, offset) = ask.txn.priority;
    let since = worker.now().date.duration_since(UNIX_EPOCH);
    let now_ms = since.map_or(0, |since| since.as_millis() as i64);
    Rank {
        class,
        due_ms: now_ms + i64::from(offset),
    }
}

fn count_position(ask: &mut Ask<'_>, waiting: &Waiting, served: bool) {
    let position = match waiting.server() {
        Some(_) => &mut ask.txn.server_queue,
        None => &mut ask.txn.backend_queue,
    };
    *position += waiting.position(served);
}

fn placed(
    worker: &Rc<Worker>,
    ask: &mut Ask<'_>,
    place: Place,
    former: Option<&Arc<Server>>,
) -> Place {
    if ask.txn.timers.queued.is_none() || former.is_some() {
        ask.txn.timers.queued = Some(worker.now().instant);
    }
    if let Some(former) = former
        && !Arc::ptr_eq(former, &place.server)
    {
        ask.txn.redispatched = true;
        if ask.txn.cookie_letters[0] == b'V' {
            ask.txn.cookie_letters[0] = b'D';
        }
        former.state.totals.redispatches.inc();
        place.backend.state.back.redispatches.inc();
    }
    place
}

fn failure(cause: Cause, stage: Stage) -> Failure {
    Failure {
        end: End::new(cause, stage),
        status: 503,
        redirect: None,
    }
}
