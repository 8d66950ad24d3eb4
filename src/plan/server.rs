//! `server` lines: addresses, ids, how to connect.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use crate::config;
use crate::diag::{Diagnostic, Lead, Severity, Span};
use crate::net::connect::{self, Target};
use crate::sample::Linker;
use crate::settings::{self, Endpoint, Family, Global, Host, Options, SendProxy};
use crate::state;
use crate::tls::Back;

use super::Server;
use super::follow::{self, Follow, is_service};
use super::ids::Ids;

/// Where a server is, and whether it could be found.
#[derive(Default)]
pub(super) struct Located {
    pub(super) address: Option<SocketAddr>,
    pub(super) target: Option<Target>,
    /// Its name did not resolve and `init-addr` lets it start without: in maintenance.
    pub(super) unresolved: bool,
    /// It goes on following the name it followed: nothing of it changes.
    pub(super) goes_on: bool,
}

impl Server {
    /// True if its connections are made for one client, so that no other client may use them: they say
    /// who it is, or lead where it wanted to go.
    pub fn is_private(&self) -> bool {
        !self.settings.send_proxy.is_empty() || self.follows_client()
    }

    /// True if where it is depends on where the client wanted to go: no address, any address, no port,
    /// or a port offset.
    pub fn follows_client(&self) -> bool {
        match &self.settings.endpoint {
            None => true,
            // The port comes with the address.
            Some(_) if self.follow.as_ref().is_some_and(|follow| follow.service) => false,
            Some(Endpoint::Tcp {
                host,
                port,
                port_offset,
                ..
            }) => {
                let anywhere = match host {
                    Host::Wildcard => true,
                    Host::Ip(ip) => ip.is_unspecified(),
                    _ => false,
                };
                anywhere || *port == 0 || port_offset.is_some()
            }
            Some(_) => false,
        }
    }
}

/// Links all servers of a proxy.
pub(super) fn link(
    proxy: &config::Proxy,
    global: &Global,
    linker: &mut Linker<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(Arc<Server>, Located)> {
    let state = linker.state;
    let mut ids = Ids::new(proxy.servers.iter().filter_map(|(server, _)| server.id));
    let secret = |step: &settings::Step| matches!(step, settings::Step::Connect(to) if to.ssl);
    let probed = proxy.settings.check_steps.iter().any(secret);
    let mut servers = Vec::with_capacity(proxy.servers.len());
    for (index, (settings, span)) in proxy.servers.iter().enumerate() {
        let id = ids.take(settings.id);
        let who = format!("'server {}/{}'", proxy.name, settings.name);
        let living = state.server(&proxy.name, &settings.name);
        let follow = follow::link(settings, linker, *span, diagnostics);
        let goes_on = follow
            .as_ref()
            .is_some_and(|follow| follow.goes_on(&living));
        let located = match goes_on {
            true => Located {
                goes_on,
                ..Located::default()
            },
            false => locate(settings, follow.as_deref(), &who, *span, diagnostics),
        };
        let server = Server {
            index,
            id,
            state: living,
            follow,
            target: located.target.clone(),
            connect: connect_options(&proxy.settings, Some(settings), global),
            settings: own_settings(settings, global),
            track: None,
            tls: terms(
                settings,
                probed && settings.check.enabled,
                &who,
                *span,
                diagnostics,
            ),
            sni: settings.sni.as_ref().and_then(|sni| {
                let linked = sni.link(linker);
                linked.map_err(|error| diagnostics.push(*error)).ok()
            }),
            proxy_entries: settings
                .proxy_entries
                .iter()
                .filter_map(|(kind, format)| match format.link(linker) {
                    Ok(format) => Some((*kind, format)),
                    Err(error) => {
                        diagnostics.push(*error);
                        None
                    }
                })
                .collect(),
        };
        servers.push((Arc::new(server), located));
    }
    servers
}

/// A server's settings with what the process adds.
fn own_settings(settings: &settings::Server, global: &Global) -> settings::Server {
    let mut own = settings.clone();
    if global.pp2_never_send_local && !own.send_proxy.is_empty() {
        own.send_proxy |= SendProxy::NEVER_LOCAL;
    }
    own
}

/// What stands for a server with `dispatch` and `option transparent`. It counts for itself: no
/// statistics show it.
pub(super) fn dispatch(proxy: &config::Proxy, global: &Global) -> Option<Arc<Server>> {
    let transparent = proxy.settings.options.contains(Options::TRANSPARENT);
    let endpoint = proxy.settings.dispatch.clone();
    if endpoint.is_none() && !transparent {
        return None;
    }
    let state = state::Server::new(&proxy.name, "<dispatch>", u32::MAX);
    let mut target = None;
    if let Some(endpoint) = &endpoint {
        match endpoint {
            Endpoint::Unix(path) => target = Some(Target::Unix(path.as_str().into())),
            Endpoint::Abstract(name) => target = Some(Target::Abstract(name.as_str().into())),
            _ => state.set_address(literal(endpoint)),
        }
    }
    Some(Arc::new(Server {
        index: usize::MAX,
        id: 0,
        settings: settings::Server {
            name: "<NOSRV>".into(),
            endpoint,
            ..settings::Server::default()
        },
        state: Arc::new(state),
        target,
        connect: connect_options(&proxy.settings, None, global),
        track: None,
        tls: None,
        sni: None,
        proxy_entries: Vec::new(),
        follow: None,
    }))
}

/// The terms of a server that TLS is spoken with, by streams or by checks.
fn terms(
    settings: &settings::Server,
    probed: bool,
    who: &str,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Back> {
    if !settings.ssl && settings.check.ssl != Some(true) && !probed {
        return None;
    }
    if probed && settings.tls.verify && settings.tls.trust.is_empty() {
        let message = format!("{who} : {}", crate::tls::NO_AUTHORITY);
        diagnostics.push(Diagnostic::alert(span, message));
        return None;
    }
    let made = Back::new(&settings.tls);
    made.map_err(|why| diagnostics.push(Diagnostic::alert(span, format!("{who} : {why}"))))
        .ok()
}

fn connect_options(
    proxy: &settings::Proxy,
    server: Option<&settings::Server>,
    global: &Global,
) -> connect::Options {
    let source = server
        .and_then(|s| s.source.as_ref())
        .or(proxy.source.as_ref());
    let interface = server.and_then(|s| s.source_interface.as_deref());
    let keepalive = proxy
        .options
        .contains(Options::SERVER_TCP_KEEPALIVE)
        .then_some(proxy.server_keepalive);
    connect::Options {
        packets: (None, None),
        source: source.and_then(literal),
        interface: interface.map(Into::into),
        user_timeout: server.and_then(|s| s.tcp_user_timeout),
        keepalive,
        fast_open: server.is_some_and(|s| s.tcp_fast_open),
        buffers: (global.rcvbuf.1, global.sndbuf.1),
        lazy_ack: proxy.options.contains(Options::SMART_CONNECT),
    }
}

/// The address of an endpoint that needs no resolver; a wildcard is "any".
fn literal(endpoint: &Endpoint) -> Option<SocketAddr> {
    match endpoint {
        Endpoint::Tcp {
            host: Host::Ip(ip),
            port,
            ..
        } => Some(SocketAddr::new(*ip, *port)),
        Endpoint::Tcp {
            host: Host::Wildcard,
            family,
            port,
            ..
        } => Some(SocketAddr::new(any(*family), *port)),
        _ => None,
    }
}

fn any(family: Family) -> IpAddr {
    match family {
        Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => Ipv4Addr::UNSPECIFIED.into(),
    }
}

fn locate(
    settings: &settings::Server,
    follow: Option<&Follow>,
    who: &str,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Located {
    let mut located = Located::default();
    match &settings.endpoint {
        Some(Endpoint::Tcp {
            host: Host::Name(name),
            ..
        }) if is_service(name) => match follow {
            Some(_) => located.unresolved = true,
            // That there is no such section has been said.
            None if settings.resolving.section.is_some() => {}
            None => {
                let text = format!("{who} : no method found to resolve address '{name}'.");
                diagnostics.push(Diagnostic::alert(span, text).lead(Lead::Place));
            }
        },
        Some(Endpoint::Tcp {
            host: Host::Name(name),
            family,
            port,
            ..
        }) => match init_address(settings, follow.is_some(), name, *family) {
            Initial::At(ip) => located.address = Some(SocketAddr::new(ip, *port)),
            Initial::None => located.unresolved = true,
            Initial::Disabled => {
                located.unresolved = true;
                let text = format!("{who} : could not resolve address '{name}', disabling server.");
                diagnostics.push(Diagnostic::warning(span, text).lead(Lead::Place));
            }
            Initial::Failed => {
                let text = format!("{who} : could not resolve address '{name}'.");
                diagnostics.push(Diagnostic::alert(span, text).lead(Lead::Place));
            }
        },
        Some(endpoint @ Endpoint::Tcp { .. }) => located.address = literal(endpoint),
        Some(Endpoint::Unix(path)) => {
            located.target = Some(Target::Unix(path.as_str().into()));
        }
        Some(Endpoint::Abstract(name)) => {
            located.target = Some(Target::Abstract(name.as_str().into()));
        }
        Some(Endpoint::Fd(_) | Endpoint::SockPair(_)) | None => diagnostics.push(Diagnostic::new(
            Severity::Alert,
            Some(span),
            format!(
                "{who} : connecting to '{}' is not supported.",
                settings.text
            ),
        )),
    }
    located
}

enum Initial {
    At(IpAddr),
    None,
    Disabled,
    Failed,
}

/// `init-addr`, by default `last,libc`, then `none` where the name is followed: the first method that gives an address wins.
/// `last` asks the server state file, which gives nothing where there is none.
fn init_address(settings: &settings::Server, follows: bool, name: &str, family: Family) -> Initial {
    let default = match follows {
        true => ["libc".to_owned(), "none".to_owned()],
        false => ["last".to_owned(), "libc".to_owned()],
    };
    let methods = settings.init_addr.as_deref().unwrap_or(&default);
    let mut resolved_badly = false;
    for method in methods.iter().flat_map(|word| word.split(',')) {
        match method {
            "last" => {}
            "libc" => match crate::net::resolve(name, family) {
                Ok(ip) => return Initial::At(ip),
                Err(_) => resolved_badly = true,
            },
            "none" if resolved_badly => return Initial::Disabled,
            "none" => return Initial::None,
            literal => {
                if let Ok(ip) = literal.parse() {
                    return Initial::At(ip);
                }
            }
        }
    }
    Initial::Failed
}
