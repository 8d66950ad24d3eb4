//! Log lines, error bodies and statistics held against HAProxy's: the same traffic through both.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use support::{Client, LogSink, Origin, Program, Who, both, free_port, get};

/// A configuration with this body for the frontend and the backend, logging to the sink.
struct Stage {
    port: u16,
    closed: u16,
    origin: Origin,
}

impl Stage {
    fn new() -> Self {
        let origin = Origin::new(|head| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            match path {
                "/empty" => Vec::new(),
                "/junk" => b"nonsense\r\n\r\n".to_vec(),
                "/500" => b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n".to_vec(),
                "/304" => b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n".to_vec(),
                "/cookie" => {
                    b"HTTP/1.1 200 OK\r\nSet-Cookie: SID=abc; Path=/\r\nX-Id: 42\r\nContent-Length: 2\r\n\r\nok"
                        .to_vec()
                }
                _ => b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Id: 7\r\n\r\nhello".to_vec(),
            }
        });
        Self {
            port: free_port(),
            closed: free_port(),
            origin,
        }
    }

    fn config(&self, sink: &LogSink, front: &str, back: &str) -> String {
        let (port, log, closed, origin) = (self.port, sink.port, self.closed, self.origin.port);
        format!(
            "global\n maxconn 500\n log 127.0.0.1:{log} format raw local0\n\
             defaults\n mode http\n log global\n timeout client 2s\n timeout connect 1s\n \
             timeout server 5s\n timeout http-request 1s\n retries 0\n\
             frontend fe\n bind 127.0.0.1:{port}\n{front}\n default_backend be\n\
             backend be\n{back}\n server s1 127.0.0.1:{origin}\n\
             backend refused\n server r1 127.0.0.1:{closed}\n\
             backend none\n"
        )
    }
}

/// What differs between two runs in spite of the same behaviour: ports, dates, times (but not whether
/// there is one: -1 says that a phase was not reached).
fn settle(line: &str) -> String {
    let mut out = String::new();
    for word in line.trim_end().split(' ') {
        let timers = matches!(word.split('/').count(), 3 | 5)
            && word
                .split('/')
                .all(|t| t.trim_start_matches(['+', '-']).parse::<i64>().is_ok())
            && word.contains('/');
        let word = if word.starts_with('[') && word.ends_with(']') && word.contains('/') {
            "[date]".to_owned()
        } else if timers {
            let shown = |t: &str| match t.trim_start_matches('+').parse::<i64>() {
                Ok(-1) => "-1",
                _ => "n",
            };
            let plus = if word.contains('+') { "+" } else { "" };
            let all: Vec<&str> = word.split('/').map(shown).collect();
            format!("{plus}{}", all.join("/"))
        } else if word.starts_with("127.0.0.1:") {
            "client".to_owned()
        } else {
            word.to_owned()
        };
        out.push_str(&word);
        out.push(' ');
    }
    out.trim_end().to_owned()
}

/// Sends each request on a connection of its own and takes the line that is logged for it.
fn lines(who: Who, stage: &Stage, front: &str, back: &str, requests: &[&[u8]]) -> Vec<String> {
    let sink = LogSink::new();
    let _program = Program::start(who, &stage.config(&sink, front, back), &[stage.port]);
    let mut all = Vec::new();
    for request in requests {
        let mut client = Client::connect(stage.port);
        client.send(request);
        let _ = client.rest();
        all.push(settle(&sink.line()));
    }
    all
}

fn same(front: &str, back: &str, requests: &[&[u8]]) {
    let stage = Stage::new();
    let [theirs, ours] = both().map(|who| lines(who, &stage, front, back, requests));
    for ((ours, theirs), request) in ours.iter().zip(&theirs).zip(requests) {
        assert_eq!(
            ours,
            theirs,
            "{:?}\n{front}",
            String::from_utf8_lossy(request)
        );
    }
}

const ORDINARY: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    b"GET /x?y=z HTTP/1.0\r\n\r\n",
    b"HEAD / HTTP/1.0\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
    b"GET /500 HTTP/1.0\r\n\r\n",
    b"GET /304 HTTP/1.0\r\n\r\n",
    b"GET /cookie HTTP/1.0\r\nCookie: SID=old; b=c\r\nUser-Agent: me\r\n\r\n",
];

const TROUBLE: &[&[u8]] = &[
    b"GET /empty HTTP/1.0\r\n\r\n",
    b"GET /junk HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"\x16\x03\x01\x00\r\n\r\n",
];

#[test]
fn httplog_lines_are_haproxys() {
    same(" option httplog", "", ORDINARY);
}

#[test]
fn httplog_lines_of_trouble_are_haproxys() {
    same(" option httplog", "", TROUBLE);
}

#[test]
fn clf_and_default_lines_are_haproxys() {
    same(
        " option httplog clf\n log-format \"%ci %HM %HP %HV %ST %B %ts %ft %b %s\"",
        "",
        ORDINARY,
    );
}

#[test]
fn rules_captures_and_fallbacks_are_logged_as_haproxy_logs_them() {
    let front = " option httplog\n capture request header User-Agent len 10\n \
        capture request header X-None len 5\n capture response header X-Id len 3\n \
        http-request deny if { path /deny }\n http-request redirect location /y if { path /redirect }\n \
        http-request return status 204 if { path /return }\n use_backend refused if { path /refused }\n \
        use_backend none if { path /none }";
    same(
        front,
        "",
        &[
            b"GET /deny HTTP/1.0\r\n\r\n",
            b"GET /redirect HTTP/1.0\r\n\r\n",
            b"GET /return HTTP/1.0\r\n\r\n",
            b"GET /refused HTTP/1.0\r\n\r\n",
            b"GET /none HTTP/1.0\r\n\r\n",
            b"GET / HTTP/1.0\r\nUser-Agent: a-long-user-agent\r\n\r\n",
            b"GET /cookie HTTP/1.0\r\nUser-Agent: me {x}\r\n\r\n",
        ],
    );
}

#[test]
fn tcplog_lines_are_haproxys() {
    same(
        " mode tcp\n option tcplog",
        " mode tcp",
        &[
            b"GET /empty HTTP/1.0\r\n\r\n",
            b"GET /short HTTP/1.0\r\n\r\n",
        ],
    );
}

#[test]
fn log_formats_are_haproxys() {
    let format = r#" log-format "%ci [%tr] %f %b/%s %ST %ts %ac/%fc/%bc/%sc/%rc %{+Q}r %HM %{+Q}HU %HV %[src] %[capture.req.uri] %{+Q}[capture.req.method] %hr %hs %U %B %ID""#;
    same(format, "", ORDINARY);
}

#[test]
fn the_format_of_errors_is_for_clients_that_bring_no_request() {
    let front = r#" log-format "fine %ST"
 error-log-format "error %ci %ft %ST %ts %{+Q}r"
 http-request return status 503 if { path /503 }
 use_backend refused if { path /refused }"#;
    same(
        front,
        "",
        &[
            b"GET / HTTP/1.0\r\n\r\n",
            b"GET /503 HTTP/1.0\r\n\r\n",
            b"GET /refused HTTP/1.0\r\n\r\n",
            b"BAD\r\n\r\n",
            b"GET /late HT",
        ],
    );
}

#[test]
fn error_bodies_are_haproxys() {
    let front = " option httplog\n http-request deny deny_status 400 if { path /400 }\n \
        http-request deny deny_status 401 if { path /401 }\n http-request deny deny_status 403 if { path /403 }\n \
        http-request deny deny_status 404 if { path /404 }\n http-request deny deny_status 405 if { path /405 }\n \
        http-request deny deny_status 408 if { path /408 }\n http-request deny deny_status 410 if { path /410 }\n \
        http-request deny deny_status 413 if { path /413 }\n http-request deny deny_status 429 if { path /429 }\n \
        http-request deny deny_status 500 if { path /d500 }\n http-request deny deny_status 501 if { path /501 }\n \
        http-request deny deny_status 502 if { path /502 }\n http-request deny deny_status 503 if { path /503 }\n \
        http-request deny deny_status 504 if { path /504 }\n use_backend refused if { path /refused }\n \
        use_backend none if { path /none }";
    let paths = [
        "/400", "/401", "/403", "/404", "/405", "/408", "/410", "/413", "/429", "/d500", "/501",
        "/502", "/503", "/504", "/refused", "/none", "/empty", "/junk",
    ];
    let stage = Stage::new();
    let [theirs, ours] = both().map(|who| {
        let sink = LogSink::new();
        let _program = Program::start(who, &stage.config(&sink, front, ""), &[stage.port]);
        let mut all: Vec<String> = paths
            .iter()
            .map(|path| {
                let answer = get(stage.port, path);
                format!("{path}: {}{}", answer.head, answer.text())
            })
            .collect();
        for request in TROUBLE {
            let mut client = Client::connect(stage.port);
            client.send(request);
            all.push(String::from_utf8_lossy(&client.rest()).into_owned());
        }
        all
    });
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
}

const CAPTURES: &str = r#" capture request header User-Agent len 12
 capture request header X-None len 5
 capture response header X-Id len 3
 capture cookie SID= len 8
 http-request set-var(txn.ua) hdr(user-agent)
 http-request set-var(txn.y) hdr(y)
"#;

/// Requests that bring out what formats quote, escape and leave out.
const ODD: &[&[u8]] = &[
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET /x?y=z HTTP/1.0\r\nUser-Agent: me\"]\\|{}#\xe9\r\nY:\r\n\r\n",
    b"GET /x? HTTP/1.0\r\nY: a\tb\x01c\r\n\r\n",
    b"GET http://ex.org/p/a?b HTTP/1.0\r\n\r\n",
    b"GET /cookie HTTP/1.0\r\nCookie: SID=old; b=c\r\n\r\n",
    b"OPTIONS * HTTP/1.0\r\n\r\n",
    b"GET /empty HTTP/1.0\r\n\r\n",
    b"GET /\x80\"# HTTP/1.0\r\n\r\n",
    b"BAD\r\n\r\n",
];

/// All variables that do not tell time, place or process.
const ALL: &str = "<%B> <%CC> <%CS> <%HM> <%HP> <%HPO> <%HQ> <%HU> <%HV> <%ID> <%ST> <%U> <%b> <%bc> <%bi> <%bq> \
    <%ci> <%f> <%fi> <%ft> <%lc> <%rt> <%hr> <%hrl> <%hs> <%hsl> <%r> <%rc> <%s> <%sc> <%si> <%sq> <%sslc> <%sslv> <%ts> <%tsc>";

#[test]
fn every_variable_under_every_flag_is_haproxys() {
    for flags in ["", "%{+Q}o ", "%{+E}o ", "%{+X}o ", "%{+Q,+E,+X}o "] {
        let front = format!("{CAPTURES} unique-id-format %rt-%HM\n log-format \"{flags}{ALL}\"");
        same(&front, "", ODD);
    }
}

#[test]
fn expressions_under_every_flag_are_haproxys() {
    let format = "<%[src]> <%[var(txn.ua)]> <%[var(txn.none)]> <%[var(txn.y)]> <%[bool(1)]> <%[int(-5)]> <%[var(txn.ua),hex]> \
        <%[ipv6(::1)]> <%[str()]> <%[bin(00ff22)]> <%[bin(410042)]> <%[str(a%00b),url_dec]> <%[capture.req.uri]> \
        %{+X}[src] %{+X}[int(255)] %{-Q}[src] %{+E}[var(txn.ua)] %{-E}[var(txn.ua)] %{+Q,+E}[var(txn.ua)] %{-Q,+E}r \
        %{+Q,-E}HP a%%b   c %{+X}o%ci %{-X}ci %{-X}o%ci %{+Q}o %{-Q}b %s %{-Q}o %s";
    for flags in ["", "%{+Q}o ", "%{+E}o ", "%{+Q,+E}o "] {
        same(
            &format!("{CAPTURES} log-format \"{flags}{format}\""),
            "",
            ODD,
        );
    }
}

/// Sends each request to a frontend that answers it with formats in headers and a body.
#[test]
fn formats_in_messages_are_haproxys() {
    let format = "<%[src]> <%[hdr(user-agent)]> <%[hdr(none)]> <%[hdr(y)]> <%[bool(1)]> <%[ipv6(::1)]> <%[method]> <%[bin(00ff22)]> \
        <%[bin(410042)]> %{+X}[src] %{+E}[hdr(user-agent)] %{+Q}[hdr(user-agent)] %{+Q,+E}[hdr(user-agent)] %{+Q}[hdr(none)] %ci \
        %{+X}ci %r %{+Q}HP %CC %{+Q}CC %si %s %b %f %ST %ts %B %rc %tsc %HQ %HU <%ID>";
    let stage = Stage::new();
    for flags in ["", "%{+Q}o ", "%{+E}o ", "%{+Q,+E,+X}o "] {
        let format = format!("{flags}{format}");
        let front = format!(
            " unique-id-format \"%rt  %{{+Q}}[hdr(y)] <%[hdr(none)]> %[hdr(none)] %CC|%{{+Q}}CC|%[hdr(user-agent)]\"\n \
             http-request set-var-fmt(txn.f) \"{format}\"\n \
             http-request return status 200 hdr a \"{format}\" hdr b %[unique-id] hdr c %[var(txn.f),hex] content-type t/t \
             lf-string \"{format}\"\n log-format \"%ID %{{+Q}}ID %[unique-id]\""
        );
        let [theirs, ours] = both().map(|who| {
            let sink = LogSink::new();
            let _program = Program::start(who, &stage.config(&sink, &front, ""), &[stage.port]);
            let mut all = Vec::new();
            for request in ODD {
                let mut client = Client::connect(stage.port);
                client.send(request);
                all.push(String::from_utf8_lossy(&client.rest()).into_owned());
                all.push(sink.line());
            }
            all
        });
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{flags}");
        }
    }
}

#[test]
fn early_lines_are_haproxys() {
    same(" option logasap\n option httplog", "", ORDINARY);
    same(
        " option logasap\n log-format \"%B %U %ST %ts %rc %Tq/%Tq/%Tq\"",
        "",
        ORDINARY,
    );
    same(
        " mode tcp\n option logasap\n option tcplog",
        " mode tcp",
        &[b"GET / HTTP/1.0\r\n\r\n"],
    );
}

/// `option dontlognull` and kin: which lines come, and with which level.
#[test]
fn levels_and_silence_are_haproxys() {
    let requests: &[&[u8]] = &[
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET /empty HTTP/1.0\r\n\r\n",
        b"GET /500 HTTP/1.0\r\n\r\n",
        b"GET /deny HTTP/1.0\r\n\r\n",
        b"GET /silent HTTP/1.0\r\n\r\n",
        b"GET /crit HTTP/1.0\r\n\r\n",
        b"BAD\r\n\r\n",
        b"GET /late HT",
    ];
    let stage = Stage::new();
    for options in [
        "",
        " option dontlognull\n",
        " option dontlog-normal\n",
        " option log-separate-errors\n",
        " option dontlognull\n option dontlog-normal\n option log-separate-errors\n",
    ] {
        let front = format!(
            "{options} log-format \"%HU %ST %ts\"\n http-request deny if {{ path /deny }}\n \
             http-request set-log-level silent if {{ path /silent }}\n http-request set-log-level crit if {{ path /crit }}\n \
             http-request set-log-level emerg if {{ path /end }}"
        );
        let [theirs, ours] = both().map(|who| {
            let sink = LogSink::new();
            let config = stage
                .config(&sink, &front, "")
                .replace("format raw local0", "format short local0\n nbthread 1");
            let _program = Program::start(who, &config, &[stage.port]);
            for request in requests {
                let mut client = Client::connect(stage.port);
                client.send(request);
                let _ = client.rest();
            }
            let mut client = Client::connect(stage.port);
            client.send("GET /end HTTP/1.0\r\n\r\n");
            let _ = client.rest();
            // The last request is normal too: an abnormal one ends what is compared.
            let mut client = Client::connect(stage.port);
            client.send("GET /end HTTP/1.0\r\nContent-Length: x\r\n\r\n");
            let _ = client.rest();
            let mut lines = Vec::new();
            while lines
                .iter()
                .filter(|line: &&String| line.contains("BADREQ> 400"))
                .count()
                < 2
            {
                lines.push(sink.line());
            }
            lines
        });
        assert_eq!(ours, theirs, "{options}");
    }
}

/// CSV values by object and column.
fn csv(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let head: Vec<&str> = lines
        .next()
        .expect("a header")
        .trim_start_matches("# ")
        .split(',')
        .collect();
    lines
        .map(|line| {
            let values: Vec<&str> = line.split(',').collect();
            let row = head
                .iter()
                .zip(&values)
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
            (format!("{}/{}", values[0], values[1]), row.collect())
        })
        .collect()
}

#[test]
fn statistics_count_what_haproxys_count() {
    // What depends on time, on memory, or on what only HAProxy has.
    let moody = [
        "scur",
        "smax",
        "rate",
        "rate_max",
        "conn_rate",
        "conn_rate_max",
        "req_rate",
        "req_rate_max",
        "lastchg",
        "downtime",
        "lastsess",
        "qtime",
        "ctime",
        "rtime",
        "ttime",
        "qtime_max",
        "ctime_max",
        "rtime_max",
        "ttime_max",
        "srv_icur",
        "idle_conn_cur",
        "safe_conn_cur",
        "used_conn_cur",
        "need_conn_est",
        "bout",
        "pid",
    ];
    let front = " option httplog\n stats enable\n stats uri /stats\n http-request deny if { path /deny }\n \
        use_backend refused if { path /refused }";
    let stage = Stage::new();
    let [theirs, ours] = both().map(|who| {
        let sink = LogSink::new();
        let config = stage.config(&sink, front, " option httpclose");
        let _program = Program::start(who, &config, &[stage.port]);
        for request in ORDINARY.iter().chain(&[
            &b"GET /deny HTTP/1.0\r\n\r\n"[..],
            b"GET /refused HTTP/1.0\r\n\r\n",
        ]) {
            let mut client = Client::connect(stage.port);
            client.send(request);
            let _ = client.rest();
            let _ = sink.line();
        }
        csv(&get(stage.port, "/stats;csv").text())
    });
    let names = |all: &[(String, Vec<(String, String)>)]| {
        all.iter().map(|(n, _)| n.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&ours), names(&theirs));
    let mut different = Vec::new();
    for ((name, ours), (_, theirs)) in ours.iter().zip(&theirs) {
        let columns =
            |row: &[(String, String)]| row.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>();
        assert_eq!(columns(ours), columns(theirs));
        for ((column, ours), (_, theirs)) in ours.iter().zip(theirs) {
            let module = column.starts_with("h1_")
                || column.starts_with("h2_")
                || column.starts_with("ssl_");
            if ours != theirs && !moody.contains(&column.as_str()) && !module {
                different.push(format!("{name} {column}: {ours:?} instead of {theirs:?}"));
            }
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// A frontend that logs without a format tells of each stream as it begins: a line per request in HTTP, one per
/// connection in TCP, none for a connection that brings no request.
#[test]
fn without_a_format_streams_are_announced() {
    let told = |who: Who| {
        let (web, raw) = (free_port(), free_port());
        let sink = LogSink::new();
        let config = format!(
            "global\n log 127.0.0.1:{} format raw local0\n\
             defaults\n log global\n timeout client 2s\n timeout connect 1s\n timeout server 2s\n\
             frontend web\n mode http\n bind 127.0.0.1:{web}\n http-request return status 200\n\
             frontend raw\n mode tcp\n bind 127.0.0.1:{raw}\n default_backend be\n\
             backend be\n mode tcp\n server s 127.0.0.1:{web}\n",
            sink.port
        );
        let _program = Program::start(who, &config, &[web, raw]);
        let plain = |line: String| {
            let words = line
                .trim_end()
                .split(' ')
                .map(|word| match word.rsplit_once(':') {
                    Some((host, port)) if port == web.to_string() => format!("{host}:web"),
                    Some((host, port)) if port == raw.to_string() => format!("{host}:raw"),
                    Some((host, _)) => format!("{host}:client"),
                    None => word.to_owned(),
                });
            words.collect::<Vec<_>>().join(" ")
        };
        let mut client = Client::connect(web);
        for _ in 0..2 {
            client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        }
        let mut lines: Vec<String> = (0..2).map(|_| plain(sink.line())).collect();
        let mut client = Client::connect(raw);
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        lines.extend((0..2).map(|_| plain(sink.line())));
        lines
    };
    let [theirs, ours] = both().map(told);
    assert_eq!(ours, theirs);
    assert_eq!(
        ours[0],
        "Connect from 127.0.0.1:client to 127.0.0.1:web (web/HTTP)"
    );
    assert_eq!(
        ours[2],
        "Connect from 127.0.0.1:client to 127.0.0.1:raw (raw/TCP)"
    );
}

#[test]
fn retries_of_exchanges_are_counted_like_those_of_connections() {
    let front = " log-format \"%ST %ts %rc %B\"";
    let requests = ["/empty", "/500", "/junk", "/200"]
        .map(|path| format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    let requests = requests.each_ref().map(|request| request.as_bytes());
    for more in ["", " option redispatch 1\n"] {
        let back = format!(" retries 2\n retry-on all-retryable-errors\n{more}");
        same(front, &back, &requests);
    }
}
