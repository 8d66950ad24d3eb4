//! Lines of a head as text, and back: what an old rule makes of them is read anew and refused if it is not one such line.

use crate::http::{Head, Version, is_token};
use crate::regex::{Groups, Regex};

/// The text of a replacement.
#[derive(Debug, Clone)]
pub(super) struct Text(Box<[u8]>);

impl Text {
    /// Writes it with its groups filled in. `None` if that would not be one line.
    pub fn expand(&self, subject: &[u8], groups: &Groups, out: &mut Vec<u8>) -> Option<()> {
        out.clear();
        Regex::expand(subject, groups, &self.0, out);
        is_one_line(out).then_some(())
    }
}

fn is_one_line(bytes: &[u8]) -> bool {
    !bytes.iter().any(|b| matches!(b, b'\r' | b'\n' | 0))
}

/// A replacement: what the line becomes, and header lines behind it, each after a `\r\n` of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// What the line becomes.
    pub first: Text,
    /// What follows it.
    pub more: Vec<Text>,
}

impl Template {
    /// The lines of a text that the configuration divides.
    pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
        let lines = text.split(|&b| b == b'\n');
        lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Reads a replacement.
    ///
    /// # Errors
    /// One of its lines is empty, or would be several whatever the groups hold.
    pub fn new(text: &[u8]) -> Result<Self, &'static str> {
        let mut lines = Self::lines(text).map(|line| {
            let mut out = Vec::new();
            Regex::expand(b"", &Groups::new(), line, &mut out);
            match (line.is_empty(), is_one_line(&out)) {
                (true, _) => Err("an empty line would end the headers"),
                (_, false) => Err("a line end in a replacement must be written as '\\r\\n'"),
                _ => Ok(Text(line.into())),
            }
        });
        let first = lines.next().unwrap_or(Err("expects <replace>"))?;
        let more = lines.collect::<Result<_, _>>()?;
        Ok(Self { first, more })
    }
}

/// A header line's name and value.
pub(super) fn header_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at(colon);
    let value = value.get(1..)?.trim_ascii();
    (is_token(name) && is_one_line(value)).then_some((name, value))
}

/// A first line, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FirstLine<'a> {
    /// Method, target, version.
    Request(&'a [u8], &'a [u8], Version),
    /// Status and reason. The version is not ours to repeat: connections speak their own.
    Status(u16, &'a [u8]),
}

impl<'a> FirstLine<'a> {
    /// Writes a head's first line, without its end.
    pub fn write(head: &Head, out: &mut Vec<u8>) {
        out.clear();
        head.write_line_to(out);
        out.truncate(out.len().saturating_sub(2));
    }

    /// Reads a line.
    pub fn read(line: &'a [u8], request: bool) -> Option<Self> {
        let mut words = line.splitn(3, |&b| b == b' ');
        let (one, two, three) = (words.next()?, words.next()?, words.next());
        if !request {
            version(one)?;
            let status: u16 = std::str::from_utf8(two).ok()?.parse().ok()?;
            let known = two.len() == 3 && (100..=999).contains(&status);
            return known.then(|| Self::Status(status, three.unwrap_or_default()));
        }
        let target = |bytes: &[u8]| !bytes.is_empty() && bytes.iter().all(|b| *b > 32 && *b != 127);
        let version = version(three?)?;
        (is_token(one) && target(two)).then_some(Self::Request(one, two, version))
    }

    /// Makes it the head's. `None` where the framing of the message would become another.
    pub fn put(&self, head: &mut Head) -> Option<()> {
        match self {
            Self::Request(method, target, version) => {
                let chunked = head.find(b"transfer-encoding").is_some();
                if *version != head.version() {
                    // The older version has no chunks.
                    if chunked {
                        return None;
                    }
                    head.set_version(*version);
                }
                if *method != head.method() {
                    head.set_method(method);
                }
                if *target != head.target() {
                    head.set_target(target);
                }
            }
            Self::Status(status, reason) => {
                let bodiless = |status: u16| status < 200 || matches!(status, 204 | 304);
                let former = head.status();
                if *status != former && (bodiless(*status) || bodiless(former)) {
                    return None;
                }
                head.set_status(*status);
                head.set_reason(reason);
            }
        }
        Some(())
    }
}

/// `HTTP/1.0` or `HTTP/1.1`.
fn version(word: &[u8]) -> Option<Version> {
    match word {
        b"HTTP/1.0" => Some(Version::HTTP_10),
        b"HTTP/1.1" => Some(Version::HTTP_11),
        _ => None,
    }
}
