//! Tables shared with HAProxy, and between two of us: what one side does is seen on the other, whoever began the session,
//! whoever was restarted, whoever replaced whom.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use nix::sys::signal::Signal;
use support::{Client, LogSink, Origin, PATIENCE, Program, Who, both, free_port, local};
use support::{run_to_end, wait_for};

const ALL: &str = "server_id,gpt0,gpc0,gpc0_rate(1h),conn_cnt,conn_rate(1h),conn_cur,sess_cnt,sess_rate(1h),http_req_cnt,\
    http_req_rate(1h),http_err_cnt,http_err_rate(1h),bytes_in_cnt,bytes_in_rate(1h),bytes_out_cnt,bytes_out_rate(1h),\
    gpc1,gpc1_rate(1h),http_fail_cnt,http_fail_rate(1h)";
const TABLES: [&str; 6] = ["ips", "ip6s", "numbers", "names", "blobs", "P/inside"];
/// Who meets whom; the first one is there first.
const PAIRS: [[Who; 2]; 3] = [
    [Who::Haproxy, Who::Ours],
    [Who::Ours, Who::Haproxy],
    [Who::Ours, Who::Ours],
];

fn command(program: &Program, line: &str) -> String {
    let socket = program.file("api.sock");
    let mut stream = wait_for("the socket", || UnixStream::connect(&socket).ok());
    writeln!(stream, "{line}").expect("it listens");
    let mut out = String::new();
    stream.read_to_string(&mut out).expect("it answers");
    out
}

/// The entries of all tables, without what differs from one process to the next: where they are, and the time left, which
/// is only held against its limits.
fn contents(program: &Program) -> String {
    let entries = |table: &str| {
        let text = command(program, &format!("show table {table}"));
        let lines = text.lines().filter_map(|line| line.split_once(": key="));
        let mut lines: Vec<String> = lines.map(|(_, rest)| line(rest)).collect();
        lines.sort();
        format!("{table}:\n{}\n", lines.join("\n"))
    };
    TABLES.map(entries).concat()
}

fn line(rest: &str) -> String {
    // Connections that are open are everybody's own.
    let own = ["use=", "conn_cur="];
    let words = rest
        .split(' ')
        .filter(|word| !own.iter().any(|own| word.starts_with(own)));
    let words = words.map(|word| match word.strip_prefix("exp=") {
        Some("0") | None => word.to_owned(),
        Some(ms) => format!("exp={}", ms.parse::<u32>().unwrap() <= 3_600_000),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Where the two are: their peers' ports, and those of their frontends.
struct Place {
    peers: [u16; 2],
    fronts: [u16; 2],
    origin: Origin,
}

impl Place {
    fn new() -> Self {
        Self {
            peers: [free_port(), free_port()],
            fronts: [free_port(), free_port()],
            origin: Origin::saying("hello"),
        }
    }

    /// The configuration of one side.
    fn config(&self, side: usize) -> String {
        let [a, b] = self.peers;
        self.config_with(
            side,
            &format!(" peer A 127.0.0.1:{a}\n peer B 127.0.0.1:{b}\n"),
        )
    }

    fn config_with(&self, side: usize, peers: &str) -> String {
        let (front, origin) = (self.fronts[side], self.origin.port);
        let name = ["A", "B"][side];
        format!(
            "global\n stats socket unix@api.sock level admin\n localpeer {name}\n nbthread 2\n\
             defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
             peers P\n{peers} table inside type string len 20 size 100 store gpc0,conn_cnt\n\
             backend ips\n stick-table type ip size 1k expire 1h peers P store {ALL}\n\
             backend ip6s\n stick-table type ipv6 size 1k peers P store gpt(3),gpc(4),gpc_rate(5,1h)\n\
             backend numbers\n stick-table type integer size 1k expire 30m peers P store gpc0\n\
             backend names\n stick-table type string len 30 size 1k expire 30m peers P store gpc0\n\
             backend blobs\n stick-table type binary len 6 size 1k peers P store gpc0,gpc0_rate(1h)\n\
             listen web\n bind 127.0.0.1:{front}\n stick on hdr(x-name) table names\n\
             http-request track-sc0 hdr(x-blob) table blobs\n http-request track-sc1 hdr(x-name) table P/inside\n\
             http-request sc-inc-gpc0(0)\n http-request sc-inc-gpc0(1)\n\
             server first 127.0.0.1:{origin}\n server second 127.0.0.1:{origin}\n"
        )
    }

    fn start(&self, who: Who, side: usize) -> Program {
        Program::start(who, &self.config(side), &[self.fronts[side]])
    }
}

/// Does something to every table; `mark` tells one time from another.
fn act(program: &Program, front: u16, mark: u32) {
    let ip = format!("set table ips key 192.0.2.{mark}");
    let pairs = ALL.split(',').filter(|data| *data != "conn_cur");
    for (n, data) in (100..).zip(pairs) {
        let data = data.split('(').next().unwrap_or_default();
        let value = if data == "bytes_in_cnt" {
            5_000_000_000
        } else {
            n * u64::from(mark)
        };
        assert_eq!(
            command(program, &format!("{ip} data.{data} {value}")).trim(),
            ""
        );
    }
    assert_eq!(
        command(program, &format!("set table ip6s key 2001:db8::{mark}")).trim(),
        ""
    );
    assert_eq!(
        command(
            program,
            &format!("set table numbers key {mark} data.gpc0 300")
        )
        .trim(),
        ""
    );
    for nth in 0..3 {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nX-Name: n{mark}-{nth}\r\nX-Blob: blob{mark}{nth}\r\n\r\n"
        );
        assert_eq!(Client::connect(front).ask(request).status, 200);
    }
}

/// Waits until both know the same, of all these marks.
fn agree(one: &Program, other: &Program, marks: &[u32]) {
    let keys = marks.iter().flat_map(|mark| {
        [
            format!("192.0.2.{mark} "),
            format!("2001:db8::{mark} "),
            format!("\n{mark} "),
            format!("n{mark}-2 "),
        ]
    });
    let keys: Vec<String> = keys.collect();
    let begun = std::time::Instant::now();
    loop {
        let (here, there) = (contents(one), contents(other));
        let whole = |text: &str| keys.iter().all(|key| text.contains(key.as_str()));
        if here == there && whole(&here) {
            return;
        }
        assert!(
            begun.elapsed() < PATIENCE,
            "one knows\n{here}\nthe other\n{there}"
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn what_one_side_does_is_seen_on_the_other() {
    for pair in PAIRS {
        let place = Place::new();
        let first = place.start(pair[0], 0);
        act(&first, place.fronts[0], 1);
        // This one comes later and learns what was there.
        let second = place.start(pair[1], 1);
        agree(&first, &second, &[1]);
        // From now on both tell.
        act(&second, place.fronts[1], 2);
        act(&first, place.fronts[0], 3);
        agree(&first, &second, &[1, 2, 3]);
        let stuck = contents(&second);
        assert!(stuck.contains("server_key=first"), "{stuck}");
        assert!(stuck.contains("server_key=second"), "{stuck}");
        for side in [&first, &second] {
            let info = command(side, "show info");
            assert!(info.contains("\nActivePeers: 1\n"), "{info}");
            assert!(info.contains("\nConnectedPeers: 1\n"), "{info}");
        }
    }
}

#[test]
fn a_side_that_comes_back_learns_what_it_knew() {
    for pair in PAIRS {
        let place = Place::new();
        let first = place.start(pair[0], 0);
        let second = place.start(pair[1], 1);
        act(&first, place.fronts[0], 1);
        act(&second, place.fronts[1], 2);
        agree(&first, &second, &[1, 2]);
        drop(second);
        act(&first, place.fronts[0], 3);
        let second = place.start(pair[1], 1);
        agree(&first, &second, &[1, 2, 3]);
        drop(first);
        let first = place.start(pair[0], 0);
        agree(&first, &second, &[1, 2, 3]);
    }
}

#[test]
fn the_process_that_goes_tells_the_one_that_comes() {
    // HAProxy tells its successor only after ten seconds of life, and while clients are there.
    for [old, new] in PAIRS.into_iter().filter(|[old, _]| *old == Who::Ours) {
        let place = Place::new();
        // Nobody else is there to ask.
        let mut before = place.start(old, 0);
        act(&before, place.fronts[0], 1);
        let known = contents(&before);
        let pid = before.pid().to_string();
        let after = Program::with_args(new, &["-db", "-sf", &pid], &place.config(0), &[]);
        wait_for("the entries", || (contents(&after) == known).then_some(()));
        before.wait();
    }
}

#[test]
fn a_worker_tells_the_worker_that_comes_after_it() {
    let place = Place::new();
    let config = place.config(0);
    let master = Program::with_args(Who::Ours, &["-W"], &config, &[place.fronts[0]]);
    act(&master, place.fronts[0], 1);
    let known = contents(&master);
    let pid = |master: &Program| {
        let info = command(master, "show info");
        let line = info.lines().find_map(|line| line.strip_prefix("Pid: "));
        line.map(str::to_owned)
    };
    let before = pid(&master);
    master.signal(Signal::SIGUSR2);
    wait_for("another worker", || (pid(&master) != before).then_some(()));
    wait_for("the entries", || (contents(&master) == known).then_some(()));
}

#[test]
fn a_reload_in_place_goes_on_where_it_was() {
    let place = Place::new();
    let first = place.start(Who::Ours, 0);
    let second = place.start(Who::Haproxy, 1);
    act(&first, place.fronts[0], 1);
    agree(&first, &second, &[1]);
    command(&first, "reload");
    act(&second, place.fronts[1], 2);
    act(&first, place.fronts[0], 3);
    agree(&first, &second, &[1, 2, 3]);
}

#[test]
fn sessions_may_be_secret() {
    let certificate = rcgen::generate_simple_self_signed(["peer.test".to_owned()]).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let pem = dir.path().join("peer.pem");
    let text = certificate.cert.pem() + &certificate.signing_key.serialize_pem();
    std::fs::write(&pem, text).unwrap();
    for pair in PAIRS {
        let place = Place::new();
        let start = |who, side: usize| {
            let (own, other) = (place.peers[side], place.peers[1 - side]);
            let (me, you) = if side == 0 { ("A", "B") } else { ("B", "A") };
            let peers = format!(
                " default-server ssl verify none\n default-bind ssl crt {}\n bind 127.0.0.1:{own}\n server {me}\n \
                 server {you} 127.0.0.1:{other}\n",
                pem.display()
            );
            let config = place.config_with(side, &peers);
            Program::start(who, &config, &[place.fronts[side]])
        };
        let (first, second) = (start(pair[0], 0), start(pair[1], 1));
        act(&first, place.fronts[0], 1);
        act(&second, place.fronts[1], 2);
        agree(&first, &second, &[1, 2]);
    }
}

/// Reads until the other side closes or has said so much.
fn hear(stream: &mut TcpStream, most: usize) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = Vec::new();
    let mut buffer = [0; 1024];
    while heard.len() < most {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => heard.extend(&buffer[..n]),
            // What was sent and not read any more.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error} after {heard:?}"),
        }
    }
    heard
}

#[test]
fn hellos_are_answered_as_by_haproxy() {
    let place = Place::new();
    let mut answers = Vec::new();
    for who in both() {
        let _program = place.start(who, 0);
        let answer = |hello: &str| {
            let mut stream = TcpStream::connect(local(place.peers[0])).unwrap();
            stream.write_all(hello.as_bytes()).unwrap();
            String::from_utf8_lossy(&hear(&mut stream, 4)[..4]).into_owned()
        };
        answers.push(
            [
                "HAProxyS 2.1\nA\nB 1 0\n",
                "HAProxyS 2.0\nA\nB 1 0\n",
                "HAProxyS 2.1\r\nA\r\nB 1 0\r\n",
                "HAProxyS 2.2\nA\nB 1 0\n",
                "HAProxyS 3.0\nA\nB 1 0\n",
                "HAProxyX 2.1\nA\nB 1 0\n",
                "HAProxyS 2.1\nZ\nB 1 0\n",
                "HAProxyS 2.1\nA\nZ 1 0\n",
                "HAProxyS 2.1\nA\nB\n",
                "GET / HTTP/1.1\r\n\r\n",
            ]
            .map(answer),
        );
    }
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn a_partner_that_talks_nonsense_is_told_so_and_left() {
    let sink = LogSink::new();
    let place = Place::new();
    for who in both() {
        let [a, b] = place.peers;
        let peers = format!(
            " log 127.0.0.1:{} local0\n peer A 127.0.0.1:{a}\n peer B 127.0.0.1:{b}\n",
            sink.port
        );
        let config = place.config_with(0, &peers);
        let program = Program::start(who, &config, &[place.fronts[0]]);
        for (nonsense, answer) in [
            // A definition that is cut short, one whose name is, and a message of half a gigabyte.
            (&b"\x0a\x82\x03\x01\x02t"[..], [1, 0]),
            (b"\x0a\x82\x03\x01\x0at", [1, 0]),
            (b"\x0a\x80\xff\xff\xff\xff\x70", [1, 1]),
        ] {
            let mut stream = TcpStream::connect(local(a)).unwrap();
            stream.write_all(b"HAProxyS 2.1\nA\nB 1 0\n").unwrap();
            assert_eq!(hear(&mut stream, 4)[..4], *b"200\n");
            stream.write_all(nonsense).unwrap();
            let heard = hear(&mut stream, usize::MAX);
            assert!(heard.ends_with(&answer), "{who:?} {nonsense:?}: {heard:?}");
            if who == Who::Ours {
                sink.line_with("Peers section P: peer B: session ended: it sent");
            }
        }
        // It goes on.
        act(&program, place.fronts[0], 1);
    }
}

#[test]
fn tables_that_do_not_match_are_not_shared_and_the_log_says_so() {
    let sink = LogSink::new();
    let [a, b] = [free_port(), free_port()];
    let config = |name: &str, ty: &str, period: &str| {
        format!(
            "global\n stats socket unix@api.sock level admin\n localpeer {name}\n\
             peers P\n log 127.0.0.1:{} local0\n peer A 127.0.0.1:{a}\n peer B 127.0.0.1:{b}\n\
             backend odd\n stick-table type {ty} size 10 peers P store gpc0\n\
             backend even\n stick-table type integer size 10 peers P store gpc0,conn_rate({period})\n",
            sink.port
        )
    };
    let first = Program::start(Who::Haproxy, &config("A", "ip", "1h"), &[a]);
    let second = Program::start(Who::Ours, &config("B", "string len 9", "2h"), &[b]);
    command(&first, "set table odd key 192.0.2.1 data.gpc0 1");
    command(&first, "set table even key 5 data.gpc0 1 data.conn_rate 7");
    wait_for("the other table", || {
        let shown = command(&second, "show table even");
        shown
            .contains("key=5 use=0 exp=0 gpc0=1 conn_rate(7200000)=0")
            .then_some(())
    });
    assert!(command(&second, "show table odd").contains("used:0"));
    let mut lines = [sink.line_with("not shared"), sink.line_with("not shared")];
    lines.sort_by_key(|line| !line.contains("odd"));
    assert!(lines[0].contains("peer A: table 'odd' is not shared: its keys are of another type."));
    assert!(
        lines[1].contains("conn_rate of table 'even' is not shared"),
        "{}",
        lines[1]
    );
}

#[test]
fn keys_are_divided_and_tables_only_heard_or_written_to() {
    let [a, b, c] = [free_port(), free_port(), free_port()];
    let config = |name: &str, table: &str| {
        format!(
            "global\n stats socket unix@api.sock level admin\n localpeer {name}\n\
             peers P\n shards 2\n peer A 127.0.0.1:{a}\n peer B 127.0.0.1:{b} shard 1\n peer C 127.0.0.1:{c} shard 2\n\
             backend t\n stick-table type integer size 1k peers P {table} store gpc0,gpt0,conn_cur\n\
             backend copy\n stick-table type integer size 1k store gpc0,gpt0\n"
        )
    };
    let start = |name, table, port| Program::start(Who::Ours, &config(name, table), &[port]);
    let first = start("A", "", a);
    let (second, third) = (start("B", "recv-only", b), start("C", "write-to copy", c));
    for key in 0..40 {
        command(
            &first,
            &format!("set table t key {key} data.gpc0 1 data.gpt0 2 data.conn_cur 3"),
        );
    }
    let keys = |program: &Program, table: &str| -> Vec<String> {
        let shown = command(program, &format!("show table {table}"));
        let lines = shown.lines().filter_map(|line| line.split_once("key="));
        lines.map(|(_, rest)| rest.to_owned()).collect()
    };
    let (heard, copied) = wait_for("all keys", || {
        let (heard, copied) = (keys(&second, "t"), keys(&third, "copy"));
        (heard.len() + copied.len() == 40).then_some((heard, copied))
    });
    assert!(!heard.is_empty() && !copied.is_empty());
    assert!(
        heard
            .iter()
            .all(|line| line.contains("conn_cur=3 ") || line.ends_with("conn_cur=3")),
        "{heard:?}"
    );
    // Of what is calculated with, nothing is written to another table.
    assert!(
        copied.iter().all(|line| line.ends_with("gpt0=2 gpc0=0")),
        "{copied:?}"
    );
    // What is only heard is not told.
    command(&second, "set table t key 1000 data.gpc0 1");
    command(&third, "set table t key 1001 data.gpc0 1");
    wait_for("the key", || {
        keys(&first, "t")
            .iter()
            .any(|line| line.starts_with("1001 "))
            .then_some(())
    });
    assert!(
        !keys(&first, "t")
            .iter()
            .any(|line| line.starts_with("1000 "))
    );
}

#[test]
fn show_peers_has_haproxys_lines() {
    // Numbers, addresses in memory and times are everybody's own.
    let shape = |text: &str| -> Vec<String> {
        let word = |word: &str| match word.split_once('=') {
            Some((name @ ("id" | "addr" | "disabled" | "local_id" | "remote_id"), value)) => {
                format!("{name}={value}")
            }
            Some((name, _)) => name.to_owned(),
            None => word.split("0x").next().unwrap_or_default().to_owned(),
        };
        let line = |line: &str| {
            let words: Vec<String> = line.split(' ').map(word).collect();
            words.join(" ")
        };
        let dated = |text: &str| {
            text.split_once("] ")
                .map_or(text.to_owned(), |(_, rest)| rest.to_owned())
        };
        text.lines().map(dated).map(|text| line(&text)).collect()
    };
    // One that is never called.
    let (peer, other) = (free_port(), free_port());
    let mut shown = Vec::new();
    for who in both() {
        let program = Program::start(
            who,
            &format!(
                "global\n stats socket unix@api.sock level admin\n localpeer A\n\
                 peers P\n peer A 127.0.0.1:{peer}\n table t type ip size 10\n\
                 peers Q\n bind 127.0.0.1:{other}\n server A\n\
                 backend b\n stick-table type integer size 10 peers P store gpc0\n"
            ),
            &[peer],
        );
        let lines = ["", " P", " dict P", " - Q", " dict", " nosuch"];
        shown.push(lines.map(|args| shape(&command(&program, &format!("show peers{args}")))));
    }
    for (ours, theirs) in shown[0].iter().zip(&shown[1]) {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn sections_are_read_as_by_haproxy() {
    let own = " peer A 127.0.0.1:1\n";
    for lines in [
        " peer A 127.0.0.1:1\n peer B 127.0.0.1:2\n",
        " server A\n server B 127.0.0.1:2\n",
        " bind 127.0.0.1:1\n server A\n server B 127.0.0.1:2\n",
        " bind 127.0.0.1:1\n peer A 127.0.0.1:1\n",
        " bind 127.0.0.1:1\n server B 127.0.0.1:2\n",
        " peer B 127.0.0.1:2\n",
        &format!("{own} peer A 127.0.0.1:3\n"),
        &format!("{own} peer B\n"),
        &format!("{own} peer B 127.0.0.1\n"),
        " peer A 127.0.0.1\n",
        &format!("{own} peer B 127.0.0.1:1 check weight 3\n"),
        &format!("{own} peer B 127.0.0.1:1 frob\n"),
        " disabled\n peer B 127.0.0.1:1\n",
        " default-bind foo\n bind 127.0.0.1:1\n server A\n",
        " bind 127.0.0.1:1\n bind 127.0.0.1:2\n server A\n",
        " bind 127.0.0.1:1\n server A 127.0.0.1:1\n",
        " default-server ssl verify none\n bind 127.0.0.1:1\n server A\n server B 127.0.0.1:2\n",
        " default-server ssl\n bind 127.0.0.1:1\n server A\n",
        &format!("{own}peers P\n{own}"),
        &format!("{own} log 127.0.0.1:514 local0\n"),
        &format!("{own} log foo\n"),
        &format!("{own} table t1 type ip\n"),
        &format!("{own} server-template x 2 1.2.3.4:5\n"),
        " peer A /tmp/none\n peer B abns@x\n",
    ] {
        let config = format!(
            "global\n localpeer A\ndefaults\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n\
             peers P\n{lines}backend t\n stick-table type ip size 1k peers P\n\
             frontend f\n bind 127.0.0.1:1\n"
        );
        let said = both().map(|who| {
            let done = run_to_end(who, &["-c", "-q"], Some(&config));
            let told = done.err.lines().filter(|line| line.starts_with('['));
            let told = told
                .filter(|line| !line.starts_with("[NOTICE]") && !line.contains("rror(s) found"));
            let told = told.filter(|line| !line.contains("Fatal errors"));
            (done.status.success(), told.count())
        });
        assert_eq!(said[0], said[1], "{lines}");
    }
}
