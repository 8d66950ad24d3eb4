//! `stick` lines beside HAProxy's: the same configuration, the same clients, the same server chosen, the same
//! tables, the same messages.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use support::{Client, Origin, Program, both, free_port, run_to_end, wait_for};

fn command(program: &Program, line: &str) -> String {
    let socket = program.file("api.sock");
    let mut stream = wait_for("the socket", || UnixStream::connect(&socket).ok());
    writeln!(stream, "{line}").expect("it listens");
    let mut out = String::new();
    stream.read_to_string(&mut out).expect("it answers");
    out
}

/// A table, without what cannot be alike: addresses in memory, the time left.
fn table(program: &Program, name: &str) -> String {
    let text = command(program, &format!("show table {name}"));
    let entry = |line: &str| match line.split_once(": key=") {
        None => line.to_owned(),
        Some((_, rest)) => {
            let words = rest.split(' ').filter(|word| !word.starts_with("exp="));
            words.collect::<Vec<_>>().join(" ")
        }
    };
    text.lines().map(entry).collect::<Vec<_>>().join("\n")
}

/// What happens, in order: a request to the proxy of this number, or a command.
enum Step {
    Ask(usize, &'static str),
    Say(&'static str),
}
use Step::{Ask, Say};

const PROXIES: [(&str, &str); 12] = [
    (
        "plain",
        "stick-table type string len 20 size 1k expire 1h store gpc0,http_req_cnt\n stick on hdr(x)\n \
         http-response deny if { res.hdr(x-server) -m found }\n server s1 A\n server s2 B\n",
    ),
    (
        "addr",
        "stick-table type string len 20 size 1k srvkey addr\n stick on hdr(x)\n server s1 A\n server s2 B non-stick\n",
    ),
    // The names of `plain` on other numbers; what the response says is learnt.
    (
        "names",
        "stick match hdr(x) table plain\n stick match hdr(y) table plain\n stick store-response res.hdr(x-server)\n \
         stick-table type string len 20 size 1k\n server s2 A\n server z B\n",
    ),
    (
        "several",
        "stick-table type string len 20 size 1k\n stick match hdr(x) unless { hdr(nomatch) 1 }\n stick match hdr(y)\n \
         stick store-request hdr(x) unless { hdr(nostore) 1 }\n stick store-request hdr(y)\n \
         http-response set-header x-late late\n stick store-response res.hdr(x-late)\n \
         stick store-response res.hdr(x-server) if { status 200 }\n stick store-response str(never)\n \
         server s1 A\n server s2 B\n",
    ),
    (
        "redispatched",
        "option redispatch\n retries 2\n stick-table type string len 20 size 1k\n stick on hdr(x)\n \
         server s1 DEAD\n server s2 A\n server s3 B\n",
    ),
    (
        "stays",
        "retries 1\n stick-table type string len 20 size 1k\n stick on hdr(x)\n server s1 DEAD\n server s2 A\n",
    ),
    (
        "persist",
        "option persist\n stick-table type string len 20 size 1k\n stick on hdr(x)\n use-server s2 if { path /two }\n \
         server s1 A\n server s2 B\n server s3 B backup\n",
    ),
    (
        "full",
        "stick-table type string len 3 size 2 nopurge\n stick on hdr(x),lower\n server s1 A\n server s2 B\n",
    ),
    (
        "twice",
        "stick-table type string len 20 size 1k\n stick on hdr(x)\n stick on hdr(y)\n server s1 A\n server s2 B\n",
    ),
    (
        "after",
        "stick-table type string len 20 size 1k\n stick store-request hdr(x)\n stick match hdr(y)\n \
         server s1 A\n server s2 B\n",
    ),
    (
        "many",
        "stick store-request hdr(x) table t0\n stick store-request hdr(x) table t1\n \
         stick store-request hdr(x) table t2\n stick store-request hdr(x) table t3\n \
         stick store-request hdr(x) table t4\n stick store-request hdr(x) table t5\n \
         stick store-request hdr(x) table t6\n stick store-response res.hdr(x-server) table t7\n \
         stick store-response res.hdr(x-server) table t8\n stick-table type string size 1k\n \
         server s1 A\n",
    ),
    (
        "number",
        "stick-table type integer size 1k store server_id\n stick on hdr(x) table number\n stick on src table ip\n \
         server s1 A id 7\n server s2 B id 3\n",
    ),
];

const STEPS: [Step; 63] = [
    Ask(0, "X: 1"),
    Ask(0, "X: 1"),
    Ask(0, "X: 2"),
    Ask(0, "X: 2"),
    Ask(0, ""),
    Ask(0, "X: 1"),
    Ask(0, "X: 3"),
    Say("set server plain/s1 state maint"),
    Ask(0, "X: 1"),
    Say("set server plain/s1 state ready"),
    Ask(0, "X: 1"),
    Say("set server plain/s2 state drain"),
    Ask(0, "X: 1"),
    Say("set table plain key 9 data.server_id 2"),
    Ask(0, "X: 9"),
    Say("set table plain key 8 data.server_id 77"),
    Ask(0, "X: 8"),
    Ask(1, "X: 1"),
    Ask(1, "X: 1"),
    Ask(1, "X: 2"),
    Ask(1, "X: 2"),
    Ask(1, "X: 3"),
    Ask(2, "X: 1"),
    Ask(2, "X: 2"),
    Ask(2, "X: 3"),
    Ask(2, "Y: 3"),
    Ask(2, "X: none\r\nY: 2"),
    Ask(3, "X: 1\r\nY: 9"),
    Ask(3, "Y: 9"),
    Ask(3, "X: 2\r\nNostore: 1\r\nY: 8"),
    Say("set server several/s1 state maint"),
    Ask(3, "X: 1\r\nY: 8"),
    Say("set server several/s1 state ready"),
    Ask(3, "X: 1\r\nNomatch: 1"),
    Ask(3, "X: 1\r\nNomatch: 1"),
    Say("set table redispatched key 1 data.server_id 1"),
    Ask(4, "X: 1"),
    Ask(4, "X: 1"),
    Say("set table stays key 1 data.server_id 1"),
    Ask(5, "X: 1"),
    Ask(6, "X: 1"),
    Say("set server persist/s1 state maint"),
    Ask(6, "X: 1"),
    Ask(6, "Two: 1\r\nX: 1"),
    Ask(6, "X: 1"),
    Ask(7, "X: ABCD"),
    Ask(7, "X: abc"),
    Ask(7, "X: 2"),
    Ask(7, "X: 3"),
    Ask(11, "X: 5"),
    Ask(11, "X: a"),
    Ask(11, "X: 5"),
    Ask(8, "X: 1\r\nY: 1"),
    Ask(8, "X: 2\r\nY: 9"),
    Ask(8, "Y: 9"),
    Ask(8, "X: 3\r\nY: 1"),
    Ask(9, "X: 1"),
    Ask(9, "X: 2\r\nY: 1"),
    Ask(9, "X: 3\r\nY: 1"),
    Ask(9, "X: 2\r\nY: 3"),
    Ask(9, "Y: 2"),
    Ask(10, "X: 1"),
    Ask(1, "X: a =\\ \u{e4}"),
];

#[test]
fn requests_stick_as_in_haproxy() {
    let named = |name: &str| {
        Origin::answering(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Server: {name}\r\n\r\n"
        ))
    };
    let (a, b) = (named("a"), named("b"));
    let ports = [(); PROXIES.len()].map(|()| free_port());
    let mut config =
        "global\n stats socket unix@api.sock level admin\n nbthread 1\ndefaults\n mode http\n \
         timeout connect 200\n timeout client 5s\n timeout server 5s\n\
         backend ip\n stick-table type ip size 10\n"
            .to_owned();
    let many = ["t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"];
    for name in many {
        config += &format!("backend {name}\n stick-table type string size 1k\n");
    }
    for ((name, lines), port) in PROXIES.iter().zip(ports) {
        let lines = lines
            .replace(" A", &format!(" 127.0.0.1:{}", a.port))
            .replace(" B", &format!(" 127.0.0.1:{}", b.port))
            .replace(" DEAD", &format!(" 127.0.0.1:{}", free_port()));
        config += &format!("listen {name}\n bind 127.0.0.1:{port}\n {lines}");
    }
    let [theirs, ours] = both().map(|who| {
        let program = Program::start(who, &config, &ports);
        let mut seen = Vec::new();
        for step in &STEPS {
            match step {
                Say(line) => seen.push(format!("{line}: {}", command(&program, line).trim())),
                Ask(at, headers) => {
                    let path = if headers.starts_with("Two") {
                        "/two"
                    } else {
                        "/"
                    };
                    let more = if headers.is_empty() { "" } else { "\r\n" };
                    let answer = Client::connect(ports[*at]).ask(format!(
                        "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}{more}\r\n"
                    ));
                    let server = answer.header("x-server").map(str::to_owned);
                    seen.push(format!("{at} {headers:?}: {} {server:?}", answer.status));
                    seen.push(table(&program, PROXIES[*at].0));
                }
            }
        }
        seen.push(table(&program, "ip"));
        seen.extend(many.map(|name| table(&program, name)));
        seen
    });
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs, ours);
    }
    assert!(
        theirs
            .iter()
            .any(|line| line.contains("server_key=127.0.0.1:"))
    );
}

/// The key may lie in what the client or the server say first.
#[test]
fn connections_stick_as_in_haproxy() {
    let (a, b) = (Origin::saying("a"), Origin::saying("b"));
    let ports @ [silent, payload] = [(); 2].map(|()| free_port());
    let servers = format!(
        " server s1 127.0.0.1:{} id 4\n server s2 127.0.0.1:{}\n",
        a.port, b.port
    );
    let config = format!(
        "global\n stats socket unix@api.sock level admin\n nbthread 1\ndefaults\n mode tcp\n timeout connect 5s\n \
         timeout client 5s\n timeout server 5s\n\
         listen silent\n bind 127.0.0.1:{silent}\n stick-table type ip size 1k\n stick on src\n{servers}\
         listen payload\n bind 127.0.0.1:{payload}\n stick-table type string len 20 size 1k\n \
         tcp-request inspect-delay 5s\n tcp-request content accept if {{ req.len ge 9 }}\n \
         tcp-response inspect-delay 5s\n tcp-response content accept if {{ res.len ge 9 }}\n \
         stick on req.payload(5,4)\n stick store-response res.payload(0,9)\n{servers}"
    );
    let [theirs, ours] = both().map(|who| {
        let program = Program::start(who, &config, &ports);
        let mut seen = Vec::new();
        // Nobody says a word: it is stored once there is a connection.
        let client = Client::connect(silent);
        seen.push(wait_for("an entry", || {
            Some(table(&program, "silent")).filter(|shown| shown.contains("server_key=s"))
        }));
        drop(client);
        for path in ["one", "two", "one", "two", "two", "one"] {
            let request = format!("GET /{path} HTTP/1.0\r\n\r\n");
            for port in ports {
                seen.push(Client::connect(port).ask(&request).text());
            }
            seen.push(table(&program, "payload"));
        }
        seen.push(table(&program, "silent"));
        seen
    });
    assert_eq!(theirs, ours);
}

#[test]
fn messages_are_haproxys() {
    let head = "defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
        backend none\nbackend bytes\n stick-table type binary size 1k\nbackend text\n stick-table type string size 1k\n";
    let own = " stick-table type ip size 1k\n";
    let cases: [(&str, &[&str]); 22] = [
        (own, &["stick"]),
        (own, &["stick foo src"]),
        (own, &["stick on"]),
        (own, &["stick on nofetch"]),
        (own, &["stick on src table"]),
        (own, &["stick on src table x"]),
        (own, &["stick on src table none"]),
        (own, &["stick on src table text"]),
        (own, &["stick on src foo"]),
        (own, &["stick on src if nope"]),
        (own, &["stick on src table text if { src 1.1.1.1 }"]),
        ("", &["stick on src"]),
        (
            own,
            &[
                "stick on hdr(a)",
                "stick on path",
                "stick store-response src",
            ],
        ),
        (own, &["stick on status"]),
        (own, &["stick store-response path"]),
        (
            own,
            &[
                "stick store-response req.ssl_hello_type",
                "stick match res.hdr(a)",
            ],
        ),
        (
            own,
            &[
                "stick on src table bytes",
                "stick on int(4)",
                "stick on bool(true)",
            ],
        ),
        (own, &["stick on src,lower,foo"]),
        (
            own,
            &["stick store src", "stick store-request", "stick match"],
        ),
        (own, &["stick on payload(0,1)", "stick on be_id"]),
        (
            own,
            &[
                "stick on src if { status 200 }",
                "stick match src if { res.hdr(a) 1 }",
            ],
        ),
        (
            own,
            &[
                "stick store-response src if { path /a }",
                "use-server s if { status 200 }",
            ],
        ),
    ];
    for (table, lines) in cases {
        let mut config = format!("{head}backend b\n{table}");
        for line in lines {
            config += &format!(" {line}\n");
        }
        config += " server s 127.0.0.1:1\n";
        let [theirs, ours] = messages(&config);
        assert_eq!(theirs, ours, "{lines:?}");
    }
}

#[test]
fn messages_about_tracking_are_haproxys() {
    let head = "defaults\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
        backend tb\n stick-table type ip size 1k store http_req_rate(10s)\n\
        backend ts\n stick-table type string size 1k\n";
    let tracks = [
        "track-sc0 src table tb",
        "track-sc0 hdr(a),lower table ts",
        "track-sc0 payload(0,1) table ts",
        "track-sc0 base32+src table ts if HTTP",
        "track-sc0 path table ts if { src 1.1.1.1 }",
        "track-sc0 src table tb if { path /a }",
        "track-sc0 src table tb if { src 1.1.1.1 }",
        "track-sc0 src table tb unless TRUE",
        "track-sc0 var(txn.a) table ts",
        "track-sc0 src_http_req_rate(tb) table ts",
        "accept if { path /a }",
    ];
    let mut cases = Vec::new();
    for track in tracks {
        for kind in ["frontend l\n", "listen l\n", "backend l\n"] {
            for mode in [" mode tcp\n", " mode http\n"] {
                for delay in ["", " tcp-request inspect-delay 5s\n"] {
                    let bind = if kind.starts_with('b') {
                        ""
                    } else {
                        " bind 127.0.0.1:1\n"
                    };
                    let server = if kind.starts_with('f') {
                        ""
                    } else {
                        " server s 127.0.0.1:1\n"
                    };
                    let rule = format!(" tcp-request content {track}\n");
                    cases.push([kind, mode, bind, delay, &rule, server].concat());
                }
            }
        }
    }
    for line in [
        "http-request deny if { src_http_req_rate(nope) gt 1 }",
        "http-request deny if { src,table_http_req_rate(nope) gt 1 }",
        "http-request deny if { src_http_req_rate gt 1 }",
        "http-request set-header a %[src_http_req_rate(nope)]",
        "http-request set-header a %[src,table_gpc0(nope)]",
        "http-request set-var(txn.a) src_http_req_rate",
        "http-response set-header a %[src_http_req_rate(nope)]",
        "tcp-request content set-var(txn.a) src_http_req_rate(nope)",
        "tcp-request connection set-var(sess.a) src,in_table(nope)",
        "tcp-request session set-var(sess.a) src_http_req_rate(nope)",
        "log-format %[src_http_req_rate(nope)]",
        "stick on src_http_req_rate(nope) table tb",
        "stick store-response src,table_gpc0(nope) table tb",
    ] {
        cases.push(format!(
            "listen l\n mode http\n bind 127.0.0.1:1\n log 127.0.0.1:1 local0\n {line}\n server s 127.0.0.1:1\n"
        ));
    }
    // All of one kind in one file is quicker; a name that is missing ends a load.
    let mut sound = head.to_owned();
    for (at, case) in cases.iter().enumerate() {
        if case.contains("nope") || case.contains("_rate") {
            let [theirs, ours] = messages(&format!("{head}{case}"));
            assert_eq!(theirs, ours, "{case}");
        } else {
            sound += &case.replacen(" l\n", &format!(" l{at}\n"), 1);
        }
    }
    let [theirs, ours] = messages(&sound);
    assert_eq!(theirs, ours);
    assert!(theirs.len() > 20, "{theirs:?}");
}

/// What both say of a configuration, but for the closing lines.
fn messages(config: &str) -> [Vec<String>; 2] {
    both().map(|who| {
        let done = run_to_end(who, &["-c"], Some(config));
        let message = |line: &str| {
            let wanted = line.starts_with("[ALERT]") || line.starts_with("[WARNING]");
            let (_, rest) = line.split_once(" : ").filter(|_| wanted)?;
            let rest = rest.split_once("] : ").map_or(rest, |(_, rest)| rest);
            let closing = rest.contains("rror(s) found") || rest.contains("Fatal errors");
            (!closing).then(|| rest.to_owned())
        };
        done.err.lines().filter_map(message).collect()
    })
}
