//! Checks of well-known protocols as scripts of bytes (manual 4.2 `option redis-check`, `smtpchk`,
//! `mysql-check`, `pgsql-check`, `ldap-check`, `ssl-hello-chk`). Bytes and verdicts are those that
//! HAProxy 2.6 was seen to send and give.

use crate::settings::CheckKind;

use super::code::{Code, Finding};
use super::script::{Expect, Matcher, Numbered, Step, unwritten};

/// What a protocol makes of the bytes received so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Go on with the next step.
    Pass,
    /// The whole check passed or failed.
    Done(Finding),
    /// More bytes are needed.
    Wait,
}

/// A protocol's judgement of what came: the bytes, and whether no more will come.
pub type Judge = fn(&[u8], bool) -> Judgement;

/// For expectations that always hold (`custom`).
pub fn always(_: &[u8], _: bool) -> Judgement {
    Judgement::Pass
}

/// The steps of a built-in protocol.
pub fn steps(kind: &CheckKind) -> Vec<Numbered> {
    let steps = match kind {
        CheckKind::Redis => vec![
            send(b"*1\r\n$4\r\nPING\r\n"),
            expect(|data, last| match data {
                data if data.starts_with(b"+PONG\r\n") => ok("Redis server is ok"),
                data if last => bad(Code::L7Response, 0, text(line(data))),
                _ => Judgement::Wait,
            }),
        ],
        CheckKind::Smtp(hello) => {
            let hello = hello.as_deref().unwrap_or("HELO localhost");
            vec![
                expect(|data, last| smtp(data, last, false)),
                send(format!("{hello}\r\n").as_bytes()),
                expect(|data, last| smtp(data, last, false)),
                send(b"QUIT\r\n"),
                expect(|data, last| smtp(data, last, true)),
            ]
        }
        CheckKind::Mysql { user: None, .. } => {
            vec![expect(|data, last| match mysql(data, last, 0) {
                Ok(packet) => ok(&mysql_version(packet)),
                Err(judgement) => judgement,
            })]
        }
        CheckKind::Mysql {
            user: Some(user),
            pre_41,
        } => vec![
            send_mysql(user, *pre_41),
            expect(|data, last| match mysql(data, last, 0) {
                Ok(_) => Judgement::Pass,
                Err(judgement) => judgement,
            }),
            expect(mysql_login),
        ],
        CheckKind::Pgsql(user) => vec![send(&pgsql_startup(user)), expect(pgsql)],
        CheckKind::Ldap => vec![
            send(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"),
            expect(ldap),
        ],
        CheckKind::SslHello => vec![send(&ssl_hello()), expect(ssl)],
        CheckKind::Connect | CheckKind::Http | CheckKind::Tcp => Vec::new(),
    };
    steps.into_iter().map(unwritten).collect()
}

fn send(bytes: &[u8]) -> Step {
    Step::Send(bytes.to_vec(), None)
}

fn expect(judge: Judge) -> Step {
    Step::Expect(Box::new(Expect::of(Matcher::Protocol(judge))))
}

fn ok(info: &str) -> Judgement {
    Judgement::Done(Finding::new(Code::L7Ok, info))
}

fn bad(code: Code, number: u16, info: impl Into<String>) -> Judgement {
    Judgement::Done(Finding::new(code, info).number(number))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn line(data: &[u8]) -> &[u8] {
    let end = data.iter().position(|b| matches!(b, b'\r' | b'\n'));
    &data[..end.unwrap_or(data.len())]
}

/// A reply of an SMTP server: `250 text`, or lines of `250-text` before it. A server that says it has
/// no such greeting fails the check with its status.
fn smtp(data: &[u8], last: bool, end: bool) -> Judgement {
    let mut rest = data;
    loop {
        let Some(at) = memchr::memchr(b'\n', rest) else {
            return if last {
                bad(Code::L7Response, 0, text(line(rest)))
            } else {
                Judgement::Wait
            };
        };
        let (reply, after) = (line(&rest[..at]), &rest[at + 1..]);
        let digits = reply.get(..3).filter(|d| d.iter().all(u8::is_ascii_digit));
        let Some(digits) = digits.filter(|_| matches!(reply.get(3), None | Some(b' ' | b'-')))
        else {
            return bad(Code::L7Response, 0, text(reply));
        };
        let number = digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
        let words = text(reply.get(4..).unwrap_or_default());
        if !(200..300).contains(&number) {
            return bad(Code::L7Status, number, words);
        }
        if reply.get(3) != Some(&b'-') {
            return match end {
                true => Judgement::Done(Finding::new(Code::L7Ok, words).number(number)),
                false => Judgement::Pass,
            };
        }
        rest = after;
    }
}

/// A MySQL client's login packet (without a password), and the quit packet after it.
fn send_mysql(user: &str, pre_41: bool) -> Step {
    let mut body = Vec::new();
    if pre_41 {
        body.extend_from_slice(&[0x00, 0x80, 0x00, 0x00, 0x01]);
        body.extend_from_slice(user.as_bytes());
        body.extend_from_slice(&[0, 0]);
    } else {
        body.extend_from_slice(&[0x00, 0x82, 0x00, 0x00, 0x00, 0x80, 0x00, 0x01, 0x21]);
        body.extend_from_slice(&[0; 23]);
        body.extend_from_slice(user.as_bytes());
        body.extend_from_slice(&[0, 0]);
    }
    let mut bytes = (body.len() as u32).to_le_bytes()[..3].to_vec();
    bytes.push(1);
    bytes.extend_from_slice(&body);
    bytes.extend_from_slice(b"\x01\x00\x00\x00\x01");
    Step::Send(bytes, None)
}

/// One packet of a MySQL server, the `skip`th; its header is taken off.
fn mysql(data: &[u8], last: bool, skip: usize) -> Result<&[u8], Judgement> {
    let more = || match last {
        true => bad(Code::L7Response, 0, "MySQL packet too short"),
        false => Judgement::Wait,
    };
    let mut rest = data;
    for index in 0..=skip {
        let Some(head) = rest.get(..4) else {
            return Err(more());
        };
        let length = u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize;
        let Some(packet) = rest.get(4..4 + length) else {
            return Err(more());
        };
        if packet.first() == Some(&0xff) {
            let number = u16::from_le_bytes([
                packet.get(1).copied().unwrap_or(0),
                packet.get(2).copied().unwrap_or(0),
            ]);
            let words = packet.get(3..).unwrap_or_default();
            return Err(bad(Code::L7Status, number, text(words)));
        }
        if index == skip {
            return Ok(packet);
        }
        rest = &rest[4 + length..];
    }
    Err(more())
}

fn mysql_version(packet: &[u8]) -> String {
    let version = packet.get(1..).unwrap_or_default();
    let end = version
        .iter()
        .position(|b| *b == 0)
        .unwrap_or(version.len());
    text(&version[..end])
}

fn mysql_login(data: &[u8], last: bool) -> Judgement {
    match mysql(data, last, 1) {
        Ok(_) => match mysql(data, last, 0) {
            Ok(greeting) => ok(&mysql_version(greeting)),
            Err(judgement) => judgement,
        },
        Err(judgement) => judgement,
    }
}

fn pgsql_startup(user: &str) -> Vec<u8> {
    let mut body = b"\x00\x03\x00\x00user\x00".to_vec();
    body.extend_from_slice(user.as_bytes());
    body.extend_from_slice(b"\x00\x00");
    let mut bytes = (body.len() as u32 + 4).to_be_bytes().to_vec();
    bytes.extend_from_slice(&body);
    bytes
}

fn pgsql(data: &[u8], last: bool) -> Judgement {
    match data.first() {
        Some(b'R') if data.len() >= 9 => ok("PostgreSQL server is ok"),
        Some(b'E') if data.len() >= 6 => {
            let field = data.get(6..).unwrap_or_default();
            let end = field.iter().position(|b| *b == 0);
            match end {
                Some(end) => bad(Code::L7Response, 0, text(&field[..end])),
                None if last => bad(Code::L7Response, 0, text(field)),
                None => Judgement::Wait,
            }
        }
        _ if last => bad(Code::L7Response, 0, "PostgreSQL unknown error"),
        _ => Judgement::Wait,
    }
}

/// An LDAP bind response (RFC 4511 4.2.2).
fn ldap(data: &[u8], last: bool) -> Judgement {
    if data.len() < 14 && !last {
        return Judgement::Wait;
    }
    if data.len() < 14 || data[0] != 0x30 {
        return bad(Code::L7Response, 0, "Not LDAPv3 protocol");
    }
    // The outer length may be short or long; what follows is the message id, which must be ours.
    let long = usize::from(data[1] & 0x80 != 0) * usize::from(data[1] & 0x7f);
    let message = data.get(2 + long..).unwrap_or_default();
    if message.get(..3) != Some(&[0x02, 0x01, 0x01]) {
        return bad(Code::L7Response, 0, "Not LDAPv3 protocol");
    }
    if message.get(3) != Some(&0x61) {
        return bad(Code::L7Response, 0, "Not LDAPv3 protocol");
    }
    let second = message.get(4).copied().unwrap_or(0);
    let long = usize::from(second & 0x80 != 0) * usize::from(second & 0x7f);
    match message.get(5 + long..8 + long) {
        Some([0x0a, 0x01, 0]) => ok("Success"),
        Some([0x0a, 0x01, code]) => bad(
            Code::L7Status,
            u16::from(*code),
            "See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9",
        ),
        _ => bad(Code::L7Response, 0, "Not LDAPv3 protocol"),
    }
}

/// An SSLv3 client hello with the cipher suites of its time (RFC 6101 5.6.1.2).
fn ssl_hello() -> Vec<u8> {
    let mut body = b"\x03\x00".to_vec();
    // The date and 28 bytes that are no secret: nothing is ever encrypted with them.
    body.extend_from_slice(&[0, 0, 0, 0]);
    body.extend_from_slice(b"HAPROXYSSLCHK\nHAPROXYSSLCHK\n");
    body.push(0);
    let ciphers: Vec<u8> = (0x01..=0x1b).chain(0x2f..=0x3a).collect();
    body.extend_from_slice(&((ciphers.len() * 2) as u16).to_be_bytes());
    for cipher in ciphers {
        body.extend_from_slice(&[0, cipher]);
    }
    body.extend_from_slice(&[1, 0]);
    let mut bytes = b"\x16\x03\x00".to_vec();
    bytes.extend_from_slice(&(body.len() as u16 + 4).to_be_bytes());
    bytes.extend_from_slice(&[1, 0]);
    bytes.extend_from_slice(&(body.len() as u16).to_be_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

fn ssl(data: &[u8], last: bool) -> Judgement {
    match data.first() {
        Some(0x15 | 0x16) => Judgement::Done(Finding::new(Code::L6Ok, "")),
        Some(_) => Judgement::Done(Finding::new(Code::L6Response, "")),
        None if last => Judgement::Done(Finding::new(Code::L6Response, "")),
        None => Judgement::Wait,
    }
}
