//! `balance hdr(<name>)`: the value of a header.

/// The header, and `use_domain_only`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Its name, compared without case.
    pub name: Vec<u8>,
    /// Hash only the domain of a host name, without what stands before and after it.
    pub domain_only: bool,
}

/// The part that is hashed of the header's first value (comma-separated values are values of their
/// own). An empty value is no key.
pub fn key<'a>(value: &'a [u8], options: &Options) -> Option<&'a [u8]> {
    match value {
        [] => None,
        _ if options.domain_only => Some(domain(value)),
        _ => Some(value),
    }
}

/// Of `www.example.com` the `example`: what stands before the last dot, from the dot before it. A dot
/// in the very first place is not seen, and neither is the byte right before the last dot.
fn domain(value: &[u8]) -> &[u8] {
    let Some(end) = value.iter().skip(1).rposition(|&byte| byte == b'.') else {
        return value;
    };
    let end = end + 1;
    let start = value[..end - 1].iter().rposition(|&byte| byte == b'.');
    &value[start.map_or(0, |dot| dot + 1)..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_what_stands_before_the_last_dot() {
        for (host, wanted) in [
            ("www.example.com", "example"),
            ("www.example.com:8080", "example"),
            ("haproxy.1wt.eu", "1wt"),
            ("localhost", "localhost"),
            ("a.b", "a"),
            (".com", ".com"),
            ("x.a..com", "a."),
            ("com.", "com"),
        ] {
            let got = domain(host.as_bytes());
            assert_eq!(got, wanted.as_bytes(), "{host}");
        }
    }
}
