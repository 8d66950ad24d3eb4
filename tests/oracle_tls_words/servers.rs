//! What is said of servers whose handshakes fail: in logs, and of their checks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use super::files;
use super::support::{LogSink, Program, Who, both, free_port, get, local, wait_for};

/// An `openssl s_server`, gone when dropped.
struct Server(Child);

impl Server {
    fn new(args: &[&str]) -> (Self, u16) {
        let port = free_port();
        let child = Command::new("openssl")
            .current_dir(files())
            .args(["s_server", "-www", "-accept", &format!("127.0.0.1:{port}")])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        wait_for("s_server", || {
            std::net::TcpStream::connect(local(port)).ok()
        });
        (Self(child), port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that answers a ClientHello with these bytes and closes.
fn answering(bytes: &'static [u8]) -> u16 {
    let listener = TcpListener::bind(local(0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut hello = [0; 4096];
            let _ = stream.read(&mut hello);
            let _ = stream.write_all(bytes);
        }
    });
    port
}

#[test]
fn a_failed_handshake_with_a_server_has_a_name() {
    let (_plain, plain) = Server::new(&["-cert", "plain.pem"]);
    let (_old, old) = Server::new(&["-cert", "expired.pem"]);
    let (_v1, v1) = Server::new(&["-cert", "v1.pem"]);
    let (_strict, strict) =
        Server::new(&["-cert", "plain.pem", "-tls1_2", "-cipher", "AES128-SHA"]);
    let dir = files().display();
    let root = format!("ca-file {dir}/root.crt verify required");
    let cases = [
        (
            "good",
            plain,
            format!("{root} verifyhost plain.test check-sni plain.test"),
        ),
        ("v1", v1, root.clone()),
        ("v1named", v1, format!("{root} verifyhost v1.test")),
        (
            "stranger",
            plain,
            format!("ca-file {dir}/other.crt verify required"),
        ),
        (
            "old",
            plain,
            format!("ca-file {dir}/root.crt crl-file {dir}/inter.crl verify required"),
        ),
        ("expired", old, root.clone()),
        ("host", plain, format!("{root} verifyhost other.test")),
        (
            "sni",
            plain,
            format!("{root} sni str(other.test) check-sni other.test"),
        ),
        (
            "suite",
            strict,
            "verify none ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256".to_owned(),
        ),
        (
            "version",
            strict,
            "verify none ssl-min-ver TLSv1.3".to_owned(),
        ),
        (
            "alert",
            answering(&[21, 3, 3, 0, 2, 2, 40]),
            "verify none".to_owned(),
        ),
        (
            "clear",
            answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
            "verify none".to_owned(),
        ),
    ];
    let [theirs, ours] = both().map(|who| told(who, &cases));
    assert_eq!(theirs, ours, "HAProxy's comes first");
}

fn told(who: Who, cases: &[(&str, u16, String)]) -> Vec<(String, String)> {
    let sink = LogSink::new();
    let mut config = format!(
        "global\n log 127.0.0.1:{} format raw local0\ndefaults\n mode http\n log global\n retries 0\n \
         timeout client 20s\n timeout connect 20s\n timeout server 20s\n timeout check 20s\n",
        sink.port
    );
    let mut ports = Vec::new();
    for (name, port, words) in cases {
        let front = free_port();
        config += &format!(
            "listen {name}\n bind 127.0.0.1:{front}\n log-format \"request {name} %ST %ts %[bc_err] [%[bc_err_str]] \
             %[ssl_bc_err,hex] [%[ssl_bc_err_str]] %[ssl_bc]\"\n server s 127.0.0.1:{port} ssl {words}\n\
             backend check-{name}\n option log-health-checks\n \
             server s 127.0.0.1:{port} ssl check fall 1 rise 1 inter 1s {words}\n"
        );
        ports.push(front);
    }
    let _program = Program::start(who, &config, &ports);
    for port in ports {
        get(port, "/");
    }
    let mut told: Vec<(String, String)> = cases.iter().map(|_| Default::default()).collect();
    while told
        .iter()
        .any(|(check, request)| check.is_empty() || request.is_empty())
    {
        let line = sink.line();
        for ((name, ..), (check, request)) in cases.iter().zip(&mut told) {
            if line.contains(&format!("check-{name}/s ")) && check.is_empty() {
                *check = line
                    .split(", check duration")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
            }
            if line.contains(&format!("request {name} ")) {
                request.clone_from(&line);
            }
        }
    }
    told
}
