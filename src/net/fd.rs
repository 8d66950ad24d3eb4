//! Descriptors: the only place with `unsafe`.
//!
//! Three things need it: telling the runtime that a descriptor stays open while it is watched, adopting a
//! descriptor that another process left us (`fd@N`), and socket options that the crates do not know.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use nix::libc;
use rustix::net::AddressFamily;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Watches a connected socket for reading and writing.
///
/// # Errors
/// The runtime cannot register it.
pub(super) fn watch(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open and stays the same descriptor as long as it lives, and the `AsyncFd`
    // owns it: nobody else can close it.
    Ok(unsafe { AsyncFd::register(fd) }?)
}

/// Watches a listening socket, which other workers may watch too, for connections.
///
/// # Errors
/// The runtime cannot register it.
pub(super) fn watch_listener(fd: Arc<OwnedFd>) -> io::Result<AsyncFd<Arc<OwnedFd>>> {
    // SAFETY: as above; the `Arc` keeps the descriptor open as long as the `AsyncFd` lives, and there
    // is no way to replace the `OwnedFd` inside it.
    Ok(unsafe { AsyncFd::register_with_interest(fd, Interest::READABLE) }?)
}

/// Takes a descriptor over that was open when the process started.
///
/// # Errors
/// `BadFd` where no such descriptor is open, `NotASocket` where it is something else.
pub fn adopt(number: RawFd) -> io::Result<OwnedFd> {
    let fd = duplicate(number)?;
    let _family: AddressFamily = rustix::net::sockopt::socket_domain(&fd)?;
    Ok(fd)
}

/// A duplicate of a descriptor, of any kind, that was open when the process started; so two lines, or
/// a reload, can name the same number.
///
/// # Errors
/// `BadFd` where no such descriptor is open.
pub fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(rustix::io::Errno::BADF.into());
    }
    // SAFETY: not -1, and used only for the call below, which fails cleanly on a closed number.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    Ok(rustix::io::fcntl_dupfd_cloexec(borrowed, 3)?)
}

/// Sets the netfilter mark of a socket's packets.
///
/// # Errors
/// The privilege is missing, or the number is no open socket.
pub fn set_mark(number: RawFd, mark: u32) -> io::Result<()> {
    let socket = duplicate(number)?;
    socket2::SockRef::from(&socket).set_mark(mark)
}

/// Sets the TOS byte (IPv4) and the traffic class (IPv6) of a socket's packets.
///
/// # Errors
/// The number is no open socket of either family.
pub fn set_tos(number: RawFd, tos: u8) -> io::Result<()> {
    let socket = duplicate(number)?;
    let socket = socket2::SockRef::from(&socket);
    // An IPv6 socket may carry IPv4, so both are tried.
    let v4 = socket.set_tos_v4(u32::from(tos));
    let v6 = socket.set_tclass_v6(u32::from(tos));
    v4.or(v6)
}

/// Socket options that no crate at hand offers without `unsafe`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// TCP_DEFER_ACCEPT: wake the acceptor when data has come, at most this many seconds late.
    DeferAccept(i32),
    /// TCP_FASTOPEN on a listener: length of its queue.
    FastOpen(i32),
    /// TCP_FASTOPEN_CONNECT: `connect` may send data in the SYN.
    FastOpenConnect,
    /// TCP_REPAIR: closing sends nothing. Needs CAP_NET_ADMIN.
    Repair,
    /// IP_BIND_ADDRESS_NO_PORT: choose the source port at connect, so that it may be used for several
    /// destinations.
    BindAddressNoPort,
}

/// What the kernel has measured on a TCP connection (TCP_INFO): times in microseconds, the rest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpInfo {
    /// Smoothed round-trip time.
    pub rtt: u32,
    /// Its variance.
    pub rttvar: u32,
    /// Segments sent and not acknowledged.
    pub unacked: u32,
    /// Segments acknowledged selectively.
    pub sacked: u32,
    /// Segments taken for lost.
    pub lost: u32,
    /// Segments sent again.
    pub retrans: u32,
    /// Segments acknowledged forward.
    pub fackets: u32,
    /// How far segments were seen out of order.
    pub reordering: u32,
}

/// Asks the kernel about a TCP socket; nothing if it is none, or closed.
pub fn tcp_info(number: RawFd) -> Option<TcpInfo> {
    let mut size = std::mem::size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: `tcp_info` is plain integers, for which all zeroes is a value; the pointers are to locals
    // that live through the call, which writes at most `size` bytes and fails cleanly on a number that
    // is no open socket.
    let info = unsafe {
        let mut info: libc::tcp_info = std::mem::zeroed();
        let done = libc::getsockopt(
            number,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            std::ptr::from_mut(&mut info).cast(),
            &raw mut size,
        );
        (done == 0).then_some(info)?
    };
    Some(TcpInfo {
        rtt: info.tcpi_rtt,
        rttvar: info.tcpi_rttvar,
        unacked: info.tcpi_unacked,
        sacked: info.tcpi_sacked,
        lost: info.tcpi_lost,
        retrans: info.tcpi_retrans,
        fackets: info.tcpi_fackets,
        reordering: info.tcpi_reordering,
    })
}

/// Sets one of them.
///
/// # Errors
/// The system's.
pub(super) fn set_extra(fd: impl AsFd, option: Extra) -> io::Result<()> {
    let (level, name, value) = match option {
        Extra::DeferAccept(seconds) => (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, seconds),
        Extra::FastOpen(queue) => (libc::IPPROTO_TCP, libc::TCP_FASTOPEN, queue),
        Extra::FastOpenConnect => (libc::IPPROTO_TCP, libc::TCP_FASTOPEN_CONNECT, 1),
        Extra::Repair => (libc::IPPROTO_TCP, libc::TCP_REPAIR, 1),
        Extra::BindAddressNoPort => (libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1),
    };
    let size = std::mem::size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the descriptor is borrowed, so open; the pointer and the size are those of one integer
    // that lives through the call.
    let done = unsafe {
        libc::setsockopt(
            fd.as_fd().as_raw_fd(),
            level,
            name,
            std::ptr::from_ref(&value).cast(),
            size,
        )
    };
    if done == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// A duplicate of a descriptor that was left to this process alone: its number is closed in programs
/// that this one starts.
///
/// # Errors
/// `BadFd` where no such descriptor is open.
pub fn take_private(number: RawFd) -> io::Result<OwnedFd> {
    let fd = duplicate(number)?;
    // SAFETY: `duplicate` has just found it open, and it is used only for the call below.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_setfd(borrowed, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}
