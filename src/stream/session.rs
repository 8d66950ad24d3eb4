//! The start of a client connection, before any stream: `tcp-request connection`, the PROXY header,
//! `tcp-request session` (manual 4.2, 5.1 `accept-proxy`).

use std::rc::Rc;
use std::time::Instant;

use crate::action::{Flow, Ruleset};
use crate::end::{Cause, End, Stage};
use crate::log;
use crate::net::proxy_header::{self, Parsed};
use crate::sample::{Address, Expected, ProxyHeader, Transaction, connection_error};
use crate::state::table::Pair;
use crate::worker::Worker;

use super::{Client, secure};

/// Runs the rules that see nothing but the connection. False if it is refused.
pub(super) fn admit(worker: &Rc<Worker>, client: &mut Client) -> bool {
    let proxy = client.proxy.clone();
    if !permits(worker, client, &proxy.rules.tcp_connection) {
        proxy.state.front.denied_conns.inc();
        client.listener.state.denied_conns.inc();
        return false;
    }
    true
}

/// Runs the rules of a complete session, and counts it. False if it is refused.
pub(super) fn begin(worker: &Rc<Worker>, client: &mut Client) -> bool {
    let proxy = client.proxy.clone();
    let now = worker.now();
    client.session.handshake_ms = now
        .instant
        .duration_since(client.session.accepted)
        .as_millis() as u32;
    worker.fleet.state.process.sess_rate.add(now.millis(), 1);
    proxy.state.front.sessions_total.inc();
    proxy.state.front.session_rate.add(now.millis(), 1);
    if !permits(worker, client, &proxy.rules.tcp_session) {
        proxy.state.front.denied_sessions.inc();
        client.listener.state.denied_sessions.inc();
        return false;
    }
    client
        .session
        .tracks()
        .count(Pair::SESSIONS, 1, now.instant);
    true
}

fn permits(worker: &Rc<Worker>, client: &mut Client, rules: &Ruleset) -> bool {
    if rules.rules.is_empty() {
        return true;
    }
    let mut txn = worker.transaction();
    let flow = run(worker, client, &mut txn, rules);
    worker.recycle(txn);
    match flow {
        Flow::Continue | Flow::Accept => true,
        Flow::SilentDrop(hops) => {
            client.stream.vanish(hops);
            false
        }
        _ => false,
    }
}

fn run(worker: &Rc<Worker>, client: &mut Client, txn: &mut Transaction, rules: &Ruleset) -> Flow {
    let mut scope = super::scope(worker, &mut client.session, txn);
    let mut from = 0;
    loop {
        // Nothing more can come here: a rule that lacks data does not apply.
        match rules.run(from, &mut scope) {
            (Flow::Wait | Flow::Pause(_), at) => from = at + 1,
            (flow, _) => return flow,
        }
    }
}

/// Whatever comes before the first byte of the stream: the PROXY header, then TLS. False if the connection is to be
/// closed.
pub(super) async fn handshakes(worker: &Rc<Worker>, client: &mut Client) -> bool {
    let timeouts = &client.proxy.settings.timeouts;
    let limit = timeouts.client_hs.or(timeouts.client);
    client.alarm.after(Instant::now(), limit);
    if wants_proxy_header(client) && !proxy_header(worker, client).await {
        return false;
    }
    if wants_netscaler(client) && !netscaler(worker, client).await {
        return false;
    }
    let listener = client.listener.clone();
    match &listener.tls {
        Some(front) => secure::handshake(worker, client, front).await,
        None => true,
    }
}

/// True if something must come before the first byte of the stream.
pub(super) fn has_handshakes(client: &Client) -> bool {
    client.listener.tls.is_some() || wants_proxy_header(client) || wants_netscaler(client)
}

fn wants_proxy_header(client: &Client) -> bool {
    client.listener.bind.accept_proxy || client.session.expected.contains(Expected::PROXY)
}

fn wants_netscaler(client: &Client) -> bool {
    client.listener.bind.netscaler_magic.is_some()
        || client.session.expected.contains(Expected::NETSCALER)
}

/// What is said of a header that does not come as it should, by the manual's numbers (7.3.3 `fc_err_str`): nothing in
/// time, nothing at all, only the beginning, something else.
struct Complaints([u8; 4]);

const PROXY_HEADER: Complaints = Complaints([13, 11, 14, 15]);
const NETSCALER: Complaints = Complaints([20, 18, 21, 22]);

async fn proxy_header(worker: &Rc<Worker>, client: &mut Client) -> bool {
    let read = header(worker, client, &PROXY_HEADER, proxy_header::parse).await;
    let Some(header) = read else { return false };
    let entries = proxy_header::entries(&header);
    let entries = entries.map(|(kind, value)| (kind, Box::from(value)));
    client.session.proxy_header = Some(ProxyHeader {
        entries: entries.collect(),
    });
    true
}

async fn netscaler(worker: &Rc<Worker>, client: &mut Client) -> bool {
    // A rule may want the header where the `bind` line names no number: then it is 0.
    let magic = client.listener.bind.netscaler_magic.unwrap_or_default();
    let parse = |bytes: &[u8]| proxy_header::parse_netscaler(bytes, magic);
    header(worker, client, &NETSCALER, parse).await.is_some()
}

/// Reads a header that must come first, and takes the addresses it gives. `None` if the connection is to be closed.
async fn header(
    worker: &Rc<Worker>,
    client: &mut Client,
    complaints: &Complaints,
    parse: impl Fn(&[u8]) -> Parsed,
) -> Option<Vec<u8>> {
    let mut bytes = vec![0; proxy_header::USUAL];
    let mut seen = 0;
    let Complaints([timeout, closed, truncated, bad]) = *complaints;
    loop {
        let stream = &client.stream;
        let peeked = client
            .alarm
            .until(|cx| stream.poll_peek(cx, &mut bytes, seen))
            .await;
        let failed = match peeked {
            Err(_) => timeout,
            Ok(Err(_) | Ok(0)) if seen == 0 => closed,
            Ok(Err(_) | Ok(0)) => truncated,
            Ok(Ok(n)) => match parse(bytes.get(..n).unwrap_or_default()) {
                Parsed::More if n == bytes.len() && n < proxy_header::LONGEST => {
                    bytes.resize(proxy_header::LONGEST, 0);
                    continue;
                }
                Parsed::More => {
                    seen = n;
                    continue;
                }
                Parsed::Header(size, ends) => {
                    if let Some((source, destination)) = ends {
                        client.session.source = Address::Ip(source);
                        client.session.destination = Address::Ip(destination);
                    }
                    bytes.truncate(size);
                    return take(client, &mut bytes).then_some(bytes);
                }
                Parsed::Bad => bad,
            },
        };
        client.session.error = failed;
        complain(worker, client);
        return None;
    }
}

/// Takes what was looked at off the socket.
fn take(client: &Client, bytes: &mut [u8]) -> bool {
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
        match client.stream.try_read(rest) {
            Ok(n) if n > 0 => at += n,
            _ => return false,
        }
    }
    true
}

/// HAProxy's line about a connection that never became a session, for the reason that it holds.
pub(super) fn complain(worker: &Rc<Worker>, client: &mut Client) {
    let proxy = client.proxy.clone();
    if proxy.log.silent() {
        return;
    }
    let mut txn = worker.transaction();
    txn.status = Some(0);
    txn.end = End::new(Cause::Proxy, Stage::Request);
    let scope = super::scope(worker, &mut client.session, &mut txn);
    let line = match &proxy.error_log_format {
        Some(format) => {
            let mut line = Vec::new();
            format.render(&scope, &mut line);
            line
        }
        None => {
            let listener = match &client.listener.bind.name {
                Some(name) => name.clone(),
                None => client.listener.id.to_string(),
            };
            let why = connection_error(scope.session.error);
            crate::format::embryonic(&scope, &proxy.name, &listener, why)
        }
    };
    proxy.log.send(scope.now.date, log::INFO, &line);
    worker.recycle(txn);
}
