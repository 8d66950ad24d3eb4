//! Answering peers that call: TLS where it is spoken, their hello, our answer.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::Acceptor;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::hello::{self, Hello, Status};
use super::section::Section;
use super::session::Session;
use crate::log;
use crate::net::{Listener, Stream, listen};
use crate::tls::{Choice, Front};

/// How long a caller may take for its hello.
const PATIENCE: Duration = Duration::from_secs(5);
/// Callers at once whose hello is not there yet, beside the peers.
const STRANGERS: usize = 32;

/// Answers all who call here.
pub(super) async fn wait(section: Arc<Section>, place: usize, listener: Listener) {
    let mut callers = JoinSet::new();
    loop {
        while callers.try_join_next().is_some() {}
        while callers.len() >= section.plan.peers.len() + STRANGERS {
            callers.join_next().await;
        }
        let ready = poll_fn(|cx| listener.poll_ready(cx)).await;
        match ready.and_then(|()| listener.accept()) {
            Ok(None) => {}
            Ok(Some((stream, _))) => {
                callers.spawn_local(answer(section.clone(), place, stream));
            }
            // Out of descriptors: there will be some later.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(section: Arc<Section>, place: usize, mut stream: Stream) {
    let listener = section.plan.listeners.get(place);
    let front = listener.and_then(|listener| listener.tls.as_ref());
    let mut input = Vec::with_capacity(hello::LONGEST);
    let begun = async {
        if let Some(front) = front {
            secure(&mut stream, front).await?;
        }
        hear(&stream, &mut input).await
    };
    let Ok(Some(heard)) = timeout(PATIENCE, begun).await else {
        return;
    };
    let (status, hello) = match heard.and_then(|hello| Ok((judge(&section, &hello)?, hello))) {
        Err(status) => (status, None),
        Ok((at, hello)) => (Status::Success, Some((at, hello))),
    };
    // Nothing else has been sent: it fits.
    let answered = stream.write_all(status.line().as_bytes()).await;
    let Some((at, hello)) = hello.filter(|_| answered.is_ok()) else {
        let _ = stream.shutdown_write();
        return;
    };
    let generation = section.begin(at);
    section.established(at, generation, Some(ends(&stream)), Instant::now());
    let session = Session {
        section: section.clone(),
        at,
        generation,
        stream,
        input,
        old: hello.old,
        farewell: false,
    };
    session.run().await;
    section.ended(at, generation, Instant::now() + PATIENCE);
}

/// Both ends of a connection, as text.
fn ends(stream: &Stream) -> [String; 2] {
    let text = |address: Option<std::net::SocketAddr>| {
        address.map_or_else(|| "unix".to_owned(), |address| address.to_string())
    };
    let peer = rustix::net::getpeername(stream).ok().flatten();
    let peer = peer.and_then(|address| std::net::SocketAddr::try_from(address).ok());
    [text(listen::local_address(stream)), text(peer)]
}

/// The place of the peer that calls.
fn judge(section: &Section, hello: &Hello) -> Result<usize, Status> {
    if hello.to != section.plan.settings.local {
        return Err(Status::LocalName);
    }
    section.place(&hello.from).ok_or_else(|| {
        let section_name = &section.plan.settings.name;
        let from: String = hello.from.chars().take(64).collect();
        let text =
            format!("Peers section {section_name}: a peer that is not known calls: {from:?}.");
        let now = std::time::SystemTime::now();
        section.plan.log.send(now, log::NOTICE, text.as_bytes());
        Status::RemoteName
    })
}

/// Hears the hello, or that it is none. `None` if the caller is gone. What comes behind it stays in `input`.
async fn hear(stream: &Stream, input: &mut Vec<u8>) -> Option<Result<Hello, Status>> {
    loop {
        match hello::read(input) {
            Ok(Some((hello, length))) => {
                input.drain(..length);
                return Some(Ok(hello));
            }
            Err(status) => return Some(Err(status)),
            Ok(None) => {}
        }
        if stream.append(input).await.ok()? == 0 {
            return None;
        }
    }
}

/// The handshake of TLS.
async fn secure(stream: &mut Stream, front: &Front) -> Option<()> {
    let (mut acceptor, mut seen) = (Acceptor::default(), Vec::new());
    let accepted = poll_fn(|cx| stream.poll_hello(cx, &mut acceptor, &mut seen)).await;
    let accepted = accepted.ok()?;
    let config = {
        let asked = accepted.client_hello();
        match front.choose(&asked) {
            Choice::Group(group) => group.config(&asked),
            Choice::UnknownName => return None,
        }
    };
    let session = accepted.into_connection(config).ok()?;
    stream.begin_tls(session.into(), None);
    poll_fn(|cx| stream.poll_handshake(cx)).await.ok()
}
