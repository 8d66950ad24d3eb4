//! A configuration linked against the living state: immutable, shared, what the engine runs on.
//!
//! `process` builds it at start and reload ([`link`]); workers and streams read it. Never holds words,
//! spans or config types. In an `ArcSwap`: a connection finishes on the plan it started with.

mod errors;
mod follow;
mod ids;
mod limits;
mod link;
mod loads;
mod names;
mod peers;
mod proxy;
mod server;
mod stick;
mod take_over;
#[cfg(test)]
pub(crate) mod testing;
mod track;

use std::collections::HashMap;
use std::sync::Arc;

pub use errors::{ErrorReplies, ErrorReply};
pub use follow::Follow;
pub use link::link;
pub use loads::Loads;
pub use peers::{Peer, Peers, Share};
pub use stick::{Stick, Sticks};

use crate::acl::Cond;
use crate::action::Ruleset;
use crate::balance::{Balancer, Params};
use crate::format::Format;
use crate::log;
use crate::net::connect;
use crate::sample::{Captures, Identify, Sample, Terms, VarNames};
use crate::settings::{self, Bind, Global, Kind};
use crate::state::{self, State};
use crate::syntax::Env;
use crate::tls::{Back, Front};
use crate::wire::h1::CaseMap;

/// Everything the engine needs to know.
#[derive(Debug)]
pub struct Plan {
    /// The `global` section.
    pub global: Arc<Global>,
    /// All proxies, in configuration order. Indexes into this are the ids the engine uses.
    pub proxies: Vec<Arc<Proxy>>,
    /// Backends by name, for `use_backend %[…]`.
    pub backends: HashMap<String, usize>,
    /// Frontends by name.
    pub frontends: HashMap<String, usize>,
    /// What the lines of the proxies say, by their places: for expressions.
    pub terms: Arc<[Terms]>,
    /// Stick tables, in the order of their lines.
    pub tables: Vec<Arc<state::table::Table>>,
    /// `peers` sections in which tables are shared.
    pub peers: Vec<Arc<Peers>>,
    /// Most client connections at once (`maxconn`, or what the limit of open files allows).
    pub maxconn: u32,
    /// Log targets of the `global` section.
    pub log: log::Outputs,
    /// `h1-case-adjust`: how header names are written to peers that need capitals.
    pub case_adjust: CaseMap,
    /// The environment as the configuration left it.
    pub env: Arc<Env>,
    /// `resolvers` sections, by name.
    pub resolvers: Vec<Arc<settings::Resolvers>>,
    /// The living state it was linked against.
    pub state: Arc<State>,
    /// ACL and map files, for the Runtime API.
    pub files: Arc<crate::acl::Files>,
    /// Certificates, authorities and lists, which the Runtime API changes.
    pub certificates: Arc<crate::tls::Store>,
    /// Numbers of variables, the same for the life of the process.
    pub vars: Arc<VarNames>,
}

/// A frontend, backend or listen block.
#[derive(Debug)]
pub struct Proxy {
    /// Its place in [`Plan::proxies`].
    pub index: usize,
    /// Its numeric id (`id`, `fe_id`, `be_id`).
    pub id: u32,
    /// Its name.
    pub name: Arc<str>,
    /// Its kind.
    pub kind: Kind,
    /// Plain settings.
    pub settings: Arc<settings::Proxy>,
    /// Counters.
    pub state: Arc<state::Proxy>,
    /// Its listeners.
    pub listeners: Vec<Arc<Listener>>,
    /// Its rules.
    pub rules: Rules,
    /// `use_backend` in order.
    pub use_backend: Vec<(Target, Option<Cond>)>,
    /// `default_backend`, or itself for a listen block.
    pub default_backend: Option<usize>,
    /// `use-server` in order; targets are places in `servers`.
    pub use_server: Vec<(Target, Option<Cond>)>,
    /// `stick` rules.
    pub stick: Sticks,
    /// `force-persist` and `ignore-persist`, in order.
    pub persist: Vec<(settings::Persist, Option<Cond>)>,
    /// `monitor fail`.
    pub monitor_fail: Vec<Cond>,
    /// Where its log lines go.
    pub log: log::Logger,
    /// Log formats: normal, structured data, errors.
    pub log_format: Option<Format>,
    /// See `log_format`.
    pub log_format_sd: Option<Format>,
    /// See `log_format`.
    pub error_log_format: Option<Format>,
    /// `unique-id-format`.
    pub unique_id_format: Option<Identify>,
    /// Servers, in configuration order.
    pub servers: Vec<Arc<Server>>,
    /// What stands for a server where `dispatch` or `option transparent` name none.
    pub dispatch: Option<Arc<Server>>,
    /// Chooses among the servers.
    pub balancer: Balancer,
    /// What it chooses by.
    pub balance: Params,
    /// The expression of `balance hash`.
    pub balance_expr: Option<Sample>,
    /// `option forwarded`.
    pub forwarded: Option<crate::settings::Forwarded<Sample>>,
    /// Most client connections at once, as a frontend.
    pub maxconn: u32,
    /// Streams at which servers with `minconn` are given their full `maxconn`.
    pub fullconn: u32,
    /// `errorfile` and kin.
    pub errors: ErrorReplies,
    /// `stats admin` conditions, any of which permits changes.
    pub stats_admin: Vec<Cond>,
    /// `stats http-request` rules.
    pub stats_rules: Ruleset,
    /// Capture slots.
    pub captures: Captures,
    /// How its servers are checked.
    pub check: Arc<crate::check::Script>,
}

/// A `bind` address.
#[derive(Debug)]
pub struct Listener {
    /// Numeric id (`so_id`).
    pub id: u32,
    /// Its settings; a range of ports is one listener for each port.
    pub bind: Bind,
    /// What its sockets are opened with.
    pub options: crate::net::listen::Options,
    /// Counters.
    pub state: Arc<state::Listener>,
    /// Its terms, if it speaks TLS.
    pub tls: Option<Front>,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    /// Its place in [`Proxy::servers`].
    pub index: usize,
    /// Numeric id (`srv_id`).
    pub id: u32,
    /// Its settings.
    pub settings: settings::Server,
    /// Health, weight, totals.
    pub state: Arc<state::Server>,
    /// Where to connect, where that is no IP address; those are in `state`.
    pub target: Option<connect::Target>,
    /// How to connect.
    pub connect: connect::Options,
    /// The server whose health it follows (`track`): proxy and server by their places.
    pub track: Option<(usize, usize)>,
    /// The terms on which TLS is spoken with it, if it is.
    pub tls: Option<Back>,
    /// `sni`: the name asked for.
    pub sni: Option<Sample>,
    /// `set-proxy-v2-tlv-fmt`: entries of PROXY headers, by type.
    pub proxy_entries: Vec<(u8, Format)>,
    /// The name it follows while traffic flows.
    pub follow: Option<Arc<Follow>>,
}

/// Linked rules by checkpoint.
#[derive(Debug, Default)]
pub struct Rules {
    /// `tcp-request connection`
    pub tcp_connection: Ruleset,
    /// `tcp-request session`
    pub tcp_session: Ruleset,
    /// `tcp-request content`
    pub tcp_content: Ruleset,
    /// `http-request`
    pub http_request: Ruleset,
    /// `reqrep` and its kin
    pub request_filters: Ruleset,
    /// `reqadd`, then `redirect`: also behind an `http-request allow`.
    pub redirect: Ruleset,
    /// `tcp-response content`
    pub tcp_response: Ruleset,
    /// `http-response`
    pub http_response: Ruleset,
    /// `rsprep` and its kin, then `rspadd`: also behind an `http-response allow`.
    pub response_filters: Ruleset,
    /// `http-after-response`
    pub http_after_response: Ruleset,
}

/// Where a switching rule leads.
#[derive(Debug)]
pub enum Target {
    /// A place in the list it refers to.
    Index(usize),
    /// Computed by name at run time.
    Format(Format),
}
