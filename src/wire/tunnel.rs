//! The two-way copy: TCP mode, CONNECT and Upgrade.
//!
//! An end of stream on one side is passed on as one (half close) while the other direction goes on.
//! Activity in either direction renews both sides' timeouts, as in HAProxy.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::net::{Alarm, Stream};

use super::pump::{Broken, Ended, Pump, Tools};

/// Timeouts of a tunnel, in milliseconds; `None` waits for ever.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// `timeout client`
    pub client: Option<u64>,
    /// `timeout server`
    pub server: Option<u64>,
    /// `timeout tunnel`, in place of both while both directions are open.
    pub tunnel: Option<u64>,
    /// `timeout client-fin`, on the client side once a direction is closed.
    pub client_fin: Option<u64>,
    /// `timeout server-fin`, on the server side once a direction is closed.
    pub server_fin: Option<u64>,
}

/// How a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Both directions came to their ends.
    Done,
    /// The client's connection broke.
    ClientBroke,
    /// The server's connection broke.
    ServerBroke,
    /// Nothing came for too long; the client's timeout was the first to pass.
    ClientTimeout,
    /// Nothing came for too long; the server's timeout was the first to pass.
    ServerTimeout,
}

/// A tunnel between two connections.
#[derive(Debug)]
pub struct Tunnel<'a> {
    client: &'a Stream,
    server: &'a Stream,
    tools: &'a Tools,
    times: Times,
    up: Direction,
    down: Direction,
}

#[derive(Debug, Default)]
struct Direction {
    pump: Pump,
    closed: bool,
}

impl<'a> Tunnel<'a> {
    /// A tunnel in which nothing has moved yet.
    pub fn new(client: &'a Stream, server: &'a Stream, tools: &'a Tools, times: Times) -> Self {
        Self {
            client,
            server,
            tools,
            times,
            up: Direction::default(),
            down: Direction::default(),
        }
    }

    /// Bytes that are to go first: what was read from the client, and from the server, before.
    #[must_use]
    pub fn after(mut self, from_client: Vec<u8>, from_server: Vec<u8>) -> Self {
        self.up.pump = std::mem::take(&mut self.up.pump).after(from_client);
        self.down.pump = std::mem::take(&mut self.down.pump).after(from_server);
        self
    }

    /// Bytes that came from the client and from the server, as HAProxy counts them: when they are read.
    pub fn moved(&self) -> (u64, u64) {
        (self.up.pump.taken(), self.down.pump.taken())
    }

    /// Copies until both directions are closed, a side breaks, or a timeout passes.
    pub async fn run(&mut self, alarm: &mut Alarm) -> Outcome {
        let mut seen = None;
        poll_fn(|cx| {
            if let Some(outcome) = self.poll_directions(cx) {
                return Poll::Ready(outcome);
            }
            let progress = self.progress();
            if seen != Some(progress) {
                seen = Some(progress);
                alarm.set(self.deadline(Instant::now()));
            }
            alarm.poll(cx).map(|()| self.late())
        })
        .await
    }

    /// Lets the client's bytes flow until the server has sent some more into `got`, which must have
    /// spare capacity; 0 bytes at its end. For rules that look at what the server says first.
    ///
    /// # Errors
    /// The tunnel is over.
    pub async fn listen(&mut self, alarm: &mut Alarm, got: &mut Vec<u8>) -> Result<usize, Outcome> {
        let mut seen = None;
        poll_fn(|cx| {
            if !self.up.closed {
                if let Some(outcome) = self.poll_up(cx) {
                    return Poll::Ready(Err(outcome));
                }
                if self.up.closed {
                    let _ = self.server.shutdown_write();
                }
            }
            match self.server.poll_append(cx, got) {
                Poll::Ready(Ok(n)) => return Poll::Ready(Ok(n)),
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Outcome::ServerBroke)),
                Poll::Pending => {}
            }
            let progress = self.progress();
            if seen != Some(progress) {
                seen = Some(progress);
                let now = Instant::now();
                let nearest = [alarm.deadline(), self.deadline(now)].into_iter().flatten();
                alarm.set(nearest.min());
            }
            alarm.poll(cx).map(|()| Err(self.late()))
        })
        .await
    }

    /// Has these bytes of the server go to the client before all others.
    pub fn answer_first(&mut self, from_server: Vec<u8>) {
        self.down.pump = Pump::default().after(from_server);
    }

    fn poll_directions(&mut self, cx: &mut Context<'_>) -> Option<Outcome> {
        let before = (self.up.closed, self.down.closed);
        if !self.up.closed
            && let Some(outcome) = self.poll_up(cx)
        {
            return Some(outcome);
        }
        if !self.down.closed {
            match self
                .down
                .pump
                .poll(cx, self.server, self.client, self.tools)
            {
                Poll::Ready(Ok(Ended::Eof | Ended::Limit)) => self.down.closed = true,
                Poll::Ready(Err(Broken::Read(_))) => return Some(Outcome::ServerBroke),
                Poll::Ready(Err(Broken::Write(_))) => return Some(Outcome::ClientBroke),
                Poll::Pending => {}
            }
        }
        match (self.up.closed, self.down.closed) {
            (true, true) => {
                // Closing sockets says the same as a half close, and is done anyway; a channel that is dropped is reset.
                for (stream, ended) in [(self.server, before.0), (self.client, before.1)] {
                    if !ended && !stream.is_socket() {
                        let _ = stream.shutdown_write();
                    }
                }
                return Some(Outcome::Done);
            }
            (true, false) if !before.0 => drop(self.server.shutdown_write()),
            (false, true) if !before.1 => drop(self.client.shutdown_write()),
            _ => {}
        }
        None
    }

    fn poll_up(&mut self, cx: &mut Context<'_>) -> Option<Outcome> {
        match self.up.pump.poll(cx, self.client, self.server, self.tools) {
            Poll::Ready(Ok(Ended::Eof | Ended::Limit)) => {
                self.up.closed = true;
                None
            }
            Poll::Ready(Err(Broken::Read(_))) => Some(Outcome::ClientBroke),
            Poll::Ready(Err(Broken::Write(_))) => Some(Outcome::ServerBroke),
            Poll::Pending => None,
        }
    }

    /// What each side may be silent for now. A side that has closed has nothing more to say: it only
    /// counts while it does not take what we have for it. Once we have closed towards a side, its
    /// `-fin` timeout replaces the others.
    fn limits(&self) -> (Option<u64>, Option<u64>) {
        let times = &self.times;
        let client = times.tunnel.or(times.client);
        let server = times.tunnel.or(times.server);
        match (self.up.closed, self.down.closed) {
            (true, _) => {
                let stalled = self.down.pump.blocked();
                (client.filter(|_| stalled), times.server_fin.or(server))
            }
            (_, true) => {
                let stalled = self.up.pump.blocked();
                (times.client_fin.or(client), server.filter(|_| stalled))
            }
            (false, false) => (client, server),
        }
    }

    /// Changes with whatever renews the timeouts: a byte moved, a direction closed.
    fn progress(&self) -> (u64, bool, bool) {
        let moved = self.up.pump.activity() + self.down.pump.activity();
        (moved, self.up.closed, self.down.closed)
    }

    fn deadline(&self, now: Instant) -> Option<Instant> {
        let (client, server) = self.limits();
        let first = [client, server].into_iter().flatten().min()?;
        now.checked_add(Duration::from_millis(first))
    }

    fn late(&self) -> Outcome {
        match self.limits() {
            (Some(client), Some(server)) if server < client => Outcome::ServerTimeout,
            (None, Some(_)) => Outcome::ServerTimeout,
            _ => Outcome::ClientTimeout,
        }
    }
}
