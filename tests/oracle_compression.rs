//! Compression beside HAProxy's: which responses are coded for whom, with what head, and what they come to.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end so"
)]

mod support;

use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use support::{Client, Origin, Program, Response, both, free_port};

const BODY: &str = "hello world hello world hello world hello world hello world hello world";

/// What the client accepts, what the server says behind its status, and where the request goes.
const CASES: &[(&str, &str, &str)] = &[
    ("gzip", "200 OK|Content-Type: text/plain", "/gz"),
    (
        "gzip",
        "200 OK|Content-Type: text/plain; charset=utf-8",
        "/gz",
    ),
    ("gzip", "200 OK|Content-Type: TEXT/HTML", "/gz"),
    ("gzip", "200 OK|Content-Type: image/png", "/gz"),
    ("gzip", "200 OK|Content-Type: multipart/mixed", "/all"),
    ("gzip", "200 OK", "/gz"),
    ("gzip", "200 OK", "/all"),
    ("gzip", "203 x|Content-Type: text/plain", "/gz"),
    ("gzip", "206 x|Content-Type: text/plain", "/gz"),
    ("gzip", "404 x|Content-Type: text/plain", "/gz"),
    (
        "gzip",
        "200 OK|Content-Type: text/plain|Content-Encoding: br",
        "/gz",
    ),
    (
        "gzip",
        "200 OK|Content-Type: text/plain|Cache-Control: a, No-Transform",
        "/gz",
    ),
    ("gzip", "200 OK|Content-Type: text/plain|ETag: \"a\"", "/gz"),
    (
        "gzip",
        "200 OK|Content-Type: text/plain|ETag: W/\"a\"",
        "/gz",
    ),
    ("gzip", "200 OK|Content-Type: text/plain|ETag: a", "/gz"),
    (
        "gzip",
        "200 OK|Content-Type: text/plain|ETag: \"a\"|ETag: \"b\"",
        "/gz",
    ),
    (
        "gzip",
        "200 OK|Content-Type: text/plain|Vary: Origin",
        "/gz",
    ),
    ("gzip;q=0", "200 OK|Content-Type: text/plain", "/gz"),
    ("gzip;q=0, *", "200 OK|Content-Type: text/plain", "/gz"),
    ("deflate, gzip;q=0.5", "200 OK", "/all"),
    ("deflate;q=0.5, gzip", "200 OK", "/all"),
    ("br", "200 OK", "/all"),
    ("*", "200 OK", "/all"),
    ("deflate", "200 OK", "/deflate"),
    ("gzip", "200 OK", "/offload"),
    ("gzip", "200 OK", "/front"),
    (
        "gzip\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0)",
        "200 OK",
        "/all",
    ),
    (
        "gzip\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 7.0)",
        "200 OK",
        "/all",
    ),
];

fn decoded(answer: &Response) -> String {
    let body = answer.body.as_slice();
    let mut text = String::new();
    let read = match answer.header("content-encoding") {
        Some("gzip") => GzDecoder::new(body).read_to_string(&mut text),
        Some("deflate") => match ZlibDecoder::new(body).read_to_string(&mut text) {
            Ok(read) => Ok(read),
            Err(_) => DeflateDecoder::new(body).read_to_string(&mut text),
        },
        _ => return answer.text(),
    };
    read.expect("it can be decoded");
    text
}

/// The head in an order of its own: HAProxy leaves the framing where it stood.
fn head(answer: &Response) -> Vec<String> {
    let mut lines: Vec<String> = answer.head.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn responses_are_coded_as_haproxys() {
    let origin = Origin::new(|head| {
        let answer = head
            .lines()
            .find_map(|line| line.split_once("x-answer: "))
            .map(|(_, answer)| answer.replace('|', "\r\n"))
            .expect("it says what to answer");
        let accepted = head
            .lines()
            .find(|line| line.starts_with("accept-encoding"));
        let accepted = accepted.unwrap_or("none").replace(':', "=");
        let framing = match head.starts_with("GET /chunked") {
            true => format!(
                "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{BODY}\r\n0\r\nX-T: t\r\n\r\n",
                BODY.len()
            ),
            false => format!("Content-Length: {}\r\n\r\n{BODY}", BODY.len()),
        };
        format!("HTTP/1.1 {answer}\r\nX-Accepted: {accepted}\r\n{framing}").into_bytes()
    });
    let (port, to) = (free_port(), origin.port);
    let backend =
        |name: &str, lines: &str| format!("backend {name}\n {lines}\n server s 127.0.0.1:{to}\n");
    let config = format!(
        "global\n tune.comp.maxlevel 3\n\
         defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
         frontend f\n bind 127.0.0.1:{port}\n compression algo gzip\n filter compression\n\
         use_backend %[path,field(-1,/)]\n{}{}{}{}{}",
        backend(
            "gz",
            "compression algo gzip\n compression type text/plain text/html"
        ),
        backend("all", "compression algo gzip deflate raw-deflate identity"),
        backend("deflate", "compression algo deflate"),
        backend("offload", "compression algo gzip\n compression offload"),
        backend("front", ""),
    );
    let [theirs, ours] = both().map(|who| {
        let program = Program::start(who, &config, &[port]);
        let mut said = Vec::new();
        for (accepts, answer, path) in CASES {
            for framing in ["", "/chunked"] {
                let answer = Client::connect(port).ask(format!(
                    "GET {framing}{path} HTTP/1.1\r\nhost: a\r\nx-answer: {answer}\r\naccept-encoding: {accepts}\r\n\r\n"
                ));
                assert_eq!(decoded(&answer), BODY, "{who:?} {accepts} {path}");
                said.push((accepts, path, framing, head(&answer)));
            }
        }
        drop(program);
        said
    });
    for (theirs, ours) in theirs.into_iter().zip(ours) {
        assert_eq!(ours, theirs);
    }
}
