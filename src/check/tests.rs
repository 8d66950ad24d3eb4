//! What servers do and say, held against transcripts of HAProxy 2.6.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::config::{self, Config};
use crate::diag::Span;
use crate::end::Cause;
use crate::plan::{self, Plan};
use crate::settings::{
    self, CheckKind, Endpoint, Expect, ExpectKind, Family, Host, HttpSend, Kind, Options, Step,
};

type Said = Arc<Mutex<Vec<String>>>;

/// Keeps what is said.
struct Ears(Said);

impl Hooks for Ears {
    fn warn(&self, alert: bool, text: &str) {
        let text = if alert {
            format!("! {text}")
        } else {
            text.to_owned()
        };
        self.0.lock().unwrap().push(text);
    }
    fn shut_sessions(&self, _: &plan::Proxy, server: &plan::Server, cause: Cause) {
        let text = format!("shut {} {cause:?}", server.settings.name);
        self.0.lock().unwrap().push(text);
    }
}

fn server(name: &str, port: u16) -> settings::Server {
    let endpoint = Endpoint::Tcp {
        host: Host::Ip([127, 0, 0, 1].into()),
        family: Family::Any,
        port,
        last_port: port,
        port_offset: None,
    };
    let mut server = settings::Server {
        name: name.into(),
        endpoint: Some(endpoint),
        ..settings::Server::default()
    };
    server.check.enabled = true;
    server
}

fn backend(servers: Vec<settings::Server>) -> config::Proxy {
    config::Proxy {
        name: "be".into(),
        kind: Kind::Backend,
        span: Span::default(),
        id: 2,
        settings: settings::Proxy::default(),
        binds: Vec::new(),
        servers: servers.into_iter().map(|s| (s, Span::default())).collect(),
        rules: config::Rules::default(),
        use_backend: Vec::new(),
        default_backend: None,
        use_server: Vec::new(),
        stick: Vec::new(),
        monitor_fail: Vec::new(),
        persist: Vec::new(),
        log_format: None,
        log_format_sd: None,
        error_log_format: None,
        unique_id_format: None,
        table: None,
        captures: crate::sample::Captures::default(),
        acls: Default::default(),
    }
}

fn link(proxy: config::Proxy) -> Arc<Plan> {
    let config = Config {
        proxies: vec![proxy],
        ..Config::default()
    };
    let (plan, diagnostics) = plan::link(&config, &Arc::default(), None);
    Arc::new(plan.unwrap_or_else(|| panic!("{diagnostics:?}")))
}

/// A board of one backend, and what it says.
fn board(proxy: config::Proxy) -> (Board, Said) {
    let said = Said::default();
    let board = Board::new(link(proxy), Box::new(Ears(said.clone())), 1000);
    (board, said)
}

fn take(said: &Said) -> Vec<String> {
    std::mem::take(&mut said.lock().unwrap())
}

fn refused() -> Finding {
    let mut finding = Finding::new(Code::L4Connection, "Connection refused");
    finding.duration_ms = Some(0);
    finding
}

fn passed() -> Finding {
    let mut finding = Finding::new(Code::L7Ok, "").number(200);
    finding.duration_ms = Some(0);
    finding
}

/// A checked server, one that tracks it, one without checks.
fn tracked() -> config::Proxy {
    let mut tracking = server("s3", 80);
    tracking.check.enabled = false;
    tracking.check.track = Some((None, "s1".into()));
    let mut plain = server("s4", 80);
    plain.check.enabled = false;
    backend(vec![server("s1", 80), tracking, plain])
}

#[test]
fn a_new_server_falls_at_the_first_failure_and_takes_its_trackers_along() {
    let (board, said) = board(tracked());
    board.checked("be", "s1", &refused(), 1001);
    assert_eq!(
        take(&said),
        [
            "Server be/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check \
             duration: 0ms. 2 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining \
             in queue.",
            "Server be/s3 is DOWN via be/s1. 1 active and 0 backup servers left. 0 sessions active, 0 \
             requeued, 0 remaining in queue.",
        ]
    );
    board.checked("be", "s1", &passed(), 1002);
    assert_eq!(take(&said), Vec::<String>::new());
    board.checked("be", "s1", &passed(), 1004);
    assert_eq!(
        take(&said),
        [
            "Server be/s1 is UP, reason: Layer7 check passed, code: 200, check duration: 0ms. 2 active and 0 \
             backup servers online. 0 sessions requeued, 0 total in queue.",
            "Server be/s3 is UP via be/s1. 3 active and 0 backup servers online. 0 sessions requeued, 0 total \
             in queue.",
        ]
    );
    let plan = board.plan();
    let health = plan.proxies[0].servers[0].state.health().clone();
    assert_eq!(
        (health.downtime, health.last_change, health.down_transitions),
        (3, 1004, 1)
    );
}

#[test]
fn orders_are_announced_as_haproxy_does() {
    let (board, said) = board(tracked());
    let say = |server, order| {
        assert!(board.order("be", server, order, 1001));
        take(&said)
    };
    assert_eq!(
        say("s1", Order::Maint),
        [
            "Server be/s1 is going DOWN for maintenance. 2 active and 0 backup servers left. 0 sessions active, \
             0 requeued, 0 remaining in queue.",
            "Server be/s3 is going DOWN for maintenance via be/s1. 1 active and 0 backup servers left. 0 \
             sessions active, 0 requeued, 0 remaining in queue.",
        ]
    );
    assert_eq!(
        say("s1", Order::Ready),
        [
            "Server be/s1 is UP/READY (leaving forced maintenance).",
            "Server be/s3 is UP/READY (leaving maintenance).",
        ]
    );
    assert_eq!(
        say("s4", Order::Drain),
        [
            "Server be/s4 enters drain state. 2 active and 0 backup servers online. 0 sessions requeued, 0 total in \
          queue."
        ]
    );
    assert_eq!(
        say("s4", Order::Maint),
        [
            "Server be/s4 is going DOWN for maintenance. 2 active and 0 backup servers left. 0 sessions active, 0 \
          requeued, 0 remaining in queue."
        ]
    );
    assert_eq!(
        say("s4", Order::Drain),
        [
            "Server be/s4 is UP/DRAIN (leaving forced maintenance).",
            "Server be/s4 remains in forced drain mode.",
        ]
    );
    assert_eq!(
        say("s4", Order::Ready),
        ["Server be/s4 is UP (leaving forced drain)."]
    );
    assert!(!board.order("be", "nobody", Order::Ready, 1001));
    assert!(board.pronounce("be", "s1", Verdicted::Down, By::Cli, 1002));
    assert_eq!(
        take(&said)[0],
        "Server be/s1 is DOWN, changed from CLI. 2 active and 0 backup servers left. 0 sessions active, 0 \
         requeued, 0 remaining in queue."
    );
    say("s4", Order::Maint);
    board.checked("be", "s1", &passed(), 1003);
    board.checked("be", "s1", &passed(), 1003);
    take(&said);
    board.pronounce("be", "s1", Verdicted::Stopping, By::Cli, 1004);
    assert_eq!(
        take(&said),
        [
            "Server be/s1 is stopping, changed from CLI. 1 active and 0 backup servers online. 0 sessions \
             requeued, 0 total in queue.",
            "Server be/s3 is stopping via be/s1. 0 active and 0 backup servers online. 0 sessions requeued, 0 \
             total in queue.",
            "! backend 'be' has no server available!",
        ]
    );
}

#[test]
fn a_server_in_maintenance_ignores_its_checks() {
    let (board, said) = board(tracked());
    board.order("be", "s1", Order::Maint, 1001);
    take(&said);
    board.checked("be", "s1", &refused(), 1002);
    board.checked("be", "s1", &passed(), 1003);
    assert_eq!(take(&said), Vec::<String>::new());
    assert!(board.plan().proxies[0].servers[0].state.admin().maint());
}

#[test]
fn checks_are_logged_once_per_change_where_asked_for() {
    let mut proxy = backend(vec![server("s1", 80)]);
    proxy.settings.options |= Options::LOG_HEALTH_CHECKS;
    let (board, said) = board(proxy);
    for _ in 0..3 {
        board.checked("be", "s1", &passed(), 1001);
    }
    board.checked("be", "s1", &refused(), 1002);
    assert_eq!(
        take(&said),
        [
            "Health check for server be/s1 succeeded, reason: Layer7 check passed, code: 200, check duration: \
             0ms, status: 3/3 UP.",
            "Health check for server be/s1 failed, reason: Layer4 connection problem, info: \"Connection \
             refused\", check duration: 0ms, status: 2/3 UP.",
        ]
    );
}

#[test]
fn slow_start_climbs_as_haproxys() {
    let mut slow = server("s1", 80);
    slow.slowstart = Some(3000);
    slow.check.rise = Some(1);
    let (board, said) = board(backend(vec![slow]));
    board.checked("be", "s1", &refused(), 1000);
    board.checked("be", "s1", &passed(), 1001);
    take(&said);
    let weight = || {
        let state = board.plan().proxies[0].servers[0].state.clone();
        state
            .effective_weight
            .load(std::sync::atomic::Ordering::Relaxed)
    };
    assert_eq!(weight(), 1);
    let weights: Vec<_> = (1002..1006)
        .map(|now| (board.warm_up("be", "s1", now), weight()))
        .collect();
    assert_eq!(weights, [(true, 6), (true, 11), (false, 16), (false, 16)]);
    assert_eq!(take(&said).len(), 1);
}

#[test]
fn observed_errors_do_what_on_error_says() {
    use crate::settings::OnError;
    let table = [
        (OnError::FastInter, "UP 3/3"),
        (OnError::FailCheck, "UP 2/3"),
        (OnError::SuddenDeath, "UP 1/3"),
        (OnError::MarkDown, "DOWN"),
    ];
    for (on_error, expected) in table {
        let mut observed = server("s1", 80);
        observed.check.observe = settings::Observe::Layer7;
        observed.check.error_limit = Some(3);
        observed.check.on_error = on_error;
        let (board, _) = board(backend(vec![observed]));
        board.checked("be", "s1", &passed(), 1000);
        let server = board.plan().proxies[0].servers[0].clone();
        let seen = [
            Seen::BadStatus,
            Seen::BadStatus,
            Seen::GoodResponse,
            Seen::BadStatus,
            Seen::Connected,
            Seen::BadStatus,
        ];
        assert!(
            seen.into_iter()
                .all(|seen| observe::observe(&server, seen).is_none())
        );
        let found = observe::observe(&server, Seen::BadStatus);
        assert_eq!(found, Some((3, "Wrong http response")));
        board.observed("be", "s1", 3, "Wrong http response", 1001);
        let health = server.state.health().clone();
        let (at, of) = health::progress(&health);
        let got = match server.state.operational() {
            crate::state::Operational::Stopped => "DOWN".to_owned(),
            _ => format!("UP {at}/{of}"),
        };
        assert_eq!(got, expected, "{on_error:?}");
    }
}

#[test]
fn sessions_end_where_marks_say_so() {
    let mut first = server("s1", 80);
    first.check.rise = Some(1);
    first.check.on_marked_down = settings::OnMarkedDown::ShutdownSessions;
    first.check.on_marked_up = settings::OnMarkedUp::ShutdownBackupSessions;
    let mut spare = server("b1", 80);
    spare.backup = true;
    let (board, said) = board(backend(vec![first, spare]));
    board.checked("be", "s1", &refused(), 1000);
    let down = take(&said);
    assert_eq!(down[0], "shut s1 Down");
    assert!(
        down[1]
            .contains("0 active and 1 backup servers left. Running on backup. 0 sessions active")
    );
    board.checked("be", "s1", &passed(), 1001);
    assert_eq!(take(&said)[0], "shut b1 Up");
}

#[test]
fn a_new_plan_keeps_health_and_orders() {
    let proxy = || backend(vec![server("s1", 80), server("s2", 80)]);
    let state = Arc::default();
    let config = |proxy| Config {
        proxies: vec![proxy],
        ..Config::default()
    };
    let (first, _) = plan::link(&config(proxy()), &state, None);
    let first = Arc::new(first.unwrap());
    let said = Said::default();
    let board = Board::new(first.clone(), Box::new(Ears(said.clone())), 1000);
    board.checked("be", "s1", &refused(), 1001);
    board.order("be", "s2", Order::Maint, 1001);
    take(&said);
    let (second, _) = plan::link(&config(proxy()), &state, Some(&first));
    board.replace(Arc::new(second.unwrap()), 1002);
    assert_eq!(take(&said), Vec::<String>::new());
    let servers = &board.plan().proxies[0].servers;
    assert_eq!(
        servers[0].state.operational(),
        crate::state::Operational::Stopped
    );
    assert!(servers[1].state.admin().maint());
    assert!(servers.iter().all(|s| !s.state.usable()));
}

// --- probes on the wire ------------------------------------------------------------------------

/// An origin that takes one connection: reads until it has seen `until` (or nothing, if empty), sends
/// `answer`, reads to the end if `keep`. Gives what it was sent.
fn origin(
    until: &'static str,
    answer: &'static [u8],
    keep: bool,
) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let work = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 1024];
        let holds = |seen: &[u8]| String::from_utf8_lossy(seen).contains(until);
        while !holds(&seen) {
            match stream.read(&mut buffer) {
                Ok(n) if n > 0 => seen.extend_from_slice(&buffer[..n]),
                _ => break,
            }
        }
        let _ = stream.write_all(answer);
        if keep {
            let _ = stream.read_to_end(&mut seen);
        }
        String::from_utf8_lossy(&seen).into_owned()
    };
    (port, std::thread::spawn(work))
}

/// Checks the first server once.
fn check(proxy: config::Proxy) -> Finding {
    let plan = link(proxy);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let proxy = &plan.proxies[0];
    let mut finding = runtime.block_on(probe::probe(proxy, &proxy.servers[0], "vm", 16384, 1));
    finding.duration_ms = None;
    finding
}

fn found(code: Code, number: u16, info: &str) -> Finding {
    Finding::new(code, info).number(number)
}

fn expect(kind: ExpectKind, negate: bool, comment: Option<&str>) -> Step {
    Step::Expect(Box::new(Expect {
        kind,
        negate,
        min_recv: None,
        ok_status: None,
        error_status: None,
        timeout_status: None,
        on_success: None,
        on_error: None,
        status_code: None,
        comment: comment.map(Into::into),
        text: String::new(),
    }))
}

#[test]
fn http_checks_send_and_judge_as_haproxy_does() {
    let text = |t: &str| ExpectKind::Text(t.as_bytes().to_vec());
    let old: &[u8] = b"HTTP/1.0 404 Not Here\r\n\r\nbody";
    let good: &[u8] = b"HTTP/1.0 200 OK\r\n\r\nbody here";
    let status = || ExpectKind::Status(vec![(200, 299)]);
    let table: Vec<(Vec<Step>, &'static [u8], Finding)> = vec![
        (vec![], good, found(Code::L7Ok, 200, "")),
        (
            vec![],
            b"HTTP/1.0 301 Moved\r\n\r\n",
            found(Code::L7Ok, 301, ""),
        ),
        (vec![], old, found(Code::L7Status, 404, "Not Here")),
        (
            vec![],
            b"HTTP/1.0 503\r\n\r\n",
            found(Code::L7Status, 503, ""),
        ),
        (vec![], b"", found(Code::L7Response, 0, "")),
        (
            vec![],
            b"SSH-2.0-OpenSSH\r\n",
            found(Code::L7Response, 0, ""),
        ),
        (
            vec![expect(status(), true, None)],
            old,
            found(Code::L7Ok, 404, ""),
        ),
        (
            vec![expect(status(), true, Some("why"))],
            good,
            found(Code::L7Status, 200, "OK comment: why"),
        ),
        (
            vec![expect(text("here"), false, None)],
            good,
            found(Code::L7Ok, 200, ""),
        ),
        (
            vec![expect(text("hello"), false, None)],
            good,
            found(Code::L7Response, 0, "HTTP content check did not match"),
        ),
        (
            vec![expect(text("body"), true, None)],
            good,
            found(Code::L7Response, 0, "HTTP check matched unwanted content"),
        ),
        (
            vec![expect(text("body"), false, None)],
            b"HTTP/1.0 200 OK\r\n\r\n",
            found(
                Code::L7Response,
                0,
                "HTTP content check could not find a response body",
            ),
        ),
    ];
    for (steps, answer, expected) in table {
        let (port, origin) = origin("\r\n\r\n", answer, false);
        let mut proxy = backend(vec![server("s1", port)]);
        proxy.settings.check_kind = CheckKind::Http;
        proxy.settings.check_steps = steps;
        assert_eq!(
            check(proxy),
            expected,
            "{}",
            String::from_utf8_lossy(answer)
        );
        assert_eq!(origin.join().unwrap(), "OPTIONS / HTTP/1.0\r\n\r\n");
    }
}

#[test]
fn http_requests_are_haproxys_to_the_byte() {
    let some = |s: &str| Some(s.to_owned());
    let table = [
        (
            (some("GET"), some("/x"), some("HTTP/1.1")),
            HttpSend::default(),
            "GET /x HTTP/1.1\r\nconnection: close\r\n\r\n",
        ),
        (
            (
                some("GET"),
                some("/x"),
                some("HTTP/1.1\r\nHost: www\r\nX-B: 1"),
            ),
            HttpSend::default(),
            "GET /x HTTP/1.1\r\nhost: www\r\nx-b: 1\r\nconnection: close\r\n\r\n",
        ),
        (
            (None, None, None),
            HttpSend {
                method: some("POST"),
                uri: some("/p"),
                body: Some(b"a=b c".to_vec()),
                ..HttpSend::default()
            },
            "POST /p HTTP/1.0\r\ncontent-length: 5\r\n\r\na=b c",
        ),
        (
            (None, some("/only"), None),
            HttpSend::default(),
            "OPTIONS /only HTTP/1.0\r\n\r\n",
        ),
    ];
    for (httpchk, send, expected) in table {
        let (port, origin) = origin("\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n", true);
        let mut proxy = backend(vec![server("s1", port)]);
        proxy.settings.check_kind = CheckKind::Http;
        proxy.settings.httpchk = Some(httpchk);
        proxy.settings.check_steps = vec![Step::HttpSend(Box::new(send))];
        assert_eq!(check(proxy), found(Code::L7Ok, 200, ""));
        assert_eq!(origin.join().unwrap(), expected);
    }
}

#[test]
fn tcp_checks_judge_as_haproxy_does() {
    let text = |t: &str| ExpectKind::Text(t.as_bytes().to_vec());
    let send = || Step::Send {
        data: b"PING\r\n".to_vec(),
        comment: None,
    };
    let table: Vec<(Vec<Step>, &'static [u8], bool, Finding)> = vec![
        (
            vec![send(), expect(text("+PONG"), false, None)],
            b"+PONG\r\n",
            true,
            found(Code::L7Ok, 0, "(tcp-check)"),
        ),
        (
            vec![send(), expect(text("+PONG"), false, None)],
            b"-ERR\r\n",
            false,
            found(
                Code::L7Response,
                0,
                "TCPCHK did not match content '+PONG' at step 2",
            ),
        ),
        (
            vec![send(), expect(text("ERR"), true, Some("ex"))],
            b"-ERR\r\n",
            true,
            found(
                Code::L7Response,
                0,
                "TCPCHK matched unwanted content 'ERR' at step 2 comment: ex",
            ),
        ),
    ];
    for (steps, answer, keep, expected) in table {
        let (port, origin) = origin("PING\r\n", answer, keep);
        let mut proxy = backend(vec![server("s1", port)]);
        proxy.settings.check_kind = CheckKind::Tcp;
        proxy.settings.check_steps = steps;
        assert_eq!(check(proxy), expected);
        origin.join().unwrap();
    }
}

/// Nothing is said, so the listener's program need not even accept.
#[test]
fn a_bare_connect_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for kind in [CheckKind::Connect, CheckKind::Tcp] {
        let mut proxy = backend(vec![server("s1", port)]);
        proxy.settings.check_kind = kind;
        assert_eq!(check(proxy), found(Code::L4Ok, 0, ""));
    }
}

#[test]
fn timeouts_say_where_they_struck() {
    let (port, origin) = origin("", b"yo", true);
    let mut proxy = backend(vec![server("s1", port)]);
    proxy.servers[0].0.check.inter = Some(50);
    proxy.settings.check_kind = CheckKind::Tcp;
    proxy.settings.check_steps = vec![
        Step::Comment("first".into()),
        expect(ExpectKind::Text(b"X".to_vec()), false, None),
    ];
    let expected = " at step 2 of tcp-check (expect string 'X') comment: 'first'";
    assert_eq!(check(proxy), found(Code::L7Timeout, 0, expected));
    origin.join().unwrap();
}

#[test]
fn refused_connections_say_where() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut proxy = backend(vec![server("s1", port)]);
    assert_eq!(check(proxy), refused_without_time());
    proxy = backend(vec![server("s1", port)]);
    proxy.settings.check_kind = CheckKind::Tcp;
    let expected = "Connection refused at initial connection step of tcp-check";
    assert_eq!(check(proxy), found(Code::L4Connection, 0, expected));
}

fn refused_without_time() -> Finding {
    found(Code::L4Connection, 0, "Connection refused")
}

#[test]
fn protocols_speak_and_judge_as_haproxys_scripts() {
    let greeting: &[u8] =
        b"\x08\x00\x00\x00\x0a5.5.5\x00\x01\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00";
    let table: Vec<(CheckKind, &'static str, &'static [u8], Finding, &str)> = vec![
        (
            CheckKind::Redis,
            "PING",
            b"+PONG\r\n",
            found(Code::L7Ok, 0, "Redis server is ok"),
            "*1\r\n$4\r\nPING\r\n",
        ),
        (
            CheckKind::Pgsql("bob".into()),
            "bob",
            b"R\x00\x00\x00\x08\x00\x00\x00\x00",
            found(Code::L7Ok, 0, "PostgreSQL server is ok"),
            "\x00\x00\x00\x12\x00\x03\x00\x00user\x00bob\x00\x00",
        ),
        (
            CheckKind::Pgsql("bob".into()),
            "bob",
            b"E\x00\x00\x00\x0fSFATAL\x00Mno such user\x00\x00",
            found(Code::L7Response, 0, "FATAL"),
            "\x00\x00\x00\x12\x00\x03\x00\x00user\x00bob\x00\x00",
        ),
        (
            CheckKind::Smtp(None),
            "",
            b"220 hi\r\n",
            found(Code::L7Timeout, 0, ""),
            "HELO localhost\r\n",
        ),
        (
            CheckKind::Smtp(None),
            "",
            b"520 hi\r\n",
            found(Code::L7Status, 520, "hi"),
            "",
        ),
        (
            CheckKind::Mysql {
                user: Some("bob".into()),
                pre_41: true,
            },
            "bob",
            greeting,
            found(Code::L7Ok, 0, "5.5.5"),
            "\n\x00\x00\x01\x00\u{fffd}\x00\x00\x01bob\x00\x00\x01\x00\x00\x00\x01",
        ),
        (
            CheckKind::Ldap,
            "",
            b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00",
            found(
                Code::L7Status,
                49,
                "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9",
            ),
            "0\x0c\x02\x01\x01`\x07\x02\x01\x03\x04\x00\u{fffd}\x00",
        ),
        (
            CheckKind::SslHello,
            "HAPROXYSSLCHK",
            b"\x15\x03\x00\x00\x02\x02\x28",
            found(Code::L6Ok, 0, ""),
            "*",
        ),
    ];
    for (kind, until, answer, expected, sent) in table {
        let (port, origin) = origin(until, answer, true);
        let mut proxy = backend(vec![server("s1", port)]);
        proxy.servers[0].0.check.inter = Some(300);
        let name = format!("{kind:?}");
        proxy.settings.check_kind = kind;
        assert_eq!(check(proxy), expected, "{name}");
        let got = origin.join().unwrap();
        assert!(sent == "*" || got == sent, "{name}: {got:?}");
    }
}

#[test]
fn checks_run_by_themselves_until_the_plans_end() {
    let (port, origin) = origin("\r\n\r\n", b"HTTP/1.0 500 No\r\n\r\n", false);
    let mut proxy = backend(vec![server("s1", port)]);
    proxy.settings.check_kind = CheckKind::Http;
    let said = Said::default();
    let plan = link(proxy);
    let checks = Checks::new(plan.clone(), Box::new(Ears(said.clone())), "vm".into());
    let (plans, receiver) = tokio::sync::watch::channel(plan);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let running = tokio::task::spawn_local(run(Arc::new(checks), receiver));
        while said.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(plans);
        running.await.unwrap();
        assert!(
            said.lock().unwrap()[0]
                .starts_with("Server be/s1 is DOWN, reason: Layer7 wrong status, code: 500")
        );
    });
    origin.join().unwrap();
}
