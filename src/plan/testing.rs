//! Configurations for tests, without text.

use std::sync::Arc;

use super::{Plan, link};
use crate::config::{self, Config};
use crate::diag::Span;
use crate::settings::{self, Endpoint, Family, Host, Kind};

/// The plan of these proxies.
pub(crate) fn plan(proxies: Vec<config::Proxy>) -> Plan {
    let config = Config {
        proxies,
        ..Config::default()
    };
    let (plan, diagnostics) = link(&config, &Arc::default(), None);
    plan.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

/// An address.
pub(super) fn endpoint(host: Host, port: u16, last_port: u16) -> Option<Endpoint> {
    Some(Endpoint::Tcp {
        host,
        family: Family::Any,
        port,
        last_port,
        port_offset: None,
    })
}

/// A server on the loopback.
pub(crate) fn server(name: &str) -> (settings::Server, Span) {
    let server = settings::Server {
        name: name.into(),
        endpoint: endpoint(Host::Ip([127, 0, 0, 1].into()), 80, 80),
        ..settings::Server::default()
    };
    (server, Span::default())
}

/// A proxy with nothing in it.
pub(crate) fn proxy(name: &str, kind: Kind) -> config::Proxy {
    config::Proxy {
        name: name.into(),
        kind,
        span: Span::default(),
        id: 2,
        settings: settings::Proxy::default(),
        binds: Vec::new(),
        servers: Vec::new(),
        rules: config::Rules::default(),
        use_backend: Vec::new(),
        default_backend: None,
        use_server: Vec::new(),
        stick: Vec::new(),
        monitor_fail: Vec::new(),
        persist: Vec::new(),
        log_format: None,
        log_format_sd: None,
        error_log_format: None,
        unique_id_format: None,
        table: None,
        captures: crate::sample::Captures::default(),
        acls: Default::default(),
    }
}
