//! To a server and back to the response's head, with other attempts where that is allowed (manual 4.2 `retries`, `retry-on`).

use std::future::poll_fn;
use std::task::Poll;

use super::ask::failed;
use super::exchange::Exchange;
use super::half::{Break, Half, Waits};
use super::relay::Clock;
use super::{Stop, size};
use crate::backend::{Ask, Attempts, Course, Failure, Lease, most_retries, obtain};
use crate::check::Seen;
use crate::end::{Cause, Stage};
use crate::http::{Head, Target, Version, redirect};
use crate::net::Channel;
use crate::sample::blame;
use crate::settings::{HttpMode, Options, RetryOn};
use crate::state::table::Pair;
use crate::wire::h1::{Asked, BodyLength, BodyReader, HeadParser, Piece, ResponseFacts};

/// Interim responses that a stream of HTTP/2 takes before the final one: they wait for its client without a window to hold
/// them back.
const MOST_INTERIM: u32 = 100;

/// Why there is no response.
#[derive(Debug)]
pub(super) enum Failed {
    /// The server closed or failed before a whole head. True if not a byte had come.
    Closed(bool),
    /// `timeout server`.
    ServerTimeout,
    /// The response is malformed.
    Malformed,
    /// `timeout client` while its body is awaited.
    ClientTimeout,
    /// The client left.
    ClientLeft,
    /// The client's body is malformed.
    BadBody,
    /// The server says that it has not looked at the request.
    Refused,
    /// The server's protocol has no way to say the request.
    Unsayable,
}

impl Exchange {
    /// Sends the request to a server and hands its response on.
    pub(super) async fn forward(&mut self) -> Result<(), Stop> {
        let mut attempts = Attempts::default();
        self.still_there().await?;
        loop {
            let lease = self.connect(&mut attempts).await?;
            self.early_response_rules()?;
            self.key_websocket();
            let mut download = Half::new(&self.worker.pools);
            let head = match self.ask(&lease).await {
                Ok(()) => self.response_head(&lease, &mut download).await,
                Err(failed) => Err(failed),
            };
            self.observe(&lease, &head);
            if let (Err(Failed::ServerTimeout), Some(course)) = (&head, lease.course()) {
                course.doubt();
            }
            match head {
                Ok(_) if self.retry_status(&attempts) => self.count_retry(&lease, &mut attempts),
                Ok(facts) => return self.respond(lease, &mut download, facts).await,
                // A connection that was open before may have been closed just before the request came to it: no attempt.
                Err(Failed::Closed(true)) if self.race_lost(&lease) => {}
                Err(failed) => {
                    self.give_up_unless_retryable(&failed, &lease, &attempts)?;
                    self.count_retry(&lease, &mut attempts);
                }
            }
            attempts.last = Some(lease.server().clone());
            self.txn.response.clear();
        }
    }

    /// A stream may have been reset by the same bytes that have opened it: then no server need hear of it.
    async fn still_there(&self) -> Result<(), Stop> {
        let Some(lane) = self.lane() else {
            return Ok(());
        };
        let gone = poll_fn(|cx| Poll::Ready(lane.poll_gone(cx).is_ready())).await;
        match gone {
            true => Err(Stop::close(Cause::Client, Stage::Request)),
            false => Ok(()),
        }
    }

    /// Lets the checks know what the server answered (manual 5.2 `observe layer7`).
    fn observe(&self, lease: &Lease, head: &Result<ResponseFacts, Failed>) {
        let seen = match head {
            Ok(_) => Seen::status(self.txn.response.head.status()),
            Err(Failed::Closed(true)) if lease.reused => return,
            Err(Failed::Closed(_)) => Seen::BrokenResponse,
            Err(Failed::ServerTimeout) => Seen::ResponseTimeout,
            Err(Failed::Malformed) => Seen::BadResponse,
            Err(
                Failed::ClientTimeout
                | Failed::ClientLeft
                | Failed::BadBody
                | Failed::Refused
                | Failed::Unsayable,
            ) => return,
        };
        let fleet = &self.worker.fleet;
        fleet.report(lease.backend(), lease.server(), seen);
    }

    async fn connect(&mut self, attempts: &mut Attempts) -> Result<Lease, Stop> {
        let aborts = self
            .backend
            .settings
            .options
            .contains(Options::ABORT_ON_CLOSE);
        let ask = Ask {
            plan: &self.plan,
            backend: &self.backend,
            session: &mut self.connection.client.session,
            txn: &mut self.txn,
            own: &mut self.connection.own,
            attempts,
            watched: aborts.then_some(&self.connection.client.stream),
        };
        let lease = match obtain(&self.worker, ask).await {
            Ok(lease) => lease,
            Err(failure) => return Err(self.not_obtained(failure)),
        };
        let number = lease.server().state.number;
        self.connection.client.slot.set_server(Some(number));
        Ok(lease)
    }

    fn not_obtained(&mut self, failure: Failure) -> Stop {
        if let Some(mut location) = failure.redirect.map(Vec::from) {
            let target = Target::of(self.txn.request.head.target());
            location.extend_from_slice(target.path_and_query());
            if let Some(mut reply) = redirect::error_location(failure.status, &location) {
                reply.head.add(b"connection", b"close");
                self.keep_alive = false;
                return Stop::Reply(Box::new(reply), failure.end);
            }
        }
        match failure.end.cause {
            Cause::Client => Stop::Close(failure.end),
            _ => Stop::Error(failure.status, failure.end),
        }
    }

    /// How connections are kept: what closes most wins.
    pub(super) fn http_mode(&self) -> HttpMode {
        let (front, back) = (
            self.frontend.settings.http_mode,
            self.backend.settings.http_mode,
        );
        match (front, back) {
            (HttpMode::Close, _) | (_, HttpMode::Close) => HttpMode::Close,
            (HttpMode::ServerClose, _) | (_, HttpMode::ServerClose) => HttpMode::ServerClose,
            _ => HttpMode::KeepAlive,
        }
    }

    /// Sends the request and reads until a final response's head is there. Interim ones are handed on.
    async fn response_head(
        &mut self,
        lease: &Lease,
        download: &mut Half,
    ) -> Result<ResponseFacts, Failed> {
        let asked = Asked {
            method: self.txn.request.head.known_method(),
            upgrade: self.facts.upgrade,
        };
        let mut interim = 0;
        loop {
            let facts = self.any_head(lease, download, asked).await?;
            download.at = facts.consumed;
            self.tell_of_switch(lease, &facts);
            if !facts.interim {
                if !self.begins_well(&facts, download) {
                    return Err(Failed::Malformed);
                }
                self.txn.timers.response = Some(self.worker.now().instant);
                self.txn.server_status = Some(self.txn.response.head.status());
                return Ok(facts);
            }
            interim += 1;
            if interim > MOST_INTERIM && self.lane().is_some() {
                return Err(Failed::Malformed);
            }
            if self.txn.request.head.version() >= Version::HTTP_11 {
                self.txn.bytes_out += size::of_head(&self.txn.response.head);
                let head = std::mem::take(&mut self.txn.response.head);
                let sent = Box::pin(self.send_interim(&head)).await;
                self.txn.response.head = head;
                sent.map_err(|_| Failed::ClientLeft)?;
            }
            download.next_message();
        }
    }

    /// Whether what came of the body together with the head is well formed. As long as nothing has been sent, the client can
    /// be told.
    fn begins_well(&self, facts: &ResponseFacts, download: &Half) -> bool {
        if facts.body != BodyLength::Chunked {
            return true;
        }
        let (mut reader, mut at) = (BodyReader::new(facts.body), facts.consumed);
        let (options, mut trailers) = (self.response_options(), Head::new());
        loop {
            match reader.next(&download.buf, &mut at, &mut trailers, &options) {
                Ok(Piece::Data(_)) => {}
                Ok(Piece::More | Piece::End) => return true,
                Err(_) => return false,
            }
        }
    }

    /// One head, interim or final, while the request's body goes the other way.
    async fn any_head(
        &mut self,
        lease: &Lease,
        download: &mut Half,
        asked: Asked,
    ) -> Result<ResponseFacts, Failed> {
        let options = self.response_options();
        let mut clock = Clock::new(self, self.txn.timers.connected);
        let Self {
            connection,
            upload,
            txn,
            worker,
            options: request_options,
            backend,
            ..
        } = self;
        let client = &mut connection.client;
        let (stream, alarm) = (&client.stream, &mut client.alarm);
        let abort = backend.settings.options.contains(Options::ABORT_ON_CLOSE);
        let mut parser = HeadParser::new();
        let mut refused = false;
        poll_fn(|cx| {
            if !upload.finished() && !refused {
                let moved = upload.poll(cx, stream, lease.stream(), request_options, &worker.pools);
                match moved {
                    Poll::Ready(Err(Break::ReadEnd | Break::ReadError)) => {
                        return Poll::Ready(Err(Failed::ClientLeft));
                    }
                    Poll::Ready(Err(Break::Malformed)) => {
                        return Poll::Ready(Err(Failed::BadBody));
                    }
                    // It does not want the rest; it may have said why.
                    Poll::Ready(Err(Break::WriteError)) => refused = true,
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                }
            }
            if let Some(course) = lease.course() {
                let head = &mut txn.response.head;
                let answered = course
                    .inquiry
                    .poll_head(cx, asked, head, options.limits.lines);
                if let Poll::Ready(answered) = answered {
                    return Poll::Ready(answered.map_err(failed));
                }
            }
            while lease.course().is_none() {
                if !download.buf.is_empty() {
                    let head = &mut txn.response.head;
                    match parser.response(&download.buf, head, &options, asked) {
                        Ok(Some(facts)) => return Poll::Ready(Ok(facts)),
                        Ok(None) => {}
                        Err(fault) => {
                            if fault.cause == crate::wire::h1::Cause::Switch {
                                // A good head that does not fit the request is counted.
                                txn.bytes_out += size::of_head(head);
                            }
                            return Poll::Ready(Err(Failed::Malformed));
                        }
                    }
                }
                match download.poll_fill(cx, lease.stream(), &worker.pools) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(_) => {
                        return Poll::Ready(Err(Failed::Closed(download.buf.is_empty())));
                    }
                    Poll::Pending => break,
                }
            }
            let watched = abort && upload.finished();
            // A channel's client that leaves says so, whatever of its request is still to come.
            if (watched || !stream.is_socket()) && stream.poll_left(cx).is_ready() {
                return Poll::Ready(Err(Failed::ClientLeft));
            }
            if refused {
                upload.waits = Waits::Nothing;
            }
            download.waits = Waits::Read;
            match clock.poll(cx, alarm, upload, download) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(Cause::ClientTimeout) => Poll::Ready(Err(Failed::ClientTimeout)),
                Poll::Ready(_) => Poll::Ready(Err(Failed::ServerTimeout)),
            }
        })
        .await
    }

    /// Whether the response's status is one to try again for.
    fn retry_status(&mut self, attempts: &Attempts) -> bool {
        let wanted = match self.txn.response.head.status() {
            401 => RetryOn::S401,
            403 => RetryOn::S403,
            404 => RetryOn::S404,
            408 => RetryOn::S408,
            425 => RetryOn::S425,
            500 => RetryOn::S500,
            501 => RetryOn::S501,
            502 => RetryOn::S502,
            503 => RetryOn::S503,
            504 => RetryOn::S504,
            _ => return false,
        };
        self.may_retry(wanted, attempts)
    }

    fn may_retry(&self, event: RetryOn, attempts: &Attempts) -> bool {
        let settings = &self.backend.settings;
        settings.retry_on.contains(event)
            && attempts.used < most_retries(&self.txn, &self.backend)
            && !self.txn.no_l7_retry
            && self.repeatable()
    }

    /// Whether the request can be sent again: nothing of it has been thrown away.
    fn repeatable(&self) -> bool {
        self.upload.keep_from.is_some()
    }

    fn count_retry(&mut self, lease: &Lease, attempts: &mut Attempts) {
        attempts.used += 1;
        self.txn.retries = attempts.used;
        self.backend.state.back.retries.inc();
        lease.server().state.totals.retries.inc();
    }

    fn give_up_unless_retryable(
        &mut self,
        failed: &Failed,
        lease: &Lease,
        attempts: &Attempts,
    ) -> Result<(), Stop> {
        let (event, stop) = match failed {
            Failed::Closed(true) if lease.reused && self.connection.client.session.requests > 1 => {
                // The client reused its connection too: closing it tells it to try again itself.
                (
                    RetryOn::EMPTY_RESPONSE,
                    Stop::close(Cause::Server, Stage::Headers),
                )
            }
            Failed::Closed(empty) => (
                if *empty {
                    RetryOn::EMPTY_RESPONSE
                } else {
                    RetryOn::JUNK_RESPONSE
                },
                Stop::error(502, Cause::Server, Stage::Headers),
            ),
            // It may be sent again, whatever it asks for.
            Failed::Refused => (
                RetryOn::CONN_FAILURE,
                Stop::error(502, Cause::Server, Stage::Headers),
            ),
            Failed::Unsayable => {
                return Err(Stop::error(502, Cause::Proxy, Stage::Headers));
            }
            Failed::ServerTimeout => (
                RetryOn::RESPONSE_TIMEOUT,
                Stop::error(504, Cause::ServerTimeout, Stage::Headers),
            ),
            Failed::Malformed => (
                RetryOn::JUNK_RESPONSE,
                Stop::error(502, Cause::Proxy, Stage::Headers),
            ),
            Failed::ClientTimeout => {
                return Err(Stop::error(408, Cause::ClientTimeout, Stage::Data));
            }
            Failed::ClientLeft if self.upload.finished() && self.lane().is_none() => {
                // It may only have closed its sending side, and then reads this.
                self.keep_alive = false;
                return Err(Stop::error(400, Cause::Client, Stage::Headers));
            }
            Failed::ClientLeft => return Err(Stop::close(Cause::Client, Stage::Data)),
            Failed::BadBody => {
                self.tally(Pair::ERRORS);
                self.frontend.state.front.request_errors.inc();
                return Err(Stop::error(400, Cause::Proxy, Stage::Data));
            }
        };
        if self.may_retry(event, attempts) {
            return Ok(());
        }
        self.backend.state.back.response_errors.inc();
        lease.server().state.totals.response_errors.inc();
        self.tally(Pair::FAILURES);
        Err(stop)
    }

    /// Whether a request that met a closed connection may quietly go to another one.
    fn race_lost(&self, lease: &Lease) -> bool {
        let lost = lease.course().is_none_or(Course::was_lost);
        let idempotent = self.txn.request.head.known_method().is_idempotent();
        lease.reused && lost && idempotent && self.repeatable()
    }

    /// Counts what the server sent.
    pub(super) fn note_response(&mut self, lease: &Lease) {
        let status = self.txn.response.head.status();
        lease.server().state.totals.response(status);
        lease.server().state.totals.requests_total.inc();
        if let Some(pair) = blame(status) {
            self.tally(pair);
        }
        self.txn.has_response = true;
        self.txn.bytes_out += size::of_head(&self.txn.response.head);
    }
}
