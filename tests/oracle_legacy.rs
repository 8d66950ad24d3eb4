//! Words of old versions do what their modern forms do in HAProxy: the same bytes from the client and from the server give
//! the same bytes on both sides, here with the old words, there with lines of today written by hand.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use support::{Client, Origin, Program, Who, free_port};

/// One section in the old words and in those of today, and the requests that go through.
struct Case {
    old: &'static str,
    modern: &'static str,
    requests: &'static [&'static str],
}

const GET: &str = "GET /app/x?y HTTP/1.1\r\nHost: h.example\r\nX-One: 1\r\nX-Two: a/app/b\r\nCookie: k=v\r\nConnection: close\r\n\r\n";
const OTHER: &str =
    "GET /other HTTP/1.1\r\nhost: H2.example\r\nx-one: 2\r\nX-One: 3\r\nConnection: close\r\n\r\n";
const POST: &str =
    "POST /app/p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
const ANSWER: &str = "HTTP/1.1 200 OK\r\nServer: secret/1\r\nX-Powered-By: x\r\nLocation: http://h.example/a\r\nContent-Length: 2\r\n\r\nok";

const CASES: &[Case] = &[
    Case {
        old: "reqadd X-Forwarded-Proto:\\ https\n rspadd Strict-Transport-Security:\\ max-age=31536000;\\ preload",
        modern: "http-request add-header X-Forwarded-Proto https\n http-response add-header Strict-Transport-Security max-age=31536000;\\ preload",
        requests: &[GET, POST],
    },
    Case {
        old: "reqadd X-A:\\ 100%\\ \\1 if { path_beg /app }\n reqadd X-B:b unless { path_beg /app }",
        modern: "http-request add-header X-A 100%%\\ \\1 if { path_beg /app }\n http-request add-header X-B b unless { path_beg /app }",
        requests: &[GET, OTHER],
    },
    Case {
        old: "reqdel ^X-One:\n rspdel ^Server.*\n rspidel ^x-POWERED-by:",
        modern: "http-request del-header X-One\n http-response del-header Server\n http-response del-header X-Powered-By",
        requests: &[GET, OTHER],
    },
    Case {
        old: "reqidel ^x-one:\\ 2",
        modern: "http-request del-header X-One if { hdr_cnt(x-one) 1 } { hdr(x-one) 2 }\n http-request set-header X-One 3 if { hdr(x-one) 2 }",
        requests: &[GET, OTHER],
    },
    // The request line.
    Case {
        old: "reqrep ^([^\\ :]*)\\ /app/(.*) \\1\\ /\\2",
        modern: "http-request replace-uri ^/app/(.*) /\\1",
        requests: &[GET, OTHER, POST],
    },
    Case {
        old: "reqirep ^([^\\ ].*)APP[/]?(.*) \\1\\2 if { path_beg /app }",
        modern: "http-request replace-uri (?i)^(.*)app[/]?(.*) \\1\\2 if { path_beg /app }",
        requests: &[GET, OTHER, POST],
    },
    Case {
        old: "reqrep ^GET\\ (.*) HEAD\\ \\1",
        modern: "http-request set-method HEAD if METH_GET",
        requests: &["GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"],
    },
    // Header lines, renamed, divided.
    Case {
        old: "reqrep ^Host:\\ (.*) Host:\\ www.\\1\n rsprep ^Location:\\ http://([^/]*)(.*) Location:\\ https://\\1:444\\2",
        modern: "http-request replace-header Host (.*) www.\\1\n http-response replace-header Location http://([^/]*)(.*) https://\\1:444\\2",
        requests: &[GET, OTHER],
    },
    Case {
        old: "reqirep ^cookie:\\ (.*) X-Cookie:\\ \\1",
        modern: "http-request set-header X-Cookie %[req.hdr(cookie)] if { req.hdr(cookie) -m found }\n http-request del-header Cookie",
        requests: &[GET, OTHER],
    },
    Case {
        old: "rsprep ^HTTP/1.1\\ 200\\ OK HTTP/1.1\\ 202\\ Fine",
        modern: "http-response set-status 202 reason Fine",
        requests: &[GET],
    },
    // Verdicts.
    Case {
        old: "reqdeny ^GET\\ /app",
        modern: "http-request deny if METH_GET { path_beg /app }",
        requests: &[GET, OTHER, POST],
    },
    Case {
        old: "reqideny ^host:\\ h2\\.",
        modern: "http-request deny if { hdr(host) -i -m beg h2. }",
        requests: &[GET, OTHER],
    },
    Case {
        old: "reqallow ^Cookie:\n reqdeny .",
        modern: "http-request deny unless { req.hdr(cookie) -m found }",
        requests: &[GET, OTHER],
    },
    // An allowed request is still edited.
    Case {
        old: "reqallow ^GET\n reqrep ^X-One:.* X-One:\\ new\n reqdeny .\n reqadd X-Z:\\ z",
        modern: "http-request deny unless METH_GET\n http-request replace-header X-One .* new\n http-request add-header X-Z z",
        requests: &[GET, OTHER, POST],
    },
    Case {
        old: "reqpass ^GET\n reqdeny .\n reqadd X-Z:\\ z",
        modern: "http-request deny unless METH_GET\n http-request add-header X-Z z",
        requests: &[GET, POST],
    },
    Case {
        old: "timeout tarpit 1ms\n reqtarpit ^POST",
        modern: "timeout tarpit 1ms\n http-request tarpit if METH_POST",
        requests: &[GET, POST],
    },
    Case {
        old: "rspdeny ^Server:\\ secret if { status 200 }\n rspdeny ^Server: if { path_beg /app } { status 500 }",
        modern: "http-response deny if { res.hdr(server) -m beg secret } { status 200 }",
        requests: &[GET],
    },
    // Order.
    Case {
        old: "http-request set-header X-One seen\n reqrep ^X-One:\\ seen X-One:\\ replaced\n block if { req.hdr(x-one) seen }\n reqadd X-One:\\ last",
        modern: "http-request set-header X-One replaced\n http-request add-header X-One last",
        requests: &[GET, OTHER],
    },
    Case {
        old: "http-request allow\n redirect location /away if { path_beg /app }\n reqadd X-Z:\\ z",
        modern: "http-request add-header X-Z z\n http-request allow\n redirect location /away if { path_beg /app }",
        requests: &[GET, OTHER],
    },
    Case {
        old: "http-request redirect location /r\n block if { path_beg /app }",
        modern: "http-request deny if { path_beg /app }\n http-request redirect location /r",
        requests: &[GET, OTHER],
    },
    Case {
        old: "monitor-net 127.0.0.0/8\n http-request deny",
        modern: "http-request return status 200 if { src 127.0.0.0/8 }\n http-request deny",
        requests: &[GET, OTHER],
    },
    Case {
        old: "stats uri /app\n stats auth a:b\n redirect location /away\n reqideny X-NO",
        modern: "stats uri /app\n stats auth a:b\n redirect location /away",
        requests: &[GET, OTHER],
    },
    // No word of old, but from those days.
    Case {
        old: "server r 127.0.0.1:1 redir http://r.example\n use-server r unless METH_POST",
        modern: "server r 127.0.0.1:1 redir http://r.example\n use-server r unless METH_POST",
        requests: &[GET, POST, "HEAD http://t/a?b HTTP/1.1\r\nHost: t\r\n\r\n"],
    },
    Case {
        old: "monitor-net 10.0.0.0/8\n option forceclose",
        modern: "option httpclose",
        requests: &[GET],
    },
];

/// What the client read, and what the server got.
fn play(who: Who, proxy: &str, requests: &[&str]) -> Vec<(String, Vec<String>)> {
    let origin = Origin::answering(ANSWER);
    let port = free_port();
    let config = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         listen l\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{}\n {proxy}\n",
        origin.port
    );
    let _proxy = Program::start(who, &config, &[port]);
    let mut seen = Vec::new();
    for request in requests {
        origin.requests.lock().expect("no panic").clear();
        let answer = Client::connect(port).send(request).rest();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        seen.push((answer, origin.requests.lock().expect("no panic").clone()));
    }
    seen
}

#[test]
fn old_rules_do_what_their_modern_forms_do() {
    let differ: Vec<String> = std::thread::scope(|scope| {
        let each = |case: &'static Case| {
            let ours = play(Who::Ours, case.old, case.requests);
            let theirs = play(Who::Haproxy, case.modern, case.requests);
            (ours != theirs)
                .then(|| format!("{}\n ours   {ours:#?}\n theirs {theirs:#?}", case.old))
        };
        let threads: Vec<_> = CASES
            .iter()
            .map(|case| scope.spawn(move || each(case)))
            .collect();
        let results = threads.into_iter().map(|t| t.join().expect("no panic"));
        results.flatten().collect()
    });
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// What no rule of today can say, and what must not get through.
#[test]
fn a_rule_cannot_make_a_second_message() {
    let origin = Origin::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let port = free_port();
    let config = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         listen l\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{}\n \
         reqrep ^GET\\ /broken GET\\ /a\\ b\\ HTTP/1.1\n reqrep ^GET\\ /old(.*)1.1$ GET\\ /old\\11.0\n \
         reqrep ^X-Two:\\ (.*) X-A:\\ \\1\\r\\nX-B:\\ <\\1>\n reqrep ^X-Length.* Content-Length:\\ 5\n",
        origin.port
    );
    let _proxy = Program::start(Who::Ours, &config, &[port]);
    let ask = |request: &str| {
        origin.requests.lock().expect("no panic").clear();
        let status = Client::connect(port).ask(request).status;
        (status, origin.requests.lock().expect("no panic").join(""))
    };
    assert_eq!(
        ask("GET /broken HTTP/1.1\r\nHost: t\r\n\r\n"),
        (400, String::new())
    );
    assert_eq!(
        ask("GET / HTTP/1.1\r\nHost: t\r\nX-Two: q\r\n\r\n"),
        (
            200,
            "GET / HTTP/1.1\r\nhost: t\r\nx-a: q\r\nx-b: <q>\r\n\r\n".to_owned()
        )
    );
    // Chunks do not go to a server that is spoken to in a version without them.
    assert_eq!(
        ask("GET /old HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (400, String::new())
    );
    // The length is the proxy's to say.
    let (status, head) = ask("GET / HTTP/1.1\r\nHost: t\r\nX-Length: 1\r\n\r\n");
    assert_eq!(status, 200);
    assert!(!head.contains("content-length"), "{head}");
}

/// `reqsetbe` chooses before `use_backend` does, and the first match decides.
#[test]
fn expressions_choose_backends() {
    let [one, two, rest] = ["1", "2", "rest"].map(Origin::saying);
    let port = free_port();
    let config = format!(
        "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend f\n bind 127.0.0.1:{port}\n reqisetbe ^Host:\\ img one\n reqsetbe ^[^\\ ]*\\ /(img|css)/ two\n \
         use_backend rest if TRUE\n\
         backend one\n server s 127.0.0.1:{}\nbackend two\n server s 127.0.0.1:{}\n\
         backend rest\n server s 127.0.0.1:{}\n",
        one.port, two.port, rest.port
    );
    let _proxy = Program::start(Who::Ours, &config, &[port]);
    let mut client = Client::connect(port);
    let mut body = |host: &str, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        client.ask(request).text()
    };
    assert_eq!(body("IMG.example", "/css/x"), "1");
    assert_eq!(body("x", "/css/x"), "2");
    assert_eq!(body("x", "/CSS/x"), "rest");
}

#[test]
fn names_that_are_used_again_serve() {
    let (one, two) = (Origin::saying("1"), Origin::saying("2"));
    let (first, second, third) = (free_port(), free_port(), free_port());
    let config = format!(
        "defaults\n mode http\n clitimeout 5s\n srvtimeout 5s\n contimeout 5s\n\
         frontend f 127.0.0.1:{first},127.0.0.1:{second}\n default_backend b\n\
         listen f 127.0.0.1:{third}\n server s 127.0.0.1:{}\n\
         backend b\n server s 127.0.0.1:{}\n server s 127.0.0.1:{}\n",
        two.port, one.port, two.port
    );
    let proxy = Program::start(Who::Ours, &config, &[first, second, third]);
    let body = |port| support::get(port, "/").text();
    assert_eq!([body(first), body(second), body(first)], ["1", "2", "1"]);
    assert_eq!(body(third), "2");
    proxy.says("It is called 's#2' here.");
    proxy.says("It is called 'f#2' here.");
}
