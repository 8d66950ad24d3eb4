//! WebSocket where one side speaks HTTP/2 and the other HTTP/1: the key that HTTP/1 wants and HTTP/2 has none of (RFC 6455 4.1,
//! RFC 8441 5).

use super::Stop;
use super::exchange::Exchange;
use crate::end::{Cause, Stage};
use crate::sample::codec::encode_base64;
use crate::wire::h1::{BodyLength, ResponseFacts};
use crate::wire::h2::websocket;

impl Exchange {
    /// Gives a request for a WebSocket that came by an extended CONNECT a key of our own.
    pub(super) fn key_websocket(&mut self) {
        if self.lane().is_none() || !self.facts.upgrade {
            return;
        }
        let now = self.worker.now();
        let random = [now.draw().to_ne_bytes(), now.draw().to_ne_bytes()].concat();
        let head = &mut self.txn.request.head;
        let wanted = head
            .find(b"upgrade")
            .is_some_and(|protocol| protocol.eq_ignore_ascii_case(b"websocket"));
        if wanted && head.find(b"sec-websocket-key").is_none() {
            head.add(b"sec-websocket-key", &encode_base64(&random));
        }
    }

    /// Whether a server's answer to a switch of protocols is one that the client's stream can be told of: the switch with the
    /// right answer to our key, or no success at all.
    pub(super) fn check_switch(&self, facts: &ResponseFacts) -> Result<(), Stop> {
        if self.lane().is_none() || !self.facts.upgrade {
            return Ok(());
        }
        let good = match facts.body {
            BodyLength::Tunnel => self.answers_key(),
            _ => !(200..300).contains(&self.txn.response.head.status()),
        };
        match good {
            true => Ok(()),
            false => Err(Stop::error(502, Cause::Proxy, Stage::Headers)),
        }
    }

    fn answers_key(&self) -> bool {
        let (asked, answered) = (&self.txn.request.head, &self.txn.response.head);
        match asked.find(b"sec-websocket-key") {
            // A server of HTTP/2 was not asked.
            Some(key) if answered.version().major < 2 => {
                let expected = websocket::accept(key);
                answered.find(b"sec-websocket-accept") == Some(expected.as_bytes())
            }
            _ => true,
        }
    }
}
