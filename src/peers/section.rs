//! What a `peers` section is at: with whom it talks, how far tables have been told, and who may know more than this process.
//!
//! Tasks of one thread work on it (`call`, `answer`, `session`); the runtime API reads it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::dictionary::Names;
use crate::log;
use crate::plan;
use crate::state::Process;
use crate::state::table::{Bell, Cursor};

/// How long a process waits for others that may know more (peers protocol, "Resync").
const RESYNC: Duration = Duration::from_secs(5);

/// A section at work.
#[derive(Debug)]
pub struct Section {
    /// What its lines say.
    pub plan: Arc<plan::Peers>,
    /// When it began.
    pub started: SystemTime,
    /// Rings when one of its tables has changed here.
    pub(super) bell: Arc<Bell>,
    inner: Mutex<Inner>,
    totals: Arc<Process>,
}

#[derive(Debug)]
struct Inner {
    resync: Resync,
    peers: Vec<Peer>,
}

/// How far the tables have been learned since the process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resync {
    /// The process that this one replaces is to come and tell, until then.
    Local(Instant),
    /// Some peer is asked, or one is waited for until then.
    Remote(Option<usize>, Instant),
    /// All is known that can be.
    Done(Instant),
}

/// What is known of a peer.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Raised when a session begins: an older one has been replaced.
    pub(super) generation: u64,
    /// A session is there, or one begins.
    pub busy: bool,
    /// The session is past its hello.
    pub active: bool,
    /// It is to be asked for all it knows.
    pub(super) ask: bool,
    /// It said that it does not know all.
    partial: bool,
    /// How the last attempt ended, in HAProxy's four letters.
    pub status: &'static str,
    /// When the last hello was.
    pub hello: Option<Instant>,
    /// When the next attempt is due.
    pub reconnect: Option<Instant>,
    /// When the next heartbeat is due.
    pub heartbeat: Option<Instant>,
    /// Heartbeats sent and received, and those that did not come.
    pub beats: [u64; 3],
    /// Sessions begun, faults in the protocol, and sessions replaced by another.
    pub counts: [u64; 3],
    /// By table.
    pub shares: Vec<Share>,
    /// Names said and heard, by number from 1 on.
    pub names: [Names; 2],
    /// The tables that the peer and we spoke of last.
    pub last: [Option<usize>; 2],
    /// Our end and its of a session that the peer began, as text.
    pub ends: Option<[String; 2]>,
    /// Wakes its session.
    pub(super) poke: Arc<Notify>,
    /// Told when its session ends.
    pub(super) freed: Arc<Notify>,
}

/// How far a table is, with one peer.
#[derive(Debug, Clone, Default)]
pub struct Share {
    /// What the peer is known to have.
    pub(super) told: Cursor,
    /// The peer's number for it; 0 if it has not said one.
    pub remote: u64,
    /// What the peer stores, as bits.
    pub data: u64,
    /// The last number of ours that the peer has acknowledged.
    pub acked: u32,
    /// The last number of ours that was sent.
    pub pushed: u32,
    /// The last number of the peer's.
    pub got: u32,
}

impl Section {
    /// A section that begins. `predecessor`: a process that this one replaces will come and tell what it knows. `old` is the
    /// same section before a reload: what others know of tables that are still the same they need not be told again.
    pub(super) fn new(
        plan: &Arc<plan::Peers>,
        predecessor: bool,
        old: Option<&Self>,
        totals: &Arc<Process>,
        now: Instant,
    ) -> Arc<Self> {
        let resync = match (old, predecessor) {
            (Some(old), _) => old.lock().resync,
            (None, true) => Resync::Local(now + RESYNC),
            (None, false) => Resync::Remote(None, now + RESYNC),
        };
        let resync = match resync {
            Resync::Remote(Some(_), _) => Resync::Remote(None, now + RESYNC),
            other => other,
        };
        let peer = |peer: &plan::Peer| Peer {
            generation: 0,
            busy: false,
            active: false,
            ask: false,
            partial: false,
            status: "NONE",
            hello: None,
            reconnect: None,
            heartbeat: None,
            beats: [0; 3],
            counts: [0; 3],
            shares: plan
                .shares
                .iter()
                .map(|share| old.map_or_else(Share::default, |old| old.known(peer, share)))
                .collect(),
            names: [Vec::new(), Vec::new()],
            last: [None; 2],
            ends: None,
            poke: Arc::default(),
            freed: Arc::default(),
        };
        Arc::new(Self {
            started: old.map_or_else(SystemTime::now, |old| old.started),
            bell: Arc::default(),
            inner: Mutex::new(Inner {
                resync,
                peers: plan.peers.iter().map(peer).collect(),
            }),
            totals: totals.clone(),
            plan: plan.clone(),
        })
    }

    /// How far this peer had been told of this table.
    fn known(&self, peer: &plan::Peer, share: &plan::Share) -> Share {
        let at = self.plan.peers.iter().position(|one| one.name == peer.name);
        let mut shares = self.plan.shares.iter();
        let table = shares.position(|one| Arc::ptr_eq(&one.table, &share.table));
        let inner = self.lock();
        let old = at
            .zip(table)
            .and_then(|(at, table)| inner.peers.get(at)?.shares.get(table));
        old.map_or_else(Share::default, |old| Share {
            told: old.told.clone(),
            acked: old.acked,
            ..Share::default()
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a peer, for showing.
    pub fn peer(&self, at: usize) -> Option<Peer> {
        self.lock().peers.get(at).cloned()
    }

    /// How far the tables have been learned.
    pub fn resync(&self) -> Resync {
        self.lock().resync
    }

    /// Whether all is known that can be.
    pub(super) fn up_to_date(&self) -> bool {
        matches!(self.resync(), Resync::Done(_))
    }

    /// Changes what is known of a peer.
    pub(super) fn change<T>(&self, at: usize, change: impl FnOnce(&mut Peer) -> T) -> Option<T> {
        self.lock().peers.get_mut(at).map(change)
    }

    /// The place of the peer of this name.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.plan.peers.iter().position(|peer| peer.name == name)
    }

    /// A session with a peer begins; one that is there already ends. Answers its number.
    pub(super) fn begin(&self, at: usize) -> u64 {
        let begun = self.change(at, |peer| {
            if peer.active {
                peer.counts[2] += 1;
            }
            peer.counts[0] += 1;
            peer.generation += 1;
            if !peer.busy {
                self.totals.connected_peers.inc();
            }
            peer.busy = true;
            if std::mem::take(&mut peer.active) {
                self.totals.active_peers.dec();
            }
            peer.poke.notify_waiters();
            peer.generation
        });
        begun.unwrap_or_default()
    }

    /// Whether a session is still the peer's.
    pub(super) fn is_current(&self, at: usize, generation: u64) -> bool {
        let current = self.change(at, |peer| peer.generation == generation);
        current.unwrap_or(false)
    }

    /// The hellos are done.
    pub(super) fn established(
        &self,
        at: usize,
        generation: u64,
        ends: Option<[String; 2]>,
        now: Instant,
    ) {
        self.change(at, |peer| {
            if peer.generation == generation && !peer.active {
                peer.active = true;
                peer.status = "ESTA";
                peer.hello = Some(now);
                (peer.ends, peer.last) = (ends, [None; 2]);
                self.totals.active_peers.inc();
            }
        });
        self.ask_somebody(now);
    }

    /// A session has ended, if it was still the peer's; the next attempt is after this time.
    pub(super) fn ended(&self, at: usize, generation: u64, reconnect: Instant) {
        let mut inner = self.lock();
        let Some(peer) = inner.peers.get_mut(at) else {
            return;
        };
        if peer.generation != generation || !peer.busy {
            return;
        }
        peer.busy = false;
        self.totals.connected_peers.dec();
        if std::mem::take(&mut peer.active) {
            self.totals.active_peers.dec();
        }
        peer.reconnect = Some(reconnect);
        peer.heartbeat = None;
        peer.ends = None;
        peer.ask = false;
        peer.freed.notify_one();
        if inner.resync_asked() == Some(at) {
            inner.resync = Resync::Remote(None, Instant::now() + RESYNC);
        }
        drop(inner);
        self.ask_somebody(Instant::now());
    }

    /// The section ends, with all sessions.
    pub(super) fn closed(&self) {
        for share in &self.plan.shares {
            share.table.watch(None);
        }
        for peer in &mut self.lock().peers {
            if std::mem::take(&mut peer.busy) {
                self.totals.connected_peers.dec();
            }
            if std::mem::take(&mut peer.active) {
                self.totals.active_peers.dec();
            }
        }
    }

    /// Tells a peer that knows more, perhaps, to say it.
    fn ask_somebody(&self, now: Instant) {
        let mut inner = self.lock();
        let Resync::Remote(None, _) = inner.resync else {
            return;
        };
        let mut peers = self.plan.peers.iter().zip(&mut inner.peers).enumerate();
        let willing = peers.find(|(_, (plan, peer))| !plan.local && peer.active && !peer.partial);
        if let Some((at, (_, peer))) = willing {
            peer.ask = true;
            peer.poke.notify_waiters();
            peer.poke.notify_one();
            inner.resync = Resync::Remote(Some(at), now + RESYNC);
        }
    }

    /// A peer has told all it knows, `all` there is or only a part.
    pub(super) fn learned(&self, at: usize, all: bool, now: Instant) {
        let mut inner = self.lock();
        let local = self.plan.peers.get(at).is_some_and(|peer| peer.local);
        let wanted = match inner.resync {
            Resync::Local(_) => local,
            Resync::Remote(asked, _) => local || asked == Some(at),
            Resync::Done(_) => false,
        };
        if !wanted {
            return;
        }
        inner.resync = match (all, local) {
            (true, _) => Resync::Done(now),
            (false, true) => Resync::Local(now + RESYNC),
            (false, false) => Resync::Remote(None, now + RESYNC),
        };
        if let Some(peer) = inner.peers.get_mut(at) {
            peer.partial = !all;
        }
        drop(inner);
        self.ask_somebody(now);
    }

    /// Time passes: nobody is waited for in vain. Answers when to look again; `None` when all is known.
    pub(super) fn tick(&self, now: Instant) -> Option<Instant> {
        let mut inner = self.lock();
        let next = match inner.resync {
            Resync::Local(until) if now >= until => Resync::Remote(None, now + RESYNC),
            Resync::Remote(None, until) if now >= until => Resync::Done(now),
            Resync::Remote(Some(at), until) if now >= until => {
                // It is still telling, perhaps much.
                Resync::Remote(Some(at), now + RESYNC)
            }
            same => same,
        };
        inner.resync = next;
        drop(inner);
        self.ask_somebody(now);
        match next {
            Resync::Done(_) => None,
            Resync::Local(until) | Resync::Remote(_, until) => Some(until),
        }
    }

    /// Says something to the log of the section.
    pub(super) fn say(&self, level: u8, at: usize, what: &str) {
        let section = &self.plan.settings.name;
        let peer = self.plan.peers.get(at).map_or("?", |peer| &peer.name);
        let text = format!("Peers section {section}: peer {peer}: {what}.");
        let log = &self.plan.log;
        log.send(SystemTime::now(), level, text.as_bytes());
    }

    /// A fault in what a peer sends.
    pub(super) fn blame(&self, at: usize, what: &str) {
        self.change(at, |peer| peer.counts[1] += 1);
        self.say(log::WARNING, at, what);
    }
}

impl Inner {
    fn resync_asked(&self) -> Option<usize> {
        match self.resync {
            Resync::Remote(asked, _) => asked,
            _ => None,
        }
    }
}
