//! Persistence beside HAProxy's: the same configuration, the same exchanges, the same bytes at the client and the origin, and
//! the same letters in the log.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end so"
)]

mod support;

use support::{Client, LogSink, Origin, Program, Who, both, free_port, run_to_end};

/// Cookie lines of clients, whole and broken.
const COOKIES: &[&str] = &[
    "",
    "Cookie: SRV=s2",
    "Cookie: SRV=s1",
    "Cookie: SRV=zz",
    "Cookie: SRV=",
    "Cookie: SRV",
    "Cookie: srv=s2",
    "Cookie: SRV=s2~value",
    "Cookie: SRV=zz~value",
    "Cookie: SRV=s2|AAAAA",
    "Cookie: SRV=s2|aaaaa|bbbbb",
    "Cookie: SRV=s2|-----|",
    "Cookie: SRV=s2|//////",
    "Cookie: SRV=\"s2\"",
    "Cookie: SRV = s2 ;c=d",
    "Cookie: a=b; SRV=s2; c=d",
    "Cookie: a = b,SRV=s2 ,c = d",
    "Cookie: a=b  ; SRV=zz; SRV=s2",
    "Cookie: SRV=s2; SRV=s1; $Path=/; x; SRV=zz",
    "Cookie: $Version = 1; SRV=s2; $Path=/",
    "Cookie: a=\"x;SRV=s1\"; SRV=s2;",
    "Cookie: ;;SRV=s2;;",
    "Cookie: a=b\r\nCookie: SRV=s1\r\nCookie: SRV=s2; c",
];

/// Lines of servers.
const ANSWERS: &[&str] = &[
    "Set-Cookie: SRV=foo; path=/x",
    "Set-Cookie: SRV = \"a;b\",c ; path=/",
    "Set-Cookie: a = b; SRV=foo",
    "Set-Cookie: SRV=x\r\nSet-Cookie: a=b\r\nSet-Cookie: SRV=y",
    "Set-Cookie: SRV",
    "Set-Cookie2: a=b, SRV=foo; Version=1, c = d",
    "ETag: \"x\"",
    "ETag: \"x\"\r\nCache-Control: no-cache",
    "Cache-Control: max-age=5",
];

struct Bench {
    program: Program,
    origin: Origin,
    log: LogSink,
    port: u16,
}

impl Bench {
    fn start(who: Who, backend: &str, servers: &str) -> Self {
        // It answers with the lines that the request carries.
        let origin = Origin::new(|head| {
            let asked = head
                .lines()
                .find_map(|line| line.strip_prefix("x-answer: "));
            let lines = asked.unwrap_or("X-None: 1").replace(" ## ", "\r\n");
            format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{lines}\r\nX-Last: 1\r\n\r\n").into()
        });
        let (port, dead, log) = (free_port(), free_port(), LogSink::new());
        let servers = servers
            .replace("UP", &format!("127.0.0.1:{}", origin.port))
            .replace("DEAD", &format!("127.0.0.1:{dead}"));
        let config = format!(
            "defaults\n mode http\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n \
             timeout tarpit 10\n retries 1\nfrontend f\n bind 127.0.0.1:{port}\n capture cookie SRV len 12\n \
             log 127.0.0.1:{} local0\n log-format \"%tsc %b/%s %ST %B %rc %CC %CS\"\n default_backend b\n\
             backend b\n{backend}{servers}",
            log.port
        );
        let program = Program::start(who, &config, &[port]);
        Self {
            program,
            origin,
            log,
            port,
        }
    }

    fn exchange(&self, method: &str, cookie: &str, answer: &str) -> String {
        let mut client = Client::connect(self.port);
        let answer = answer.replace("\r\n", " ## ");
        let lines: String = [cookie, &format!("X-Answer: {answer}")]
            .iter()
            .filter(|line| !line.is_empty() && **line != "X-Answer: ")
            .map(|line| format!("{line}\r\n"))
            .collect();
        let before = self.origin.count();
        let response = client.ask(format!(
            "{method} / HTTP/1.1\r\nHost: h\r\nX-First: 1\r\n{lines}Content-Length: 0\r\nX-Last: 1\r\n\r\n"
        ));
        let line = self.log.line_with("b/");
        let line = line.split_once("]: ").expect("a tag").1;
        let seen = self.origin.requests.lock().unwrap()[before..].join("|");
        assert!(self.program.pid() > 0);
        format!("{seen}\n{}\n{line}", dateless(&response.head))
    }
}

/// Without dates in cookies, which depend on the second.
fn dateless(head: &str) -> String {
    let mut parts = head.split('|');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let date = part.get(..5).unwrap_or(part);
        assert!(
            date.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
        );
        text += "|DATE";
        text += &part[date.len()..];
    }
    text
}

fn alike(backend: &[&str], servers: &str, exchanges: &[(&str, &str, &str)]) {
    let backend: String = backend.iter().map(|line| format!(" {line}\n")).collect();
    let [peer, own] = both().map(|who| {
        let bench = Bench::start(who, &backend, servers);
        let all = exchanges
            .iter()
            .map(|(method, cookie, answer)| bench.exchange(method, cookie, answer));
        all.collect::<Vec<_>>()
    });
    for ((exchange, peer), own) in exchanges.iter().zip(peer).zip(own) {
        assert_eq!(own, peer, "{exchange:?} with\n{backend}{servers}");
    }
}

const UP: &str = " server s1 UP cookie s1\n server s2 UP cookie s2\n";

fn asked() -> Vec<(&'static str, &'static str, &'static str)> {
    COOKIES.iter().map(|cookie| ("GET", *cookie, "")).collect()
}

fn answered() -> Vec<(&'static str, &'static str, &'static str)> {
    let each = |cookie: &'static str| ANSWERS.iter().map(move |answer| ("GET", cookie, *answer));
    each("")
        .chain(each("Cookie: SRV=s2"))
        .chain([("POST", "", ""), ("POST", "Cookie: SRV=s1", ANSWERS[0])])
        .collect()
}

#[test]
fn what_clients_present_is_read_and_edited_alike() {
    for options in [
        "insert",
        "insert indirect",
        "prefix",
        "rewrite",
        "indirect",
        "nocache",
    ] {
        alike(&[&format!("cookie SRV {options}")], UP, &asked());
    }
}

#[test]
fn what_servers_set_is_edited_alike() {
    for options in [
        "insert",
        "insert indirect nocache",
        "insert indirect preserve",
        "insert indirect postonly",
        "insert httponly secure domain .a.b domain c.d attr SameSite=Lax attr x",
        "prefix nocache",
        "prefix indirect",
        "rewrite",
        "indirect",
        "postonly",
    ] {
        alike(&[&format!("cookie SRV {options}")], UP, &answered());
    }
}

#[test]
fn dates_are_kept_alike() {
    for options in [
        "maxidle 30m",
        "indirect maxlife 8h",
        "maxidle 1h maxlife 300d nocache",
    ] {
        alike(&[&format!("cookie SRV insert {options}")], UP, &asked());
    }
}

#[test]
fn servers_that_are_down_drained_or_dead_are_left_alike() {
    let exchanges: Vec<_> = asked().into_iter().step_by(2).collect();
    let one = "cookie SRV insert indirect";
    for (servers, lines) in [
        (
            " server s1 UP cookie s1 disabled\n server s2 UP cookie s2\n",
            &[
                &[one][..],
                &[one, "option persist"],
                &[one, "force-persist if TRUE"],
                &[one, "ignore-persist if { hdr(cookie) -m found }"],
                &[one, "use-server s2 if TRUE"],
                &[one, "use-server s1 if TRUE"],
                &["cookie SRV insert maxidle 1h", "use-server s2 if TRUE"],
            ][..],
        ),
        (
            " server s1 UP cookie s1 weight 0\n server s2 UP cookie s2\n",
            &[&[one]],
        ),
        (
            " server s1 UP cookie s1\n server s2 UP cookie s2 backup\n",
            &[&[one]],
        ),
        (
            " server s1 DEAD cookie s1\n server s2 UP cookie s2\n",
            &[
                &[one, "option redispatch"],
                &[one, "option redispatch", "option persist"],
                &[one, "option redispatch", "use-server s1 if TRUE"],
            ],
        ),
        (
            " server s1 UP\n server s2 UP\n",
            &[
                &["cookie SRV insert nocache"],
                &["cookie SRV prefix"],
                &["cookie SRV rewrite"],
            ],
        ),
        (
            " server s1 UP cookie s1 disabled\n server s2 UP cookie s1\n",
            &[&[one], &[one, "option persist"]],
        ),
    ] {
        for lines in lines {
            alike(lines, servers, &exchanges);
        }
    }
}

/// A dead server is tried once more, after a pause.
#[test]
fn a_dead_server_that_is_named_is_kept_without_redispatch() {
    let servers = " server s1 DEAD cookie s1\n server s2 UP cookie s2\n";
    let named = [("GET", "Cookie: SRV=s1", "")];
    let force = [
        "cookie SRV insert",
        "option redispatch",
        "force-persist if TRUE",
    ];
    alike(&["cookie SRV insert"], servers, &named);
    alike(&force, servers, &named);
}

#[test]
fn rules_and_cookies_meet_alike() {
    let some: Vec<_> = asked().into_iter().take(4).collect();
    for rule in [
        "http-request deny",
        "http-request tarpit",
        "http-request redirect location /x",
        "http-request return status 200",
        "http-request set-header Cookie SRV=s2",
        "http-response set-header Set-Cookie SRV=x",
        "http-response deny",
        "http-after-response set-header X-Seen %[res.hdr(set-cookie)]",
    ] {
        alike(&["cookie SRV insert indirect", rule], UP, &some);
    }
}

#[test]
fn caches_are_kept_from_cookies_alike() {
    for cookie in [
        "cookie SRV insert indirect",
        "cookie SRV prefix",
        "cookie SRV insert nocache",
    ] {
        alike(&[cookie, "option checkcache"], UP, &answered());
    }
    alike(&["option checkcache"], UP, &answered());
}

#[test]
fn lines_are_refused_in_haproxys_words() {
    for line in [
        "cookie",
        "cookie SRV foo",
        "cookie SRV domain",
        "cookie SRV domain a.b;c",
        "cookie SRV domain localhost",
        "cookie SRV insert rewrite",
        "cookie SRV rewrite indirect",
        "cookie SRV preserve",
        "cookie SRV maxidle",
        "cookie SRV maxidle 10x",
        "cookie SRV maxidle 10sec",
        "cookie SRV maxlife 99999d",
        "cookie SRV attr \"a;b\"",
        "dynamic-cookie-key",
        "force-persist",
        "ignore-persist if FOO",
        "persist",
        "persist foo",
        "persist rdp-cookie()",
    ] {
        for mode in ["http", "tcp"] {
            let config = format!(
                "defaults\n mode {mode}\n timeout client 20s\n timeout server 20s\n timeout connect 1s\n\
                 backend b\n {line}\n server s 127.0.0.1:1 cookie s\n"
            );
            let [peer, own] = both().map(|who| {
                let run = run_to_end(who, &["-c", "-q"], Some(&config));
                let said = run.err.lines().filter(|line| {
                    line.starts_with('[') && !line.contains("NOTICE") && !line.contains("rror")
                });
                let said = said.filter_map(|line| line.split_once(" : "));
                said.map(|(_, text)| text.to_owned()).collect::<Vec<_>>()
            });
            assert_eq!(own, peer, "{line} in mode {mode}");
        }
    }
}

/// What HAProxy no longer knows.
mod old_words {
    use super::*;
    use support::get;

    fn two(app: &str) -> (Program, [Origin; 2], u16) {
        let origins = ["s1", "s2"].map(|name| {
            Origin::answering(&format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: SID=at{name}; path=/\r\n\
                 Set-Cookie: APPXY=of{name}\r\n\r\n{name}"
            ))
        });
        let port = free_port();
        let config = format!(
            "defaults\n mode http\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n\
             listen l\n bind 127.0.0.1:{port}\n {app}\n server s1 127.0.0.1:{}\n server s2 127.0.0.1:{}\n",
            origins[0].port, origins[1].port
        );
        let program = Program::start(Who::Ours, &config, &[port]);
        (program, origins, port)
    }

    #[test]
    fn appsession_learns_and_keeps() {
        let (_program, _origins, port) = two("appsession SID len 20 timeout 1h request-learn");
        let first = [get(port, "/").text(), get(port, "/").text()];
        assert_eq!(first, ["s1", "s2"]);
        for target in ["/;SID=ats1", "/a;x=y;SID=ats1?SID=ats2", "/b;SID=ats1;z"] {
            assert_eq!(
                [get(port, target).text(), get(port, target).text()],
                ["s1", "s1"],
                "{target}"
            );
        }
        let ask = |cookie: &str| {
            let request = format!("GET / HTTP/1.1\r\nHost: h\r\nCookie: {cookie}\r\n\r\n");
            Client::connect(port).ask(request).text()
        };
        assert_eq!([ask("SID=ats2"), ask("a=b; SID=ats2")], ["s2", "s2"]);
        let own = ask("SID=clients");
        assert_eq!([ask("SID=clients"), ask("SID=clients")], [own.clone(), own]);
    }

    #[test]
    fn appsession_knows_prefixes_and_query_strings() {
        let (_program, _origins, port) = two("appsession APP len 20 timeout 1h prefix");
        assert_eq!([get(port, "/").text(), get(port, "/").text()], ["s1", "s2"]);
        let ask = |cookie: &str| {
            let request = format!("GET / HTTP/1.1\r\nHost: h\r\nCookie: {cookie}\r\n\r\n");
            Client::connect(port).ask(request).text()
        };
        assert_eq!([ask("APPXY=ofs2"), ask("a=b; APPXY=ofs2; c")], ["s2", "s2"]);
        let (_program, _origins, port) = two("appsession SID len 20 timeout 1h mode query-string");
        assert_eq!([get(port, "/").text(), get(port, "/").text()], ["s1", "s2"]);
        let target = "/x?a=b&SID=ats2";
        assert_eq!(
            [get(port, target).text(), get(port, target).text()],
            ["s2", "s2"]
        );
    }

    #[test]
    fn mode_health_answers_probes() {
        let ports = [free_port(), free_port(), free_port(), free_port()];
        let [bare, http, failed, silent] = ports;
        let config = format!(
            "listen a\n bind 127.0.0.1:{bare}\n mode health\nlisten b\n bind 127.0.0.1:{http}\n mode health\n option httpchk\n\
             listen c\n bind 127.0.0.1:{failed}\n mode health\n option httpchk\n monitor fail if TRUE\n\
             listen d\n bind 127.0.0.1:{silent}\n mode health\n monitor fail if TRUE\n"
        );
        let program = Program::start(Who::Ours, &config, &ports);
        program.says("monitor-uri");
        let said = |port, asks: &str| {
            let mut client = Client::connect(port);
            if !asks.is_empty() {
                client.send(asks);
            }
            String::from_utf8(client.rest()).unwrap()
        };
        assert_eq!(said(bare, ""), "OK\n");
        assert_eq!(
            said(http, "GET / HTTP/1.0\r\n\r\n"),
            "HTTP/1.0 200 OK\r\n\r\n"
        );
        assert_eq!(said(failed, ""), "HTTP/1.0 503 Service Unavailable\r\n\r\n");
        assert_eq!(said(silent, ""), "");
    }
}
