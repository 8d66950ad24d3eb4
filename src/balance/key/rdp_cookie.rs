//! `balance rdp-cookie(<name>)`: the cookie in the first packet of an RDP connection (MS-RDPBCGR
//! 2.2.1.1: TPKT and X.224 headers, then `Cookie: name=value` and CR LF).

/// What the bytes so far say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// The value.
    Value(&'a [u8]),
    /// This is not such a packet, or the cookie has another name.
    Nothing,
    /// More bytes may tell.
    Incomplete,
}

/// TPKT (4 bytes) and X.224 connection request (7 bytes).
const HEADERS: usize = 11;
const LABEL: &[u8] = b"Cookie:";

/// Looks for the cookie of this name (compared without case; empty for any) in what the client sent.
pub fn find<'a>(payload: &'a [u8], name: &[u8]) -> Found<'a> {
    let Some(rest) = payload.get(HEADERS..) else {
        return Found::Incomplete;
    };
    if rest.len() <= LABEL.len() {
        return Found::Incomplete;
    }
    if !rest[..LABEL.len()].eq_ignore_ascii_case(LABEL) {
        return Found::Nothing;
    }
    let rest = rest[LABEL.len()..].trim_ascii_start();
    let Some(equal) = rest
        .iter()
        .position(|&byte| matches!(byte, b'=' | b'\r' | b'\n'))
    else {
        return if !name.is_empty() && rest.len() > name.len() {
            Found::Nothing
        } else {
            Found::Incomplete
        };
    };
    let right = name.is_empty() || rest[..equal].eq_ignore_ascii_case(name);
    if rest[equal] != b'=' || !right {
        return Found::Nothing;
    }
    let value = &rest[equal + 1..];
    let Some(end) = memchr::memchr(b'\r', value) else {
        return Found::Incomplete;
    };
    match value.get(end + 1) {
        Some(b'\n') => Found::Value(&value[..end]),
        Some(_) => Found::Nothing,
        None => Found::Incomplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_read_from_the_connection_request() {
        let head = "\x03\0\0\x2f\x2a\u{60}\0\0\0\0\0";
        for (rest, wanted) in [
            ("Cookie: mstshash=bob\r\n", Found::Value(b"bob")),
            ("cookie: MSTShash=bob\r\n", Found::Value(b"bob")),
            ("Cookie: mstshash=bob\r", Found::Incomplete),
            ("Cookie: mstsh", Found::Incomplete),
            ("Cookie: msts=bob\r\n", Found::Nothing),
            ("Cookie: mstshash\r\n", Found::Nothing),
            ("Coo", Found::Incomplete),
            ("Kookie: mstshash=bob\r\n", Found::Nothing),
        ] {
            let packet = [head.as_bytes(), rest.as_bytes()].concat();
            assert_eq!(find(&packet, b"mstshash"), wanted, "{rest}");
        }
        assert_eq!(find(b"\x03\0", b"mstshash"), Found::Incomplete);
    }
}
