//! A running HAProxy whose servers say who they are, and a client for it. Everything is on unix
//! sockets in a directory of its own; client addresses come by the PROXY protocol.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tidegate::balance::{Loads, Params, Slot};

/// The longest anything is waited for; far more than a loaded machine needs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// One backend of the oracle and what we are to make of it.
pub struct Case {
    pub name: String,
    /// Lines of its `backend` section.
    pub lines: String,
    /// Appended to every `server` line.
    pub server: &'static str,
    pub params: Params,
    pub slots: Vec<Slot>,
}

/// A running proxy: the oracle, or tidegate beside it.
pub struct Oracle {
    child: Child,
    root: PathBuf,
    /// Kept until the end.
    _dir: Option<tempfile::TempDir>,
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the servers of the oracle are.
#[derive(PartialEq, Clone, Copy)]
pub enum Mode {
    /// They answer with their number.
    Http,
    /// They say their number and hold the connection.
    Tcp,
}

impl Oracle {
    pub fn start(mode: Mode, frontend: &str, cases: &[Case]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().to_owned();
        let origins = origins(cases);
        let mut config = config(&root, &root, mode, frontend, cases);
        if mode == Mode::Tcp {
            (0..origins).for_each(|origin| hold(&root, origin));
        } else {
            config.push_str("frontend origins\n  http-request return status 200 content-type text/plain lf-string %[so_name]\n");
            for origin in 0..origins {
                let _ = writeln!(
                    config,
                    "  bind unix@{}/o{origin} name {origin}",
                    root.display()
                );
            }
        }
        Self::run("/usr/sbin/haproxy", &config, root, Some(dir))
    }

    /// Starts tidegate with the same backends and the same servers.
    pub fn twin(&self, mode: Mode, frontend: &str, cases: &[Case]) -> Self {
        let root = self.root.join("twin");
        std::fs::create_dir(&root).expect("a directory");
        let config = config(&root, &self.root, mode, frontend, cases);
        Self::run(env!("CARGO_BIN_EXE_tidegate"), &config, root, None)
    }

    /// Starts a program with this configuration, which must have a runtime API socket `cli` under
    /// `root`.
    pub fn run(program: &str, config: &str, root: PathBuf, dir: Option<tempfile::TempDir>) -> Self {
        let file = root.join("proxy.cfg");
        std::fs::write(&file, config).expect("the configuration");
        let child = Command::new(program)
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .spawn()
            .expect("the oracle needs Debian's haproxy package");
        let proxy = Self {
            child,
            root,
            _dir: dir,
        };
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if UnixStream::connect(proxy.path("cli")).is_ok() {
                // Answered once everything is bound.
                proxy.cli("show info");
                return proxy;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{program} did not start");
    }

    /// A file under its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Runs one Runtime API command.
    pub fn cli(&self, command: &str) -> String {
        let mut stream = UnixStream::connect(self.path("cli")).expect("the CLI");
        writeln!(stream, "{command}").expect("a command");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// A client connection from this address.
    pub fn connect(&self, case: &Case, source: &str) -> Client {
        let mut stream = UnixStream::connect(self.path(&case.name)).expect("the frontend");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let family = if source.contains(':') { "TCP6" } else { "TCP4" };
        let to = if source.contains(':') {
            "::1"
        } else {
            "127.0.0.1"
        };
        // In one piece: HAProxy refuses a header that arrives in parts.
        let header = format!("PROXY {family} {source} {to} 1000 80\r\n");
        stream.write_all(header.as_bytes()).expect("a header");
        Client(BufReader::new(stream))
    }

    /// Waits until this column of the first row of `show stat <what>` is `wanted`.
    pub fn until(&self, what: &str, column: usize, wanted: u32) {
        let wanted = wanted.to_string();
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let stat = self.cli(&format!("show stat {what}"));
            let row = stat.lines().nth(1).unwrap_or_default();
            if row.split(',').nth(column) == Some(&wanted) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("show stat {what}: column {column} does not come to {wanted}");
    }

    /// Waits until the backend works on this many connections.
    pub fn settle(&self, case: &Case, connections: u32) {
        self.until(&format!("{} 2 -1", case.name), 4, connections);
    }
}

fn origins(cases: &[Case]) -> usize {
    cases.iter().map(|case| case.slots.len()).max().unwrap_or(0)
}

/// The configuration with sockets under `dir` and servers under `servers`.
fn config(dir: &Path, servers: &Path, mode: Mode, frontend: &str, cases: &[Case]) -> String {
    let (dir, servers) = (dir.display(), servers.display());
    let word = if mode == Mode::Http { "http" } else { "tcp" };
    let mut out = format!(
        "global\n  stats socket {dir}/cli level admin\n  nbthread 1\n\
         defaults\n  mode {word}\n  timeout client 20s\n  timeout server 20s\n  timeout connect 5s\n"
    );
    for Case {
        name,
        lines,
        server,
        slots,
        ..
    } in cases
    {
        let _ = write!(
            out,
            "frontend f-{name}\n  bind unix@{dir}/{name} accept-proxy\n{frontend}  default_backend {name}\n\
             backend {name}\n{lines}"
        );
        for (index, slot) in slots.iter().enumerate() {
            let Slot {
                id,
                weight,
                backup,
                effective,
            } = slot;
            let backup = if *backup { " backup" } else { "" };
            let disabled = if *effective == 0 && *weight > 0 {
                " disabled"
            } else {
                ""
            };
            let _ = writeln!(
                out,
                "  server s{index} unix@{servers}/o{index} id {id} weight {weight}{backup}{disabled} {server}"
            );
        }
    }
    out
}

/// A server that says its number and holds the connection until the client closes.
fn hold(dir: &Path, origin: usize) {
    let listener = UnixListener::bind(dir.join(format!("o{origin}"))).expect("a listener");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let _ = stream.write_all(&[origin as u8]);
                let mut rest = [0; 512];
                while stream.read(&mut rest).is_ok_and(|n| n > 0) {}
            });
        }
    });
}

/// A connection to the oracle.
pub struct Client(BufReader<UnixStream>);

impl Client {
    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).expect("a request");
    }

    /// The server that answered an HTTP request.
    pub fn answer(&mut self) -> usize {
        let mut length = 0;
        let mut head = String::new();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).expect("a response");
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().expect("a length");
            }
            head.push_str(&line);
            if line == "\r\n" || line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a body");
        let body = String::from_utf8_lossy(&body);
        let number = body.parse();
        number.unwrap_or_else(|_| panic!("not a server's number: {head}{body}"))
    }

    /// The server that took a TCP connection; `None` if none did.
    pub fn greeting(&mut self) -> Option<usize> {
        let mut byte = [0];
        self.0.read_exact(&mut byte).ok()?;
        Some(usize::from(byte[0]))
    }
}

/// Sends HTTP requests over one connection; answers who served each.
pub fn ask(oracle: &Oracle, case: &Case, requests: &[String]) -> Vec<usize> {
    let mut client = oracle.connect(case, "192.0.2.1");
    let mut answers = Vec::with_capacity(requests.len());
    for batch in requests.chunks(100) {
        client.send(batch.concat().as_bytes());
        answers.extend(batch.iter().map(|_| client.answer()));
    }
    answers
}

/// Loads as the test counts them.
#[derive(Default)]
pub struct Held {
    pub served: Vec<u32>,
    pub limit: u32,
}

impl Loads for Held {
    fn served(&self, server: usize) -> u32 {
        self.served.get(server).copied().unwrap_or(0)
    }
    fn queued(&self, _: usize) -> u32 {
        0
    }
    fn limit(&self, _: usize) -> u32 {
        self.limit
    }
    fn max_queue(&self, _: usize) -> u32 {
        0
    }
    fn total_served(&self) -> u32 {
        self.served.iter().sum()
    }
}

/// Numbers that look random and are the same every time.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}
