//! Heads written out, with the framing and what is said of the connection made anew.

use super::{BodyLength, CaseMap, connection};
use crate::http::{Head, Version};

/// What a written head says of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConnectionOption {
    /// Nothing: the version's default holds.
    #[default]
    Default,
    /// `connection: close`
    Close,
    /// `connection: keep-alive`, for HTTP/1.0 peers.
    KeepAlive,
}

impl ConnectionOption {
    /// The shortest way to say to a peer of this version whether the connection stays.
    pub fn for_version(version: Version, keep: bool) -> Self {
        match (keep, version.keeps_alive()) {
            (true, true) | (false, false) => Self::Default,
            (true, false) => Self::KeepAlive,
            (false, true) => Self::Close,
        }
    }
}

/// How a head is framed when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Framing {
    /// What the head announces of the body.
    pub announced: BodyLength,
    /// What it says of the connection.
    pub connection: ConnectionOption,
    /// Whether a switch of protocols is on offer: then nothing is said of closing.
    pub upgrade: bool,
}

/// Writes a head. `Content-Length` and `Transfer-Encoding` stand where the received ones stood, else at the end; what was
/// received in them is not looked at. `Connection` keeps its options but for `close` and `keep-alive`, as with HAProxy.
pub fn write_head(head: &Head, framing: Framing, case: Option<&CaseMap>, out: &mut Vec<u8>) {
    let mut announced = framing.announced;
    head.write_line_to(out);
    // Every name is of interest where it may be written otherwise.
    let special = |name: &[u8]| {
        let ours = matches!(
            name,
            b"connection" | b"content-length" | b"transfer-encoding"
        );
        case.is_some() || ours
    };
    head.write_fields_but(out, special, |name, value, out| {
        match name {
            b"connection" if connection::says_ours(value) => {
                let others = connection::others(value);
                if !others.is_empty() {
                    write_field(name, &others, case, out);
                }
                return true;
            }
            b"content-length" => {
                if matches!(announced, BodyLength::Sized(_)) {
                    write_announced(&mut announced, case, out);
                }
                return true;
            }
            b"transfer-encoding" => {
                if announced == BodyLength::Chunked {
                    write_announced(&mut announced, case, out);
                }
                return true;
            }
            _ => {}
        }
        if case.is_some() {
            write_field(name, value, case, out);
        }
        case.is_some()
    });
    write_announced(&mut announced, case, out);
    let word: &[u8] = match framing.connection {
        _ if framing.upgrade => b"",
        ConnectionOption::Close => b"close",
        ConnectionOption::KeepAlive => b"keep-alive",
        ConnectionOption::Default => b"",
    };
    if !word.is_empty() {
        write_field(b"connection", word, case, out);
    }
    out.extend_from_slice(b"\r\n");
}

#[inline]
fn write_field(name: &[u8], value: &[u8], case: Option<&CaseMap>, out: &mut Vec<u8>) {
    out.extend_from_slice(case.map_or(name, |c| c.written(name)));
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Writes the framing line once.
fn write_announced(announced: &mut BodyLength, case: Option<&CaseMap>, out: &mut Vec<u8>) {
    match std::mem::take(announced) {
        BodyLength::Sized(length) => {
            let mut digits = [0; 20];
            write_field(b"content-length", decimal(length, &mut digits), case, out);
        }
        BodyLength::Chunked => write_field(b"transfer-encoding", b"chunked", case, out),
        BodyLength::Empty | BodyLength::UntilClose | BodyLength::Tunnel => {}
    }
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 || at == 0 {
            return &digits[at..];
        }
    }
}
