//! Descriptors: the only place with `unsafe`.
//!
//! Two things need it: telling the runtime that a descriptor stays open while it is watched, and
//! adopting a descriptor that another process left us (`fd@N`).
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

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
