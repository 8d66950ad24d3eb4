//! The status page and its CSV held against HAProxy's: the same configuration and traffic on both.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::collections::BTreeSet;

use support::{Client, Origin, Program, Response, Who, both, free_port, get, wait_for};

/// Columns that differ for a reason: time that passed, or a counter that does not exist here (see
/// the modules' columns).
fn volatile(column: &str) -> bool {
    matches!(
        column,
        "lastchg" | "downtime" | "check_duration" | "lastsess" | "srv_icur" | "need_conn_est"
    ) || column.ends_with("_conn_cur")
        || ["qtime", "ctime", "rtime", "ttime", "h1_"]
            .iter()
            .any(|p| column.starts_with(p))
        || column.contains("rate") && column != "rate_lim"
}

struct Setup {
    program: Program,
    front: u16,
    stats: u16,
    closed: u16,
    _origin: Origin,
}

fn start(who: Who, more: &str) -> Setup {
    let origin = Origin::new(|head| match head.contains("/missing") {
        true => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        false => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".to_vec(),
    });
    let (front, tcp, stats, closed) = (free_port(), free_port(), free_port(), free_port());
    let port = origin.port;
    let config = format!(
        "global\n maxconn 1000\n description All <of> it\ndefaults\n mode http\n timeout connect 2s\n \
         timeout client 5s\n timeout server 5s\n retries 0\n\
         frontend fe\n bind 127.0.0.1:{front} name one\n option socket-stats\n maxconn 77\n \
         http-request deny if {{ path /denied }}\n default_backend be\n\
         frontend ft\n mode tcp\n bind 127.0.0.1:{tcp}\n rate-limit sessions 9\n default_backend bt\n\
         listen stats\n bind 127.0.0.1:{stats}\n stats enable\n stats uri /st\n {more}\n\
         backend be\n balance roundrobin\n fullconn 50\n server s1 127.0.0.1:{port} weight 10 maxconn 5 maxqueue 3\n \
         server s2 127.0.0.1:{closed} check backup inter 100ms\n server s3 127.0.0.1:{port} disabled\n \
         server s4 127.0.0.1:{port} weight 0\n server s5 127.0.0.1:{closed} check inter 100ms\n \
         server s6 127.0.0.1:{port} track be/s5\n\
         backend bt\n mode tcp\n balance source\n fullconn 60\n server a 127.0.0.1:{port}\n\
         backend empty\n fullconn 70\n"
    );
    let program = Program::start(who, &config, &[stats]);
    program.says("Server be/s2 is DOWN");
    program.says("Server be/s5 is DOWN");
    Setup {
        program,
        front,
        stats,
        closed,
        _origin: origin,
    }
}

/// Rows by name, each a list of column and value.
fn rows(csv: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut lines = csv.lines().filter(|line| !line.is_empty());
    let header = lines.next().expect("a header").trim_start_matches("# ");
    let header: Vec<_> = header.split(',').map(str::to_owned).collect();
    lines
        .map(|line| {
            let values: Vec<_> = line.split(',').map(str::to_owned).collect();
            let name = format!("{}/{}", values[0], values[1]);
            (name, header.iter().cloned().zip(values).collect())
        })
        .collect()
}

#[test]
fn csv_columns_and_values_are_haproxys() {
    let [theirs, ours] = both().map(|who| {
        let setup = start(who, "");
        let mut client = Client::connect(setup.front);
        for path in ["/", "/a", "/missing", "/denied"] {
            client.ask(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        }
        drop(client);
        let port = setup.closed;
        let csv = wait_for(
            "the last request to be counted and its client to be gone",
            || {
                let csv = get(setup.stats, "/st;csv").text();
                let is = |row: &[(String, String)], column: &str, value: &str| {
                    row.iter().any(|(c, v)| c == column && v == value)
                };
                let all = rows(&csv).iter().any(|(name, row)| {
                    name == "fe/FRONTEND" && is(row, "hrsp_4xx", "2") && is(row, "scur", "0")
                });
                all.then_some(csv)
            },
        );
        csv.replace(&format!(":{port}"), ":CLOSED")
    });
    assert_eq!(theirs.lines().next(), ours.lines().next(), "the header");
    let (theirs, ours) = (rows(&theirs), rows(&ours));
    let names = |rows: &[(String, _)]| rows.iter().map(|r| r.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&theirs), names(&ours));
    let mut wrong = Vec::new();
    for ((name, theirs), (_, ours)) in theirs.iter().zip(&ours) {
        for ((column, a), (_, b)) in theirs.iter().zip(ours) {
            // The page's own traffic counts, and its sizes are its own.
            let own = name.starts_with("stats/")
                && matches!(&**column, "stot" | "bin" | "bout" | "smax" | "scur")
                || name.starts_with("stats/")
                    && (column.contains("tot")
                        || column.contains("2xx")
                        || column == "intercepted");
            let ports = column == "addr";
            if a != b && !volatile(column) && !own && !ports {
                wrong.push(format!("{name} {column}: haproxy {a:?}, tidegate {b:?}"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} values:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn post(port: u16, path: &str, body: &str, more: &str) -> Response {
    let length = body.len();
    Client::connect(port).ask(format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n{more}Connection: close\r\n\r\n{body}"
    ))
}

#[test]
fn forms_do_and_answer_what_haproxys_do() {
    let forms = [
        "s=s1&action=drain&b=be",
        "s=s1&action=maint&b=be",
        "s=s1&action=ready&b=be",
        "s=s1&s=s4&action=maint&b=%23BE",
        "s=s1&s=nobody&action=ready&b=be",
        "s=s1&action=nonsense&b=be",
        "s=s1&action=ready&b=nobody",
        "action=ready&b=be",
        "s=s5&action=hrunn&b=be",
        "s=s5&action=hnolb&b=be",
        "s=s5&action=hdown&b=be",
        "s=s5&action=dhlth&b=be",
        "s=s5&action=ehlth&b=be",
        "s=s1&action=shutdown&b=be",
    ];
    let [theirs, ours] = both().map(|who| {
        let setup = start(who, "stats admin if TRUE");
        let iid = rows(&get(setup.stats, "/st;csv").text())
            .iter()
            .find(|(name, _)| name == "be/BACKEND")
            .and_then(|(_, row)| row.iter().find(|(c, _)| c == "iid").map(|(_, v)| v.clone()))
            .expect("an id");
        let answers = forms.map(|form| {
            let answer = post(setup.stats, "/st;up", &form.replace("BE", &iid), "");
            let location = answer.header("location").unwrap_or_default().to_owned();
            format!("{form}: {} {location}", answer.status)
        });
        (answers, said(&setup.program))
    });
    assert_eq!(theirs.0, ours.0);
    assert_eq!(theirs.1, ours.1);
}

/// What a proxy said of the servers, but for the checks that go on by themselves.
fn said(program: &Program) -> Vec<String> {
    let messages = program.messages();
    let lines = messages
        .lines()
        .filter_map(|line| line.split_once(" : ").map(|(_, text)| text));
    lines
        .filter(|text| {
            text.contains("erver")
                && !text.contains("check duration")
                && !text.contains("via be/s5")
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn nothing_changes_without_permission() {
    for (lines, more) in [
        ("", ""),
        ("stats admin if { src 192.0.2.1 }", ""),
        ("stats admin if TRUE\n stats scope stats", ""),
        (
            "stats admin if TRUE",
            "Origin: http://elsewhere.example\r\n",
        ),
        ("stats admin if TRUE", "Sec-Fetch-Site: cross-site\r\n"),
    ] {
        let setup = start(Who::Ours, lines);
        let answer = post(setup.stats, "/st", "s=s1&action=maint&b=be", more);
        assert_eq!(answer.status, 303, "{lines} {more}");
        assert!(!setup.program.messages().contains("s1"), "{lines} {more}");
        let location = answer.header("location").unwrap_or_default();
        let expected = if lines.contains("scope") {
            "/st;st=ERRP"
        } else {
            "/st;st=DENY"
        };
        assert_eq!(location, expected, "{lines} {more}");
    }
}

#[test]
fn accounts_rules_and_methods_decide_as_haproxys() {
    let basic = |account: &str| format!("Authorization: Basic {account}\r\n");
    let asks = [
        ("GET", "/st", String::new()),
        ("GET", "/st", basic("YTpi")),
        ("GET", "/st;csv", basic("YTpi")),
        ("GET", "/st", basic("YTpj")),
        ("GET", "/st", basic("Yzpk")),
        ("GET", "/st", "Authorization: Bearer YTpi\r\n".into()),
        ("GET", "/st", basic("!!!")),
        ("HEAD", "/st", basic("YTpi")),
        ("PUT", "/st", basic("YTpi")),
        ("GET", "/other", basic("YTpi")),
    ];
    for lines in [
        "stats realm A\\ realm\n stats auth a:b\n stats auth c:d\n stats refresh 7s",
        "stats http-request deny if { src 127.0.0.1 }",
        "stats http-request auth realm Other",
        "stats http-request allow if { src 192.0.2.1 }",
    ] {
        let [theirs, ours] = both().map(|who| {
            let setup = start(who, lines);
            asks.clone().map(|(method, path, more)| {
                let request = format!(
                    "{method} {path} HTTP/1.1\r\nHost: x\r\n{more}Connection: close\r\n\r\n"
                );
                let mut client = Client::connect(setup.stats);
                client.send(&request);
                let all = String::from_utf8_lossy(&client.rest()).into_owned();
                let head = all.split("\r\n\r\n").next().unwrap_or_default().to_owned();
                let status = head.lines().next().unwrap_or_default().to_owned();
                let kept: BTreeSet<_> = head
                    .lines()
                    .map(str::to_ascii_lowercase)
                    .filter(|l| {
                        l.starts_with("www-") || l.starts_with("refresh") || l.starts_with("cache")
                    })
                    .collect();
                format!("{method} {path} {more:?}: {status} {kept:?}")
            })
        });
        assert_eq!(theirs, ours, "{lines}");
    }
}

#[test]
fn the_page_has_haproxys_words_and_no_one_elses() {
    let setup = start(
        Who::Ours,
        "stats admin if TRUE\n stats show-legends\n stats show-desc hello <b>",
    );
    let page = get(setup.stats, "/st;up;norefresh;st=PART?scope=%3Cscript%3E").text();
    assert!(page.contains("Action partially processed."));
    assert!(page.contains("hello &lt;b&gt;"));
    assert!(
        !page.contains("<script"),
        "nothing that was asked for comes back as HTML"
    );
    let page = get(setup.stats, "/st").text();
    for word in [
        "Statistics Report for pid",
        "Queue",
        "Session rate",
        "Sessions",
        "Bytes",
        "Denied",
        "Errors",
        "Warnings",
        "Server",
        "LbTot",
        "LastChk",
        "Wght",
        "Dwntme",
        "Thrtle",
        "active_no_check",
        "backup_down",
        "maintain",
        "Choose the action to perform on the checked servers",
        "Set state to DRAIN",
        "CSV export",
    ] {
        assert!(page.contains(word), "{word}");
    }
    let json = get(setup.stats, "/st;json").text();
    let parsed: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(parsed.as_array().map(Vec::len), Some(15));
}

/// An origin that greets and then holds its connections.
fn holding() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut stream, b"hello");
            held.push(stream);
        }
    });
    port
}

#[test]
fn sessions_end_with_their_server_where_asked_for() {
    let [theirs, ours] = both().map(|who| {
        let (tcp, http, stats, origin) = (free_port(), free_port(), free_port(), holding());
        let log = support::LogSink::new();
        let config = format!(
            "global\n maxconn 1000\ndefaults\n timeout connect 2s\n timeout client 30s\n timeout server 30s\n \
             log 127.0.0.1:{} local0\n\
             listen t\n mode tcp\n bind 127.0.0.1:{tcp}\n log-format T:%ts\n \
             server s1 127.0.0.1:{origin} on-marked-down shutdown-sessions\n\
             listen k\n mode tcp\n bind 127.0.0.1:{http}\n log-format K:%ts\n server s1 127.0.0.1:{origin}\n\
             listen stats\n mode http\n bind 127.0.0.1:{stats}\n log-format S\n stats enable\n stats uri /\n \
             stats admin if TRUE\n",
            log.port
        );
        let _program = Program::start(who, &config, &[stats]);
        let mut clients = [Client::connect(tcp), Client::connect(http)];
        for client in &mut clients {
            let mut greeting = [0; 5];
            std::io::Read::read_exact(&mut client.stream, &mut greeting).expect("a greeting");
        }
        assert_eq!(post(stats, "/", "s=s1&action=maint&b=t", "").status, 303);
        assert_eq!(clients[0].rest(), b"", "the session of a server in maintenance ends");
        assert_eq!(post(stats, "/", "s=s1&action=maint&b=k", "").status, 303);
        assert_eq!(post(stats, "/", "s=s1&action=shutdown&b=k", "").status, 303);
        assert_eq!(clients[1].rest(), b"", "a killed session ends");
        ["T:", "K:"].map(|mark| {
            let line = log.line_with(mark);
            line.split_once(mark).map(|(_, letters)| letters.trim().to_owned())
        })
    });
    assert_eq!(theirs, ours);
}
