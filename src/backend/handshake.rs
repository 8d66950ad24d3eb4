//! What a TLS session came to, for the language (manual 7.3.4).

use rustls::{Connection, HandshakeKind};

use crate::sample::Handshake;
use crate::tls::agreed;

/// What bytes that are one connection's alone are made with (RFC 9266).
const UNIQUE: &[u8] = b"EXPORTER-Channel-Binding";

/// Writes what a session agreed on, and who the other side is, to the facts known already.
pub fn handshake_facts(session: &mut Connection, facts: &mut Handshake) {
    let agreed = agreed(session);
    facts.version = agreed.version;
    facts.cipher = agreed.cipher;
    facts.key_bits = agreed.key_bits;
    facts.alpn = session.alpn_protocol().map(Box::from);
    facts.resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
    let peer = session.peer_certificates().unwrap_or_default();
    facts.peer = peer.iter().map(|der| Box::from(der.as_ref())).collect();
    let unique = session.export_keying_material([0; 32], UNIQUE, None);
    facts.unique = unique.ok().map(Box::new);
}
