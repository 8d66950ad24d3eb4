//! Requests to servers of HTTP/2: what the server sees, what the client gets and what is logged is what a running HAProxy makes of
//! them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by panicking what is wrong"
)]

#[path = "support/h2_origin.rs"]
mod h2_origin;
mod support;

use h2_origin::{Act, Fields, H2Origin, Seen, fields};
use support::{Client, LogSink, Program, Who, both, free_port};

/// A case: the request's first line and headers, its body as sent, and what the server does.
struct Case {
    ask: &'static str,
    body: Vec<u8>,
    acts: Vec<Act>,
}

fn case(ask: &'static str, body: impl Into<Vec<u8>>, acts: Vec<Act>) -> Case {
    Case {
        ask,
        body: body.into(),
        acts,
    }
}

fn head(status: u16, of: &[(&str, &str)]) -> Act {
    Act::Head(status, fields(of))
}

fn data(text: &str) -> Act {
    Act::Data(text.into())
}

fn cases() -> Vec<Case> {
    let chunked = "3\r\nabc\r\n2\r\nde\r\n0\r\nX-End: yes\r\n\r\n";
    vec![
        case(
            "GET /plain HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\nCookie: a=1; b=2",
            "",
            vec![
                head(200, &[("content-length", "5"), ("x-two", "2")]),
                data("hello"),
            ],
        ),
        case(
            "GET /endless HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(200, &[]), data("hello")],
        ),
        case(
            "GET /bare HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(200, &[])],
        ),
        case(
            "GET /nothing HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(204, &[])],
        ),
        case(
            "GET /same HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(304, &[("etag", "\"x\"")])],
        ),
        case(
            "GET /missing HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(404, &[("content-length", "2")]), data("no")],
        ),
        case(
            "GET /broken HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(500, &[("content-length", "2")]), data("oh")],
        ),
        case(
            "HEAD /long HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(200, &[("content-length", "55")])],
        ),
        case(
            "HEAD /unknown HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(200, &[])],
        ),
        case(
            "GET /trailed HTTP/1.1\r\nHost: a.test\r\nTE: trailers",
            "",
            vec![
                head(200, &[("trailer", "x-end")]),
                data("body"),
                Act::Trailers(fields(&[("x-end", "1"), ("grpc-status", "0")])),
            ],
        ),
        case(
            "GET /hinted HTTP/1.1\r\nHost: a.test",
            "",
            vec![
                Act::Inform(103, fields(&[("link", "</a>")])),
                head(200, &[("content-length", "2")]),
                data("ok"),
            ],
        ),
        case(
            "POST /sized HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5",
            "hello",
            vec![Act::Body, head(200, &[("content-length", "2")]), data("ok")],
        ),
        case(
            "POST /empty HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0",
            "",
            vec![Act::Body, head(200, &[("content-length", "2")]), data("ok")],
        ),
        case(
            "POST /chunks HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: x-end",
            chunked,
            vec![Act::Body, head(200, &[("content-length", "2")]), data("ok")],
        ),
        case(
            "PUT /large HTTP/1.1\r\nHost: a.test\r\nContent-Length: 300000",
            vec![b'u'; 300_000],
            vec![
                Act::Body,
                head(200, &[("content-length", "400000")]),
                Act::Data(vec![b'd'; 400_000]),
            ],
        ),
        case(
            "GET /hops HTTP/1.1\r\nHost: a.test\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers, deflate\r\nX-Kept: y",
            "",
            vec![head(200, &[("content-length", "0")])],
        ),
        case(
            "GET http://b.test/absolute?q=1 HTTP/1.1\r\nHost: b.test",
            "",
            vec![head(200, &[("content-length", "0")])],
        ),
        case(
            "OPTIONS * HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(200, &[("content-length", "0")])],
        ),
        case(
            "GET /old HTTP/1.0\r\nHost: a.test",
            "",
            vec![head(200, &[("content-length", "3")]), data("old")],
        ),
        case(
            "GET /crumbs HTTP/1.1\r\nHost: a.test\r\nX-Empty:\r\nX-Twice: 1\r\nX-Twice: 2",
            "",
            vec![head(
                200,
                &[
                    ("set-cookie", "a=1"),
                    ("set-cookie", "b=2"),
                    ("content-length", "0"),
                ],
            )],
        ),
        case(
            "GET /reset HTTP/1.1\r\nHost: a.test",
            "",
            vec![Act::Reset(8)],
        ),
        case(
            "POST /failed HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5",
            "hello",
            vec![Act::Body, Act::Reset(2)],
        ),
        case(
            "GET /torn HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(200, &[]), data("part"), Act::Reset(8)],
        ),
        case(
            "GET /closed HTTP/1.1\r\nHost: a.test",
            "",
            vec![Act::Close, Act::Hang],
        ),
        case("GET /silent HTTP/1.1\r\nHost: a.test", "", vec![Act::Hang]),
        case(
            "GET /stalled HTTP/1.1\r\nHost: a.test",
            "",
            vec![head(200, &[]), data("part"), Act::Hang],
        ),
    ]
}

/// What came, with its chunks joined, as HTTP/2 does not say where they are cut, and the fields of each head sorted.
fn joined(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer).into_owned();
    let (mut all, mut rest) = (String::new(), text.as_str());
    while let Some((head, after)) = rest.split_once("\r\n\r\n") {
        let mut lines: Vec<_> = head.split("\r\n").collect();
        lines.get_mut(1..).unwrap_or_default().sort_unstable();
        all = format!("{all}{}\n", lines.join("\n"));
        rest = after;
        if !head.starts_with("HTTP/1.1 1") {
            break;
        }
    }
    if !all.contains("transfer-encoding: chunked") {
        return all + rest;
    }
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("the size of a chunk");
        if size == 0 {
            return format!("{all}|{after}");
        }
        all.push_str(&after[..size.min(after.len())]);
        rest = after.get(size + 2..).unwrap_or_default();
    }
    all + "|torn"
}

/// A request as the server saw it, with what may differ left out: the order of fields.
fn shown(mut seen: Seen) -> Shown {
    seen.fields.sort();
    let line = format!(
        "{} {} {} {}",
        seen.method, seen.authority, seen.path, seen.protocol
    );
    // A length that is there is the body's, whose end is said anyway.
    seen.fields.retain(|(name, _)| name != "content-length");
    (line, seen.fields, seen.body.len(), seen.trailers)
}

fn config(port: u16, log: u16, server: &str, more: &str) -> String {
    format!(
        "global
          nbthread 1
        defaults
          mode http
          timeout connect 5s
          timeout client 10s
          timeout server 10s
          log 127.0.0.1:{log} local0
        frontend f
          bind 127.0.0.1:{port}
          log-format \"%b/%s %ST %B %tsc %rc %[bc_http_major] %HU end\"
          default_backend b
        backend b
          {more}
          server s {server}
"
    )
}

fn tail(line: &str) -> String {
    line.split(": ").last().unwrap_or_default().to_owned()
}

/// See [`shown`].
type Shown = (String, Fields, usize, Fields);
/// The answer, the line, and what the server saw.
type Told = (String, String, Vec<Shown>);

fn all_cases(who: Who) -> Vec<Told> {
    let (port, sink) = (free_port(), LogSink::new());
    let table: Vec<_> = cases()
        .into_iter()
        .map(|case| (path(case.ask), case.acts))
        .collect();
    let origin = H2Origin::new(move |seen| {
        let found = table.iter().find(|(path, _)| *path == seen.path);
        found.map(|(_, acts)| acts.clone()).expect("a case")
    });
    let hasty = "http-request set-timeout server 500ms if { path /silent /stalled }
          http-request set-header x-versions %[req.ver]
          http-response set-header x-versions %[res.ver]";
    let server = format!("127.0.0.1:{} proto h2", origin.port);
    let config = config(port, sink.port, &server, hasty);
    let _program = Program::start(who, &config, &[port]);
    cases()
        .into_iter()
        .map(|case| {
            let before = origin.seen().len();
            let mut client = Client::connect(port);
            client.send(format!("{}\r\nConnection: close\r\n\r\n", case.ask));
            client.send(&case.body);
            let answer = joined(&client.rest());
            let line = tail(&sink.line_with(" end"));
            let seen = support::wait_for("the server to have seen it", || {
                Some(origin.seen().split_off(before)).filter(|seen| !seen.is_empty())
            });
            (answer, line, seen.into_iter().map(shown).collect())
        })
        .collect()
}

/// The path as an HTTP/2 server sees it.
fn path(ask: &str) -> String {
    let target = ask.split(' ').nth(1).unwrap();
    target.trim_start_matches("http://b.test").to_owned()
}

#[test]
fn requests_answers_and_lines_are_haproxys() {
    let [haproxy, tidegate] = both().map(all_cases);
    for ((case, theirs), ours) in cases().iter().zip(haproxy).zip(tidegate) {
        assert_eq!(ours, theirs, "{}", case.ask);
    }
}

/// Whether each of these requests goes by a new connection. `a1` is the first request of session a. One whose name ends in `+` is held
/// open until the end.
fn ways(who: Who, reuse: &str, options: &str, order: &[&str]) -> Vec<bool> {
    let (port, sink) = (free_port(), LogSink::new());
    let origin =
        H2Origin::new(|_| vec![Act::Body, head(200, &[("content-length", "2")]), data("ok")]);
    let server = format!("127.0.0.1:{} proto h2 {options}", origin.port);
    let config = config(port, sink.port, &server, &format!("http-reuse {reuse}"));
    let _program = Program::start(who, &config, &[port]);
    let mut sessions = std::collections::BTreeMap::<&str, Client>::new();
    let mut held = Vec::new();
    for name in order {
        let client = sessions
            .entry(name.get(..1).unwrap())
            .or_insert_with(|| Client::connect(port));
        if name.ends_with('+') {
            let before = origin.begun();
            client.send(format!(
                "POST /{name} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"
            ));
            support::wait_for("the request at the server", || {
                (origin.begun() > before).then_some(())
            });
            held.push(*name);
        } else {
            let answer = client.ask(format!("GET /{name} HTTP/1.1\r\nHost: h\r\n\r\n"));
            assert_eq!(answer.status, 200, "{name}");
            sink.line_with(" end");
        }
    }
    for name in held {
        let client = sessions.get_mut(name.get(..1).unwrap()).unwrap();
        client.send("x");
        assert_eq!(client.response().status, 200, "{name}");
    }
    let seen = origin.seen();
    let of = |name: &&str| {
        let path = format!("/{name}");
        seen.iter()
            .find(|seen| seen.path == path)
            .map_or(0, |seen| seen.connection)
    };
    let by: Vec<usize> = order.iter().map(of).collect();
    // Which one of several that are idle alike is nobody's business.
    (0..by.len())
        .map(|at| !by[..at].contains(&by[at]))
        .collect()
}

#[test]
fn connections_are_shared_as_haproxy_shares_them() {
    let busy: &[&str] = &["a1", "b1+", "c1+", "a2", "d1", "d2", "e1", "e2"];
    let quiet: &[&str] = &["a1", "a2", "b1", "b2", "a3", "c1", "c2"];
    for (reuse, options, order) in [
        ("never", "", quiet),
        ("never", "", busy),
        ("safe", "", quiet),
        ("safe", "", busy),
        ("aggressive", "", busy),
        ("always", "", quiet),
        ("always", "", busy),
        ("always", "max-reuse 1", quiet),
        ("always", "pool-max-conn 0", quiet),
    ] {
        let [haproxy, tidegate] = both().map(|who| ways(who, reuse, options, order));
        assert_eq!(tidegate, haproxy, "{reuse} {options} {order:?}");
    }
}

/// What HAProxy leaves to `retry-on`: a request that nobody has looked at is sent again.
#[test]
fn a_refused_request_is_sent_again_and_a_failed_one_is_not() {
    let (port, sink) = (free_port(), LogSink::new());
    let count = std::sync::atomic::AtomicUsize::new(0);
    let origin = H2Origin::new(move |seen| {
        let nth = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        match seen.path.as_str() {
            "/refused" if nth == 0 => vec![Act::Body, Act::Reset(7)],
            "/always" => vec![Act::Body, Act::Reset(7)],
            "/failed" => vec![Act::Body, Act::Reset(2)],
            _ => vec![Act::Body, head(200, &[("content-length", "2")]), data("ok")],
        }
    });
    let server = format!("127.0.0.1:{} proto h2", origin.port);
    let config = config(port, sink.port, &server, "retries 2");
    let _program = Program::start(Who::Ours, &config, &[port]);
    let ask = |path: &str| {
        let post = format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello");
        let answer = Client::connect(port).ask(post);
        let came = origin
            .seen()
            .iter()
            .filter(|seen| seen.path == path)
            .count();
        (answer.status, came, tail(&sink.line_with(" end")))
    };
    let (status, came, line) = ask("/refused");
    assert_eq!((status, came), (200, 2));
    assert!(line.contains("200 ") && line.contains("----"), "{line}");
    let (status, came, line) = ask("/always");
    assert_eq!((status, came), (502, 3));
    assert!(line.contains("SH--"), "{line}");
    let (status, came, _) = ask("/failed");
    assert_eq!((status, came), (502, 1));
    assert!(origin.seen().iter().all(|seen| seen.body == b"hello"));
}

/// A server may answer before it has heard all; the client then has its answer, and can go on sending.
#[test]
fn an_early_answer_does_not_wait_for_the_request() {
    let (port, sink) = (free_port(), LogSink::new());
    let origin = H2Origin::new(|_| {
        vec![
            head(200, &[("content-length", "5")]),
            data("early"),
            Act::Body,
            data(""),
        ]
    });
    let server = format!("127.0.0.1:{} proto h2", origin.port);
    let config = config(port, sink.port, &server, "");
    let _program = Program::start(Who::Ours, &config, &[port]);
    let mut client = Client::connect(port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
    assert_eq!(client.response().text(), "early");
    client.send("def");
    assert!(tail(&sink.line_with(" end")).contains("----"));
    assert_eq!(origin.seen()[0].body, b"abcdef");
    assert_eq!(
        client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").text(),
        "early"
    );
}

/// A server that says farewell answers what it has, and gets nothing more on that connection.
#[test]
fn after_a_farewell_requests_go_by_another_connection() {
    let (port, sink) = (free_port(), LogSink::new());
    let origin = H2Origin::new(|seen| match seen.path.as_str() {
        "/last" => vec![
            Act::GoAway,
            head(200, &[("content-length", "4")]),
            data("last"),
        ],
        _ => vec![head(200, &[("content-length", "2")]), data("ok")],
    });
    let server = format!("127.0.0.1:{} proto h2", origin.port);
    let config = config(port, sink.port, &server, "http-reuse always");
    let _program = Program::start(Who::Ours, &config, &[port]);
    let mut client = Client::connect(port);
    for (path, text, by) in [("/one", "ok", 1), ("/last", "last", 1), ("/two", "ok", 2)] {
        let answer = client.ask(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(answer.text(), text, "{path}");
        assert_eq!(
            origin.seen().last().map(|seen| seen.connection),
            Some(by),
            "{path}"
        );
    }
}

/// The lines about the first check of each server, and the requests that came.
fn checks(who: Who) -> (Vec<String>, Vec<Shown>) {
    let (port, sink) = (free_port(), LogSink::new());
    let origin = H2Origin::new(|seen| match seen.path.as_str() {
        "/bad" => vec![head(500, &[("content-length", "2")]), data("no")],
        "/text" => vec![Act::Body, head(200, &[]), data("all is well")],
        "/reset" => vec![Act::Reset(8)],
        _ => vec![head(200, &[])],
    });
    let to = origin.port;
    let config = format!(
        "defaults
          mode http
          timeout connect 5s
          timeout client 5s
          timeout server 5s
          log 127.0.0.1:{port_of_log} local0
          option log-health-checks
          default-server inter 500ms rise 1 fall 1
        frontend f
          bind 127.0.0.1:{port}
        backend good
          option httpchk
          http-check send meth GET uri /good ver HTTP/1.1 hdr Host a.test hdr X-A b
          server s 127.0.0.1:{to} proto h2 check
        backend bad
          option httpchk GET /bad
          server s 127.0.0.1:{to} check check-proto h2
        backend text
          option httpchk
          http-check connect proto h2
          http-check send meth POST uri /text ver HTTP/2 hdr Host c.test body hello
          http-check expect string well
          server s 127.0.0.1:{to} check
        backend reset
          option httpchk GET /reset
          server s 127.0.0.1:{to} proto h2 check
",
        port_of_log = sink.port
    );
    let _program = Program::start(who, &config, &[port]);
    let mut lines = Vec::new();
    let mut servers = std::collections::BTreeSet::new();
    while servers.len() < 4 {
        let line = sink.line_with("Health check for server");
        let line = line
            .split("Health check for ")
            .nth(1)
            .unwrap_or_default()
            .to_owned();
        let (what, rest) = line.split_once(", check duration").unwrap();
        servers.insert(what.split(' ').nth(1).unwrap_or_default().to_owned());
        lines.push(format!("{what} {}", rest.split_once(',').unwrap().1));
    }
    lines.sort();
    lines.dedup();
    let mut seen: Vec<_> = origin.seen().into_iter().map(shown).collect();
    seen.sort();
    seen.dedup();
    (lines, seen)
}

#[test]
fn checks_over_http_2_are_haproxys() {
    let [haproxy, tidegate] = both().map(checks);
    assert_eq!(tidegate, haproxy);
}

/// What is spoken with a server of TLS, here HAProxy itself, by what its line says; as the server saw it, and as it is logged.
fn agreements(who: Who) -> Vec<(String, String)> {
    let dir = tempfile::tempdir().unwrap();
    let pem = dir.path().join("a.pem");
    let made = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
    let both_parts = made.cert.pem() + &made.signing_key.serialize_pem();
    std::fs::write(&pem, both_parts).unwrap();
    let behind = free_port();
    let answering = format!(
        "defaults
          mode http
          timeout client 10s
        frontend f
          bind 127.0.0.1:{behind} ssl crt {} alpn h2,http/1.1
          http-request return status 200 content-type text/plain lf-string \"%[req.ver] %[ssl_fc_alpn] %[method] %[req.fhdr(host)]\"
",
        pem.display()
    );
    let _server = Program::start(Who::Haproxy, &answering, &[behind]);
    let socket = "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    [
        ("", ""),
        ("alpn http/1.1", ""),
        ("alpn h2", ""),
        ("alpn h2,http/1.1", ""),
        ("alpn http/1.1,h2", ""),
        ("alpn h2 proto h2", ""),
        ("alpn h2,http/1.1", socket),
        ("alpn h2,http/1.1 ws h1", socket),
    ]
    .into_iter()
    .map(|(words, more)| {
        let (port, sink) = (free_port(), LogSink::new());
        let server = format!("127.0.0.1:{behind} ssl verify none {words}");
        let config = config(port, sink.port, &server, "");
        let _program = Program::start(who, &config, &[port]);
        let answer =
            Client::connect(port).ask(format!("GET / HTTP/1.1\r\nHost: h.test\r\n{more}\r\n"));
        (answer.text(), tail(&sink.line_with(" end")))
    })
    .collect()
}

#[test]
fn what_tls_agrees_on_is_spoken() {
    let [haproxy, tidegate] = both().map(agreements);
    assert_eq!(tidegate, haproxy);
    assert!(
        haproxy.iter().any(|(text, _)| text.starts_with("2.0 h2")),
        "{haproxy:?}"
    );
}
