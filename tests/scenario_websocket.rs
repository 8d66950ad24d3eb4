//! WebSockets between clients and servers of either version of HTTP: the switch, bytes both ways, half closes, `timeout tunnel`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by panicking what is wrong"
)]

#[path = "support/h2_origin.rs"]
mod h2_origin;
mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use h2_origin::{Act, Announces, H2Origin, fields};
use http::{Method, Request};
use support::{Client, LogSink, PATIENCE, Program, Who, free_port, local};
use tidegate::wire::h2::websocket::accept;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// Serves WebSockets of HTTP/1 that echo, until the test ends. Answers the port.
fn echo_h1() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") {
                    if !matches!(stream.read(&mut byte), Ok(1)) {
                        return;
                    }
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                assert!(head.starts_with("GET /chat HTTP/1.1\r\n"), "{head}");
                let line = |name: &str| {
                    head.lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                        .map(str::to_owned)
                };
                assert_eq!(line("upgrade").as_deref(), Some("websocket"), "{head}");
                let proof = accept(line("sec-websocket-key").unwrap().as_bytes());
                let answer = format!(
                    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: {proof}\r\nSec-WebSocket-Protocol: talk\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).unwrap();
                let mut some = [0; 4096];
                while let Ok(n @ 1..) = stream.read(&mut some) {
                    if stream.write_all(&some[..n]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    port
}

fn echo_h2() -> H2Origin {
    let announces = Announces {
        connect: true,
        ..Announces::default()
    };
    H2Origin::announcing(announces, |seen| {
        assert_eq!(
            (seen.method.as_str(), seen.path.as_str()),
            ("CONNECT", "/chat")
        );
        assert_eq!(seen.protocol, "websocket");
        assert!(!seen.ended);
        vec![
            Act::Head(200, fields(&[("sec-websocket-protocol", "talk")])),
            Act::Echo,
        ]
    })
}

/// Talks as a client of HTTP/1: opens, is silent for so long, says something, and hears it. Then closes its side and reads to
/// the end.
fn talk_h1(port: u16, silence: Duration) -> String {
    let mut client = Client::connect(port);
    client.send(format!(
        "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ));
    let head = client.head();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let head = head.to_ascii_lowercase();
    for line in [
        "upgrade: websocket\r\n",
        "connection: upgrade\r\n",
        &format!(
            "sec-websocket-accept: {}\r\n",
            accept(KEY.as_bytes()).to_ascii_lowercase()
        ),
        "sec-websocket-protocol: talk\r\n",
    ] {
        assert!(head.contains(line), "{line:?} in {head}");
    }
    std::thread::sleep(silence);
    client.send("over and out");
    let _ = client.stream.shutdown(std::net::Shutdown::Write);
    String::from_utf8(client.rest()).unwrap()
}

/// The same as a client of HTTP/2.
fn talk_h2(port: u16, silence: Duration) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let talk = async move {
        let stream = tokio::net::TcpStream::connect(local(port)).await.unwrap();
        let (requests, connection) = h2::client::handshake(stream).await.unwrap();
        let driver = tokio::spawn(connection);
        let mut requests = requests.ready().await.unwrap();
        while !requests.is_extended_connect_protocol_enabled() {
            tokio::task::yield_now().await;
        }
        let request = Request::builder()
            .method(Method::CONNECT)
            .uri(format!("http://127.0.0.1:{port}/chat"))
            .extension(h2::ext::Protocol::from("websocket"))
            .header("sec-websocket-version", "13")
            .body(())
            .unwrap();
        let (response, mut send) = requests.send_request(request, false).unwrap();
        let response = response.await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["sec-websocket-protocol"], "talk");
        for of_h1 in ["upgrade", "connection", "sec-websocket-accept"] {
            assert!(!response.headers().contains_key(of_h1), "{of_h1}");
        }
        tokio::time::sleep(silence).await;
        send.send_data(Bytes::from_static(b"over and out"), true)
            .unwrap();
        let mut body = response.into_body();
        let mut heard = Vec::new();
        while let Some(data) = body.data().await {
            heard.extend_from_slice(&data.unwrap());
        }
        drop((requests, send, body));
        driver.abort();
        String::from_utf8(heard).unwrap()
    };
    runtime
        .block_on(async { tokio::time::timeout(PATIENCE, talk).await })
        .expect("it ends")
}

fn config(port: u16, log: u16, server: &str, tunnel: &str) -> String {
    format!(
        "defaults
          mode http
          timeout connect 5s
          timeout client 2s
          timeout server 2s
          timeout tunnel {tunnel}
          log 127.0.0.1:{log} local0
        frontend f
          bind 127.0.0.1:{port}
          log-format \"%ST %ts %HM %HU end\"
          default_backend b
        backend b
          server s {server}
"
    )
}

/// All four ways at once, each silent for longer than clients and servers may be: the tunnel's timeout holds.
#[test]
fn they_go_every_way_and_outlive_a_silence() {
    let (h1, h2) = (echo_h1(), echo_h2());
    let to_h2 = format!("127.0.0.1:{} proto h2", h2.port);
    let ways = [format!("127.0.0.1:{h1}"), to_h2].map(|server| {
        let (port, sink) = (free_port(), LogSink::new());
        let config = config(port, sink.port, &server, "20s");
        (Program::start(Who::Ours, &config, &[port]), port, sink)
    });
    let silence = Duration::from_millis(2_500);
    let talks: Vec<_> = ways
        .iter()
        .flat_map(|(_, port, _)| {
            let port = *port;
            [
                std::thread::spawn(move || talk_h1(port, silence)),
                std::thread::spawn(move || talk_h2(port, silence)),
            ]
        })
        .collect();
    for talk in talks {
        assert_eq!(talk.join().expect("it comes through"), "over and out");
    }
    for (_, _, sink) in &ways {
        let lines = [sink.line_with(" end"), sink.line_with(" end")];
        for line in &lines {
            assert!(
                line.contains(" -- GET ") && line.contains("/chat end"),
                "{line}"
            );
        }
        assert!(
            lines.iter().any(|line| line.contains("101 --")),
            "{lines:?}"
        );
    }
}

/// A server that does not take tunnels for other protocols is not asked for one.
#[test]
fn a_server_that_knows_no_extended_connect_is_not_asked() {
    let (port, sink) = (free_port(), LogSink::new());
    let origin = H2Origin::new(|_| vec![Act::Head(200, fields(&[]))]);
    let server = format!("127.0.0.1:{} proto h2", origin.port);
    let _program = Program::start(Who::Ours, &config(port, sink.port, &server, "20s"), &[port]);
    let answer = Client::connect(port).ask(format!(
        "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    ));
    assert_eq!(answer.status, 502);
    assert!(sink.line_with(" end").contains("502 SH"));
    assert!(origin.seen().is_empty());
}

/// `ws h1`: whatever else is spoken with a server, WebSockets go by HTTP/1; `ws h2` the other way.
#[test]
fn the_file_may_say_what_web_sockets_speak() {
    let (h1, h2) = (echo_h1(), echo_h2());
    for server in [
        format!("127.0.0.1:{h1} proto h2 ws h1"),
        format!("127.0.0.1:{} ws h2", h2.port),
    ] {
        let (port, sink) = (free_port(), LogSink::new());
        let config = config(port, sink.port, &server, "20s");
        let _program = Program::start(Who::Ours, &config, &[port]);
        assert_eq!(talk_h1(port, Duration::ZERO), "over and out", "{server}");
    }
}

/// A tunnel that is silent for `timeout tunnel` ends.
#[test]
fn a_silent_tunnel_ends_in_time() {
    let (port, sink) = (free_port(), LogSink::new());
    let origin = echo_h2();
    let server = format!("127.0.0.1:{} proto h2", origin.port);
    let _program = Program::start(
        Who::Ours,
        &config(port, sink.port, &server, "300ms"),
        &[port],
    );
    let mut client = Client::connect(port);
    client.send(format!(
        "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    ));
    assert!(client.head().starts_with("HTTP/1.1 101 "));
    assert!(client.rest().is_empty());
    let line = sink.line_with(" end");
    assert!(line.contains("101 sD") || line.contains("101 cD"), "{line}");
}
