//! The handshakes of TLS on a connected socket: a ClientHello read, and the rest of it gone through.

use std::io::{self, Write};
use std::task::{Context, Poll, ready};

use rustls::PeerIncompatible;
use rustls::server::{Accepted, Acceptor};

use super::secure::{Raw, Tee};
use super::socket::Socket;

/// What only clients of versions before TLS 1.2 leave out, as good as all of them.
const OLDER: rustls::Error =
    rustls::Error::PeerIncompatible(PeerIncompatible::SignatureAlgorithmsExtensionRequired);
/// The type of record that a connection begins with (RFC 8446 5.1).
const HANDSHAKE: u8 = 22;
/// The alert for them (RFC 5246 7.2).
const PROTOCOL_VERSION: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];

impl Socket {
    /// Reads a ClientHello. What comes is put to `seen` too, for whoever wants to know what rustls does not tell.
    pub fn poll_hello(
        &self,
        cx: &mut Context<'_>,
        acceptor: &mut Acceptor,
        seen: &mut Vec<u8>,
    ) -> Poll<Result<Accepted, Unsecured>> {
        loop {
            let read = self.poll_take(cx, || {
                acceptor.read_tls(&mut Tee(Raw(&self.io), &mut *seen))
            });
            let read = ready!(read).map_err(Unsecured::Io)?;
            match acceptor.accept() {
                Ok(Some(accepted)) => return Poll::Ready(Ok(accepted)),
                Ok(None) if read == 0 => return Poll::Ready(Err(Unsecured::Closed)),
                Ok(None) => {}
                Err((error, mut alert)) => {
                    let _ = match error {
                        // What does not even look like TLS gets no alert.
                        _ if seen.first() != Some(&HANDSHAKE) => Ok(()),
                        OLDER => Raw(&self.io).write_all(&PROTOCOL_VERSION),
                        _ => alert.write_all(&mut Raw(&self.io)),
                    };
                    return Poll::Ready(Err(Unsecured::Tls(error)));
                }
            }
        }
    }

    /// Goes through the handshake of the session that [`Self::begin_tls`] put on it, as far as it has to be before data
    /// can be read.
    pub fn poll_handshake(&self, cx: &mut Context<'_>) -> Poll<Result<(), Unsecured>> {
        match &self.secure {
            Some(secure) if secure.handshaking() && secure.usable() => Poll::Ready(Ok(())),
            _ => self.poll_settled(cx),
        }
    }

    /// Goes through the handshake to its end, whatever may have come before.
    pub fn poll_settled(&self, cx: &mut Context<'_>) -> Poll<Result<(), Unsecured>> {
        let Some(secure) = &self.secure else {
            return Poll::Ready(Ok(()));
        };
        loop {
            // A request that came along is answered soon, with what is left to say.
            let done = !secure.handshaking();
            if !(done && secure.answerable()) {
                ready!(self.poll_send(cx, || secure.flush(&self.io))).map_err(Unsecured::Io)?;
            }
            if done {
                return Poll::Ready(Ok(()));
            }
            let stepped = ready!(self.poll_take(cx, || secure.step(&self.io)));
            match stepped {
                Ok(true) => {}
                Ok(false) => return Poll::Ready(Err(Unsecured::Closed)),
                Err(error) => {
                    // Why, for the peer.
                    let _ = secure.flush(&self.io);
                    return Poll::Ready(Err(Unsecured::from(error)));
                }
            }
        }
    }
}

/// Why a handshake did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum Unsecured {
    /// The peer closed the connection.
    #[error("Connection closed during SSL handshake")]
    Closed,
    /// The socket failed.
    #[error("{0}")]
    Io(io::Error),
    /// What came is not TLS, or TLS that nothing can be agreed on with.
    #[error("{0}")]
    Tls(rustls::Error),
}

impl From<io::Error> for Unsecured {
    fn from(error: io::Error) -> Self {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match inner.cloned() {
            Some(tls) => Self::Tls(tls),
            None => Self::Io(error),
        }
    }
}
