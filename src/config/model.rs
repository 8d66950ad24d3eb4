//! The checked configuration: what `load` gives and `plan` links.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::acl::{Acls, Cond};
use crate::action::Rule;
use crate::diag::Span;
use crate::format::Format;
use crate::sample::{Captures, Expr, Pending};
use crate::settings::{
    self, Bind, ErrorFiles, Global, Kind, Persist, Resolvers, Server, Shape, Userlist,
};
use crate::syntax::Env;

/// A whole configuration, checked line by line; names are not resolved yet.
#[derive(Debug, Default)]
pub struct Config {
    /// The `global` section.
    pub global: Global,
    /// Frontends, backends and listen blocks, in reading order.
    pub proxies: Vec<Proxy>,
    /// `userlist` sections by name.
    pub userlists: BTreeMap<String, Arc<Userlist>>,
    /// `http-errors` sections by name.
    pub http_errors: BTreeMap<String, Arc<ErrorFiles>>,
    /// Tables of `peers` sections.
    pub tables: Vec<Table>,
    /// `peers` sections, in reading order.
    pub peers: Vec<Peers>,
    /// `resolvers` sections by name, `default` always among them.
    pub resolvers: BTreeMap<String, Arc<Resolvers>>,
    /// The environment as the lines left it.
    pub env: Arc<Env>,
    /// ACL and map files that lines have read.
    pub files: Arc<crate::acl::Files>,
    /// Certificates that lines have read.
    pub certificates: Arc<crate::tls::Store>,
}

/// One proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its name.
    pub name: String,
    /// Its kind; never `Defaults`.
    pub kind: Kind,
    /// Where it begins.
    pub span: Span,
    /// `id`, or the next free one.
    pub id: u32,
    /// Plain settings, defaults applied.
    pub settings: settings::Proxy,
    /// `bind` addresses.
    pub binds: Vec<Bind>,
    /// Servers, `default-server` applied, with the place of each line.
    pub servers: Vec<(Server, Span)>,
    /// Rules by checkpoint.
    pub rules: Rules,
    /// `use_backend` lines, in order.
    pub use_backend: Vec<Switch>,
    /// `default_backend`.
    pub default_backend: Option<(String, Span)>,
    /// `use-server` lines, in order.
    pub use_server: Vec<Switch>,
    /// `stick` lines, in order.
    pub stick: Vec<Stick>,
    /// `monitor fail` conditions.
    pub monitor_fail: Vec<Pending<Cond>>,
    /// `force-persist` and `ignore-persist` lines, in order.
    pub persist: Vec<(Persist, Option<Pending<Cond>>)>,
    /// `log-format` or the one `option httplog`/`tcplog` stands for.
    pub log_format: Option<Pending<Format>>,
    /// `log-format-sd`
    pub log_format_sd: Option<Pending<Format>>,
    /// `error-log-format`
    pub error_log_format: Option<Pending<Format>>,
    /// `unique-id-format`
    pub unique_id_format: Option<Pending<Format>>,
    /// `stick-table`
    pub table: Option<Table>,
    /// Capture slots.
    pub captures: Captures,
    /// ACLs declared here, whether a rule uses them or not.
    pub acls: Acls,
}

/// A `peers` section.
#[derive(Debug, Clone)]
pub struct Peers {
    /// What its own lines say.
    pub settings: settings::Peers,
    /// Its `bind` lines and its peers, as a proxy has them; a peer without an address is never called.
    pub proxy: Proxy,
}

/// A stick table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name: the proxy's, or `<peers>/<name>`.
    pub name: String,
    /// What its entries are.
    pub shape: Shape,
    /// The `peers` section that shares it.
    pub peers: Option<(String, Span)>,
    /// It is declared in that section: others know it by the rest of its name.
    pub inside: bool,
    /// `recv-only`: what is done to it here is not told.
    pub recv_only: bool,
    /// `write-to`: the table that learns tags and servers along with it.
    pub write_to: Option<(String, Span)>,
    /// Its place.
    pub span: Span,
}

/// A `stick` line.
#[derive(Debug, Clone)]
pub struct Stick {
    /// What it does.
    pub way: settings::StickWay,
    /// What makes the key.
    pub expr: Expr,
    /// The table, if not the proxy's own.
    pub table: Option<String>,
    /// Its condition.
    pub cond: Option<Pending<Cond>>,
    /// Its place.
    pub span: Span,
}

/// A `use_backend` or `use-server` line.
#[derive(Debug, Clone)]
pub struct Switch {
    /// The name, or a format that gives it.
    pub target: Target,
    /// Its condition.
    pub cond: Option<Pending<Cond>>,
    /// Its place.
    pub span: Span,
}

/// A name said outright or computed.
#[derive(Debug, Clone)]
pub enum Target {
    /// A literal name.
    Name(String),
    /// `%[…]`
    Format(Pending<Format>),
}

/// Rules by checkpoint, in the order in which a stream meets them (manual 1.5 and 4.2).
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// `tcp-request connection`
    pub tcp_connection: Vec<Pending<Rule>>,
    /// `tcp-request session`
    pub tcp_session: Vec<Pending<Rule>>,
    /// `tcp-request content`
    pub tcp_content: Vec<Pending<Rule>>,
    /// `http-request`
    pub http_request: Vec<Pending<Rule>>,
    /// `redirect`, after all `http-request` rules.
    pub redirect: Vec<Pending<Rule>>,
    /// `reqrep` and its kin, after all `http-request` rules.
    pub request_filters: Vec<Pending<Rule>>,
    /// `reqadd`, after those.
    pub request_adds: Vec<Pending<Rule>>,
    /// `rsprep` and its kin, after all `http-response` rules.
    pub response_filters: Vec<Pending<Rule>>,
    /// `rspadd`, after those.
    pub response_adds: Vec<Pending<Rule>>,
    /// `tcp-response content`
    pub tcp_response: Vec<Pending<Rule>>,
    /// `http-response`
    pub http_response: Vec<Pending<Rule>>,
    /// `http-after-response`
    pub http_after_response: Vec<Pending<Rule>>,
}
