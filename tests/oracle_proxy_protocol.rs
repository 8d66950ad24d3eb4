//! PROXY headers beside HAProxy's: what servers get, byte for byte, and what of clients' headers is believed.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use support::{Program, Who, both, free_port, local};

const TIMES: &str = "defaults\n timeout connect 5s\n timeout client 5s\n timeout server 5s\n";

/// The server options of each case, and a rule in front of them.
const CASES: [(&str, &str); 16] = [
    ("send-proxy", ""),
    ("send-proxy-v2", ""),
    ("send-proxy-v2-ssl", ""),
    ("send-proxy-v2-ssl-cn", ""),
    ("send-proxy-v2 proxy-v2-options crc32c", ""),
    (
        "send-proxy-v2 proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id",
        "",
    ),
    ("send-proxy-v2 proxy-v2-options cert-key", ""),
    ("proxy-v2-options crc32c", ""),
    ("send-proxy-v2-ssl no-send-proxy-v2", ""),
    ("send-proxy-v2-ssl-cn no-send-proxy-v2-ssl", ""),
    ("send-proxy-v2-ssl no-send-proxy-v2-ssl-cn", ""),
    ("send-proxy no-send-proxy-v2", ""),
    ("send-proxy-v2", "tcp-request content set-src str(9.8.7.6)"),
    (
        "send-proxy-v2",
        "tcp-request content set-src str(2001:db8::5)",
    ),
    ("send-proxy", "tcp-request content set-src str(2001:db8::5)"),
    ("send-proxy-v2", "tcp-request content set-dst-port int(77)"),
];

/// What the server got of a connection whose client ended after these bytes. The client's port, which chance gives, is
/// made the same for all.
fn received(server: &TcpListener, port: u16) -> String {
    let mut client = TcpStream::connect(local(port)).expect("it listens");
    client.write_all(b"hello").expect("it goes out");
    let own = client.local_addr().expect("it has one").port();
    let (mut got, _) = server.accept().expect("a connection");
    let mut bytes = Vec::new();
    drop(client);
    got.read_to_end(&mut bytes).expect("it ends");
    let (mut out, own) = (bytes, own.to_be_bytes());
    if out.starts_with(b"\r\n") {
        // A checksum holds the port, too: ours and HAProxy's are read back by the unit tests.
        if let Some(at) = out.windows(3).position(|w| w == [3, 0, 4]) {
            out.splice(at + 3..at + 7, *b"SUM!");
        }
        if let Some(at) = out.windows(2).position(|w| w == own) {
            out.splice(at..at + 2, *b"PP");
        }
        out.escape_ascii().to_string()
    } else {
        let port = u16::from_be_bytes(own).to_string();
        String::from_utf8(out).unwrap().replacen(&port, "PORT", 1)
    }
}

#[test]
fn servers_get_haproxys_headers() {
    let server = TcpListener::bind(local(0)).expect("a free port");
    let to = server.local_addr().expect("it has one").port();
    let ports: Vec<u16> = CASES.iter().map(|_| free_port()).collect();
    let mut config = TIMES.to_owned();
    for (number, ((options, rule), port)) in CASES.iter().zip(&ports).enumerate() {
        config += &format!(
            "listen l{number}\n mode tcp\n bind 127.0.0.1:{port}\n unique-id-format id-%ci\n {rule}\n \
             server s 127.0.0.1:{to} {options}\n"
        );
    }
    let [theirs, ours] = both().map(|who| {
        let program = Program::start(who, &config, &ports);
        let got: Vec<String> = ports.iter().map(|port| received(&server, *port)).collect();
        drop(program);
        got
    });
    for ((case, theirs), ours) in CASES.iter().zip(theirs).zip(ours) {
        assert_eq!(ours, theirs, "{case:?}");
    }
}

fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).expect("short").to_be_bytes();
    [
        b"\r\n\r\n\0\r\nQUIT\n".as_slice(),
        &[command, family],
        &length,
        rest,
    ]
    .concat()
}

/// An entry of this type and length.
fn entry(kind: u8, length: u16) -> Vec<u8> {
    let mut entry = vec![kind];
    entry.extend_from_slice(&length.to_be_bytes());
    entry.resize(3 + usize::from(length), b'x');
    entry
}

fn netscaler(new: bool, magic: u32, first: u8) -> Vec<u8> {
    let mut packet = vec![0; 40];
    packet[0] = first;
    packet[9] = 6;
    packet[12..20].copy_from_slice(&[192, 0, 2, 1, 198, 51, 100, 9]);
    packet[20..24].copy_from_slice(&[1, 2, 3, 4]);
    packet[32] = 0x50;
    let mut bytes = magic.to_be_bytes().to_vec();
    if new {
        bytes.extend_from_slice(&[0, 0, 0, 52, 0, 1, 0, 40]);
    } else {
        bytes.extend_from_slice(&[0, 0, 0, 40]);
    }
    [bytes, packet].concat()
}

#[test]
fn clients_headers_are_believed_alike() {
    let [accept, expect, cip, both_kinds] = [(); 4].map(|()| free_port());
    let config = format!(
        "{TIMES} mode http\n\
         frontend accept\n bind 127.0.0.1:{accept} accept-proxy\n\
         http-request return status 200 hdr x \"%[src] %[src_port] %[dst] %[dst_port] %[fc_rcvd_proxy] %[fc_pp_authority] %[fc_pp_unique_id]\"\n\
         frontend expect\n bind 127.0.0.1:{expect}\n tcp-request connection expect-proxy layer4 if {{ src 127.0.0.1 }}\n\
         http-request return status 200 hdr x \"%[src] %[src_port] %[dst] %[dst_port]\"\n\
         frontend cip\n bind 127.0.0.1:{cip} accept-netscaler-cip 51966\n\
         http-request return status 200 hdr x \"%[src] %[src_port] %[dst] %[dst_port]\"\n\
         frontend rule\n bind 127.0.0.1:{both_kinds}\n tcp-request connection expect-netscaler-cip layer4\n\
         http-request return status 200 hdr x \"%[src] %[src_port] %[dst] %[dst_port]\"\n"
    );
    let four = [127, 0, 0, 1, 127, 0, 0, 1, 0x78, 0x50, 0x77, 0x3c];
    let with = |more: &[u8]| [&four[..], more].concat();
    let headers: Vec<(u16, Vec<u8>)> = vec![
        (accept, v2(0x21, 0x11, &four)),
        (
            accept,
            v2(0x21, 0x11, &with(&[3, 0, 4, 0x5a, 0x4d, 0x07, 0x2c])),
        ),
        (
            accept,
            v2(0x21, 0x11, &with(&[3, 0, 4, 0x5a, 0x4d, 0x07, 0x2d])),
        ),
        (accept, v2(0x21, 0x11, &with(&[3, 0, 2, 0x5a, 0x4d]))),
        (accept, v2(0x21, 0x11, &with(&[2, 0, 3, b'a', b'.', b'b']))),
        (accept, v2(0x21, 0x11, &with(&entry(2, 255)))),
        (accept, v2(0x21, 0x11, &with(&entry(2, 256)))),
        (accept, v2(0x21, 0x11, &with(&entry(5, 128)))),
        (accept, v2(0x21, 0x11, &with(&entry(5, 129)))),
        (accept, v2(0x21, 0x11, &with(&entry(0xE0, 9_000)))),
        (
            accept,
            v2(0x21, 0x11, &with(&[2, 0, 1, b'a', 2, 0, 1, b'b'])),
        ),
        (accept, v2(0x20, 0x11, &with(&entry(2, 4)))),
        (accept, v2(0x20, 0, &[])),
        (accept, v2(0x20, 0x11, &four)),
        (accept, v2(0x21, 0x31, &[0; 216])),
        (accept, b"PROXY UNKNOWN\r\n".to_vec()),
        (accept, b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n".to_vec()),
        (accept, b"PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n".to_vec()),
        (accept, b"PROXY TCP6 ::ffff:1.2.3.4 ::1 9 10\r\n".to_vec()),
        (expect, b"PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n".to_vec()),
        (expect, v2(0x21, 0x11, &four)),
        (expect, Vec::new()),
        (cip, netscaler(true, 51_966, 0x45)),
        (cip, netscaler(false, 51_966, 0x45)),
        (cip, netscaler(false, 51_967, 0x45)),
        (cip, netscaler(true, 51_966, 0x75)),
        (both_kinds, netscaler(true, 0, 0x45)),
        (both_kinds, netscaler(true, 1, 0x45)),
    ];
    let [theirs, ours] = both().map(|who: Who| {
        let program = Program::start(who, &config, &[accept, expect, cip, both_kinds]);
        let said: Vec<String> = headers
            .iter()
            .map(|(port, header)| {
                let mut client = TcpStream::connect(local(*port)).expect("it listens");
                let own = client.local_addr().expect("it has one").port();
                let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
                let _ = client.write_all(&[header.as_slice(), request].concat());
                let mut out = Vec::new();
                let _ = client.read_to_end(&mut out);
                let text = String::from_utf8_lossy(&out).into_owned();
                text.replace(&format!(" {own} "), " OWN ")
            })
            .collect();
        drop(program);
        said
    });
    for (((port, header), theirs), ours) in headers.iter().zip(theirs).zip(ours) {
        assert_eq!(ours, theirs, "{port} {}", header.escape_ascii());
    }
}

/// What the manual of 3.x adds; HAProxy 2.6 knows neither.
#[test]
fn entries_of_ones_own_are_sent_and_read() {
    let (near, far) = (free_port(), free_port());
    let config = format!(
        "{TIMES} mode http\n\
         listen near\n bind 127.0.0.1:{near}\n unique-id-format id\n\
         server s 127.0.0.1:{far} send-proxy-v2 proxy-v2-options unique-id set-proxy-v2-tlv-fmt(0xE0) %[req.hdr(host)] \
         set-proxy-v2-tlv-fmt(225) \"b c\"\n\
         frontend far\n bind 127.0.0.1:{far} accept-proxy\n http-request return status 200 hdr x \
         \"%[fc_pp_tlv(0xE0)] %[fc_pp_tlv(225)] %[fc_pp_tlv(unique_id)] [%[fc_pp_tlv(AUTHORITY)]]\"\n"
    );
    let _program = Program::start(Who::Ours, &config, &[near, far]);
    let mut client = TcpStream::connect(local(near)).expect("it listens");
    let request = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    client.write_all(request).expect("it goes out");
    let mut out = String::new();
    client.read_to_string(&mut out).expect("an answer");
    assert!(out.contains("x: a b c id []\r\n"), "{out}");
}

/// What a check says first, without the address and port that chance gives it.
fn first_of_check(server: &TcpListener) -> String {
    let (mut got, _) = server.accept().expect("a check");
    let mut header = [0; 16];
    got.read_exact(&mut header).expect("a header");
    let mut rest = vec![0; usize::from(header[15])];
    got.read_exact(&mut rest).expect("the rest of it");
    if let Some(port) = rest.get_mut(8..10) {
        port.copy_from_slice(b"PP");
    }
    [&header[..], &rest].concat().escape_ascii().to_string()
}

#[test]
fn checks_speak_for_nobody_unless_they_are_told_to() {
    let server = TcpListener::bind(local(0)).expect("a free port");
    let to = server.local_addr().expect("it has one").port();
    for global in ["", "global\n pp2-never-send-local\n"] {
        let said = both().map(|who| {
            let front = free_port();
            let config = format!(
                "{global}{TIMES} mode http\nfrontend f\n bind 127.0.0.1:{front}\n\
                 backend b\n option httpchk\n server s 127.0.0.1:{to} send-proxy-v2 check inter 200\n"
            );
            let _program = Program::start(who, &config, &[front]);
            first_of_check(&server)
        });
        assert_eq!(said[0], said[1], "{global}");
    }
}
