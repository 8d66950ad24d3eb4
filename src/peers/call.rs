//! Calling peers: connecting, our hello, and again when it ends.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};

use super::hello::{self, Status};
use super::section::Section;
use super::session::Session;
use crate::log;
use crate::net::{Stream, connect, listen};
use crate::plan;

/// How long a call may take until the session begins, and the time from one attempt to the next.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer.
const LONGEST: usize = 64;

/// Why there is no session.
enum Failure {
    /// No connection: who knows when the peer comes back.
    Unreachable(io::Error),
    /// It answered with this.
    Refused(Status),
    /// It closed the connection, or was silent.
    Silent,
}

/// Keeps a session with a peer, as long as the peer has not called itself.
pub(super) async fn keep(section: Arc<Section>, at: usize) {
    let Some(freed) = section.change(at, |peer| peer.freed.clone()) else {
        return;
    };
    let mut told = None;
    loop {
        let Some((busy, due)) = section.change(at, |peer| (peer.busy, peer.reconnect)) else {
            return;
        };
        if busy {
            freed.notified().await;
            continue;
        }
        if let Some(due) = due.filter(|due| *due > Instant::now()) {
            tokio::select! {
                () = sleep_until(due) => {}
                // The peer has called, and perhaps is gone again.
                () = freed.notified() => {}
            }
            continue;
        }
        told = once(&section, at, told).await;
    }
}

/// One call. Answers what was last said of its failure, so that it is not said again and again.
async fn once(section: &Arc<Section>, at: usize, told: Option<String>) -> Option<String> {
    let started = Instant::now();
    let generation = section.begin(at);
    section.change(at, |peer| peer.status = "CONN");
    let attempt = tokio::select! {
        attempt = timeout(PATIENCE, call(section, at)) => attempt.unwrap_or(Err(Failure::Silent)),
        () = replaced(section, at, generation) => return told,
    };
    match attempt {
        Ok((stream, input)) => {
            begin(section, at, generation, stream, input, false).await;
            // Two that call each other at the same time shall not do so for ever.
            let wait = 50 + RandomState::new().build_hasher().finish() % 2000;
            section.ended(at, generation, Instant::now() + Duration::from_millis(wait));
            None
        }
        Err(failure) => {
            let (status, words) = failure.words();
            section.change(at, |peer| peer.status = status);
            if told.as_ref() != Some(&words) {
                section.say(log::NOTICE, at, &format!("not reached: {words}"));
            }
            section.ended(at, generation, started + PATIENCE);
            Some(words)
        }
    }
}

impl Failure {
    /// HAProxy's four letters, and a sentence.
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Unreachable(error) => ("CONN", listen::words(error)),
            Self::Silent => ("HSHK", "no answer to the hello".to_owned()),
            Self::Refused(status) => {
                let letters = match status {
                    Status::TryLater => "RETR",
                    Status::Version => "VERS",
                    Status::LocalName | Status::RemoteName => "NAME",
                    _ => "PROT",
                };
                (letters, status.words().to_owned())
            }
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Unreachable(error)
    }
}

/// Ready when another session has taken the place of this one.
async fn replaced(section: &Arc<Section>, at: usize, generation: u64) {
    let Some(poke) = section.change(at, |peer| peer.poke.clone()) else {
        return;
    };
    while section.is_current(at, generation) {
        poke.notified().await;
    }
}

/// The session itself.
async fn begin(
    section: &Arc<Section>,
    at: usize,
    generation: u64,
    stream: Stream,
    input: Vec<u8>,
    farewell: bool,
) {
    section.established(at, generation, None, Instant::now());
    let session = Session {
        section: section.clone(),
        at,
        generation,
        stream,
        input,
        old: false,
        farewell,
    };
    session.run().await;
}

/// Connects, says our hello and hears the answer; gives what came behind it.
async fn call(section: &Arc<Section>, at: usize) -> Result<(Stream, Vec<u8>), Failure> {
    let peer = section.plan.peers.get(at).ok_or(Failure::Silent)?;
    let stream = open(peer).await?;
    section.change(at, |peer| peer.status = "HSHK");
    let hello = hello::write(&peer.name, &section.plan.settings.local, std::process::id());
    let silent = |_| Failure::Silent;
    stream.write_all(hello.as_bytes()).await.map_err(silent)?;
    let mut input = Vec::with_capacity(LONGEST);
    loop {
        if let Some(end) = input.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = input.drain(..=end).collect();
            return match Status::parse(&String::from_utf8_lossy(&line)) {
                Status::Success => Ok((stream, input)),
                status => Err(Failure::Refused(status)),
            };
        }
        if input.len() >= LONGEST {
            return Err(Failure::Refused(Status::Protocol));
        }
        if stream.append(&mut input).await.map_err(silent)? == 0 {
            return Err(Failure::Silent);
        }
    }
}

async fn open(peer: &plan::Peer) -> Result<Stream, Failure> {
    let target = peer.target.as_ref().ok_or(Failure::Silent)?;
    let connected = connect::connect(target, &peer.connect).await;
    let mut stream = connected.map_err(|failure| failure.error)?;
    if let Some(tls) = &peer.tls {
        let ip = match target {
            connect::Target::Ip(address) => Some(address.ip()),
            _ => None,
        };
        let session = tls.session(None, ip, None).map_err(io::Error::other)?;
        stream.begin_tls(session, None);
        let done = std::future::poll_fn(|cx| stream.poll_handshake(cx)).await;
        done.map_err(io::Error::other)?;
    }
    Ok(stream)
}

/// Tells the process that comes after this one all there is; at once if there is none.
pub(super) async fn say_goodbye(section: &Arc<Section>) {
    let own = section.plan.peers.iter().position(|peer| peer.local);
    let Some(at) = own else {
        return;
    };
    let has_address = section
        .plan
        .peers
        .get(at)
        .is_some_and(|peer| peer.target.is_some());
    if !has_address || section.plan.shares.is_empty() {
        return;
    }
    let generation = section.begin(at);
    if let Ok(Ok((stream, input))) = timeout(PATIENCE, call(section, at)).await {
        begin(section, at, generation, stream, input, true).await;
    }
    section.ended(at, generation, Instant::now());
}
