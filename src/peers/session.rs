//! A session on its socket: reads and writes as both sides are ready, heartbeats, and the end.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until};

use super::exchange::{End, Exchange};
use super::message::Control;
use super::section::Section;
use crate::log;
use crate::net::Stream;
use crate::state::table::tick;

/// Silence after which we say that we are still here.
const HEARTBEAT: Duration = Duration::from_secs(3);
/// How often it is seen whether the peer still is.
const ALIVE: Duration = Duration::from_secs(5);
/// Changes that come within this time are told together.
const GATHER: Duration = Duration::from_millis(1);
/// Bytes that wait to be sent, above which nothing is read: a peer that only talks must listen too.
const MUCH: usize = 256 * 1024;

/// A session past its hellos.
pub(super) struct Session {
    /// The section it belongs to.
    pub section: Arc<Section>,
    /// The peer.
    pub at: usize,
    /// Its number, by which it knows that another has replaced it.
    pub generation: u64,
    /// Its socket.
    pub stream: Stream,
    /// What came behind the hello.
    pub input: Vec<u8>,
    /// The peer speaks version 2.0.
    pub old: bool,
    /// This process goes and tells its successor.
    pub farewell: bool,
}

enum Step {
    Read(io::Result<usize>),
    Wrote(io::Result<usize>),
    Changed,
    Poked,
    Time,
}

impl Session {
    /// Goes on until one side ends it.
    pub(super) async fn run(mut self) {
        let (section, at) = (self.section.clone(), self.at);
        let mut exchange = Exchange::new(&section, at, self.old, self.farewell);
        section.change(at, |peer| peer.names = Default::default());
        let end = self.talk(&mut exchange).await;
        match end {
            Some(End::Fault(fault)) => {
                section.blame(at, &format!("session ended: it sent {fault}"));
                // It may be gone.
                let _ = self.stream.try_write(&fault.message(), false);
            }
            Some(End::Refused(what)) => {
                let what = if what == 1 { "too long" } else { "malformed" };
                let text = format!("session ended: it found what we sent {what}");
                section.say(log::WARNING, at, &text);
            }
            Some(End::Done) | None => {}
        }
    }

    async fn talk(&mut self, exchange: &mut Exchange) -> Option<End> {
        let (section, at) = (self.section.clone(), self.at);
        let room = section.plan.longest + 1;
        self.input.reserve(room);
        let mut bell = section.bell.listen();
        bell.mark_changed();
        let poke = section.change(at, |peer| peer.poke.clone())?;
        let mut due = true;
        let (mut heard, mut sent) = (true, Instant::now());
        let mut alive = sent + ALIVE;
        // What came with the hello.
        if let Err(end) = self.take(exchange) {
            return Some(end);
        }
        while section.is_current(at, self.generation) {
            if due {
                due = !exchange.fill(tick(std::time::Instant::now()));
                if let Some(names) = exchange.new_names() {
                    section.change(at, |peer| peer.names = names);
                }
            }
            let beat = sent + HEARTBEAT;
            section.change(at, |peer| {
                (peer.heartbeat, peer.reconnect) = (Some(beat), Some(alive));
            });
            let step = {
                let Self { stream, input, .. } = &mut *self;
                let out = &exchange.out;
                tokio::select! {
                    wrote = poll_fn(|cx| stream.poll_write(cx, out, false)), if !out.is_empty() => Step::Wrote(wrote),
                    read = stream.append(input), if out.len() < MUCH => Step::Read(read),
                    _ = bell.changed() => Step::Changed,
                    () = poke.notified() => Step::Poked,
                    () = sleep_until(beat.min(alive)) => Step::Time,
                }
            };
            match step {
                Step::Read(Ok(0) | Err(_)) | Step::Wrote(Err(_)) => return None,
                Step::Read(Ok(_)) => {
                    heard = true;
                    if let Err(end) = self.take(exchange) {
                        return Some(end);
                    }
                    self.input.reserve(room.saturating_sub(self.input.len()));
                    // It may have asked for all there is.
                    due = true;
                }
                Step::Wrote(Ok(n)) => {
                    exchange.out.drain(..n.min(exchange.out.len()));
                    sent = Instant::now();
                    // A large table must not keep the thread from its other duties.
                    yield_now().await;
                }
                Step::Changed => {
                    sleep(GATHER).await;
                    section.bell.silence();
                    due = true;
                }
                Step::Poked => due = true,
                Step::Time => {
                    let now = Instant::now();
                    if now >= alive {
                        if !heard {
                            section.change(at, |peer| peer.beats[2] += 1);
                            section.say(
                                log::WARNING,
                                at,
                                "session ended: nothing came for 5 seconds",
                            );
                            return None;
                        }
                        (heard, alive) = (false, now + ALIVE);
                    }
                    if now >= beat {
                        exchange.out.extend(Control::Heartbeat.message());
                        section.change(at, |peer| peer.beats[0] += 1);
                        sent = now;
                    }
                }
            }
        }
        None
    }

    fn take(&mut self, exchange: &mut Exchange) -> Result<(), End> {
        let tick = tick(std::time::Instant::now());
        let taken = exchange.take(&self.input, tick, Instant::now())?;
        self.input.drain(..taken);
        Ok(())
    }
}
