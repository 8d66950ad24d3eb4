//! Every file under `examples/` runs and does what its head promises.
//!
//! Addresses are replaced by free ports of the loopback; nothing else is changed.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::path::Path;

use support::{Client, Origin, Program, Who, free_port, get, wait_for};

/// An example with the texts on the left replaced by those on the right.
fn example(name: &str, changes: &[(&str, String)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    let mut text = std::fs::read_to_string(path).expect("the example is there");
    for (from, to) in changes {
        assert!(text.contains(from), "{name} does not say {from}");
        text = text.replace(from, to);
    }
    text
}

fn at(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Asks with a Host header of one's own.
fn ask(port: u16, host: &str, path: &str) -> support::Response {
    Client::connect(port).ask(format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    ))
}

#[test]
fn hello_balances_and_shows_its_status() {
    let [web, one, two] = [free_port(), free_port(), free_port()];
    let config = example(
        "hello.cfg",
        &[
            ("127.0.0.1:8080", at(web)),
            ("127.0.0.1:8081", at(one)),
            ("127.0.0.1:8082", at(two)),
        ],
    );
    let _proxy = Program::start(Who::Ours, &config, &[web, one, two]);
    let answers: Vec<String> = (0..6).map(|_| get(web, "/").text()).collect();
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1], answers[3]);
    let mut both = [answers[0].as_str(), answers[1].as_str()];
    both.sort_unstable();
    assert_eq!(both, ["hello from one\n", "hello from two\n"]);
    let page = get(web, "/status");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("origins"));
    assert!(
        get(web, "/status;csv")
            .text()
            .starts_with("# pxname,svname,")
    );
}

#[test]
fn second_tier_answers_probes_and_keeps_clients_on_their_server() {
    let app = [Origin::saying("one"), Origin::saying("two")];
    let web = free_port();
    let config = example(
        "second-tier.cfg",
        &[
            ("192.0.2.10:80", at(web)),
            ("192.0.2.21:8080", at(app[0].port)),
            ("192.0.2.22:8080", at(app[1].port)),
            ("src 192.0.2.0/24", "src 127.0.0.0/8".into()),
            ("stats socket /run/", "stats socket ./".into()),
        ],
    );
    let proxy = Program::start(Who::Ours, &config, &[web]);
    assert_eq!(get(web, "/health_check").text(), "OK\n");
    let first = get(web, "/").text();
    for _ in 0..5 {
        assert_eq!(get(web, "/").text(), first, "one client, one server");
    }
    let heads: Vec<String> = app
        .iter()
        .flat_map(|origin| origin.requests.lock().expect("whole").clone())
        .filter(|head| head.starts_with("GET / "))
        .collect();
    assert_eq!(heads.len(), 6);
    for head in &heads {
        let head = head.to_ascii_lowercase();
        assert!(head.contains("x-real-ip: 127.0.0.1\r\n"), "{head}");
        assert!(head.contains("x-forwarded-for: 127.0.0.1\r\n"), "{head}");
    }
    drop(app);
    proxy.says("has no server available");
    wait_for("LVS to be told", || {
        (get(web, "/health_check").status == 503).then_some(())
    });
}

#[test]
fn second_tier_hides_its_probe_from_strangers() {
    let app = Origin::saying("one");
    let web = free_port();
    let config = example(
        "second-tier.cfg",
        &[
            ("192.0.2.10:80", at(web)),
            ("192.0.2.21:8080", at(app.port)),
            ("192.0.2.22:8080", at(app.port)),
            ("stats socket /run/", "stats socket ./".into()),
        ],
    );
    let _proxy = Program::start(Who::Ours, &config, &[web]);
    assert_eq!(get(web, "/health_check").status, 403);
    assert_eq!(get(web, "/").status, 200);
}

#[test]
fn web_front_tells_requests_apart() {
    let site =
        Origin::answering("HTTP/1.1 200 OK\r\nServer: secret\r\nContent-Length: 4\r\n\r\nsite");
    let (api, files) = (Origin::saying("api"), Origin::saying("files"));
    let web = free_port();
    let config = example(
        "web-front.cfg",
        &[
            ("127.0.0.1:8000", at(web)),
            ("127.0.0.1:8101", at(site.port)),
            ("127.0.0.1:8102", at(site.port)),
            ("127.0.0.1:8111", at(api.port)),
            ("127.0.0.1:8112", at(api.port)),
            ("127.0.0.1:8121", at(files.port)),
            ("127.0.0.1:8122", at(files.port)),
        ],
    );
    let _proxy = Program::start(Who::Ours, &config, &[web]);
    let home = ask(web, "www.example.org", "/");
    assert_eq!((home.status, home.text().as_str()), (200, "site"));
    assert_eq!(home.header("server"), None);
    assert_eq!(home.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(ask(web, "www.example.org", "/static/a.css").text(), "files");
    assert_eq!(ask(web, "api.example.org", "/v1/things").text(), "api");
    let moved = ask(web, "example.org", "/x");
    assert_eq!(moved.status, 301);
    assert_eq!(moved.header("location"), Some("http://www.example.org/x"));
    assert_eq!(ask(web, "www.example.org", "/.git/config").status, 403);
}

#[test]
fn status_page_asks_for_a_password_and_then_shows_all() {
    let [page, web] = [free_port(), free_port()];
    let origin = Origin::saying("web");
    let config = example(
        "status-page.cfg",
        &[
            ("127.0.0.1:9000", at(page)),
            ("127.0.0.1:9080", at(web)),
            ("127.0.0.1:9081", at(origin.port)),
            ("127.0.0.1:9082", at(origin.port)),
            ("127.0.0.1:9083", at(origin.port)),
        ],
    );
    let _proxy = Program::start(Who::Ours, &config, &[page, web]);
    let refused = get(page, "/status");
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("www-authenticate"),
        Some("Basic realm=\"Status\"")
    );
    let look = |path: &str| {
        Client::connect(page).ask(format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic b3BzOnNlY3JldA==\r\n\
             Connection: close\r\n\r\n"
        ))
    };
    let shown = look("/status").text();
    for expected in ["web1", "web2", "spare", "an example"] {
        assert!(shown.contains(expected), "{expected}");
    }
    let csv = look("/status;csv").text();
    assert!(csv.lines().any(|line| line.starts_with("web,spare,")));
    assert!(look("/status;json").text().starts_with('['));
}

#[test]
fn old_words_run_and_are_told_with_the_line_of_today() {
    let port = free_port();
    let one = Origin::answering("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 1\r\n\r\n1");
    let two = Origin::saying("2");
    let config = example(
        "old-words.cfg",
        &[
            ("127.0.0.1:8200", at(port)),
            ("127.0.0.1:8201", at(one.port)),
            ("127.0.0.1:8202", at(two.port)),
        ],
    );
    let proxy = Program::start(Who::Ours, &config, &[port]);
    let first = ask(port, "x", "/shop/cart");
    assert_eq!((first.status, first.text().as_str()), (200, "1"));
    assert_eq!(first.header("server"), None);
    assert_eq!(
        one.requests.lock().expect("no panic").concat(),
        "GET /cart HTTP/1.1\r\nhost: x\r\nx-forwarded-proto: http\r\nconnection: close\r\n\r\n"
    );
    assert_eq!(ask(port, "x", "/").text(), "2");
    assert_eq!(ask(port, "x", "/a/../b").status, 403);
    let bot =
        Client::connect(port).ask("GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: an EvilBot/1\r\n\r\n");
    assert_eq!(bot.status, 403);
    for line in [
        "write instead: `timeout client 50000`",
        "put this line below: `bind 127.0.0.1:",
        "write instead: `http-request replace-uri ^/shop/(.*) /",
        "It is called 'web1#2' here.",
    ] {
        proxy.says(line);
    }
}

#[test]
fn tls_front_speaks_http2_and_sends_plain_requests_there() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().join("certs");
    std::fs::create_dir(&certs).unwrap();
    let made = rcgen::generate_simple_self_signed(["www.example.org".to_owned()]).unwrap();
    std::fs::write(certs.join("site.pem"), made.cert.pem()).unwrap();
    std::fs::write(certs.join("site.pem.key"), made.signing_key.serialize_pem()).unwrap();
    let [plain, tls] = [free_port(), free_port()];
    let config = example(
        "tls-front.cfg",
        &[
            ("127.0.0.1:8480", at(plain)),
            ("bind 127.0.0.1:8443", format!("bind {}", at(tls))),
            ("crt certs/", format!("crt {}/", certs.display())),
        ],
    );
    let _proxy = Program::start(Who::Ours, &config, &[plain, tls]);
    let moved = ask(plain, "www.example.org", "/x");
    assert_eq!(moved.status, 301);
    assert_eq!(moved.header("location"), Some("https://www.example.org/x"));
    let asked = std::process::Command::new("curl")
        .args(["-sik", "--connect-to", &format!("::{}", at(tls))])
        .arg("https://www.example.org/")
        .output()
        .unwrap();
    let answer = String::from_utf8_lossy(&asked.stdout);
    assert!(answer.starts_with("HTTP/2 200"), "{answer}");
    assert!(answer.contains("strict-transport-security"), "{answer}");
    assert!(answer.ends_with("TLSv1.3 h2 www.example.org\n"), "{answer}");
}
