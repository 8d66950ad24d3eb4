//! Receiving a request head (manual 4.2 `timeout http-request`, `option http-ignore-probes`, `option dontlognull`).

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::exchange::Exchange;
use super::{Stop, size};
use crate::end::{Cause, End, Stage};
use crate::http::{BodyState, Head};
use crate::net::{Cut, Unsecured};
use crate::settings::Options;
use crate::state::table::Pair;
use crate::stream::note_request_line;
use crate::wire::h1::{BodyLength, Fault, Framing, RequestFacts, write_head};
use crate::wire::h2::{Arrived, PREFACE, response};

impl Exchange {
    /// Reads until a whole request head is there, and takes note of it.
    pub(super) async fn receive(&mut self) -> Result<(), Stop> {
        if let Some(arrived) = self.connection.client.arrived.take() {
            return self.receive_stream(&arrived);
        }
        // The first request's time runs from accept on, that of a later one from its first byte on; without a limit for the
        // whole head, the client may be silent for so long.
        let first = self.connection.client.session.requests == 0;
        let mut since = self.txn.timers.began.unwrap_or_else(Instant::now);
        loop {
            if !self.upload.buf.is_empty() {
                let fresh = self.note_first_byte();
                if first && self.is_preface()? {
                    // Some of it: no request begins so.
                    match self.read_head(since).await {
                        Some(Ok(1..)) => continue,
                        Some(_) => return Err(self.client_left()),
                        None => return Err(self.timed_out()),
                    }
                }
                let head = &mut self.txn.request.head;
                match self.parser.request(&self.upload.buf, head, &self.options) {
                    Ok(Some(facts)) => {
                        self.facts = facts;
                        let first_byte = self.txn.timers.first_byte;
                        let now = first_byte.filter(|_| fresh);
                        self.note_request(now.unwrap_or_else(Instant::now));
                        return Ok(());
                    }
                    Ok(None) => {}
                    Err(fault) => return Err(self.malformed(fault)),
                }
                let whole = self.frontend.settings.timeouts.http_request.is_some();
                if !whole || (fresh && !first) {
                    since = Instant::now();
                }
            }
            match self.read_head(since).await {
                Some(Ok(1..)) => {}
                Some(_) => return Err(self.client_left()),
                None => return Err(self.timed_out()),
            }
        }
    }

    /// Whether what has come is the beginning of HTTP/2's preface, and more must come to tell.
    fn is_preface(&self) -> Result<bool, Stop> {
        let came = &self.upload.buf[..];
        let size = came.len().min(PREFACE.len());
        let options = self.frontend.settings.options;
        if came.get(..size) != PREFACE.get(..size) || options.contains(Options::DISABLE_H2_UPGRADE)
        {
            return Ok(false);
        }
        if size == PREFACE.len() {
            return Err(Stop::Multiplex);
        }
        Ok(true)
    }

    /// Takes the request that has opened a stream: its head is there.
    fn receive_stream(&mut self, arrived: &Arrived) -> Result<(), Stop> {
        self.note_first_byte();
        let now = self.worker.now().instant;
        match arrived.receive(&mut self.txn.request.head) {
            Ok(received) => {
                self.facts = RequestFacts {
                    consumed: 0,
                    body: received.body,
                    keep_alive: false,
                    keep_alive_asked: false,
                    upgrade: received.upgrade,
                    expect_continue: received.expect_continue,
                };
                self.note_request(now);
                Ok(())
            }
            Err(_) => {
                self.tally(Pair::ERRORS);
                self.txn.status = Some(0);
                let end = End::new(Cause::Proxy, Stage::Request);
                Err(Stop::Cut(Cut::Protocol, end))
            }
        }
    }

    /// Reads once. `None` if the time since `since` is up.
    async fn read_head(&mut self, since: Instant) -> Option<std::io::Result<usize>> {
        let Self {
            connection,
            upload,
            worker,
            ..
        } = self;
        let client = &mut connection.client;
        let timeouts = &client.proxy.settings.timeouts;
        let limit = timeouts.http_request.or(timeouts.client);
        client.alarm.after(since, limit);
        let stream = &client.stream;
        let read = client
            .alarm
            .until(|cx| upload.poll_fill(cx, stream, &worker.pools));
        read.await.ok()
    }

    /// True if this is the first look at the request.
    fn note_first_byte(&mut self) -> bool {
        let fresh = self.txn.timers.first_byte.is_none();
        if fresh {
            let now = self.worker.now();
            self.txn.timers.first_byte = Some(now.instant);
            self.txn.timers.request_date = Some(now.date);
            self.date = now.date;
        }
        fresh
    }

    /// A whole head has come.
    fn note_request(&mut self, now: Instant) {
        let consumed = self.facts.consumed;
        let last = matches!(self.facts.body, BodyLength::Empty | BodyLength::Sized(0))
            && self.upload.forget(consumed);
        self.body_at = if last { 0 } else { consumed };
        self.upload.at = self.body_at;
        self.heard = Some(now);
        self.keep_alive = self.facts.keep_alive;
        let session = &mut self.connection.client.session;
        session.requests += 1;
        if let Some(meter) = &session.meter {
            meter.restart();
        }
        let txn = &mut *self.txn;
        txn.has_request = true;
        txn.number = self.plan.state.process.requests.load();
        note_request_line(txn);
        self.head_size = size::of_head(&txn.request.head);
        (txn.request.body_state, txn.request.body_len) = match self.facts.body {
            BodyLength::Empty | BodyLength::Sized(0) => (BodyState::Complete, None),
            BodyLength::Sized(length) => (BodyState::Partial, Some(length)),
            _ => (BodyState::Partial, None),
        };
        let rate = self.worker.millis();
        let front = &self.frontend.state.front;
        front.requests_total.inc();
        front.request_rate.add(rate, 1);
        self.plan.state.process.requests.inc();
        self.tally(Pair::REQUESTS);
        self.capture_request();
    }

    fn count_bad_request(&self) {
        self.frontend.state.front.request_errors.inc();
        self.connection.client.listener.state.request_errors.inc();
        let rate = self.worker.millis();
        self.frontend.state.front.requests_total.inc();
        self.frontend.state.front.request_rate.add(rate, 1);
        self.tally(Pair::REQUESTS);
    }

    fn malformed(&mut self, fault: Fault) -> Stop {
        self.count_bad_request();
        self.tally(Pair::ERRORS);
        Stop::Unparsed(fault.cause.status(), End::new(Cause::Proxy, Stage::Request))
    }

    fn silent(&self) -> bool {
        let started = !self.upload.buf.is_empty();
        let options = self.frontend.settings.options;
        let probes = options.contains(Options::IGNORE_PROBES);
        let later = self.connection.client.session.requests > 0;
        !started && (probes || later)
    }

    fn client_left(&mut self) -> Stop {
        let end = End::new(Cause::Client, Stage::Request);
        if !self.silent() {
            self.tally(Pair::ERRORS);
        }
        self.refused(400, end)
    }

    fn timed_out(&mut self) -> Stop {
        let end = End::new(Cause::ClientTimeout, Stage::Request);
        self.refused(408, end)
    }

    /// The request did not come. Without a byte of it there is nothing to answer where nobody asked for an answer, and nothing to log.
    fn refused(&mut self, status: u16, end: End) -> Stop {
        if self.silent() {
            self.logged = true;
            return Stop::Close(end);
        }
        self.count_bad_request();
        Stop::Unparsed(status, end)
    }

    /// Reads more of the body into the upload's buffer, for rules. False if there is no room, no time or no more.
    pub(super) async fn read_body(&mut self) -> Option<std::io::Result<usize>> {
        let Self {
            connection,
            upload,
            worker,
            ..
        } = self;
        let client = &mut connection.client;
        let stream = &client.stream;
        let read = client
            .alarm
            .until(|cx| upload.poll_fill(cx, stream, &worker.pools));
        read.await.ok()
    }

    /// Sends an interim response.
    pub(super) async fn send_interim(&mut self, head: &Head) -> Result<(), Stop> {
        if let Some(lane) = self.lane() {
            let sent = response::send(head, BodyLength::Empty);
            // One that HTTP/2 cannot say is not sent.
            let Ok(interim) = sent else { return Ok(()) };
            let informed = lane.inform(interim);
            return informed.map_err(|_| Stop::close(Cause::Client, Stage::Last));
        }
        let mut out = Vec::new();
        write_head(head, Framing::default(), None, &mut out);
        self.flush_to_client(&out).await
    }

    /// Writes what is staged for the client, e.g. an interim response.
    pub(super) async fn flush_to_client(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let client = &mut self.connection.client;
        client
            .alarm
            .after(Instant::now(), client.proxy.settings.timeouts.client);
        let stream = &client.stream;
        let mut at = 0;
        let written = client.alarm.until(|cx| {
            while at < bytes.len() {
                match stream.poll_write(cx, bytes.get(at..).unwrap_or_default(), false) {
                    Poll::Ready(Ok(n)) => at += n,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Ready(Ok(()))
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Stop::close(Cause::Client, Stage::Last)),
            Err(_) => Err(Stop::close(Cause::ClientTimeout, Stage::Last)),
        }
    }

    /// Waits for the end of the client's TLS handshake, as long as for anything of the client.
    pub(super) async fn settle(&mut self) -> Result<(), Stop> {
        let limit = self.frontend.settings.timeouts.client;
        let client = &mut self.connection.client;
        client.alarm.after(Instant::now(), limit);
        let (stream, session) = (&client.stream, &client.session);
        let early = || session.tls.as_ref().is_some_and(|tls| tls.is_early());
        let settled = async {
            poll_fn(|cx| stream.poll_settled(cx)).await?;
            // On a channel somebody else reads what ends the handshake.
            while early() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            Ok::<(), Unsecured>(())
        };
        match client.alarm.run(settled).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Stop::close(Cause::Client, Stage::Request)),
            Err(_) => Err(Stop::close(Cause::ClientTimeout, Stage::Request)),
        }
    }

    /// Lets so many milliseconds pass. False if the client closed its side meanwhile.
    pub(super) async fn pause(&mut self, ms: u64) {
        let client = &mut self.connection.client;
        client.alarm.after(Instant::now(), Some(ms));
        let _ = client.alarm.run(poll_fn(|_| Poll::<()>::Pending)).await;
    }
}
