//! What can be checked only when all lines are known: names, pairs of settings, what is missing.

use std::collections::HashMap;

use super::draft::{Draft, title};
use super::load::{Builder, Load};
use super::model::{Config, Proxy, Target};
use super::unique::{duplicates, number, same_servers};
use crate::balance::Algorithm;
use crate::diag::{Diagnostic, Lead, Severity, Span, suggest};
use crate::settings::{Endpoint, Global, Host, Kind, Mode};

/// Checks the whole and finishes it. Where lines were refused (`broken`), only names are checked:
/// whatever else could be said may be but what those lines were about.
pub(super) fn whole(builder: &mut Builder, load: &mut Load, broken: bool) {
    let mut drafts = std::mem::take(&mut builder.proxies);
    // HAProxy keeps the first number for its own listeners, if it has any.
    let first = if builder.config.global.stats_sockets.is_empty() {
        1
    } else {
        2
    };
    number(&mut drafts, first, load);
    duplicates(&mut drafts, load);
    if !broken {
        for draft in &mut drafts {
            modes(draft, load);
            same_servers(draft, load);
        }
        unix_defaults(&mut drafts, &mut builder.config.global);
    }
    for draft in &drafts {
        if !broken {
            missing(draft, load);
            servers(draft, &drafts, load);
            protocols(draft, &drafts, load);
        }
        backends(draft, &drafts, load);
        error_sections(draft, &builder.config, load);
    }
    builder.config.proxies = drafts.into_iter().map(|draft| draft.proxy).collect();
}

pub(super) fn say(load: &mut Load, severity: Severity, span: Span, message: String) {
    load.diagnostics
        .push(Diagnostic::new(severity, Some(span), message).lead(Lead::Bare));
}

/// Applies `unix-bind` to every unix socket that is listened on.
fn unix_defaults(drafts: &mut [Draft], global: &mut Global) {
    let (prefix, uid, gid, mode) = global.unix_bind.clone();
    let apply = |endpoint: &mut Endpoint, owner: &mut (Option<u32>, Option<u32>, Option<u32>)| {
        if let Endpoint::Unix(path) = endpoint {
            if let Some(prefix) = &prefix {
                path.insert_str(0, prefix);
            }
            *owner = (owner.0.or(uid), owner.1.or(gid), owner.2.or(mode));
        }
    };
    for bind in drafts.iter_mut().flat_map(|draft| &mut draft.proxy.binds) {
        if let Some(endpoint) = &mut bind.endpoint {
            apply(endpoint, &mut bind.owner);
        }
    }
    for socket in &mut global.stats_sockets {
        apply(&mut socket.endpoint, &mut socket.owner);
    }
}

/// What a proxy cannot do in its mode is dropped with a warning, as HAProxy does. Rules for HTTP in a TCP frontend are kept:
/// whatever the warning says, they apply to streams that an HTTP backend takes, as in HAProxy.
fn modes(draft: &mut Draft, load: &mut Load) {
    let title = draft.title();
    if draft.proxy.settings.mode == Mode::Http {
        return;
    }
    let mut told: Vec<&str> = Vec::new();
    for (what, span) in draft.needs_http.clone() {
        if told.contains(&what) {
            continue;
        }
        told.push(what);
        if draft.switches_mode && what.ends_with("rules ignored") {
            continue;
        }
        let rest = if what.ends_with("rules ignored") {
            format!("{what} for {title} as they require HTTP mode.")
        } else if what.ends_with("will be ignored") {
            format!("{what} for {title} (needs 'mode http').")
        } else {
            format!("{what} for {title} as it requires HTTP mode.")
        };
        say(load, Severity::Warning, span, rest);
    }
    for (server, span) in draft
        .proxy
        .servers
        .iter()
        .filter(|_| draft.proxy.kind.back())
    {
        if server.cookie.is_some() {
            let message = format!(
                "{title} : ignoring cookie for server '{}' as HTTP mode is disabled.",
                server.name
            );
            say(load, Severity::Warning, *span, message);
        }
    }
    let proxy = &mut draft.proxy;
    if !proxy.kind.front() {
        proxy.rules.http_request.clear();
        proxy.rules.http_response.clear();
        proxy.rules.http_after_response.clear();
        proxy.rules.redirect.clear();
        proxy.rules.request_filters.clear();
        proxy.rules.request_adds.clear();
        proxy.rules.response_filters.clear();
        proxy.rules.response_adds.clear();
    }
    proxy.settings.stats = None;
    proxy.settings.forward_for = None;
    proxy.settings.forwarded = None;
    proxy.settings.original_to = None;
    proxy.settings.monitor_uri = None;
    proxy.settings.cookie = None;
    if matches!(
        proxy.settings.balance,
        Some(Algorithm::Uri(_) | Algorithm::UrlParam(_) | Algorithm::Hdr(_))
    ) {
        if proxy.kind.back() {
            let span = draft.balance.unwrap_or(proxy.span);
            let message = format!(
                "Layer 7 hash not possible for {title} (needs 'mode http'). Falling back to round robin."
            );
            say(load, Severity::Warning, span, message);
        }
        proxy.settings.balance = Some(Algorithm::RoundRobin);
    }
}

/// Listeners and timeouts that a proxy should have.
fn missing(draft: &Draft, load: &mut Load) {
    let (proxy, title) = (&draft.proxy, draft.title());
    if proxy.settings.disabled {
        return;
    }
    if proxy.kind.front() && proxy.binds.is_empty() {
        let message = format!(
            "{title} has no 'bind' directive. Please declare it as a backend if this was intended."
        );
        say(load, Severity::Warning, proxy.span, message);
    }
    let timeouts = &proxy.settings.timeouts;
    let front = proxy.kind.front() && timeouts.client.is_none();
    let has_servers = !proxy.servers.is_empty() || proxy.settings.dispatch.is_some();
    let back = proxy.kind.back()
        && has_servers
        && (timeouts.connect.is_none() || timeouts.server.is_none());
    if front || back {
        let message = format!(
            "missing timeouts for {title}.\n   | While not properly invalid, you will certainly encounter \
             various problems\n   | with such a configuration. To fix this, please ensure that all following\n   \
             | timeouts are set to a non-zero value: 'client', 'connect', 'server'."
        );
        say(load, Severity::Warning, proxy.span, message);
    }
}

/// Servers of one proxy: names, numbers, what is tracked, where checks go.
fn servers(draft: &Draft, all: &[Draft], load: &mut Load) {
    let proxy = &draft.proxy;
    let mut ids: HashMap<u32, (&str, Span)> = HashMap::new();
    for (server, span) in &proxy.servers {
        let own = |message: String| Diagnostic::alert(*span, message).lead(Lead::Bare);
        if let Some(id) = server.id
            && let Some((name, other)) = ids.insert(id, (&server.name, *span))
        {
            let place = load.place(*span);
            let message = format!(
                "[{place}] : 'server {}/{}' : 'id' : custom id {id} already used at {} ('server {name}').",
                proxy.name,
                server.name,
                load.place(other)
            );
            load.diagnostics.push(own(message));
        }
        if server.check.enabled && server.check.track.is_some() {
            let place = load.place(*span);
            let message = format!(
                "[{place}] : 'server {}/{}' : unable to enable checks and tracking at the same time!",
                proxy.name, server.name
            );
            load.diagnostics.push(own(message));
        } else if let Some((backend, tracked)) = &server.check.track
            && let Some(problem) = tracking(draft, all, backend.as_deref(), tracked)
        {
            let place = load.place(*span);
            let message = format!(
                "[{place}] : 'server {}/{}' : {problem}",
                proxy.name, server.name
            );
            load.diagnostics.push(own(message));
        }
        if server.weight == Some(0) {
            let message = format!(
                "'server {}/{}' : configured with weight of 0 will never be selected by load balancing algorithms",
                proxy.name, server.name
            );
            let odd = Diagnostic::new(Severity::Diag, Some(*span), message);
            load.diagnostics.push(odd.lead(Lead::Place));
        }
        let portless = match &server.endpoint {
            // The records of a service say the port.
            Some(Endpoint::Tcp {
                host: Host::Name(name),
                ..
            }) if name.starts_with('_') => false,
            Some(Endpoint::Tcp { port, .. }) => *port == 0,
            _ => false,
        };
        let script = proxy.settings.check_steps.iter().any(|step| {
            matches!(step, crate::settings::Step::Connect(probe) if probe.port.is_some() || probe.port_expr.is_some())
        });
        let checked = server.check.enabled && server.check.track.is_none();
        if checked && portless && server.check.port.is_none() && !script {
            let message = format!(
                "config: backend '{}': server '{}' has neither service port nor check port.",
                proxy.name, server.name
            );
            load.diagnostics.push(own(message));
        }
    }
}

fn tracking(draft: &Draft, all: &[Draft], backend: Option<&str>, name: &str) -> Option<String> {
    let tracked = match backend {
        None => draft,
        Some(backend) => match find_backend(all, backend) {
            Some(found) => found,
            None => {
                return Some(format!(
                    "unable to find required proxy '{backend}' for tracking."
                ));
            }
        },
    };
    let Some((server, _)) = tracked
        .proxy
        .servers
        .iter()
        .find(|(server, _)| server.name == name)
    else {
        return Some(format!(
            "unable to find required server '{name}' for tracking."
        ));
    };
    if !server.check.enabled && server.check.track.is_none() {
        return Some(format!(
            "unable to use {}/{name} for tracking as it does not have any check nor agent enabled.",
            tracked.proxy.name
        ));
    }
    None
}

/// The backends that switching rules name, with their places; true for the default one.
fn targets(proxy: &Proxy) -> impl Iterator<Item = (&str, Span, bool)> {
    let default = proxy
        .default_backend
        .iter()
        .map(|(name, span)| (name.as_str(), *span, true));
    let rules = proxy
        .use_backend
        .iter()
        .filter_map(|switch| match &switch.target {
            Target::Name(name) => Some((name.as_str(), switch.span, false)),
            Target::Format(_) => None,
        });
    default.chain(rules).filter(|_| proxy.kind.front())
}

fn find_backend<'a>(all: &'a [Draft], name: &str) -> Option<&'a Draft> {
    all.iter()
        .find(|draft| draft.proxy.kind.back() && draft.proxy.name == name)
}

/// Backends and servers that switching rules name must exist.
fn backends(draft: &Draft, all: &[Draft], load: &mut Load) {
    let proxy = &draft.proxy;
    for (name, span, is_default) in targets(proxy) {
        if find_backend(all, name).is_some() || load.doubtful.contains(name) {
            continue;
        }
        let keyword = match is_default {
            true => "default_backend",
            false => "use_backend",
        };
        let message = format!(
            "Proxy '{}': unable to find required {keyword}: '{name}'.",
            proxy.name
        );
        let names = all.iter().filter(|d| d.proxy.kind.back());
        let names = names.map(|d| d.proxy.name.as_str());
        let mut alert = Diagnostic::alert(span, message).lead(Lead::Bare);
        alert.help.extend(suggest::did_you_mean(name, names));
        load.diagnostics.push(alert);
    }
    for switch in &proxy.use_server {
        let Target::Name(name) = &switch.target else {
            continue;
        };
        let known = proxy.servers.iter().any(|(server, _)| server.name == *name);
        if !known && !load.doubtful.contains(name) {
            let message = format!(
                "{} : unable to find server '{name}' referenced in a 'use-server' rule.",
                draft.title()
            );
            let mut alert = Diagnostic::alert(switch.span, message).lead(Lead::Bare);
            let names = proxy.servers.iter().map(|(server, _)| server.name.as_str());
            alert.help.extend(suggest::did_you_mean(name, names));
            load.diagnostics.push(alert);
        }
    }
}

/// Backends that switching rules name must speak the same protocol.
fn protocols(draft: &Draft, all: &[Draft], load: &mut Load) {
    for (name, span, is_default) in targets(&draft.proxy) {
        let Some(found) = find_backend(all, name) else {
            continue;
        };
        let (own, other) = (draft.proxy.settings.mode, found.proxy.settings.mode);
        // TCP connections may be handed to an HTTP backend; it reads requests from then on.
        if own == other || (own == Mode::Tcp && other == Mode::Http) {
            continue;
        }
        let role = match is_default {
            true => "as its default backend",
            false => "in a 'use_backend' rule",
        };
        let message = format!(
            "{} {} ({}) tries to use incompatible {} {} ({}) {role} (see 'mode').",
            mode(own),
            draft.title(),
            load.place(draft.proxy.span),
            mode(other),
            format_args!("{} '{}'", title(found.proxy.kind), found.proxy.name),
            load.place(found.proxy.span),
        );
        load.diagnostics
            .push(Diagnostic::alert(span, message).lead(Lead::Bare));
    }
}

fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
    }
}

/// Sections that `errorfiles` names must exist.
fn error_sections(draft: &Draft, config: &Config, load: &mut Load) {
    if draft.proxy.kind == Kind::Defaults {
        return;
    }
    for (name, span) in &draft.error_sections {
        if !config.http_errors.contains_key(name) && !load.doubtful.contains(name) {
            let span = *span;
            let message = format!(
                "proxy '{}': unknown http-errors section '{name}' (at {}).",
                draft.proxy.name,
                load.place(span)
            );
            let names = config.http_errors.keys().map(String::as_str);
            let mut alert = Diagnostic::alert(span, message).lead(Lead::Bare);
            alert.help.extend(suggest::did_you_mean(name, names));
            load.diagnostics.push(alert);
        }
    }
}

/// Whether anything listens, if only a CLI socket; without a listener HAProxy does not start.
pub fn has_listener(config: &Config) -> bool {
    !config.global.stats_sockets.is_empty()
        || config
            .proxies
            .iter()
            .any(|proxy| !proxy.settings.disabled && !proxy.binds.is_empty())
}
