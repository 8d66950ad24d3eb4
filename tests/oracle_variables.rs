//! Variables held against HAProxy: how long they live in each scope, when they are set, how much room they get.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use support::{Client, LogSink, Origin, Program, Who, both, free_port, run_to_end};

fn config(port: u16, sink: &LogSink, origin: u16, global: &str, front: &str, back: &str) -> String {
    format!(
        "global\n nbthread 1\n log 127.0.0.1:{} format raw local0\n{global}\n\
         defaults\n mode http\n log global\n timeout client 20s\n timeout connect 1s\n timeout server 20s\n\
         frontend fe\n bind 127.0.0.1:{port}\n{front}\n default_backend be\n\
         backend be\n{back}\n server s1 127.0.0.1:{origin}\n",
        sink.port
    )
}

/// What clients see and what is logged; each element of `clients` is one connection and the requests on it.
fn told(who: Who, text: &str, port: u16, sink: &LogSink, clients: &[&[&str]]) -> Vec<String> {
    let _program = Program::start(who, text, &[port]);
    let mut all = Vec::new();
    for requests in clients {
        let mut client = Client::connect(port);
        for path in *requests {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: t\r\n\r\n"));
            let answer = client.response();
            all.push(format!("{path}: {} {}", answer.head, answer.text()));
            all.push(sink.line_with("log:"));
        }
    }
    all
}

fn same(global: &str, front: &str, back: &str, clients: &[&[&str]]) -> Vec<String> {
    let port = free_port();
    let origin = Origin::new(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec());
    let [theirs, ours] = both().map(|who| {
        let sink = LogSink::new();
        let text = config(port, &sink, origin.port, global, front, back);
        told(who, &text, port, &sink, clients)
    });
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs, "{global}{front}{back}");
    }
    ours
}

const SCOPES: &str = "[%[var(proc.v)]|%[var(sess.v)]|%[var(txn.v)]|%[var(req.v)]|%[var(res.v)]]";

#[test]
fn scopes_live_as_long_as_in_haproxy() {
    // Each variable is set once where the path says so, and looked at everywhere else.
    let front = format!(
        " tcp-request connection set-var(sess.c) src,ipmask(8)\n tcp-request session set-var(sess.s) int(1),add(sess.none)\n \
         http-request set-var(proc.v) path if {{ path /proc }}\n http-request set-var(sess.v) path if {{ path /sess }}\n \
         http-request set-var(txn.v) path if {{ path /txn }}\n http-request set-var(req.v) path if {{ path /req }}\n \
         http-request set-var(res.v) path if {{ path /early }}\n \
         http-request set-header x-front \"{SCOPES}\"\n http-request set-var(txn.seen) hdr(x-front)\n \
         http-response set-var(res.v) str(late) if {{ var(txn.v) -m found }}\n http-response set-header front \"{SCOPES}\"\n \
         http-after-response set-header after \"{SCOPES}\"\n \
         http-response set-header seen %[var(txn.seen)]\n http-response set-header session \"%[var(sess.c)] %[var(sess.s)]\"\n \
         log-format \"log: {SCOPES} %[var(txn.seen)] %[var(sess.c)] %[var(txn.back)]\""
    );
    let back = format!(
        " http-request set-var(txn.back) var(req.v)\n http-request set-header x-back \"{SCOPES}\"\n \
         http-response set-header back \"{SCOPES}\""
    );
    let lines = same(
        "",
        &front,
        &back,
        &[
            &["/", "/req", "/", "/txn", "/", "/sess", "/", "/early", "/"],
            &["/", "/proc", "/sess"],
            &["/", "/unset"],
        ],
    );
    assert!(
        lines.iter().any(|line| line.contains("/proc|/sess")),
        "{lines:?}"
    );
}

#[test]
fn answers_of_the_proxy_see_variables_as_in_haproxy() {
    let front = format!(
        " http-request set-var(req.v) str(r)\n http-request set-var(txn.v) str(t)\n \
         http-after-response set-header after \"{SCOPES}\"\n \
         http-request deny deny_status 403 hdr in \"{SCOPES}\" if {{ path /deny }}\n \
         http-request redirect location /%[var(req.v)]/%[var(txn.v)] if {{ path /redirect }}\n \
         http-request return status 200 content-type a/b lf-string \"{SCOPES}\" if {{ path /return }}\n \
         log-format \"log: {SCOPES}\""
    );
    same(
        "",
        &front,
        "",
        &[&["/deny"], &["/redirect"], &["/return", "/"]],
    );
}

#[test]
fn tcp_streams_have_the_same_scopes() {
    let port = free_port();
    let origin = Origin::new(|_| b"HTTP/1.0 200 OK\r\n\r\nok".to_vec());
    let lines = both().map(|who| {
        let sink = LogSink::new();
        let front = " mode tcp\n tcp-request connection set-var(sess.c) src\n \
            tcp-request session set-var(sess.s) str(s)\n tcp-request session set-var(proc.p) str(p)\n \
            tcp-request inspect-delay 5s\n tcp-request content set-var(req.v) str(r)\n \
            tcp-request content set-var(res.e) str(early)\n tcp-request content set-var(txn.t) str(t)\n \
            tcp-request content set-var(txn.r) var(req.v)\n \
            log-format \"log: %[var(sess.c)] %[var(sess.s)] %[var(proc.p)] %[var(req.v)] %[var(res.e)] \
            %[var(txn.t)] %[var(txn.r)]\"";
        let back = " mode tcp\n";
        let text = config(port, &sink, origin.port, "", front, back);
        let _program = Program::start(who, &text, &[port]);
        let mut lines = Vec::new();
        for _ in 0..2 {
            let mut client = Client::connect(port);
            client.send("GET / HTTP/1.0\r\n\r\n");
            let _ = client.rest();
            lines.push(sink.line_with(" r\n"));
        }
        lines
    });
    let [theirs, ours] = lines;
    assert_eq!(ours, theirs);
}

#[test]
fn checks_have_variables_of_their_own() {
    for (kind, steps) in [
        (
            "option httpchk",
            " http-check set-var(check.n) int(12)\n http-check set-var-fmt(check.path) \"/a-%[var(check.n)]\"\n \
             http-check set-var(txn.x,ifnotset) str(q)\n http-check set-var(sess.y) str(s)\n http-check set-var(check.z) str(z)\n \
             http-check unset-var(check.z)\n http-check connect\n \
             http-check send meth GET uri-lf \"%[var(check.path)]-%[var(txn.x)]-%[var(sess.y)]-%[var(check.z)]\" ver HTTP/1.0\n",
        ),
        (
            "option tcp-check",
            " tcp-check set-var(check.n) str(abc)\n tcp-check connect\n tcp-check set-var(check.n,ifset) var(check.n),upper\n \
             tcp-check send-lf \"GET /%[var(check.n)] HTTP/1.0\\r\\n\\r\\n\"\n tcp-check expect string 200\n",
        ),
    ] {
        let [theirs, ours] = both().map(|who| {
            let (port, seen) = (free_port(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
            let sink = seen.clone();
            let origin = Origin::new(move |head| {
                let line = head.lines().next().unwrap_or_default().to_owned();
                sink.lock().expect("nobody fails").push(line);
                b"HTTP/1.0 200 OK\r\n\r\n".to_vec()
            });
            let text = format!(
                "defaults\n mode http\n timeout client 20s\n timeout connect 1s\n timeout server 20s\n\
                 frontend f\n bind 127.0.0.1:{port}\n http-request return status 200\n\
                 backend b\n {kind}\n{steps} server s 127.0.0.1:{} check inter 50ms\n",
                origin.port
            );
            let _program = Program::start(who, &text, &[port]);
            support::wait_for("a check", || seen.lock().expect("nobody fails").first().cloned())
        });
        assert_eq!(ours, theirs, "{kind}");
    }
}

#[test]
fn conditions_and_values_are_haproxys() {
    let show = "\"<%[var(txn.a)]> <%[var(txn.b)]> <%[var(txn.c)]> <%[var(txn.d)]> <%[var(txn.e)]> <%[var(proc.a)]> \
        <%[var(proc.b)]> <%[var(proc.c)]> <%[var(proc.d)]>\"";
    let rules = [
        "set-var(proc.a,ifexists) int(1)",
        "set-var(proc.b,ifnotexists) int(2)",
        "set-var(proc.c,ifset) int(3)",
        "set-var(proc.d,ifnotset) int(4)",
        "set-var(txn.a) int(1)",
        "unset-var(txn.a)",
        "set-var(txn.b,ifexists) int(9)",
        "set-var(txn.a,ifexists) int(2)",
        "set-var(txn.c,ifnotset) str(x)",
        "set-var(txn.c,ifset,ifempty) str(y)",
        "set-var(txn.d,ifnotempty) hdr(none)",
        "set-var(txn.d,ifempty) str(q)",
        "set-var(txn.e) int(5)",
        "set-var(txn.e,ifgt) int(3)",
        "set-var(txn.e,iflt) int(1)",
        "set-var(txn.e,iflt,ifset) int(8)",
        "set-var(txn.e,ifgt) str(no)",
        "set-var-fmt(txn.a,ifnotset) \"<%[var(txn.e)]%ci>\"",
        "set-var-fmt(txn.a,ifnotset) \"again\"",
        "set-var(txn.b) str(7),set-var(txn.d),add(1)",
        "set-var(txn.c) str(7),set-var(txn.nn,ifexists),add(1)",
        "set-var(txn.c) str(7),set-var(txn.nn,ifset)",
        "set-var(txn.c) int(7),add(txn.e),mul(txn.b)",
        "set-var(txn.d) int(7),unset-var(txn.e)",
        "set-var(txn.e) var(txn.none,dflt)",
        "set-var(txn.e) var(txn.b,dflt)",
        "set-var(txn.b) src",
        "set-var(txn.b) var(txn.b),ipmask(8)",
        "set-var(txn.d) method",
        "set-var(txn.d) bool(true)",
    ];
    for until in 1..=rules.len() {
        // The variables of the process are asked for after all rules, which is when they are compared anew.
        if until % 6 != 0 && until != rules.len() {
            continue;
        }
        let rules: String = rules[..until]
            .iter()
            .map(|rule| format!(" http-request {rule}\n"))
            .collect();
        let front = format!(
            "{rules} http-request return status 200 hdr found yes hdr all {show} if {{ var(txn.a) -m found }}\n \
             http-request return status 200 hdr all {show}\n log-format \"log: %[var(txn.e)]\""
        );
        same("", &front, "", &[&["/", "/"], &["/"]]);
    }
}

#[test]
fn global_variables_are_haproxys() {
    let global = " set-var proc.a int(5)\n set-var proc.b int(7),add(proc.a)\n set-var-fmt proc.c \"<%[var(proc.b)]>\"\n \
        set-var proc.d str(x),upper";
    let front = " http-request set-var(proc.a) var(proc.a),add(1)\n \
        http-request return status 200 hdr all \"%[var(proc.a)] %[var(proc.b)] %[var(proc.c)] %[var(proc.d)] %[var(proc.e)]\"\n \
        log-format \"log: %[var(proc.a)]\"";
    let lines = same(global, front, "", &[&["/", "/"], &["/"]]);
    assert!(
        lines.iter().any(|line| line.contains("8 12 <12> X")),
        "{lines:?}"
    );
}

#[test]
fn room_is_counted_as_haproxy_counts() {
    let show = "hdr all \"<%[var(sess.a)]> <%[var(txn.b)]> <%[var(req.c)]> <%[var(req.d)]> <%[var(txn.e)]> <%[var(sess.f)]>\"";
    let front = format!(
        " http-request set-var(sess.a) path\n http-request set-var(txn.b) path,length\n http-request set-var(req.c) path\n \
         http-request set-var(req.d) int(1)\n http-request unset-var(txn.b)\n http-request set-var(txn.e) int(9)\n \
         http-request set-var(sess.f) bool(1)\n \
         http-request return status 200 {show}\n log-format \"log: %[var(sess.a)]\""
    );
    // What does not fit its data holds anything in HAProxy, zero here: so only what fits, or not at all.
    for limit in ["sess", "txn", "reqres", "global", "proc"] {
        for size in [79, 85, 170, 260, 350, 440, 1000] {
            let global = format!(" tune.vars.{limit}-max-size {size}");
            same(&global, &front, "", &[&["/a", "/b"], &["/c"]]);
        }
    }
}

#[test]
fn names_are_haproxys() {
    for name in [
        "txn.a", "txn.a.b", "txn.A_1", "txn.", "txn", "a", "", "txn.a-b", "txn.a b", "foo.a",
        "global.a", "proc.x", "check.x", "res.a", "TXN.a", ".a", "txn..a",
    ] {
        let text = format!(
            "frontend f\n mode http\n bind 127.0.0.1:1\n timeout client 20s\n http-request set-var({name}) int(1)\n"
        );
        let [theirs, ours] = both().map(|who| {
            let done = run_to_end(who, &["-c"], Some(&text));
            done.err.contains("[ALERT]")
        });
        assert_eq!(ours, theirs, "{name}");
    }
}
