//! The request on its way to a server: its head before its body, or on a stream of its own.

use std::time::Instant;

use super::exchange::Exchange;
use super::forward::Failed;
use crate::backend::{Course, Lease};
use crate::settings::{HttpMode, Options};
use crate::wire::h1::{
    BodyLength, ConnectionOption, Framing, ResponseFacts, asks_to_close, write_head,
};
use crate::wire::h2::request::Sending;
use crate::wire::h2::{Unanswered, websocket};

/// The scheme of requests that name none, as HAProxy has it: also where no TLS is spoken.
const SCHEME: &str = "https";

impl Exchange {
    /// Makes the request ready to go to this server.
    pub(super) async fn ask(&mut self, lease: &Lease) -> Result<(), Failed> {
        match lease.course() {
            Some(course) => self.ask_on(lease, course).await,
            None => {
                self.stage_request(lease);
                Ok(())
            }
        }
    }

    /// Sends the head on a stream of its own.
    async fn ask_on(&mut self, lease: &Lease, course: &Course) -> Result<(), Failed> {
        let body = self.facts.body;
        let upgrade = self.facts.upgrade && body == BodyLength::Empty;
        if upgrade {
            // Whether it may be asked for is known once the server has introduced itself.
            let alarm = &mut self.connection.client.alarm;
            let limit = self.backend.settings.timeouts.connect;
            alarm.after(Instant::now(), limit);
            let known = alarm.until(|cx| course.inquiry.poll_settled(cx)).await;
            known.map_err(|_| Failed::ServerTimeout)?;
        }
        self.name_server(lease);
        let tunnel = upgrade || self.txn.request.head.method() == b"CONNECT";
        let read = match tunnel {
            true => BodyLength::Empty,
            false => body,
        };
        // Its end is the stream's.
        self.upload
            .rewind(self.body_at, read, BodyLength::UntilClose);
        self.upload.keep_from = Some(self.body_at);
        let how = Sending {
            scheme: SCHEME,
            upgrade,
            announced: body,
        };
        let ends = !tunnel && matches!(body, BodyLength::Empty | BodyLength::Sized(0));
        let head = &self.txn.request.head;
        course.inquiry.send(head, how, ends).map_err(failed)?;
        if tunnel {
            // What follows is no body: it waits for the tunnel.
            self.upload.over();
        }
        Ok(())
    }

    /// `http-send-name-header`
    fn name_server(&mut self, lease: &Lease) {
        if let Some(name) = &self.backend.settings.send_name_header {
            let server = lease.server().settings.name.as_bytes();
            self.txn.request.head.set(name.as_bytes(), server);
        }
    }

    /// A tunnel that a server of HTTP/2 has agreed to is said as the switch that the client has asked for.
    pub(super) fn tell_of_switch(&mut self, lease: &Lease, facts: &ResponseFacts) {
        let switched = facts.body == BodyLength::Tunnel && self.facts.upgrade;
        if lease.course().is_none() || !switched {
            return;
        }
        let request = &self.txn.request.head;
        let head = &mut self.txn.response.head;
        head.add(b"connection", b"upgrade");
        if let Some(protocol) = request.find(b"upgrade") {
            head.add(b"upgrade", protocol);
        }
    }

    /// Gives a client of HTTP/1 the proof that its handshake wants. It is not part of what HAProxy counts.
    pub(super) fn prove_switch(&mut self, tunnel: bool) {
        let socket = self.connection.client.stream.is_socket();
        let head = &mut self.txn.response.head;
        if !tunnel || !socket || head.find(b"sec-websocket-accept").is_some() {
            return;
        }
        if let Some(key) = self.txn.request.head.find(b"sec-websocket-key") {
            head.add(b"sec-websocket-accept", websocket::accept(key).as_bytes());
        }
    }

    /// How the request's body is framed for a server of HTTP/1: what came until a stream's end goes in chunks.
    fn sent_body(&self) -> BodyLength {
        match self.facts.body {
            BodyLength::UntilClose => BodyLength::Chunked,
            length => length,
        }
    }

    /// Puts the request's head before its body.
    fn stage_request(&mut self, lease: &Lease) {
        self.name_server(lease);
        let settings = &self.backend.settings;
        let options = settings.options | self.frontend.settings.options;
        let keep = (self.http_mode() == HttpMode::KeepAlive
            || options.contains(Options::PRETEND_KEEPALIVE))
            && !asks_to_close(&self.txn.request.head);
        let head = &self.txn.request.head;
        let framing = Framing {
            announced: self.sent_body(),
            connection: ConnectionOption::for_version(head.version(), keep),
            upgrade: self.facts.upgrade,
        };
        let bogus = settings.options.contains(Options::CASE_ADJUST_SERVER);
        let case = bogus.then_some(&self.plan.case_adjust);
        let announced = self.sent_body();
        self.upload.rewind(self.body_at, self.facts.body, announced);
        self.upload.keep_from = Some(self.body_at);
        write_head(head, framing, case, self.upload.stage());
    }
}

/// What it means that a stream was not answered.
pub(super) fn failed(why: Unanswered) -> Failed {
    match why {
        Unanswered::Refused => Failed::Refused,
        Unanswered::Closed => Failed::Closed(true),
        Unanswered::Malformed => Failed::Malformed,
        Unanswered::Unsayable => Failed::Unsayable,
        // Said by the server, if by leaving something out: to try it again there is in vain.
        Unanswered::NoTunnels => Failed::Closed(false),
    }
}
