//! Request lines, and what a whole request head means.

use super::facts::Facts;
use super::{BodyLength, Cause, Fault, Options, authority, connection};
use crate::http::{Head, Method, Target, Version, is_token_byte};

/// What a request head means for the connection it came on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFacts {
    /// Bytes of the buffer that the head took, empty lines before it included.
    pub consumed: usize,
    /// How the body is framed.
    pub body: BodyLength,
    /// Whether the client will send another request on this connection.
    pub keep_alive: bool,
    /// Whether the client asked for keep-alive in words: an HTTP/1.0 client must then be told.
    pub keep_alive_asked: bool,
    /// Whether the client offers to switch protocols: a 101 is allowed.
    pub upgrade: bool,
    /// Whether the client waits for a 100 before it sends the body.
    pub expect_continue: bool,
}

/// Parses the request line at the start of `buf`; answers where the headers start.
pub(super) fn line(buf: &[u8], head: &mut Head, options: &Options) -> Result<Option<usize>, Fault> {
    let mut at = 0;
    while buf.get(at).is_some_and(|&b| is_token_byte(b)) {
        at += 1;
    }
    let method = (0, at);
    match buf.get(at) {
        None => return Ok(None),
        Some(b' ') if at > 0 => {}
        Some(_) => return Err(Fault::new(Cause::Method, at)),
    }
    at = skip_spaces(buf, at);
    let target = at;
    while buf.get(at).is_some_and(|&b| is_target_byte(b, options)) {
        at += 1;
    }
    let target = (target, at);
    match buf.get(at) {
        None => return Ok(None),
        Some(b' ') => at = skip_spaces(buf, at),
        // A line without a version is HTTP/0.9's; HAProxy takes it for 1.0 where it takes it.
        Some(b'\r' | b'\n') if options.relaxed && target.1 > target.0 => {
            let Some(next) = line_end(buf, at, Cause::Version)? else {
                return Ok(None);
            };
            head.adopt_request(method, target, Version::HTTP_10);
            return Ok(Some(next));
        }
        Some(b'\r' | b'\n') => return Err(Fault::new(Cause::Version, at)),
        Some(_) => return Err(Fault::new(Cause::Target, at)),
    }
    let Some(version) = version_at(buf, at)? else {
        return Ok(None);
    };
    let Some(next) = line_end(buf, at + 8, Cause::Version)? else {
        return Ok(None);
    };
    check_form(&buf[method.0..method.1], &buf[target.0..target.1], options)
        .map_err(|cause| Fault::new(cause, target.0))?;
    head.adopt_request(method, target, version);
    Ok(Some(next))
}

fn skip_spaces(buf: &[u8], mut at: usize) -> usize {
    while buf.get(at) == Some(&b' ') {
        at += 1;
    }
    at
}

/// Bytes a target may hold: no blanks and controls ever; no fragment and no 8-bit bytes unless relaxed.
#[inline]
fn is_target_byte(byte: u8, options: &Options) -> bool {
    match byte {
        b'#' | 0x80.. => options.relaxed,
        _ => byte > b' ' && byte != 0x7f,
    }
}

/// The version at `at`, always 8 bytes. Versions above 1.1 are spoken to as 1.1 (RFC 9110 2.5).
pub(super) fn version_at(buf: &[u8], at: usize) -> Result<Option<Version>, Fault> {
    let word = buf.get(at..).unwrap_or_default();
    match word.first_chunk::<8>() {
        Some(b"HTTP/1.1") => return Ok(Some(Version::HTTP_11)),
        Some(b"HTTP/1.0") => return Ok(Some(Version::HTTP_10)),
        _ => {}
    }
    for (offset, &byte) in word.iter().take(8).enumerate() {
        let good = match offset {
            5 | 7 => byte.is_ascii_digit(),
            _ => byte == b"HTTP/1.1"[offset],
        };
        if !good {
            return Err(Fault::new(Cause::Version, at + offset));
        }
    }
    let &[b'H', b'T', b'T', b'P', b'/', major, b'.', minor, ..] = word else {
        return Ok(None);
    };
    let version = Version {
        major: major - b'0',
        minor: minor - b'0',
    };
    if version < Version::HTTP_10 {
        return Err(Fault::new(Cause::Version, at + 5));
    }
    Ok(Some(version))
}

/// The line end at `at`; answers where the next line starts.
pub(super) fn line_end(buf: &[u8], at: usize, otherwise: Cause) -> Result<Option<usize>, Fault> {
    match (buf.get(at), buf.get(at + 1)) {
        (Some(b'\n'), _) => Ok(Some(at + 1)),
        (Some(b'\r'), Some(b'\n')) => Ok(Some(at + 2)),
        (Some(b'\r'), Some(_)) => Err(Fault::new(Cause::BareCr, at)),
        (Some(b'\r'), None) | (None, _) => Ok(None),
        (Some(_), _) => Err(Fault::new(otherwise, at)),
    }
}

/// Which form of target goes with which method (RFC 9112 3.2).
fn check_form(method: &[u8], target: &[u8], options: &Options) -> Result<(), Cause> {
    let method = Method::of(method);
    let good = match Target::of(target) {
        Target::Origin(_) | Target::Absolute { .. } => method != Method::Connect,
        Target::Asterisk => method == Method::Options,
        Target::Authority(bytes) => {
            method == Method::Connect || (options.relaxed && !bytes.is_empty())
        }
    };
    if good { Ok(()) } else { Err(Cause::Target) }
}

/// Draws the conclusions from a whole head, and puts the head right.
pub(super) fn conclude(
    head: &mut Head,
    facts: &Facts,
    consumed: usize,
    options: &Options,
) -> Result<RequestFacts, Fault> {
    let fault = |cause| Fault::new(cause, 0);
    if facts.second_host {
        single_host(head).map_err(fault)?;
    }
    if !matches!(head.target(), [b'/', ..]) && !options.relaxed {
        authority::reconcile(head).map_err(fault)?;
    }
    if facts.websocket && facts.connection_upgrade && !has_websocket_key(head) {
        return Err(fault(Cause::WebSocket));
    }
    let old = head.version() < Version::HTTP_11;
    // HAProxy 2.6 lets a body-bearing method through; RFC 9112 6.1 calls such framing faulty, and a server of version 1.0
    // would take the chunks for the next request. Refused whatever the method, with HAProxy's status.
    if facts.chunked && old {
        return Err(fault(Cause::TransferEncodingIn10));
    }
    let bodiless = || {
        matches!(
            Method::of(head.method()),
            Method::Get | Method::Head | Method::Delete
        )
    };
    if old && facts.content_length.is_some_and(|n| n > 0) && !options.any_payload && bodiless() {
        return Err(fault(Cause::PayloadIn10));
    }
    if facts.mixed_connection || facts.te || facts.h2c {
        connection::tidy(head, facts);
    }
    if facts.chunked && facts.content_length.is_some() {
        head.remove(b"content-length");
    }
    // With both lengths given someone on the way may have read the other one: nothing after this message can be trusted.
    let torn = facts.chunked && facts.content_length.is_some();
    let wish = if old {
        facts.keep_alive && !facts.close
    } else {
        !facts.close
    };
    Ok(RequestFacts {
        consumed,
        body: match (facts.chunked, facts.content_length) {
            (true, _) => BodyLength::Chunked,
            (false, Some(length)) => BodyLength::Sized(length),
            (false, None) => BodyLength::Empty,
        },
        keep_alive: wish && !torn,
        keep_alive_asked: facts.keep_alive,
        upgrade: facts.upgrade && facts.connection_upgrade && !facts.h2c,
        expect_continue: facts.expect_continue && !old,
    })
}

/// Equal `Host` lines become one; different ones are an attack.
fn single_host(head: &mut Head) -> Result<(), Cause> {
    let first = head.find(b"host").unwrap_or_default().to_vec();
    if head.values(b"host").any(|v| v != first) {
        return Err(Cause::Host);
    }
    let Some(keep) = head.position(b"host", 0) else {
        return Ok(());
    };
    while let Some(more) = head.position(b"host", keep + 1) {
        head.remove_at(more);
    }
    Ok(())
}

/// A `Sec-WebSocket-Key` is 16 bytes in base64.
fn has_websocket_key(head: &Head) -> bool {
    head.find(b"sec-websocket-key")
        .is_some_and(|key| key.len() == 24)
}
