//! Peers (manual 3.5; the peers protocol, version 2.1): stick tables that are shared with other processes, of this program and
//! of HAProxy.
//!
//! `process` runs it on the control thread. Each section has a task for every peer that it calls, one for every address that it
//! listens on, and one for every session. Tables are changed by the workers and ring a bell (`state::table::Bell`); a session
//! then tells its peer. What peers tell goes to the tables at once. When the process goes, its last session is with the one that
//! comes after it.
//!
//! ```text
//! call, answer ──hello──► session ──bytes──► exchange ──message, definition, entry──► state::table
//!                             └── section: who is there, how far, who may know more
//! ```
//!
//! Must not know streams, expressions or configuration words. [`message`], [`definition`], [`entry`] and [`hello`] are about bytes
//! alone.

mod answer;
mod call;
mod definition;
mod dictionary;
mod doors;
mod entry;
mod exchange;
mod fault;
mod hello;
mod message;
mod number;
mod section;
mod session;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::net::Listener;
use crate::plan::Plan;

pub use doors::Doors;
pub use section::{Peer, Resync, Section, Share};

/// What is to be at work.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The plan with its sections.
    pub plan: Arc<Plan>,
    /// Where they listen.
    pub doors: Arc<Doors>,
    /// The process goes: whoever comes after it is told all.
    pub leaving: bool,
}

/// All sections at work, for the runtime API.
#[derive(Debug, Default)]
pub struct Circle {
    sections: Mutex<Vec<Arc<Section>>>,
    parted: AtomicBool,
}

impl Circle {
    /// The sections, in the order of the configuration.
    pub fn sections(&self) -> Vec<Arc<Section>> {
        let sections = self.sections.lock();
        sections.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the process may end, as far as peers are concerned: who comes after it has been told all.
    pub fn parted(&self) -> bool {
        self.parted.load(Ordering::Acquire)
    }

    fn replace(&self, sections: Vec<Arc<Section>>) {
        *self.sections.lock().unwrap_or_else(PoisonError::into_inner) = sections;
    }
}

/// Shares tables as the plans say, until one says that the process goes or the sender is gone. `predecessor`: this process
/// replaces another, which will tell what it knows. Must run in a `LocalSet`.
pub async fn run(circle: Arc<Circle>, predecessor: bool, mut wanted: watch::Receiver<Wanted>) {
    let mut tasks = JoinSet::new();
    let mut predecessor = predecessor;
    loop {
        let now = wanted.borrow_and_update().clone();
        tasks.shutdown().await;
        let old = circle.sections();
        for section in &old {
            section.closed();
        }
        if now.leaving {
            for section in &old {
                call::say_goodbye(section).await;
            }
            circle.parted.store(true, Ordering::Release);
            return;
        }
        let sections = begin(&now, predecessor, &old);
        predecessor = false;
        for (at, section) in sections.iter().enumerate() {
            spawn(&mut tasks, section, at, &now.doors);
        }
        circle.replace(sections);
        if wanted.changed().await.is_err() {
            return;
        }
    }
}

/// The sections of a plan; those that were there before know what they knew.
fn begin(wanted: &Wanted, predecessor: bool, old: &[Arc<Section>]) -> Vec<Arc<Section>> {
    let totals = &wanted.plan.state.process;
    let section = |plan: &Arc<crate::plan::Peers>| {
        let same = |old: &&Arc<Section>| old.plan.settings.name == plan.settings.name;
        let old = old.iter().find(same).map(|old| &**old);
        Section::new(plan, predecessor, old, totals, Instant::now())
    };
    wanted.plan.peers.iter().map(section).collect()
}

/// The tasks of a section.
fn spawn(tasks: &mut JoinSet<()>, section: &Arc<Section>, at: usize, doors: &Doors) {
    for share in section.plan.shares.iter() {
        let bell = (!share.recv_only).then(|| section.bell.clone());
        share.table.watch(bell);
    }
    for (place, opened) in doors.of(at) {
        for socket in &opened.sockets {
            // A socket that cannot be watched is one that cannot be listened on: the peer calls in vain.
            if let Ok(listener) = Listener::new(socket.clone()) {
                tasks.spawn_local(answer::wait(section.clone(), place, listener));
            }
        }
    }
    for (at, peer) in section.plan.peers.iter().enumerate() {
        if !peer.local && peer.target.is_some() {
            tasks.spawn_local(call::keep(section.clone(), at));
        }
    }
    let section = section.clone();
    tasks.spawn_local(async move {
        while let Some(next) = section.tick(Instant::now()) {
            sleep_until(next).await;
        }
    });
}

/// Reads bytes as a peer's, as far as they make sense: for tests that feed noise.
pub fn understand(bytes: &[u8], longest: usize) {
    let _ = hello::read(bytes);
    let mut heard = dictionary::Heard::default();
    let mut table = None;
    let mut rest = bytes;
    while let Ok(Some((message, length))) = message::next(rest, longest) {
        match (message, &table) {
            (message::Message::Define(body), _) => table = definition::read(body).ok(),
            (
                message::Message::Update {
                    numbered,
                    timed,
                    body,
                },
                Some(table),
            ) => {
                let head = entry::Head { numbered, timed };
                let _ = entry::read(body, head, table, &mut heard);
            }
            _ => {}
        }
        rest = rest.get(length..).unwrap_or_default();
    }
}
