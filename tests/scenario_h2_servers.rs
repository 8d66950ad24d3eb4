//! Servers of HTTP/2 under bad conditions: clients that leave, clients that do not read, connections that break under many
//! requests, limits.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by panicking what is wrong"
)]

#[path = "support/h2_origin.rs"]
mod h2_origin;
mod support;

use h2_origin::{Act, Announces, H2Origin, fields};
use support::{Client, LogSink, Program, Who, free_port, wait_for};

fn config(port: u16, log: u16, server: u16, options: &str, more: &str) -> String {
    format!(
        "global
          nbthread 1
        defaults
          mode http
          timeout connect 5s
          timeout client 20s
          timeout server 20s
          http-reuse always
          log 127.0.0.1:{log} local0
        frontend f
          bind 127.0.0.1:{port}
          log-format \"%ST %ts %HU end\"
          default_backend b
        backend b
          {more}
          server s 127.0.0.1:{server} proto h2 {options}
"
    )
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

fn ok() -> Vec<Act> {
    vec![
        Act::Body,
        Act::Head(200, fields(&[("content-length", "2")])),
        Act::Data("ok".into()),
    ]
}

/// A client that leaves has its stream cancelled at once, and nobody else's.
#[test]
fn a_client_that_leaves_cancels_its_stream_alone() {
    let (port, sink) = (free_port(), LogSink::new());
    let origin = H2Origin::new(|seen| match seen.path.as_str() {
        "/slow" => vec![Act::Hang],
        "/half" => vec![
            Act::Head(200, fields(&[])),
            Act::Data("half".into()),
            Act::Hang,
        ],
        _ => ok(),
    });
    let config = config(port, sink.port, origin.port, "", "option abortonclose");
    let _program = Program::start(Who::Ours, &config, &[port]);
    let mut other = Client::connect(port);
    assert_eq!(other.ask(get("/one")).text(), "ok");
    for (path, letters) in [("/slow", " CH "), ("/half", " CD ")] {
        let (begun, resets) = (origin.begun(), origin.resets().len());
        let mut client = Client::connect(port);
        client.send(get(path));
        match path {
            "/half" => drop(client.head()),
            _ => wait_for("the request at the server", || {
                (origin.begun() > begun).then_some(())
            }),
        }
        // With the rest of the answer unread, that is a reset.
        drop(client);
        if path == "/slow" {
            wait_for("the stream's reset", || {
                (origin.resets().len() > resets).then_some(())
            });
            assert_eq!(origin.resets().last(), Some(&8));
            let line = sink.line_with(path);
            assert!(line.contains(letters), "{line}");
        }
        assert_eq!(other.ask(get("/two")).text(), "ok");
    }
    assert_eq!(origin.connections(), 1);
}

/// A client that does not read stops its own stream at the server, and neither the others nor the memory grow.
#[test]
fn a_client_that_does_not_read_stops_its_stream_alone() {
    const LARGE: usize = 100_000_000;
    let (port, sink) = (free_port(), LogSink::new());
    let origin = H2Origin::new(|seen| match seen.path.as_str() {
        "/large" => vec![Act::Head(200, fields(&[])), Act::Data(vec![b'x'; LARGE])],
        _ => ok(),
    });
    let config = config(port, sink.port, origin.port, "", "");
    let _program = Program::start(Who::Ours, &config, &[port]);
    let mut idle = Client::connect(port);
    idle.send(get("/large"));
    idle.head();
    // What is under way fills up the kernel's buffers; then nothing moves.
    let mut before = usize::MAX;
    let stalled = wait_for("the stream to stall", || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        let now = origin.sent();
        let stalled = std::mem::replace(&mut before, now) == now;
        (stalled && now > 0).then_some(now)
    });
    assert!(stalled < LARGE / 2, "{stalled} bytes");
    let mut other = Client::connect(port);
    for _ in 0..20 {
        assert_eq!(other.ask(get("/small")).text(), "ok");
    }
    assert_eq!(origin.connections(), 1);
}

/// All requests on a connection that breaks are told so, once each; the next ones find another.
#[test]
fn a_connection_that_breaks_takes_its_requests_with_it() {
    let (port, sink) = (free_port(), LogSink::new());
    let origin = H2Origin::new(|seen| match seen.path.as_str() {
        "/break" => vec![Act::Close, Act::Hang],
        _ => ok(),
    });
    let config = config(port, sink.port, origin.port, "", "");
    let _program = Program::start(Who::Ours, &config, &[port]);
    // As long as there is none, everybody opens a connection.
    assert_eq!(Client::connect(port).ask(get("/first")).text(), "ok");
    sink.line_with("/first end");
    let mut clients: Vec<_> = (0..20)
        .map(|_| {
            let mut client = Client::connect(port);
            client.send("POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
            client
        })
        .collect();
    wait_for("all at the server", || (origin.begun() == 21).then_some(()));
    assert_eq!(origin.connections(), 1);
    // By POST, which nobody sends again.
    let mut last = Client::connect(port);
    last.send("POST /break HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n");
    clients.push(last);
    for client in &mut clients {
        assert_eq!(client.response().status, 502);
        assert!(sink.line_with(" end").contains("502 SH"));
    }
    assert_eq!(Client::connect(port).ask(get("/after")).text(), "ok");
    assert_eq!((origin.connections(), origin.begun()), (2, 23));
}

/// A server that takes two streams at once gets two on a connection; what is more goes by others. `maxconn` counts requests.
#[test]
fn limits_of_either_side_are_kept() {
    for (options, connections) in [("", 3), ("maxconn 2", 1)] {
        let (port, sink) = (free_port(), LogSink::new());
        let announces = Announces {
            streams: Some(2),
            ..Announces::default()
        };
        let origin = H2Origin::announcing(announces, |_| ok());
        let config = config(port, sink.port, origin.port, options, "");
        let _program = Program::start(Who::Ours, &config, &[port]);
        // The server has introduced itself by then.
        assert_eq!(Client::connect(port).ask(get("/")).text(), "ok");
        let mut clients: Vec<_> = (0..5)
            .map(|_| {
                let mut client = Client::connect(port);
                client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
                client
            })
            .collect();
        let at_once = if options.is_empty() { 5 } else { 2 };
        wait_for("those that may be at the server", || {
            (origin.begun() == 1 + at_once).then_some(())
        });
        for client in &mut clients {
            client.send("x");
        }
        for client in &mut clients {
            assert_eq!(client.response().text(), "ok");
        }
        assert_eq!(origin.connections(), connections, "{options}");
    }
}
