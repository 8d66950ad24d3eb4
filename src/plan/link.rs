//! From a checked configuration to a plan: names become places, pending pieces are finished.

use std::sync::Arc;

use crate::action::Action;
use crate::config::Config;
use crate::diag::{Diagnostic, Severity};
use crate::log;
use crate::sample::{Captures, Linker, Terms};
use crate::settings::{Global, Kind};
use crate::state::State;

use super::names::Index;
use super::server::Located;
use super::{Plan, limits, proxy, track};

/// What every proxy's linking looks at.
pub(super) struct Context<'a> {
    pub(super) config: &'a Config,
    pub(super) global: &'a Global,
    pub(super) state: &'a State,
    pub(super) index: &'a Index<'a>,
    pub(super) maxconn: u32,
    pub(super) log: &'a log::Outputs,
}

/// What linking found out that goes into the living state once all is well.
#[derive(Default)]
pub(super) struct Fresh {
    /// Where servers are, by proxy and server.
    pub(super) located: Vec<Vec<Located>>,
    /// `set-var` and `set-var-fmt` of `global`: run once, in order.
    pub(super) variables: Vec<Action>,
}

/// Links a configuration against the living state. `old` is the plan that runs now, on a reload.
///
/// With an alert among the diagnostics there is no plan, and nothing that lives was changed. Without
/// one the plan has taken over: server addresses and weights are those of the new configuration.
pub fn link(
    config: &Config,
    state: &Arc<State>,
    old: Option<&Plan>,
) -> (Option<Plan>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let vars = old.map(|old| old.vars.clone()).unwrap_or_default();
    let files = config.files.clone();
    let index = Index::new(config, state);
    let log = match log::Outputs::new(&config.global, state) {
        Ok(log) => log,
        Err(error) => {
            let alert = Diagnostic::new(Severity::Alert, None, error.to_string());
            return (None, vec![alert]);
        }
    };
    let maxconn = limits::maxconn(&config.global);
    let context = Context {
        log: &log,
        config,
        global: &config.global,
        state,
        index: &index,
        maxconn,
    };
    diagnostics.extend(super::names::check_tables(config));
    diagnostics.extend(super::names::check_resolvers(config));
    let mut fresh = Fresh::default();
    let mut linked = Vec::with_capacity(config.proxies.len());

    let mut warnings = Vec::new();
    let tracked = track::resolve(&config.proxies, &mut diagnostics);
    {
        let linker = |proxy, captures: &Captures| Linker {
            state,
            vars: &vars,
            proxy,
            files: &files,
            names: &index,
            captures: captures.clone(),
            warnings: Vec::new(),
        };
        let mut global = linker("", &Captures::default());
        for pending in &config.global.vars {
            match pending.link(&mut global) {
                Ok(action) => fresh.variables.push(action),
                Err(error) => diagnostics.push(*error),
            }
        }
        warnings.append(&mut global.warnings);
        for (at, proxy) in config.proxies.iter().enumerate() {
            let mut linker = linker(proxy.name.as_str(), &proxy.captures);
            let done = proxy::link(
                at,
                proxy,
                &context,
                &mut linker,
                &mut fresh,
                &mut diagnostics,
            );
            warnings.append(&mut linker.warnings);
            linked.push(follow(done, at, &tracked));
        }
    }
    diagnostics.append(&mut warnings);
    let linker = Linker {
        state,
        vars: &vars,
        proxy: "",
        files: &files,
        names: &index,
        captures: Captures::default(),
        warnings: Vec::new(),
    };
    let peers = super::peers::link(&context, linker, &mut diagnostics);
    if diagnostics.iter().any(|d| d.severity == Severity::Alert) {
        return (None, diagnostics);
    }
    let terms: Vec<_> = linked.iter().map(|proxy| terms(proxy, &linked)).collect();
    let plan = Plan {
        global: Arc::new(config.global.clone()),
        proxies: linked.into_iter().map(Arc::new).collect(),
        backends: index.backends(),
        frontends: index.frontends(),
        terms: terms.into(),
        tables: index.tables(),
        peers,
        maxconn,
        log,
        case_adjust: case_map(&config.global),
        env: config.env.clone(),
        resolvers: config.resolvers.values().cloned().collect(),
        state: state.clone(),
        files: files.clone(),
        certificates: config.certificates.clone(),
        vars,
    };
    plan.settle(&fresh, old);
    (Some(plan), diagnostics)
}

/// What a proxy's lines say. A frontend has no server's side.
fn terms(proxy: &super::Proxy, all: &[super::Proxy]) -> Terms {
    let mut timeouts = proxy.settings.timeouts;
    if proxy.kind == Kind::Frontend {
        (timeouts.server, timeouts.tunnel) = (None, None);
        (timeouts.connect, timeouts.queue) = (None, None);
    }
    let default = proxy.default_backend.filter(|at| *at != proxy.index);
    Terms {
        timeouts,
        retries: proxy.settings.retries.unwrap_or(3),
        default_backend: default.and_then(|at| Some(all.get(at)?.name.clone())),
    }
}

/// Enters what the servers of a proxy track.
fn follow(mut proxy: super::Proxy, at: usize, tracked: &[track::Tracked]) -> super::Proxy {
    for ((_, server), to) in tracked.iter().filter(|(from, _)| from.0 == at) {
        if let Some(server) = proxy.servers.get_mut(*server).and_then(Arc::get_mut) {
            server.track = Some(*to);
        }
    }
    proxy
}

/// `h1-case-adjust`; entries were checked when they were read.
fn case_map(global: &crate::settings::Global) -> crate::wire::h1::CaseMap {
    let mut map = crate::wire::h1::CaseMap::default();
    for (from, to) in &global.h1_case_adjust {
        map.insert(from.as_bytes(), to.as_bytes());
    }
    map
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
