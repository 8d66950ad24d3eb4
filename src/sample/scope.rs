//! What an expression sees and an action changes: the session, the transaction, and how much of the
//! traffic has come so far.
//!
//! The engine owns a [`Session`] per client connection and a [`Transaction`] per request (taken from
//! a pool while one is live), fills in facts as they become known, and lends both as a [`Scope`].

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::end::{Cause, End};
use crate::http::Message;
use crate::state;
use crate::state::table::{Key, Table, Track};

use super::handshake::Handshake;
use super::identity::{Identify, UniqueId};
use super::meter::Meter;
use super::orders::Orders;
use super::slots::Slots;
use super::terms::Terms;
use super::tracks::Tracks;
use super::vars::Vars;

/// An end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Address {
    /// Not known, or of a kind without addresses (socketpair).
    #[default]
    Unknown,
    /// IPv4 or IPv6 with a port.
    Ip(SocketAddr),
    /// A unix socket; its path where it has one.
    Unix(Box<str>),
}

impl Address {
    /// The IP address and port, if it is one.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            _ => None,
        }
    }
}

/// A connected socket, and who can ask the kernel about it.
#[derive(Debug, Clone, Copy)]
pub struct Socket {
    /// Its descriptor, open as long as the session lives.
    pub fd: i32,
    /// What the kernel says of it.
    pub info: fn(i32) -> Option<TcpInfo>,
    /// Sets an option on it; one that the kernel refuses changes nothing.
    pub set: fn(i32, SocketOption),
}

/// An option that a rule sets on the client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SocketOption {
    /// `set-mark`: the netfilter mark of its packets.
    Mark(u32),
    /// `set-tos`: the whole TOS or traffic class byte of its packets.
    Tos(u8),
}

/// What the kernel has measured on a TCP connection: times in microseconds, the rest counts.
#[derive(Debug, Clone, Copy, Default)]
pub struct TcpInfo {
    /// Smoothed round-trip time.
    pub rtt: u32,
    /// Its variance.
    pub rttvar: u32,
    /// Segments sent and not acknowledged.
    pub unacked: u32,
    /// Segments acknowledged selectively.
    pub sacked: u32,
    /// Segments taken for lost.
    pub lost: u32,
    /// Segments sent again.
    pub retrans: u32,
    /// Segments acknowledged forward.
    pub fackets: u32,
    /// How far segments were seen out of order.
    pub reordering: u32,
}

/// What a PROXY header says beside the addresses (version 2, TLVs).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProxyHeader {
    /// Types and values, in their order.
    pub entries: Vec<(u8, Box<[u8]>)>,
}

impl ProxyHeader {
    /// The first entry of this type.
    pub fn entry(&self, wanted: u8) -> Option<&[u8]> {
        let found = self.entries.iter().find(|(kind, _)| *kind == wanted);
        found.map(|(_, value)| &**value)
    }

    /// The authority that it names; the last one counts, as with HAProxy.
    pub fn authority(&self) -> Option<&[u8]> {
        self.last(0x02)
    }

    /// The unique id that it names.
    pub fn unique_id(&self) -> Option<&[u8]> {
        self.last(0x05)
    }

    fn last(&self, wanted: u8) -> Option<&[u8]> {
        let found = self.entries.iter().rfind(|(kind, _)| *kind == wanted);
        found.map(|(_, value)| &**value)
    }
}

bitflags::bitflags! {
    /// Headers that are to come before the first byte of a connection, for rules have asked for them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Expected: u8 {
        /// `expect-proxy`: the PROXY protocol's.
        const PROXY = 1;
        /// `expect-netscaler-cip`: NetScaler's.
        const NETSCALER = 2;
    }
}

/// What belongs to a connection as a whole.
#[derive(Debug, Default)]
pub struct Held {
    vars: Vars,
    tracks: Tracks,
}

/// Whose that is.
#[derive(Debug)]
pub enum Common {
    /// One stream at a time: its own.
    Own(Held),
    /// Many streams: theirs together.
    Shared(Rc<Held>),
}

impl Default for Common {
    fn default() -> Self {
        Self::Own(Held::default())
    }
}

impl Common {
    #[inline]
    fn get(&self) -> &Held {
        match self {
            Self::Own(held) => held,
            Self::Shared(held) => held,
        }
    }

    fn share(&mut self) -> Self {
        let held = match self {
            Self::Own(held) => Rc::new(std::mem::take(held)),
            Self::Shared(held) => held.clone(),
        };
        *self = Self::Shared(held.clone());
        Self::Shared(held)
    }
}

/// A client connection, as the language sees it. Lives as long as the connection.
#[derive(Debug)]
pub struct Session {
    /// The frontend.
    pub frontend: Arc<state::Proxy>,
    /// The listener.
    pub listener: Arc<state::Listener>,
    /// Numeric id of the frontend (`fe_id`).
    pub frontend_id: u32,
    /// Numeric id of the listener (`so_id`).
    pub listener_id: u32,
    /// Client address; `set-src` changes it.
    pub source: Address,
    /// Address the client asked for; `set-dst` changes it.
    pub destination: Address,
    /// When the connection was accepted: wall clock, for dates.
    pub accept_date: SystemTime,
    /// When it was accepted: monotonic, for timers.
    pub accepted: Instant,
    /// Time from accept until the session was complete (handshakes, PROXY header), `%Th`, ms.
    pub handshake_ms: u32,
    /// Requests seen on this connection, the current one among them once its head is there.
    pub requests: u32,
    /// Variables of scope `sess` and what is tracked: the connection's, whoever of its streams asks.
    pub common: Common,
    /// Variables of scope `check`; `None` where no check runs.
    pub check_vars: Option<Vars>,
    /// What the connection's PROXY header said beside the addresses, if it had one.
    pub proxy_header: Option<ProxyHeader>,
    /// Headers that must come before anything else.
    pub expected: Expected,
    /// What its TLS handshake came to, if it speaks TLS.
    pub tls: Option<Arc<Handshake>>,
    /// Why the connection never became a session, by the manual's number (`fc_err`); 0 if it did.
    pub error: u8,
    /// The client's socket, for `fc_rtt` and kin; `None` where there is none.
    pub socket: Option<Socket>,
    /// How its requests get unique ids, if they do.
    pub identify: Option<Identify>,
    /// What the lines of all proxies say, by their places.
    pub terms: Arc<[Terms]>,
    /// The place of the frontend among them.
    pub proxy_at: usize,
    /// Measures the work for its requests, if an expression asks for it.
    pub meter: Option<Arc<Meter>>,
}

impl Session {
    /// The session of what runs without a client (checks, `set-var` in `global`), in this proxy.
    pub fn nobody(proxy: Arc<state::Proxy>, id: u32, date: SystemTime, now: Instant) -> Self {
        Self {
            frontend: proxy,
            listener: Arc::default(),
            frontend_id: id,
            listener_id: 0,
            source: Address::Unknown,
            destination: Address::Unknown,
            accept_date: date,
            accepted: now,
            handshake_ms: 0,
            requests: 0,
            common: Common::default(),
            check_vars: None,
            proxy_header: None,
            expected: Expected::default(),
            tls: None,
            error: 0,
            socket: None,
            identify: None,
            terms: Arc::default(),
            proxy_at: 0,
            meter: None,
        }
    }

    /// The session of one stream among others of this connection, which began `date` and `now`: it shares what belongs to the
    /// connection. Its requests are never the first one (`http_first_req`), as with HAProxy.
    pub fn of_stream(&mut self, date: SystemTime, now: Instant) -> Self {
        Self {
            frontend: self.frontend.clone(),
            listener: self.listener.clone(),
            frontend_id: self.frontend_id,
            listener_id: self.listener_id,
            source: self.source.clone(),
            destination: self.destination.clone(),
            accept_date: date,
            accepted: now,
            // It is told of the first one only.
            handshake_ms: std::mem::take(&mut self.handshake_ms),
            requests: 1,
            common: self.common.share(),
            check_vars: None,
            proxy_header: self.proxy_header.clone(),
            expected: self.expected,
            tls: self.tls.clone(),
            error: self.error,
            socket: self.socket,
            identify: self.identify.clone(),
            terms: self.terms.clone(),
            proxy_at: self.proxy_at,
            meter: self.meter.clone(),
        }
    }

    /// Makes a stream's session one of the next stream, which began `date` and `now`.
    pub fn renew(&mut self, date: SystemTime, now: Instant) {
        (self.accept_date, self.accepted) = (date, now);
        (self.handshake_ms, self.requests) = (0, 1);
    }

    /// The version of HTTP that the connection speaks, if it speaks HTTP.
    pub fn http_major(&self) -> i64 {
        match self.common {
            Common::Own(_) => 1,
            Common::Shared(_) => 2,
        }
    }

    /// Variables of scope `sess`.
    #[inline]
    pub fn vars(&self) -> &Vars {
        &self.common.get().vars
    }

    /// What `tcp-request connection` and `session` rules track.
    #[inline]
    pub fn tracks(&self) -> &Tracks {
        &self.common.get().tracks
    }

    /// Tracks this until the connection ends. Only before there are streams.
    pub fn track(&mut self, number: u32, track: Track) {
        if let Common::Own(held) = &mut self.common {
            held.tracks.add(number, track);
        }
    }

    /// Nothing more will come of the session: what it tracks is free, unless other streams go on.
    pub fn release(&mut self, now: Instant) {
        if let Common::Own(held) = &mut self.common {
            held.tracks.release(now);
        }
    }

    /// What the frontend's lines say.
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.get(self.proxy_at)
    }
}

/// When each phase of a transaction was reached. `None`: not reached. All monotonic.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timers {
    /// Wall clock at the first byte of the request, or at accept in TCP mode (`%tr`).
    pub request_date: Option<SystemTime>,
    /// The transaction began: end of the previous response or accept (start of `%Ti`).
    pub began: Option<Instant>,
    /// First byte of the request came (end of `%Ti`, start of `%TR`).
    pub first_byte: Option<Instant>,
    /// The request head was complete (end of `%TR`, start of `%Tw`).
    pub request: Option<Instant>,
    /// Left the queue; a connection is being made (end of `%Tw`, start of `%Tc`).
    pub queued: Option<Instant>,
    /// Connected to the server (end of `%Tc`, start of `%Tr`).
    pub connected: Option<Instant>,
    /// The response head was complete (end of `%Tr`, start of `%Td`).
    pub response: Option<Instant>,
    /// All was over (end of `%Td`, `%Ta`, `%Tt`).
    pub ended: Option<Instant>,
}

/// Bytes of one direction that are buffered for content rules (`req.len`, `req.payload`, TLS hello).
#[derive(Debug, Default)]
pub struct Payload {
    /// What has come and is not forwarded.
    pub data: Vec<u8>,
    /// True when no more will come (end of stream, buffer full, inspect delay over).
    pub complete: bool,
    /// Whether it is HTTP/1.
    pub spoken: Spoken,
}

/// What the bytes of a TCP client are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spoken {
    /// Too few have come to tell.
    #[default]
    Unknown,
    /// They begin with a whole request head, which is the transaction's.
    Http,
    /// No HTTP/1 request begins so.
    Other,
}

/// How rules that rewrite messages are held to the room that there is (manual 4.2 `strict-mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rewriting {
    /// Bytes that a head may grow to; `None` without bound.
    pub room: Option<usize>,
    /// `strict-mode off`: what finds no room is left undone.
    pub lenient: bool,
}

/// What keeps the client on a server (manual 4.2 `cookie`, `use-server`, `force-persist`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Persistence {
    /// The place of the server that was named, in its backend.
    pub server: Option<usize>,
    /// The request goes to the server that was named; not after a redispatch.
    pub direct: bool,
    /// `force-persist`
    pub forced: bool,
    /// `ignore-persist`
    pub ignored: bool,
    /// When the client's cookie was last refreshed, seconds since 1970; 0 for unknown.
    pub last_date: i64,
    /// When the client was first given it, seconds since 1970; 0 for unknown.
    pub first_date: i64,
}

impl Persistence {
    /// The request goes to this server.
    pub fn name(&mut self, server: usize) {
        self.server = Some(server);
        self.direct = true;
    }
}

/// One request and its response, as the language sees them.
#[derive(Debug, Default)]
pub struct Transaction {
    /// The request; `request.head` is empty before it has come, and in TCP mode unless content rules have seen one.
    pub request: Message,
    /// The response; its head is empty before it has come.
    pub response: Message,
    /// True once a whole request head is there.
    pub has_request: bool,
    /// True once a whole response head is there.
    pub has_response: bool,
    /// True once the server is reached in TCP mode, where variables of the request give way to those of the response
    /// then and not with its head.
    pub answering: bool,
    /// Buffered client bytes in TCP mode.
    pub client_payload: Payload,
    /// Buffered server bytes in TCP mode.
    pub server_payload: Payload,
    /// What content and HTTP rules track.
    pub tracks: Tracks,
    /// Keys that stick tables are to keep with the server, once it has answered (`stick store-request`).
    pub stick: Vec<(Arc<Table>, Key)>,
    /// Variables of scope `txn`.
    pub txn_vars: Vars,
    /// Variables of scope `req`.
    pub req_vars: Vars,
    /// Variables of scope `res`.
    pub res_vars: Vars,
    /// The request line as received (`%HM %HU %HV %r`, `capture.req.*`), before any rewriting, kept
    /// only where something needs it.
    pub request_line: Vec<u8>,
    /// Captured request headers by slot.
    pub request_captures: Slots,
    /// Captured response headers by slot.
    pub response_captures: Slots,
    /// `capture cookie` from the request, and from the response.
    pub cookie_captures: [Option<Box<[u8]>>; 2],
    /// The unique id, see [`Scope::unique_id`].
    pub unique_id: UniqueId,
    /// The backend, once chosen.
    pub backend: Option<Arc<state::Proxy>>,
    /// Numeric id of the backend (`be_id`).
    pub backend_id: u32,
    /// Its place among the proxies.
    pub backend_at: Option<usize>,
    /// The server, once chosen.
    pub server: Option<Arc<state::Server>>,
    /// Numeric id of the server (`srv_id`).
    pub server_id: u32,
    /// Our address towards the server (`%bi`, `bc_src`).
    pub backend_source: Address,
    /// The server's address (`%si`, `bc_dst`).
    pub backend_destination: Address,
    /// What the TLS handshake with the server came to, if it speaks TLS.
    pub backend_tls: Option<Arc<Handshake>>,
    /// The error that the last attempt to connect met on our side, by the manual's number (`bc_err`).
    pub backend_error: Option<u8>,
    /// True if the connection to the server had served before (`bc_reused`).
    pub backend_reused: bool,
    /// The major version of the HTTP spoken with the server, once it is reached (`bc_http_major`).
    pub backend_major: Option<u8>,
    /// The response's status as the server sent it (`server_status`).
    pub server_status: Option<u16>,
    /// Phases.
    pub timers: Timers,
    /// Status sent to the client; 0 or -1 semantics are the log's: `None` prints -1 (manual 8.2.3).
    pub status: Option<u16>,
    /// Bytes sent to the client (`%B`).
    pub bytes_out: u64,
    /// Bytes read from the client and forwarded (`%U`).
    pub bytes_in: u64,
    /// Connection retries (`%rc`).
    pub retries: u32,
    /// True if the request was redispatched (`+` before `%rc`).
    pub redispatched: bool,
    /// Requests before this one in the server's queue (`%sq`).
    pub server_queue: u32,
    /// Requests before this one in the backend's queue (`%bq`).
    pub backend_queue: u32,
    /// Number of the stream in this process, from 0 (`%rt`).
    pub number: u64,
    /// True where lines may be logged before the end (`option logasap`): totals get a `+`.
    pub log_early: bool,
    /// What stands for the server where something of our own answered: `<STATS>`.
    pub service: Option<&'static str>,
    /// How it ended (`%ts`).
    pub end: End,
    /// What keeps the client on a server.
    pub persistence: Persistence,
    /// Letters 3 and 4 of `%tsc`: client cookie and set-cookie states; 0 prints `-`.
    pub cookie_letters: [u8; 2],
    /// Level set by `set-log-level`: `Some(None)` is `silent`.
    pub log_level: Option<Option<u8>>,
    /// What rules ask of the rest of the way.
    pub orders: Orders,
    /// Queue priority class and offset (`set-priority-*`).
    pub priority: (i32, i32),
    /// The backend that a `reqsetbe` rule chose.
    pub old_backend: Option<Arc<str>>,
    /// True after a `reqallow` rule: no such rule of either proxy refuses the request any more.
    pub old_allowed: bool,
    /// True after `http-request disable-l7-retry`.
    pub no_l7_retry: bool,
    /// What rewrites may do.
    pub rewriting: Rewriting,
    /// Source address for the server side when `set-src` was in a request rule.
    pub source: Option<Address>,
    /// Destination changed by a request rule (`http-request set-dst`).
    pub destination: Option<Address>,
    /// Name of the rule or part that answered or refused, `file:line`, for logs and the status page.
    pub cause_line: Option<Arc<str>>,
}

impl Transaction {
    /// Whether something went wrong, as `option dontlog-normal` and the `when` converter see it: an end for another
    /// reason than that all was said, another attempt, a server error.
    pub fn failed(&self) -> bool {
        !matches!(self.end.cause, Cause::None | Cause::Local)
            || self.retries > 0
            || self.redispatched
            || self.status.is_some_and(|status| status >= 500)
    }

    /// Back to nothing seen, keeping the memory. Field by field: the whole is too large to be moved about for
    /// every request.
    pub fn clear(&mut self) {
        let Self {
            request,
            response,
            has_request,
            has_response,
            answering,
            client_payload,
            server_payload,
            tracks,
            stick,
            txn_vars,
            req_vars,
            res_vars,
            request_line,
            request_captures,
            response_captures,
            cookie_captures,
            unique_id,
            backend,
            backend_id,
            backend_at,
            server,
            server_id,
            backend_source,
            backend_destination,
            backend_tls,
            backend_error,
            backend_reused,
            backend_major,
            server_status,
            timers,
            status,
            bytes_out,
            bytes_in,
            retries,
            redispatched,
            server_queue,
            backend_queue,
            number,
            log_early,
            service,
            end,
            persistence,
            cookie_letters,
            log_level,
            orders,
            priority,
            old_backend,
            old_allowed,
            no_l7_retry,
            rewriting,
            source,
            destination,
            cause_line,
        } = self;
        request.clear();
        response.clear();
        *has_request = false;
        *has_response = false;
        *answering = false;
        client_payload.clear();
        server_payload.clear();
        tracks.clear();
        stick.clear();
        txn_vars.clear();
        req_vars.clear();
        res_vars.clear();
        request_line.clear();
        request_captures.clear();
        response_captures.clear();
        *cookie_captures = [None, None];
        unique_id.clear();
        *backend = None;
        *backend_id = 0;
        *backend_at = None;
        *server = None;
        *server_id = 0;
        *backend_source = Address::default();
        *backend_destination = Address::default();
        *backend_tls = None;
        *backend_error = None;
        *backend_reused = false;
        *backend_major = None;
        *server_status = None;
        *timers = Timers::default();
        *status = None;
        *bytes_out = 0;
        *bytes_in = 0;
        *retries = 0;
        *redispatched = false;
        *server_queue = 0;
        *backend_queue = 0;
        *number = 0;
        *log_early = false;
        *service = None;
        *end = End::default();
        *persistence = Persistence::default();
        *cookie_letters = [0; 2];
        *log_level = None;
        *orders = Orders::default();
        *priority = (0, 0);
        *old_backend = None;
        *old_allowed = false;
        *no_l7_retry = false;
        *rewriting = Rewriting::default();
        *source = None;
        *destination = None;
        *cause_line = None;
    }
}

impl Payload {
    /// Back to nothing seen, keeping the memory.
    pub fn clear(&mut self) {
        self.data.clear();
        self.complete = false;
        self.spoken = Spoken::Unknown;
    }
}

/// What an expression may look at, and an action may change, now.
pub struct Scope<'a> {
    /// The client's connection.
    pub session: &'a mut Session,
    /// The request in hand.
    pub txn: &'a mut Transaction,
    /// The worker's sources of time and chance.
    pub now: Now<'a>,
    /// Set by a fetch that lacks data which may still come; the rule loop then waits for more.
    pub waiting: Cell<bool>,
}

/// Time and randomness, as arguments.
#[derive(Clone, Copy)]
pub struct Now<'a> {
    /// Monotonic.
    pub instant: Instant,
    /// Wall clock.
    pub date: SystemTime,
    /// The worker's random number generator state (xorshift or better; advanced by whoever draws).
    pub random: &'a Cell<u64>,
    /// The worker's number, from 0 (`thread`).
    pub thread: u32,
}

impl Now<'_> {
    /// A random number: the worker's generator, one step on (xorshift64*).
    pub fn draw(self) -> u64 {
        let mut x = self.random.get().max(1);
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        self.random.set(x);
        x.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// The clock of rates: see [`millis`].
    pub fn millis(&self) -> u64 {
        millis(self.date)
    }
}

/// Wall clock in milliseconds since 1970: the clock that rates and dates count in.
pub fn millis(date: SystemTime) -> u64 {
    date.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
