//! Connecting to servers.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

use super::fd::{self, Extra};
use super::{Stream, listen};

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An IP address and port.
    Ip(SocketAddr),
    /// A unix socket's path.
    Unix(Box<str>),
    /// An abstract unix socket's name.
    Abstract(Box<str>),
}

/// How to connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Local address to connect from; port 0 for any.
    pub source: Option<SocketAddr>,
    /// Local interface to connect from.
    pub interface: Option<Box<str>>,
    /// `tcp-ut`, milliseconds.
    pub user_timeout: Option<u32>,
    /// `option srvtcpka`, and its `cnt`, `idle`, `intvl`.
    pub keepalive: Option<[Option<u32>; 3]>,
    /// `tfo`.
    pub fast_open: bool,
    /// `tune.rcvbuf.server` and `tune.sndbuf.server`, 0: the system's.
    pub buffers: (usize, usize),
    /// The mark and the TOS byte of its packets.
    pub packets: (Option<u32>, Option<u8>),
    /// `option tcp-smart-connect`: the handshake's acknowledgement goes with the first data.
    pub lazy_ack: bool,
}

/// Why there is no connection.
#[derive(Debug)]
pub struct Failure {
    /// What the system says.
    pub error: io::Error,
    /// It does not let us connect from the local address.
    pub of_source: bool,
}

impl<E: Into<io::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            error: error.into(),
            of_source: false,
        }
    }
}

/// Connects. Has no timeout of its own; dropping it closes the socket.
///
/// # Errors
/// The system's.
pub async fn connect(target: &Target, options: &Options) -> Result<Stream, Failure> {
    let stream = match target {
        Target::Ip(address) => start_ip(*address, options)?,
        Target::Unix(path) => start_unix(&SocketAddrUnix::new(path.as_bytes())?)?,
        Target::Abstract(name) => start_unix(&listen::abstract_address(name)?)?,
    };
    let (stream, done) = stream;
    if !done {
        poll_fn(|cx| stream.poll_writable(cx)).await?;
        if let Some(error) = stream.take_error() {
            return Err(error.into());
        }
    }
    Ok(stream)
}

const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

fn start_ip(address: SocketAddr, options: &Options) -> Result<(Stream, bool), Failure> {
    let family = match address {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = rustix::net::socket_with(family, SocketType::STREAM, FLAGS, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some([count, idle, interval]) = options.keepalive {
        let seconds = |n: u32| Duration::from_secs(n.into());
        let _ = sockopt::set_socket_keepalive(&socket, true);
        let _ = count.map(|n| sockopt::set_tcp_keepcnt(&socket, n));
        let _ = idle.map(|n| sockopt::set_tcp_keepidle(&socket, seconds(n)));
        let _ = interval.map(|n| sockopt::set_tcp_keepintvl(&socket, seconds(n)));
    }
    if let Some(ms) = options.user_timeout {
        let _ = sockopt::set_tcp_user_timeout(&socket, ms);
    }
    if let (size @ 1.., _) = options.buffers {
        let _ = sockopt::set_socket_recv_buffer_size(&socket, size);
    }
    if let (_, size @ 1..) = options.buffers {
        let _ = sockopt::set_socket_send_buffer_size(&socket, size);
    }
    if options.lazy_ack {
        let _ = sockopt::set_tcp_quickack(&socket, false);
    }
    // A kernel that refuses (no privilege) leaves the packets as they are, as with HAProxy.
    if let Some(mark) = options.packets.0 {
        let _ = socket2::SockRef::from(&socket).set_mark(mark);
    }
    if let Some(tos) = options.packets.1 {
        let _ = fd::set_tos(socket.as_raw_fd(), tos);
    }
    if options.fast_open {
        let _ = fd::set_extra(&socket, Extra::FastOpenConnect);
    }
    if let Some(interface) = &options.interface {
        let socket = socket2::SockRef::from(&socket);
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    if let Some(source) = options.source {
        sockopt::set_socket_reuseaddr(&socket, true)?;
        if source.port() == 0 {
            let _ = fd::set_extra(&socket, Extra::BindAddressNoPort);
        }
        rustix::net::bind(&socket, &source).map_err(|error| Failure {
            error: error.into(),
            of_source: true,
        })?;
    }
    let done = started(rustix::net::connect(&socket, &address))?;
    Ok((Stream::new(socket)?, done))
}

fn start_unix(address: &SocketAddrUnix) -> io::Result<(Stream, bool)> {
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, FLAGS, None)?;
    let done = started(rustix::net::connect(&socket, address))?;
    Ok((Stream::new(socket)?, done))
}

fn started(result: Result<(), Errno>) -> io::Result<bool> {
    match result {
        Ok(()) => Ok(true),
        Err(Errno::INPROGRESS | Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
