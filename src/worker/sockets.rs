//! The listening sockets of a plan: opened at start, kept over reloads as long as the address and its
//! options stay the same.

use std::sync::Arc;

use crate::diag::{Diagnostic, Severity};
use crate::net::listen::{self, Opened, Options};
use crate::plan::{Listener, Plan, Proxy};
use crate::settings::{Bind, Kind, Secured};

/// All listening sockets of a process.
#[derive(Debug, Default)]
pub struct Sockets {
    pub(super) entries: Vec<Entry>,
}

/// The sockets of one listener.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Place of the proxy in the plan, and of the listener in the proxy.
    pub(super) place: (usize, usize),
    key: Arc<(Bind, Options)>,
    pub(super) opened: Arc<Opened>,
}

impl Sockets {
    /// Opens what a plan listens on for this many workers, taking over from `old` what is the same.
    /// Alerts among the diagnostics mean that some could not be opened: the plan must not run then.
    pub fn open(plan: &Plan, workers: usize, old: Option<&Sockets>) -> (Self, Vec<Diagnostic>) {
        let mut left: Vec<&Entry> = old
            .map(|old| old.entries.iter().collect())
            .unwrap_or_default();
        let mut entries = Vec::new();
        let mut diagnostics = Vec::new();
        for proxy in plan.proxies.iter().filter(|p| !p.settings.disabled) {
            for (at, listener) in proxy.listeners.iter().enumerate() {
                let key = (identity(&listener.bind), listener.options);
                let opened = match left.iter().position(|entry| *entry.key == key) {
                    Some(same) => left.swap_remove(same).opened.clone(),
                    None => match listen::open(&listener.bind, listener.options, workers) {
                        Ok(opened) => Arc::new(opened),
                        Err(error) => {
                            diagnostics.push(failed(
                                proxy,
                                listener,
                                Severity::Alert,
                                &error.to_string(),
                            ));
                            continue;
                        }
                    },
                };
                for warning in &opened.warnings {
                    diagnostics.push(failed(proxy, listener, Severity::Warning, warning));
                }
                entries.push(Entry {
                    place: (proxy.index, at),
                    key: Arc::new(key),
                    opened,
                });
            }
        }
        (Self { entries }, diagnostics)
    }
}

/// What makes two `bind` lines the same socket.
pub fn identity(bind: &Bind) -> Bind {
    Bind {
        place: String::new(),
        name: None,
        id: None,
        text: String::new(),
        accept_proxy: false,
        netscaler_magic: None,
        maxconn: 0,
        proto: None,
        ssl: false,
        tls: Secured::default(),
        ..bind.clone()
    }
}

/// HAProxy's line for a listener that does not start.
fn failed(proxy: &Proxy, listener: &Listener, severity: Severity, what: &str) -> Diagnostic {
    let kind = match proxy.kind {
        Kind::Frontend => "frontend",
        _ => "proxy",
    };
    let text = format!(
        "Binding [{}] for {kind} {}: {what}",
        listener.bind.place, proxy.name
    );
    Diagnostic::new(severity, None, text)
}
