//! Saying to a server who the client is (manual 5.2 `send-proxy`, `send-proxy-v2`, `proxy-v2-options`).

use crate::net::proxy_header::{Entries, Tls, version_1, version_2};
use crate::plan::Server;
use crate::sample::signature_algorithm;
use crate::sample::{Handshake, Scope};
use crate::settings::SendProxy;
use crate::tls;

/// The header to begin a connection to a server with.
pub(super) fn header(scope: &Scope<'_>, server: &Server) -> Vec<u8> {
    let says = server.settings.send_proxy;
    let (session, txn) = (&scope.session, &scope.txn);
    let source = txn.source.as_ref().unwrap_or(&session.source).ip();
    let destination = txn.destination.as_ref().unwrap_or(&session.destination);
    let destination = destination.ip();
    if !says.contains(SendProxy::V2) {
        return version_1(source, destination);
    }
    let handshake = session.tls.as_deref();
    let said = session.proxy_header.as_ref();
    let asked = said
        .and_then(|header| header.authority())
        .or_else(|| Some(handshake?.sni.as_ref()?.as_bytes()));
    let wanted = |flag| says.contains(flag).then_some(());
    let about = About::new(handshake, says);
    let own: Vec<(u8, Vec<u8>)> = server
        .proxy_entries
        .iter()
        .map(|(kind, format)| {
            let mut value = Vec::new();
            format.render(scope, &mut value);
            (*kind, value)
        })
        .collect();
    let entries = Entries {
        checksum: says.contains(SendProxy::CRC32C),
        alpn: handshake.and_then(|tls| tls.alpn.as_deref()),
        authority: wanted(SendProxy::AUTHORITY).and(asked),
        unique_id: wanted(SendProxy::UNIQUE_ID).and_then(|()| scope.unique_id()),
        tls: says
            .intersects(SendProxy::ABOUT_TLS)
            .then(|| about.entry(handshake)),
        own: &own,
    };
    version_2(source.zip(destination), &entries)
}

/// What of the certificates and the cipher is told.
#[derive(Default)]
struct About {
    common_name: Option<Vec<u8>>,
    key: Option<String>,
    signature: Option<&'static str>,
    cipher: Option<&'static str>,
}

impl About {
    fn new(handshake: Option<&Handshake>, says: SendProxy) -> Self {
        let Some(handshake) = handshake else {
            return Self::default();
        };
        let wanted = |flag| says.contains(flag).then_some(());
        let client = handshake.peer.first();
        let own = handshake.own.as_deref();
        let if_key = wanted(SendProxy::CERT_KEY).and(own);
        let if_signature = wanted(SendProxy::CERT_SIG).and(own);
        let if_name = wanted(SendProxy::CERT_CN).and(client);
        Self {
            common_name: if_name.and_then(|der| tls::common_name(der)),
            key: if_key.and_then(tls::key),
            signature: if_signature.and_then(signature_algorithm),
            cipher: wanted(SendProxy::CIPHER).map(|()| handshake.cipher),
        }
    }

    fn entry<'a>(&'a self, handshake: Option<&'a Handshake>) -> Tls<'a> {
        let Some(handshake) = handshake else {
            return Tls::default();
        };
        let known = !handshake.peer.is_empty();
        Tls {
            spoken: true,
            certified: known && !handshake.resumed,
            known,
            verdict: handshake.verdict.last,
            version: Some(handshake.version.as_bytes()),
            common_name: self.common_name.as_deref(),
            key: self.key.as_deref().map(str::as_bytes),
            signature: self.signature.map(str::as_bytes),
            cipher: self.cipher.map(str::as_bytes),
        }
    }
}
