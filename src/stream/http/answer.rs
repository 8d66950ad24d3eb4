//! Answers of our own: error replies, what rules return, the monitor (manual 4.2 `errorfile`).

use std::io::IoSlice;
use std::time::Instant;

use super::exchange::Exchange;
use super::respond::client_connection;
use super::rules::{Of, refusal};
use super::{Stop, size};
use crate::action::Flow;
use crate::end::{Cause, End, Stage};
use crate::http::{Method, Reply};
use crate::net::{Channel, Cut};
use crate::plan::{ErrorReply, Proxy};
use crate::settings::Options;
use crate::state::table::Pair;
use crate::stats::{self, Answer};
use crate::wire::h1::{BodyLength, Framing, Piece, asks_to_close, write_head};
use crate::wire::h2::{Verdict, response};

/// Bytes read and thrown away from a client that is still sending, so that it can read the answer before the reset.
const DRAIN: usize = 256 * 1024;

impl Exchange {
    /// Tells the client how it ended, as far as it is told anything. An error means that even that failed.
    pub(super) async fn answer(&mut self, stop: Stop) -> Result<(), Stop> {
        self.end = stop.end();
        if self.heard.is_some() {
            self.accepted();
        }
        match stop {
            Stop::Close(end) => {
                self.keep_alive = false;
                self.cut_lane(end);
                Ok(())
            }
            Stop::Cut(why, _) => {
                self.keep_alive = false;
                if let Some(lane) = self.lane() {
                    lane.reset(why);
                }
                Ok(())
            }
            Stop::Vanish(hops, _) => {
                self.keep_alive = false;
                self.connection.client.stream.vanish(hops);
                if let Some(lane) = self.lane() {
                    lane.connection().decide(Verdict::Vanish);
                }
                Ok(())
            }
            // Told before there is anything to answer.
            Stop::Multiplex => Ok(()),
            stop if self.sent => {
                self.keep_alive = false;
                self.cut_lane(stop.end());
                Ok(())
            }
            Stop::Reply(reply, _) => self.reply(&reply).await,
            Stop::Page(reply, status, _) => self.send_page(&reply, status).await,
            Stop::Error(status, _) => self.error_reply(status).await,
            Stop::Unparsed(status, _) => self.unparsed_reply(status).await,
            Stop::Monitor(status) => {
                self.logged = true;
                self.reply(Reply::builtin(status)).await
            }
        }
    }

    /// Resets the client's stream, if it is one among others, with the code that HAProxy has for this end.
    fn cut_lane(&self, end: End) {
        let Some(lane) = self.lane() else { return };
        let why = match (end.cause, end.stage) {
            (Cause::Proxy, Stage::Request) => {
                lane.connection().decide(Verdict::Refuse);
                Cut::Calm
            }
            // Nothing came of it: the client may try again.
            (Cause::Server, Stage::Headers) if !self.sent => Cut::Refused,
            (Cause::Server | Cause::ServerTimeout, _) => Cut::Internal,
            _ => Cut::Cancel,
        };
        lane.reset(why);
    }

    /// The error reply of this status: the backend's, else the frontend's, else the built-in one.
    async fn error_reply(&mut self, status: u16) -> Result<(), Stop> {
        let page = self.page(status);
        self.send_page(&page, status).await
    }

    /// Sends the page of a status. An errorfile may say another one, or nothing at all: what happened is what is logged and
    /// counted, unless rules have given the response a status of theirs.
    async fn send_page(&mut self, page: &Reply, status: u16) -> Result<(), Stop> {
        let sent = self.reply(page).await;
        if page.silent || self.txn.response.head.status() == page.head.status() {
            self.txn.status = Some(status);
        }
        sent
    }

    /// The page of [`Self::error_reply`].
    fn page(&mut self, status: u16) -> Reply {
        let (backend, frontend) = (self.backend.clone(), self.frontend.clone());
        match find(&backend, status).or_else(|| find(&frontend, status)) {
            Some(ErrorReply::Fixed(reply)) => reply.clone(),
            Some(ErrorReply::Made(action)) => match action.run(&mut self.scope()) {
                Flow::Reply(reply) | Flow::Deny(_, Some(reply)) => *reply,
                _ => Reply::builtin(status).clone(),
            },
            None => Reply::builtin(status).clone(),
        }
    }

    /// `auth`: the proxy's page for 401 with a challenge for this realm; 407 to a client that speaks to a proxy
    /// (`option http-use-proxy-header`).
    pub(super) fn challenge(&mut self, realm: &str) -> Stop {
        self.tally(Pair::ERRORS);
        let options = self.frontend.settings.options;
        let target = self.txn.request.head.target();
        let proxy = options.contains(Options::USE_PROXY_HEADER)
            && !matches!(target.first(), Some(b'/' | b'*'));
        let (status, header): (u16, &[u8]) = if proxy {
            (407, b"proxy-authenticate")
        } else {
            (401, b"www-authenticate")
        };
        let mut reply = self.page(status);
        let value = format!("Basic realm=\"{realm}\"");
        reply.head.set(header, value.as_bytes());
        let end = End::new(Cause::Local, Stage::Request);
        Stop::Page(Box::new(reply), status, end)
    }

    /// The answer to what could not be parsed. No rule sees it, and its bytes are not counted.
    async fn unparsed_reply(&mut self, status: u16) -> Result<(), Stop> {
        self.keep_alive = false;
        self.txn.status = Some(status);
        let mut out = Vec::new();
        let frontend = self.frontend.clone();
        match find(&frontend, status) {
            Some(ErrorReply::Fixed(reply)) if reply.silent => return Ok(()),
            Some(ErrorReply::Fixed(reply)) => {
                let connection = client_connection(&self.txn.request.head, &reply.head, false);
                let framing = Framing {
                    announced: BodyLength::Sized(reply.body.len() as u64),
                    connection,
                    upgrade: false,
                };
                write_head(&reply.head, framing, None, &mut out);
                out.extend_from_slice(&reply.body);
            }
            _ => Reply::builtin(status).write_unparsed(&mut out),
        }
        self.frontend.state.front.response(status);
        self.flush_to_client(&out).await?;
        self.parting = true;
        Ok(())
    }

    /// Sends an answer in the place of a server's response.
    async fn reply(&mut self, reply: &Reply) -> Result<(), Stop> {
        if reply.silent {
            self.keep_alive = false;
            return Ok(());
        }
        // A page that does not say how long it is ends with the connection, as HAProxy has it.
        let sized = reply.head.find(b"content-length").is_some();
        self.keep_alive &= !self.closing() && self.pass_over_body();
        let txn = &mut *self.txn;
        txn.response.head.copy_from(&reply.head);
        txn.has_response = true;
        if !self.after_response_rules() {
            self.keep_alive = false;
            return Err(Stop::close(Cause::Proxy, Stage::Request));
        }
        let head = &self.txn.response.head;
        let status = head.status();
        let bodiless = self.txn.request.head.known_method() == Method::Head
            || matches!(status, 100..200 | 204 | 304);
        self.keep_alive &= (sized || bodiless) && !asks_to_close(head);
        let framing = Framing {
            announced: match status {
                100..200 | 204 => BodyLength::Empty,
                _ if !sized => BodyLength::UntilClose,
                _ => BodyLength::Sized(reply.body.len() as u64),
            },
            connection: client_connection(&self.txn.request.head, head, self.keep_alive),
            upgrade: false,
        };
        let bogus = self
            .frontend
            .settings
            .options
            .contains(Options::CASE_ADJUST_CLIENT);
        let case = bogus.then_some(&self.plan.case_adjust);
        if self.lane().is_some() {
            return self.reply_on_lane(reply, framing.announced, bodiless).await;
        }
        let mut out = self.worker.pools.buffer();
        write_head(head, framing, case, &mut out);
        self.txn.bytes_out += size::of_head(&self.txn.response.head);
        self.txn.status = Some(status);
        if !bodiless {
            out.extend_from_slice(&reply.body);
            self.txn.bytes_out += reply.body.len() as u64;
        }
        self.flush_to_client(&out).await?;
        drop(out);
        self.parting = !self.keep_alive;
        Ok(())
    }

    /// Sends the response that the rules are through with, as the response of a stream.
    async fn reply_on_lane(
        &mut self,
        reply: &Reply,
        announced: BodyLength,
        bodiless: bool,
    ) -> Result<(), Stop> {
        let head = &self.txn.response.head;
        self.txn.bytes_out += size::of_head(head);
        self.txn.status = Some(head.status());
        let body = if bodiless { &[][..] } else { &reply.body[..] };
        self.txn.bytes_out += body.len() as u64;
        let gone = || Stop::close(Cause::Client, Stage::Last);
        let Some(lane) = self.connection.client.lane.clone() else {
            return Ok(());
        };
        let head = response::send(head, announced)
            .map_err(|_| Stop::error(500, Cause::Internal, Stage::Last))?;
        lane.respond(head, body.is_empty()).map_err(|_| gone())?;
        let client = &mut self.connection.client;
        let limit = client.proxy.settings.timeouts.client;
        let mut rest = body;
        while !rest.is_empty() {
            client.alarm.after(Instant::now(), limit);
            let written = client
                .alarm
                .until(|cx| lane.poll_write(cx, &[IoSlice::new(rest)], true));
            match written.await {
                Ok(Ok(n)) => rest = rest.get(n..).unwrap_or_default(),
                Ok(Err(_)) => return Err(gone()),
                Err(_) => {
                    lane.reset(Cut::Cancel);
                    return Err(Stop::close(Cause::ClientTimeout, Stage::Last));
                }
            }
        }
        Ok(())
    }

    /// Passes over the request's body where it is all there. False if it is not: the connection cannot go on after the answer.
    fn pass_over_body(&mut self) -> bool {
        if self.upload.finished() && self.upload.reader.is_done() && self.upload.at > self.body_at {
            return true;
        }
        self.upload
            .rewind(self.body_at, self.facts.body, BodyLength::Empty);
        let upload = &mut self.upload;
        loop {
            let piece = upload.reader.next(
                &upload.buf,
                &mut upload.at,
                &mut upload.trailers,
                &self.options,
            );
            match piece {
                Ok(Piece::Data(_)) => {}
                Ok(Piece::End) => return true,
                Ok(Piece::More) | Err(_) => return false,
            }
        }
    }

    /// Closes our side, and reads for a moment what the client still sends: unread bytes would make the kernel reset the
    /// connection and the client lose the answer.
    pub(super) async fn part(&mut self) {
        let client = &mut self.connection.client;
        if client.stream.shutdown_write().is_err() {
            return;
        }
        client.alarm.after(Instant::now(), Some(1_000));
        let mut left = DRAIN;
        let stream = &client.stream;
        let mut scratch = self.worker.pools.buffer();
        while left > 0 {
            scratch.clear();
            let read = client
                .alarm
                .until(|cx| stream.poll_append(cx, &mut scratch));
            match read.await {
                Ok(Ok(n @ 1..)) => left = left.saturating_sub(n),
                _ => return,
            }
        }
    }

    /// Whether the address of the status page is asked for (`stats uri`).
    pub(super) fn asks_for_stats(&self, of: Of) -> bool {
        let stats = self.proxy(of).settings.stats.as_ref();
        stats.is_some_and(|stats| stats::wanted(stats, &self.txn.request.head))
    }

    /// The status page.
    pub(super) async fn stats(&mut self, proxy: &Proxy) -> Stop {
        let mut waited = false;
        // Before it is made: the page counts itself.
        self.frontend.state.front.intercepted.inc();
        loop {
            match self.stats_answer(proxy, waited) {
                Some(Answer::Reply(reply)) => {
                    self.served_by(stats::NAME);
                    return Stop::Reply(reply, End::new(Cause::Local, Stage::Request));
                }
                Some(Answer::Flow(flow)) => return self.stats_refusal(proxy, flow),
                Some(Answer::NeedBody) => {
                    waited = true;
                    if let Err(stop) = self.buffer_body().await {
                        return stop;
                    }
                }
                // The process is still starting.
                None => return Stop::error(503, Cause::Local, Stage::Request),
            }
        }
    }

    /// The exporter of metrics.
    pub(super) fn metrics(&mut self) -> Stop {
        self.frontend.state.front.intercepted.inc();
        let fleet = self.worker.fleet.clone();
        let Some(console) = fleet.console.get() else {
            // The process is still starting.
            return Stop::error(503, Cause::Local, Stage::Request);
        };
        let plan = fleet.plan();
        let info = console.info(&plan, self.date, fleet.stopping());
        let reply = stats::metrics(&info, &self.txn.request.head, self.worker.now().instant);
        self.served_by(stats::EXPORTER);
        Stop::Reply(Box::new(reply), End::new(Cause::Local, Stage::Request))
    }

    /// The service of this name answers in the place of a server, at once.
    fn served_by(&mut self, name: &'static str) {
        self.accepted();
        let now = self.txn.timers.request;
        let timers = &mut self.txn.timers;
        (timers.queued, timers.connected, timers.response) = (now, now, now);
        self.txn.service = Some(name);
    }

    fn stats_answer(&mut self, proxy: &Proxy, waited: bool) -> Option<Answer> {
        let fleet = self.worker.fleet.clone();
        let console = fleet.console.get()?;
        let plan = fleet.plan();
        let info = console.info(&plan, self.date, fleet.stopping());
        let mut scope = self.scope();
        Some(stats::answer(
            &info,
            &console.checks,
            proxy,
            &mut scope,
            waited,
        ))
    }

    /// What a `stats http-request` rule decided.
    fn stats_refusal(&mut self, proxy: &Proxy, flow: Flow) -> Stop {
        match flow {
            Flow::Deny(status, reply) => {
                self.tally(Pair::ERRORS);
                self.count_denied(proxy);
                refusal(status, reply, Stage::Request)
            }
            Flow::Auth(realm) => self.challenge(&realm),
            Flow::Reply(reply) => Stop::Reply(reply, End::new(Cause::Local, Stage::Request)),
            // `stats http-request` has no other actions.
            _ => Stop::error(500, Cause::Internal, Stage::Request),
        }
    }
}

fn find(proxy: &Proxy, status: u16) -> Option<&ErrorReply> {
    proxy.errors.find(status)
}
