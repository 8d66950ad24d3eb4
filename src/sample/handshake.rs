//! What a TLS handshake came to, as the language sees it (manual 7.3.4).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What a handshake came to, with a client or with a server.
#[derive(Debug, Clone, Default)]
pub struct Handshake {
    /// The protocol's version: `TLSv1.3`.
    pub version: &'static str,
    /// The cipher suite, by OpenSSL's name.
    pub cipher: &'static str,
    /// The size of its key, bits.
    pub key_bits: u16,
    /// The name the client asked for.
    pub sni: Option<Box<str>>,
    /// The protocol agreed on by ALPN.
    pub alpn: Option<Box<[u8]>>,
    /// It went on from an earlier session.
    pub resumed: bool,
    /// Data came with the client's first flight; true in there until the handshake is complete.
    pub early: Option<Arc<AtomicBool>>,
    /// The other side's certificate and those above it, DER.
    pub peer: Vec<Box<[u8]>>,
    /// Our own certificate, DER, where it is known.
    pub own: Option<Arc<[u8]>>,
    /// How the peer's certificate was judged.
    pub verdict: Verdict,
    /// Why it failed, as OpenSSL numbers and names it; 0 if it did not.
    pub error: (u32, &'static str),
    /// Bytes that are this connection's alone on both sides (RFC 9266).
    pub unique: Option<Box<[u8; 32]>>,
    /// The random bytes of both hellos.
    pub randoms: [Option<Box<[u8; 32]>>; 2],
    /// The session's id in the server's hello.
    pub session_id: Box<[u8]>,
    /// What the ClientHello offered, if it is kept (`tune.ssl.capture-buffer-size`).
    pub hello: Option<Box<Hello>>,
    /// Secrets by their names in key logs, if they are kept (`tune.ssl.keylog`).
    pub secrets: Vec<(Box<str>, Box<[u8]>)>,
}

impl Handshake {
    /// Whether what has come so far may be somebody's copy of what another connection said: the handshake is not complete.
    pub fn is_early(&self) -> bool {
        self.early.as_ref().is_some_and(|early| early.load(Relaxed))
    }
}

/// How a certificate was judged, in OpenSSL's numbers; all 0 if nothing is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// The last error.
    pub last: u8,
    /// The first error of the certificate itself.
    pub own: u8,
    /// The first error of one above it.
    pub above: u8,
    /// Where that one stands; 1 is the issuer.
    pub depth: u8,
}

/// What a ClientHello offers.
#[derive(Debug, Clone, Default)]
pub struct Hello {
    /// The version it names first (771 is TLS 1.2, and what newer ones say too).
    pub version: u16,
    /// The hash of all its cipher suites.
    pub hash: u64,
    /// Its cipher suites, as far as they are kept.
    pub ciphers: Box<[u8]>,
    /// The numbers of its extensions.
    pub extensions: Box<[u8]>,
    /// Its groups.
    pub groups: Box<[u8]>,
    /// Its point formats.
    pub formats: Box<[u8]>,
}
