//! The incremental head parser: from a growing buffer to a head and what it means.

use super::facts::Facts;
use super::{Asked, Cause, Fault, RequestFacts, ResponseFacts, fields, request, response};
use crate::http::Head;

/// How large a head may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head: `tune.bufsize` less `tune.maxrewrite`.
    pub head: usize,
    /// Lines of a head, the first one included: `tune.http.maxhdr`.
    pub lines: usize,
}

impl Default for Limits {
    /// HAProxy's defaults: 16384 - 1024 bytes, 101 lines.
    fn default() -> Self {
        Self {
            head: 15_360,
            lines: 101,
        }
    }
}

/// How a proxy wants its messages parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Size limits.
    pub limits: Limits,
    /// `accept-invalid-http-request` or `-response`: bytes that should not stand in names, targets and hosts are let through
    /// as far as they cannot change how the message is framed.
    pub relaxed: bool,
    /// `h1-accept-payload-with-any-method`: HTTP/1.0 requests by GET, HEAD and DELETE may have a body.
    pub any_payload: bool,
}

/// The state between two attempts to parse the same head: how much of the buffer has been looked at.
///
/// An attempt starts from the head's first byte, but only when another line end has come: the work for a head that comes byte by
/// byte is bounded by its number of lines, and a bad line is found when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeadParser {
    seen: usize,
}

impl HeadParser {
    /// Ready for the first byte of a head.
    pub const fn new() -> Self {
        Self { seen: 0 }
    }

    /// Parses a request head at the start of `buf`. `None` asks for more bytes; `head` is then not to be used. After `Some`
    /// the parser is ready for the next head.
    pub fn request(
        &mut self,
        buf: &[u8],
        head: &mut Head,
        options: &Options,
    ) -> Result<Option<RequestFacts>, Fault> {
        let skipped = leading_lines(buf)?;
        let message = buf.get(skipped..).unwrap_or_default();
        if !self.worth_trying(buf) || message == b"\r" {
            return self.wait(buf, skipped, options);
        }
        let parsed =
            Self::whole(message, head, options, request::line).map_err(|f| moved(f, skipped))?;
        let Some((facts, length)) = parsed else {
            return self.wait(buf, skipped, options);
        };
        self.seen = 0;
        let consumed = skipped + length;
        request::conclude(head, &facts, consumed, options).map(Some)
    }

    /// Parses a response head at the start of `buf`, given what was asked. Otherwise as [`HeadParser::request`].
    pub fn response(
        &mut self,
        buf: &[u8],
        head: &mut Head,
        options: &Options,
        asked: Asked,
    ) -> Result<Option<ResponseFacts>, Fault> {
        let skipped = leading_lines(buf)?;
        let message = buf.get(skipped..).unwrap_or_default();
        if !self.worth_trying(buf) || message == b"\r" {
            return self.wait(buf, skipped, options);
        }
        let parsed =
            Self::whole(message, head, options, response::line).map_err(|f| moved(f, skipped))?;
        let Some((facts, length)) = parsed else {
            return self.wait(buf, skipped, options);
        };
        self.seen = 0;
        response::conclude(head, &facts, skipped + length, asked).map(Some)
    }

    fn worth_trying(&self, buf: &[u8]) -> bool {
        let fresh = buf.get(self.seen..).unwrap_or_default();
        self.seen == 0 || memchr::memchr(b'\n', fresh).is_some()
    }

    fn wait<T>(
        &mut self,
        buf: &[u8],
        skipped: usize,
        options: &Options,
    ) -> Result<Option<T>, Fault> {
        self.seen = buf.len();
        if buf.len() - skipped >= options.limits.head || skipped >= options.limits.head {
            return Err(Fault::new(Cause::TooLarge, buf.len()));
        }
        Ok(None)
    }

    /// One attempt at first line and fields; the length of the head if it is whole.
    fn whole(
        buf: &[u8],
        head: &mut Head,
        options: &Options,
        line: impl Fn(&[u8], &mut Head, &Options) -> Result<Option<usize>, Fault>,
    ) -> Result<Option<(Facts, usize)>, Fault> {
        head.clear();
        let Some(start) = line(buf, head, options)? else {
            return Ok(None);
        };
        let mut facts = Facts::default();
        let Some(end) = fields::scan(buf, start, options, head, &mut facts)? else {
            return Ok(None);
        };
        if end > options.limits.head {
            return Err(Fault::new(Cause::TooLarge, options.limits.head));
        }
        head.adopt(buf.get(..end).unwrap_or_default());
        if facts.folded {
            head.unfold();
        }
        Ok(Some((facts, end)))
    }
}

fn moved(fault: Fault, by: usize) -> Fault {
    Fault::new(fault.cause, fault.at + by)
}

/// The length of the empty lines before a message (RFC 9112 2.2).
fn leading_lines(buf: &[u8]) -> Result<usize, Fault> {
    let mut at = 0;
    loop {
        match (buf.get(at), buf.get(at + 1)) {
            (Some(b'\n'), _) => at += 1,
            (Some(b'\r'), Some(b'\n')) => at += 2,
            (Some(b'\r'), Some(_)) => return Err(Fault::new(Cause::BareCr, at)),
            _ => return Ok(at),
        }
    }
}
