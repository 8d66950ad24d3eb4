//! Stick tables beside HAProxy's: the same configuration, the same traffic, the same `show table`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use support::{Client, Origin, Program, Who, both, free_port, run_to_end, wait_for};

const ALL: &str = "conn_cnt,conn_cur,conn_rate(1h),sess_cnt,sess_rate(1h),http_req_cnt,http_req_rate(1h),http_err_cnt,\
    http_err_rate(1h),http_fail_cnt,http_fail_rate(1h),bytes_in_cnt,bytes_in_rate(1h),bytes_out_cnt,bytes_out_rate(1h),\
    gpc0,gpc0_rate(1h),gpc1,gpt0,server_id,server_key";

fn command(program: &Program, line: &str) -> String {
    let socket = program.file("api.sock");
    let mut stream = wait_for("the socket", || UnixStream::connect(&socket).ok());
    writeln!(stream, "{line}").expect("it listens");
    let mut out = String::new();
    stream.read_to_string(&mut out).expect("it answers");
    out
}

/// What HAProxy and we cannot say alike: addresses in memory and the time left, which is only held against its limits.
fn settled(text: &str) -> String {
    let line = |line: &str| match line.split_once(": key=") {
        None => line.to_owned(),
        Some((_, rest)) => {
            let words = rest.split(' ').map(|word| match word.strip_prefix("exp=") {
                Some("0") | None => word.to_owned(),
                Some(ms) => format!("exp={}", ms.parse::<u32>().unwrap() <= 3_600_000),
            });
            words.collect::<Vec<_>>().join(" ")
        }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn config([port, other]: [u16; 2], origin: u16) -> String {
    let tables: String = ["connection", "session", "content", "request", "behind"]
        .map(|name| format!("backend {name}\n stick-table type ip size 1k expire 1h store {ALL}\n"))
        .concat();
    format!(
        "global\n stats socket unix@api.sock level admin\n nbthread 2\n\
         defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n timeout tarpit 10\n\
         {tables}backend statuses\n stick-table type integer size 1k store {ALL}\n\
         backend names\n stick-table type string len 5 size 1k store gpc(3),gpt(2),gpc_rate(2,1h),http_req_cnt\n\
         frontend front\n bind 127.0.0.1:{port}\n\
         tcp-request connection track-sc0 src table connection if {{ src 127.0.0.1 }}\n\
         tcp-request session track-sc1 src table session\n\
         tcp-request session sc-inc-gpc1(1)\n\
         tcp-request content track-sc2 src table content if {{ path_beg /content }}\n\
         http-request track-sc2 src table request\n\
         http-request track-sc0 src table names\n\
         http-request sc-inc-gpc0(2) if {{ path -m end gpc }}\n\
         http-request sc-set-gpt0(2) 7 if {{ path -m end gpc }}\n\
         http-request sc-set-gpt0(0) hdr(x-tag) if {{ hdr(x-tag) -m found }}\n\
         http-request deny if {{ path -m end deny }}\n\
         http-request tarpit if {{ path -m end tarpit }}\n\
         http-request auth if {{ path -m end auth }}\n\
         http-request return status 404 if {{ path -m end gone }}\n\
         http-request reject if {{ path -m end reject }}\n\
         http-request redirect location / if {{ path -m end elsewhere }}\n\
         use_backend second if {{ path_beg /second }}\n\
         default_backend first\n\
         backend first\n http-response track-sc2 status table statuses\n server s 127.0.0.1:{origin}\n\
         frontend names_too\n bind 127.0.0.1:{other}\n\
         tcp-request session track-sc0 str(all) table names\n\
         tcp-request session sc-inc-gpc(1,0)\n http-request track-sc1 path table names\n\
         http-request sc-inc-gpc(2,1)\n http-request sc-inc-gpc0(1)\n http-request sc-set-gpt(1,1) int(40),add(2)\n\
         default_backend second\n\
         backend second\n http-request deny if {{ path -m end never }}\n server s 127.0.0.1:{origin}\n"
    )
}

/// Answers with the status that the path names, or badly.
fn origin() -> Origin {
    Origin::new(|head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let status = path.rsplit('/').next().unwrap_or_default();
        match status.parse::<u16>() {
            Ok(status) => {
                format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\nhello").into_bytes()
            }
            Err(_) if path.ends_with("bad") => b"nonsense\r\n\r\n".to_vec(),
            Err(_) if path.ends_with("close") => Vec::new(),
            Err(_) => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec(),
        }
    })
}

/// The tables once nothing is tracked any more.
fn tables(program: &Program) -> String {
    let names = [
        "connection",
        "session",
        "content",
        "request",
        "behind",
        "statuses",
        "names",
    ];
    let all = || names.map(|name| settled(&command(program, &format!("show table {name}"))));
    let all = wait_for("connections to be gone", || {
        let all = all().concat();
        let busy = all
            .split([' ', '\n'])
            .any(|word| word.starts_with("use=") && word != "use=0");
        (!busy).then_some(all)
    });
    for name in names {
        command(program, &format!("clear table {name}"));
    }
    all
}

#[test]
fn traffic_counts_as_in_haproxy() {
    let origin = origin();
    let ports @ [port, other] = [(); 2].map(|()| free_port());
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let two = "GET /one HTTP/1.1\r\nHost: a\r\n\r\n".to_owned() + &get("/content/two");
    let mut cases: Vec<String> = [
        "/200",
        "/404",
        "/500",
        "/501",
        "/503",
        "/505",
        "/content/404",
        "/content/deny",
        "/second/204",
        "/gpc",
        "/deny",
        "/tarpit",
        "/auth",
        "/gone",
        "/reject",
        "/elsewhere",
        "/bad",
        "/close",
        "/second/never",
        "/second/close",
    ]
    .map(get)
    .into();
    cases.extend([
        two,
        "GET / HTTP/1.1\r\nHo st: a\r\n\r\n".to_owned(),
        "GET / HT".to_owned(),
        String::new(),
        "GET /tag HTTP/1.1\r\nConnection: close\r\nHost: a\r\nX-Tag: 12\r\n\r\n".to_owned(),
        "POST /200 HTTP/1.1\r\nConnection: close\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
            .to_owned(),
    ]);
    let [theirs, ours] = both().map(|who| {
        let program = Program::start(who, &config(ports, origin.port), &ports);
        tables(&program);
        let each = cases.iter().map(|text| {
            for port in [port, other] {
                let mut client = Client::connect(port);
                client.send(text);
                if !text.contains("close\r\n") {
                    client.stream.shutdown(Shutdown::Write).expect("it is open");
                }
                client.rest();
            }
            tables(&program)
        });
        each.collect::<Vec<_>>()
    });
    for (case, (theirs, ours)) in cases.iter().zip(theirs.iter().zip(&ours)) {
        assert_eq!(theirs, ours, "{case:?}");
        assert!(
            theirs.contains("conn_cnt=1"),
            "nothing is compared: {theirs}"
        );
    }
}

#[test]
fn commands_answer_as_haproxys() {
    let config = "global\n stats socket unix@api.sock level admin\n\
         backend ip\n stick-table type ip size 10 expire 1h store gpc0,conn_rate(1h),bytes_in_cnt,server_id,server_key\n\
         backend six\n stick-table type ipv6 size 10 store gpc(2),gpt(1),gpc_rate(2,10s)\n\
         backend text\n stick-table type string len 8 size 3 expire 1h store gpc0,gpc1_rate(1h)\n\
         backend bytes\n stick-table type binary len 4 size 3 nopurge\n\
         backend number\n stick-table type integer size 10 store gpc0\n\
         frontend f\n bind 127.0.0.1:";
    let port = free_port();
    let config = format!("{config}{port}\n");
    let commands = [
        "show table",
        "set table ip key 1.2.3.4 data.gpc0 5 data.conn_rate 7 data.server_id 3",
        "set table ip key 1.2.3.5",
        "set table ip key 1.2.3.4 data.bytes_in_cnt 5000000000",
        "set table ip key 1.2.3.4 data.server_key a",
        "set table ip key 1.2.3.4 data.foo 1",
        "set table ip key 1.2.3.4 data.gpc1 1",
        "set table ip key 1.2.3.4 data.gpc0 a",
        "set table ip key 1.2.3.4 data.gpc0",
        "set table ip key 1.2.3.4 foo 1",
        "show table ip",
        "show table ip key 1.2.3.5",
        "show table ip key 9.9.9.9",
        "show table ip key",
        "show table ip foo",
        "show table ip data.gpc0 gt 4",
        "show table ip data.gpc0 gt 4 data.conn_rate lt 7",
        "show table ip data.gpc0 gt 4 data.conn_rate le 7",
        "show table ip data.gpc0 eq",
        "show table ip data.gpc0 xx 4",
        "show table ip data.foo eq 4",
        "show table ip data.gpt0 eq 4",
        "show table nope",
        "set table six key ::1 data.gpc 5",
        "set table six key 2001:db8::1 data.gpt 5 data.gpc_rate 3",
        "show table six",
        "set table text key b data.gpc0 1",
        "set table text key abcdefghij data.gpc1_rate 5",
        "set table text key c",
        "set table text key d",
        "show table text",
        "set table bytes key abcd",
        "show table bytes",
        "set table number key 5 data.gpc0 -1",
        "set table number key a",
        "set table number key 40",
        "show table number",
        "set table",
        "set table ip key",
        "set table ip data.gpc0 1",
        "set table nope key a",
        "clear table",
        "clear table nope",
        "clear table ip foo",
        "clear table ip key 9.9.9.9",
        "clear table ip key 1.2.3.5",
        "set table text key c data.gpc0 2",
        "clear table text data.gpc0 eq 2",
        "show table text",
        "clear table number",
        "show table",
    ];
    let [theirs, ours] = both().map(|who| {
        let program = Program::start(who, &config, &[port]);
        commands.map(|line| settled(&command(&program, line)))
    });
    for (line, (theirs, ours)) in commands.iter().zip(theirs.iter().zip(&ours)) {
        assert_eq!(theirs.trim_end(), ours.trim_end(), "{line}");
    }
}

/// What is wrong with a line, in each program's words: those of HAProxy up to where ours shows the place.
fn complaints(who: Who, line: &str) -> Vec<String> {
    let config = format!(
        "defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 1s\n\
         backend t1\n stick-table type ip size 1k store gpc0,http_req_rate(10s)\nlisten x\n bind :{}\n {line}\n",
        free_port()
    );
    let out = run_to_end(who, &["-c"], Some(&config));
    let told = out
        .err
        .lines()
        .filter(|line| line.starts_with("[ALERT]") || line.starts_with("[WARNING]"))
        .filter(|line| !line.contains("Error(s) found") && !line.contains("Fatal errors"))
        .map(|line| {
            line.split_once(") : ")
                .map_or(line, |(_, rest)| rest)
                // HAProxy has two ways to write a place.
                .replace("]: ", "] : ")
        });
    told.collect()
}

#[test]
fn lines_are_refused_with_haproxys_words() {
    let lines = [
        "stick-table",
        "stick-table type",
        "stick-table type foo",
        "stick-table type ip",
        "stick-table type ip size",
        "stick-table type ip size abc",
        "stick-table type ip size 1x",
        "stick-table type ip size 0",
        "stick-table size 1k",
        "stick-table type ip size 1k expire",
        "stick-table type ip size 1k expire 10q",
        "stick-table type ip size 1k expire 100d",
        "stick-table type ip size 1k foo",
        "stick-table type ip len 5 size 1k",
        "stick-table type string len 0 size 1k",
        "stick-table type string len size 1k",
        "stick-table type ip size 1k store foo",
        "stick-table type ip size 1k store gpc0,foo",
        "stick-table type ip size 1k store conn_rate",
        "stick-table type ip size 1k store conn_rate(",
        "stick-table type ip size 1k store conn_rate()",
        "stick-table type ip size 1k store conn_rate(10x)",
        "stick-table type ip size 1k store conn_cnt(5)",
        "stick-table type ip size 1k store gpc0 store gpc0",
        "stick-table type ip size 1k store gpc(0)",
        "stick-table type ip size 1k store gpc(101)",
        "stick-table type ip size 1k store gpc(2),gpc0",
        "stick-table type ip size 1k store gpc_rate(2)",
        "stick-table type ip size 1k store gpc_rate(2,10s),gpc0_rate(10s)",
        "stick-table type ip size 1k store gpt(2),gpt0",
        "stick-table type ip size 1k store gpt",
        "stick-table type ip size 1k peers",
        "stick-table type ip size 1k peers foo",
        "stick-table type ip size 1k srvkey foo",
        "stick-table type ip size 1k store gpc0,,gpc1",
        "stick-table type ip size 1k store gpc0, gpc1",
        "http-request track-sc0",
        "http-request track-sc0 foo",
        "http-request track-sc0 src table",
        "http-request track-sc0 src table nope",
        "http-request track-sc0 src",
        "http-request track-sc3 src table t1",
        "http-request track-scx src table t1",
        "http-request track-sc0 bin(aa) table t1",
        "http-request track-sc0 src table t1 foo",
        "http-request sc-inc-gpc0(3)",
        "http-request sc-inc-gpc(0)",
        "http-request sc-inc-gpc(0,5)",
        "http-request sc-inc-gpc",
        "http-request sc-set-gpt0(0) abc",
        "http-request sc-set-gpt0(3) 1",
        "http-request sc-set-gpt(0) 5",
        "http-request sc-set-gpt(0,9) 5",
    ];
    let mut differing = Vec::new();
    for line in lines {
        let [theirs, ours] = both().map(|who| complaints(who, line));
        assert!(!theirs.is_empty(), "HAProxy accepts {line}");
        if theirs != ours {
            differing.push(format!("{line}:\n  HAProxy {theirs:?}\n  ours    {ours:?}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// Nobody gets more than the limit, whatever worker serves them.
#[test]
fn a_rate_limit_is_exact_under_several_workers() {
    const LIMIT: usize = 40;
    let port = free_port();
    let origin = Origin::saying("ok");
    let config = format!(
        "global\n nbthread 3\n stats socket unix@api.sock level admin\n\
         defaults\n mode http\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n\
         frontend f\n bind 127.0.0.1:{port}\n stick-table type ip size 100k expire 1h store http_req_rate(1h)\n\
         http-request track-sc0 src\n\
         http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt {LIMIT} }}\n\
         default_backend b\nbackend b\n server s 127.0.0.1:{}\n",
        origin.port
    );
    for who in both() {
        let before = origin.count();
        let program = Program::start(who, &config, &[port]);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let ask = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
                        let mut all = Vec::new();
                        for _ in 0..4 {
                            let mut client = Client::connect(port);
                            all.extend([ask, ask, ask].map(|ask| client.ask(ask).status));
                        }
                        all
                    })
                })
                .collect();
            clients
                .into_iter()
                .flat_map(|c| c.join().unwrap())
                .collect()
        });
        let passed = statuses.iter().filter(|status| **status == 200).count();
        let denied = statuses.iter().filter(|status| **status == 429).count();
        assert_eq!((passed, denied), (LIMIT, 96 - LIMIT), "{who:?}");
        assert_eq!(origin.count() - before, LIMIT, "{who:?}");
        let table = command(&program, "show table f");
        assert!(table.contains("http_req_rate(3600000)=96"), "{table}");
    }
}

#[test]
fn tables_outlive_a_reload_if_their_shape_is_the_same() {
    let port = free_port();
    let config = |store: &str| {
        format!(
            "global\n stats socket unix@api.sock level admin\n\
             frontend f\n bind 127.0.0.1:{port}\n mode http\n timeout client 5s\n\
             stick-table type ip size 10 expire 1h store {store}\n http-request track-sc0 src\n\
             http-request sc-inc-gpc0(0)\n http-request return status 200 hdr n %[sc0_get_gpc0]\n"
        )
    };
    let program = Program::start(Who::Ours, &config("gpc0"), &[port]);
    let ask = || {
        let response = support::get(port, "/");
        let line = response.head.lines().find(|line| line.starts_with("n: "));
        line.unwrap_or_default().to_owned()
    };
    assert_eq!([ask(), ask()], ["n: 1", "n: 2"]);
    program.rewrite(&config("gpc0"));
    command(&program, "reload");
    assert_eq!(ask(), "n: 3");
    program.rewrite(&config("gpc0,conn_cnt"));
    command(&program, "reload");
    assert_eq!(ask(), "n: 1");
}

/// Every family, asked on the way of requests that track different keys.
#[test]
fn expressions_about_tables_have_haproxys_values() {
    let plain = [
        "bytes_in_rate",
        "bytes_out_rate",
        "conn_cnt",
        "conn_cur",
        "conn_rate",
        "get_gpc0",
        "get_gpc1",
        "get_gpt0",
        "gpc0_rate",
        "gpc1_rate",
        "http_err_cnt",
        "http_err_rate",
        "http_fail_cnt",
        "http_req_cnt",
        "http_req_rate",
        "inc_gpc0",
        "inc_gpc1",
        "clr_gpc0",
        "clr_gpc1",
        "kbytes_in",
        "kbytes_out",
        "sess_cnt",
        "sess_rate",
    ];
    let mut asked: Vec<String> = Vec::new();
    for name in plain {
        asked.extend([
            format!("sc_{name}(0)"),
            format!("sc0_{name}"),
            format!("sc_{name}(1,session)"),
            format!("sc1_{name}(connection)"),
            format!("sc_{name}(2,statuses)"),
            format!("sc_{name}(7)"),
            format!("src_{name}(connection)"),
            format!("src_{name}(statuses)"),
        ]);
    }
    for name in ["get_gpc", "get_gpt", "gpc_rate", "inc_gpc", "clr_gpc"] {
        asked.extend([
            format!("sc_{name}(0,2)"),
            format!("sc_{name}(2,2)"),
            format!("sc_{name}(9,2)"),
            format!("sc_{name}(0,1)"),
            format!("sc_{name}(1,2,names)"),
            format!("src_{name}(0,connection)"),
        ]);
    }
    for table in ["connection", "session", "names", "statuses"] {
        for name in [
            "in_table",
            "table_conn_cnt",
            "table_conn_cur",
            "table_conn_rate",
            "table_gpc0",
            "table_gpc1",
            "table_gpt0",
            "table_gpc0_rate",
            "table_http_req_cnt",
            "table_http_req_rate",
            "table_kbytes_in",
            "table_server_id",
            "table_sess_cnt",
            "table_trackers",
            "table_bytes_in_rate",
        ] {
            asked.push(format!("src,{name}({table})"));
            asked.push(format!("path,{name}({table})"));
        }
        asked.extend([
            format!("path,table_expire({table},77)"),
            format!("path,table_idle({table},78)"),
            format!("str(none),table_expire({table})"),
            format!("path,table_gpc(1,{table})"),
            format!("path,table_gpt(1,{table})"),
            format!("path,table_gpc_rate(1,{table})"),
            format!("table_cnt({table})"),
            format!("table_avl({table})"),
        ]);
    }
    asked.extend(
        [
            "sc_tracked(0)",
            "sc_tracked(7)",
            "sc2_tracked",
            "sc_trackers(2)",
            "sc_trackers(2,connection)",
        ]
        .map(str::to_owned),
    );
    asked.extend(["src_updt_conn_cnt(connection)", "src_updt_conn_cnt(names)"].map(str::to_owned));
    let (ports, origin) = ([(); 2].map(|()| free_port()), origin());
    let [theirs, ours] = both().map(|who| {
        let mut values = Vec::new();
        for some in asked.chunks(60) {
            let port = free_port();
            // With several workers the second request may come before the first is over.
            let mut text = config(ports, origin.port).replace("nbthread 2", "nbthread 1")
                + &format!(
                    "frontend asks\n bind 127.0.0.1:{port}\n tcp-request connection track-sc0 src table connection\n\
                     tcp-request session track-sc1 src table session\n http-request track-sc2 path table names\n\
                     http-request sc-inc-gpc(1,2)\n http-request sc-inc-gpc0(0)\n http-request sc-set-gpt(1,2) 5\n"
                );
            for (at, expression) in some.iter().enumerate() {
                text += &format!(" http-request set-var-fmt(txn.v{at}) <%[{expression}]>\n");
            }
            text += " http-request return status 200\n";
            for at in 0..some.len() {
                text += &format!(" http-after-response set-header v-{at} %[var(txn.v{at})]\n");
            }
            let program = Program::start(who, &text, &[port]);
            for _ in 0..2 {
                let head = support::get(port, "/200").head;
                let mut lines: Vec<_> = head.lines().filter(|line| line.starts_with("v-")).map(str::to_owned).collect();
                lines.resize(some.len(), String::new());
                values.extend(some.iter().cloned().zip(lines));
            }
            drop(program);
        }
        values
    });
    let differing: Vec<_> = theirs
        .iter()
        .zip(&ours)
        .filter(|(their, our)| their != our)
        .map(|((text, their), (_, our))| format!("{text}: HAProxy {their:?}, we {our:?}"))
        .collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    let some = theirs
        .iter()
        .filter(|(_, value)| !value.ends_with("<>"))
        .count();
    assert!(some > theirs.len() / 2, "too little is compared");
}
