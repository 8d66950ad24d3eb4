//! Holding a request until (the beginning of) its body is there (manual 4.2 `option http-buffer-request`, `http-request
//! wait-for-body`).

use std::time::Instant;

use super::Stop;
use super::exchange::Exchange;
use crate::end::{Cause, Stage};
use crate::http::{BodyState, Method};
use crate::settings::Options;
use crate::wire::h1::{BodyReader, Piece};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

impl Exchange {
    /// Whether an option asks for the body before the rules, or balancing looks into it.
    pub(super) fn buffers_body(&self) -> bool {
        let options = self.frontend.settings.options | self.backend.settings.options;
        let balanced_by_body = self.backend.balance.algorithm.reads_body()
            && self.txn.request.head.known_method() == Method::Post;
        options.contains(Options::BUFFER_REQUEST) || balanced_by_body
    }

    /// Waits for the body as long as for a request.
    pub(super) async fn buffer_body(&mut self) -> Result<(), Stop> {
        let limit = self.frontend.settings.timeouts.http_request;
        self.wait_for_body(limit, 0).await
    }

    /// Reads the body until it is complete, has `least` bytes (0: as many as fit the buffer), or `ms` are over.
    pub(super) async fn wait_for_body(
        &mut self,
        ms: Option<u64>,
        least: usize,
    ) -> Result<(), Stop> {
        self.decode_buffered()?;
        if self.enough(least) {
            return Ok(());
        }
        if self.facts.expect_continue {
            // The client waits for a sign from us, and the server must not be asked for a second one.
            self.facts.expect_continue = false;
            self.txn.request.head.remove(b"expect");
            self.flush_to_client(CONTINUE).await?;
        }
        self.upload.keep_from = Some(self.body_at);
        self.connection.client.alarm.after(Instant::now(), ms);
        while !self.enough(least) {
            match self.read_body().await {
                Some(Ok(1..)) => self.decode_buffered()?,
                Some(_) => return Err(Stop::error(400, Cause::Client, Stage::Data)),
                None => return Err(Stop::error(408, Cause::ClientTimeout, Stage::Data)),
            }
        }
        self.upload.keep_from = None;
        Ok(())
    }

    fn enough(&self, least: usize) -> bool {
        let body = &self.txn.request;
        let full = self.upload.buf.len() >= self.upload.buf.capacity();
        body.body_state == BodyState::Complete || full || (least > 0 && body.body.len() >= least)
    }

    /// Decodes what is there of the body into the message, for rules. The upload itself starts from the raw bytes again.
    fn decode_buffered(&mut self) -> Result<(), Stop> {
        let mut reader = BodyReader::new(self.facts.body);
        let mut at = self.body_at;
        let message = &mut self.txn.request;
        message.body.clear();
        message.body_state = BodyState::Partial;
        self.upload.trailers.clear();
        loop {
            let trailers = &mut self.upload.trailers;
            match reader.next(&self.upload.buf, &mut at, trailers, &self.options) {
                Ok(Piece::Data(range)) => {
                    let data = self.upload.buf.get(range).unwrap_or_default();
                    message.body.extend_from_slice(data);
                }
                Ok(Piece::More) => return Ok(()),
                Ok(Piece::End) => {
                    message.body_state = BodyState::Complete;
                    return Ok(());
                }
                Err(_) => return Err(Stop::error(400, Cause::Proxy, Stage::Request)),
            }
        }
    }
}
