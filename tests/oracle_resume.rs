//! Sessions that go on from earlier ones, held against HAProxy's: ids, tickets and their keys; what only we promise
//! (sessions outlive reloads, other rules are another context, early data is taken once) is asked of us alone.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use support::tls::anyone;
use support::{Origin, PATIENCE, Program, Who, both, free_port, local, wait_for};
use tempfile::TempDir;

const DEFAULTS: &str =
    "defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n";
const SAYS: &str = " http-request return status 200 hdr x-resumed %[ssl_fc_is_resumed] hdr x-early %[ssl_fc_has_early]\n";

/// A directory with a certificate, and keys for tickets: `one` and `two` share two of three, `long` are longer.
fn files() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let made = Command::new("openssl")
        .current_dir(at)
        .args([
            "req",
            "-x509",
            "-nodes",
            "-subj",
            "/CN=a.test",
            "-days",
            "30",
        ])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
        .args(["-keyout", "key", "-out", "crt"])
        .output()
        .expect("openssl is installed");
    assert!(made.status.success());
    let read = |name: &str| std::fs::read_to_string(at.join(name)).unwrap();
    std::fs::write(at.join("pem"), read("crt") + &read("key")).unwrap();
    // 48 bytes each, in base64.
    let key = |letter: &str| letter.repeat(64) + "\n";
    let long = |letter: &str| letter.repeat(106) + "A=\n";
    let write = |name: &str, text: String| std::fs::write(at.join(name), text).unwrap();
    write("one", key("A") + &key("B") + &key("C"));
    write("two", key("B") + &key("C") + &key("D"));
    write("long", long("A") + &long("B") + &long("C"));
    write("few", key("A") + &key("B"));
    write("mixed", key("A") + &long("B") + &long("C"));
    write("short", "AAAA\n".into());
    write("garbage", "!\n".into());
    dir
}

/// A connection with openssl: what it shows.
fn connect(dir: &Path, port: u16, request: &str, args: &[&str]) -> String {
    let mut child = Command::new("timeout")
        .current_dir(dir)
        .args(["20", "openssl", "s_client", "-ign_eof", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    let mut stdin = child.stdin.take().unwrap();
    // It may have gone already.
    let _ = stdin.write_all(request.as_bytes());
    drop(stdin);
    let out = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

const GET: &str = "GET / HTTP/1.0\r\n\r\n";

/// Begins a session, kept in a file.
fn begin(dir: &Path, port: u16, version: &str) {
    let out = connect(dir, port, GET, &[version, "-sess_out", "session"]);
    assert!(out.contains("x-resumed: 0"), "{out}");
}

/// Whether the kept session goes on at this port; both sides must say so.
fn goes_on(dir: &Path, port: u16, version: &str) -> bool {
    let out = connect(dir, port, GET, &[version, "-sess_in", "session"]);
    let (client, server) = (out.contains("Reused, "), out.contains("x-resumed: 1"));
    assert_eq!(client, server, "{out}");
    assert!(out.contains("200 OK"), "{out}");
    client
}

fn ask(program: &Program, command: &str) -> String {
    let mut stream = wait_for("the socket", || {
        UnixStream::connect(program.file("sock")).ok()
    });
    stream.write_all(format!("{command}\n").as_bytes()).unwrap();
    let mut out = String::new();
    stream.read_to_string(&mut out).unwrap();
    out
}

fn global() -> String {
    format!("global\n stats socket unix@./sock level admin\n{DEFAULTS}")
}

#[test]
fn sessions_go_on_where_haproxys_do() {
    let dir = files();
    let at = dir.path().display();
    // Bind lines beside each other: which of them take whose sessions.
    let lines = [
        String::new(),
        format!("tls-ticket-keys {at}/one"),
        format!("tls-ticket-keys {at}/two"),
        format!("tls-ticket-keys {at}/long"),
        "no-tls-tickets".to_owned(),
    ];
    let [theirs, ours] = both().map(|who| {
        let ports: Vec<u16> = lines.iter().map(|_| free_port()).collect();
        let binds = ports
            .iter()
            .zip(&lines)
            .map(|(port, line)| format!(" bind 127.0.0.1:{port} ssl crt {at}/pem {line}\n"));
        let config = format!(
            "{}frontend f\n{}{SAYS}",
            global(),
            binds.collect::<String>()
        );
        let program = Program::start(who, &config, &ports);
        let mut seen = Vec::new();
        for version in ["-tls1_2", "-tls1_3"] {
            for (from, to) in [(0, 0), (2, 1), (1, 3), (4, 4)] {
                begin(dir.path(), ports[from], version);
                seen.push((version, from, to, goes_on(dir.path(), ports[to], version)));
            }
        }
        let info = ask(&program, "show info");
        let count = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse::<u32>().unwrap()
        };
        // How many were looked for in vain depends on what the library remembers besides tickets.
        assert!(count("SslCacheLookups:") > 0);
        (seen, count("CumSslConns:") > 0)
    });
    assert_eq!(ours, theirs);
}

#[test]
fn keys_of_tickets_are_read_told_and_set_alike() {
    let dir = files();
    let at = dir.path().display();
    let (key, long) = ("E".repeat(64), "E".repeat(106) + "A=");
    let [theirs, ours] = both().map(|who| {
        let ports = [free_port(), free_port(), free_port()];
        let binds: Vec<String> = ports
            .iter()
            .zip(["one", "long", "one"])
            .map(|(port, keys)| {
                format!(" bind 127.0.0.1:{port} ssl crt {at}/pem tls-ticket-keys {at}/{keys}\n")
            })
            .collect();
        let config = format!("{}frontend f\n{}{SAYS}", global(), binds.concat());
        let program = Program::start(who, &config, &ports);
        let mut told = Vec::new();
        for command in [
            "show tls-keys".to_owned(),
            "show tls-keys *".to_owned(),
            "show tls-keys #0".to_owned(),
            format!("show tls-keys {at}/one"),
            "show tls-keys 0".to_owned(),
            "show tls-keys #2".to_owned(),
            "set ssl tls-key".to_owned(),
            "set ssl tls-key #0".to_owned(),
            "set ssl tls-key #7 AAAA".to_owned(),
            "set ssl tls-key #0 AAAA".to_owned(),
            "set ssl tls-key #0 !".to_owned(),
            format!("set ssl tls-key #0 {key}"),
            format!("set ssl tls-key #0 {long}"),
            format!("set ssl tls-key {at}/one {key}"),
            "show tls-keys *".to_owned(),
        ] {
            told.push(ask(&program, &command));
        }
        // The key that sealed stays one that opens; the next but one forgets it.
        let mut opened = Vec::new();
        begin(dir.path(), ports[0], "-tls1_3");
        for _ in 0..3 {
            opened.push(goes_on(dir.path(), ports[0], "-tls1_3"));
            ask(&program, &format!("set ssl tls-key {at}/one {key}"));
        }
        (told, opened)
    });
    assert_eq!(ours, theirs);
    for bad in ["few", "mixed", "short", "garbage", "none"] {
        let said = both().map(|who| {
            let config = format!(
                "{DEFAULTS}frontend f\n bind 127.0.0.1:1 ssl crt {at}/pem tls-ticket-keys {at}/{bad}\n"
            );
            let done = support::run_to_end(who, &["-c"], Some(&config));
            let line = done.err.lines().find(|line| line.contains("[ALERT]"));
            let line = line.unwrap_or_default().split_once(" config : ");
            line.map(|(_, text)| text.to_owned())
        });
        assert_eq!(said[0], said[1], "{bad}");
        assert!(said[0].is_some(), "{bad}");
    }
}

#[test]
fn sessions_outlive_reloads_but_not_other_rules() {
    let dir = files();
    let at = dir.path().display();
    let (port, other) = (free_port(), free_port());
    let config = |rules: &str| {
        format!(
            "{}frontend f\n bind 127.0.0.1:{port} ssl crt {at}/pem {rules}\n \
             bind 127.0.0.1:{other} ssl crt {at}/pem verify optional ca-file {at}/crt\n{SAYS}",
            global()
        )
    };
    let program = Program::start(Who::Ours, &config(""), &[port, other]);
    for version in ["-tls1_2", "-tls1_3"] {
        begin(dir.path(), port, version);
        assert!(!goes_on(dir.path(), other, version), "{version}");
        program.rewrite(&config("alpn http/1.1"));
        ask(&program, "reload");
        assert!(goes_on(dir.path(), port, version), "{version}");
        program.rewrite(&config(&format!("verify optional ca-file {at}/crt")));
        ask(&program, "reload");
        assert!(!goes_on(dir.path(), port, version), "{version}");
        // The same rules elsewhere are the same context.
        begin(dir.path(), port, version);
        assert!(goes_on(dir.path(), other, version), "{version}");
        program.rewrite(&config(""));
        ask(&program, "reload");
    }
}

/// Terms of a client that believes everybody and sends early data.
fn hasty() -> Arc<ClientConfig> {
    let mut config = Arc::unwrap_or_clone(anyone(None));
    config.enable_early_data = true;
    Arc::new(config)
}

/// One request and its answer; with `early` the client sends it with its first flight and holds its second one back until
/// the answer is there.
fn talk(config: &Arc<ClientConfig>, port: u16, path: &str, early: bool) -> String {
    let name = ServerName::try_from("a.test").unwrap();
    let mut session = ClientConnection::new(config.clone(), name).unwrap();
    let mut tcp = TcpStream::connect(local(port)).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    match early {
        true => {
            let mut first = session.early_data().expect("a session to go on from");
            first.write_all(request.as_bytes()).unwrap();
        }
        false => session.writer().write_all(request.as_bytes()).unwrap(),
    }
    let mut answer = Vec::new();
    let whole = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer).into_owned();
        text.contains("\r\n\r\n") && (!text.contains("Length: ") || text.contains("early: "))
    };
    while session.wants_write() {
        session.write_tls(&mut tcp).unwrap();
    }
    while !whole(&answer) {
        assert!(
            session.read_tls(&mut tcp).unwrap() > 0,
            "closed: {answer:?}"
        );
        session.process_new_packets().unwrap();
        let _ = session.reader().read_to_end(&mut answer);
        while !early && session.wants_write() {
            session.write_tls(&mut tcp).unwrap();
        }
    }
    assert!(!early || session.is_early_data_accepted());
    while session.wants_write() {
        session.write_tls(&mut tcp).unwrap();
    }
    // To the end: tickets may come behind.
    while matches!(session.read_tls(&mut tcp), Ok(1..)) && session.process_new_packets().is_ok() {}
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn early_data_is_taken_once_and_told() {
    let dir = files();
    let at = dir.path().display();
    let port = free_port();
    let origin = Origin::new(|head| {
        let early = head.to_ascii_lowercase().contains("early-data: 1");
        let body = format!("early: {early}");
        let size = body.len();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n{body}")
            .into()
    });
    let config = format!(
        "{DEFAULTS}frontend f\n bind 127.0.0.1:{port} ssl crt {at}/pem allow-0rtt\n \
         http-request wait-for-handshake if {{ path /wait }}\n \
         http-request return status 425 if {{ path /no }} {{ ssl_fc_has_early }}\n\
         {}default_backend b\nbackend b\n server s 127.0.0.1:{}\n",
        SAYS.trim_end().to_owned() + " if { path / } or { path /wait }\n ",
        origin.port
    );
    let _program = Program::start(Who::Ours, &config, &[port]);
    let early = |path: &str| {
        std::fs::write(
            dir.path().join("early"),
            format!("GET {path} HTTP/1.0\r\n\r\n"),
        )
        .unwrap();
        let args = ["-tls1_3", "-sess_in", "session", "-early_data", "early"];
        connect(dir.path(), port, "", &args)
    };
    // A client that says no more before it is answered: what it gets, it gets early.
    for (path, expected) in [
        ("/", "x-early: 1"),
        ("/no", "425 Too Early"),
        ("/server", "early: true"),
    ] {
        let client = hasty();
        let first = talk(&client, port, "/", false);
        assert!(first.contains("x-early: 0"), "{path}: {first}");
        let out = talk(&client, port, path, true);
        assert!(out.contains(expected), "{path}: {out}");
    }
    begin(dir.path(), port, "-tls1_3");
    let out = early("/wait");
    assert!(
        out.contains("Early data was accepted") && out.contains("x-early: 0"),
        "{out}"
    );
    // The same ticket again: what comes with it is not looked at.
    let args = ["-tls1_3", "-sess_in", "session", "-early_data", "early"];
    let again = connect(dir.path(), port, GET, &args);
    assert!(again.contains("Early data was rejected"), "{again}");
    assert!(
        again.contains("x-resumed: 0") && again.contains("x-early: 0"),
        "{again}"
    );
}
