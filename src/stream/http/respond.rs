//! The server's response on its way to the client.

use super::exchange::Exchange;
use super::half::Half;
use super::response_rules::Source;
use super::{Stop, size};
use crate::backend::{Lease, store};
use crate::end::{Cause, Stage};
use crate::http::{Head, Method, Version};
use crate::settings::{HttpMode, Options};
use crate::wire::h1::{
    BodyLength, BodyReader, ConnectionOption, Framing, ResponseFacts, asks_to_close, write_head,
};
use crate::wire::h2::response;

impl Exchange {
    /// Runs the rules on the response, sends it, and keeps the server connection where that is possible.
    pub(super) async fn respond(
        &mut self,
        lease: Lease,
        download: &mut Half,
        facts: ResponseFacts,
    ) -> Result<(), Stop> {
        self.check_switch(&facts)?;
        self.note_response(&lease);
        self.capture_response();
        store(&lease, &mut self.scope());
        let source = Source {
            lease: &lease,
            download,
            facts: &facts,
        };
        self.response_rules(source).await?;
        self.server_cookies(&lease)?;
        if !self.after_response_rules() {
            self.txn.bytes_out += self.arrived(&facts, download);
            return Err(Stop::error(500, Cause::Proxy, Stage::Headers));
        }
        self.check_status(&facts, download)?;
        self.give_way().await;
        let tunnel = facts.body == BodyLength::Tunnel;
        let withheld = self.stage_response(&facts, download)?;
        self.early_log(download);
        self.sent = true;
        if tunnel {
            return Box::pin(self.tunnel(&lease, download)).await;
        }
        let moved = self.relay(&lease, download).await;
        self.count_data(&facts, download, withheld);
        self.count_coded(download);
        moved.map_err(Stop::Close)?;
        self.keep_alive &= self.upload.reader.is_done();
        let reusable = facts.keep_alive
            && !withheld
            && self.http_mode() == HttpMode::KeepAlive
            && self.upload.finished()
            && download.leftover().is_empty()
            && !asks_to_close(&self.txn.request.head);
        if reusable {
            lease.give_back(&self.worker, &mut self.connection.own);
        }
        Ok(())
    }

    /// A rule may have made an interim response of a final one: after that nothing can follow.
    fn check_status(&mut self, facts: &ResponseFacts, download: &Half) -> Result<(), Stop> {
        let status = self.txn.response.head.status();
        if status >= 200 || facts.body == BodyLength::Tunnel {
            return Ok(());
        }
        self.txn.status = Some(status);
        self.txn.bytes_out += self.arrived(facts, download);
        Err(Stop::close(Cause::Client, Stage::Data))
    }

    /// Puts the response's head before its body. True if the body is withheld: rules have given the response a status that
    /// allows none.
    fn stage_response(&mut self, facts: &ResponseFacts, download: &mut Half) -> Result<bool, Stop> {
        let status = self.txn.response.head.status();
        self.txn.status = Some(status);
        let old_client = self.txn.request.head.version() < Version::HTTP_11;
        let filter = self.code(facts);
        let withheld = matches!(status, 204 | 304) && facts.body != BodyLength::Empty;
        let made_bodied = self.lacks_body(facts);
        let (announced, body) = match facts.announced {
            _ if filter.is_some() => (BodyLength::Chunked, facts.body),
            _ if withheld && status == 204 => (BodyLength::Empty, BodyLength::Empty),
            other if withheld => (other, BodyLength::Empty),
            _ if made_bodied => (BodyLength::Chunked, BodyLength::Empty),
            other => (other, facts.body),
        };
        let announced = match announced {
            // What an old client would take for data.
            BodyLength::Chunked if old_client => BodyLength::UntilClose,
            other => other,
        };
        let endless =
            announced == BodyLength::UntilClose && (body != BodyLength::Empty || made_bodied);
        let tunnel = facts.body == BodyLength::Tunnel;
        self.keep_alive &=
            !endless && !tunnel && !self.closing() && !asks_to_close(&self.txn.response.head);
        self.prove_switch(tunnel);
        if let Some(lane) = &self.connection.client.lane {
            let end = BodyReader::new(body).is_done();
            let head = response::send(&self.txn.response.head, announced)
                .map_err(|_| Stop::error(502, Cause::Proxy, Stage::Headers))?;
            lane.respond(head, end)
                .map_err(|_| Stop::close(Cause::Client, Stage::Data))?;
            download.carry(body, BodyLength::Empty);
            download.filter = filter;
            if withheld {
                download.data = self.arrived(facts, download);
            }
            return Ok(withheld);
        }
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
        let written = match body {
            BodyLength::Chunked => announced,
            // What ends with its stream.
            BodyLength::UntilClose if announced == BodyLength::Chunked => announced,
            _ if filter.is_some() => announced,
            BodyLength::Empty if made_bodied && announced == BodyLength::Chunked => {
                download.stage().extend_from_slice(b"0\r\n\r\n");
                BodyLength::Empty
            }
            _ => body,
        };
        download.carry(body, written);
        download.filter = filter;
        if withheld {
            download.data = self.arrived(facts, download);
        }
        Ok(withheld)
    }

    /// Whether a response that came without a body has a status by now that promises one.
    fn lacks_body(&self, facts: &ResponseFacts) -> bool {
        let status = self.txn.response.head.status();
        facts.body == BodyLength::Empty
            && facts.announced != BodyLength::Sized(0)
            && !matches!(status, 100..200 | 204 | 304)
            && self.txn.request.head.known_method() != Method::Head
    }

    /// Whether the client connection has to end after this response in any case.
    pub(super) fn closing(&self) -> bool {
        self.http_mode() == HttpMode::Close || self.worker.fleet.stopping()
    }

    fn count_data(&mut self, facts: &ResponseFacts, download: &Half, withheld: bool) {
        self.txn.bytes_out += download.data;
        let framed = facts.body == BodyLength::Chunked || !download.trailers.is_empty();
        if !withheld && framed && download.reader.is_done() {
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
