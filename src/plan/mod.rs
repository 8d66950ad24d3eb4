//! A configuration linked against the living state: immutable, shared, what the engine runs on.
//!
//! `process` builds it at start and reload; workers and streams read it. Never holds words, spans or
//! config types. In an `ArcSwap`: a connection finishes on the plan it started with.

mod errors;

use std::collections::HashMap;
use std::sync::Arc;

pub use errors::{ErrorReplies, ErrorReply};

use crate::acl::Cond;
use crate::action::Ruleset;
use crate::balance::Balancer;
use crate::format::Format;
use crate::settings::{self, Bind, Global, Kind};
use crate::state::{self, State};

/// Everything the engine needs to know.
#[derive(Debug)]
pub struct Plan {
    /// The `global` section.
    pub global: Arc<Global>,
    /// All proxies, in configuration order. Indexes into this are the ids the engine uses.
    pub proxies: Vec<Arc<Proxy>>,
    /// Backends by name, for `use_backend %[…]`.
    pub backends: HashMap<String, usize>,
    /// The living state it was linked against.
    pub state: Arc<State>,
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
    /// `monitor fail`.
    pub monitor_fail: Vec<Cond>,
    /// Log formats: normal, structured data, errors.
    pub log_format: Option<Format>,
    /// See `log_format`.
    pub log_format_sd: Option<Format>,
    /// See `log_format`.
    pub error_log_format: Option<Format>,
    /// `unique-id-format`.
    pub unique_id_format: Option<Format>,
    /// `errorfile` and kin.
    pub errors: ErrorReplies,
    /// Servers, in configuration order.
    pub servers: Vec<Arc<Server>>,
    /// Who serves next; over `servers`, by place.
    pub balancer: Balancer,
    /// `fullconn`, as given or computed: connections on this backend at which servers with a `minconn`
    /// reach their `maxconn`.
    pub fullconn: u32,
}

/// A `bind` address.
#[derive(Debug)]
pub struct Listener {
    /// Numeric id (`so_id`).
    pub id: u32,
    /// Its settings.
    pub bind: Bind,
    /// Counters.
    pub state: Arc<state::Listener>,
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
    /// `http-request`, then `redirect`
    pub http_request: Ruleset,
    /// `tcp-response content`
    pub tcp_response: Ruleset,
    /// `http-response`
    pub http_response: Ruleset,
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
