//! Health checks held against HAProxy: the same backends on both, each with an origin that takes down
//! what it is sent. Bytes, verdicts and words must be equal.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use support::{PATIENCE, Program, Who, free_port, get, wait_for};

/// One backend: its lines, options of its server, and its origin: what it waits for, what it answers,
/// whether it then keeps the connection.
struct Case {
    lines: &'static str,
    server: &'static str,
    until: &'static str,
    answer: &'static [u8],
    keep: bool,
}

const fn http(lines: &'static str, answer: &'static [u8]) -> Case {
    Case {
        lines,
        server: "",
        until: "\r\n\r\n",
        answer,
        keep: false,
    }
}

const fn tcp(lines: &'static str, until: &'static str, answer: &'static [u8], keep: bool) -> Case {
    Case {
        lines,
        server: "",
        until,
        answer,
        keep,
    }
}

const OK: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";
const BODY: &[u8] = b"HTTP/1.0 200 OK\r\nX: a, y\r\n\r\nbody here";
const GONE: &[u8] = b"HTTP/1.0 404 Not Here\r\n\r\nbody";
const GREETING: &[u8] =
    b"\x08\x00\x00\x00\x0a5.5.5\x00\x01\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00";

const CASES: &[Case] = &[
    http("option httpchk", OK),
    http("option httpchk /only", OK),
    http("option httpchk HEAD /", OK),
    http("option httpchk GET /x HTTP/1.1", OK),
    http("option httpchk GET /x HTTP/1.1\\r\\nHost:\\ www\\r\\nX-B:\\ 1", OK),
    http("option httpchk GET /x HTTP/1.1\nhttp-check send hdr Host www hdr X-A b", OK),
    http("option httpchk\nhttp-check send meth GET uri /p ver HTTP/1.1 hdr Host a.b:80 hdr Connection close", OK),
    http("option httpchk\nhttp-check send meth GET uri /p hdr connection foo", OK),
    http("option httpchk\nhttp-check send meth GET uri http://foo.com/p ver HTTP/1.1 hdr Host bar", OK),
    http("option httpchk HEAD /\nhttp-check send-state\nhttp-check send hdr A b", OK),
    http("option httpchk HEAD / HTTP/1.1\nhttp-check send-state", OK),
    Case {
        until: "a=b c",
        ..http("option httpchk\nhttp-check send meth POST uri /p ver HTTP/1.1 hdr Host a body \"a=b c\"", OK)
    },
    Case {
        server: "check-send-proxy",
        ..http("option httpchk", OK)
    },
    http("option httpchk\nhttp-check expect status 200,201,300-310", GONE),
    http("option httpchk\nhttp-check expect ! status 404", GONE),
    http("option httpchk\nhttp-check expect status 404", GONE),
    http("option httpchk\nhttp-check disable-on-404", GONE),
    http("option httpchk\nhttp-check expect rstatus ^2", GONE),
    http("option httpchk\nhttp-check expect string hello", BODY),
    http("option httpchk\nhttp-check expect string here", BODY),
    http("option httpchk\nhttp-check expect rstring h.re$", BODY),
    http("option httpchk\nhttp-check expect ! rstring h.re$", BODY),
    http("option httpchk\nhttp-check expect ! string body", BODY),
    http("option httpchk\nhttp-check expect string body", OK),
    http("option httpchk\nhttp-check expect comment why string hello", BODY),
    http("option httpchk\nhttp-check expect hdr name x value y", BODY),
    http("option httpchk\nhttp-check expect hdr name -m beg X value -m sub A", BODY),
    http("option httpchk\nhttp-check expect comment why fhdr name x value y", BODY),
    http("option httpchk\nhttp-check expect fhdr name x value \"a, y\"", BODY),
    http("option httpchk\nhttp-check expect ok-status L6OK status 200", OK),
    http("option httpchk\nhttp-check expect ok-status L7OKC on-success \"hi %[res.fhdr(x)]\" status 200", BODY),
    http("option httpchk\nhttp-check expect error-status L4CON on-error \"bad %[status]\" status 201", OK),
    http("option httpchk", b"HTTP/1.0 301 Moved\r\nLocation: /\r\n\r\n"),
    http("option httpchk", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"),
    http("option httpchk", b"SSH-2.0-OpenSSH\r\n"),
    http("option httpchk", b""),
    http("option httpchk", b"HTTP/1.0 200 OK\r\n"),
    http("option httpchk", b"HTTP/1.0 503\r\n\r\n"),
    http("option httpchk\nhttp-check expect comment bb status 200", b""),
    http(
        "option httpchk\nhttp-check expect string helloworld",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n",
    ),
    tcp("", "", b"", true),
    tcp("option tcp-check", "", b"", true),
    tcp("option tcp-check\ntcp-check connect\ntcp-check send PING\\r\\n\ntcp-check expect string +PONG", "PING", b"+PONG\r\n", true),
    tcp("option tcp-check\ntcp-check send PING\\r\\n\ntcp-check expect string +PONG", "PING", b"-ERR\r\n", true),
    tcp("option tcp-check\ntcp-check send PING\\r\\n\ntcp-check expect string +PONG", "PING", b"-ERR no\r\n", false),
    tcp("option tcp-check\ntcp-check send PING\\r\\n comment s\ntcp-check expect comment ex ! string ERR", "PING", b"-ERR\r\n", true),
    tcp("option tcp-check\ntcp-check send-binary 50494e470d0a\ntcp-check expect binary 2b504f4e47", "PING", b"+PONG\r\n", true),
    tcp("option tcp-check\ntcp-check send PING\ntcp-check expect min-recv 0 rstring ^.PONG", "PING", b"-ERR", true),
    tcp("option tcp-check\ntcp-check send PING\ntcp-check expect rbinary ^2D45", "PING", b"-ERR", true),
    tcp("option tcp-check\ntcp-check send PING\ntcp-check expect rbinary ^2B", "PING", b"-ERR", false),
    tcp("option tcp-check\ntcp-check comment first\ntcp-check connect\ntcp-check comment second\ntcp-check expect string X", "", b"yo", true),
    tcp("option tcp-check\ntcp-check expect tout-status L6TOUT comment zz rstring PONG", "", b"abcd", true),
    tcp("option tcp-check\ntcp-check expect string a\ntcp-check expect string b", "", b"ab", true),
    tcp("option tcp-check\ntcp-check expect string x", "", b"", false),
    tcp("option tcp-check\ntcp-check connect port 1 comment cc\ntcp-check expect string X", "", b"", false),
    tcp("option tcp-check\ntcp-check expect on-success hi status-code \"int(33)\" string abcd", "", b"abcd", true),
    tcp("option redis-check", "PING", b"+PONG\r\n", true),
    tcp("option redis-check", "PING", b"-ERR\r\n", true),
    tcp("option smtpchk", "", b"520 hi\r\n", true),
    tcp("option smtpchk", "", b"hello world\r\n", true),
    tcp("option mysql-check", "", GREETING, true),
    tcp("option mysql-check user bob", "bob", GREETING, true),
    tcp("option mysql-check user bob pre-41", "bob", GREETING, true),
    tcp("option pgsql-check user bob", "bob", b"R\x00\x00\x00\x08\x00\x00\x00\x00", true),
    tcp("option pgsql-check user bob", "bob", b"E\x00\x00\x00\x0fSFATAL\x00Mno such user\x00\x00", true),
    tcp("option pgsql-check user bob", "bob", b"hello", true),
    tcp("option ldap-check", "`", b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00", true),
    tcp("option ldap-check", "`", b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00", true),
    tcp("option ldap-check", "`", b"hello and more to say", true),
    tcp("option ssl-hello-chk", "SSLCHK", b"\x15\x03\x00\x00\x02\x02\x28", true),
    tcp("option ssl-hello-chk", "SSLCHK", b"hello hello", true),
];

/// What the first connection of each origin sent.
type Sent = Arc<Mutex<BTreeMap<usize, String>>>;

fn origin(number: usize, sent: Sent) -> u16 {
    let case = &CASES[number];
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let sent = sent.clone();
            std::thread::spawn(move || {
                let seen = talk(stream, case);
                sent.lock().expect("no panic").entry(number).or_insert(seen);
            });
        }
    });
    port
}

fn talk(mut stream: std::net::TcpStream, case: &Case) -> String {
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let mut seen = Vec::new();
    let mut buffer = [0; 4096];
    let mut more =
        |seen: &mut Vec<u8>, stream: &mut std::net::TcpStream| match stream.read(&mut buffer) {
            Ok(n) if n > 0 => {
                seen.extend_from_slice(&buffer[..n]);
                true
            }
            _ => false,
        };
    let text = |seen: &[u8]| String::from_utf8_lossy(seen).into_owned();
    while !text(&seen).contains(case.until) && more(&mut seen, &mut stream) {}
    let _ = stream.write_all(case.answer);
    while case.keep && more(&mut seen, &mut stream) {}
    text(&seen)
}

/// What one proxy did: by case, the bytes, what it said, what its CSV says.
struct Seen {
    sent: BTreeMap<usize, String>,
    said: Vec<String>,
    csv: Vec<Vec<String>>,
}

const COLUMNS: &[&str] = &[
    "pxname",
    "svname",
    "status",
    "chkfail",
    "chkdown",
    "check_status",
    "check_code",
    "last_chk",
    "check_desc",
    "check_rise",
    "check_fall",
    "check_health",
    "act",
    "bck",
    "weight",
];

fn watch(who: Who) -> Seen {
    let sent = Sent::default();
    let ports: Vec<u16> = (0..CASES.len()).map(|n| origin(n, sent.clone())).collect();
    let stats = free_port();
    let mut config = format!(
        "global\n node n\ndefaults\n mode http\n option log-health-checks\n timeout connect 3s\n timeout check 3s\n timeout client 5s\n \
         timeout server 5s\nlisten stats\n bind 127.0.0.1:{stats}\n stats enable\n stats uri /\n"
    );
    for (number, case) in CASES.iter().enumerate() {
        let lines = case.lines.replace('\n', "\n ");
        config.push_str(&format!(
            "backend c{number:02}\n {lines}\n server s 127.0.0.1:{} check inter 900ms fall 1 rise 1 {}\n",
            ports[number], case.server
        ));
    }
    let program = Program::start(who, &config, &[stats]);
    let line = |messages: &str, number: usize| {
        let name = format!("server c{number:02}/s ");
        messages
            .lines()
            .find(|l| l.contains(&name))
            .map(str::to_owned)
    };
    let said = (0..CASES.len())
        .map(|number| {
            let what = format!("{who:?} to check c{number:02}");
            let said = wait_for(&what, || line(&program.messages(), number));
            plain(&said)
        })
        .collect();
    // While the next check runs (a star tells) what the last one found is not all there.
    let mut rows = BTreeMap::new();
    let csv = wait_for("a moment without a check, for each", || {
        for row in csv(&get(stats, "/;csv").text()) {
            if !row[5].starts_with('*') {
                rows.entry(row[0].clone()).or_insert(row);
            }
        }
        (rows.len() == CASES.len()).then(|| rows.values().cloned().collect())
    });
    drop(program);
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let sent = sent.lock().expect("no panic").clone();
    let clean = |(number, text): (usize, String)| (number, without_ports(&text, &ports[number]));
    Seen {
        sent: sent.into_iter().map(clean).collect(),
        said,
        csv,
    }
}

/// A message without process id and duration.
fn plain(line: &str) -> String {
    let text = line.split_once(" : ").map_or(line, |(_, text)| text);
    match text.split_once("check duration: ") {
        Some((before, after)) => {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}{after}")
        }
        None => text.to_owned(),
    }
}

/// Bytes without what differs from run to run: ports, and the date and client port in front of them.
fn without_ports(text: &str, port: &str) -> String {
    let text = match text.strip_prefix("PROXY TCP4 127.0.0.1 127.0.0.1 ") {
        Some(rest) => format!(
            "PROXY {}",
            rest.split_once(' ').map_or("", |(_, after)| after)
        ),
        None => text.to_owned(),
    };
    let text = match text.find("HAPROXYSSLCHK") {
        // Four bytes of date, before the random bytes that are none.
        Some(_) => text
            .split_once("HAPROXYSSLCHK")
            .map(|(_, after)| after.to_owned()),
        None => Some(text),
    };
    text.unwrap_or_default().replace(port, "PORT")
}

/// Rows of the servers, the columns of interest.
fn csv(text: &str) -> Vec<Vec<String>> {
    let mut lines = text.lines();
    let header: Vec<_> = lines
        .next()
        .unwrap_or_default()
        .trim_start_matches("# ")
        .split(',')
        .collect();
    let wanted: Vec<usize> = COLUMNS
        .iter()
        .map(|name| {
            header
                .iter()
                .position(|h| h == name)
                .expect("the column is there")
        })
        .collect();
    let pick = |line: &str| {
        let fields = fields(line);
        let at = |i: &usize| fields.get(*i).cloned().unwrap_or_default();
        wanted.iter().map(at).collect()
    };
    let rows = lines.filter(|line| line.starts_with('c')).map(pick);
    rows.filter(|row: &Vec<String>| row[1] == "s").collect()
}

/// Fields of a CSV line.
fn fields(line: &str) -> Vec<String> {
    let (mut out, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(std::mem::take(&mut field)),
            c => field.push(c),
        }
    }
    out.push(field);
    out
}

#[test]
fn checks_send_judge_and_say_what_haproxys_do() {
    let theirs = watch(Who::Haproxy);
    let ours = watch(Who::Ours);
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let mut differ = |what: &str, theirs: &dyn std::fmt::Debug, ours: &dyn std::fmt::Debug| {
            let lines = case.lines;
            wrong.push(format!(
                "{lines}\n  {what}\n  haproxy  {theirs:?}\n  tidegate {ours:?}"
            ));
        };
        let (a, b) = (theirs.sent.get(&number), ours.sent.get(&number));
        if a != b {
            differ("bytes", &a, &b);
        }
        let (a, b) = (&theirs.said[number], &ours.said[number]);
        if a != b {
            differ("message", a, b);
        }
        let (mut a, b) = (theirs.csv[number].clone(), &ours.csv[number]);
        if case.lines.contains("mysql") || case.lines.contains("ldap") {
            // HAProxy says what the server said in its log line and forgets it in its statistics.
            a[7].clone_from(&b[7]);
        }
        if a != *b {
            differ("statistics", &a, b);
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differences:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
