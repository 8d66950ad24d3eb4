//! gRPC through a proxy, by the client and the server of a public package (`grpcio`): unary and streaming calls, metadata before
//! and behind, statuses, deadlines that reach the server, many calls at once. All is as without a proxy.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod support;

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use support::{LogSink, Program, Who, both, free_port};

/// The interpreter that the system's package of `grpcio` belongs to.
const PYTHON: &str = "/usr/bin/python3";

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/support/calls.py")
}

/// A gRPC server; ends when dropped.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(PYTHON)
            .arg(script())
            .arg("server")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 is installed");
        let out = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).expect("its port");
        let port = line.trim().parse();
        Self {
            port: port.expect("a port: is python3-grpcio installed?"),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the client tells of the server at this port.
fn told(port: u16) -> String {
    let output = Command::new(PYTHON)
        .arg(script())
        .args(["client", &port.to_string()])
        .stdin(Stdio::null())
        .output()
        .expect("python3 is installed");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn through(who: Who) -> String {
    let (port, sink, server) = (free_port(), LogSink::new(), Server::start());
    let config = format!(
        "defaults
          mode http
          timeout connect 5s
          timeout client 30s
          timeout server 30s
          log 127.0.0.1:{} local0
          log-format \"%HM %HU %ST %ts end\"
        frontend f
          bind 127.0.0.1:{port} proto h2
          default_backend b
        backend b
          server s 127.0.0.1:{} proto h2
",
        sink.port, server.port
    );
    let _program = Program::start(who, &config, &[port]);
    let told = told(port);
    let line = sink.line_with("/t.T/Echo");
    assert!(
        line.contains("POST") && line.contains("200 -- end"),
        "{line}"
    );
    told
}

#[test]
fn calls_are_as_without_a_proxy() {
    let server = Server::start();
    let direct = told(server.port);
    assert!(
        direct.contains("deadline StatusCode.DEADLINE_EXCEEDED\ncancelled b'True'\nmany 1225\n"),
        "{direct}"
    );
    for who in both() {
        assert_eq!(through(who), direct, "{who:?}");
    }
}
