//! Running rulesets and acting on what they say (manual 4.2 `http-request`, `tcp-request content`).

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use super::exchange::Exchange;
use super::{Stop, size};
use crate::acl::Outcome;
use crate::action::{Flow, Ruleset, Service};
use crate::end::{Cause, End, Stage};
use crate::http::{Reply, Version};
use crate::plan::{Proxy, Rules};
use crate::settings::Options;
use crate::state::table::Pair;

/// One of the two proxies that a request meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Frontend,
    Backend,
}

/// A checkpoint's rules among all those of a proxy.
pub(super) type Set = fn(&Rules) -> &Ruleset;

/// What the rule said that stopped the others, and its number.
pub(super) type Stopped = (Flow, usize);

impl Exchange {
    pub(super) fn proxy(&self, of: Of) -> &Arc<Proxy> {
        match of {
            Of::Frontend => &self.frontend,
            Of::Backend => &self.backend,
        }
    }

    /// Runs rules of one of the proxies from the first on; `None` if they let the message pass. Nothing here waits or shares the
    /// proxy: that is for what a rule that stops them asks for.
    pub(super) fn run_rules(&mut self, of: Of, set: Set) -> Option<Stopped> {
        let proxy = match of {
            Of::Frontend => &self.frontend,
            Of::Backend => &self.backend,
        };
        let rules = set(&proxy.rules);
        if rules.rules.is_empty() {
            return None;
        }
        let session = &mut self.connection.client.session;
        let mut scope = crate::stream::scope(&self.worker, session, &mut self.txn);
        match rules.run(0, &mut scope) {
            (Flow::Continue | Flow::Accept, _) => None,
            stopped => Some(stopped),
        }
    }

    /// `monitor-uri`: answered before any rule, and never logged.
    pub(super) fn monitor(&mut self) -> Result<(), Stop> {
        let Some(uri) = &self.frontend.settings.monitor_uri else {
            return Ok(());
        };
        if uri.as_bytes() != self.txn.request.head.target() {
            return Ok(());
        }
        let frontend = self.frontend.clone();
        let scope = self.scope();
        let failed = frontend
            .monitor_fail
            .iter()
            .any(|cond| cond.test(&scope) == Outcome::Pass);
        self.frontend.state.front.intercepted.inc();
        Err(Stop::Monitor(if failed { 503 } else { 200 }))
    }

    /// The frontend's rules.
    pub(super) async fn front_rules(&mut self) -> Result<(), Stop> {
        if lets_pass(&self.frontend) {
            return Ok(());
        }
        self.request_rules(Of::Frontend).await
    }

    /// The backend's rules, unless it is the frontend itself.
    pub(super) async fn back_rules(&mut self) -> Result<(), Stop> {
        if Arc::ptr_eq(&self.backend, &self.frontend) || lets_pass(&self.backend) {
            return Ok(());
        }
        self.request_rules(Of::Backend).await
    }

    async fn request_rules(&mut self, of: Of) -> Result<(), Stop> {
        const CONTENT: Set = |rules| &rules.tcp_content;
        const RULES: Set = |rules| &rules.http_request;
        const FILTERS: Set = |rules| &rules.request_filters;
        const REDIRECT: Set = |rules| &rules.redirect;
        let front = of == Of::Frontend;
        // A stream that began in TCP mode has passed the content rules of its frontend already.
        if !front || self.upgrade.is_none() {
            if let Some(stopped) = self.run_rules(of, CONTENT) {
                self.heed(of, CONTENT, stopped).await?;
            }
            if front && !self.txn.tracks.is_empty() {
                // What content rules track counts the request once they have let it pass.
                let now = self.worker.now().instant;
                self.txn.tracks.count(Pair::REQUESTS, 1, now);
            }
        }
        for set in [RULES, FILTERS] {
            if let Some(stopped) = self.run_rules(of, set) {
                self.heed(of, set, stopped).await?;
            }
        }
        self.restrict_names(of)?;
        if self.asks_for_stats(of) {
            let proxy = self.proxy(of).clone();
            return Err(Box::pin(self.stats(&proxy)).await);
        }
        match self.run_rules(of, REDIRECT) {
            Some(stopped) => self.heed(of, REDIRECT, stopped).await,
            None => Ok(()),
        }
    }

    /// Does what the rule asks for that stopped the others, and goes on with these where it may be. Boxed: most requests are not
    /// stopped, and this may wait for much.
    fn heed(
        &mut self,
        of: Of,
        set: Set,
        stopped: Stopped,
    ) -> Pin<Box<impl Future<Output = Result<(), Stop>>>> {
        let proxy = self.proxy(of).clone();
        Box::pin(async move { self.go_on(&proxy, set(&proxy.rules), stopped).await })
    }

    async fn go_on(
        &mut self,
        proxy: &Proxy,
        rules: &Ruleset,
        mut stopped: Stopped,
    ) -> Result<(), Stop> {
        let mut waited = false;
        loop {
            let (flow, at) = stopped;
            let mut from = at + 1;
            match flow {
                Flow::Continue | Flow::Accept | Flow::SwitchMode => return Ok(()),
                Flow::Wait if !waited => {
                    // Only a body can be missing here. A rule that still cannot decide with it is passed over.
                    waited = true;
                    from = at;
                    self.buffer_body().await?;
                }
                Flow::Wait => {}
                Flow::Deny(status, reply) => {
                    self.tally(Pair::ERRORS);
                    self.client_cookies();
                    self.count_denied(proxy);
                    return Err(refusal(status, reply, Stage::Request));
                }
                Flow::Tarpit(status, reply) => {
                    self.tally(Pair::ERRORS);
                    self.client_cookies();
                    self.count_denied(proxy);
                    let timeouts = &proxy.settings.timeouts;
                    let ordered = self.txn.orders.tarpit_timeout;
                    let delay = ordered
                        .or(timeouts.tarpit)
                        .or(timeouts.connect)
                        .unwrap_or(0);
                    self.pause(delay).await;
                    self.not_processed();
                    self.txn.timers.began = self.txn.timers.first_byte;
                    self.txn.timers.queued = Some(Instant::now());
                    return Err(refusal(status, reply, Stage::Tarpit));
                }
                Flow::Reject | Flow::Close => {
                    self.count_denied(proxy);
                    self.not_processed();
                    self.forget_line(proxy, rules);
                    return Err(Stop::close(Cause::Proxy, Stage::Request));
                }
                Flow::SilentDrop(hops) => {
                    self.count_denied(proxy);
                    self.forget_line(proxy, rules);
                    return Err(Stop::Vanish(hops, End::new(Cause::Proxy, Stage::Request)));
                }
                Flow::Reply(reply) => {
                    self.frontend.state.front.intercepted.inc();
                    return Err(Stop::Reply(reply, End::new(Cause::Local, Stage::Request)));
                }
                Flow::Page(status) => {
                    self.frontend.state.front.intercepted.inc();
                    return Err(Stop::error(status, Cause::Local, Stage::Request));
                }
                Flow::Auth(realm) => {
                    return Err(self.challenge(&realm));
                }
                Flow::Service(Service::Stats) => return Err(self.stats(proxy).await),
                Flow::Service(Service::Exporter) => return Err(self.metrics()),
                Flow::Pause(ms) => self.pause(ms).await,
                Flow::Settle => self.settle().await?,
                Flow::WaitForBody(ms, least) => {
                    self.wait_for_body(Some(ms), least).await?;
                }
                Flow::Resolve(lookup) => {
                    let worker = self.worker.clone();
                    let session = &mut self.connection.client.session;
                    let txn = &mut self.txn;
                    crate::stream::resolve(&worker, session, txn, &lookup).await;
                }
                Flow::Hint(reply) => self.hint(&reply).await?,
                flow @ (Flow::NoRoom | Flow::Internal) => {
                    self.frontend.state.front.internal_errors.inc();
                    return Err(Stop::error(500, blamed(&flow), Stage::Request));
                }
            }
            stopped = rules.run(from, &mut self.scope());
        }
    }

    /// Content rules come before HAProxy reads a request: what they refuse is logged as one that could not be read.
    fn forget_line(&mut self, proxy: &Proxy, rules: &Ruleset) {
        if std::ptr::eq(rules, &raw const proxy.rules.tcp_content) {
            self.txn.request_line.clear();
        }
    }

    /// An early hint: an interim response of our own.
    async fn hint(&mut self, reply: &Reply) -> Result<(), Stop> {
        if self.txn.request.head.version() < Version::HTTP_11 {
            return Ok(());
        }
        self.txn.bytes_out += size::of_head(&reply.head);
        self.send_interim(&reply.head).await
    }

    /// HAProxy logs a request that was held or turned away unprocessed as one that never came whole (`TR` is -1).
    pub(super) fn not_processed(&mut self) {
        self.heard = None;
        self.txn.timers.request = None;
    }

    pub(super) fn count_denied(&self, proxy: &Proxy) {
        self.frontend.state.front.denied_requests.inc();
        self.connection.client.listener.state.denied_requests.inc();
        if proxy.index != self.frontend.index {
            proxy.state.back.denied_requests.inc();
        }
    }

    /// `http-after-response`: on every response that is sent, the proxy's own included. Only edits are possible here;
    /// false if there is no room for one.
    pub(super) fn after_response_rules(&mut self) -> bool {
        let (back, front) = (&self.backend.rules, &self.frontend.rules);
        if back.http_after_response.rules.is_empty() && front.http_after_response.rules.is_empty() {
            return true;
        }
        let (backend, frontend) = (self.backend.clone(), self.frontend.clone());
        let same = Arc::ptr_eq(&backend, &frontend);
        [Some(backend), (!same).then_some(frontend)]
            .into_iter()
            .flatten()
            .all(|proxy| {
                let rules = &proxy.rules.http_after_response;
                let (flow, _) = rules.run(0, &mut self.scope());
                !matches!(flow, Flow::NoRoom | Flow::Internal)
            })
    }
}

/// Whether this proxy does nothing to requests.
fn lets_pass(proxy: &Proxy) -> bool {
    let rules = &proxy.rules;
    rules.tcp_content.rules.is_empty()
        && rules.http_request.rules.is_empty()
        && rules.request_filters.rules.is_empty()
        && rules.redirect.rules.is_empty()
        && proxy.settings.stats.is_none()
        && !proxy
            .settings
            .options
            .intersects(Options::RESTRICT_NAMES_REJECT | Options::RESTRICT_NAMES_DELETE)
}

/// Who is to blame for a 500 of a rule.
pub(super) fn blamed(flow: &Flow) -> Cause {
    match flow {
        Flow::NoRoom => Cause::Proxy,
        _ => Cause::Internal,
    }
}

pub(super) fn refusal(status: u16, reply: Option<Box<Reply>>, stage: Stage) -> Stop {
    let end = End::new(Cause::Proxy, stage);
    match reply {
        Some(reply) => Stop::Reply(reply, end),
        None => Stop::Error(status, end),
    }
}
