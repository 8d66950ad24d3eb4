//! What the lines of the frontend and of the backend say: timeouts, retries, the default backend (manual 7.3.3).

use super::*;
use crate::sample::args::Args;
use crate::sample::table::Client;
use crate::sample::terms::Terms;

/// Milliseconds of a timeout of the backend that a rule may have changed, 0 if there is none.
macro_rules! current {
    ($name:literal, $timeout:ident, $order:ident, $doc:literal) => {{
        fn value<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
            let own = back(client)?.timeouts.$timeout;
            time(client.txn.orders.$order.or(own))
        }
        entry($name, &[], Type::Int, Get::Backend(value), $doc)
    }};
}

/// Milliseconds of a timeout of the backend, 0 if there is none.
macro_rules! back {
    ($name:literal, $timeout:ident, $doc:literal) => {{
        fn value<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
            time(back(client)?.timeouts.$timeout)
        }
        entry($name, &[], Type::Int, Get::Backend(value), $doc)
    }};
}

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    back!("be_connect_timeout", connect, "the backend's `timeout connect`, in ms (3.x)"),
    entry("be_max_retries", &[], Type::Int, Get::Backend(retries), "the backend's `retries` (3.x)"),
    back!("be_queue_timeout", queue, "the backend's `timeout queue`, in ms (3.x)"),
    back!("be_server_timeout", server, "the backend's `timeout server`, in ms"),
    back!("be_tarpit_timeout", tarpit, "the backend's `timeout tarpit`, in ms (3.x)"),
    back!("be_tunnel_timeout", tunnel, "the backend's `timeout tunnel`, in ms"),
    entry("cur_client_timeout", &[], Type::Int, Get::Client(current_client), "the client's timeout in use, in ms (3.x)"),
    current!("cur_connect_timeout", connect, connect_timeout, "the connect timeout in use, in ms (3.x)"),
    entry("cur_max_retries", &[], Type::Int, Get::Backend(current_retries), "the retries in use (3.x)"),
    current!("cur_queue_timeout", queue, queue_timeout, "the queue's timeout in use, in ms (3.x)"),
    entry("cur_server_timeout", &[], Type::Int, Get::Backend(current_server), "the server's timeout in use, in ms: 0 until it is reached, if no rule has set one"),
    entry("cur_tarpit_timeout", &[], Type::Int, Get::Client(current_tarpit), "the tarpit's timeout in use, in ms (3.x)"),
    entry("cur_tunnel_timeout", &[], Type::Int, Get::Backend(current_tunnel), "the tunnel's timeout in use, in ms: 0 until the server is reached, if no rule has set one"),
    entry("fe_client_timeout", &[], Type::Int, Get::Frontend(|session, _| time(session.terms()?.timeouts.client)), "the frontend's `timeout client`, in ms"),
    entry("fe_defbe", &[], Type::Str, Get::Frontend(|session, _| Some(Value::text(session.terms()?.default_backend.as_ref()?.as_bytes()))), "the frontend's default backend"),
    entry("fe_tarpit_timeout", &[], Type::Int, Get::Frontend(|session, _| time(session.terms()?.timeouts.tarpit)), "the frontend's `timeout tarpit`, in ms (3.x)"),
];

fn time<'s>(ms: Option<u64>) -> Option<Value<'s>> {
    i64::try_from(ms.unwrap_or(0)).ok().map(Value::Int)
}

/// As long as no backend is chosen, the proxy that took the connection is it.
fn back(client: Client<'_>) -> Option<&Terms> {
    let Client { session, txn } = client;
    session
        .terms
        .get(txn.backend_at.unwrap_or(session.proxy_at))
}

fn retries<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    Some(Value::Int(i64::from(back(client)?.retries)))
}

/// HAProxy gives a connection its timeout once it stands; in TCP mode that of the tunnel, where there is one.
fn current_server<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    let (txn, timeouts) = (client.txn, back(client)?.timeouts);
    let reached = txn.timers.connected.is_some();
    let tunnel = txn.orders.tunnel_timeout.or(timeouts.tunnel);
    time(match txn.orders.server_timeout {
        _ if reached && !txn.has_request && tunnel.is_some() => tunnel,
        None if reached => timeouts.server,
        set => set,
    })
}

fn current_tunnel<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    let txn = client.txn;
    let reached = txn.timers.connected.is_some();
    let own = back(client)?.timeouts.tunnel.filter(|_| reached);
    time(txn.orders.tunnel_timeout.or(own))
}

fn current_client<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    let own = client.session.terms()?.timeouts.client;
    time(client.txn.orders.client_timeout.or(own))
}

fn current_tarpit<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    let front = client.session.terms()?.timeouts.tarpit;
    let own = front.or(back(client)?.timeouts.tarpit);
    time(client.txn.orders.tarpit_timeout.or(own))
}

fn current_retries<'s>(client: Client<'s>, _: &'s Args) -> Option<Value<'s>> {
    let own = back(client)?.retries;
    let retries = client.txn.orders.retries.unwrap_or(own);
    Some(Value::Int(i64::from(retries)))
}
