//! HTTP requests and responses of checks (manual 4.2 `http-check send`). Sans-io.
//!
//! The bytes of a request are those HAProxy sends: names in lower case, headers in the order written,
//! then the state header, `content-length`, and `connection: close` from HTTP/1.1 on.

use crate::http::{Head, Message, Version};
use crate::sample::Scope;

use super::script::{Request, Text};

/// What a text gives now.
pub fn render(text: &Text, scope: &Scope<'_>) -> Vec<u8> {
    match text {
        Text::Plain(bytes) => bytes.clone(),
        Text::Format(format) => {
            let mut out = Vec::new();
            format.render(scope, &mut out);
            out
        }
    }
}

/// The name that a request says it is for, without a port.
pub fn host(request: &Request, scope: &Scope<'_>) -> Option<String> {
    let mut fields = request.headers.iter();
    let (_, value) = fields.find(|(name, _)| name.eq_ignore_ascii_case("host"))?;
    let value = String::from_utf8(one_line(render(value, scope))).ok()?;
    let name = value.rsplit_once(':').map_or(&*value, |(name, _)| name);
    (!name.is_empty()).then(|| name.to_owned())
}

/// The request's bytes. `state` is the value of `http-check send-state`, where that is on.
///
/// `multiplexed`: it goes over HTTP/2, whatever version is written.
pub fn request(
    request: &Request,
    state: Option<&str>,
    scope: &Scope<'_>,
    multiplexed: bool,
) -> Vec<u8> {
    let mut uri = one_line(render(&request.uri, scope));
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    let mut connection = None;
    for (name, value) in &request.headers {
        let name = name.to_ascii_lowercase();
        let value = one_line(render(value, scope));
        match name.as_str() {
            // They are ours to say.
            "content-length" | "transfer-encoding" => continue,
            "host" => uri = with_authority(uri, &value),
            "connection" => {
                let kept = other_tokens(&value);
                connection.get_or_insert(false);
                if has_token(&value, b"close") {
                    connection = Some(true);
                }
                if !kept.is_empty() {
                    fields.push((name, kept));
                }
                continue;
            }
            _ => {}
        }
        fields.push((name, value));
    }
    let body = request.body.as_ref().map(|body| render(body, scope));
    if let Some(state) = state {
        fields.push(("x-haproxy-server-state".into(), state.as_bytes().to_vec()));
    }
    if let Some(body) = &body {
        let length = body.len().to_string().into_bytes();
        fields.push(("content-length".into(), length));
    }
    let version = match multiplexed {
        true => "HTTP/1.1",
        false => request.version.as_str(),
    };
    let old = version == "HTTP/1.0";
    match (connection.unwrap_or(true), old) {
        (true, false) => fields.push(("connection".into(), b"close".to_vec())),
        (false, true) => fields.push(("connection".into(), b"keep-alive".to_vec())),
        _ => {}
    }
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(&uri);
    out.push(b' ');
    out.extend_from_slice(version.as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in fields {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(&value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&body.unwrap_or_default());
    out
}

/// A format may give anything; what it gives must not begin a line of its own.
fn one_line(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.retain(|b| !matches!(b, b'\r' | b'\n' | 0));
    bytes
}

/// A `Host` header overwrites the authority of an absolute target.
fn with_authority(uri: Vec<u8>, host: &[u8]) -> Vec<u8> {
    let Some(at) = memchr::memmem::find(&uri, b"://") else {
        return uri;
    };
    if uri.first() == Some(&b'/') {
        return uri;
    }
    let (scheme, rest) = uri.split_at(at + 3);
    let path = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
    let path = path.map_or(&[][..], |at| &rest[at..]);
    [scheme, host, path].concat()
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii)
}

fn has_token(value: &[u8], token: &[u8]) -> bool {
    tokens(value).any(|t| t.eq_ignore_ascii_case(token))
}

/// What `close` and `keep-alive` leave of a Connection header.
fn other_tokens(value: &[u8]) -> Vec<u8> {
    let kept: Vec<_> = tokens(value)
        .filter(|t| !t.eq_ignore_ascii_case(b"close") && !t.eq_ignore_ascii_case(b"keep-alive"))
        .collect();
    kept.join(&b", "[..])
}

/// How far a response has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The head is not whole.
    Head,
    /// The head is there, the body may grow.
    Body,
    /// All is there.
    Whole,
    /// Not HTTP.
    Invalid,
}

/// Reads a response from what came so far; `closed` if no more will come.
pub fn response(data: &[u8], closed: bool, message: &mut Message) -> Progress {
    message.clear();
    let Some(end) = head_end(data) else {
        let impossible = !b"HTTP/".starts_with(data.get(..5).unwrap_or(data));
        return if closed || impossible {
            Progress::Invalid
        } else {
            Progress::Head
        };
    };
    let Some(head) = parse_head(&data[..end]) else {
        return Progress::Invalid;
    };
    let body = &data[end..];
    let chunked = head
        .find(b"transfer-encoding")
        .is_some_and(|v| has_token(v, b"chunked"));
    let length = head
        .find(b"content-length")
        .and_then(|v| std::str::from_utf8(v).ok()?.trim().parse::<usize>().ok());
    let bodiless = matches!(head.status(), 204 | 304) || head.status() < 200;
    message.head = head;
    let whole = if bodiless {
        true
    } else if chunked {
        dechunk(body, &mut message.body)
    } else if let Some(length) = length {
        let take = body.len().min(length);
        message.body.extend_from_slice(&body[..take]);
        take == length
    } else {
        message.body.extend_from_slice(body);
        closed
    };
    if whole {
        Progress::Whole
    } else {
        Progress::Body
    }
}

/// The place after the empty line that ends a head.
fn head_end(data: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\n', &data[from..]) {
        let next = from + at + 1;
        match data.get(next..) {
            Some([b'\n', ..]) => return Some(next + 1),
            Some([b'\r', b'\n', ..]) => return Some(next + 2),
            _ => from = next,
        }
    }
    None
}

fn parse_head(bytes: &[u8]) -> Option<Head> {
    let mut lines = bytes
        .split(|b| *b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let first = lines.next()?;
    let mut words = first.splitn(3, |b| *b == b' ');
    let version = match words.next()? {
        b"HTTP/1.0" => Version::HTTP_10,
        b"HTTP/1.1" => Version::HTTP_11,
        other if other.starts_with(b"HTTP/") && other.len() == 8 => Version::HTTP_11,
        _ => return None,
    };
    let status = words.next()?;
    if status.len() != 3 || !status.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let status = status.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
    let mut head = Head::response(version, status, words.next().unwrap_or_default());
    for line in lines.filter(|line| !line.is_empty()) {
        let colon = memchr::memchr(b':', line)?;
        if colon == 0 {
            return None;
        }
        head.add(&line[..colon], line[colon + 1..].trim_ascii());
    }
    Some(head)
}

/// Takes chunk framing off; true once the last chunk has come. What is broken ends the body.
fn dechunk(mut data: &[u8], out: &mut Vec<u8>) -> bool {
    loop {
        let Some(at) = memchr::memchr(b'\n', data) else {
            return false;
        };
        let size = data[..at].split(|b| *b == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size.trim_ascii())
            .ok()
            .and_then(|hex| usize::from_str_radix(hex, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else {
            return true;
        };
        let rest = &data[at + 1..];
        out.extend_from_slice(&rest[..rest.len().min(size)]);
        let Some(rest) = rest.get(size..) else {
            return false;
        };
        data = rest
            .strip_prefix(b"\r\n")
            .or(rest.strip_prefix(b"\n"))
            .unwrap_or(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_read_as_they_come() {
        type Row = (&'static [u8], bool, Progress, u16, &'static [u8]);
        let table: &[Row] = &[
            (b"HTTP/1.0 200 OK\r\n", false, Progress::Head, 0, b""),
            (b"HTT", false, Progress::Head, 0, b""),
            (b"SSH-2.0-x\r\n", false, Progress::Invalid, 0, b""),
            (b"HTTP/1.0 200 OK\r\n", true, Progress::Invalid, 0, b""),
            (b"HTTP/1.0 2x0 OK\r\n\r\n", false, Progress::Invalid, 0, b""),
            (b"HTTP/1.0 503\r\n\r\n", true, Progress::Whole, 503, b""),
            (b"HTTP/1.1 204 No\r\n\r\n", false, Progress::Whole, 204, b""),
            (b"HTTP/1.1 200 OK\r\n\r\nab", false, Progress::Body, 200, b"ab"),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc",
                false,
                Progress::Whole,
                200,
                b"ab",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
                false,
                Progress::Whole,
                200,
                b"abc",
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab",
                false,
                Progress::Body,
                200,
                b"ab",
            ),
        ];
        for (data, closed, progress, status, body) in table {
            let mut message = Message::default();
            let shown = String::from_utf8_lossy(data);
            assert_eq!(response(data, *closed, &mut message), *progress, "{shown}");
            assert_eq!(
                (&message.body[..], *body),
                (*body, &message.body[..]),
                "{shown}"
            );
            if *status != 0 {
                assert_eq!(message.head.status(), *status, "{shown}");
            }
        }
    }

    #[test]
    fn host_overwrites_the_authority() {
        let uri = |uri: &str| {
            let bytes = with_authority(uri.as_bytes().to_vec(), b"bar");
            String::from_utf8_lossy(&bytes).into_owned()
        };
        assert_eq!(uri("http://foo.com/p"), "http://bar/p");
        assert_eq!(uri("http://foo.com"), "http://bar");
        assert_eq!(uri("/p?u=http://foo"), "/p?u=http://foo");
        assert_eq!(uri("*"), "*");
    }
}
