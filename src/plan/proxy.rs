//! One proxy: its rules, formats, switching and listeners.

use std::sync::Arc;

use crate::action::{Rule, Ruleset};
use crate::balance::{Balancer, Params, Slot, WEIGHT_SCALE};
use crate::check::Script;
use crate::config;
use crate::diag::Diagnostic;
use crate::log;
use crate::net::listen;
use crate::sample::{Identify, Linker, Pending};
use crate::settings::{Bind, Endpoint, Mode, Options};
use crate::tls::Front;

use super::ids::Ids;
use super::link::{Context, Fresh};
use super::names::Index;
use super::stick::{self, Sticks};
use super::{ErrorReplies, Listener, Proxy, Rules, Target, limits, server};

/// Links one proxy. Its servers' places are added to `fresh`.
pub(super) fn link(
    index: usize,
    proxy: &config::Proxy,
    context: &Context<'_>,
    linker: &mut Linker<'_>,
    fresh: &mut Fresh,
    diagnostics: &mut Vec<Diagnostic>,
) -> Proxy {
    let settings = &proxy.settings;
    let global = context.global;
    let (servers, located): (Vec<_>, Vec<_>) = server::link(proxy, global, linker, diagnostics)
        .into_iter()
        .unzip();
    fresh.located.push(located);
    let balance = Params {
        algorithm: settings.balance.clone().unwrap_or_default(),
        hash_type: settings.hash_type,
        balance_factor: settings.hash_balance_factor,
        affinity: settings.hash_preserve_affinity,
        all_backups: settings.options.contains(Options::ALL_BACKUPS),
    };
    let slots: Vec<Slot> = servers
        .iter()
        .map(|server| {
            let weight = server.settings.weight.unwrap_or(1);
            Slot {
                id: server.id,
                weight,
                backup: server.settings.backup,
                effective: weight * WEIGHT_SCALE,
            }
        })
        .collect();
    let mut step = Step {
        linker,
        diagnostics,
    };
    let refused = proxy.acls.check(step.linker);
    refused.into_iter().for_each(|error| step.refuse(error));
    let mut use_server = Vec::new();
    for switch in &proxy.use_server {
        use_server.extend(step.use_server(switch, proxy));
    }
    let mut use_backend = Vec::new();
    for switch in &proxy.use_backend {
        use_backend.extend(step.use_backend(switch, proxy, context.index));
    }
    let mut persist = Vec::new();
    for (what, cond) in &proxy.persist {
        persist.push((*what, step.one(cond.as_ref())));
    }
    Proxy {
        index,
        id: proxy.id,
        name: proxy.name.as_str().into(),
        kind: proxy.kind,
        state: context.state.proxy(&proxy.name),
        listeners: listeners(proxy, context, step.diagnostics),
        rules: step.rules(&proxy.rules),
        default_backend: step.default_backend(index, proxy, context),
        use_backend,
        use_server,
        stick: step.stick(&proxy.stick),
        persist,
        monitor_fail: step.all(&proxy.monitor_fail),
        log: step.log(proxy, context.log),
        log_format: step.one(proxy.log_format.as_ref()),
        log_format_sd: step.one(proxy.log_format_sd.as_ref()),
        error_log_format: step.one(proxy.error_log_format.as_ref()),
        unique_id_format: step
            .one(proxy.unique_id_format.as_ref())
            .map(|format| Identify::new(move |scope, out| format.render(scope, out))),
        dispatch: server::dispatch(proxy, global),
        balancer: Balancer::new(&balance, &slots, &Starting),
        balance,
        forwarded: settings
            .forwarded
            .as_ref()
            .map(|how| how.map(|expr| step.one(Some(expr)))),
        balance_expr: step.one(settings.balance_expr.as_ref()),
        maxconn: settings.maxconn.unwrap_or(context.maxconn),
        fullconn: limits::fullconn(index, &context.config.proxies, context.maxconn),
        errors: step.errors(proxy, global.bufsize),
        stats_admin: step.all(settings.stats.as_ref().map_or(&[][..], |s| &s.admin)),
        stats_rules: step.ruleset(settings.stats.as_ref().map_or(&[][..], |s| &s.rules)),
        captures: proxy.captures.clone(),
        check: Arc::new(step.check(settings)),
        settings: Arc::new(settings.clone()),
        servers,
    }
}

/// Loads of servers that have done nothing yet.
struct Starting;

impl crate::balance::Loads for Starting {
    fn served(&self, _: usize) -> u32 {
        0
    }
    fn queued(&self, _: usize) -> u32 {
        0
    }
    fn limit(&self, _: usize) -> u32 {
        0
    }
    fn max_queue(&self, _: usize) -> u32 {
        0
    }
    fn total_served(&self) -> u32 {
        0
    }
}

/// Links pieces and collects what is wrong with them.
struct Step<'s, 'l> {
    linker: &'s mut Linker<'l>,
    diagnostics: &'s mut Vec<Diagnostic>,
}

impl Step<'_, '_> {
    /// Tells what is wrong: once, however many rules use an ACL.
    fn refuse(&mut self, error: Diagnostic) {
        if !self.diagnostics.contains(&error) {
            self.diagnostics.push(error);
        }
    }

    fn check(&mut self, settings: &crate::settings::Proxy) -> Script {
        match Script::link(settings, self.linker) {
            Ok(script) => script,
            Err(error) => {
                self.refuse(*error);
                Script::connect()
            }
        }
    }

    fn one<T: 'static>(&mut self, pending: Option<&Pending<T>>) -> Option<T> {
        match pending?.link(self.linker) {
            Ok(linked) => Some(linked),
            Err(error) => {
                self.refuse(*error);
                None
            }
        }
    }

    fn all<T: 'static>(&mut self, pending: &[Pending<T>]) -> Vec<T> {
        pending
            .iter()
            .filter_map(|one| self.one(Some(one)))
            .collect()
    }

    fn ruleset(&mut self, rules: &[Pending<Rule>]) -> Ruleset {
        Ruleset {
            rules: self.all(rules),
        }
    }

    fn errors(&mut self, proxy: &config::Proxy, bufsize: usize) -> ErrorReplies {
        match ErrorReplies::link(&proxy.settings.errors, bufsize, self.linker) {
            Ok(replies) => replies,
            Err(error) => {
                self.refuse(*error);
                ErrorReplies::default()
            }
        }
    }

    fn log(&mut self, proxy: &config::Proxy, outputs: &log::Outputs) -> log::Logger {
        let settings = &proxy.settings;
        match outputs.logger(&settings.log, settings.log_tag.as_deref()) {
            Ok(logger) => logger,
            Err(error) => {
                let message = error.to_string();
                self.diagnostics
                    .push(Diagnostic::alert(proxy.span, message));
                outputs.process()
            }
        }
    }

    fn rules(&mut self, rules: &config::Rules) -> Rules {
        let mut redirect = self.ruleset(&rules.request_adds);
        redirect.rules.extend(self.all(&rules.redirect));
        let mut response_filters = self.ruleset(&rules.response_filters);
        response_filters
            .rules
            .extend(self.all(&rules.response_adds));
        Rules {
            tcp_connection: self.ruleset(&rules.tcp_connection),
            tcp_session: self.ruleset(&rules.tcp_session),
            tcp_content: self.ruleset(&rules.tcp_content),
            http_request: self.ruleset(&rules.http_request),
            request_filters: self.ruleset(&rules.request_filters),
            redirect,
            tcp_response: self.ruleset(&rules.tcp_response),
            http_response: self.ruleset(&rules.http_response),
            response_filters,
            http_after_response: self.ruleset(&rules.http_after_response),
        }
    }

    fn use_backend(
        &mut self,
        switch: &config::Switch,
        proxy: &config::Proxy,
        index: &Index<'_>,
    ) -> Option<(Target, Option<crate::acl::Cond>)> {
        let target = match &switch.target {
            config::Target::Format(format) => Target::Format(self.one(Some(format))?),
            config::Target::Name(name) => match index.backend_at(name) {
                Some(at) => Target::Index(at),
                None => {
                    self.diagnostics.push(Diagnostic::alert(
                        switch.span,
                        format!(
                            "Proxy '{}': unable to find required use_backend: '{name}'.",
                            proxy.name
                        ),
                    ));
                    return None;
                }
            },
        };
        Some((target, self.one(switch.cond.as_ref())))
    }

    fn stick(&mut self, lines: &[config::Stick]) -> Sticks {
        let mut rules = Sticks::default();
        for line in lines {
            match stick::link(line, self.linker) {
                Ok(rule) => rules.add(rule),
                Err(error) => self.refuse(*error),
            }
        }
        rules
    }

    fn use_server(
        &mut self,
        switch: &config::Switch,
        proxy: &config::Proxy,
    ) -> Option<(Target, Option<crate::acl::Cond>)> {
        let target = match &switch.target {
            config::Target::Format(format) => Target::Format(self.one(Some(format))?),
            config::Target::Name(name) => {
                let at = proxy.servers.iter().position(|(s, _)| s.name == *name);
                let Some(at) = at else {
                    self.diagnostics.push(Diagnostic::alert(
                        switch.span,
                        format!(
                            "backend '{}' : unable to find server '{name}' referenced in a \
                             'use-server' rule.",
                            proxy.name
                        ),
                    ));
                    return None;
                };
                Target::Index(at)
            }
        };
        Some((target, self.one(switch.cond.as_ref())))
    }

    fn default_backend(
        &mut self,
        at: usize,
        proxy: &config::Proxy,
        context: &Context<'_>,
    ) -> Option<usize> {
        let Some((name, span)) = &proxy.default_backend else {
            return proxy.kind.back().then_some(at);
        };
        let Some(found) = context.index.backend_at(name) else {
            self.diagnostics.push(Diagnostic::alert(
                *span,
                format!(
                    "Proxy '{}': unable to find required default_backend: '{name}'.",
                    proxy.name
                ),
            ));
            return None;
        };
        let target = context.config.proxies.get(found)?;
        if proxy.settings.mode == Mode::Http && target.settings.mode == Mode::Tcp {
            self.diagnostics.push(Diagnostic::alert(
                *span,
                format!(
                    "http {} '{}' tries to use incompatible tcp {} '{name}' as its default \
                     backend (see 'mode').",
                    proxy.kind.keyword(),
                    proxy.name,
                    target.kind.keyword()
                ),
            ));
        }
        Some(found)
    }
}

pub(super) fn listeners(
    proxy: &config::Proxy,
    context: &Context<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Arc<Listener>> {
    let settings = &proxy.settings;
    let mut ids = Ids::new(proxy.binds.iter().filter_map(|bind| bind.id));
    let mut listeners = Vec::new();
    for bind in proxy.binds.iter().flat_map(each_port) {
        let id = ids.take(bind.id);
        let limit = |n: u32| (n > 0).then_some(n);
        let backlog = bind
            .backlog
            .or(settings.backlog)
            .or(limit(bind.maxconn))
            .or(settings.maxconn)
            .unwrap_or(context.maxconn);
        let keepalive = settings
            .options
            .contains(Options::CLIENT_TCP_KEEPALIVE)
            .then_some(settings.client_keepalive);
        let tls = bind.tls.0.as_ref().and_then(|settings| {
            let made = Front::new(settings, &context.state.resumption);
            made.map_err(|why| {
                let message = format!("Proxy '{}': bind '{}' : {why}", proxy.name, bind.text);
                diagnostics.push(Diagnostic::alert(proxy.span, message));
            })
            .ok()
        });
        listeners.push(Arc::new(Listener {
            id,
            tls,
            state: context
                .state
                .listener(&proxy.name, bind.name.as_deref(), &bind.text),
            options: listen::Options {
                backlog,
                keepalive,
                buffers: (context.global.rcvbuf.0, context.global.sndbuf.0),
                lazy_ack: settings.options.contains(Options::SMART_ACCEPT),
                exclusive: context.global.no_reuseport,
            },
            bind,
        }));
    }
    listeners
}

/// One `bind` for each port of a range.
fn each_port(bind: &Bind) -> Vec<Bind> {
    let Some(Endpoint::Tcp {
        host,
        family,
        port,
        last_port,
        port_offset,
    }) = &bind.endpoint
    else {
        return vec![bind.clone()];
    };
    let single = *last_port <= *port;
    (*port..=(*last_port).max(*port))
        .map(|number| Bind {
            endpoint: Some(Endpoint::Tcp {
                host: host.clone(),
                family: *family,
                port: number,
                last_port: number,
                port_offset: *port_offset,
            }),
            text: match bind.text.rsplit_once(':') {
                Some((host, _)) if !single => format!("{host}:{number}"),
                _ => bind.text.clone(),
            },
            ..bind.clone()
        })
        .collect()
}
