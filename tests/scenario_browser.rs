//! A browser (Chromium, without a window): a page over TLS and HTTP/2, and a WebSocket that its script opens over the same
//! connection to a server that speaks HTTP/1.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by panicking what is wrong"
)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use support::tls::Authority;
use support::{LogSink, Origin, Program, Who, free_port, wait_for};
use tempfile::TempDir;
use tidegate::wire::h2::websocket::accept;

/// Says to the origin in what the page came, and what the WebSocket answered.
const PAGE: &str = "<!doctype html><title>page</title><script>
const came = performance.getEntriesByType('navigation')[0].nextHopProtocol;
const tell = what => fetch('/told/' + came + '/' + encodeURIComponent(what));
const socket = new WebSocket('wss://' + location.host + '/chat');
socket.onopen = () => socket.send('over and out');
socket.onmessage = event => tell(event.data);
socket.onerror = () => tell('error');
</script>";

/// Serves one WebSocket after the other: echoes short messages. Answers the port.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = converse(stream);
        }
    });
    port
}

fn converse(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let key = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find_map(|(name, value)| {
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then_some(value)
        })
        .unwrap_or_default();
    let proof = accept(key.as_bytes());
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {proof}\r\n\r\n"
    )?;
    loop {
        // Kind, length, mask (RFC 6455, 5.2); nothing here is longer than 125 bytes.
        let mut frame = [0; 6];
        stream.read_exact(&mut frame)?;
        let [kind, length, mask @ ..] = frame;
        let mut data = vec![0; usize::from(length & 0x7f)];
        stream.read_exact(&mut data)?;
        for (byte, mask) in data.iter_mut().zip(mask.iter().cycle()) {
            *byte ^= mask;
        }
        stream.write_all(&[kind, length & 0x7f])?;
        stream.write_all(&data)?;
    }
}

/// A browser; it and what it started are killed when it is dropped.
struct Browser {
    child: Child,
    home: TempDir,
}

impl Browser {
    fn open(url: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let said = std::fs::File::create(home.path().join("said")).unwrap();
        let child = Command::new("chromium")
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .arg(format!("--user-data-dir={}", home.path().display()))
            .args(["--headless", "--no-sandbox", "--disable-gpu"])
            .args([
                "--disable-dev-shm-usage",
                "--no-proxy-server",
                "--disable-quic",
            ])
            .args(["--no-first-run", "--disable-background-networking"])
            .args(["--disable-component-update", "--disable-sync"])
            .arg("--ignore-certificate-errors")
            .arg(url)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()
            .expect("chromium is installed");
        Self { child, home }
    }

    /// What it has said, once it has ended; it should not.
    fn end(&mut self) -> Option<String> {
        let status = self.child.try_wait().unwrap()?;
        let said = std::fs::read(self.home.path().join("said")).unwrap_or_default();
        Some(format!("{status}: {}", String::from_utf8_lossy(&said)))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.child.id().cast_signed());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

#[test]
fn a_page_and_its_web_socket_come_over_one_connection() {
    let dir = tempfile::tempdir().unwrap();
    let pem = dir.path().join("pem");
    std::fs::write(&pem, Authority::new("ca").whole(&["127.0.0.1"], 1)).unwrap();
    let (port, sink, echo) = (free_port(), LogSink::new(), echo());
    let origin = Origin::new(|_| {
        let length = PAGE.len();
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{PAGE}"
        )
        .into()
    });
    let config = format!(
        "defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\n log 127.0.0.1:{} local0\n\
         frontend f\n bind 127.0.0.1:{port} ssl crt {} alpn h2,http/1.1\n\
         log-format \"from %cp %HM %HPO %ST over %HV end\"\n option logasap\n\
         use_backend chat if {{ path /chat }}\n default_backend pages\n\
         backend pages\n server s 127.0.0.1:{}\nbackend chat\n server s 127.0.0.1:{echo}\n",
        sink.port,
        pem.display(),
        origin.port,
    );
    let _program = Program::start(Who::Ours, &config, &[port]);
    let mut browser = Browser::open(&format!("https://127.0.0.1:{port}/"));
    // It may take its time to start.
    wait_for("the browser to ask", || {
        assert_eq!(browser.end(), None);
        (origin.count() > 0).then_some(())
    });
    let told = wait_for("the page's script to tell", || {
        assert_eq!(browser.end(), None);
        let requests = origin.requests.lock().unwrap();
        let told = requests
            .iter()
            .find(|head| head.starts_with("GET /told/"))?;
        Some(told.lines().next().unwrap().to_owned())
    });
    assert_eq!(told, "GET /told/h2/over%20and%20out HTTP/1.1");
    let page = sink.line_with(" / 200 ");
    let chat = sink.line_with(" /chat ");
    let [came, went] =
        [&page, &chat].map(|line| line.split(' ').skip_while(|word| *word != "from").nth(1));
    assert!(came.is_some() && came == went, "{page}\n{chat}");
    for line in [page, chat] {
        assert!(line.contains(" over HTTP/2.0 end"), "{line}");
    }
}
