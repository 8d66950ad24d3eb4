//! Request targets: where the authority, the path and the query are (RFC 9112 3.2).

/// A target seen through its form. It borrows the bytes; nothing is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// `/path?query`
    Origin(&'a [u8]),
    /// `scheme://authority/path?query`
    Absolute {
        /// The bytes before `://`.
        scheme: &'a [u8],
        /// Everything between `://` and the path; it may hold user information and a port.
        authority: &'a [u8],
        /// The path and query; empty when the target ends after the authority.
        rest: &'a [u8],
    },
    /// `*`
    Asterisk,
    /// `host:port` as in CONNECT, and whatever else is none of the other forms.
    Authority(&'a [u8]),
}

impl<'a> Target<'a> {
    /// Tells the form of a target.
    pub fn of(bytes: &'a [u8]) -> Self {
        match bytes {
            b"*" => Self::Asterisk,
            [b'/', ..] => Self::Origin(bytes),
            _ => Self::absolute(bytes).unwrap_or(Self::Authority(bytes)),
        }
    }

    fn absolute(bytes: &'a [u8]) -> Option<Self> {
        let colon = memchr::memchr(b':', bytes)?;
        let (scheme, after) = bytes.split_at(colon);
        let after = after.strip_prefix(b"://")?;
        let letters = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        if !scheme.first()?.is_ascii_alphabetic() || !scheme.iter().all(letters) {
            return None;
        }
        let end = after
            .iter()
            .position(|b| matches!(b, b'/' | b'?' | b'#'))
            .unwrap_or(after.len());
        let (authority, rest) = after.split_at(end);
        Some(Self::Absolute {
            scheme,
            authority,
            rest,
        })
    }

    /// The path and the query with its `?`; empty for the asterisk and authority forms. (The `pathq` fetch.)
    pub fn path_and_query(self) -> &'a [u8] {
        match self {
            Self::Origin(bytes) => bytes,
            // Without a slash there is no path, so HAProxy sees no query either.
            Self::Absolute { rest, .. } if rest.first() == Some(&b'/') => rest,
            _ => b"",
        }
    }

    /// The path: up to the first `?`. (The `path` fetch.)
    pub fn path(self) -> &'a [u8] {
        split_query(self.path_and_query()).0
    }

    /// What follows the first `?`, if there is one. (The `query` fetch.)
    pub fn query(self) -> Option<&'a [u8]> {
        split_query(self.path_and_query()).1
    }

    /// The authority of the absolute and authority forms.
    pub fn authority(self) -> Option<&'a [u8]> {
        match self {
            Self::Absolute { authority, .. } | Self::Authority(authority) => Some(authority),
            _ => None,
        }
    }
}

/// Splits at the first `?`.
pub fn split_query(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', bytes) {
        Some(at) => (&bytes[..at], bytes.get(at + 1..)),
        None => (bytes, None),
    }
}

/// Splits an authority into host and port digits. The host keeps an IPv6 literal's brackets; user information goes.
pub fn split_port(authority: &[u8]) -> (&[u8], Option<&[u8]>) {
    let host = match memchr::memrchr(b'@', authority) {
        Some(at) => &authority[at + 1..],
        None => authority,
    };
    let after_literal = memchr::memrchr(b']', host).map_or(0, |p| p + 1);
    match memchr::memrchr(b':', &host[after_literal..]) {
        Some(colon) => {
            let colon = after_literal + colon;
            (&host[..colon], host.get(colon + 1..))
        }
        None => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str) -> (&str, Option<&str>, Option<&str>) {
        let seen = Target::of(target.as_bytes());
        let text = |b| std::str::from_utf8(b).unwrap();
        (
            text(seen.path()),
            seen.query().map(text),
            seen.authority().map(text),
        )
    }

    /// `path` and `query` as haproxy 2.6 answers them.
    #[test]
    fn forms_are_told_apart() {
        assert_eq!(parts("/p?x=1"), ("/p", Some("x=1"), None));
        assert_eq!(parts("/a?b?c"), ("/a", Some("b?c"), None));
        assert_eq!(parts("//x/y"), ("//x/y", None, None));
        assert_eq!(parts("*"), ("", None, None));
        assert_eq!(parts("http://h.x/p?q"), ("/p", Some("q"), Some("h.x")));
        assert_eq!(parts("http://h.x"), ("", None, Some("h.x")));
        assert_eq!(parts("ftp://a/b"), ("/b", None, Some("a")));
        assert_eq!(parts("http:///a"), ("/a", None, Some("")));
        assert_eq!(parts("h.x:443"), ("", None, Some("h.x:443")));
        assert_eq!(parts("1x://h/"), ("", None, Some("1x://h/")));
        assert_eq!(parts(""), ("", None, Some("")));
    }

    #[test]
    fn ports_split_off_hosts() {
        let split = |s: &'static str| split_port(s.as_bytes());
        assert_eq!(split("h:80"), (&b"h"[..], Some(&b"80"[..])));
        assert_eq!(split("h"), (&b"h"[..], None));
        assert_eq!(split("[::1]"), (&b"[::1]"[..], None));
        assert_eq!(split("u:p@[::1]:8"), (&b"[::1]"[..], Some(&b"8"[..])));
        assert_eq!(split("h:"), (&b"h"[..], Some(&b""[..])));
    }
}
