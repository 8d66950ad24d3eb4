//! What HTTP clients meet beside answers: here, leaving before there is one, and being read by a TCP
//! frontend. HAProxy is held to the same.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use support::{Client, LogSink, Origin, Program, Who, both, free_port};

/// The termination letters of a request whose client leaves while the server is being tried.
fn letters_of_a_leaver(who: Who, option: &str) -> String {
    let sink = LogSink::new();
    let (port, dead) = (free_port(), free_port());
    let config = format!(
        "global
  log 127.0.0.1:{} local0
defaults
  mode http
  log global
  option httplog
  {option}
  retries 2
  timeout client 9s
  timeout server 9s
  timeout connect 300
listen l
  bind 127.0.0.1:{port}
  server s 127.0.0.1:{dead}
",
        sink.port
    );
    let _proxy = Program::start(who, &config, &[port]);
    Client::connect(port).send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    let line = sink.line();
    let words = line.split(' ');
    let mut letters = words.filter(|word| word.len() == 4 && word.ends_with("--"));
    letters.next_back().expect("letters in the line").to_owned()
}

#[test]
fn whoever_leaves_is_waited_for_unless_abortonclose() {
    for who in both() {
        assert_eq!(
            letters_of_a_leaver(who, "option abortonclose"),
            "CC--",
            "{who:?}"
        );
        assert_eq!(
            letters_of_a_leaver(who, "no option abortonclose"),
            "SC--",
            "{who:?}"
        );
    }
}

#[test]
fn content_rules_of_a_tcp_frontend_read_requests() {
    let (named, other) = (Origin::saying("named"), Origin::saying("other"));
    for who in both() {
        let port = free_port();
        let config = format!(
            "defaults
  mode tcp
  timeout client 9s
  timeout server 9s
  timeout connect 9s
frontend fe
  bind 127.0.0.1:{port}
  tcp-request inspect-delay 5s
  tcp-request content reject if {{ path_beg /no }}
  tcp-request content accept if {{ req.hdr(host) -m found }}
  use_backend named if {{ req.hdr(host) -i A }} {{ method GET }}
  default_backend other
backend named
  server s 127.0.0.1:{}
backend other
  server s 127.0.0.1:{}
",
            named.port, other.port
        );
        let _proxy = Program::start(who, &config, &[port]);
        let ask = |request: &str| Client::connect(port).ask(request).text();
        assert_eq!(ask("GET / HTTP/1.1\r\nhost: a\r\n\r\n"), "named", "{who:?}");
        assert_eq!(ask("PUT / HTTP/1.1\r\nHost: a\r\n\r\n"), "other", "{who:?}");
        assert_eq!(ask("GET / HTTP/1.1\r\nHost: b\r\n\r\n"), "other", "{who:?}");
        let refused = Client::connect(port)
            .send("GET /no HTTP/1.1\r\nHost: a\r\n\r\n")
            .rest();
        assert_eq!(refused, b"", "{who:?}");
    }
    // As it came: the proxy has only read along.
    let seen = named.requests.lock().expect("no panic").clone();
    assert_eq!(seen, ["GET / HTTP/1.1\r\nhost: a\r\n\r\n"; 2]);
}

#[test]
fn a_proxy_header_tells_more_than_addresses() {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x15".to_vec();
    header.extend_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 0, 11, 0, 22]);
    header.extend_from_slice(b"\x02\0\x02ab\x05\0\x01u");
    for who in both() {
        let port = free_port();
        let config = format!(
            "defaults
  mode http
  timeout client 9s
  timeout server 9s
  timeout connect 9s
frontend fe
  bind 127.0.0.1:{port} accept-proxy
  http-request return content-type text/plain lf-string \"%[fc_rcvd_proxy] %[fc_pp_authority] %[fc_pp_unique_id] %[src]\"
"
        );
        let _proxy = Program::start(who, &config, &[port]);
        let answer = Client::connect(port)
            .send(&header)
            .ask("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        assert_eq!(answer.text(), "1 ab u 1.2.3.4", "{who:?}");
    }
}
