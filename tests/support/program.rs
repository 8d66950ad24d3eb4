//! A proxy under test: ours, or HAProxy as the oracle.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{listens, wait_for};

/// Which proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The program of this repository.
    Ours,
    /// HAProxy from the system (`apt-get install haproxy`).
    Haproxy,
}

impl Who {
    /// The command.
    pub fn command(self) -> Command {
        match self {
            Self::Ours => Command::new(env!("CARGO_BIN_EXE_tidegate")),
            Self::Haproxy => Command::new("haproxy"),
        }
    }
}

/// Both, for differential tests.
pub fn both() -> [Who; 2] {
    [Who::Haproxy, Who::Ours]
}

/// A program that has ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

/// Runs a proxy with these arguments, and this configuration if any, until it ends by itself.
pub fn run_to_end(who: Who, args: &[&str], config: Option<&str>) -> Finished {
    let dir = tempfile::tempdir().expect("a directory for the configuration");
    let mut command = who.command();
    command.current_dir(dir.path()).args(args);
    if let Some(config) = config {
        std::fs::write(dir.path().join("x.cfg"), config).expect("the configuration is written");
        command.args(["-f", "x.cfg"]);
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{who:?} does not start ({error}); is it installed?"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Finished {
        status: output.status,
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// A running proxy; killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    dir: TempDir,
}

impl Program {
    /// Starts a proxy in the foreground and waits until it listens on these ports.
    pub fn start(who: Who, config: &str, ports: &[u16]) -> Self {
        Self::with_args(who, &["-db"], config, ports)
    }

    /// The same with arguments of one's own.
    pub fn with_args(who: Who, args: &[&str], config: &str, ports: &[u16]) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the configuration");
        std::fs::write(dir.path().join("x.cfg"), config).expect("the configuration is written");
        let stderr = std::fs::File::create(dir.path().join("stderr")).expect("a file for messages");
        let child = who
            .command()
            .current_dir(dir.path())
            .args(args)
            .args(["-f", "x.cfg"])
            .stdin(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap_or_else(|error| panic!("{who:?} does not start ({error}); is it installed?"));
        let mut program = Self { child, dir };
        for port in ports {
            wait_for(&format!("{who:?} to listen on {port}"), || {
                if let Some(status) = program.child.try_wait().expect("a child can be asked") {
                    panic!("{who:?} ended with {status}: {}", program.messages());
                }
                listens(*port).then_some(())
            });
        }
        program
    }

    /// The process id.
    pub fn pid(&self) -> i32 {
        self.child.id().cast_signed()
    }

    /// What it has said on the standard error so far.
    pub fn messages(&self) -> String {
        let path = self.dir.path().join("stderr");
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    /// Waits until it has said this on the standard error.
    pub fn says(&self, text: &str) {
        wait_for(
            &format!("the message {text:?} in:\n{}", self.messages()),
            || self.messages().contains(text).then_some(()),
        );
    }

    /// A file in its working directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes another configuration in place of the one it was started with.
    pub fn rewrite(&self, config: &str) {
        // Whole or not at all: it may be read at any time.
        let new = self.file("new.cfg");
        let mut file = std::fs::File::create(&new).expect("a new configuration");
        file.write_all(config.as_bytes()).expect("it is written");
        std::fs::rename(new, self.file("x.cfg")).expect("it takes the old one's place");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).expect("it still runs");
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        wait_for("the proxy to end", || {
            self.child.try_wait().expect("a child can be asked")
        })
    }

    /// True while it has not ended.
    pub fn runs(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be asked")
            .is_none()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // A master takes its workers along at SIGTERM, not at SIGKILL.
        let _ = kill(Pid::from_raw(self.pid()), Signal::SIGTERM);
        let gone = (0..400).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            matches!(self.child.try_wait(), Ok(Some(_)))
        });
        if !gone {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
