//! Signals of the process that serves, as wishes (management guide 4).

use std::io;

use nix::libc;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What signals ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// SIGTERM, SIGINT: end now.
    Stop(i32),
    /// SIGUSR1: end once all is done.
    Finish,
    /// SIGUSR2, SIGHUP.
    Reload,
    /// SIGQUIT, SIGTTOU, SIGTTIN.
    Nothing,
}

/// All signals that are caught.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    finish: Signal,
    reload: Signal,
    hangup: Signal,
    quit: Signal,
    pause: Signal,
    resume: Signal,
}

impl Signals {
    /// Catches them.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            finish: signal(SignalKind::user_defined1())?,
            reload: signal(SignalKind::user_defined2())?,
            hangup: signal(SignalKind::hangup())?,
            // The rest would end or halt the process by default. HAProxy shows its memory pools at
            // SIGQUIT; there are none here. It pauses its listeners at SIGTTOU, for a successor that
            // cannot bind beside it; ours can.
            quit: signal(SignalKind::quit())?,
            pause: signal(SignalKind::from_raw(libc::SIGTTOU))?,
            resume: signal(SignalKind::from_raw(libc::SIGTTIN))?,
        })
    }

    /// The next wish.
    pub(super) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop(libc::SIGTERM),
            _ = self.interrupt.recv() => Wish::Stop(libc::SIGINT),
            _ = self.finish.recv() => Wish::Finish,
            _ = self.reload.recv() => Wish::Reload,
            _ = self.hangup.recv() => Wish::Reload,
            _ = self.quit.recv() => Wish::Nothing,
            _ = self.pause.recv() => Wish::Nothing,
            _ = self.resume.recv() => Wish::Nothing,
        }
    }
}
