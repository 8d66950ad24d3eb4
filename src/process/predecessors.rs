//! The processes that this one replaces (`-sf`, `-st`, `-x`; management guide 4).

use std::os::unix::net::UnixStream;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::cmdline::Farewell;

/// Tells the old processes to go: their listeners are ours as well by now.
pub(super) fn dismiss(farewell: Farewell, pids: &[i32]) {
    let signal = match farewell {
        Farewell::Finish => Signal::SIGUSR1,
        Farewell::Terminate => Signal::SIGTERM,
    };
    for pid in pids.iter().filter(|pid| **pid > 0) {
        // One that is gone already is what we wanted.
        let _ = kill(Pid::from_raw(*pid), signal);
    }
}

/// Whether somebody answers at the socket to take listeners from. They themselves need not be handed
/// over: both processes listen at once until the old one is dismissed.
pub(super) fn reachable(socket: &Path) -> bool {
    UnixStream::connect(socket).is_ok()
}
