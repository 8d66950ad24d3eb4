//! Holding a request until (the beginning of) its body is there (manual 4.2 `option http-buffer-request`, `http-request
//! wait-for-body`).

use std::time::Instant;

use super::Stop;
use super::exchange::Exchange;
use super::half::Half;
use super::response_rules::Source;
use super::size;
use crate::end::{Cause, End, Stage};
use crate::http::{BodyState, Head, Message, Method, Version};
use crate::settings::Options;
use crate::wire::h1::{self as wire, BodyLength, BodyReader, Fault, Piece, ResponseFacts};

impl Exchange {
    /// Whether an option asks for the body before the rules, or balancing looks into it.
    pub(super) fn buffers_body(&self) -> bool {
        let options = self.frontend.settings.options | self.backend.settings.options;
        let balanced_by_body = self.backend.balance.algorithm.reads_body()
            && self.txn.request.head.known_method() == Method::Post;
        options.contains(Options::BUFFER_REQUEST) || balanced_by_body
    }

    /// Waits for the body as long as for a request; where that has no limit, as long as the client may be silent.
    pub(super) async fn buffer_body(&mut self) -> Result<(), Stop> {
        let timeouts = &self.frontend.settings.timeouts;
        let (whole, silence) = (timeouts.http_request, timeouts.client);
        let silence = self.txn.orders.client_timeout.or(silence);
        match whole {
            Some(_) => self.wait_for_body(whole, 0).await,
            None => self.await_body(silence, true, 0).await,
        }
    }

    /// Reads the body until it is complete, has `least` bytes (0: as many as fit the buffer), or `ms` are over.
    pub(super) async fn wait_for_body(
        &mut self,
        ms: Option<u64>,
        least: usize,
    ) -> Result<(), Stop> {
        self.await_body(ms, false, least).await
    }

    /// The same; with `renewed` the time begins again with all that comes.
    async fn await_body(
        &mut self,
        ms: Option<u64>,
        renewed: bool,
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
            let go_on = Head::response(Version::HTTP_11, 100, b"Continue");
            self.send_interim(&go_on).await?;
        }
        self.upload.keep_from = Some(self.body_at);
        self.connection.client.alarm.after(Instant::now(), ms);
        while !self.enough(least) {
            match self.read_body().await {
                Some(Ok(1..)) => {
                    self.decode_buffered()?;
                    if renewed {
                        self.connection.client.alarm.after(Instant::now(), ms);
                    }
                }
                // Such a body comes on a stream of its own, and ends with it.
                Some(Ok(_)) if self.facts.body == BodyLength::UntilClose => {
                    self.txn.request.body_state = BodyState::Complete;
                }
                // Nobody is left to be told.
                Some(_) => {
                    self.heard = Some(Instant::now());
                    return Err(Stop::Close(End::new(Cause::Client, Stage::Request)));
                }
                None => {
                    // Such a request is not whole: its time is none.
                    self.not_processed();
                    return Err(Stop::error(408, Cause::ClientTimeout, Stage::Request));
                }
            }
        }
        self.heard = Some(Instant::now());
        self.upload.keep_from = None;
        Ok(())
    }

    fn enough(&self, least: usize) -> bool {
        let body = &self.txn.request;
        // The head of a stream's request is not in it, so that it may have no memory yet.
        let full =
            !self.upload.buf.is_empty() && self.upload.buf.len() >= self.upload.buf.capacity();
        body.body_state == BodyState::Complete || full || (least > 0 && body.body.len() >= least)
    }

    /// The same for a server's response.
    pub(super) async fn wait_for_answer(
        &mut self,
        ms: Option<u64>,
        least: usize,
        source: &mut Source<'_>,
    ) -> Result<(), Stop> {
        let (length, at, stream) = (
            source.facts.body,
            source.facts.consumed,
            source.lease.stream(),
        );
        let options = self.response_options();
        let download = &mut *source.download;
        if length == BodyLength::Tunnel {
            return Ok(());
        }
        download.keep_from = Some(at);
        self.connection.client.alarm.after(Instant::now(), ms);
        loop {
            let message = &mut self.txn.response;
            decode(message, length, &download.buf, at, &options)
                .map_err(|_| Stop::error(502, Cause::Proxy, Stage::Headers))?;
            let full = download.buf.len() >= download.buf.capacity();
            let enough = least > 0 && message.body.len() >= least;
            if message.body_state == BodyState::Complete || full || enough {
                break;
            }
            let (alarm, pools) = (&mut self.connection.client.alarm, &self.worker.pools);
            match alarm
                .until(|cx| download.poll_fill(cx, stream, pools))
                .await
            {
                Ok(Ok(1..)) => {}
                Ok(Ok(_)) if length == BodyLength::UntilClose => {
                    self.txn.response.body_state = BodyState::Complete;
                    break;
                }
                Ok(_) => return Err(Stop::error(502, Cause::Server, Stage::Headers)),
                Err(_) => return Err(Stop::error(504, Cause::ServerTimeout, Stage::Request)),
            }
        }
        download.keep_from = None;
        Ok(())
    }

    /// What HAProxy counts for the part of a response's body that has come.
    pub(super) fn arrived(&self, facts: &ResponseFacts, download: &Half) -> u64 {
        let mut message = Message::default();
        let options = self.response_options();
        let buf = &download.buf;
        // What is malformed is not counted.
        let _ = decode(&mut message, facts.body, buf, facts.consumed, &options);
        let chunked = facts.body == BodyLength::Chunked;
        let end = chunked && message.body_state == BodyState::Complete;
        message.body.len() as u64 + if end { size::of_end(&Head::new()) } else { 0 }
    }

    /// Decodes what is there of the body into the message, for rules. The upload itself starts from the raw bytes again.
    fn decode_buffered(&mut self) -> Result<(), Stop> {
        let (buf, message) = (&self.upload.buf, &mut self.txn.request);
        decode(message, self.facts.body, buf, self.body_at, &self.options)
            .map_err(|_| Stop::error(400, Cause::Proxy, Stage::Request))
    }
}

/// Decodes the body that starts at `at`, as far as it is there.
fn decode(
    message: &mut Message,
    length: BodyLength,
    buf: &[u8],
    mut at: usize,
    options: &wire::Options,
) -> Result<(), Fault> {
    let (mut reader, mut trailers) = (BodyReader::new(length), Head::new());
    message.body.clear();
    message.body_state = BodyState::Partial;
    loop {
        match reader.next(buf, &mut at, &mut trailers, options)? {
            Piece::Data(range) => {
                let data = buf.get(range).unwrap_or_default();
                message.body.extend_from_slice(data);
            }
            Piece::More => return Ok(()),
            Piece::End => {
                message.body_state = BodyState::Complete;
                return Ok(());
            }
        }
    }
}
