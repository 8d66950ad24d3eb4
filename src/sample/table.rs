//! The shape of the tables of fetches and converters: from their entries alone come checks, suggestions,
//! the `-dK` dumps and the tests that every name is unique and documented.
//!
//! Where a fetch may be used is the type of its function: the variant of [`Get`] that carries it says
//! what it is given, and what it is given says where it can be had.

use std::borrow::Cow;
use std::net::IpAddr;

use super::args::{Args, Param};
use super::place::Place;
use super::scope::{Now, Payload, Scope, Session, Spoken, Transaction};
use super::value::{Type, Value};
use crate::http::{Head, Message};

/// A fetch.
#[derive(Debug)]
pub struct Fetch {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// The type of its samples. `Ipv4` stands for either family, as in HAProxy's dumps.
    pub out: Type,
    /// One line on what it gives.
    pub doc: &'static str,
    /// What gives it.
    pub get: Get,
}

/// A converter.
#[derive(Debug)]
pub struct Converter {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// The type of its samples.
    pub out: Type,
    /// One line on what it does.
    pub doc: &'static str,
    /// What does it.
    pub convert: Convert,
}

/// A client, as fetches see it.
#[derive(Clone, Copy)]
pub struct Client<'s> {
    /// Its connection.
    pub session: &'s Session,
    /// Its request in hand, which rules may have given other addresses.
    pub txn: &'s Transaction,
}

/// A request, as fetches see it.
#[derive(Clone, Copy)]
pub struct Request<'s> {
    /// The message.
    pub message: &'s Message,
    /// All of the transaction.
    pub txn: &'s Transaction,
    /// The client's connection.
    pub session: &'s Session,
}

impl Client<'_> {
    /// Whether there is a stream already; `tcp-request session` rules run before.
    pub fn has_stream(self) -> bool {
        self.txn.timers.began.is_some()
    }
}

impl<'s> Request<'s> {
    /// The request's head.
    pub fn head(self) -> &'s Head {
        &self.message.head
    }
}

/// A stream's buffered bytes, as content rules see them.
#[derive(Clone, Copy)]
pub struct Bytes<'s> {
    /// What has come, and whether more will.
    payload: &'s Payload,
    /// The message that the bytes were, in an HTTP stream.
    pub message: Option<&'s Message>,
    /// Whether no more will come that could change the answer.
    pub complete: bool,
    /// Set it if more bytes may still change the answer.
    pub waiting: &'s std::cell::Cell<bool>,
}

impl<'s> Bytes<'s> {
    /// The bytes there are.
    pub fn data(self) -> &'s [u8] {
        &self.payload.data
    }
    /// A sample that more bytes may change.
    pub fn may_grow(self) {
        if !self.complete {
            self.waiting.set(true);
        }
    }
    /// No sample yet: more bytes are needed. Once all have come, no sample at all.
    pub fn wait<T>(self) -> Option<T> {
        self.may_grow();
        None
    }
}

/// What gives a fetch's sample. The variant says what the function is given.
#[derive(Clone, Copy)]
pub enum Get {
    /// A constant, or a fact of the process that even the configuration's reader has.
    Constant(for<'s> fn(Now<'s>, &'s Args) -> Option<Value<'s>>),
    /// A fact of the living process: totals, servers, queues.
    Process(for<'s> fn(&'s Scope<'_>, &'s Args) -> Option<Value<'s>>),
    /// A variable; of any type.
    Variable(for<'s> fn(&'s Scope<'_>, &'s Args) -> Option<Value<'s>>),
    /// A fact of the client's connection.
    Client(for<'s> fn(Client<'s>, &'s Args) -> Option<Value<'s>>),
    /// A fact of the client's address that time and others change.
    Source(for<'s> fn(&'s Scope<'_>, &'s Args) -> Option<Value<'s>>),
    /// A fact of the frontend that took the connection.
    Frontend(for<'s> fn(&'s Session, &'s Args) -> Option<Value<'s>>),
    /// A fact of the client's TLS handshake.
    Handshake(for<'s> fn(&'s Session, &'s Args) -> Option<Value<'s>>),
    /// Bytes from the client.
    ClientBytes(for<'s> fn(Bytes<'s>, &'s Args) -> Option<Value<'s>>),
    /// A request, while it is held.
    Request(for<'s> fn(Request<'s>, &'s Args) -> Option<Value<'s>>),
    /// A fact of the request, while it is held.
    Held(for<'s> fn(&'s Scope<'_>, &'s Args) -> Option<Value<'s>>),
    /// Something of the request that is kept until the end.
    Kept(for<'s> fn(&'s Scope<'_>, &'s Args) -> Option<Value<'s>>),
    /// Several samples of a request's head.
    RequestAll(Many),
    /// The headers of the message in hand, the response once there is one: several samples.
    MessageAll(Many),
    /// The bytes in hand: the server's once there are any.
    MessageBytes(for<'s> fn(Bytes<'s>, &'s Args) -> Option<Value<'s>>),
    /// A fact of the backend, once chosen.
    Backend(for<'s> fn(Client<'s>, &'s Args) -> Option<Value<'s>>),
    /// A fact of the server, once chosen.
    Server(for<'s> fn(&'s Transaction, &'s Args) -> Option<Value<'s>>),
    /// A fact of the connection to the server, or of the response, that is kept until the end.
    ServerSide(for<'s> fn(&'s Transaction, &'s Args) -> Option<Value<'s>>),
    /// The same, where time counts.
    Exchange(for<'s> fn(&'s Scope<'_>, &'s Args) -> Option<Value<'s>>),
    /// Bytes from the server.
    ServerBytes(for<'s> fn(Bytes<'s>, &'s Args) -> Option<Value<'s>>),
    /// A response, while it is held.
    Response(for<'s> fn(&'s Message, &'s Args) -> Option<Value<'s>>),
    /// Several samples of a response's head.
    ResponseAll(Many),
    /// A name that HAProxy knows and tidegate will: what is missing.
    Later(&'static str),
}

/// A fetch with several samples of a head: an ACL looks at each, anything else takes one.
#[derive(Clone, Copy)]
pub struct Many {
    /// The one that stands for all.
    pub one: for<'s> fn(&'s Head, &'s Args) -> Option<Value<'s>>,
    /// Gives each to the function until that answers true; answers whether it did.
    pub each: for<'s> fn(&'s Head, &'s Args, &mut dyn FnMut(Value<'s>) -> bool) -> bool,
}

impl std::fmt::Debug for Get {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.needs())
    }
}

impl Get {
    /// Where a sample can be had.
    pub fn points(&self) -> Points {
        Points(match self {
            Self::Constant(_) | Self::Variable(_) => "YYYYYYYYYYYYYYYYYYYYYY",
            Self::Process(_) | Self::Later(_) => "YYYYYYYYYYYYYYYYYYYY.Y",
            Self::Client(_) | Self::Source(_) => "YYYYYYYYYYYYYYYYYYYY..",
            Self::Frontend(_) => "YYYYYYYYYYYYYYYYYYY...",
            Self::Handshake(_) => ".YYYYYYYYYYYYYYYYYY...",
            Self::Kept(_) => "..YYYYYYYYYYYYYYYYY...",
            Self::MessageAll(_) | Self::MessageBytes(_) => "..YYYYYYYYYYYYYYYY.Y..",
            Self::Request(_) | Self::RequestAll(_) | Self::Held(_) | Self::ClientBytes(_) => {
                "..YYYYYYYYY..........."
            }
            Self::Backend(_) => "......YYYYYYYYYYYYYY..",
            Self::Server(_) => "..........YYYYYYYYYY..",
            Self::ServerSide(_) | Self::Exchange(_) => "...........YYYYYYYYY..",
            Self::Response(_) | Self::ResponseAll(_) | Self::ServerBytes(_) => {
                "...........YYYYYYY.Y.."
            }
        })
    }

    /// What it needs, in HAProxy's words.
    pub fn needs(&self) -> &'static str {
        match self {
            Self::Constant(_) | Self::Variable(_) => "constants",
            Self::Process(_) | Self::Later(_) => "internal state",
            Self::Client(_) | Self::Source(_) => "client address",
            Self::Frontend(_) => "frontend",
            Self::Handshake(_) => "client session",
            Self::Kept(_) => "HTTP request",
            Self::MessageAll(_) => "HTTP headers",
            Self::MessageBytes(_) => "buffered data",
            Self::Request(_) | Self::RequestAll(_) | Self::Held(_) => "HTTP request headers",
            Self::ClientBytes(_) => "request buffer",
            Self::Backend(_) => "backend",
            Self::Server(_) => "server",
            Self::ServerSide(_) | Self::Exchange(_) => "HTTP response",
            Self::ServerBytes(_) => "response buffer",
            Self::Response(_) | Self::ResponseAll(_) => "HTTP response headers",
        }
    }

    /// The sample now.
    #[inline]
    pub(super) fn call<'s>(&self, scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
        match self {
            Self::Constant(f) => f(scope.now, args),
            Self::Process(f)
            | Self::Kept(f)
            | Self::Variable(f)
            | Self::Source(f)
            | Self::Held(f)
            | Self::Exchange(f) => f(scope, args),
            Self::Client(f) | Self::Backend(f) => {
                let client = Client {
                    session: scope.session,
                    txn: scope.txn,
                };
                f(client, args)
            }
            Self::Frontend(f) | Self::Handshake(f) => f(scope.session, args),
            Self::Request(f) => {
                let message = request(scope)?;
                let request = Request {
                    message,
                    txn: scope.txn,
                    session: scope.session,
                };
                f(request, args)
            }
            Self::Response(f) => f(response(scope)?, args),
            Self::RequestAll(many) => (many.one)(&request(scope)?.head, args),
            Self::ResponseAll(many) => (many.one)(&response(scope)?.head, args),
            Self::MessageAll(many) => (many.one)(&message(scope)?.head, args),
            Self::ClientBytes(f) => f(client_bytes(scope), args),
            Self::ServerBytes(f) => f(server_bytes(scope), args),
            Self::MessageBytes(f) if scope.txn.server_payload.data.is_empty() => {
                f(client_bytes(scope), args)
            }
            Self::MessageBytes(f) => f(server_bytes(scope), args),
            Self::Server(f) | Self::ServerSide(f) => f(scope.txn, args),
            Self::Later(_) => None,
        }
    }

    /// Gives every sample there is now to the function until that answers true; answers whether it did.
    pub(super) fn each<'s>(
        &self,
        scope: &'s Scope<'_>,
        args: &'s Args,
        test: &mut dyn FnMut(Value<'s>) -> bool,
    ) -> bool {
        let (many, message) = match self {
            Self::RequestAll(many) => (many, request(scope)),
            Self::ResponseAll(many) => (many, response(scope)),
            Self::MessageAll(many) => (many, message(scope)),
            _ => return self.call(scope, args).is_some_and(test),
        };
        message.is_some_and(|message| (many.each)(&message.head, args, test))
    }
}

/// The request, or none yet: then the rules may wait for it. Once there is a response the request is gone, as in
/// HAProxy: rules about responses that ask for it never match.
fn request<'s>(scope: &'s Scope<'_>) -> Option<&'s Message> {
    let txn = &*scope.txn;
    if txn.has_response {
        return None;
    }
    let payload = &txn.client_payload;
    if txn.has_request || payload.spoken == Spoken::Http {
        return Some(&txn.request);
    }
    if !payload.complete && payload.spoken == Spoken::Unknown {
        scope.waiting.set(true);
    }
    None
}

/// The response, or none yet: then the rules may wait for it.
fn response<'s>(scope: &'s Scope<'_>) -> Option<&'s Message> {
    let txn = &*scope.txn;
    if txn.has_response {
        return Some(&txn.response);
    }
    if !txn.server_payload.complete {
        scope.waiting.set(true);
    }
    None
}

fn message<'s>(scope: &'s Scope<'_>) -> Option<&'s Message> {
    if scope.txn.has_response {
        response(scope)
    } else {
        request(scope)
    }
}

fn client_bytes<'s>(scope: &'s Scope<'_>) -> Bytes<'s> {
    Bytes {
        payload: &scope.txn.client_payload,
        message: scope.txn.has_request.then_some(&scope.txn.request),
        complete: scope.txn.client_payload.complete || scope.txn.has_request,
        waiting: &scope.waiting,
    }
}

fn server_bytes<'s>(scope: &'s Scope<'_>) -> Bytes<'s> {
    Bytes {
        payload: &scope.txn.server_payload,
        message: scope.txn.has_response.then_some(&scope.txn.response),
        complete: scope.txn.server_payload.complete || scope.txn.has_response,
        waiting: &scope.waiting,
    }
}

/// Text or bytes on their way through an expression.
pub type Text<'s> = Cow<'s, [u8]>;

/// What does a converter's work. The variant says what the sample is cast to before.
#[derive(Clone, Copy)]
pub enum Convert {
    /// Takes a boolean.
    Bool(for<'s> fn(bool, &'s Args, &'s Scope<'_>) -> Option<Value<'s>>),
    /// Takes an integer.
    Int(for<'s> fn(i64, &'s Args, &'s Scope<'_>) -> Option<Value<'s>>),
    /// Takes an address of either family.
    Addr(for<'s> fn(IpAddr, &'s Args, &'s Scope<'_>) -> Option<Value<'s>>),
    /// Takes text.
    Str(for<'s> fn(Text<'s>, &'s Args, &'s Scope<'_>) -> Option<Value<'s>>),
    /// Takes bytes.
    Bin(for<'s> fn(Text<'s>, &'s Args, &'s Scope<'_>) -> Option<Value<'s>>),
    /// Takes any sample as it is.
    Any(for<'s> fn(Value<'s>, &'s Args, &'s Scope<'_>) -> Option<Value<'s>>),
    /// A name that HAProxy knows and tidegate will: what it takes, and what is missing.
    Later(Type, &'static str),
}

impl std::fmt::Debug for Convert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.takes().name())
    }
}

impl Convert {
    /// The type it takes.
    pub fn takes(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Addr(_) => Type::Addr,
            Self::Str(_) => Type::Str,
            Self::Bin(_) => Type::Bin,
            Self::Any(_) => Type::Any,
            Self::Later(ty, _) => *ty,
        }
    }

    #[inline]
    pub(super) fn call<'s>(
        &self,
        value: Value<'s>,
        args: &'s Args,
        scope: &'s Scope<'_>,
    ) -> Option<Value<'s>> {
        match self {
            Self::Bool(f) => f(value.truth(), args, scope),
            Self::Int(f) => f(value.int()?, args, scope),
            Self::Addr(f) => f(value.addr()?, args, scope),
            Self::Str(f) => f(value.into_text(), args, scope),
            Self::Bin(f) => f(value.into_bytes(), args, scope),
            Self::Any(f) => f(value, args, scope),
            Self::Later(..) => None,
        }
    }
}

/// The points of a stream's life at which a fetch can be used: a letter for each, in the order of
/// HAProxy's `-dKsmp` dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Points(pub &'static str);

impl Points {
    /// Whether this place is among them.
    pub fn has(self, place: Place) -> bool {
        let column = match place {
            Place::Acl => return true,
            Place::TcpConnection => 0,
            Place::TcpSession => 1,
            Place::FrontContent => 2,
            Place::FrontRequest => 3,
            Place::BackContent => 6,
            Place::BackRequest => 7,
            Place::BackServer => 9,
            Place::ResponseContent => 11,
            Place::BackResponse => 12,
            Place::StickStore => 14,
            Place::FrontResponse => 16,
            Place::Log => 18,
            Place::Check => 19,
            Place::Config => 20,
        };
        self.0.as_bytes().get(column) == Some(&b'Y')
    }

    /// Where it may be used, in words, for the help of an error.
    pub fn describe(self) -> String {
        const NAMED: [(usize, &str); 9] = [
            (0, "tcp-request connection"),
            (1, "tcp-request session"),
            (2, "tcp-request content"),
            (3, "http-request"),
            (9, "use-server"),
            (11, "tcp-response content"),
            (12, "http-response"),
            (18, "log formats"),
            (19, "checks"),
        ];
        let letters = self.0.as_bytes();
        let names: Vec<&str> = NAMED
            .iter()
            .filter(|(at, _)| letters.get(*at) == Some(&b'Y'))
            .map(|(_, name)| *name)
            .collect();
        names.join(", ")
    }
}
