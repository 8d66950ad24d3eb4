//! `balance url_param <name> [check_post]`: a parameter of the query string, or of a POST body.

/// The parameter, and `check_post`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Its name, compared with case.
    pub name: Vec<u8>,
    /// Look into the body of a POST where the query string has none.
    pub check_post: bool,
}

/// The parameter's value in the query string of a request target.
pub fn in_target<'a>(target: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let query = memchr::memchr(b'?', target)? + 1;
    value(&target[query..], name)
}

/// The parameter's value in as much of a body as has arrived. A value that does not start as a
/// parameter could is no value (the body is something else).
pub fn in_body<'a>(body: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = value(body, name)?;
    match value.first() {
        Some(b' ' | b'\t' | b'\r' | b'\n') => Some(&[]),
        Some(&byte) if !is_token(byte) => None,
        _ => Some(value),
    }
}

fn value<'a>(mut list: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    while list.len() > name.len() {
        if list[name.len()] == b'=' && list.starts_with(name) {
            let value = &list[name.len() + 1..];
            let end = memchr::memchr(b'&', value).unwrap_or(value.len());
            return Some(&value[..end]);
        }
        let next = memchr::memchr(b'&', list)? + 1;
        list = &list[next..];
    }
    None
}

/// RFC 9110 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        for (target, wanted) in [
            ("/?id=1", Some("1")),
            ("/?x=2&id=1&y=3", Some("1")),
            ("/?xid=2&id=1", Some("1")),
            ("/?id=", Some("")),
            ("/?id", None),
            ("/?idx=1", None),
            ("/id=1", None),
            ("/?ID=1", None),
        ] {
            let got = in_target(target.as_bytes(), b"id");
            assert_eq!(got, wanted.map(str::as_bytes), "{target}");
        }
    }
}
