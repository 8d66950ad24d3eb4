//! A client's TLS handshake (manual 5.1 `ssl`).

use std::rc::Rc;

use rustls::server::Acceptor;

use crate::backend::handshake_facts;
use crate::net::{Expired, Unsecured};
use crate::sample::{Handshake, Hello, Verdict};
use crate::tls::{self, Choice, Failure, Front, Group, hello, notes};
use crate::worker::Worker;

use super::Client;
use super::session::complain;

/// Goes through it within the time that `client.alarm` leaves. False if the connection is to be closed.
pub(super) async fn handshake(worker: &Rc<Worker>, client: &mut Client, front: &Front) -> bool {
    // What is known before anything is agreed, for the log of a failure.
    let mut facts = Handshake {
        version: "TLSv1.3",
        cipher: "(NONE)",
        ..Handshake::default()
    };
    let process = &worker.fleet.state.process;
    let result = negotiate(client, front, &mut facts).await;
    if result.is_ok() && !facts.resumed {
        process.secured.front_keys.add(worker.now().millis(), 1);
    }
    if let Err(failure) = &result {
        facts.error = failure.error;
        client.session.error = failure.cause;
    }
    client.session.tls = Some(facts.into());
    if result.is_err() {
        complain(worker, client);
        // The alert should reach the client before the reset of what it has sent and nobody reads.
        let _ = client.stream.shutdown_write();
    }
    result.is_ok()
}

async fn negotiate(
    client: &mut Client,

    front: &Front,
    facts: &mut Handshake,
) -> Result<(), Failure> {
    let Client { stream, alarm, .. } = client;
    let (mut acceptor, mut seen) = (Acceptor::default(), Vec::new());
    let came = alarm.until(|cx| stream.poll_hello(cx, &mut acceptor, &mut seen));
    let came = came.await;
    offered(&seen, front, facts);
    let accepted = within(came, &seen)?;
    let asked = accepted.client_hello();
    let group = match front.choose(&asked) {
        Choice::Group(group) => group,
        Choice::UnknownName => {
            let alert = [21, 3, 3, 0, 2, 2, 80];
            let _ = stream.try_write(&alert, false);
            return Err(Failure::UNKNOWN_NAME);
        }
    };
    notes::take();
    let config = group.config(&asked);
    let mut session = match accepted.into_connection(config) {
        Ok(session) => session,
        Err((error, mut alert)) => {
            let mut bytes = Vec::new();
            let _ = alert.write_all(&mut bytes);
            let _ = stream.try_write(&bytes, false);
            let failure = Failure::new(&error, None, false);
            if failure.error.1 == "unsupported protocol" {
                facts.version = "TLSv1.2";
                facts.sni = None;
            }
            return Err(failure);
        }
    };
    let learned = notes::take();
    facts.own = learned.served.map(|certificate| certificate.leaf.clone());
    keep_secrets(learned.secrets, facts);
    let mut answer = Vec::new();
    while session.wants_write() {
        if session
            .write_tls(&mut answer)
            .map_err(|_| Failure::CLOSED)?
            == 0
        {
            break;
        }
    }
    answered(&answer, facts);
    let mut rest = &answer[..];
    while !rest.is_empty() {
        match alarm.until(|cx| stream.poll_write(cx, rest, false)).await {
            Ok(Ok(n)) => rest = rest.get(n..).unwrap_or_default(),
            Ok(Err(_)) => return Err(Failure::CLOSED),
            Err(_) => return Err(Failure::TIMEOUT),
        }
    }
    stream.begin_tls(session.into(), None);
    let done = alarm.until(|cx| stream.poll_handshake(cx)).await;
    if let Some(secure) = stream.secure() {
        secure.with(|session| handshake_facts(session, facts));
        facts.early = secure.early().cloned();
    }
    within(done, &seen).inspect_err(|_| undecided(facts))?;
    keep_secrets(notes::take().secrets, facts);
    overlooked(stream, &group, facts);
    Ok(())
}

/// What a session that failed had agreed on, as OpenSSL tells it: suites of TLS 1.2 count from the end only.
fn undecided(facts: &mut Handshake) {
    facts.verdict = judged(notes::take().verdict);
    if facts.cipher.is_empty() || facts.version == "TLSv1.2" {
        facts.cipher = "(NONE)";
    }
    if facts.version.is_empty() {
        facts.version = "TLSv1.3";
    }
}

fn within<T>(result: Result<Result<T, Unsecured>, Expired>, seen: &[u8]) -> Result<T, Failure> {
    match result {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Unsecured::Tls(error))) => {
            let verdict = notes::take();
            let failure = Failure::new(&error, verdict.verdict, looks_like_http(seen));
            // Who asks next should find it too.
            notes::give_back(verdict);
            Err(failure)
        }
        Ok(Err(Unsecured::Closed | Unsecured::Io(_))) => Err(Failure::CLOSED),
        Err(_) => Err(Failure::TIMEOUT),
    }
}

fn looks_like_http(seen: &[u8]) -> bool {
    let methods = [&b"GET "[..], b"POST ", b"HEAD ", b"PUT ", b"CONNE"];
    methods.iter().any(|method| seen.starts_with(method))
}

fn offered(seen: &[u8], front: &Front, facts: &mut Handshake) {
    let Some(offered) = hello::offered(seen, front.capture) else {
        return;
    };
    facts.randoms[0] = Some(Box::new(offered.random));
    facts.sni = offered.name.map(String::into_boxed_str);
    if front.capture > 0 {
        let [ciphers, extensions, groups, formats] = offered.lists.map(Vec::into_boxed_slice);
        facts.hello = Some(Box::new(Hello {
            version: offered.version,
            hash: offered.hash,
            ciphers,
            extensions,
            groups,
            formats,
        }));
    }
}

fn answered(records: &[u8], facts: &mut Handshake) {
    if let Some((random, id)) = hello::answered(records) {
        facts.randoms[1] = Some(Box::new(random));
        facts.session_id = id.into();
    }
}

/// Those of this connection: notes may hold others' too.
fn keep_secrets(secrets: Vec<notes::Secret>, facts: &mut Handshake) {
    let Some(random) = facts.randoms.first().and_then(Option::as_ref) else {
        return;
    };
    let own = secrets.into_iter().filter(|(_, of, _)| **of == random[..]);
    facts
        .secrets
        .extend(own.map(|(name, _, secret)| (name.into_boxed_str(), secret.into_boxed_slice())));
}

fn overlooked(stream: &crate::net::Stream, group: &Group, facts: &mut Handshake) {
    let verdict = stream
        .secure()
        .and_then(|secure| secure.with(|session| group.overlooked(session.peer_certificates()?)));
    facts.verdict = judged(verdict);
}

fn judged(verdict: Option<tls::Verdict>) -> Verdict {
    let Some(tls::Verdict { first, last, depth }) = verdict else {
        return Verdict::default();
    };
    match depth {
        0 => Verdict {
            last,
            own: first,
            ..Verdict::default()
        },
        depth => Verdict {
            last,
            above: first,
            depth,
            ..Verdict::default()
        },
    }
}
