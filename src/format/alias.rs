//! The variables of formats: one entry each (manual 8.2.6).

use std::sync::Arc;

use super::date::{self, Shape};
use super::emit::Out;
use crate::http::Target;
use crate::http::target::split_query;
use crate::sample::{Address, Scope, Spans};
use crate::state::{Process, State};

/// What a format knows of the process.
#[derive(Debug)]
pub(super) struct Facts {
    process: Arc<Process>,
    hostname: Box<str>,
}

impl Facts {
    pub(super) fn new(state: &State) -> Self {
        let hostname = nix::unistd::gethostname().unwrap_or_default();
        Self {
            process: state.process.clone(),
            hostname: hostname.to_string_lossy().into(),
        }
    }
}

type Write = fn(&Scope<'_>, &Facts, &mut Out<'_>);

/// A variable of formats.
pub struct Alias {
    /// Its name behind `%`.
    pub name: &'static str,
    /// What it gives.
    pub doc: &'static str,
    /// Only in HTTP mode.
    pub http: bool,
    pub(super) run: Write,
}

impl std::fmt::Debug for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn any(name: &'static str, doc: &'static str, run: Write) -> Alias {
    Alias {
        name,
        doc,
        http: false,
        run,
    }
}

const fn http(name: &'static str, doc: &'static str, run: Write) -> Alias {
    Alias {
        name,
        doc,
        http: true,
        run,
    }
}

/// The variable of this name.
pub(super) fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.name == name)
}

/// All variables but `%o`, in the manual's order.
#[rustfmt::skip]
pub static ALIASES: &[Alias] = &[
    any("B", "bytes sent to the client", |s, _, o| { early(s, o); o.number(s.txn.bytes_out); }),
    http("CC", "captured request cookie", |s, _, o| o.text(cookie(s, 0))),
    http("CS", "captured response cookie", |s, _, o| o.text(cookie(s, 1))),
    any("H", "host name", |_, f, o| o.text(f.hostname.as_bytes())),
    http("HM", "HTTP method", |s, _, o| o.encoded(line(s, 0), URL)),
    http("HP", "request target without its query", |s, _, o| o.encoded(split_query(line(s, 1)).0, URL)),
    http("HPO", "path only", |s, _, o| o.part(path(s), URL)),
    http("HQ", "query with its question mark", |s, _, o| o.part(query(s), URL)),
    http("HU", "request target", |s, _, o| o.encoded(line(s, 1), URL)),
    http("HV", "HTTP version", |s, _, o| o.encoded(line(s, 2), URL)),
    any("ID", "unique id", |s, _, o| unique_id(s, o)),
    any("ST", "status code", |s, _, o| status(s, o)),
    any("T", "accept date, universal", |s, _, o| date::write(Spans::of(s).accepted(), Shape::Gmt, o.bytes)),
    http("Ta", "active time of the request", |s, _, o| { early(s, o); o.number(Spans::of(s).active()); }),
    any("Tc", "time to connect to the server", |s, _, o| o.number(Spans::of(s).connect())),
    any("Td", "data transmission time", |s, _, o| o.number(Spans::of(s).data())),
    any("Th", "handshake time", |s, _, o| o.number(Spans::of(s).handshake())),
    http("Ti", "idle time before the request", |s, _, o| o.number(Spans::of(s).idle())),
    any("Tl", "accept date, local", |s, _, o| date::write(Spans::of(s).accepted(), Shape::Local, o.bytes)),
    http("Tq", "time until the whole request was there", |s, _, o| o.number(Spans::of(s).request())),
    http("TR", "time from the first byte to the whole request", |s, _, o| o.number(Spans::of(s).head())),
    http("Tr", "response time of the server", |s, _, o| o.number(Spans::of(s).response())),
    any("Ts", "accept date in seconds since the epoch", |s, _, o| o.hexable(date::parts(Spans::of(s).accepted()).0.unsigned_abs())),
    any("Tt", "total time", |s, _, o| { early(s, o); o.number(Spans::of(s).total()); }),
    any("Tu", "total time without idle time", |s, _, o| { early(s, o); o.number(Spans::of(s).user()); }),
    any("Tw", "time in queues", |s, _, o| o.number(Spans::of(s).queue())),
    any("U", "bytes read from the client", |s, _, o| o.number(s.txn.bytes_in)),
    any("ac", "connections of the process", |_, f, o| o.number(f.process.conns.load())),
    any("b", "backend", |s, _, o| o.text(backend(s).name.as_bytes())),
    any("bc", "streams of the backend", |s, _, o| o.number(s.txn.backend.as_ref().map_or(0, |b| b.back.sessions.load()))),
    any("bi", "own address towards the server", |s, _, o| address(&s.txn.backend_source, o)),
    any("bp", "own port towards the server", |s, _, o| port(s, &s.txn.backend_source, o)),
    any("bq", "requests before this one in the backend's queue", |s, _, o| o.number(s.txn.backend_queue)),
    any("ci", "client's address", |s, _, o| address(source(s), o)),
    any("cp", "client's port", |s, _, o| port(s, source(s), o)),
    any("f", "frontend", |s, _, o| o.text(s.session.frontend.name.as_bytes())),
    any("fc", "connections of the frontend", |s, _, o| o.number(s.session.frontend.front.sessions.load())),
    any("fi", "address the client came to", |s, _, o| address(destination(s), o)),
    any("fp", "port the client came to", |s, _, o| port(s, destination(s), o)),
    any("ft", "frontend, with ~ for TLS", |s, _, o| frontend_transport(s, o)),
    http("hr", "captured request headers", |s, _, o| captures(&s.txn.request_captures.list(), o)),
    http("hrl", "captured request headers, one by one", |s, _, o| capture_list(&s.txn.request_captures.list(), o)),
    http("hs", "captured response headers", |s, _, o| captures(&s.txn.response_captures.list(), o)),
    http("hsl", "captured response headers, one by one", |s, _, o| capture_list(&s.txn.response_captures.list(), o)),
    any("lc", "log counter of the frontend", |s, _, o| o.hexable(s.session.frontend.logs.load())),
    any("ms", "milliseconds of the accept date", |s, _, o| milliseconds(s, o)),
    any("pid", "process number", |_, _, o| o.hexable(u64::from(std::process::id()))),
    http("r", "request line", |s, _, o| o.encoded(request_line(s), URL)),
    any("rc", "retries", |s, _, o| { if s.txn.redispatched { o.mark(b'+'); } o.number(s.txn.retries); }),
    any("rt", "number of the stream", |s, _, o| o.hexable(s.txn.number)),
    any("s", "server", |s, _, o| o.text(server(s))),
    any("sc", "connections of the server", |s, _, o| o.number(s.txn.server.as_ref().map_or(0, |s| s.totals.sessions.load()))),
    any("si", "server's address", |s, _, o| address(&s.txn.backend_destination, o)),
    any("sp", "server's port", |s, _, o| port(s, &s.txn.backend_destination, o)),
    any("sq", "requests before this one in the server's queue", |s, _, o| o.number(s.txn.server_queue)),
    any("sslc", "TLS cipher", |s, _, o| match &s.session.tls { Some(tls) => o.text(tls.cipher.as_bytes()), None => o.absent() }),
    any("sslv", "TLS version", |s, _, o| match &s.session.tls { Some(tls) => o.text(tls.version.as_bytes()), None => o.absent() }),
    any("t", "accept date with milliseconds", |s, _, o| date::write(Spans::of(s).accepted(), Shape::Millis, o.bytes)),
    http("tr", "date of the request with milliseconds", |s, _, o| date::write(Spans::of(s).requested(), Shape::Millis, o.bytes)),
    http("trg", "date of the request, universal", |s, _, o| date::write(Spans::of(s).requested(), Shape::Gmt, o.bytes)),
    http("trl", "date of the request, local", |s, _, o| date::write(Spans::of(s).requested(), Shape::Local, o.bytes)),
    any("ts", "termination state", |s, _, o| o.raw(&letters(s))),
    http("tsc", "termination state with cookies", |s, _, o| { o.raw(&letters(s)); o.raw(&s.txn.cookie_letters.map(|l| if l == 0 { b'-' } else { l })); }),
];

/// Bytes encoded in request lines, beside those that do not print.
const URL: &[u8] = b"\"#";
/// What stands for a request that was not understood.
const BADREQ: &[u8] = b"<BADREQ>";
/// Bytes encoded in captured headers.
const HEADER: &[u8] = b"{|}\"#";

fn frontend_transport(s: &Scope<'_>, out: &mut Out<'_>) {
    let name = &s.session.frontend.name;
    match s.session.tls {
        Some(_) => out.text(format!("{name}~").as_bytes()),
        None => out.text(name.as_bytes()),
    }
}

fn early(s: &Scope<'_>, out: &mut Out<'_>) {
    if s.txn.log_early {
        out.mark(b'+');
    }
}

fn cookie<'s>(s: &'s Scope<'_>, which: usize) -> &'s [u8] {
    s.txn
        .cookie_captures
        .get(which)
        .and_then(|c| c.as_deref())
        .unwrap_or_default()
}

/// The request line as it came; what HAProxy shows where none came.
fn request_line<'s>(s: &'s Scope<'_>) -> &'s [u8] {
    if s.txn.request_line.is_empty() {
        BADREQ
    } else {
        &s.txn.request_line
    }
}

/// A word of the request line: method, target, version.
fn line<'s>(s: &'s Scope<'_>, word: usize) -> &'s [u8] {
    let line = request_line(s);
    if line == BADREQ {
        return line;
    }
    line.split(|b| *b == b' ')
        .filter(|w| !w.is_empty())
        .nth(word)
        .unwrap_or_default()
}

fn path<'s>(s: &'s Scope<'_>) -> &'s [u8] {
    match line(s, 1) {
        BADREQ => BADREQ,
        target => Target::of(target).path(),
    }
}

fn query<'s>(s: &'s Scope<'_>) -> &'s [u8] {
    let target = line(s, 1);
    if target == BADREQ {
        return target;
    }
    memchr::memchr(b'?', target)
        .and_then(|at| target.get(at..))
        .unwrap_or_default()
}

fn status(s: &Scope<'_>, out: &mut Out<'_>) {
    match s.txn.status {
        Some(status) => out.number(status),
        None if out.flags.http => out.number(-1),
        None => out.number(0),
    }
}

/// The unique id. As in HAProxy only logs have it made; elsewhere it shows if something else asked before.
fn unique_id(s: &Scope<'_>, out: &mut Out<'_>) {
    let id = match out.flags.log {
        true => s.unique_id(),
        false => s.txn.unique_id.made(),
    };
    out.text(id.unwrap_or_default());
}

fn milliseconds(s: &Scope<'_>, out: &mut Out<'_>) {
    let millis = date::parts(Spans::of(s).accepted()).1;
    match out.flags.encoding {
        Some(_) => out.number(millis),
        None => out.raw(format!("{millis:03}").as_bytes()),
    }
}

fn backend<'s>(s: &'s Scope<'_>) -> &'s crate::state::Proxy {
    s.txn.backend.as_ref().unwrap_or(&s.session.frontend)
}

fn server<'s>(s: &'s Scope<'_>) -> &'s [u8] {
    match (&s.txn.server, s.txn.service) {
        (Some(server), _) => server.name.as_bytes(),
        (None, Some(service)) => service.as_bytes(),
        (None, None) => b"<NOSRV>",
    }
}

fn letters(s: &Scope<'_>) -> [u8; 2] {
    [s.txn.end.cause.letter(), s.txn.end.stage.letter()]
}

/// The client's address, as rules of this request changed it.
fn source<'s>(s: &'s Scope<'_>) -> &'s Address {
    s.txn.source.as_ref().unwrap_or(&s.session.source)
}

fn destination<'s>(s: &'s Scope<'_>) -> &'s Address {
    s.txn.destination.as_ref().unwrap_or(&s.session.destination)
}

fn address(address: &Address, out: &mut Out<'_>) {
    match address {
        Address::Ip(addr) => out.ip(addr.ip()),
        Address::Unix(_) => out.text(b"unix"),
        Address::Unknown => out.absent(),
    }
}

/// A port; for a unix socket the number of the listener, as HAProxy has it.
fn port(s: &Scope<'_>, address: &Address, out: &mut Out<'_>) {
    match address {
        Address::Ip(addr) => out.hexable(u64::from(addr.port())),
        Address::Unix(_) => out.number(s.session.listener_id),
        Address::Unknown => out.absent(),
    }
}

/// `{a|b}`; nothing where no slot is declared.
fn captures(slots: &[Option<Box<[u8]>>], out: &mut Out<'_>) {
    if slots.is_empty() {
        return;
    }
    let quote: &[u8] = if out.flags.quote { b"\"" } else { b"" };
    out.raw(quote);
    for (at, slot) in slots.iter().enumerate() {
        out.raw(if at == 0 { b"{" } else { b"|" });
        let text = slot.as_deref().unwrap_or_default();
        out.body(text, |b| !(0x20..0x7f).contains(&b) || HEADER.contains(&b));
    }
    out.raw(b"}");
    out.raw(quote);
}

/// The captures as strings of their own, a blank between them.
fn capture_list(slots: &[Option<Box<[u8]>>], out: &mut Out<'_>) {
    for (at, slot) in slots.iter().enumerate() {
        if at > 0 {
            out.raw(b" ");
        }
        match slot.as_deref().unwrap_or_default() {
            // Between blanks an absent string has to show.
            b"" if !out.flags.quote => out.raw(b"-"),
            text => out.encoded(text, HEADER),
        }
    }
}
