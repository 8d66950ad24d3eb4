//! `do-resolve` before HAProxy, with a name server of our own: what the rule makes of an answer, of none, and of one that
//! does not fit a datagram.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};

use support::{Origin, Program, Who, both, free_port, get};

const A: u16 = 1;
const AAAA: u16 = 28;

/// The name and the kind that are asked for, and where the question ends.
fn question(query: &[u8]) -> (String, u16, usize) {
    let (mut labels, mut at) = (Vec::new(), 12);
    while query[at] != 0 {
        let length = usize::from(query[at]);
        labels.push(String::from_utf8_lossy(&query[at + 1..at + 1 + length]).into_owned());
        at += 1 + length;
    }
    let kind = u16::from_be_bytes([query[at + 1], query[at + 2]]);
    (labels.join(".").to_ascii_lowercase(), kind, at + 5)
}

/// What the server knows. `None`: it stays silent.
fn reply(query: &[u8], datagram: bool) -> Option<Vec<u8>> {
    let (name, kind, end) = question(query);
    let v6 = |last: u8| [&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[last]].concat();
    let (flags, data): (u16, Vec<Vec<u8>>) = match (name.as_str(), kind) {
        ("both.test" | "alias.test", A) => (0, vec![vec![192, 0, 2, 1]]),
        ("both.test", AAAA) => (0, vec![v6(1)]),
        ("four.test", A) => (0, vec![vec![192, 0, 2, 4]]),
        ("six.test", AAAA) => (0, vec![v6(6)]),
        ("large.test", A) if datagram => (0x0200, Vec::new()),
        ("large.test", A) => (0, vec![vec![192, 0, 2, 9]]),
        ("silent.test", _) => return None,
        ("refused.test", _) => (5, Vec::new()),
        ("four.test" | "six.test" | "alias.test" | "large.test", _) => (0, Vec::new()),
        _ => (3, Vec::new()),
    };
    let mut out = query[..end].to_vec();
    out[2..4].copy_from_slice(&(0x8180 | flags).to_be_bytes());
    out[6..12].fill(0);
    out[7] = data.len() as u8;
    for data in data {
        out.extend_from_slice(&[0xc0, 12]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        out.extend_from_slice(&data);
    }
    Some(out)
}

/// A name server on a UDP and a TCP port of the same number; ends with the process.
fn name_server() -> (u16, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let (port, udp, tcp) = loop {
        let port = free_port();
        let udp = UdpSocket::bind(("127.0.0.1", port));
        let tcp = TcpListener::bind(("127.0.0.1", port));
        if let (Ok(udp), Ok(tcp)) = (udp, tcp) {
            break (port, udp, tcp);
        }
    };
    let count = asked.clone();
    let (ready, started) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = ready.send(());
        let mut buffer = [0; 4096];
        while let Ok((n, from)) = udp.recv_from(&mut buffer) {
            count.fetch_add(1, SeqCst);
            if let Some(answer) = reply(&buffer[..n], true) {
                let _ = udp.send_to(&answer, from);
            }
        }
    });
    std::thread::spawn(move || {
        for mut stream in tcp.incoming().flatten() {
            let mut length = [0; 2];
            while stream.read_exact(&mut length).is_ok() {
                let mut query = vec![0; usize::from(u16::from_be_bytes(length))];
                if stream.read_exact(&mut query).is_err() {
                    break;
                }
                if let Some(answer) = reply(&query, false) {
                    let length = (answer.len() as u16).to_be_bytes();
                    let _ = stream.write_all(&[&length[..], &answer].concat());
                }
            }
        }
    });
    started.recv().expect("the server starts");
    (port, asked)
}

fn config(port: u16, origin: u16, dns: u16) -> String {
    format!(
        "resolvers dns\n nameserver a 127.0.0.1:{dns}\n timeout retry 100ms\n resolve_retries 2\n hold valid 60s\n\
         resolvers stream\n nameserver a tcp@127.0.0.1:{dns}\n timeout retry 300ms\n resolve_retries 2\n\
         defaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend f\n bind 127.0.0.1:{port}\n default_backend b\n \
         http-request do-resolve(txn.a,dns) path,regsub(^/,) if ! {{ query -m found }}\n \
         http-request do-resolve(txn.a,dns,ipv4) path,regsub(^/,) if {{ query ipv4 }}\n \
         http-request do-resolve(txn.a,dns,ipv6) path,regsub(^/,) if {{ query ipv6 }}\n \
         http-request do-resolve(txn.a,stream,ipv4) path,regsub(^/,) if {{ query tcp }}\n \
         http-request return content-type text/plain lf-string \"%[var(txn.a)]|\"\n\
         backend b\n server s 127.0.0.1:{origin}\n"
    )
}

#[test]
fn names_resolve_as_in_haproxy() {
    let (dns, _) = name_server();
    let origin = Origin::saying("");
    let paths = [
        "/both.test",
        "/both.test?ipv4",
        "/both.test?ipv6",
        "/four.test",
        "/four.test?ipv4",
        "/six.test",
        "/six.test?ipv4",
        "/none.test",
        "/refused.test?ipv4",
        "/silent.test?ipv4",
        "/BOTH.test?ipv4",
        "/alias.test?ipv6",
        "/four.test?tcp",
        "/",
        "/bad..name",
    ];
    let [theirs, ours] = both().map(|who| {
        let port = free_port();
        let _program = Program::start(who, &config(port, origin.port, dns), &[port]);
        paths.map(|path| format!("{path} {}", get(port, path).text()))
    });
    assert_eq!(theirs, ours);
    assert_eq!(ours[0], "/both.test 2001:db8::1|");
    assert_eq!(ours[1], "/both.test?ipv4 192.0.2.1|");
}

#[test]
fn what_does_not_fit_a_datagram_is_asked_for_over_tcp() {
    let (dns, _) = name_server();
    let (origin, port) = (Origin::saying(""), free_port());
    let _program = Program::start(Who::Ours, &config(port, origin.port, dns), &[port]);
    assert_eq!(get(port, "/large.test?ipv4").text(), "192.0.2.9|");
}

#[test]
fn what_is_known_is_not_asked_again() {
    let (dns, asked) = name_server();
    let (origin, port) = (Origin::saying(""), free_port());
    let text = format!("global\n nbthread 1\n{}", config(port, origin.port, dns));
    let _program = Program::start(Who::Ours, &text, &[port]);
    get(port, "/both.test?ipv4");
    let before = asked.load(SeqCst);
    assert!(before > 0, "the server was asked");
    assert_eq!(get(port, "/both.test?ipv4").text(), "192.0.2.1|");
    assert_eq!(asked.load(SeqCst), before);
}
