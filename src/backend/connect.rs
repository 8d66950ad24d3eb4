//! A new connection to a server.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rustix::io::Errno;

use crate::net::connect::{Options, Target, connect as open};
use crate::net::listen::local_address;
use crate::net::{Alarm, Stream, Unsecured};
use crate::plan::{Plan, Server};
use crate::sample::{Address, Handshake};
use crate::settings::Endpoint;
use crate::tls::Failure;
use crate::wire::h2::Upstream;
use crate::worker::Worker;

use super::Ask;
use super::handshake::handshake_facts;
use super::introduce;
use super::own::{Link, Nature, Spoken};
use super::speech;

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConnectError {
    /// The server, or the network, said no.
    Refused,
    /// `timeout connect` passed.
    Timeout,
    /// Descriptors, ports or memory ran out on our side.
    Resource,
}

/// A new connection and its two ends.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) way: Way,
    pub(super) source: Address,
    pub(super) destination: Address,
    pub(super) nature: Nature,
    /// What its TLS handshake came to.
    pub(super) tls: Option<Arc<Handshake>>,
}

/// What a connection is to be used for.
#[derive(Debug)]
pub(super) enum Way {
    /// One request at a time.
    Single(Stream),
    /// Many at once.
    Many(Rc<Upstream>),
}

/// Connects to a server and says who the client is, where the server wants to be told.
///
/// # Errors
/// Why not.
pub(super) async fn connect(
    worker: &Rc<Worker>,
    ask: &mut Ask<'_>,
    server: &Server,
) -> Result<Connected, ConnectError> {
    let target = target(ask, server).ok_or(ConnectError::Refused)?;
    // What an attempt before this one came to.
    (ask.txn.backend_error, ask.txn.backend_tls) = (None, None);
    ask.backend.state.back.connects.inc();
    server.state.totals.connects.inc();
    let mut alarm = Alarm::new();
    let limit = ask.txn.orders.connect_timeout;
    alarm.after(
        Instant::now(),
        limit.or(ask.backend.settings.timeouts.connect),
    );
    let nature = nature(worker, ask, server);
    // What it is going to be, where it is never reached.
    ask.txn.backend_major = Some(if nature.spoken == Spoken::H2 { 2 } else { 1 });
    let options = match nature.packets {
        (None, None) => Cow::Borrowed(&server.connect),
        packets => Cow::Owned(Options {
            packets,
            ..server.connect.clone()
        }),
    };
    let mut stream = loop {
        match alarm.run(open(&target, &options)).await {
            Err(_) => return Err(ConnectError::Timeout),
            Ok(Ok(stream)) => break stream,
            Ok(Err(failure)) => match Errno::from_io_error(&failure.error) {
                Some(Errno::MFILE | Errno::NFILE)
                    if worker.out_of_descriptors(&ask.backend.name) => {}
                errno => {
                    ask.txn.backend_error = number(errno, failure.of_source);
                    return Err(classify(errno));
                }
            },
        }
    };
    if !server.settings.send_proxy.is_empty() {
        // The buffer of a new connection is empty: the header fits or the connection is broken.
        let header = introduce::header(&super::place::scope(worker, ask), server);
        if stream.try_write(&header, false).ok() != Some(header.len()) {
            return Err(ConnectError::Refused);
        }
    }
    let destination = match target {
        Target::Ip(address) => Address::Ip(address),
        Target::Unix(path) | Target::Abstract(path) => Address::Unix(path),
    };
    if let Some(back) = server.tls.as_ref().filter(|_| server.settings.ssl) {
        let process = &worker.fleet.state.process;
        if process.secured.is_full(worker.plan().global.maxsslconn) {
            ask.txn.backend_error = Some(Failure::TOO_MANY.cause);
            return Err(ConnectError::Resource);
        }
        let ip = destination.ip().map(|ip| ip.ip());
        let offer = speech::offer(server, nature.spoken);
        let session = back.session(nature.name.as_deref(), ip, offer);
        let counted = process.secured();
        stream.begin_tls(session.map_err(|_| ConnectError::Refused)?, Some(counted));
        let done = alarm.until(|cx| stream.poll_handshake(cx)).await;
        let failure = match done {
            Ok(Ok(())) => None,
            Ok(Err(Unsecured::Tls(error))) => {
                let by_line = back.settings().host.is_some();
                Some(Failure::of_server(&error, by_line))
            }
            Ok(Err(Unsecured::Closed | Unsecured::Io(_))) => Some(Failure::BROKEN),
            Err(_) => return Err(ConnectError::Timeout),
        };
        if let Some(Failure { cause, error }) = failure {
            ask.txn.backend_error = Some(cause);
            ask.txn.backend_tls = Some(Arc::new(Handshake {
                sni: nature.name.clone(),
                error,
                ..Handshake::default()
            }));
            return Err(ConnectError::Refused);
        }
    }
    let tls = stream.secure().map(|secure| {
        let mut facts = Handshake {
            sni: nature.name.clone(),
            ..Handshake::default()
        };
        secure.with(|session| handshake_facts(session, &mut facts));
        Arc::new(facts)
    });
    if tls.as_ref().is_some_and(|tls| !tls.resumed) {
        let now = worker.now().millis();
        worker.fleet.state.process.secured.back_keys.add(now, 1);
    }
    let alpn = tls.as_ref().and_then(|tls| tls.alpn.as_deref());
    Ok(Connected {
        source: local_address(&stream).map_or(Address::Unknown, Address::Ip),
        destination,
        way: match speech::is_h2(ask.backend, nature.spoken, alpn) {
            true => many(ask.plan, stream).await?,
            false => Way::Single(stream),
        },
        tls,
        nature,
    })
}

/// Begins HTTP/2 on a connection.
async fn many(plan: &Plan, stream: Stream) -> Result<Way, ConnectError> {
    let begun = Upstream::begin(stream, &speech::terms(plan)).await;
    let (upstream, driver) = begun.map_err(|_| ConnectError::Refused)?;
    tokio::task::spawn_local(driver);
    Ok(Way::Many(upstream))
}

/// What this request wants of a connection to a server.
pub(super) fn nature(worker: &Rc<Worker>, ask: &mut Ask<'_>, server: &Server) -> Nature {
    Nature {
        name: name(worker, ask, server),
        packets: ask.txn.orders.packets,
        spoken: speech::wanted(ask.backend, server, &ask.txn.request.head),
    }
}

/// The name that this request's connection to a server asks for (`sni`).
fn name(worker: &Rc<Worker>, ask: &mut Ask<'_>, server: &Server) -> Option<Box<str>> {
    let sni = server.sni.as_ref().filter(|_| server.settings.ssl)?;
    let scope = super::place::scope(worker, ask);
    let mut text = Vec::new();
    sni.write_to(&scope, &mut text);
    String::from_utf8(text).ok().map(String::into_boxed_str)
}

/// The manual's number for an error on our side (`bc_err`). What the other side says has none.
fn number(errno: Option<Errno>, of_source: bool) -> Option<u8> {
    Some(match errno? {
        Errno::MFILE => 2,
        Errno::NFILE => 3,
        Errno::NOBUFS | Errno::NOMEM => 4,
        Errno::AFNOSUPPORT | Errno::PROTONOSUPPORT => 5,
        _ if of_source => 8,
        Errno::ADDRNOTAVAIL | Errno::AGAIN => 9,
        Errno::ADDRINUSE => 10,
        _ => return None,
    })
}

fn classify(errno: Option<Errno>) -> ConnectError {
    match errno {
        Some(
            Errno::MFILE
            | Errno::NFILE
            | Errno::NOBUFS
            | Errno::NOMEM
            | Errno::ADDRNOTAVAIL
            | Errno::AGAIN,
        ) => ConnectError::Resource,
        _ => ConnectError::Refused,
    }
}

/// Where to: the server's address with the port that its line says, the client's own port where it
/// says none, or the address the client asked for (`option transparent`).
fn target(ask: &Ask<'_>, server: &Server) -> Option<Target> {
    if let Some(target) = &server.target {
        return Some(target.clone());
    }
    let asked = ask
        .txn
        .destination
        .as_ref()
        .unwrap_or(&ask.session.destination)
        .ip();
    let Some(address) = server.state.address() else {
        return asked.map(Target::Ip);
    };
    let client_port = asked.map_or(0, |asked| asked.port());
    let offset = match &server.settings.endpoint {
        Some(Endpoint::Tcp { port_offset, .. }) => *port_offset,
        _ => None,
    };
    let port = match (offset, address.port()) {
        (Some(offset), _) => u16::try_from(i32::from(client_port) + offset).ok()?,
        (None, 0) => client_port,
        (None, port) => port,
    };
    let ip = match asked {
        Some(asked) if address.ip().is_unspecified() => asked.ip(),
        _ => address.ip(),
    };
    Some(Target::Ip(SocketAddr::new(ip, port)))
}

/// True if an idle connection to a server that follows the client leads where this client wants to go.
pub(super) fn leads_where_asked(idle: &Link, ask: &Ask<'_>, server: &Server) -> bool {
    match target(ask, server) {
        Some(Target::Ip(address)) => idle.addresses.1.ip() == Some(address),
        _ => false,
    }
}
