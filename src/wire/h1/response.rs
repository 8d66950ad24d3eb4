//! Status lines, and what a whole response head means.

use super::facts::Facts;
use super::request::{line_end, version_at};
use super::{BodyLength, Cause, Fault, Options, connection};
use crate::http::{Head, Method, Version};

/// What the response answers: some requests change how it is framed (RFC 9112 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    /// The request's method.
    pub method: Method,
    /// Whether the request offered to switch protocols.
    pub upgrade: bool,
}

/// What a response head means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseFacts {
    /// Bytes of the buffer that the head took, empty lines before it included.
    pub consumed: usize,
    /// How the body is framed.
    pub body: BodyLength,
    /// What the head may say of the length: the same as `body`, but for answers without the body that they describe (HEAD, 304).
    pub announced: BodyLength,
    /// A 1xx that another head follows.
    pub interim: bool,
    /// Whether the server will answer another request on this connection.
    pub keep_alive: bool,
}

/// Parses the status line at the start of `buf`; answers where the headers start.
pub(super) fn line(buf: &[u8], head: &mut Head, _: &Options) -> Result<Option<usize>, Fault> {
    let Some(version) = version_at(buf, 0)? else {
        return Ok(None);
    };
    let mut status = 0;
    for at in 8..12 {
        match (at, buf.get(at)) {
            (_, None) => return Ok(None),
            (8, Some(b' ')) => {}
            (9..12, Some(&digit)) if digit.is_ascii_digit() => {
                status = status * 10 + u16::from(digit - b'0')
            }
            _ => return Err(Fault::new(Cause::Status, at)),
        }
    }
    if status < 100 {
        return Err(Fault::new(Cause::Status, 9));
    }
    let mut at = 12;
    if buf.get(at) == Some(&b' ') {
        at += 1;
        let rest = buf.get(at..).unwrap_or_default();
        let Some(end) = memchr::memchr3(b'\r', b'\n', 0, rest) else {
            return Ok(None);
        };
        at += end;
    }
    let Some(next) = line_end(
        buf,
        at,
        if at == 12 {
            Cause::Status
        } else {
            Cause::Reason
        },
    )?
    else {
        return Ok(None);
    };
    head.adopt_response(version, status, (at.min(13), at));
    Ok(Some(next))
}

/// Draws the conclusions from a whole head, and puts the head right.
pub(super) fn conclude(
    head: &mut Head,
    facts: &Facts,
    consumed: usize,
    asked: Asked,
) -> Result<ResponseFacts, Fault> {
    let status = head.status();
    if status == 101 && !(asked.upgrade && facts.connection_upgrade) {
        return Err(Fault::new(Cause::Switch, 9));
    }
    if status == 101 && facts.websocket && head.find(b"sec-websocket-accept").is_none() {
        return Err(Fault::new(Cause::WebSocket, 9));
    }
    if facts.mixed_connection {
        connection::tidy(head, facts);
    }
    let announced = match (facts.chunked, facts.content_length) {
        (true, _) => BodyLength::Chunked,
        (false, Some(length)) => BodyLength::Sized(length),
        (false, None) => BodyLength::UntilClose,
    };
    let tunnel = status == 101 || (asked.method == Method::Connect && (200..300).contains(&status));
    let (body, announced) = match status {
        _ if tunnel => (BodyLength::Tunnel, BodyLength::Empty),
        100..200 | 204 => (BodyLength::Empty, BodyLength::Empty),
        304 => (BodyLength::Empty, announced),
        _ if asked.method == Method::Head => (BodyLength::Empty, announced),
        _ => (announced, announced),
    };
    if facts.chunked && facts.content_length.is_some() {
        head.remove(b"content-length");
    }
    let old = head.version() < Version::HTTP_11;
    let torn = facts.chunked && (facts.content_length.is_some() || old);
    let wish = if old {
        facts.keep_alive && !facts.close
    } else {
        !facts.close
    };
    Ok(ResponseFacts {
        consumed,
        body,
        announced,
        interim: status < 200 && status != 101,
        keep_alive: wish && !torn && !matches!(body, BodyLength::UntilClose | BodyLength::Tunnel),
    })
}
