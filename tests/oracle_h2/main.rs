//! HTTP/2 with clients held against HAProxy's: what the client gets, what the origin gets, what is logged.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod peer;
#[path = "../support/mod.rs"]
mod support;

use base64ish::accept;
use bytes::Bytes;
use peer::{Asked, Got, Recorder, ask, block_on, connect, get, request};
use support::{LogSink, Program, Who, both, free_port};

mod base64ish {
    //! The proof of a WebSocket handshake.

    use sha1::{Digest, Sha1};

    pub fn accept(key: &str) -> String {
        let salted = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let digest = Sha1::digest(salted.as_bytes());
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bits: Vec<u8> = digest
            .iter()
            .flat_map(|b| (0..8).rev().map(move |n| b >> n & 1))
            .collect();
        bits.resize(bits.len().div_ceil(6) * 6, 0);
        let digit = |six: &[u8]| DIGITS[six.iter().fold(0, |n, b| n * 2 + usize::from(*b))] as char;
        let text: String = bits.chunks(6).map(digit).collect();
        format!("{text:=<28}")
    }
}

/// What a proxy made of a request.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    got: Got,
    forwarded: Vec<String>,
    line: String,
}

struct Stage {
    port: u16,
    origin: Recorder,
}

impl Stage {
    fn new() -> Self {
        Self {
            port: free_port(),
            origin: Recorder::new(),
        }
    }

    fn config(&self, sink: &LogSink, front: &str) -> String {
        let (port, log, origin) = (self.port, sink.port, self.origin.port);
        format!(
            "global\n log 127.0.0.1:{log} format raw local0\n\
             defaults\n mode http\n log global\n timeout client 20s\n timeout connect 10s\n \
             timeout server 20s\n timeout tunnel 20s\n\
             frontend fe\n bind 127.0.0.1:{port}\n \
             log-format \"%ST %B %U %ts %ac/%fc/%bc %b/%s %{{+Q}}r %[fc_http_major] %[capture.req.uri]\"\n{front}\n default_backend be\n\
             backend be\n server s1 127.0.0.1:{origin}\n"
        )
    }

    fn run(&self, who: Who, front: &str, all: &[Asked]) -> Vec<Seen> {
        let sink = LogSink::new();
        let _program = Program::start(who, &self.config(&sink, front), &[self.port]);
        block_on(async {
            let (mut send, _driver) = connect(self.port).await;
            let mut seen = Vec::new();
            for asked in all {
                let got = ask(&mut send, asked).await;
                let line = sink.line();
                seen.push(Seen {
                    got,
                    forwarded: self.origin.taken(),
                    line,
                });
            }
            seen
        })
    }
}

fn same(front: &str, all: &[Asked]) {
    let stage = Stage::new();
    let [theirs, ours] = both().map(|who| stage.run(who, front, all));
    for ((ours, theirs), asked) in ours.iter().zip(&theirs).zip(all) {
        assert_eq!(ours, theirs, "{asked:?}\n{front}");
    }
}

fn with(
    method: &'static str,
    uri: &'static str,
    fields: &'static [(&'static str, &'static str)],
) -> Asked {
    Asked {
        method,
        uri,
        fields,
        ..Asked::default()
    }
}

fn post(uri: &'static str, body: &'static [u8]) -> Asked {
    Asked {
        method: "POST",
        uri,
        body: Some(body),
        ..Asked::default()
    }
}

#[test]
fn requests_and_responses_pass_as_through_haproxy() {
    same(
        "",
        &[
            get("http://h.x/a?b"),
            get("https://h.x/"),
            with(
                "GET",
                "http://h.x:80/",
                &[("x", "1"), ("cookie", "a=1"), ("y", "2"), ("cookie", "b=2")],
            ),
            with(
                "GET",
                "http://h.x/",
                &[("host", "other"), ("te", "trailers")],
            ),
            with("HEAD", "http://h.x/head", &[]),
            with("PURGE", "http://h.x/p", &[]),
            get("http://h.x/204"),
            get("http://h.x/304"),
            get("http://h.x/chunked"),
            get("http://h.x/big"),
            get("http://h.x/hints"),
            get("http://h.x/trailers"),
            get("http://h.x/cut-none"),
        ],
    );
}

#[test]
fn bodies_and_trailers_reach_the_origin_as_through_haproxy() {
    same(
        "",
        &[
            post("http://h.x/p", b"hello"),
            Asked {
                fields: &[("content-length", "5")],
                ..post("http://h.x/p", b"hello")
            },
            Asked {
                trailers: &[("x-t", "v"), ("x-u", "w")],
                ..post("http://h.x/p", b"hello")
            },
            post("http://h.x/p", &[b'y'; 60_000]),
            with("POST", "http://h.x/p", &[]),
            Asked {
                method: "GET",
                ..post("http://h.x/g", b"abc")
            },
        ],
    );
}

#[test]
fn rules_answer_streams_as_haproxy_does() {
    same(
        " http-request deny if { path /deny }\n \
         http-request deny deny_status 429 hdr x y if { path /429 }\n \
         http-request redirect location /there if { path /redirect }\n \
         http-request return status 200 content-type text/plain string hi hdr x-a b if { path /return }\n \
         http-request set-path /new if { path /path }\n \
         http-request set-query a=b if { path /query }\n \
         http-request set-uri /other if { path /uri }\n \
         http-request set-header host changed if { path /host }\n \
         http-request early-hint link </e> if { path /early }\n \
         http-request add-header x-base %[base] if { path /base }\n \
         http-response set-status 418 if { status 204 }\n \
         http-response set-header x-resp yes\n \
         http-after-response set-header x-after yes",
        &[
            get("http://h.x/deny"),
            get("http://h.x/429"),
            get("http://h.x/redirect"),
            get("http://h.x/return"),
            with("HEAD", "http://h.x/return", &[]),
            get("http://h.x/path?q"),
            get("http://h.x/query"),
            get("http://h.x/uri"),
            get("http://h.x/host"),
            get("http://h.x/early"),
            get("http://h.x/base"),
            get("http://h.x/a"),
        ],
    );
}

#[test]
fn bodies_are_held_for_rules() {
    same(
        " option http-buffer-request\n http-request add-header x-body %[req.body] if { req.body -m found }\n \
         http-request add-header x-size %[req.body_size]",
        &[
            Asked {
                fields: &[("content-length", "5")],
                ..post("http://h.x/p", b"hello")
            },
            post("http://h.x/p", b"hello"),
        ],
    );
}

#[test]
fn streams_share_the_variables_of_their_connection() {
    same(
        " http-request set-var(sess.n) int(1) if { path /set }\n \
         http-request add-header x-n %[var(sess.n)]",
        &[
            get("http://h.x/a"),
            get("http://h.x/set"),
            get("http://h.x/a"),
        ],
    );
}

/// A stream that its client resets while the server thinks, and one that it leaves in the midst of the answer.
#[test]
fn clients_that_leave_are_logged_as_haproxy_logs_them() {
    let stage = Stage::new();
    // Nobody answers there: the reset comes while the response is awaited.
    let silent = std::net::TcpListener::bind(support::local(0)).unwrap();
    silent.set_nonblocking(true).unwrap();
    let quiet = silent.local_addr().unwrap().port();
    let [theirs, ours] = both().map(|who| {
        let sink = LogSink::new();
        let config = stage.config(&sink, "");
        let config = config.replace(&format!(":{}\n", stage.origin.port), &format!(":{quiet}\n"));
        let _program = Program::start(who, &config, &[stage.port]);
        block_on(async {
            let (send, _driver) = connect(stage.port).await;
            let mut ready = send.clone().ready().await.unwrap();
            let (response, mut stream) = ready
                .send_request(request(&get("http://h.x/a")), true)
                .unwrap();
            // It has come to the server.
            let at_server = tokio::net::TcpListener::from_std(silent.try_clone().unwrap());
            let accepted = at_server.unwrap().accept().await.unwrap();
            stream.send_reset(h2::Reason::CANCEL);
            drop(response);
            // The reset leaves before anything blocks.
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let line = sink.line();
            drop(accepted);
            line
        })
    });
    assert_eq!(ours, theirs);
}

#[test]
fn a_websocket_goes_through_to_an_origin_of_http_1() {
    let stage = Stage::new();
    let [theirs, ours] = both().map(|who| {
        let sink = LogSink::new();
        let _program = Program::start(who, &stage.config(&sink, ""), &[stage.port]);
        let said = block_on(async {
            let (mut send, _driver) = connect(stage.port).await;
            // Settings say whether it is offered.
            ask(&mut send, &get("http://h.x/a")).await;
            assert!(send.is_extended_connect_protocol_enabled(), "{who:?}");
            let asked = Asked {
                protocol: Some("websocket"),
                ..with(
                    "CONNECT",
                    "http://h.x/ws",
                    &[("sec-websocket-version", "13")],
                )
            };
            let mut ready = send.clone().ready().await.unwrap();
            let (response, mut stream) = ready.send_request(request(&asked), false).unwrap();
            let response = response.await.unwrap();
            assert_eq!(response.status(), 200, "{who:?}");
            stream
                .send_data(Bytes::from_static(b"ping"), false)
                .unwrap();
            let mut body = response.into_body();
            let said = body.data().await.unwrap().unwrap();
            stream.send_data(Bytes::new(), true).unwrap();
            said
        });
        (said, stage.origin.taken())
    });
    assert_eq!(ours, theirs);
    assert_eq!(&ours.0[..], b"ping");
}

/// At a soft stop a connection is told to go, and what is under way is finished.
#[test]
fn a_soft_stop_loses_no_stream() {
    use nix::sys::signal::Signal;
    let stage = Stage::new();
    let slow = support::Origin::new(|_| {
        std::thread::sleep(std::time::Duration::from_millis(300));
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate".to_vec()
    });
    let sink = LogSink::new();
    let config = stage.config(&sink, "");
    let config = config.replace(
        &format!(":{}\n", stage.origin.port),
        &format!(":{}\n", slow.port),
    );
    let mut program = Program::start(Who::Ours, &config, &[stage.port]);
    block_on(async {
        let (mut send, driver) = connect(stage.port).await;
        let other = send.clone();
        let asked = get("http://h.x/a");
        let late = ask(&mut send, &asked);
        let stop = async {
            support::wait_for("the request at the origin", || {
                (slow.count() > 0).then_some(())
            });
            program.signal(Signal::SIGUSR1);
        };
        let (late, ()) = tokio::join!(late, async {
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            stop.await;
        });
        assert_eq!((late.status, &late.body[..]), (200, &b"late"[..]));
        driver.await.unwrap();
        assert!(
            other.clone().ready().await.is_err(),
            "the connection is over"
        );
        drop(other.ready());
    });
    program.wait();
}

/// Many streams on a few connections, large answers among them: all come, and none is cut.
#[test]
fn many_streams_at_once_are_all_answered() {
    let stage = Stage::new();
    let sink = LogSink::new();
    let _program = Program::start(Who::Ours, &stage.config(&sink, ""), &[stage.port]);
    block_on(async {
        for _ in 0..2 {
            let (send, _driver) = connect(stage.port).await;
            let mut running = Vec::new();
            for number in 0..60 {
                let mut send = send.clone();
                running.push(tokio::spawn(async move {
                    let uri = if number % 3 == 0 {
                        "http://h.x/big"
                    } else {
                        "http://h.x/a"
                    };
                    (number, ask(&mut send, &get(uri)).await)
                }));
            }
            for one in running {
                let (number, got) = one.await.unwrap();
                let size = if number % 3 == 0 { 300_000 } else { 2 };
                assert_eq!((got.status, got.body.len(), got.reset), (200, size, None));
            }
        }
    });
}
