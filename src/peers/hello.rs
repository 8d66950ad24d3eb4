//! How a session begins: who calls whom, and the answer (peers protocol 2.1, "Handshake").

/// The protocol's name in the first line.
const PROTOCOL: &str = "HAProxyS";
/// The longest hello.
pub(super) const LONGEST: usize = 1024;

/// Who calls whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Who is called.
    pub to: String,
    /// Who calls.
    pub from: String,
    /// The version is 2.0: no time that is left is told.
    pub old: bool,
}

/// The answer to a hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Come in.
    Success,
    /// Not now.
    TryLater,
    /// That was no hello.
    Protocol,
    /// A version that we do not speak.
    Version,
    /// Somebody else was called.
    LocalName,
    /// Nobody that we know calls.
    RemoteName,
}

impl Status {
    const ALL: [(Self, u16); 6] = [
        (Self::Success, 200),
        (Self::TryLater, 300),
        (Self::Protocol, 501),
        (Self::Version, 502),
        (Self::LocalName, 503),
        (Self::RemoteName, 504),
    ];

    /// Its line.
    pub(super) fn line(self) -> String {
        let code = Self::ALL.iter().find(|(one, _)| *one == self);
        format!("{}\n", code.map_or(501, |(_, code)| *code))
    }

    /// From a line; whatever is no status is a mistake in the protocol.
    pub(super) fn parse(line: &str) -> Self {
        let code = line.trim_end().parse();
        let known = Self::ALL.iter().find(|(_, known)| Ok(*known) == code);
        known.map_or(Self::Protocol, |(status, _)| *status)
    }

    /// What it means, for the log.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Success => "welcome",
            Self::TryLater => "try again later",
            Self::Protocol => "no hello of this protocol",
            Self::Version => "bad version",
            Self::LocalName => "it has another name",
            Self::RemoteName => "it does not know us",
        }
    }
}

/// Our hello.
pub(super) fn write(to: &str, from: &str, pid: u32) -> String {
    format!("{PROTOCOL} 2.1\n{to}\n{from} {pid} 1\n")
}

/// Reads a hello off the front, with its length; `None` if it is not all there.
///
/// # Errors
/// What to answer.
pub fn read(bytes: &[u8]) -> Result<Option<(Hello, usize)>, Status> {
    let mut at = 0;
    let mut line = || {
        let rest = bytes.get(at..).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        at += end + 1;
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some(String::from_utf8_lossy(line).into_owned())
    };
    let missing = match bytes.len() < LONGEST {
        true => Ok(None),
        false => Err(Status::Protocol),
    };
    let Some(first) = line() else {
        // What cannot become a hello is refused at once.
        let begun = bytes.get(..PROTOCOL.len()).unwrap_or(bytes);
        return match PROTOCOL.as_bytes().starts_with(begun) {
            true => missing,
            false => Err(Status::Protocol),
        };
    };
    let old = match first.strip_prefix(PROTOCOL).map(str::trim) {
        Some("2.0") => true,
        Some("2.1") => false,
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            return Err(Status::Version);
        }
        _ => return Err(Status::Protocol),
    };
    let (Some(to), Some(last)) = (line(), line()) else {
        return missing;
    };
    let Some((from, _)) = last.split_once(' ') else {
        return Err(Status::Protocol);
    };
    let from = from.to_owned();
    Ok(Some((Hello { to, from, old }, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers are HAProxy's.
    #[test]
    fn hellos_are_understood_or_answered_as_by_haproxy() {
        let hello = |old| {
            Ok(Some(Hello {
                to: "A".into(),
                from: "B".into(),
                old,
            }))
        };
        for (text, expected) in [
            ("HAProxyS 2.1\nA\nB 1 0\n", hello(false)),
            ("HAProxyS 2.0\nA\nB 1 0\n", hello(true)),
            ("HAProxyS 2.1\r\nA\r\nB 1 0\r\n", hello(false)),
            ("HAProxyS 2.1\nA\nB 1 0", Ok(None)),
            ("HAPr", Ok(None)),
            ("HAProxyS 2.2\nA\nB 1 0\n", Err(Status::Version)),
            ("HAProxyS 3.0\nA\nB 1 0\n", Err(Status::Version)),
            ("HAProxyX 2.1\nA\nB 1 0\n", Err(Status::Protocol)),
            ("HAProxyS 2.1\nA\nB\n", Err(Status::Protocol)),
            ("GET / HTTP/1.1\r\n", Err(Status::Protocol)),
            ("\x16\x03", Err(Status::Protocol)),
        ] {
            let found = read(text.as_bytes()).map(|read| read.map(|(hello, _)| hello));
            assert_eq!(found, expected, "{text:?}");
        }
        let long = format!("HAProxyS 2.1\nA\n{}", "B".repeat(LONGEST));
        assert_eq!(read(long.as_bytes()), Err(Status::Protocol));
    }

    #[test]
    fn our_hello_and_answers_are_understood() {
        let text = write("B", "A", 7) + "rest";
        let (hello, length) = read(text.as_bytes()).unwrap().unwrap();
        assert_eq!((hello.to.as_str(), hello.from.as_str()), ("B", "A"));
        assert_eq!(&text[length..], "rest");
        for (status, _) in Status::ALL {
            assert_eq!(Status::parse(&status.line()), status);
        }
        assert_eq!(Status::parse("HTTP/1.1 400"), Status::Protocol);
    }
}
