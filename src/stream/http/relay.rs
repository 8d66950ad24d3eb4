//! Both directions at once, and the timers that watch over them (manual 4.2 `timeout client`, `timeout server`).

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::exchange::Exchange;
use super::half::{Break, Half, Waits};
use crate::backend::Lease;
use crate::end::{Cause, End, Stage};
use crate::net::Alarm;

/// Since when nothing has moved, and how long each side may keep us waiting.
pub(super) struct Clock {
    client: Option<Duration>,
    server: Option<Duration>,
    since: Instant,
}

impl Clock {
    /// Starts both sides' timers, as of `since` or now.
    pub fn new(exchange: &Exchange, since: Option<Instant>) -> Self {
        let (front, back) = (
            &exchange.frontend.settings.timeouts,
            &exchange.backend.settings.timeouts,
        );
        let ms = |limit: Option<u64>| limit.map(Duration::from_millis);
        Self {
            client: ms(exchange.txn.orders.client_timeout.or(front.client)),
            server: ms(exchange.txn.orders.server_timeout.or(back.server)),
            since: since.unwrap_or_else(Instant::now),
        }
    }

    /// Ready with the side that has been silent for too long.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        alarm: &mut Alarm,
        upload: &mut Half,
        download: &mut Half,
    ) -> Poll<Cause> {
        let moved = (
            std::mem::take(&mut upload.moved),
            std::mem::take(&mut download.moved),
        );
        if moved.0 || moved.1 {
            // A byte that comes from one side goes to the other one: both are alive.
            self.since = Instant::now();
        }
        loop {
            let client = self.client_deadline(upload, download);
            let server = self.server_deadline(upload, download);
            let first = [client, server].into_iter().flatten().min();
            alarm.set(first);
            if alarm.poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            if server.is_some_and(|at| at <= now) {
                return Poll::Ready(Cause::ServerTimeout);
            }
            if client.is_some_and(|at| at <= now) {
                return Poll::Ready(Cause::ClientTimeout);
            }
        }
    }

    fn client_deadline(&self, upload: &Half, download: &Half) -> Option<Instant> {
        let waited = upload.waits == Waits::Read || download.waits == Waits::Write;
        let limit = self.client.filter(|_| waited)?;
        Some(self.since + limit)
    }

    fn server_deadline(&self, upload: &Half, download: &Half) -> Option<Instant> {
        let waited = download.waits == Waits::Read || upload.waits == Waits::Write;
        let limit = self.server.filter(|_| waited)?;
        Some(self.since + limit)
    }
}

impl Exchange {
    /// Moves the response, and what is left of the request, until both are through.
    pub(super) async fn relay(&mut self, lease: &Lease, download: &mut Half) -> Result<(), End> {
        let options = self.response_options();
        let mut clock = Clock::new(self, self.txn.timers.response);
        let Self {
            connection,
            upload,
            worker,
            options: request_options,
            ..
        } = self;
        let client = &mut connection.client;
        let (stream, alarm) = (&client.stream, &mut client.alarm);
        let mut refused = false;
        poll_fn(|cx| {
            let down = download.poll(cx, lease.stream(), stream, &options, &worker.pools);
            if let Poll::Ready(Err(broken)) = down {
                return Poll::Ready(Err(download_end(&broken)));
            }
            if !upload.finished() && !refused {
                match upload.poll(cx, stream, lease.stream(), request_options, &worker.pools) {
                    Poll::Ready(Err(Break::WriteError)) => {
                        refused = true;
                        upload.waits = Waits::Nothing;
                    }
                    Poll::Ready(Err(broken)) => return Poll::Ready(Err(upload_end(&broken))),
                    Poll::Ready(Ok(())) | Poll::Pending => {}
                }
            }
            if down.is_ready() && (upload.finished() || refused) {
                return Poll::Ready(Ok(()));
            }
            // Who reads nothing now must say that it left.
            if !stream.is_socket() && stream.poll_left(cx).is_ready() {
                return Poll::Ready(Err(End::new(Cause::Client, Stage::Data)));
            }
            match clock.poll(cx, alarm, upload, download) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(cause) => Poll::Ready(Err(End::new(cause, Stage::Data))),
            }
        })
        .await
    }
}

fn download_end(broken: &Break) -> End {
    let cause = match broken {
        // A server that breaks its own framing has aborted, as HAProxy logs it.
        Break::ReadEnd | Break::ReadError | Break::Malformed => Cause::Server,
        Break::WriteError => Cause::Client,
    };
    End::new(cause, Stage::Data)
}

fn upload_end(broken: &Break) -> End {
    let cause = match broken {
        Break::ReadEnd | Break::ReadError => Cause::Client,
        Break::WriteError => Cause::Server,
        Break::Malformed => Cause::Proxy,
    };
    End::new(cause, Stage::Data)
}
