//! Errorfiles: a whole HTTP response in a file, headers and all (configuration manual, "errorfile").

use super::Reply;
use crate::http::{Version, is_token};
use thiserror::Error;

/// Why the content of an errorfile cannot be used. The words are HAProxy's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ErrorFileFault {
    /// The status line or a header is malformed; the offset is in bytes from the start, -2 when the head does not end.
    #[error("unable to parse headers (error offset: {0})")]
    Head(i64),
    /// Chunk framing cannot be written into a file.
    #[error("chunk-encoded payload not supported")]
    Chunked,
    /// `Content-Length` and the bytes after the head disagree.
    #[error("payload size does not match the announced content-length ({0} != {1})")]
    Length(usize, u64),
    /// The body is larger than a buffer can take.
    #[error("unable to add payload into the HTX message")]
    TooLarge,
}

/// Reads an errorfile of at most `limit` bytes (`tune.bufsize`). Lines end with LF or CRLF. An empty file closes silently.
pub fn parse_errorfile(text: &[u8], limit: usize) -> Result<Reply, ErrorFileFault> {
    if text.is_empty() {
        return Ok(Reply {
            silent: true,
            ..Reply::default()
        });
    }
    if text.len() > limit {
        return Err(ErrorFileFault::TooLarge);
    }
    let mut reply = Reply::default();
    let (line, mut at) = line_at(text, 0)?;
    let (version, status, reason) = status_line(line).ok_or(ErrorFileFault::Head(0))?;
    reply.head.start_response(version, status, reason);
    let mut length = None;
    loop {
        let (line, next) = line_at(text, at)?;
        if line.is_empty() {
            reply.body.extend_from_slice(&text[next..]);
            break;
        }
        let (name, value) = field(line).ok_or(ErrorFileFault::Head(offset(at)))?;
        at = next;
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Err(ErrorFileFault::Chunked);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let number = std::str::from_utf8(value)
                .ok()
                .and_then(|v| v.parse::<u64>().ok());
            if length.is_some() && length == number {
                continue;
            }
            length = number;
        }
        reply.head.add(name, value);
    }
    match length {
        Some(announced) if announced != reply.body.len() as u64 => {
            Err(ErrorFileFault::Length(reply.body.len(), announced))
        }
        _ => Ok(reply),
    }
}

fn offset(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// The line at `at` without its end, and where the next one starts.
fn line_at(text: &[u8], at: usize) -> Result<(&[u8], usize), ErrorFileFault> {
    let rest = text.get(at..).unwrap_or_default();
    let end = memchr::memchr(b'\n', rest).ok_or_else(|| {
        // What does not even start like a response is malformed rather than unfinished.
        ErrorFileFault::Head(if at == 0 && !rest.starts_with(b"HTTP/") {
            0
        } else {
            -2
        })
    })?;
    let line = &rest[..end];
    Ok((line.strip_suffix(b"\r").unwrap_or(line), at + end + 1))
}

fn status_line(line: &[u8]) -> Option<(Version, u16, &[u8])> {
    let rest = line.strip_prefix(b"HTTP/")?;
    let (digits, rest) = rest.split_at_checked(3)?;
    let &[major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = digits else {
        return None;
    };
    let (code, rest) = rest.strip_prefix(b" ")?.split_at_checked(3)?;
    let status = std::str::from_utf8(code)
        .ok()?
        .parse()
        .ok()
        .filter(|s| (100..1000).contains(s))?;
    let reason = match rest {
        [] => rest,
        [b' ', reason @ ..] => reason,
        _ => return None,
    };
    let version = Version {
        major: major - b'0',
        minor: minor - b'0',
    };
    Some((version, status, reason))
}

fn field(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let name = &line[..colon];
    is_token(name).then(|| (name, line[colon + 1..].trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        let reply = parse_errorfile(text.as_bytes(), 16384).map_err(|e| e.to_string())?;
        let mut out = Vec::new();
        reply.head.write_to(&mut out);
        out.extend_from_slice(&reply.body);
        Ok(String::from_utf8(out).unwrap())
    }

    /// What haproxy 2.6 says of the same files.
    #[test]
    fn files_are_read_as_haproxy_reads_them() {
        let good = [
            ("HTTP/1.1 200 OK\n\nfoo", "HTTP/1.1 200 OK\r\n\r\nfoo"),
            ("HTTP/1.0 503\r\n\r\n", "HTTP/1.0 503 \r\n\r\n"),
            (
                "HTTP/1.1 503 X\nContent-Length: 3\nContent-Length: 3\n\nabc",
                "HTTP/1.1 503 X\r\ncontent-length: 3\r\n\r\nabc",
            ),
            (
                "HTTP/1.0 403 No\r\nX-A: b\r\nConnection: close\r\n\r\nbody",
                "HTTP/1.0 403 No\r\nx-a: b\r\nconnection: close\r\n\r\nbody",
            ),
        ];
        for (text, expected) in good {
            assert_eq!(shown(text), Ok(expected.to_owned()), "{text:?}");
        }
        let bad = [
            ("foo", "unable to parse headers (error offset: 0)"),
            (
                "HTTP/1.1 503 X\r\nA b\r\n\r\nabc",
                "unable to parse headers (error offset: 16)",
            ),
            (
                "HTTP/1.1 503 X\r\nA: b\r\n",
                "unable to parse headers (error offset: -2)",
            ),
            (
                "HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\nabc",
                "chunk-encoded payload not supported",
            ),
            (
                "HTTP/1.1 503 X\r\nContent-Length: 5\r\n\r\nabc",
                "payload size does not match the announced content-length (3 != 5)",
            ),
        ];
        for (text, expected) in bad {
            assert_eq!(shown(text), Err(expected.to_owned()), "{text:?}");
        }
        assert!(parse_errorfile(b"", 16384).unwrap().silent);
        assert_eq!(
            parse_errorfile(&[b'a'; 9], 8).unwrap_err(),
            ErrorFileFault::TooLarge
        );
    }
}
