//! Arguments of fetches and converters: parameter kinds, their checks, and what linking makes of them.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::counter::Counter;
use super::public_key::PublicKey;
use super::vars::{VarName, Variable};
use crate::acl::{Method, Output, Set};
use crate::regex::Regex;
use crate::settings::Userlist;
use crate::state;
use crate::state::table::Table;

/// What a parameter takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Str,
    /// Characters, at least one.
    Separators,
    /// A signed integer.
    Int,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv4 mask, dotted or as a number of bits.
    Mask4,
    /// An IPv6 mask, as an address or as a number of bits.
    Mask6,
    /// A frontend's name; this proxy's if left out.
    Frontend,
    /// A backend's name; this proxy's if left out.
    Backend,
    /// `[backend/]server`.
    Server,
    /// A userlist's name.
    Users,
    /// An environment variable's name: stands for its value.
    Environment,
    /// A regular expression; its flags are the parameter of this number.
    Regex(usize),
    /// `scope.name`.
    Var,
    /// `scope.name`, or nothing.
    VarOrNone,
    /// `scope.name`, or nothing if the argument behind it says something.
    VarOrNext,
    /// An integer, or the variable that holds it; an empty text is 0.
    Operand,
    /// An integer, or the variable that holds it.
    Count,
    /// A text, or the variable that holds it.
    TextOrVar,
    /// An integer other than 0.
    NotZero,
    /// An integer from the first to the second of these.
    Range(i64, i64),
    /// One of these integers.
    OneOf(&'static [i64]),
    /// Any of these letters.
    Letters(&'static str),
    /// One of these names, whatever the case.
    Name(&'static [&'static str]),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Text between pieces; if it says something, the argument behind it has to say how large they are.
    Separator,
    /// One of these words, or nothing.
    ChoiceOrNone(&'static [&'static str]),
    /// The third argument of `payload_lv`: an offset, or a signed step from behind the length.
    PayloadOffset,
    /// Text that this check accepts.
    Checked(fn(&str) -> Result<(), String>),
    /// Hexadecimal digits, for bytes.
    Hex,
    /// Base64 text for bytes, or the variable that holds it.
    Base64OrVar,
    /// A dotted field number of protocol buffers.
    FieldNumber,
    /// A boolean.
    Bool,
    /// A field or property of the MQTT packet that the first argument names.
    MqttField,
    /// A web token's algorithm, or the variable that holds it.
    Algorithm,
    /// What the algorithm, the argument before, verifies with: a secret, the file of a public key, or the
    /// variable that holds a secret.
    VerifyKey,
    /// A nonce of AES-GCM in base64, or the variable that holds it.
    Nonce,
    /// Not written: the names of all frontends.
    Frontends,
    /// Not written: the process.
    Process,
    /// Not written: asks for the work of each request to be measured.
    Meter,
    /// A capture slot of this proxy's requests.
    RequestSlot,
    /// A capture slot of this proxy's responses.
    ResponseSlot,
    /// A map file, read for this method and this type of result.
    Map(Method, Output),
    /// An address of either family.
    Address,
    /// A stick table's name; this proxy's if left out.
    Table,
    /// Not written, and last: what a name asks of an entry of a table.
    Counter(Counter),
    /// Not written: all backends, for converters that take a backend's name from the traffic.
    Backends,
}

impl Kind {
    /// The name in the `-dK` dumps and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int
            | Self::NotZero
            | Self::Range(..)
            | Self::OneOf(_)
            | Self::RequestSlot
            | Self::ResponseSlot => "integer",
            Self::Ipv4 => "IPv4 address",
            Self::Ipv6 => "IPv6 address",
            Self::Mask4 => "IPv4 mask",
            Self::Mask6 => "IPv6 mask",
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Server => "server",
            Self::Table => "table",
            Self::Users => "user list",
            Self::Regex(_) => "regex",
            Self::FieldNumber => "Protocol buffers field number",
            _ => "string",
        }
    }

    /// Whether it may be left out even where it is needed: a name then means the current proxy.
    pub(super) fn implicit(self) -> bool {
        matches!(
            self,
            Self::Backends
                | Self::Frontends
                | Self::Process
                | Self::Meter
                | Self::Frontend
                | Self::Backend
                | Self::Server
                | Self::Table
                | Self::Users
        )
    }
}

/// A parameter.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// What it takes.
    pub kind: Kind,
    /// Whether it may be left out.
    pub optional: bool,
}

/// A parameter that has to be there.
pub const fn need(kind: Kind) -> Param {
    Param {
        kind,
        optional: false,
    }
}

/// A parameter that may be left out.
pub const fn may(kind: Kind) -> Param {
    Param {
        kind,
        optional: true,
    }
}

/// The parameters as the `-dK` dumps show them: `(string[,integer])`; nothing where there are none.
pub fn signature(params: &[Param]) -> String {
    if written(params).next().is_none() {
        return String::new();
    }
    let mut out = String::from("(");
    let mut open = false;
    for (at, param) in written(params).enumerate() {
        if param.optional && !open {
            out.push('[');
            open = true;
        }
        if at > 0 {
            out.push(',');
        }
        out.push_str(param.kind.name());
    }
    if open {
        out.push(']');
    }
    out.push(')');
    out
}

/// The parameters that are written.
pub(super) fn written(params: &[Param]) -> impl Iterator<Item = &Param> {
    params.iter().filter(|param| {
        !matches!(
            param.kind,
            Kind::Backends | Kind::Frontends | Kind::Process | Kind::Meter | Kind::Counter(_)
        )
    })
}

/// A backend and its servers.
#[derive(Debug)]
pub struct Backend {
    /// The backend's totals.
    pub proxy: Arc<state::Proxy>,
    /// Its servers.
    pub servers: Vec<Arc<state::Server>>,
}

/// One argument, ready to be used.
#[derive(Debug, Clone, Default)]
pub enum Arg {
    /// Left out.
    #[default]
    None,
    /// Text, or bytes.
    Text(Arc<[u8]>),
    /// An integer; for a choice, the number of the word.
    Int(i64),
    /// An IPv4 address or mask.
    Ipv4(Ipv4Addr),
    /// An IPv6 address or mask.
    Ipv6(Ipv6Addr),
    /// A frontend.
    Frontend(Arc<state::Proxy>),
    /// A backend.
    Backend(Arc<Backend>),
    /// A server.
    Server(Arc<state::Server>),
    /// A userlist.
    Users(Arc<Userlist>),
    /// A regular expression.
    Regex(Arc<Regex>),
    /// A variable.
    Var(Variable),
    /// Numbers of a dotted path.
    Path(Arc<[u64]>),
    /// A map.
    Map(Set),
    /// A public key, and the text that names it.
    Key(Arc<PublicKey>, Arc<[u8]>),
    /// A capture slot, and the most bytes it takes where that is known.
    Slot(usize, Option<usize>),
    /// The names of all frontends.
    Frontends(Arc<HashSet<Box<[u8]>>>),
    /// A stick table.
    Table(Arc<Table>),
    /// The process.
    Process(Arc<state::Process>),
    /// What is asked of an entry of a table.
    Counter(Counter),
    /// All backends by name, and the name of the proxy whose line it is.
    Backends(Arc<HashMap<Box<[u8]>, Backend>>, Arc<str>),
}

/// Arguments, by position.
#[derive(Debug, Default)]
pub struct Args(Box<[Arg]>);

impl Args {
    pub(super) fn new(args: Vec<Arg>) -> Self {
        Self(args.into_boxed_slice())
    }

    /// The argument at this place; `None` where it was left out.
    #[inline]
    pub(in crate::sample) fn at(&self, at: usize) -> &Arg {
        self.0.get(at).unwrap_or(&Arg::None)
    }
    /// Text, empty where it was left out.
    #[inline]
    pub fn text(&self, at: usize) -> &[u8] {
        match self.at(at) {
            Arg::Text(text) | Arg::Key(_, text) => text,
            _ => b"",
        }
    }
    /// Text that is there and not empty.
    #[inline]
    pub fn some_text(&self, at: usize) -> Option<&[u8]> {
        match self.at(at) {
            Arg::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
    /// An integer.
    #[inline]
    pub fn int(&self, at: usize) -> Option<i64> {
        match self.at(at) {
            Arg::Int(n) => Some(*n),
            _ => None,
        }
    }
    /// An integer, or `default` where it was left out.
    #[inline]
    pub fn int_or(&self, at: usize, default: i64) -> i64 {
        self.int(at).unwrap_or(default)
    }
    /// A backend.
    pub fn backend(&self, at: usize) -> Option<&Backend> {
        match self.at(at) {
            Arg::Backend(backend) => Some(backend),
            _ => None,
        }
    }
    /// A frontend.
    pub fn frontend(&self, at: usize) -> Option<&state::Proxy> {
        match self.at(at) {
            Arg::Frontend(frontend) => Some(frontend),
            _ => None,
        }
    }
    /// A server.
    pub fn server(&self, at: usize) -> Option<&state::Server> {
        match self.at(at) {
            Arg::Server(server) => Some(server),
            _ => None,
        }
    }
    /// A userlist.
    pub fn users(&self, at: usize) -> Option<&Userlist> {
        match self.at(at) {
            Arg::Users(users) => Some(users),
            _ => None,
        }
    }
    /// A regular expression.
    pub fn regex(&self, at: usize) -> Option<&Regex> {
        match self.at(at) {
            Arg::Regex(regex) => Some(regex),
            _ => None,
        }
    }
    /// A variable.
    #[inline]
    pub fn var(&self, at: usize) -> Option<&Variable> {
        match self.at(at) {
            Arg::Var(var) => Some(var),
            _ => None,
        }
    }
    /// A map.
    pub fn map(&self, at: usize) -> Option<&Set> {
        match self.at(at) {
            Arg::Map(map) => Some(map),
            _ => None,
        }
    }
    /// A stick table.
    #[inline]
    pub fn table(&self, at: usize) -> Option<&Arc<Table>> {
        match self.at(at) {
            Arg::Table(table) => Some(table),
            _ => None,
        }
    }
    /// The process.
    pub(super) fn process(&self, at: usize) -> Option<&state::Process> {
        match self.at(at) {
            Arg::Process(process) => Some(process),
            _ => None,
        }
    }
    /// What is asked of an entry of a table: the last argument.
    #[inline]
    pub(super) fn counter(&self) -> Option<Counter> {
        match self.0.last() {
            Some(Arg::Counter(counter)) => Some(*counter),
            _ => None,
        }
    }
    /// The backend of this name; without a name, the proxy's own.
    pub fn backend_named(&self, at: usize, name: Option<&[u8]>) -> Option<&Backend> {
        match self.at(at) {
            Arg::Backends(all, current) => all.get(name.unwrap_or(current.as_bytes())),
            _ => None,
        }
    }
    /// A public key.
    pub fn key(&self, at: usize) -> Option<&PublicKey> {
        match self.at(at) {
            Arg::Key(key, _) => Some(key),
            _ => None,
        }
    }
    /// A dotted path of numbers.
    pub fn path(&self, at: usize) -> &[u64] {
        match self.at(at) {
            Arg::Path(path) => path,
            _ => &[],
        }
    }
}

/// An argument that was checked but may name something.
#[derive(Debug, Clone)]
pub(super) enum Loose {
    /// Nothing left to do.
    Ready(Arg),
    /// A variable.
    Var(VarName),
    /// A name of this kind.
    Name(Kind, String),
}
