//! After the last byte: counters, the log line, and what becomes of the connection.

use std::time::Instant;

use super::exchange::Exchange;
use super::half::Half;
use super::{Next, Stop, size};
use crate::end::{Cause, End, Stage};
use crate::settings::Options;
use crate::state;
use crate::stream::record;

impl Exchange {
    /// Counts and logs the exchange, and makes ready for the next one.
    pub(super) fn finish(&mut self, outcome: Result<(), Stop>) -> Next {
        if let Err(stop) = outcome {
            self.keep_alive = false;
            if self.end == End::default() {
                self.end = stop.end();
            }
        }
        let slot = &self.connection.client.slot;
        slot.set_server(None);
        if let Some(cause) = slot.ended_by() {
            self.keep_alive = false;
            self.end.cause = cause;
        }
        let now = self.worker.now().instant;
        self.txn.timers.ended = Some(now);
        self.connection.since = now;
        self.txn.end = self.end;
        self.txn.bytes_in += self.head_size + self.upload.data;
        if self.lane().is_some() && !self.upload.trailers.is_empty() {
            self.txn.bytes_in += size::of_end(&self.upload.trailers);
        }
        self.count();
        record::count_bytes(&self.connection.client.session, &self.txn);
        if self.end != End::default() && self.frontend.settings.options.contains(Options::NO_LINGER)
        {
            self.connection.client.stream.set_reset_on_close();
        }
        // HAProxy's line counts the connections that are left when the stream is gone.
        self.seat = None;
        if !self.logged {
            self.log();
        }
        self.txn.tracks.release(now);
        let again = self.keep_alive;
        self.upload.next_message();
        if again { Next::Request } else { Next::Close }
    }

    fn count(&mut self) {
        let txn = &self.txn;
        let front = &self.frontend.state.front;
        front.bytes_in.add(txn.bytes_in);
        front.bytes_out.add(txn.bytes_out);
        let listener = &self.connection.client.listener.state;
        listener.bytes_in.add(txn.bytes_in);
        listener.bytes_out.add(txn.bytes_out);
        let spans = self.spans();
        if txn.backend.is_some() {
            self.count_side(&self.backend.state.back, spans);
        }
        if let (Some(status), true) = (txn.status, txn.has_request) {
            front.response(status);
            if txn.backend.is_some() {
                self.backend.state.back.response(status);
            }
        }
        if let Some(server) = &txn.server {
            self.count_side(&server.totals, spans);
        }
        match (self.end.cause, self.end.stage) {
            (Cause::Client | Cause::ClientTimeout, Stage::Data | Stage::Headers | Stage::Last) => {
                front.client_aborts.inc();
                self.backend.state.back.client_aborts.inc();
            }
            (Cause::Server | Cause::ServerTimeout, Stage::Data) => {
                front.server_aborts.inc();
                self.backend.state.back.server_aborts.inc();
                if let Some(server) = &txn.server {
                    server.totals.server_aborts.inc();
                }
            }
            _ => {}
        }
    }

    /// Bytes and times of the backend's or the server's side.
    fn count_side(&self, side: &state::Side, spans: Option<[u32; 4]>) {
        side.bytes_in.add(self.txn.bytes_in);
        side.bytes_out.add(self.txn.bytes_out);
        if let Some([queue, connect, response, total]) = spans {
            side.queue_time.add(queue);
            side.connect_time.add(connect);
            side.response_time.add(response);
            side.total_time.add(total);
        }
    }

    /// How long queue, connection, response and all of it took, in milliseconds, where a response came.
    fn spans(&self) -> Option<[u32; 4]> {
        let timers = &self.txn.timers;
        timers.response?;
        let since = |from: Option<Instant>, to: Option<Instant>| {
            let (Some(from), Some(to)) = (from, to) else {
                return 0;
            };
            if to == from {
                return 0;
            }
            let span = to.saturating_duration_since(from);
            let ms = span.as_secs() * 1000 + u64::from(span.subsec_millis());
            u32::try_from(ms).unwrap_or(0)
        };
        Some([
            since(timers.request, timers.queued),
            since(timers.queued, timers.connected),
            since(timers.connected, timers.response),
            since(timers.request, timers.ended),
        ])
    }

    /// `option logasap`: the line is written when the response's head is, with what is known by then.
    pub(super) fn early_log(&mut self, download: &Half) {
        if self.frontend.settings.options.contains(Options::LOGASAP) {
            self.txn.end = self.end;
            // What came of the body along with the head is about to be sent with it.
            let sent = self.txn.bytes_out;
            self.txn.bytes_out += download.at_hand();
            self.log();
            self.txn.bytes_out = sent;
            self.logged = true;
        }
    }

    fn log(&mut self) {
        if self.frontend.log.silent() || self.frontend.log_format.is_none() {
            return;
        }
        let frontend = self.frontend.clone();
        // The `+` stands in all lines of such a frontend, early or not, as in HAProxy's.
        self.txn.log_early = frontend.settings.options.contains(Options::LOGASAP);
        if !self.txn.has_request {
            let requests = &self.plan.state.process.requests;
            self.txn.number = requests.load();
            requests.inc();
            self.txn.unique_id.forgo();
        }
        let null = !self.txn.has_request && self.upload.buf.is_empty();
        let session = &mut self.connection.client.session;
        record::log(&self.worker, &frontend, session, &mut self.txn, null);
    }
}
