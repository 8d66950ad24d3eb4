//! Rules on a server's response (manual 4.2 `http-response`, `tcp-response content`).

use std::sync::Arc;

use super::Stop;
use super::exchange::Exchange;
use super::half::Half;
use super::rules::{blamed, refusal};
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
                Flow::Continue | Flow::Accept => return Ok(()),
                flow => self.content_refusal(&backend, &flow)?,
            }
        }
    }

    /// Runs the rules on a server's response: the backend's, then the frontend's.
    pub(super) async fn response_rules(&mut self, mut from: Source<'_>) -> Result<(), Stop> {
        let (backend, frontend) = (self.backend.clone(), self.frontend.clone());
        let waits = backend.settings.response_inspect_delay.is_some();
        let mut sets = [None; 5];
        sets[0] = waits.then_some((&backend, &backend.rules.tcp_response));
        sets[1] = Some((&backend, &backend.rules.http_response));
        sets[2] = Some((&backend, &backend.rules.response_filters));
        if !Arc::ptr_eq(&backend, &frontend) {
            sets[3] = Some((&frontend, &frontend.rules.http_response));
            sets[4] = Some((&frontend, &frontend.rules.response_filters));
        }
        for (proxy, rules) in sets.into_iter().flatten() {
            if rules.rules.is_empty() {
                continue;
            }
            let done = self.run_response(proxy, rules, &mut from).await;
            if let Err(stop) = done {
                // What has come of the body is counted, though it goes nowhere.
                self.txn.bytes_out += self.arrived(from.facts, from.download);
                return Err(stop);
            }
        }
        Ok(())
    }

    /// Whether any rule looks at responses.
    pub(super) fn has_response_rules(&self) -> bool {
        let (back, front) = (&self.backend.rules, &self.frontend.rules);
        [
            &back.tcp_response,
            &back.http_response,
            &back.response_filters,
            &front.http_response,
            &front.response_filters,
        ]
        .iter()
        .any(|rules| !rules.rules.is_empty())
    }

    async fn run_response(
        &mut self,
        proxy: &Proxy,
        rules: &Ruleset,
        source: &mut Source<'_>,
    ) -> Result<(), Stop> {
        let content = std::ptr::eq(rules, &raw const proxy.rules.tcp_response);
        let (mut from, mut waited) = (0, false);
        while from < rules.rules.len() {
            let (flow, at) = rules.run(from, &mut self.scope());
            from = at + 1;
            match flow {
                Flow::Continue | Flow::Accept => return Ok(()),
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
                Flow::Pause(ms) => Box::pin(self.pause(ms)).await,
                Flow::WaitForBody(ms, least) => {
                    Box::pin(self.wait_for_answer(Some(ms), least, source)).await?;
                }
                // A rule that lacks what may still come of the body waits for it as long as for anything of the server.
                Flow::Wait if !waited => {
                    waited = true;
                    from = at;
                    let limit = self.backend.settings.timeouts.server;
                    Box::pin(self.wait_for_answer(limit, 0, source)).await?;
                }
                // `do-resolve` is none of these rulesets' actions.
                Flow::Wait
                | Flow::Resolve(_)
                | Flow::Hint(_)
                | Flow::Auth(_)
                | Flow::Service(_) => {}
            }
        }
        Ok(())
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
