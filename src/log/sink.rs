//! Where lines go: UDP, unix datagram sockets, descriptors. Nothing here ever waits.
//!
//! Datagram sockets are one per thread and family and are not connected: every line names its
//! receiver, so one that vanishes and returns (a restarted syslog daemon makes a new `/dev/log`) is
//! found again without anyone noticing.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net as unix;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FileType, Mode, OFlags};
use rustix::net::SendFlags;

use crate::settings::{Endpoint, Family, Host, LogSink};

use super::Unusable;

const SYSLOG_PORT: u16 = 514;

/// A place to send lines to.
#[derive(Debug)]
pub(super) enum Sink {
    Udp(SocketAddr),
    Unix(unix::SocketAddr),
    /// A pipe, terminal or file that does not wait (see [`inherited`]).
    File(Arc<OwnedFd>),
    /// A socket that was left to us.
    Socket(Arc<OwnedFd>),
}

impl Sink {
    /// Finds out what a `log` line names. Names are resolved here, once.
    pub(super) fn open(sink: &LogSink) -> Result<Self, Unusable> {
        match sink {
            LogSink::Datagram(Endpoint::Tcp {
                host, family, port, ..
            }) => {
                let port = if *port == 0 { SYSLOG_PORT } else { *port };
                Ok(Self::Udp(resolve(host, *family, port)?))
            }
            LogSink::Datagram(Endpoint::Unix(path)) => {
                let address = unix::SocketAddr::from_pathname(path);
                let said = |e| Unusable(format!("cannot use socket path '{path}' ({e})"));
                address.map(Self::Unix).map_err(said)
            }
            LogSink::Datagram(Endpoint::Abstract(name)) => {
                let address = unix::SocketAddr::from_abstract_name(name.as_bytes());
                let said = |e| Unusable(format!("cannot use socket name '{name}' ({e})"));
                address.map(Self::Unix).map_err(said)
            }
            LogSink::Datagram(Endpoint::SockPair(_)) => {
                Err(Unusable("a socket pair cannot take datagrams".into()))
            }
            LogSink::Datagram(Endpoint::Fd(number)) | LogSink::Fd(number) => inherited(*number)
                .map_err(|e| Unusable(format!("cannot use file descriptor {number} ({e})"))),
        }
    }

    /// Sends one line; false if it was dropped.
    pub(super) fn send(&self, line: &[u8]) -> bool {
        let sent = match self {
            Self::Udp(to) => SOCKETS.with(|sockets| sockets.udp(to, line)),
            Self::Unix(to) => SOCKETS.with(|sockets| sockets.unix(to, line)),
            Self::File(fd) => rustix::io::write(fd, line).map_err(io::Error::from),
            Self::Socket(fd) => {
                rustix::net::send(fd, line, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
                    .map_err(io::Error::from)
            }
        };
        sent.is_ok_and(|n| n == line.len())
    }
}

/// The datagram sockets of one thread, opened when first used.
#[derive(Default)]
struct Sockets {
    v4: OnceCell<UdpSocket>,
    v6: OnceCell<UdpSocket>,
    unix: OnceCell<unix::UnixDatagram>,
}

thread_local! {
    static SOCKETS: Sockets = Sockets::default();
}

impl Sockets {
    fn udp(&self, to: &SocketAddr, line: &[u8]) -> io::Result<usize> {
        let (cell, any): (_, IpAddr) = match to {
            SocketAddr::V4(_) => (&self.v4, [0u8; 4].into()),
            SocketAddr::V6(_) => (&self.v6, [0u16; 8].into()),
        };
        opened(cell, || {
            let socket = UdpSocket::bind((any, 0))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })?
        .send_to(line, to)
    }

    fn unix(&self, to: &unix::SocketAddr, line: &[u8]) -> io::Result<usize> {
        opened(&self.unix, || {
            let socket = unix::UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })?
        .send_to_addr(line, to)
    }
}

/// The socket in this cell. One that could not be opened (no descriptor left) is tried again with the next line.
fn opened<T>(cell: &OnceCell<T>, open: impl FnOnce() -> io::Result<T>) -> io::Result<&T> {
    match cell.get() {
        Some(socket) => Ok(socket),
        None => {
            let socket = open()?;
            Ok(cell.get_or_init(|| socket))
        }
    }
}

fn resolve(host: &Host, family: Family, port: u16) -> Result<SocketAddr, Unusable> {
    match host {
        Host::Ip(ip) => Ok(SocketAddr::new(*ip, port)),
        Host::Wildcard => Err(Unusable("an address is needed to send to, not '*'".into())),
        Host::Name(name) => {
            let wanted = |address: &SocketAddr| match family {
                Family::Any => true,
                Family::V4 => address.is_ipv4(),
                Family::V6 => address.is_ipv6(),
            };
            let found = (name.as_str(), port)
                .to_socket_addrs()
                .ok()
                .and_then(|mut all| all.find(wanted));
            found.ok_or_else(|| Unusable(format!("could not resolve address '{name}'")))
        }
    }
}

/// A descriptor that was open when the process started.
///
/// Pipes and terminals are opened anew where the system allows it, so that they can be told not to
/// wait without telling everyone who shares them (the shell, its other children). What was opened
/// is kept for the life of the process: after a `chroot`, a reload could not open it again.
fn inherited(number: i32) -> io::Result<Sink> {
    static OPENED: Mutex<BTreeMap<i32, (Arc<OwnedFd>, bool)>> = Mutex::new(BTreeMap::new());
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    let (fd, socket) = match opened.get(&number) {
        Some(known) => known.clone(),
        None => {
            let (fd, socket) = open_inherited(number)?;
            opened
                .entry(number)
                .or_insert((Arc::new(fd), socket))
                .clone()
        }
    };
    Ok(if socket {
        Sink::Socket(fd)
    } else {
        Sink::File(fd)
    })
}

fn open_inherited(number: i32) -> io::Result<(OwnedFd, bool)> {
    let fd = crate::net::fd::duplicate(number)?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&fd)?.st_mode);
    let mut socket = false;
    let fd = match kind {
        FileType::Socket => {
            socket = true;
            fd
        }
        FileType::Fifo | FileType::CharacterDevice => {
            let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            let path = format!("/proc/self/fd/{number}");
            rustix::fs::open(path, flags, Mode::empty()).unwrap_or(fd)
        }
        _ => fd,
    };
    Ok((fd, socket))
}
