//! The engine: what happens to a client connection, phase by phase.
//!
//! `worker` hands every accepted connection to [`spawn`]. Reads the plan and the state, never
//! configuration.

mod client;
mod content;
mod health;
pub mod http;
mod many;
mod metered;
mod nice;
mod record;
mod secure;
mod session;
mod switch;
mod tcp;

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;

use tokio::task::{AbortHandle, spawn_local};

pub use client::{Client, Upgrade};

use crate::action::Lookup;
use crate::sample::{Scope, Session, Transaction, Value};
use crate::settings::Mode;
use crate::worker::{Accepted, Worker};

/// Starts serving a client connection, as a task of the worker. `None` if rules refuse it.
pub fn spawn(worker: &Rc<Worker>, accepted: Accepted) -> Option<AbortHandle> {
    let mut client = Client::new(accepted);
    if !session::admit(worker, &mut client) {
        return None;
    }
    let worker = worker.clone();
    if session::has_handshakes(&client) {
        let meter = client.session.meter.clone();
        let served = after_handshakes(worker, client);
        let task = match meter {
            Some(meter) => spawn_local(metered::run(meter, served)),
            None => spawn_local(served),
        };
        return Some(task.abort_handle());
    }
    if !session::begin(&worker, &mut client) {
        return None;
    }
    if client.proxy.settings.mode == Mode::Http && speaks_h2(&client) {
        let task = spawn_local(many::serve(worker, client, Vec::new()));
        return Some(task.abort_handle());
    }
    // Two kinds of task, so that an idle HTTP connection does not take the room of a TCP stream.
    let task = match (client.proxy.settings.mode, client.session.meter.clone()) {
        (Mode::Tcp, _) if client.proxy.settings.health => {
            spawn_local(health::answer(worker, client))
        }
        (Mode::Http, None) => spawn_local(http::serve(worker, client)),
        (Mode::Tcp, None) => spawn_local(tcp::serve(worker, client)),
        (Mode::Http, Some(meter)) => spawn_local(metered::run(meter, http::serve(worker, client))),
        (Mode::Tcp, Some(meter)) => spawn_local(metered::run(meter, tcp::serve(worker, client))),
    };
    Some(task.abort_handle())
}

async fn after_handshakes(worker: Rc<Worker>, mut client: Client) {
    let complete = Box::pin(session::handshakes(&worker, &mut client)).await;
    if !complete || !session::begin(&worker, &mut client) {
        return;
    }
    match client.proxy.settings.mode {
        Mode::Http if speaks_h2(&client) => Box::pin(many::serve(worker, client, Vec::new())).await,
        Mode::Http => Box::pin(http::serve(worker, client)).await,
        Mode::Tcp if client.proxy.settings.health => health::answer(worker, client).await,
        Mode::Tcp => Box::pin(tcp::serve(worker, client)).await,
    }
}

/// Whether the client has agreed on HTTP/2, or the `bind` line says so (manual 5.1 `alpn`, `proto`).
fn speaks_h2(client: &Client) -> bool {
    match client.listener.bind.proto.as_deref() {
        Some(proto) => proto == "h2",
        None => {
            let agreed = client
                .session
                .tls
                .as_ref()
                .and_then(|tls| tls.alpn.as_deref());
            agreed == Some(b"h2")
        }
    }
}

/// Lends session and transaction to the language.
fn scope<'a>(
    worker: &'a Rc<Worker>,
    session: &'a mut Session,
    txn: &'a mut Transaction,
) -> Scope<'a> {
    Scope {
        session,
        txn,
        now: worker.now(),
        waiting: Cell::new(false),
    }
}

/// `do-resolve`: sets the variable to the name's address, if it has one.
async fn resolve(
    worker: &Rc<Worker>,
    session: &mut Session,
    txn: &mut Transaction,
    lookup: &Lookup,
) {
    let now = worker.now().instant;
    let Lookup {
        resolvers,
        name,
        prefer,
        variable,
    } = lookup;
    if let Some(ip) = worker.names.find(resolvers, name, *prefer, now).await {
        let value = match ip {
            IpAddr::V4(ip) => Value::Ipv4(ip),
            IpAddr::V6(ip) => Value::Ipv6(ip),
        };
        variable.set(&scope(worker, session, txn), Some(value));
    }
}

/// Keeps the request line as received, whatever rules make of it: what logs and `method` show.
fn note_request_line(txn: &mut Transaction) {
    let head = &txn.request.head;
    let version = head.version().digits();
    txn.request_line.clear();
    for part in [head.method(), b" ", head.target(), b" HTTP/", &version] {
        txn.request_line.extend_from_slice(part);
    }
}
