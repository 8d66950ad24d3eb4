//! `peers` sections: whom tables are shared with, and which.

use std::sync::Arc;

use crate::diag::{Diagnostic, Lead};
use crate::log;
use crate::net::connect::{self, Target};
use crate::sample::{Linker, Names};
use crate::settings;
use crate::state::table::Table;
use crate::tls::Back;

use super::link::Context;
use super::{Listener, proxy, server};

/// A `peers` section.
#[derive(Debug)]
pub struct Peers {
    /// What its lines say.
    pub settings: settings::Peers,
    /// Where this process listens.
    pub listeners: Vec<Arc<Listener>>,
    /// All peers, this process among them.
    pub peers: Vec<Peer>,
    /// The tables, in the order of their numbers from 1 on.
    pub shares: Vec<Share>,
    /// Where its log lines go.
    pub log: log::Logger,
    /// Entries told at once (`tune.peers.max-updates-at-once`).
    pub updates: usize,
    /// The longest message (`tune.bufsize`).
    pub longest: usize,
}

/// A peer.
#[derive(Debug)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// It is this process.
    pub local: bool,
    /// Where it is; `None` if that was not said.
    pub target: Option<Target>,
    /// How to connect.
    pub connect: connect::Options,
    /// The terms on which TLS is spoken with it, if it is.
    pub tls: Option<Back>,
    /// Which part of the keys it is told of; 0: all.
    pub shard: u32,
}

/// A table that is shared.
#[derive(Debug)]
pub struct Share {
    /// How others call it.
    pub name: String,
    /// The table.
    pub table: Arc<Table>,
    /// What is done to it here is not told (`recv-only`).
    pub recv_only: bool,
    /// The table that learns tags and servers along with it (`write-to`).
    pub write_to: Option<Arc<Table>>,
}

/// Links all sections in which anything can be shared.
pub(super) fn link(
    context: &Context<'_>,
    mut linker: Linker<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Arc<Peers>> {
    let mut all = Vec::new();
    for section in &context.config.peers {
        let settings = &section.settings;
        if settings.disabled || !settings.complete {
            continue;
        }
        let logger = context.log.logger(&settings.log, None);
        let log = logger.unwrap_or_else(|error| {
            let message = error.to_string();
            diagnostics.push(Diagnostic::alert(section.proxy.span, message));
            context.log.process()
        });
        let peers = peers(section, context, &mut linker, diagnostics);
        all.push(Arc::new(Peers {
            settings: settings.clone(),
            listeners: proxy::listeners(&section.proxy, context, diagnostics),
            peers,
            shares: shares(&settings.name, context, diagnostics),
            log,
            updates: context.global.peer_updates as usize,
            longest: context.global.bufsize,
        }));
    }
    all
}

fn peers(
    section: &crate::config::Peers,
    context: &Context<'_>,
    linker: &mut Linker<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Peer> {
    let settings = &section.settings;
    // Peers that are never called have nothing that could be linked.
    let mut proxy = section.proxy.clone();
    let own = proxy.binds.first().and_then(|bind| bind.endpoint.clone());
    for (server, _) in &mut proxy.servers {
        if server.name == settings.local && server.endpoint.is_none() {
            server.endpoint.clone_from(&own);
        }
    }
    let idle = proxy
        .servers
        .iter()
        .filter(|(server, _)| server.endpoint.is_none());
    let mut peers: Vec<Peer> = idle
        .map(|(server, _)| Peer {
            name: server.name.clone(),
            local: server.name == settings.local,
            target: None,
            connect: connect::Options::default(),
            tls: None,
            shard: server.shard,
        })
        .collect();
    proxy
        .servers
        .retain(|(server, _)| server.endpoint.is_some());
    for (server, located) in server::link(&proxy, context.global, linker, diagnostics) {
        let Some(server) = Arc::into_inner(server) else {
            continue;
        };
        let local = server.settings.name == settings.local;
        peers.push(Peer {
            local,
            target: located.target.or(located.address.map(Target::Ip)),
            connect: server.connect,
            tls: server.tls.filter(|_| server.settings.ssl),
            shard: if local { 0 } else { server.settings.shard },
            name: server.settings.name,
        });
    }
    peers
}

/// The tables that a section shares, in the order of their lines.
fn shares(section: &str, context: &Context<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Share> {
    let config = context.config;
    let of_proxies = config.proxies.iter().filter_map(|p| p.table.as_ref());
    let declared = config.tables.iter().chain(of_proxies);
    let named = |name: &str| context.index.table(name);
    let mut shares = Vec::new();
    for line in declared {
        let is_here = line.peers.as_ref().is_some_and(|(name, _)| name == section);
        let Some(table) = named(&line.name).filter(|_| is_here) else {
            continue;
        };
        let mut write_to = None;
        if let Some((name, span)) = &line.write_to {
            match named(name) {
                Some(to) if to.shape.key != table.shape.key || to.name == table.name => {
                    let message = format!(
                        "Table '{}' : 'write-to' table '{name}' must be another one with keys of the same type and length.",
                        line.name
                    );
                    diagnostics.push(Diagnostic::alert(*span, message).lead(Lead::Bare));
                }
                Some(to) => write_to = Some(to),
                None => {
                    let message = format!(
                        "Table '{}' : unable to find the 'write-to' table '{name}'.",
                        line.name
                    );
                    diagnostics.push(Diagnostic::alert(*span, message).lead(Lead::Bare));
                }
            }
        }
        // Tables of the section have a slash in front, so that they differ from those of proxies.
        let name = match line.inside {
            true => line.name.get(section.len()..).unwrap_or_default(),
            false => &line.name,
        };
        shares.push(Share {
            name: name.to_owned(),
            table,
            recv_only: line.recv_only,
            write_to,
        });
    }
    shares
}
