//! Where a responder is: `http://host[:port]/path`.

/// The parts of an address.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Uri<'u> {
    /// `https`.
    pub secure: bool,
    /// Without brackets.
    pub host: &'u str,
    pub port: u16,
    /// Path and query; never empty.
    pub path: &'u str,
    /// Host and port as they were written.
    pub authority: &'u str,
}

impl<'u> Uri<'u> {
    /// Reads one; `None` where it is of another kind, or odd.
    pub fn read(text: &'u str) -> Option<Self> {
        let odd = |byte: u8| byte <= b' ' || byte >= 0x7f;
        if text.bytes().any(odd) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or_default();
        if authority.contains('@') {
            return None;
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, behind) = rest.split_once(']')?;
                (host, behind.strip_prefix(':'))
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().ok()?,
            None if secure => 443,
            None => 80,
        };
        (!host.is_empty()).then_some(Self {
            secure,
            host,
            port,
            path: if path.is_empty() { "/" } else { path },
            authority,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_certificates_write_them() {
        let parts = |text| {
            let uri = Uri::read(text)?;
            Some((uri.secure, uri.host, uri.port, uri.path))
        };
        assert_eq!(parts("http://o.test"), Some((false, "o.test", 80, "/")));
        assert_eq!(
            parts("HTTP://o.test:81/a?b#c"),
            Some((false, "o.test", 81, "/a?b"))
        );
        assert_eq!(parts("https://[::1]:8/x"), Some((true, "::1", 8, "/x")));
        assert_eq!(parts("https://[::1]"), Some((true, "::1", 443, "/")));
        for bad in [
            "ldap://x",
            "http://",
            "http://a b",
            "http://u@h/",
            "http://h:x/",
            "http://h\r\n",
        ] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
