//! Certificates replaced by the runtime API while clients come and go: none is turned away, and whoever comes behind
//! `commit` is served the new one.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use rustls::HandshakeKind;
use rustls_pki_types::ServerName;
use support::tls::{Authority, anyone, command, request};
use support::{LogSink, PATIENCE, Program, Who, free_port, local, run_to_end};

const START: &str = "defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\n log global\n";

fn commit(api: u16, name: &str, pem: &str) {
    let said = command(api, &format!("set ssl cert {name} <<\n{pem}\n"));
    assert!(said.starts_with("Transaction created"), "{said}");
    let said = command(api, &format!("commit ssl cert {name}\n"));
    assert!(said.ends_with("Success!\n\n"), "{said}");
}

#[test]
fn a_hundred_replacements_turn_nobody_away() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, file) = (Authority::new("ca"), dir.path().join("a.pem"));
    let pems = [1, 2].map(|serial| ca.whole(&["a.test"], serial));
    std::fs::write(&file, &pems[1]).unwrap();
    std::fs::write(
        dir.path().join("list"),
        format!("{0}\n{0} x.test\n", file.display()),
    )
    .unwrap();
    let (port, api, sink) = (free_port(), free_port(), LogSink::new());
    let config = format!(
        "global\n nbthread 2\n stats socket ipv4@127.0.0.1:{api} level admin\n log 127.0.0.1:{} local0 notice\n\
         {START}frontend f\n bind 127.0.0.1:{port} ssl crt-list {}\n http-request return status 200\n",
        sink.port,
        dir.path().join("list").display(),
    );
    let _program = Program::start(Who::Ours, &config, &[port, api]);
    let (name, over) = (file.display().to_string(), AtomicBool::new(false));
    let come_and_go = || {
        let mut count = 0;
        // Those of one client may be resumed, those of others cannot.
        let known = anyone(None);
        while !over.load(SeqCst) {
            request(&known, port, "a.test").expect("nobody is turned away");
            request(&anyone(None), port, "x.test").expect("nobody is turned away");
            count += 2;
        }
        count
    };
    std::thread::scope(|scope| {
        let clients = [scope.spawn(come_and_go), scope.spawn(come_and_go)];
        let mut served = Vec::new();
        for round in 0..100 {
            commit(api, &name, &pems[round % 2]);
            served.push(request(&anyone(None), port, "a.test").expect("it is served"));
            let list = dir.path().join("list").display().to_string();
            if round % 10 == 0 {
                let said = command(api, &format!("add ssl crt-list {list} {name}\n"));
                assert!(said.ends_with("Success!\n\n"), "{said}");
            } else if round % 10 == 5 {
                let line = 3 + round / 10;
                let said = command(api, &format!("del ssl crt-list {list} {name}:{line}\n"));
                assert!(said.contains("deleted"), "{said}");
            }
        }
        over.store(true, SeqCst);
        for client in clients {
            assert!(client.join().unwrap() > 2);
        }
        let [odd, even] = [0, 1].map(|at| served.get(at).unwrap());
        assert_ne!(odd, even);
        for (round, served) in served.iter().enumerate() {
            assert_eq!(served, [odd, even][round % 2], "round {round}");
        }
    });
    let line = sink.line_with("commit ssl cert");
    assert!(
        line.contains(&format!("Certificate '{name}' was replaced")),
        "{line}"
    );
}

/// How a session with this port began.
fn kind(config: &Arc<rustls::ClientConfig>, port: u16) -> HandshakeKind {
    let name = ServerName::try_from("a.test").unwrap();
    let session = rustls::ClientConnection::new(config.clone(), name).unwrap();
    let socket = TcpStream::connect(local(port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut stream = rustls::StreamOwned::new(session, socket);
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
    stream.conn.handshake_kind().unwrap()
}

#[test]
fn sessions_are_resumed_across_a_change_but_not_across_one_of_who_is_believed() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, other) = (Authority::new("ca"), Authority::new("other"));
    let at = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(at("a.pem"), ca.whole(&["a.test"], 1)).unwrap();
    std::fs::write(at("client.pem"), ca.whole(&["client"], 2)).unwrap();
    std::fs::write(at("ca.crt"), ca.pem()).unwrap();
    let (port, api) = (free_port(), free_port());
    let config = format!(
        "global\n stats socket ipv4@127.0.0.1:{api} level admin\n{START}frontend f\n \
         bind 127.0.0.1:{port} ssl crt {} verify required ca-file {}\n http-request return status 200\n",
        at("a.pem"),
        at("ca.crt"),
    );
    let _program = Program::start(Who::Ours, &config, &[port, api]);
    let client = anyone(Some(&dir.path().join("client.pem")));
    assert_eq!(kind(&client, port), HandshakeKind::Full);
    assert_eq!(kind(&client, port), HandshakeKind::Resumed);
    commit(api, &at("a.pem"), &ca.whole(&["a.test"], 3));
    assert_eq!(kind(&client, port), HandshakeKind::Resumed);
    let believe = |pem: &str| {
        let name = at("ca.crt");
        command(api, &format!("set ssl ca-file {name} <<\n{pem}\n"));
        let said = command(api, &format!("commit ssl ca-file {name}\n"));
        assert!(said.contains("ca.crt.\nSuccess!"), "{said}");
    };
    believe(&(ca.pem() + &other.pem()));
    assert_eq!(kind(&client, port), HandshakeKind::Full);
    believe(&other.pem());
    assert!(request(&client, port, "a.test").is_err());
}

/// Certificates by their files, by aliases, and without any word on the `bind` line (3.x).
#[test]
fn stores_and_frontends_name_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let ca = Authority::new("ca");
    for sub in ["crt", "key"] {
        std::fs::create_dir(dir.path().join(sub)).unwrap();
    }
    let mut serial = 0;
    let mut parts = |name: &str| {
        serial += 1;
        let (certificate, key) = ca.sign(&[name], serial, &rcgen::KeyPair::generate().unwrap());
        put(&format!("crt/{name}"), &certificate);
        put(&format!("key/{name}"), &key);
    };
    ["one.test", "two.test", "three.test", "four.test"]
        .into_iter()
        .for_each(&mut parts);
    put("whole.pem", &ca.whole(&["whole.test"], 9));
    put("other.pem", &ca.whole(&["other.test"], 10));
    put("ca.crt", &ca.pem());
    put("list", "@web/two.test listed.test\n");
    let at = dir.path().display();
    let (port, used, api) = (free_port(), free_port(), free_port());
    let config = format!(
        "global\n stats socket ipv4@127.0.0.1:{api} level admin\n{START}\
         crt-store web\n crt-base {at}/crt\n key-base {at}/key\n load crt one.test key one.test alias first\n \
         load crt two.test key two.test\n\
         crt-store\n load crt {at}/crt/three.test key {at}/key/three.test\n load crt {at}/whole.pem alias all\n\
         frontend f\n bind 127.0.0.1:{port} ssl crt @web/first crt {at}/crt/three.test crt @/all crt-list {at}/list\n \
         http-request return status 200\n\
         frontend g\n bind 127.0.0.1:{used} ssl\n ssl-f-use crt {at}/crt/four.test key {at}/key/four.test\n \
         ssl-f-use crt {at}/other.pem verify required ca-file {at}/ca.crt\n ssl-f-use crt @/all\n \
         http-request return status 200\n",
    );
    let _program = Program::start(Who::Ours, &config, &[port, used, api]);
    let der = |file: &str| {
        let pem = std::fs::read(dir.path().join(file)).unwrap();
        let der = <rustls_pki_types::CertificateDer<'_> as rustls_pki_types::pem::PemObject>::from_pem_slice(&pem);
        der.unwrap().to_vec()
    };
    for (port, name, file) in [
        (port, "one.test", "crt/one.test"),
        (port, "listed.test", "crt/two.test"),
        (port, "two.test", "crt/one.test"),
        (port, "three.test", "crt/three.test"),
        (port, "whole.test", "whole.pem"),
        (used, "four.test", "crt/four.test"),
        (used, "whole.test", "whole.pem"),
        (used, "nobody.test", "crt/four.test"),
    ] {
        let served = request(&anyone(None), port, name).expect("it is served");
        assert_eq!(served, der(file), "{name}");
    }
    assert!(
        request(&anyone(None), used, "other.test").is_err(),
        "it wants a certificate"
    );
    let listed = command(api, "show ssl crt-list -n @g\n");
    let lines = format!(
        "# @g\n{at}/crt/four.test:1\n{at}/other.pem:2 [verify required ca-file {at}/ca.crt]\n@/all:3\n\n"
    );
    assert_eq!(listed, lines);
    let said = command(api, "del ssl crt-list @g @/all\n");
    assert!(said.contains("deleted"), "{said}");
    let served = request(&anyone(None), used, "whole.test").expect("it is served");
    assert_eq!(served, der("crt/four.test"));
}

#[test]
fn every_broken_file_of_many_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("many")).unwrap();
    let (ca, key) = (Authority::new("ca"), rcgen::KeyPair::generate().unwrap());
    let mut list = String::new();
    for number in 0..80 {
        let name = format!("many/{number:02}.pem");
        let (certificate, key) = ca.sign(&[&format!("{number}.test")], number + 1, &key);
        let text = match number {
            7 => "garbage\n".to_owned(),
            33 => certificate,
            _ => certificate + &key,
        };
        std::fs::write(dir.path().join(&name), text).unwrap();
        list += &format!("{}/{name}\n", dir.path().display());
    }
    std::fs::write(dir.path().join("list"), list).unwrap();
    let at = dir.path().display();
    for source in [format!("crt {at}/many"), format!("crt-list {at}/list")] {
        let config = format!("{START}frontend f\n bind 127.0.0.1:1 ssl {source}\n");
        let done = run_to_end(Who::Ours, &["-c"], Some(&config));
        assert!(!done.status.success());
        let alerts = done.err.lines().filter(|line| line.starts_with("[ALERT]"));
        let named = |file: &str| alerts.clone().filter(|line| line.contains(file)).count();
        assert_eq!((named("/07.pem"), named("/33.pem")), (1, 1), "{}", done.err);
        assert_eq!(named("/08.pem"), 0, "{}", done.err);
    }
}
