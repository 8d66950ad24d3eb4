//! Going to the background (`-D`, `daemon`).

use std::fs::File;
use std::io;
use std::process::ExitCode;

use super::respawn::Caller;
use super::say::Say;

/// Starts the daemon and waits until it is ready or has failed. Answers the exit code of the process
/// that the user started.
pub(super) fn launch(caller: &Caller, say: &Say) -> ExitCode {
    let (mut child, leash) = match caller.daemon() {
        Ok(started) => started,
        Err(error) => {
            say.alert(&format!("[haproxy.main()] Cannot fork ({error})."));
            return ExitCode::FAILURE;
        }
    };
    if leash.wait() {
        return ExitCode::SUCCESS;
    }
    let code = child.wait().ok().and_then(|status| status.code());
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// Becomes the leader of a session of its own, without a terminal.
///
/// # Errors
/// The system's.
pub(super) fn leave_session() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Where the standard streams of a daemon lead to. Opened before a `chroot` hides it.
#[derive(Debug)]
pub(super) struct Void(File);

impl Void {
    /// Opens it.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn open() -> io::Result<Self> {
        let file = File::options().read(true).write(true).open("/dev/null")?;
        Ok(Self(file))
    }

    /// Points the standard streams at it: all went well, nothing more is to be said on a terminal.
    pub(super) fn swallow(&self) {
        let _ = rustix::stdio::dup2_stdin(&self.0);
        let _ = rustix::stdio::dup2_stdout(&self.0);
        let _ = rustix::stdio::dup2_stderr(&self.0);
    }
}
