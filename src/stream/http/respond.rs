//! The server's response on its way to the client.

use super::cacheable::shares_cookie;
use super::exchange::Exchange;
use super::half::Half;
use super::{Stop, size};
use crate::backend::Lease;
use crate::end::{Cause, Stage};
use crate::http::{Head, Version};
use crate::log::ALERT;
use crate::settings::{HttpMode, Options};
use crate::wire::h1::{
    BodyLength, ConnectionOption, Framing, ResponseFacts, asks_to_close, write_head,
};

impl Exchange {
    /// Runs the rules on the response, sends it, and keeps the server connection where that is possible.
    pub(super) async fn respond(
        &mut self,
        lease: Lease,
        download: &mut Half,
        facts: ResponseFacts,
    ) -> Result<(), Stop> {
        self.note_response(&lease);
        self.capture_response();
        self.response_rules()?;
        self.check_cache(&lease)?;
        self.after_response_rules();
        let tunnel = facts.body == BodyLength::Tunnel;
        self.stage_response(&facts, download);
        self.early_log(download);
        self.sent = true;
        if tunnel {
            return Box::pin(self.tunnel(&lease, download)).await;
        }
        let moved = self.relay(&lease, download).await;
        self.count_data(&facts, download);
        moved.map_err(Stop::Close)?;
        self.keep_alive &= self.upload.reader.is_done();
        let reusable = facts.keep_alive
            && self.http_mode() == HttpMode::KeepAlive
            && self.upload.finished()
            && download.leftover().is_empty()
            && !asks_to_close(&self.txn.request.head);
        if reusable {
            lease.give_back(&self.worker, &mut self.connection.own);
        }
        Ok(())
    }

    /// `option checkcache`: a response that would share a cookie is blocked, and the operator told.
    fn check_cache(&mut self, lease: &Lease) -> Result<(), Stop> {
        let wanted = self.backend.settings.options.contains(Options::CHECK_CACHE);
        let method = self.txn.request.head.known_method();
        if !wanted || !shares_cookie(method, &self.txn.response.head) {
            return Ok(());
        }
        let text = format!(
            "Blocking cacheable cookie in response from instance {}, server {}.",
            self.backend.name, lease.server.settings.name
        );
        let now = self.worker.now().date;
        self.backend.log.send(now, ALERT, text.as_bytes());
        self.frontend.state.front.denied_responses.inc();
        self.backend.state.back.denied_responses.inc();
        self.txn.timers.response = None;
        Err(Stop::error(502, Cause::Proxy, Stage::Headers))
    }

    /// Puts the response's head before its body.
    fn stage_response(&mut self, facts: &ResponseFacts, download: &mut Half) {
        let txn = &mut *self.txn;
        let status = txn.response.head.status();
        txn.status = Some(status);
        let old_client = txn.request.head.version() < Version::HTTP_11;
        let announced = match facts.announced {
            // What an old client would take for data.
            BodyLength::Chunked if old_client => BodyLength::UntilClose,
            other => other,
        };
        let endless = announced == BodyLength::UntilClose && facts.body != BodyLength::Empty;
        let tunnel = facts.body == BodyLength::Tunnel;
        self.keep_alive &=
            !endless && !tunnel && !self.closing() && !asks_to_close(&self.txn.response.head);
        let head = &self.txn.response.head;
        let connection = client_connection(&self.txn.request.head, head, self.keep_alive || tunnel);
        let framing = Framing {
            announced,
            connection,
            upgrade: status == 101,
        };
        let bogus = self
            .frontend
            .settings
            .options
            .contains(Options::CASE_ADJUST_CLIENT);
        let case = bogus.then_some(&self.plan.case_adjust);
        write_head(head, framing, case, download.stage());
        let written = if facts.body == BodyLength::Chunked {
            announced
        } else {
            facts.body
        };
        download.carry(facts.body, written);
    }

    /// Whether the client connection has to end after this response in any case.
    pub(super) fn closing(&self) -> bool {
        self.http_mode() == HttpMode::Close || self.worker.fleet.stopping()
    }

    fn count_data(&mut self, facts: &ResponseFacts, download: &Half) {
        self.txn.bytes_out += download.data;
        if facts.body == BodyLength::Chunked && download.reader.is_done() {
            self.txn.bytes_out += size::of_end(&download.trailers);
        }
    }
}

/// What the response's head must say of the client's connection.
pub(super) fn client_connection(request: &Head, response: &Head, keep: bool) -> ConnectionOption {
    let old = request.version() < Version::HTTP_11 || response.version() < Version::HTTP_11;
    match keep {
        true if old => ConnectionOption::KeepAlive,
        true => ConnectionOption::Default,
        false if response.version() < Version::HTTP_11 => ConnectionOption::Default,
        false => ConnectionOption::Close,
    }
}
