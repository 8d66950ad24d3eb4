//! The HTTP engine before HAProxy: the same bytes from the client and from the server must give the same bytes on both sides
//! and the same log line.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use support::{Client, LogSink, Origin, Program, Who, both, free_port};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A way through the proxy.
struct Case {
    request: &'static str,
    /// What the server answers; empty: it closes.
    answer: &'static str,
}

const fn case(request: &'static str, answer: &'static str) -> Case {
    Case { request, answer }
}

const CASES: &[Case] = &[
    case("GET / HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case(
        "GET /a HTTP/1.1\r\nHost: t\r\n\r\nGET /b HTTP/1.1\r\nHost: t\r\n\r\n",
        OK,
    ),
    case("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", OK),
    case("GET / HTTP/1.0\r\n\r\n", OK),
    case("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", OK),
    case(
        "HEAD / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
    ),
    case(
        "POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\nabc",
        OK,
    ),
    case(
        "GET / HTTP/1.2\r\nHOST: t\r\nX: a\r\n b\r\nY:\t c \r\n\r\n",
        OK,
    ),
    case("GET http://t:80/x?y HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    // What is said of the connection.
    case(
        "GET / HTTP/1.1\r\nHost: t\r\nConnection: foo, close\r\nFoo: 1\r\nKeep-Alive: 5\r\nTE: gzip, trailers\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: bar, keep-alive\r\nBar: 1\r\nKeep-Alive: 5\r\nUpgrade: y\r\nContent-Length: 2\r\n\r\nok",
    ),
    case("GET / HTTP/1.0\r\nConnection: keep-alive, foo\r\n\r\n", OK),
    case(
        "GET /ask-close HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n",
        OK,
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Close: 1\r\nContent-Length: 2\r\n\r\nok",
    ),
    // Upgrades.
    case(
        "GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\nhi",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        OK,
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 101 S\r\nUpgrade: x\r\n\r\n",
    ),
    // Answers of all framings.
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n2;x\r\nok\r\n0\r\nT: r\r\n\r\n",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 304 Not\r\nContent-Length: 10\r\n\r\n",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.2 600 Odd Word\r\nContent-Length: 2\r\n\r\nok",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ),
    case(
        "POST /p HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ),
    // What servers do wrong.
    case("GET / HTTP/1.1\r\nHost: t\r\n\r\n", ""),
    case("GET / HTTP/1.1\r\nHost: t\r\n\r\n", "HTTP/1.1 junk\r\n\r\n"),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n",
    ),
    // What clients do wrong.
    case("BAD\r\n\r\n", OK),
    case("GET / HTTP/1.1\r\nHost: t\r\nA B: c\r\n\r\n", OK),
    case("GET / HTTP/1.1\r\nHost: t\r\nHost: u\r\n\r\n", OK),
    case("GET / HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n", OK),
    case(
        "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK,
    ),
    case(
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        OK,
    ),
    case("GET / HTTP/1.1\r\nHos", OK),
    case("", OK),
    // What rules decide.
    case("GET /deny HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /tarpit HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /redirect?x HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /return HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /reject HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case(
        "GET /deny-400 HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n",
        OK,
    ),
    case("HEAD /deny HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /deny HTTP/1.0\r\n\r\n", OK),
    case("GET /none HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /page HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /nothing HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /moved HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case("GET /down HTTP/1.1\r\nHost: t\r\n\r\n", OK),
    case(
        "POST /deny HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc",
        OK,
    ),
    case(
        "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Deny: 1\r\nContent-Length: 0\r\n\r\n",
    ),
];

fn config(port: u16, origin: u16, sink: u16, page: &str) -> String {
    format!(
        "global
  log 127.0.0.1:{sink} local0
defaults
  mode http
  log global
  option httplog
  http-reuse never
  timeout client 2s
  timeout server 2s
  timeout connect 2s
  timeout http-request 1s
  timeout http-keep-alive 50
  timeout tarpit 20
frontend fe
  bind 127.0.0.1:{port}
  capture request header Host len 10
  option forwardfor
  http-request deny if {{ path /deny }}
  http-request deny deny_status 400 if {{ path /deny-400 }}
  http-request tarpit if {{ path /tarpit }}
  http-request redirect location /x code 303 if {{ path /redirect }}
  http-request return status 200 content-type text/plain string hello if {{ path /return }}
  http-request reject if {{ path /reject }}
  http-response deny if {{ res.hdr(x-deny) -m found }}
  http-response set-header X-Seen 1
  http-request set-header Connection close if {{ path /ask-close }}
  http-response set-header Connection close if {{ res.hdr(x-close) -m found }}
  use_backend page if {{ path /page }}
  use_backend nothing if {{ path /nothing }}
  use_backend moved if {{ path /moved }}
  use_backend none if {{ path /none }}
  use_backend down if {{ path /down }}
  default_backend be
backend be
  server s 127.0.0.1:{origin}
backend none
backend page
  errorfile 503 {page}
backend nothing
  errorfile 503 /dev/null
backend moved
  errorloc303 503 /elsewhere
backend down
  server s 127.0.0.1:{origin} disabled
"
    )
}

/// What was seen on all sides.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    answer: String,
    forwarded: Vec<String>,
    logged: Vec<String>,
}

/// A log line from the proxies' names on, times only as known or not, counts of connections left out.
fn essence(line: &str) -> String {
    let after = line.split("] ").nth(1).unwrap_or(line);
    let mut words: Vec<String> = after.split(' ').map(str::to_owned).collect();
    if let Some(times) = words.get_mut(2) {
        let known = |time: &str| if time == "-1" { "-1" } else { "t" };
        *times = times.split('/').map(known).collect::<Vec<_>>().join("/");
    }
    words.retain(|word| word.matches('/').count() != 4 || word.starts_with(['t', '-']));
    words.join(" ")
}

fn play(who: Who) -> Vec<Seen> {
    let answer = Arc::<Mutex<&str>>::default();
    let scripted = answer.clone();
    let origin = Origin::new(move |_| scripted.lock().expect("no panic").as_bytes().to_vec());
    let sink = LogSink::new();
    let port = free_port();
    // As distributions ship them: of version 1.0, closing, without a length.
    let mut page = tempfile::NamedTempFile::new().expect("a file for a page");
    page.write_all(b"HTTP/1.0 500 Oh\r\nConnection: close\r\nX: y\r\n\r\nbody")
        .expect("it is written");
    let path = page.path().display().to_string();
    let config = config(port, origin.port, sink.port, &path);
    let _proxy = Program::start(who, &config, &[port]);
    let mut seen = Vec::new();
    for case in CASES {
        *answer.lock().expect("no panic") = case.answer;
        origin.requests.lock().expect("no panic").clear();
        let answer = Client::connect(port).send(case.request).rest();
        // What comes after a request that ends the connection is not read.
        let last = case.request.contains("/deny-400");
        let heads = if last {
            1
        } else {
            case.request.matches("HTTP/1").count().max(1)
        };
        seen.push(Seen {
            answer: String::from_utf8_lossy(&answer).into_owned(),
            forwarded: origin.requests.lock().expect("no panic").clone(),
            logged: (0..heads).map(|_| essence(&sink.line())).collect(),
        });
    }
    seen
}

#[test]
fn bytes_and_log_lines_are_haproxys() {
    let theirs = std::thread::spawn(|| play(Who::Haproxy));
    let ours = play(Who::Ours);
    let theirs = theirs.join().expect("haproxy plays");
    let mut different = String::new();
    for ((case, ours), theirs) in CASES.iter().zip(&ours).zip(&theirs) {
        if ours != theirs {
            different += &format!(
                "{:?} / {:?}\n ours   {ours:?}\n theirs {theirs:?}\n",
                case.request, case.answer
            );
        }
    }
    assert!(different.is_empty(), "{different}");
}

/// A rule about a response that asks for the request: loaded with a warning, and never matches.
#[test]
fn requests_are_gone_once_there_is_a_response() {
    let asked = [
        "path",
        "req.hdr(host)",
        "hdr(host)",
        "req.cook(a)",
        "req.body",
        "url_param(x)",
        "req.ver",
        "http_auth_user",
        "method",
        "req.len",
        "capture.req.hdr(0)",
        "res.hdr(x-s)",
        "status",
    ];
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nX-S: 1\r\nContent-Length: 2\r\n\r\nok");
    let [theirs, ours] = both().map(|who| {
        let port = free_port();
        let rules = |word: &str| {
            let rule = |(at, fetch): (usize, &&str)| {
                format!(" {word} set-header {word}-{at} x if {{ {fetch} -m found }}\n")
            };
            asked.iter().enumerate().map(rule).collect::<String>()
        };
        let config = format!(
            "defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\n\
             frontend f\n bind 127.0.0.1:{port}\n http-request capture hdr(host) len 9\n \
             http-request return status 200 if {{ path /here }}\n{} default_backend b\n\
             backend b\n{} server s 127.0.0.1:{}\n",
            rules("http-after-response"),
            rules("http-response"),
            origin.port
        );
        let _proxy = Program::start(who, &config, &[port]);
        ["/here?x=1", "/there?x=1"].map(|path| {
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: h\r\nCookie: a=1\r\nAuthorization: Basic YTpi\r\n\
                 Content-Length: 3\r\n\r\nabc"
            );
            let head = Client::connect(port).ask(request).head;
            let names = head.lines().filter(|line| line.starts_with("http-"));
            names.map(str::to_owned).collect::<Vec<_>>()
        })
    });
    assert_eq!(ours, theirs);
    assert!(theirs.iter().all(|headers| headers.len() > 2));
}
