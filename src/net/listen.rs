//! Listening sockets: made from a `bind` address, and accepted from.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::unix::AsyncFd;

use crate::settings::{Bind, Endpoint, Family, Host};

use super::Stream;
use super::fd::{self, Extra};

/// HAProxy asks the kernel to hold a silent connection back for this long.
const DEFER_SECONDS: i32 = 1;

/// What a listener takes from its proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Length of the accept queue.
    pub backlog: u32,
    /// `option clitcpka`, and its `cnt`, `idle`, `intvl`.
    pub keepalive: Option<[Option<u32>; 3]>,
    /// `tune.rcvbuf.client` and `tune.sndbuf.client`, 0: the system's.
    pub buffers: (usize, usize),
    /// `noreuseport`: nobody else may listen on the same address; one socket serves all workers.
    pub exclusive: bool,
    /// `option tcp-smart-accept`: no acknowledgement of its own for a request that is answered at once.
    pub lazy_ack: bool,
}

/// Why a listener could not be opened. The words are HAProxy's.
#[derive(Debug, thiserror::Error)]
#[error("{what} ({cause}){place}")]
pub struct ListenError {
    /// What failed: `cannot bind socket`.
    pub what: String,
    /// Why, in the system's words without its number.
    pub cause: String,
    /// Where: ` for [address:port]`, ` [path]`, or nothing.
    pub place: String,
}

impl ListenError {
    fn new(what: &str, error: impl Into<io::Error>) -> Self {
        Self {
            what: what.to_owned(),
            cause: words(&error.into()),
            place: String::new(),
        }
    }

    fn at(self, place: String) -> Self {
        Self { place, ..self }
    }
}

/// An address as HAProxy shows it: IPv6 without brackets of its own.
fn shown(address: SocketAddr) -> String {
    format!(" for [{}:{}]", address.ip(), address.port())
}

/// The system's words for an error, without the number that Rust adds.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text.get(..at).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// The listening sockets of one address.
#[derive(Debug)]
pub struct Opened {
    /// One for each of the workers, or a single one for all of them.
    pub sockets: Vec<Arc<OwnedFd>>,
    /// The address, where clients cannot reach another: saves asking for each connection.
    pub address: Option<SocketAddr>,
    /// Options that could not be had; the listener works without.
    pub warnings: Vec<String>,
}

/// Opens a listener. IP sockets are opened once per worker, so that the kernel shares connections out.
///
/// # Errors
/// What failed and why.
pub fn open(bind: &Bind, options: Options, workers: usize) -> Result<Opened, ListenError> {
    match &bind.endpoint {
        Some(Endpoint::Tcp {
            host, family, port, ..
        }) => {
            let address = SocketAddr::new(listen_ip(host, *family)?, *port);
            open_tcp(bind, options, address, workers.max(1))
        }
        Some(Endpoint::Unix(path)) => {
            let place = format!(" [{path}]");
            single(open_unix(bind, path, options).map_err(|error| error.at(place))?)
        }
        Some(Endpoint::Abstract(name)) => {
            let address = abstract_address(name)
                .map_err(|error| ListenError::new("cannot bind UNIX socket", error))?;
            single(listen_unix(&address, options)?)
        }
        Some(Endpoint::Fd(number)) => single(open_inherited(*number)?),
        Some(Endpoint::SockPair(number)) => Err(ListenError {
            what: format!("cannot listen on 'sockpair@{number}'"),
            cause: "socket pairs are not supported yet".into(),
            place: String::new(),
        }),
        None => Err(ListenError {
            what: "cannot bind socket".into(),
            cause: "no address".into(),
            place: String::new(),
        }),
    }
}

fn single(socket: OwnedFd) -> Result<Opened, ListenError> {
    Ok(Opened {
        sockets: vec![Arc::new(socket)],
        address: None,
        warnings: Vec::new(),
    })
}

fn listen_ip(host: &Host, family: Family) -> Result<IpAddr, ListenError> {
    match (host, family) {
        (Host::Ip(ip), _) => Ok(*ip),
        (Host::Wildcard, Family::V6) => Ok(Ipv6Addr::UNSPECIFIED.into()),
        (Host::Wildcard, _) => Ok(Ipv4Addr::UNSPECIFIED.into()),
        (Host::Name(name), _) => super::resolve(name, family)
            .map_err(|error| ListenError::new(&format!("invalid address: '{name}'"), error)),
    }
}

fn open_tcp(
    bind: &Bind,
    options: Options,
    address: SocketAddr,
    workers: usize,
) -> Result<Opened, ListenError> {
    let mut warnings = Vec::new();
    let mut sockets = Vec::with_capacity(workers);
    let count = if options.exclusive { 1 } else { workers };
    for _ in 0..count {
        warnings.clear();
        let socket = tcp_socket(bind, options, address, &mut warnings)
            .map_err(|error| error.at(shown(address)))?;
        sockets.push(Arc::new(socket));
    }
    let certain = !address.ip().is_unspecified() && !bind.transparent && address.port() != 0;
    Ok(Opened {
        sockets,
        address: certain.then_some(address),
        warnings,
    })
}

fn tcp_socket(
    bind: &Bind,
    options: Options,
    address: SocketAddr,
    warnings: &mut Vec<String>,
) -> Result<OwnedFd, ListenError> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))
        .map_err(|error| ListenError::new("cannot create receiving socket", error))?;
    let mut try_set = |what: &str, done: io::Result<()>| {
        if let Err(error) = done {
            warnings.push(format!("{what} ({}){}", words(&error), shown(address)));
        }
    };
    let _ = socket.set_reuse_address(true);
    let _ = socket.set_reuse_port(!options.exclusive);
    // Inherited by accepted sockets: saves a call for each.
    let _ = socket.set_tcp_nodelay(true);
    if options.lazy_ack {
        let _ = sockopt::set_tcp_quickack(&socket, false);
    }
    set_keepalive(&socket, options.keepalive);
    set_buffers(&socket, options.buffers);
    if let Some(interface) = &bind.interface {
        try_set(
            &format!("cannot bind receiver to device '{interface}'"),
            socket.bind_device(Some(interface.as_bytes())),
        );
    }
    if bind.transparent {
        let done = match address {
            SocketAddr::V4(_) => socket.set_ip_transparent_v4(true),
            SocketAddr::V6(_) => socket.set_ip_transparent_v6(true),
        };
        try_set("cannot make receiving socket transparent", done);
    }
    if address.is_ipv6() && (bind.v6only || bind.v4v6) {
        try_set(
            "cannot set the socket's IPv6 mode",
            socket.set_only_v6(bind.v6only),
        );
    }
    if let Some(mss) = bind.mss {
        // A negative value means relative to the default, which only the connection knows.
        try_set("cannot set MSS", socket.set_tcp_mss(mss.unsigned_abs()));
    }
    if let Some(ms) = bind.tcp_user_timeout {
        let timeout = Some(Duration::from_millis(ms.into()));
        try_set(
            "cannot set TCP User Timeout",
            socket.set_tcp_user_timeout(timeout),
        );
    }
    if bind.defer_accept {
        try_set(
            "cannot enable DEFER_ACCEPT",
            fd::set_extra(&socket, Extra::DeferAccept(DEFER_SECONDS)),
        );
    }
    if bind.tcp_fast_open {
        let queue = i32::try_from(options.backlog).unwrap_or(i32::MAX);
        try_set(
            "cannot enable TCP_FASTOPEN",
            fd::set_extra(&socket, Extra::FastOpen(queue)),
        );
    }
    socket
        .bind(&address.into())
        .map_err(|error| ListenError::new("cannot bind socket", error))?;
    socket
        .listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))
        .map_err(|error| ListenError::new("cannot listen to socket", error))?;
    Ok(socket.into())
}

fn set_keepalive(socket: &Socket, keepalive: Option<[Option<u32>; 3]>) {
    let Some([count, idle, interval]) = keepalive else {
        return;
    };
    let seconds = |n: u32| Duration::from_secs(n.into());
    let _ = socket.set_keepalive(true);
    if let Some(count) = count {
        let _ = sockopt::set_tcp_keepcnt(socket, count);
    }
    if let Some(idle) = idle {
        let _ = sockopt::set_tcp_keepidle(socket, seconds(idle));
    }
    if let Some(interval) = interval {
        let _ = sockopt::set_tcp_keepintvl(socket, seconds(interval));
    }
}

fn set_buffers(socket: &Socket, (receive, send): (usize, usize)) {
    if receive > 0 {
        let _ = socket.set_recv_buffer_size(receive);
    }
    if send > 0 {
        let _ = socket.set_send_buffer_size(send);
    }
}

/// Abstract names fill the whole address with zeros, as HAProxy's `abns@` does.
pub(super) fn abstract_address(name: &str) -> Result<SocketAddrUnix, Errno> {
    let mut whole = [0u8; 107];
    let bytes = name.as_bytes();
    let room = whole.get_mut(..bytes.len()).ok_or(Errno::NAMETOOLONG)?;
    room.copy_from_slice(bytes);
    SocketAddrUnix::new_abstract_name(&whole)
}

/// Binds under another name and renames, so that the path is never without a listener and a failure
/// leaves the old one in place.
fn open_unix(bind: &Bind, path: &str, options: Options) -> Result<OwnedFd, ListenError> {
    let failed = |error: io::Error| ListenError::new("cannot bind UNIX socket", error);
    let temporary = format!("{path}.{}.tmp", std::process::id());
    let _ = std::fs::remove_file(&temporary);
    let address =
        SocketAddrUnix::new(temporary.as_bytes()).map_err(|error| failed(error.into()))?;
    let socket = listen_unix(&address, options)?;
    let finish = || -> io::Result<()> {
        set_owner(Path::new(&temporary), bind.owner)?;
        std::fs::rename(&temporary, path)
    };
    finish().map_err(|error| {
        let _ = std::fs::remove_file(&temporary);
        ListenError::new("cannot switch final and temporary UNIX sockets", error)
    })?;
    Ok(socket)
}

fn set_owner(path: &Path, owner: (Option<u32>, Option<u32>, Option<u32>)) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let (uid, gid, mode) = owner;
    if uid.is_some() || gid.is_some() {
        std::os::unix::fs::chown(path, uid, gid)?;
    }
    if let Some(mode) = mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn listen_unix(address: &SocketAddrUnix, options: Options) -> Result<OwnedFd, ListenError> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let family = rustix::net::AddressFamily::UNIX;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)
        .map_err(|error| ListenError::new("cannot create receiving socket", error))?;
    rustix::net::bind(&socket, address)
        .map_err(|error| ListenError::new("cannot bind UNIX socket", error))?;
    rustix::net::listen(&socket, i32::try_from(options.backlog).unwrap_or(i32::MAX))
        .map_err(|error| ListenError::new("cannot listen to socket", error))?;
    Ok(socket)
}

fn open_inherited(number: i32) -> Result<OwnedFd, ListenError> {
    let failed = |error| {
        let what = format!("cannot use file descriptor '{number}'");
        ListenError::new(&what, error)
    };
    let socket = fd::adopt(number).map_err(failed)?;
    rustix::io::ioctl_fionbio(&socket, true).map_err(|error| failed(error.into()))?;
    if !sockopt::socket_acceptconn(&socket).unwrap_or(false) {
        rustix::net::listen(&socket, 1024).map_err(|error| failed(error.into()))?;
    }
    let _ = sockopt::set_tcp_nodelay(&socket, true);
    Ok(socket)
}

/// A listening socket watched by one worker.
#[derive(Debug)]
pub struct Listener {
    io: AsyncFd<Arc<OwnedFd>>,
}

impl Listener {
    /// Watches a listening socket in the current runtime.
    ///
    /// # Errors
    /// Registering it failed.
    pub fn new(socket: Arc<OwnedFd>) -> io::Result<Self> {
        Ok(Self {
            io: fd::watch_listener(socket)?,
        })
    }

    /// Ready when there may be a connection to accept.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_read_ready(cx).map_ok(|_| ())
    }

    /// Accepts a connection if there is one, with the client's address where it is an IP address.
    ///
    /// # Errors
    /// Descriptors or memory ran out.
    pub fn accept(&self) -> io::Result<Option<(Stream, Option<SocketAddr>)>> {
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(ready) = self.io.poll_read_ready(&mut cx) else {
            return Ok(None);
        };
        let mut ready = ready?;
        let accepted = accept_from(self.io.get_ref())?;
        if accepted.is_none() {
            ready.clear_ready();
        }
        Ok(accepted)
    }
}

/// Accepts a connection that is there already, whatever the runtime knows of it.
///
/// # Errors
/// Descriptors or memory ran out.
pub fn accept_from(socket: impl AsFd) -> io::Result<Option<(Stream, Option<SocketAddr>)>> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    loop {
        match rustix::net::acceptfrom_with(&socket, flags) {
            Ok((socket, peer)) => {
                let stream = Stream::new(socket)?;
                return Ok(Some((stream, peer.and_then(ip_address))));
            }
            Err(Errno::AGAIN) => return Ok(None),
            Err(Errno::INTR | Errno::CONNABORTED) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The address that a client of this connection asked for, where it is an IP address.
pub fn local_address(socket: impl AsFd) -> Option<SocketAddr> {
    rustix::net::getsockname(socket).ok().and_then(ip_address)
}

fn ip_address(any: SocketAddrAny) -> Option<SocketAddr> {
    SocketAddr::try_from(any).ok()
}
