//! Compression of responses (manual 4.2 `compression`): what is chosen and when, and what is counted.

use super::exchange::Exchange;
use super::half::Half;
use crate::filter::{self, Compressor};
use crate::http::{Method, Version};
use crate::settings::{Coding, Compression};
use crate::wire::h1::{BodyLength, ResponseFacts};

impl Exchange {
    /// The settings that hold: the backend's, else the frontend's.
    fn compression(&self) -> Option<&Compression> {
        let of = |settings: &'_ Option<Compression>| {
            settings.as_ref().is_some_and(|set| !set.codings.is_empty())
        };
        let (back, front) = (&self.backend.settings, &self.frontend.settings);
        match (of(&back.compression), of(&front.compression)) {
            (true, _) => back.compression.as_ref(),
            (false, true) => front.compression.as_ref(),
            (false, false) => None,
        }
    }

    /// Chooses how the response may be coded, after all rules on the request. With `offload` the server is not told what the
    /// client accepts.
    pub(super) fn choose_coding(&mut self) {
        self.coding = None;
        let Some(settings) = self.compression() else {
            return;
        };
        let request = &self.txn.request.head;
        let coding = filter::choose(settings, request);
        let offload = settings.offload;
        let able = request.version() >= Version::HTTP_11 && request.known_method() != Method::Head;
        self.coding = coding.filter(|_| able);
        if coding.is_some() && offload {
            self.txn.request.head.remove(b"accept-encoding");
        }
    }

    /// What codes this response, whose head says so from here on; `None` if it goes as it is.
    pub(super) fn code(&mut self, facts: &ResponseFacts) -> Option<Box<Compressor>> {
        let coding = self.coding.take()?;
        let length = match (facts.announced, facts.body) {
            (BodyLength::Chunked, BodyLength::Chunked | BodyLength::UntilClose) => None,
            (BodyLength::Sized(length), BodyLength::Sized(_) | BodyLength::UntilClose) => {
                Some(length)
            }
            // Where the end of the connection is the end of the body nothing is changed.
            _ => return None,
        };
        let response = &self.txn.response.head;
        let settings = self.compression()?;
        if response.version() < Version::HTTP_11 || !filter::wants(settings, response, length) {
            return None;
        }
        let head = &mut self.txn.response.head;
        head.add(b"vary", b"Accept-Encoding");
        if coding != Coding::Identity {
            filter::weaken(head);
            head.add(b"content-encoding", coding.token().as_bytes());
        }
        let level = self.plan.global.compression_level;
        Some(Box::new(Compressor::new(coding, level)))
    }

    /// Counts what was coded.
    pub(super) fn count_coded(&mut self, download: &mut Half) {
        let Some(compressor) = download.filter.take() else {
            return;
        };
        for side in [&self.frontend.state.front, &self.backend.state.back] {
            side.compressed_responses.inc();
            if compressor.is_plain() {
                side.compression_bypassed.add(compressor.taken);
            } else {
                side.compressed_in.add(compressor.taken);
                side.compressed_out.add(compressor.given);
            }
        }
    }
}
