//! The phases of a stream in milliseconds (manual 8.4): what the fetches and the log's variables show.

use std::time::{Duration, Instant, SystemTime};

use super::scope::{Scope, Session, Transaction};

/// How long the phases of a request took. Milliseconds; -1 where a phase was not reached.
#[derive(Clone, Copy)]
pub struct Spans<'s> {
    session: &'s Session,
    txn: &'s Transaction,
    now: Instant,
}

impl<'s> Spans<'s> {
    /// Those of the request in hand.
    pub fn of(scope: &'s Scope<'_>) -> Self {
        Self {
            session: scope.session,
            txn: scope.txn,
            now: scope.now.instant,
        }
    }

    /// `%Th`, `fc.timer.handshake`: from accept to the complete session; 0 for all requests but the first.
    pub fn handshake(self) -> i64 {
        match self.session.requests {
            0 | 1 => i64::from(self.session.handshake_ms),
            _ => 0,
        }
    }

    /// `%Ti`, `req.timer.idle`: until the first byte of the request.
    pub fn idle(self) -> i64 {
        match between(self.txn.timers.began, self.txn.timers.first_byte) {
            -1 => -1,
            waited => (waited - self.handshake()).max(0),
        }
    }

    /// `%TR`, `req.timer.hdr`: from the first byte to the whole head.
    pub fn head(self) -> i64 {
        let timers = &self.txn.timers;
        between(timers.first_byte.or(timers.began), timers.request)
    }

    /// `%Tq`, `req.timer.tq`: handshake, idle time and head together.
    pub fn request(self) -> i64 {
        match self.head() {
            -1 => -1,
            head => self.handshake() + self.idle().max(0) + head,
        }
    }

    /// `%Tw`, `req.timer.queue`: in queues.
    pub fn queue(self) -> i64 {
        let timers = &self.txn.timers;
        between(timers.request.or(timers.began), timers.queued)
    }

    /// `%Tc`, `bc.timer.connect`: to connect to the server.
    pub fn connect(self) -> i64 {
        between(self.txn.timers.queued, self.txn.timers.connected)
    }

    /// `%Tr`, `res.timer.hdr`: until the server's whole head.
    pub fn response(self) -> i64 {
        between(self.txn.timers.connected, self.txn.timers.response)
    }

    /// `%Td`, `res.timer.data`: to move the data.
    pub fn data(self) -> i64 {
        let timers = &self.txn.timers;
        let since = match (timers.connected, timers.response) {
            (Some(_), Some(response)) => response,
            (Some(connected), None) if !self.txn.has_request => connected,
            _ => return -1,
        };
        millis(self.ended().saturating_duration_since(since))
    }

    /// `%Tt`, `fc.timer.total`: all of it.
    pub fn total(self) -> i64 {
        let began = self.txn.timers.began.unwrap_or(self.session.accepted);
        millis(self.ended().saturating_duration_since(began))
    }

    /// `%Ta`, `txn.timer.total`: all but handshake and idle time.
    pub fn active(self) -> i64 {
        let timers = &self.txn.timers;
        let began = timers.first_byte.or(timers.began);
        let began = began.unwrap_or(self.session.accepted);
        millis(self.ended().saturating_duration_since(began))
    }

    /// `%Tu`, `txn.timer.user`: all but idle time.
    pub fn user(self) -> i64 {
        self.total() - self.idle().max(0)
    }

    /// `%t`, `accept_date`: when the stream began, on the wall clock: accept, or the end of the response before.
    pub fn accepted(self) -> SystemTime {
        let timers = &self.txn.timers;
        match (timers.request_date, timers.began, timers.first_byte) {
            (Some(date), Some(began), Some(first)) => date
                .checked_sub(first.saturating_duration_since(began))
                .unwrap_or(date),
            _ => self.session.accept_date,
        }
    }

    /// `%tr`, `request_date`: when the first byte of the request came, on the wall clock.
    pub fn requested(self) -> SystemTime {
        let date = self.txn.timers.request_date;
        date.unwrap_or_else(|| self.accepted())
    }

    fn ended(self) -> Instant {
        self.txn.timers.ended.unwrap_or(self.now)
    }
}

fn millis(d: Duration) -> i64 {
    i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds from one point to the other, -1 if one was not reached.
fn between(from: Option<Instant>, to: Option<Instant>) -> i64 {
    match (from, to) {
        (Some(from), Some(to)) => millis(to.saturating_duration_since(from)),
        _ => -1,
    }
}
