//! Starting this program again, as the daemon or as the worker of a master.
//!
//! HAProxy forks; a program with threads and a runtime had better not. So the parent runs the same
//! file with the same arguments, and tells the child what it is through the environment and an open
//! socket, the leash: a byte on it says that the child is ready, its end says that the other side is
//! gone.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use rustix::io::FdFlags;

const VARIABLE: &str = "TIDEGATE_ROLE";
const READY: u8 = b'R';

/// What this process is.
#[derive(Debug)]
pub(super) enum Role {
    /// Started by the user.
    Primary,
    /// The one that stays in the background, its starter waiting for it.
    Daemon(Leash),
    /// The one that carries the traffic for a master.
    Worker(Leash),
    /// A worker that is to take over from one that runs.
    Successor(Leash),
}

/// The socket between parent and child.
#[derive(Debug)]
pub(super) struct Leash(UnixStream);

impl Leash {
    /// Tells the parent that all is well.
    pub(super) fn ready(&self) {
        // A parent that is gone needs no answer; its end is noticed elsewhere.
        let _ = (&self.0).write_all(&[READY]);
    }

    /// Waits until the child is ready; false if it ended before.
    pub(super) fn wait(&self) -> bool {
        let mut byte = [0];
        matches!((&self.0).read(&mut byte), Ok(1)) && byte[0] == READY
    }

    /// The socket, for waiting without blocking.
    pub(super) fn into_stream(self) -> io::Result<tokio::net::UnixStream> {
        self.0.set_nonblocking(true)?;
        tokio::net::UnixStream::from_std(self.0)
    }
}

impl Role {
    /// Finds out what this process is. A variable that was meant for another process says nothing.
    pub(super) fn find() -> Self {
        let Ok(said) = std::env::var(VARIABLE) else {
            return Self::Primary;
        };
        let mut parts = said.split(':');
        let kind = parts.next();
        let number = parts.next().and_then(|n| n.parse().ok());
        let parent = parts.next().and_then(|n| n.parse::<u32>().ok());
        let (Some(number), true) = (number, parent == Some(std::os::unix::process::parent_id()))
        else {
            return Self::Primary;
        };
        let Ok(fd) = crate::net::fd::take_private(number) else {
            return Self::Primary;
        };
        let leash = Leash(UnixStream::from(fd));
        match kind {
            Some("daemon") => Self::Daemon(leash),
            Some("worker") => Self::Worker(leash),
            Some("successor") => Self::Successor(leash),
            _ => Self::Primary,
        }
    }
}

/// How this program was called, to call it again.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    exe: PathBuf,
    args: Vec<OsString>,
}

impl Caller {
    /// Notes how the program was called; to be asked before the working directory changes.
    pub(super) fn new() -> Self {
        let args: Vec<OsString> = std::env::args_os().collect();
        let name = args.first().map(PathBuf::from).unwrap_or_default();
        Self {
            exe: locate(&name),
            args,
        }
    }

    /// Starts the program again as `kind`.
    ///
    /// # Errors
    /// The system's.
    fn start(&self, kind: &str) -> io::Result<(Child, Leash)> {
        let (ours, theirs) = UnixStream::pair()?;
        rustix::io::fcntl_setfd(&theirs, FdFlags::empty())?;
        let pid = std::process::id();
        let role = format!("{kind}:{}:{pid}", theirs.as_raw_fd());
        let mut command = Command::new(&self.exe);
        let mut args = self.args.iter();
        if let Some(name) = args.next() {
            command.arg0(name);
        }
        let child = command.args(args).env(VARIABLE, role).spawn()?;
        Ok((child, Leash(ours)))
    }

    /// Starts the daemon.
    pub(super) fn daemon(&self) -> io::Result<(Child, Leash)> {
        self.start("daemon")
    }

    /// Starts a worker, or one that is to succeed another.
    pub(super) fn worker(&self, successor: bool) -> io::Result<(Child, Leash)> {
        self.start(if successor { "successor" } else { "worker" })
    }
}

/// The file that was executed, by the name it was called with: through a link named `haproxy` the
/// child, too, must be called `haproxy`.
fn locate(name: &Path) -> PathBuf {
    let runnable = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    let found = if name.components().count() > 1 {
        std::path::absolute(name).ok().filter(runnable)
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(runnable)
    };
    found
        .or_else(|| std::env::current_exe().ok())
        .unwrap_or_else(|| name.to_owned())
}
