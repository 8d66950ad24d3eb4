//! Small configurations are judged as HAProxy judges them: the same exit code of `-c`, the same first
//! lines of every message, in the same order.
//!
//! Left out of the comparison: process ids, HAProxy's "did you mean" (ours stands on a line of its
//! own), and a full stop at the end.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

use std::io::Write as _;
use std::process::Command;

/// What each case starts with.
const OPENINGS: &[(char, &str)] = &[
    (
        'B',
        "backend b\n mode http\n timeout connect 1s\n timeout server 1s\n",
    ),
    (
        'F',
        "frontend f\n bind :2001\n mode http\n timeout client 1s\n",
    ),
    (
        'L',
        "listen l\n bind :2001\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n",
    ),
    ('G', "global\n"),
    ('D', "defaults d\n mode http\n"),
    ('-', ""),
];

/// The opening, and the lines behind it.
const CASES: &[(char, &str)] = &[
    ('B', "server"),
    ('B', "server a"),
    ('B', "server a 1.1.1.1:80 foo"),
    ('B', "server a 1.1.1.1:80 weight 300"),
    ('B', "server a 1.1.1.1:80 rise 0"),
    ('B', "server a 1.1.1.1:80 fall 0"),
    ('B', "server a 1.1.1.1:80 check port 0"),
    ('B', "server a 1.1.1.1 check"),
    ('B', "server a 1.1.1.1:80-90"),
    ('B', "server a :80"),
    ('B', "server a *:80"),
    ('B', "server a 1.1.1.1:70000"),
    ('B', "server a 1.1.1.1:x"),
    ('B', "server a 1.1.1.1:+10"),
    ('B', "server a 1.1.1.1:-10 check"),
    ('B', "server a [::1]:80"),
    ('B', "server a ::1:80"),
    ('B', "server a abns@foo"),
    ('B', "server a udp@1.1.1.1:80"),
    ('B', "server a b 1.1.1.1:80"),
    ('B', "server a,b 1.1.1.1:80"),
    ('B', "server a 1.1.1.1:80 id 0"),
    ('B', "server a 1.1.1.1:80 observe foo"),
    ('B', "server a 1.1.1.1:80 track"),
    ('B', "server a 1.1.1.1:80 track x/y"),
    ('B', "server a 1.1.1.1:80 track c"),
    ('B', "server a 1.1.1.1:80 source"),
    ('B', "server a 1.1.1.1:80 init-addr foo"),
    ('B', "server a 1.1.1.1:80 maxqueue 5"),
    ('B', "server a 1.1.1.1:80 minconn 5"),
    ('B', "server a 1.1.1.1:80 slowstart 0"),
    ('B', "server a 1.1.1.1:80 error-limit 0"),
    ('B', "server a 1.1.1.1:80 disabled check enabled"),
    ('B', "server a 1.1.1.1:80 proto foo"),
    ('B', "server a 1.1.1.1:80 no-foo"),
    ('F', "bind"),
    ('F', "bind foo"),
    ('F', "bind :x"),
    ('F', "bind :80 foo"),
    ('F', "bind 1.1.1.1"),
    ('F', "bind :0"),
    ('F', "bind :80-70"),
    ('F', "bind :2005-2007,:2009"),
    ('F', "bind :80 name"),
    ('F', "bind abns@foo"),
    ('F', "bind udp@:80"),
    ('F', "bind :80 mss 1"),
    ('F', "bind :80 proto foo"),
    ('F', "bind :80 backlog 0"),
    ('F', "bind :80 id 0"),
    ('F', "bind :80 interface nosuch0"),
    ('F', "bind :80 nice 5000"),
    ('F', "bind :80 shards 2"),
    ('F', "bind :80 thread 1"),
    ('F', "bind [::]:80 v6only"),
    ('F', "bind :::80"),
    ('F', "bind ::80"),
    ('F', "bind *:80,"),
    ('F', "bind ,"),
    ('F', "bind 1.2.3.4.5:80"),
    ('F', "bind :80 severity-output number"),
    ('F', "bind :80 user nosuchuser"),
    ('F', "bind :80 alpn http/1.1"),
    ('-', "frontend f\n mode http\n"),
    (
        '-',
        "frontend f\n bind :2001\nbackend f\n server a 1.1.1.1:80",
    ),
    ('-', "listen f\n bind :2001\n"),
    ('-', "listen f\n server a 1.1.1.1:80"),
    (
        '-',
        "defaults a\ndefaults b from a\nlisten f from b\n bind :2001",
    ),
    ('-', "defaults a\ndefaults a\nlisten x from a\n bind :2001"),
    ('-', "defaults\n acl x path /\n http-request deny"),
    (
        '-',
        "defaults d\n http-request deny\nfrontend f\n mode http\n bind :2001",
    ),
    ('-', "defaults d\n foo"),
    ('-', "frontend f!\n bind :2001"),
    ('-', "global\n no daemon"),
    ('-', "global\n no option x"),
    ('-', "global\n daemon x"),
    ('-', "global\n maxconn"),
    ('-', "global\n nbthread 0"),
    ('-', "global\n nbthread 500"),
    ('-', "global\n nbproc 4"),
    ('-', "global\n user nosuch"),
    ('-', "global\n log"),
    ('-', "global\n log foo"),
    ('-', "global\n log 127.0.0.1 foo"),
    ('-', "global\n log 127.0.0.1 local0 foo"),
    ('-', "global\n log 127.0.0.1 len 5 local0"),
    ('-', "global\n log 127.0.0.1 len 50 local0 info err x"),
    ('-', "global\n log 127.0.0.1 format foo local0"),
    ('-', "global\n log stdout local0"),
    (
        '-',
        "global\n log stdout format raw local0\n log stderr local0 notice emerg",
    ),
    ('-', "global\n log 127.0.0.1:514 sample 1:2 local0"),
    ('-', "global\n foo"),
    ('-', "global\n tune.foo 5"),
    ('-', "global\n stats socket"),
    ('-', "global\n stats foo"),
    ('-', "global\n cpu-map 1 0"),
    ('-', "global\n cpu-map auto:1/1-2 0-1"),
    ('-', "global\n cpu-map x 0"),
    ('-', "global\n spread-checks 60"),
    ('-', "global\n setenv"),
    ('-', "global\n setenv A"),
    ('-', "global\n user root\n user root"),
    ('-', "global\n uid 0\n user root"),
    ('-', "global\n quiet"),
    ('-', "global\n debug"),
    ('-', "global\n ssl-default-bind-options foo"),
    (
        '-',
        "global\n ssl-default-bind-options no-sslv3 ssl-min-ver TLSv1.2",
    ),
    ('-', "global\n tune.ssl.default-dh-param 100"),
    ('-', "foo\n"),
    ('-', "resolvers x\n foo"),
    ('-', "userlist x\n foo"),
    ('-', "userlist\n"),
    ('-', "userlist x\n user a password $5$a groups b"),
    ('-', "http-errors x\n foo"),
    ('-', "cache x\n total-max-size 4"),
    (
        '-',
        "defaults\n mode http\n option httplog\n timeout client 1s\nfrontend f\n bind :2001",
    ),
    (
        '-',
        "defaults\n mode http\n timeout client 1s\nfrontend f\n option httplog\n bind :2001",
    ),
    (
        '-',
        "defaults\n mode http\n timeout client 1s\nfrontend f\n log-format x\n bind :2001",
    ),
    (
        '-',
        "global\n log 127.0.0.1 local0\ndefaults\n mode tcp\n option httplog\n timeout client 1s\n log global\nfrontend f\n bind :2001\nfrontend g\n bind :2002",
    ),
    (
        '-',
        "frontend f\n mode http\n timeout client 1s\n bind :2001\n tcp-request content accept\n tcp-request connection accept if TRUE\n tcp-request session accept\n http-request deny if TRUE\n tcp-request connection accept",
    ),
    (
        '-',
        "backend b\n server a 1.1.1.1:80 track b/c\n server c 1.1.1.1:80",
    ),
    (
        '-',
        "backend b\n mode http\n server a 1.1.1.1:80 disabled\n use-server x if TRUE\n timeout connect 1s\n timeout server 1s",
    ),
    (
        '-',
        "frontend f\n bind :2001\n timeout client 1s\n maxconn 5 6",
    ),
    ('-', "frontend f\n bind :2001\n timeout client 0"),
    (
        '-',
        "frontend f\n bind :2001\n timeout client 1s\n default_backend a b",
    ),
    (
        '-',
        "listen x\n bind :2001\n timeout client 1s\n use_backend\n use_backend x",
    ),
    (
        '-',
        "frontend f\n bind :2001\n timeout client 1s\n monitor\n monitor fail\n monitor-uri",
    ),
    (
        '-',
        "backend b\n mode http\n option httpchk\n http-check expect status 200\n http-check expect string ok\n server a 1.1.1.1:80 check\n timeout connect 1s\n timeout server 1s",
    ),
    (
        '-',
        "backend b\n mode http\n option tcp-check\n http-check expect status 200\n server a 1.1.1.1:80 check\n timeout connect 1s\n timeout server 1s",
    ),
    (
        '-',
        "backend b\n mode http\n tcp-check expect string x\n server a 1.1.1.1:80 check\n timeout connect 1s\n timeout server 1s",
    ),
    (
        '-',
        "backend b\n server-template\n server-template a 3 1.1.1.1:80\n server-template b 5-3 1.1.1.1:80\n server-template c x 1.1.1.1:80",
    ),
    (
        '-',
        "defaults\n server a 1.1.1.1:80\n bind :80\n use_backend x\n redirect location /",
    ),
    ('D', "acl x path /"),
    ('F', "acl x path /\n http-request deny if x"),
    ('F', "use_backend b if { path /x }"),
    (
        'B',
        "server a 1.1.1.1:80 check inter 2s rise 2 fall 5 weight 10 backup maxconn 5",
    ),
    ('B', "balance source\n hash-type consistent sdbm avalanche"),
    (
        'B',
        "option httpchk GET /health\n http-check expect status 200-299\n server a 1.1.1.1:80 check",
    ),
    (
        'G',
        "daemon\n maxconn 100\n nbthread 2\n log 127.0.0.1:514 local0 info\n stats timeout 10s",
    ),
    ('D', "timeout client 10sec"),
    ('F', "timeout client 2s"),
    ('F', "foo bar"),
    ('B', "option foo"),
    ('G', "foo"),
    ('B', "maxconn 5"),
    ('F', "fullconn 5"),
    ('F', "balance roundrobin"),
    ('F', "option httpchk"),
    ('B', "option dontlognull"),
    ('F', "timeout server 5s"),
    ('B', "monitor-uri /x"),
    ('D', "stick on src"),
    ('D', "redirect location /"),
    ('B', "block if TRUE"),
    (
        'L',
        "reqdel a\n reqidel a\n reqrep a b\n reqirep a b\n cliexp a b",
    ),
    (
        'L',
        "reqallow a\n reqiallow a\n reqdeny a\n reqideny a\n reqpass a\n reqipass a",
    ),
    (
        'L',
        "reqtarpit a\n reqitarpit a\n rspadd A:b\n rspdel a\n rspidel a",
    ),
    (
        'L',
        "rspdeny a\n rspideny a\n rsprep a b\n rspirep a b\n srvexp a b",
    ),
    (
        'L',
        "contimeout 5\n srvtimeout 5\n redisp\n timeout clitimeout 5\n timeout srvtimeout 5\n timeout contimeout 5",
    ),
    ('L', "monitor-net 10.0.0.0/8\n usesrc clientip"),
    (
        'L',
        "reqiadd A:b\n rspiadd A:b\n reqsetbe a l\n reqisetbe a l",
    ),
    ('L', "hash-type avalanche"),
    ('L', "option independant-streams"),
    ('G', "nosepoll"),
    ('L', "transparent"),
    (
        'L',
        "acl OR always_true\n acl x always_true\n http-request deny if x OR x",
    ),
    ('L', "bind-process 1"),
    ('L', "bind :90 process 2"),
    ('L', "bind :90 process 1"),
    ('L', "option http-use-htx"),
    ('L', "option http_proxy"),
    ('L', "server s 1.1.1.1:80\n server s 1.1.1.1:81"),
    ('L', "timeout check 5s // five"),
    ('L', "option httpchk GET / HTTP/1.1\\r\\nHost:\\ www"),
    ('G', "cpu-map 2 0\n cpu-map 3/1 0"),
    ('B', "reqadd X:\\ y"),
    ('B', "clitimeout 5"),
    ('B', "redispatch"),
    ('B', "appsession X len 5"),
    ('B', "mode health"),
    ('B', "option forceclose"),
    ('B', "option http-tunnel"),
    ('B', "grace 5"),
    ('F', "stats foo"),
    ('F', "option httpclose\n no option httpclose"),
    ('G', "no daemon"),
];

/// The exit code and the messages of `program -c`.
fn judge(program: &str, arguments: &[&str], text: &str) -> (Option<i32>, Vec<String>) {
    let mut file = tempfile::Builder::new()
        .suffix(".cfg")
        .tempfile()
        .expect("a file");
    file.write_all(text.as_bytes()).expect("it takes the text");
    let output = Command::new(program)
        .args(arguments)
        .arg("-f")
        .arg(file.path())
        .output()
        .expect("the haproxy package is needed for differential tests");
    let name = file.path().display().to_string();
    let messages = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| line.starts_with('[') && !line.contains(" version is "))
        .filter(|line| !line.contains(" path to executable is "))
        .map(|line| plain(&line.replace(&name, "x.cfg")))
        .collect();
    (output.status.code(), messages)
}

/// A message without what is not compared.
fn plain(line: &str) -> String {
    let (level, rest) = line.split_once(" (").unwrap_or((line, ""));
    let (_, text) = rest.split_once(") : ").unwrap_or(("", rest));
    let text = text.split("; did you mean ").next().unwrap_or_default();
    format!("{} {}", level.trim(), text.trim_end_matches(['.', ' ']))
}

#[test]
fn small_configurations_are_judged_as_haproxy_judges_them() {
    let mut differ = Vec::new();
    for (opening, lines) in CASES {
        let opening = OPENINGS
            .iter()
            .find(|(name, _)| name == opening)
            .map_or("", |(_, text)| text);
        let text = format!("{opening} {lines}\n");
        let theirs = judge("haproxy", &["-c"], &text);
        let ours = judge(
            env!("CARGO_BIN_EXE_tidegate"),
            &["-c", "--strict-haproxy"],
            &text,
        );
        if theirs != ours {
            differ.push(format!("{text}  theirs {theirs:#?}\n  ours {ours:#?}"));
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n{}",
        differ.len(),
        CASES.len(),
        differ.join("\n")
    );
}
