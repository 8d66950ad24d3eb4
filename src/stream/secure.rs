//! A client's TLS handshake (manual 5.1 `ssl`).

use std::rc::Rc;

use rustls::HandshakeKind;
use rustls::server::Acceptor;

use crate::net::{Expired, Unsecured};
use crate::sample::Handshake;
use crate::tls::{Choice, Front, agreed, presented};
use crate::worker::Worker;

use super::Client;
use super::session::complain;

/// Goes through it within the time that `client.alarm` leaves. False if the connection is to be closed.
pub(super) async fn handshake(worker: &Rc<Worker>, client: &mut Client, front: &Front) -> bool {
    match negotiate(client, front).await {
        Ok(done) => {
            client.session.tls = Some(Box::new(done));
            true
        }
        Err(failed) => {
            complain(worker, client, failed);
            // The alert should reach the client before the reset of what it has sent and nobody reads.
            let _ = client.stream.shutdown_write();
            false
        }
    }
}

const FAILURE: &str = "SSL handshake failure";
const CLOSED: &str = "Connection closed during SSL handshake";
const TIMEOUT: &str = "Timeout during SSL handshake";

async fn negotiate(client: &mut Client, front: &Front) -> Result<Handshake, &'static str> {
    let Client { stream, alarm, .. } = client;
    let mut acceptor = Acceptor::default();
    let hello = alarm.until(|cx| stream.poll_hello(cx, &mut acceptor)).await;
    let accepted = within(hello)?;
    let config = match front.choose(&accepted.client_hello()) {
        Choice::Config(config) => config,
        Choice::UnknownName => return Err(FAILURE),
    };
    let made = accepted.into_connection(config);
    let own = presented();
    let session = match made {
        Ok(session) => session,
        Err((_, mut alert)) => {
            let mut bytes = Vec::new();
            let _ = alert.write_all(&mut bytes);
            let _ = stream.try_write(&bytes, false);
            return Err(FAILURE);
        }
    };
    stream.begin_tls(session.into());
    within(alarm.until(|cx| stream.poll_handshake(cx)).await)?;
    let mut done = facts(stream).unwrap_or_default();
    done.own = own;
    Ok(done)
}

fn within<T>(result: Result<Result<T, Unsecured>, Expired>) -> Result<T, &'static str> {
    match result {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Unsecured::Tls(_))) => Err(FAILURE),
        Ok(Err(Unsecured::Closed | Unsecured::Io(_))) => Err(CLOSED),
        Err(_) => Err(TIMEOUT),
    }
}

/// What was agreed on.
fn facts(stream: &crate::net::Stream) -> Option<Handshake> {
    stream.secure()?.with(|session| {
        let agreed = agreed(session);
        Some(Handshake {
            version: agreed.version,
            cipher: agreed.cipher,
            key_bits: agreed.key_bits,
            sni: match session {
                rustls::Connection::Server(server) => server.server_name().map(Box::from),
                rustls::Connection::Client(_) => None,
            },
            alpn: session.alpn_protocol().map(Box::from),
            resumed: session.handshake_kind() == Some(HandshakeKind::Resumed),
            client: session
                .peer_certificates()
                .unwrap_or_default()
                .iter()
                .map(|der| Box::from(der.as_ref()))
                .collect(),
            own: None,
        })
    })
}
