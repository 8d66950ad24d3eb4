//! TCP mode from outside: bytes both ways, content rules, the PROXY protocol, queues, and the log line
//! of each way a stream can end. Run against both proxies: the table is HAProxy's behaviour.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use support::{Client, LogSink, PATIENCE, Program, Who, both, free_port, local};

/// A server that does this with each connection, on a thread of its own; lives as long as the test.
fn server(serve: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> u16 {
    let listener = TcpListener::bind(local(0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(stream));
        }
    });
    port
}

fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 65_536];
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
}

/// Reads all, says nothing, stays.
fn mute(mut stream: TcpStream) {
    let mut buffer = [0; 65_536];
    while let Ok(1..) = stream.read(&mut buffer) {}
    std::thread::sleep(PATIENCE);
}

struct Scene {
    #[expect(dead_code, reason = "runs until it is dropped")]
    proxy: Program,
    log: LogSink,
    port: u16,
}

impl Scene {
    /// One frontend, one backend: `front` and `back` are their lines.
    fn new(who: Who, front: &str, back: &str) -> Self {
        let (log, port) = (LogSink::new(), free_port());
        let config = format!(
            "global
  log 127.0.0.1:{} format raw local0
defaults
  mode tcp
  log global
  log-format \"%b/%s %ts %U/%B %rc\"
  retries 1
  timeout connect 2s
  timeout client 20s
  timeout server 20s
frontend fe
  bind 127.0.0.1:{port} {front}
  default_backend be
backend be
{back}
",
            log.port
        );
        let proxy = Program::start(who, &config, &[port]);
        Self { proxy, log, port }
    }

    /// The next log line, without its end.
    fn line(&self) -> String {
        self.log.line().trim_end().to_owned()
    }

    fn client(&self) -> Client {
        Client::connect(self.port)
    }

    /// Sends, closes that direction, reads to the end; answers what came and the log line.
    fn exchange(&self, bytes: &[u8]) -> (Vec<u8>, String) {
        let mut stream = TcpStream::connect(local(self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(bytes).unwrap();
        // Where the connection is refused the proxy may have reset it by now.
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        (answer, self.line())
    }
}

fn pattern(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 31 + n / 257) as u8).collect()
}

#[test]
fn bytes_go_both_ways_and_the_half_close_reaches_the_server() {
    let port = server(echo);
    for who in both() {
        let scene = Scene::new(who, "", &format!("  server s1 127.0.0.1:{port}"));
        for size in [1, 16_384, 1_000_000] {
            // Larger ones are read while they are written.
            let stream = TcpStream::connect(local(scene.port)).unwrap();
            let mut writer = stream.try_clone().unwrap();
            let sent = std::thread::spawn(move || {
                writer.write_all(&pattern(size)).unwrap();
                writer.shutdown(Shutdown::Write).unwrap();
            });
            let mut answer = Vec::new();
            (&stream).read_to_end(&mut answer).unwrap();
            sent.join().unwrap();
            assert!(answer == pattern(size), "{who:?} {size}");
            assert_eq!(scene.line(), format!("be/s1 -- {size}/{size} 0"));
        }
    }
}

#[test]
fn ends_have_haproxys_letters() {
    let reset = |mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 16]);
        let socket = socket2::SockRef::from(&stream);
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    };
    let (echo, mute, reset) = (server(echo), server(mute), server(reset));
    let nobody = free_port();
    let cases = [
        (format!("server s1 127.0.0.1:{nobody}"), "be/s1 SC 5/0 1"),
        (
            format!("timeout server 600ms\n server s1 127.0.0.1:{mute}"),
            "be/s1 sD 5/0 0",
        ),
        (format!("server s1 127.0.0.1:{reset}"), "be/s1 SD 5/0 0"),
        (
            format!("server s1 127.0.0.1:{echo} disabled"),
            "be/<NOSRV> SC 5/0 0",
        ),
        (
            format!(
                "option redispatch\n server s1 127.0.0.1:{nobody}\n server s2 127.0.0.1:{echo} weight 2\n balance first"
            ),
            "be/s2 -- 5/5 +1",
        ),
    ];
    // Without it, what arrives after a server was found missing is counted or not, by chance.
    let front =
        "\n  tcp-request inspect-delay 5s\n  tcp-request content accept if { req.len ge 5 }";
    for who in both() {
        for (back, line) in &cases {
            let scene = Scene::new(who, front, back);
            assert_eq!(scene.exchange(b"hello").1, *line, "{who:?} {back}");
        }
    }
}

#[test]
fn silence_ends_by_the_clients_timeout() {
    let port = server(echo);
    for who in both() {
        let front = "\n  timeout client 400ms";
        let scene = Scene::new(who, front, &format!("  server s1 127.0.0.1:{port}"));
        let mut client = scene.client();
        assert!(client.rest().is_empty());
        assert_eq!(scene.line(), "be/s1 cD 0/0 0", "{who:?}");
    }
}

#[test]
fn content_rules_wait_for_what_they_need() {
    let port = server(echo);
    let front = "\n  tcp-request inspect-delay 5s
  tcp-request content reject if { req.payload(0,3) -m str bad }
  tcp-request content accept if { req.len gt 4 }";
    for who in both() {
        let scene = Scene::new(who, front, &format!("  server s1 127.0.0.1:{port}"));
        for (sent, answer, line) in [
            ("badxx", "", "fe/<NOSRV> PR 5/0 0"),
            ("good!", "good!", "be/s1 -- 5/5 0"),
            ("go", "go", "be/s1 -- 2/2 0"),
        ] {
            let (got, logged) = scene.exchange(sent.as_bytes());
            assert_eq!(String::from_utf8_lossy(&got), answer, "{who:?} {sent}");
            assert_eq!(logged, line, "{who:?} {sent}");
        }
        // In pieces: the rule waits for the third byte.
        let mut client = scene.client();
        client.send("ba");
        std::thread::sleep(Duration::from_millis(50));
        client.send("d");
        assert!(client.rest().is_empty());
        assert_eq!(scene.line(), "fe/<NOSRV> PR 3/0 0", "{who:?}");
    }
}

#[test]
fn a_proxy_header_says_who_the_client_is_and_is_passed_on() {
    let port = server(echo);
    for who in both() {
        let (log, front) = (LogSink::new(), free_port());
        let config = format!(
            "global
  log 127.0.0.1:{} format raw local0
defaults
  mode tcp
  log global
  log-format \"%ci:%cp %fi:%fp %ts\"
  timeout connect 2s
  timeout client 2s
  timeout server 2s
frontend fe
  bind 127.0.0.1:{front} accept-proxy
  default_backend be
backend be
  server s1 127.0.0.1:{port} send-proxy
",
            log.port
        );
        let _proxy = Program::start(who, &config, &[front]);
        let mut client = TcpStream::connect(local(front)).unwrap();
        let header = "PROXY TCP4 192.0.2.7 198.51.100.9 1111 2222\r\n";
        client.write_all(format!("{header}hi").as_bytes()).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, format!("{header}hi"), "{who:?}");
        assert_eq!(
            log.line_with("192").trim_end(),
            "192.0.2.7:1111 198.51.100.9:2222 --",
            "{who:?}"
        );
        let mut client = Client::connect(front);
        client.send("GET / HTTP/1.0\r\n\r\n");
        assert!(client.rest().is_empty(), "{who:?}");
        log.line_with("fe/1: Received something which does not look like a PROXY protocol header");
    }
}

#[test]
fn a_frontends_maxconn_leaves_the_next_one_in_the_backlog() {
    let port = server(echo);
    for who in both() {
        let scene = Scene::new(
            who,
            "\n  maxconn 1",
            &format!("  server s1 127.0.0.1:{port}"),
        );
        let connect = || {
            let stream = TcpStream::connect(local(scene.port)).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        };
        let (mut first, mut byte) = (connect(), [0]);
        first.write_all(b"1").unwrap();
        first.read_exact(&mut byte).unwrap();
        let mut second = connect();
        second.write_all(b"2").unwrap();
        second
            .set_read_timeout(Some(Duration::from_millis(150)))
            .unwrap();
        let early = second.read(&mut byte);
        assert!(early.is_err(), "{who:?} {early:?}");
        drop(first);
        second.set_read_timeout(Some(PATIENCE)).unwrap();
        second.read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"2", "{who:?}");
    }
}

#[test]
fn a_server_that_goes_down_takes_its_sessions_with_it_where_that_is_asked_for() {
    let port = server(echo);
    for who in both() {
        // The check asks another port, whose listener the test closes.
        let health = TcpListener::bind(local(0)).unwrap();
        let probe = health.local_addr().unwrap().port();
        let scene = Scene::new(
            who,
            "",
            &format!(
                "  server s1 127.0.0.1:{port} check port {probe} inter 100ms \
                 fall 1 on-marked-down shutdown-sessions"
            ),
        );
        let mut stream = TcpStream::connect(local(scene.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"1").unwrap();
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        drop(health);
        assert_eq!(stream.read(&mut byte).unwrap_or(0), 0, "{who:?}");
        scene.log.line_with("be/s1 D- 1/1 0");
    }
}
