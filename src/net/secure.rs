//! TLS on a connected socket: a rustls session driven by the same reads and writes that try before they wait.
//!
//! [`super::Stream`] holds one once a handshake has begun and passes reads and writes through it. Knows nothing of
//! certificates, names or configuration: who makes the session decides on those.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags, recv, send, sendmsg};
use rustls::{Connection, ServerConnection};

use super::socket::retry;
use crate::state::Counted;

/// What is read from the kernel at once: several records.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    /// Ciphertext passes through here on its way into a session; nothing stays.
    static SCRATCH_BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A TLS session on a socket.
#[derive(Debug)]
pub struct Secure {
    session: RefCell<Connection>,
    /// Ciphertext that came and did not fit the session yet, and where it starts.
    held: RefCell<(Vec<u8>, usize)>,
    /// Bytes encrypted and not yet reported as written: the ciphertext has not left altogether.
    owed: Cell<usize>,
    /// The last read from the kernel took all there was.
    drained: Cell<bool>,
    /// The farewell was sent, or none is to be.
    parted: Cell<bool>,
    /// What came before the handshake was complete, where that was accepted.
    early: Option<Box<Early>>,
    /// Its place among the process's TLS connections.
    _counted: Option<Counted>,
}

/// Data of a client's first flight (RFC 8446 2.3). It is bounded by what the session allows.
#[derive(Debug, Default)]
struct Early {
    /// It, and how much of it was read.
    data: RefCell<(Vec<u8>, usize)>,
    /// True until the handshake is complete.
    pending: Arc<AtomicBool>,
}

impl Early {
    /// Where the session has accepted such data.
    fn of(session: &mut ServerConnection) -> Option<Box<Self>> {
        session.early_data()?;
        let early = Box::<Self>::default();
        early.pending.store(true, Relaxed);
        // Some of it may have come with the ClientHello. What is wrong with it shows with the next bytes.
        let _ = session.process_new_packets();
        early.collect(session);
        Some(early)
    }

    fn is_empty(&self) -> bool {
        let data = self.data.borrow();
        data.1 >= data.0.len()
    }

    /// Takes over what the session has.
    fn collect(&self, session: &mut ServerConnection) {
        if !self.pending.load(Relaxed) {
            return;
        }
        if let Some(mut reader) = session.early_data() {
            // It is in memory: nothing can go wrong.
            let _ = reader.read_to_end(&mut self.data.borrow_mut().0);
        }
        self.pending.store(session.is_handshaking(), Relaxed);
    }

    /// Hands it to `take`; `None` if there is none.
    fn read(&self, take: &mut impl FnMut(&[u8]) -> usize) -> Option<usize> {
        let mut data = self.data.borrow_mut();
        let (bytes, at) = &mut *data;
        let rest = bytes.get(*at..).filter(|rest| !rest.is_empty())?;
        let taken = take(rest).min(rest.len());
        *at += taken;
        if *at == bytes.len() {
            *data = (Vec::new(), 0);
        }
        Some(taken)
    }
}

impl Secure {
    /// A session that is about to begin, or to go on with a ClientHello read already.
    pub fn new(session: Connection, counted: Option<Counted>) -> Self {
        let mut session = session;
        let early = match &mut session {
            Connection::Server(server) => Early::of(server),
            Connection::Client(_) => None,
        };
        Self {
            early,
            session: RefCell::new(session),
            held: RefCell::default(),
            owed: Cell::new(0),
            drained: Cell::new(false),
            parted: Cell::new(false),
            _counted: counted,
        }
    }

    /// Looks at the session.
    pub fn with<T>(&self, look: impl FnOnce(&mut Connection) -> T) -> T {
        look(&mut self.session.borrow_mut())
    }

    /// True while the handshake is not complete.
    pub fn handshaking(&self) -> bool {
        self.session.borrow().is_handshaking()
    }

    /// Whether a read gives something without asking the kernel: data, or the end.
    pub fn buffered(&self) -> bool {
        if self.held.borrow().0.len() > self.held.borrow().1 {
            return true;
        }
        if self.has_early() {
            return true;
        }
        let mut session = self.session.borrow_mut();
        match session.reader().fill_buf() {
            Ok(_) => true,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }

    /// Data of the first flight waits to be read.
    fn has_early(&self) -> bool {
        self.early.as_ref().is_some_and(|early| !early.is_empty())
    }

    /// Whether data of the first flight was accepted: true in there as long as the handshake is not complete.
    pub fn early(&self) -> Option<&Arc<AtomicBool>> {
        self.early.as_ref().map(|early| &early.pending)
    }

    /// Whether what comes may be read, and answered: the handshake is complete, or need not be.
    pub fn usable(&self) -> bool {
        self.early.is_some() || !self.handshaking()
    }

    /// Whether the kernel has no more, as far as the last read could tell.
    pub fn drained(&self) -> bool {
        self.drained.get()
    }

    /// Hands decrypted bytes to `take`, which says how many it took. 0 is the end.
    ///
    /// # Errors
    /// `WouldBlock` where nothing has come, the socket's error, or `InvalidData` for what is not TLS.
    pub fn read(&self, fd: &impl AsFd, mut take: impl FnMut(&[u8]) -> usize) -> io::Result<usize> {
        loop {
            if let Some(read) = self.decrypted(&mut take)? {
                return Ok(read);
            }
            if !self.feed_held()? {
                self.receive(fd)?;
            }
        }
    }

    /// What the session has decrypted; `None` if that is nothing yet.
    fn decrypted(&self, take: &mut impl FnMut(&[u8]) -> usize) -> io::Result<Option<usize>> {
        if let Some(read) = self.early.as_ref().and_then(|early| early.read(take)) {
            return Ok(Some(read));
        }
        let mut session = self.session.borrow_mut();
        let mut reader = session.reader();
        let mut total = 0;
        loop {
            let chunk = match reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok((total > 0).then_some(total));
                }
                // The peer closed without saying so; HAProxy takes that for the end too.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Ok(Some(total));
                }
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                return Ok(Some(total));
            }
            let size = chunk.len();
            let taken = take(chunk).min(size);
            reader.consume(taken);
            total += taken;
            if taken < size {
                return Ok(Some(total));
            }
        }
    }

    /// Gives the session what was held back. False if there is nothing.
    fn feed_held(&self) -> io::Result<bool> {
        let (bytes, at) = std::mem::take(&mut *self.held.borrow_mut());
        let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) else {
            return Ok(false);
        };
        let fed = self.feed(rest)?;
        if at + fed < bytes.len() {
            *self.held.borrow_mut() = (bytes, at + fed);
        }
        Ok(true)
    }

    /// Asks the kernel for more and gives it to the session.
    fn receive(&self, fd: &impl AsFd) -> io::Result<()> {
        SCRATCH_BUFFER.with_borrow_mut(|scratch| {
            scratch.resize(SCRATCH, 0);
            let n = retry(|| recv(fd, &mut scratch[..], RecvFlags::empty()).map(|(n, _)| n))?;
            self.drained.set(n < SCRATCH);
            let came = scratch.get(..n).unwrap_or_default();
            if came.is_empty() {
                self.session.borrow_mut().read_tls(&mut io::empty())?;
                return Ok(());
            }
            let fed = self.feed(came).inspect_err(|_| {
                // Why, for the peer.
                let _ = self.flush(fd);
            })?;
            if fed < n {
                let rest = came.get(fed..).unwrap_or_default().to_vec();
                *self.held.borrow_mut() = (rest, 0);
            }
            // What the protocol wants said (session tickets, an answer to a key update) goes with the next write where
            // data has come that will be answered.
            if !self.answerable() {
                let _ = self.flush(fd);
            }
            Ok(())
        })
    }

    /// Whether a client's data is there: what is written in answer takes along what the session itself has to say.
    pub fn answerable(&self) -> bool {
        if self.has_early() {
            return true;
        }
        match &mut *self.session.borrow_mut() {
            Connection::Client(_) => false,
            Connection::Server(session) => {
                let mut reader = session.reader();
                reader.fill_buf().is_ok_and(|data| !data.is_empty())
            }
        }
    }

    /// A step of the handshake: takes in what has come. False at the end of the connection.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub fn step(&self, fd: &impl AsFd) -> io::Result<bool> {
        self.receive(fd)?;
        Ok(!self.handshaking() || !self.ended())
    }

    /// Feeds ciphertext until all is taken or decrypted bytes wait to be read.
    fn feed(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut session = self.session.borrow_mut();
        let mut rest = bytes;
        while !rest.is_empty() {
            if session.read_tls(&mut rest)? == 0 {
                break;
            }
            let state = session.process_new_packets().map_err(|error| {
                self.forget_farewell();
                io::Error::new(io::ErrorKind::InvalidData, error)
            })?;
            let full = state.plaintext_bytes_to_read() >= SCRATCH / 4;
            if let (Some(early), Connection::Server(server)) = (&self.early, &mut *session) {
                early.collect(server);
            }
            if full {
                break;
            }
        }
        Ok(bytes.len() - rest.len())
    }

    /// Encrypts and writes. The count is given once all of its ciphertext has left; until then the caller comes
    /// back with the same bytes.
    ///
    /// # Errors
    /// `WouldBlock` where the kernel takes no more, else the socket's error.
    pub fn write(&self, fd: &impl AsFd, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.owed.get() == 0 {
            let mut session = self.session.borrow_mut();
            let encrypted = session.writer().write_vectored(pieces)?;
            self.owed.set(encrypted);
        }
        self.flush(fd)?;
        Ok(self.owed.take())
    }

    /// Writes what the session has to say.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn flush(&self, fd: &impl AsFd) -> io::Result<()> {
        let mut session = self.session.borrow_mut();
        while session.wants_write() {
            if session.write_tls(&mut Raw(fd))? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Says once that nothing more will come (close_notify), as far as the kernel takes it. A session that failed, or
    /// never began, has nothing to say.
    pub fn close(&self, fd: &impl AsFd) {
        if !self.parted.replace(true) && self.usable() {
            if self.handshaking() {
                // The end of the handshake may be here: what nobody has read would undo what was written.
                let _ = self.receive(fd);
            }
            self.session.borrow_mut().send_close_notify();
            let _ = self.flush(fd);
        }
    }

    /// The connection is to end without a farewell.
    pub fn forget_farewell(&self) {
        self.parted.set(true);
    }

    /// Takes in what has come for the session itself. Answers as [`super::Stream::noticed`].
    pub fn noticed(&self, fd: &impl AsFd) -> Option<usize> {
        loop {
            if self.buffered() {
                return Some(usize::from(!self.ended()));
            }
            match self.receive(fd) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(_) => return Some(0),
            }
        }
    }

    fn ended(&self) -> bool {
        if self.has_early() {
            return false;
        }
        let mut session = self.session.borrow_mut();
        match session.reader().fill_buf() {
            Ok(chunk) => chunk.is_empty(),
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}

/// The socket as rustls writes to it and the handshake's reader reads from it.
pub struct Raw<'f, F>(pub &'f F);

impl<F: AsFd> Read for Raw<'_, F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(retry(|| {
            recv(self.0, &mut *buf, RecvFlags::empty()).map(|(n, _)| n)
        })?)
    }
}

impl<F: AsFd> Write for Raw<'_, F> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(retry(|| send(self.0, buf, SendFlags::NOSIGNAL))?)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(retry(|| {
            let mut none = SendAncillaryBuffer::default();
            sendmsg(self.0, bufs, &mut none, SendFlags::NOSIGNAL)
        })?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A reader that puts what it reads aside as well.
pub(super) struct Tee<'s, R>(pub R, pub &'s mut Vec<u8>);

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(buf)?;
        self.1.extend_from_slice(buf.get(..n).unwrap_or_default());
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    use rustls::pki_types::{PrivateKeyDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig};

    use super::super::{Stream, Unsecured};

    fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
        let made = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let client = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        (Arc::new(server), Arc::new(client))
    }

    /// A server's end that has only its socket yet, and a client's that is about to begin.
    fn pair(name: &str) -> (Stream, Stream, Arc<ServerConfig>) {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let near = Stream::new(ours.into()).unwrap();
        let mut far = Stream::new(theirs.into()).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        far.begin_tls(ClientConnection::new(client, name).unwrap().into(), None);
        (near, far, server)
    }

    async fn accept(stream: &mut Stream, config: Arc<ServerConfig>) -> Result<(), Unsecured> {
        let mut acceptor = rustls::server::Acceptor::default();
        let accepted = poll_fn(|cx| stream.poll_hello(cx, &mut acceptor, &mut Vec::new())).await?;
        let session = accepted.into_connection(config).map_err(|(error, _)| error);
        stream.begin_tls(session.map_err(Unsecured::Tls)?.into(), None);
        poll_fn(|cx| stream.poll_handshake(cx)).await
    }

    /// Both ends after their handshake.
    async fn connected() -> (Stream, Stream) {
        let (mut near, far, config) = pair("a.test");
        let accepting = accept(&mut near, config);
        let (accepted, connected) = tokio::join!(accepting, poll_fn(|cx| far.poll_handshake(cx)));
        accepted.unwrap();
        connected.unwrap();
        (near, far)
    }

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(test);
    }

    #[test]
    fn all_bytes_come_through_both_ways_and_the_end_after_them() {
        run(async {
            let (near, far) = connected().await;
            for (from, to, room) in [(&near, &far, 1_000), (&far, &near, 100_000)] {
                let sent: Vec<u8> = (0..700_000u32).map(|n| (n / 7) as u8).collect();
                let writing = async {
                    from.write_all(&sent).await.unwrap();
                    from.shutdown_write().unwrap();
                };
                let reading = async {
                    let mut got = Vec::new();
                    loop {
                        let mut part = Vec::with_capacity(room);
                        if to.append(&mut part).await.unwrap() == 0 {
                            return got;
                        }
                        got.extend_from_slice(&part);
                    }
                };
                let ((), got) = tokio::join!(writing, reading);
                assert!(got == sent, "{} bytes came", got.len());
            }
        });
    }

    #[test]
    fn a_quiet_session_is_not_noticed_even_after_tickets_and_an_ended_one_is() {
        run(async {
            let (near, far) = connected().await;
            // The server's session tickets wait to be read.
            poll_fn(|cx| far.poll_readable(cx)).await.unwrap();
            assert_eq!(far.noticed(), None);
            drop(near);
            poll_fn(|cx| far.poll_readable(cx)).await.unwrap();
            assert_eq!(far.noticed(), Some(0));
        });
    }

    #[test]
    fn who_leaves_says_so_but_for_a_reset() {
        for silent in [false, true] {
            run(async {
                let (near, far) = connected().await;
                if silent {
                    near.set_reset_on_close();
                }
                drop(near);
                assert_eq!(far.append(&mut Vec::with_capacity(1)).await.unwrap(), 0);
                let said = far
                    .secure()
                    .unwrap()
                    .with(|session| session.process_new_packets().unwrap());
                assert_eq!(said.peer_has_closed(), !silent);
            });
        }
    }

    #[test]
    fn a_peer_that_does_not_speak_tls_or_leaves_is_told_apart() {
        run(async {
            for (bytes, left) in [(&b"GET / HTTP/1.1\r\n\r\n"[..], false), (b"", true)] {
                let (server, _) = configs();
                let (ours, theirs) = UnixStream::pair().unwrap();
                ours.set_nonblocking(true).unwrap();
                let mut near = Stream::new(ours.into()).unwrap();
                std::io::Write::write_all(&mut &theirs, bytes).unwrap();
                theirs.shutdown(std::net::Shutdown::Write).unwrap();
                let failed = accept(&mut near, server).await.unwrap_err();
                assert_eq!(matches!(failed, Unsecured::Closed), left, "{failed:?}");
                assert_eq!(matches!(failed, Unsecured::Tls(_)), !left, "{failed:?}");
            }
        });
    }

    #[test]
    fn a_name_that_the_certificate_does_not_hold_is_refused_by_the_client() {
        run(async {
            let (mut near, far, config) = pair("b.test");
            let (accepted, connected) = tokio::join!(
                accept(&mut near, config),
                poll_fn(|cx| far.poll_handshake(cx))
            );
            assert!(matches!(connected, Err(Unsecured::Tls(_))), "{connected:?}");
            assert!(accepted.is_err());
        });
    }
}
