//! What exists in a configuration, by name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::config::{self, Config};
use crate::diag::{Diagnostic, Lead, Severity};
use crate::sample::Names;
use crate::settings::{Data, ErrorFiles, Resolvers, Userlist};
use crate::state::table::Table;
use crate::state::{self, State};

/// The names of a configuration, for linking.
pub(super) struct Index<'a> {
    config: &'a Config,
    state: &'a State,
    fronts: HashMap<&'a str, usize>,
    backs: HashMap<&'a str, usize>,
    /// In the order of their lines.
    tables: Vec<Arc<Table>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(config: &'a Config, state: &'a State) -> Self {
        let by_name = |front: bool| {
            config
                .proxies
                .iter()
                .enumerate()
                .filter(move |(_, proxy)| {
                    if front {
                        proxy.kind.front()
                    } else {
                        proxy.kind.back()
                    }
                })
                .map(|(at, proxy)| (proxy.name.as_str(), at))
                .collect()
        };
        Self {
            config,
            state,
            tables: tables(config, state),
            fronts: by_name(true),
            backs: by_name(false),
        }
    }

    /// The place of a proxy with backend capability.
    pub(super) fn backend_at(&self, name: &str) -> Option<usize> {
        self.backs.get(name).copied()
    }

    /// All stick tables, in the order of their lines.
    pub(super) fn tables(&self) -> Vec<Arc<Table>> {
        self.tables.clone()
    }

    /// Places of all proxies with backend capability, by name.
    pub(super) fn backends(&self) -> HashMap<String, usize> {
        owned(&self.backs)
    }

    /// Places of all proxies with frontend capability, by name.
    pub(super) fn frontends(&self) -> HashMap<String, usize> {
        owned(&self.fronts)
    }
}

/// The tables of all sections: living ones whose shape is the same, else new ones.
fn tables(config: &Config, state: &State) -> Vec<Arc<Table>> {
    let mut lines: Vec<_> = declared(config).collect();
    lines.sort_by_key(|line| (line.span.file.0, line.span.line));
    let table = |line: &&config::Table| {
        let mut shape = line.shape.clone();
        if sticks(config, &line.name) {
            for data in [Data::ServerId, Data::ServerKey] {
                shape.store(data, 1, 0);
            }
        }
        state.table(&line.name, &shape)
    };
    lines.iter().map(table).collect()
}

/// Whether a `stick` line needs this table: then its entries name servers.
fn sticks(config: &Config, table: &str) -> bool {
    config.proxies.iter().any(|proxy| {
        let mut named = proxy.stick.iter().map(|line| line.table.as_deref());
        named.any(|name| name.unwrap_or(&proxy.name) == table)
    })
}

/// The lines that declare tables.
fn declared(config: &Config) -> impl Iterator<Item = &config::Table> {
    let of_proxies = config.proxies.iter().filter_map(|p| p.table.as_ref());
    config.tables.iter().chain(of_proxies)
}

/// What is wrong with the lines that declare tables: sections that are not there.
pub(super) fn check_tables(config: &Config) -> Vec<Diagnostic> {
    let missing = declared(config).filter_map(|line| {
        let (peers, span) = line.peers.as_ref()?;
        let message = format!(
            "Proxy '{}': unable to find sync peers '{peers}'.",
            line.name
        );
        (!config
            .peers
            .iter()
            .any(|section| section.settings.name == *peers))
        .then(|| Diagnostic::alert(*span, message).lead(Lead::Bare))
    });
    missing.collect()
}

/// Own requests follow names by a section that must be there.
pub(super) fn check_resolvers(config: &Config) -> Option<Diagnostic> {
    let name = config.global.httpclient.resolvers.as_ref()?;
    let message = format!(
        "Proxy '<HTTPCLIENT>': Can't find resolvers section '{name}' for do-resolve action."
    );
    let missing = !config.resolvers.contains_key(name);
    missing.then(|| Diagnostic::new(Severity::Alert, None, message).lead(Lead::Bare))
}

fn owned(map: &HashMap<&str, usize>) -> HashMap<String, usize> {
    map.iter()
        .map(|(&name, &at)| (name.to_owned(), at))
        .collect()
}

impl Names for Index<'_> {
    fn frontend(&self, name: &str) -> bool {
        self.fronts.contains_key(name)
    }
    fn backend(&self, name: &str) -> bool {
        self.backs.contains_key(name)
    }
    fn server(&self, backend: &str, name: &str) -> bool {
        self.backend_at(backend)
            .and_then(|at| self.config.proxies.get(at))
            .is_some_and(|proxy| proxy.servers.iter().any(|(server, _)| server.name == name))
    }
    fn backends(&self) -> Vec<String> {
        self.backs.keys().map(ToString::to_string).collect()
    }
    fn frontends(&self) -> Vec<String> {
        self.fronts.keys().map(ToString::to_string).collect()
    }
    fn userlists(&self) -> Vec<String> {
        self.config.userlists.keys().cloned().collect()
    }
    fn server_names(&self, backend: &str) -> Vec<String> {
        let proxy = self
            .backend_at(backend)
            .and_then(|at| self.config.proxies.get(at));
        let servers = proxy.map(|proxy| proxy.servers.iter());
        servers
            .into_iter()
            .flatten()
            .map(|(server, _)| server.name.clone())
            .collect()
    }
    fn environment(&self, name: &[u8]) -> Option<&[u8]> {
        self.config.env.get(name)
    }
    fn userlist(&self, name: &str) -> Option<Arc<Userlist>> {
        self.config.userlists.get(name).cloned()
    }
    fn http_errors(&self, name: &str) -> Option<Arc<ErrorFiles>> {
        self.config.http_errors.get(name).cloned()
    }
    fn table(&self, name: &str) -> Option<Arc<Table>> {
        self.tables.iter().find(|table| table.name == name).cloned()
    }
    fn resolvers(&self, name: &str) -> Option<Arc<Resolvers>> {
        self.config.resolvers.get(name).cloned()
    }
    fn servers(&self, backend: &str) -> Vec<Arc<state::Server>> {
        let Some(proxy) = self
            .backend_at(backend)
            .and_then(|at| self.config.proxies.get(at))
        else {
            return Vec::new();
        };
        proxy
            .servers
            .iter()
            .map(|(server, _)| self.state.server(&proxy.name, &server.name))
            .collect()
    }
}
