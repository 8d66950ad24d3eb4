//! Rules on a server's response (manual 4.2 `http-response`, `tcp-response content`).

use std::sync::Arc;

use super::Stop;
use super::exchange::Exchange;
use super::half::Half;
use super::rules::{Of, Set, Stopped, blamed, refusal};
use crate::action::{Flow, Ruleset};
use crate::backend::Lease;
use crate::end::{Cause, End, Stage};
use crate::plan::Proxy;
use crate::wire::h1::ResponseFacts;

/// Where a response comes from, for rules that wait for more of it.
pub(super) struct Source<'a> {
    pub lease: &'a Lease,
    pub download: &'a mut Half,
    pub facts: &'a ResponseFacts,
}

impl Exchange {
    /// `tcp-response content` without `tcp-response inspect-delay`: the rules do not wait, so that all they know is that there
    /// is a server.
    pub(super) fn early_response_rules(&mut self) -> Result<(), Stop> {
        let hasty = self.backend.settings.response_inspect_delay.is_none();
        if !hasty || self.backend.rules.tcp_response.rules.is_empty() {
            return Ok(());
        }
        let backend = self.backend.clone();
        let rules = &backend.rules.tcp_response;
        let mut from = 0;
        loop {
            let (flow, at) = rules.run(from, &mut self.scope());
            from = at + 1;
            match flow {
                Flow::Continue | Flow::Accept | Flow::SwitchMode => return Ok(()),
                flow => self.content_refusal(&backend, &flow)?,
            }
        }
    }

    /// Runs the rules on a server's response: the backend's, then the frontend's.
    pub(super) async fn response_rules(&mut self, mut from: Source<'_>) -> Result<(), Stop> {
        const CONTENT: Set = |rules| &rules.tcp_response;
        const RULES: Set = |rules| &rules.http_response;
        const FILTERS: Set = |rules| &rules.response_filters;
        let waits = self.backend.settings.response_inspect_delay.is_some();
        let same = Arc::ptr_eq(&self.backend, &self.frontend);
        for (of, set, there) in [
            (Of::Backend, CONTENT, waits),
            (Of::Backend, RULES, true),
            (Of::Backend, FILTERS, true),
            (Of::Frontend, RULES, !same),
            (Of::Frontend, FILTERS, !same),
        ] {
            if there && let Some(stopped) = self.run_rules(of, set) {
                Box::pin(self.heed_response(of, set, stopped, &mut from)).await?;
            }
        }
        Ok(())
    }

    /// Does what the rule asks for that stopped the others, and goes on with these where it may be.
    async fn heed_response(
        &mut self,
        of: Of,
        set: Set,
        stopped: Stopped,
        source: &mut Source<'_>,
    ) -> Result<(), Stop> {
        let proxy = self.proxy(of).clone();
        let rules = set(&proxy.rules);
        let done = self.go_on_with(&proxy, rules, stopped, source).await;
        if done.is_err() {
            // What has come of the body is counted, though it goes nowhere.
            self.txn.bytes_out += self.arrived(source.facts, source.download);
        }
        done
    }

    async fn go_on_with(
        &mut self,
        proxy: &Proxy,
        rules: &Ruleset,
        mut stopped: Stopped,
        source: &mut Source<'_>,
    ) -> Result<(), Stop> {
        let content = std::ptr::eq(rules, &raw const proxy.rules.tcp_response);
        let mut waited = false;
        loop {
            let (flow, at) = stopped;
            let mut from = at + 1;
            match flow {
                Flow::Continue | Flow::Accept | Flow::SwitchMode => return Ok(()),
                flow @ (Flow::Reject | Flow::Close | Flow::SilentDrop(_)) if content => {
                    self.txn.status = Some(self.txn.response.head.status());
                    self.content_refusal(proxy, &flow)?;
                }
                Flow::SilentDrop(hops) => {
                    self.count_denied_response(proxy);
                    self.txn.status = Some(self.txn.response.head.status());
                    return Err(Stop::Vanish(hops, End::new(Cause::Proxy, Stage::Request)));
                }
                Flow::Deny(status, reply) | Flow::Tarpit(status, reply) => {
                    self.count_denied_response(proxy);
                    self.txn.timers.response = None;
                    return Err(refusal(status, reply, Stage::Headers));
                }
                Flow::Reply(reply) => {
                    return Err(Stop::Reply(reply, End::new(Cause::Local, Stage::Headers)));
                }
                Flow::Page(status) => {
                    return Err(Stop::error(status, Cause::Local, Stage::Headers));
                }
                Flow::Reject | Flow::Close => {
                    return Err(Stop::error(502, Cause::Proxy, Stage::Headers));
                }
                flow @ (Flow::NoRoom | Flow::Internal) => {
                    proxy.state.back.internal_errors.inc();
                    return Err(Stop::error(500, blamed(&flow), Stage::Headers));
                }
                Flow::Pause(ms) => self.pause(ms).await,
                Flow::WaitForBody(ms, least) => {
                    self.wait_for_answer(Some(ms), least, source).await?;
                }
                // A rule that lacks what may still come of the body waits for it as long as for anything of the server.
                Flow::Wait if !waited => {
                    waited = true;
                    from = at;
                    let limit = self.backend.settings.timeouts.server;
                    self.wait_for_answer(limit, 0, source).await?;
                }
                // `do-resolve` is none of these rulesets' actions.
                Flow::Wait
                | Flow::Resolve(_)
                | Flow::Hint(_)
                | Flow::Auth(_)
                | Flow::Settle
                | Flow::Service(_) => {}
            }
            stopped = rules.run(from, &mut self.scope());
        }
    }

    fn count_denied_response(&self, proxy: &Proxy) {
        self.frontend.state.front.denied_responses.inc();
        self.connection.client.listener.state.denied_responses.inc();
        proxy.state.back.denied_responses.inc();
    }

    /// What a content rule decided. Others than refusals let the ruleset go on.
    fn content_refusal(&self, proxy: &Proxy, flow: &Flow) -> Result<(), Stop> {
        match flow {
            Flow::Reject => {
                self.count_denied_response(proxy);
                Err(Stop::close(Cause::Proxy, Stage::Data))
            }
            Flow::SilentDrop(hops) => {
                self.count_denied_response(proxy);
                Err(Stop::Vanish(*hops, End::new(Cause::Proxy, Stage::Request)))
            }
            // Then the server has nothing to say any more.
            Flow::Close => Err(Stop::error(502, Cause::Server, Stage::Headers)),
            _ => Ok(()),
        }
    }
}
