//! Header fields: the crate's map ⇄ ours (RFC 9113 8.2).

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::{Head, list_items};
use crate::net::channel;
use crate::wire::h1::BodyLength;

/// What is wrong with a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// Whether a field concerns one connection only, and so may not be in HTTP/2 (RFC 9113 8.2.2).
pub(super) fn of_connection(name: &[u8]) -> bool {
    matches!(
        name,
        b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade"
    )
}

/// Adds received fields to a head. Fields that may not be there are faults: what the next hop would make of them nobody knows.
///
/// `cookie` lines become one (RFC 9113 8.2.3), at the end. `skip` names a field that is dealt with elsewhere.
///
/// # Errors
/// What is wrong.
pub(super) fn receive(map: &HeaderMap, skip: &[u8], head: &mut Head) -> Result<(), Malformed> {
    for (name, value) in map {
        let (name, value) = (name.as_str().as_bytes(), value.as_bytes());
        if name == skip || name == b"cookie" {
            continue;
        }
        check(name, value)?;
        head.add(name, value);
    }
    let mut cookies = map.get_all(http::header::COOKIE).iter();
    if let Some(first) = cookies.next() {
        let mut joined = first.as_bytes().to_vec();
        for crumb in cookies {
            joined.extend_from_slice(b"; ");
            joined.extend_from_slice(crumb.as_bytes());
        }
        check(b"cookie", &joined)?;
        head.add(b"cookie", &joined);
    }
    Ok(())
}

/// Whether a received field may be let through to where bytes are lines.
fn check(name: &[u8], value: &[u8]) -> Result<(), Malformed> {
    if of_connection(name) {
        return Err(Malformed("a field of one connection only"));
    }
    if name == b"te" && !value.eq_ignore_ascii_case(b"trailers") {
        return Err(Malformed("te other than trailers"));
    }
    if name.iter().any(u8::is_ascii_uppercase) || name.contains(&b':') {
        return Err(Malformed("a name that is none"));
    }
    if value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
        return Err(Malformed("a value with CR, LF or NUL"));
    }
    Ok(())
}

/// The one length that is announced (RFC 9110 8.6).
///
/// # Errors
/// It is no number, or there are different ones.
pub(super) fn length(map: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let mut found = None;
    for value in map.get_all(http::header::CONTENT_LENGTH) {
        for item in value.as_bytes().split(|b| *b == b',') {
            let digits = item.trim_ascii();
            let number = std::str::from_utf8(digits).ok().filter(|_| {
                !digits.is_empty() && digits.len() < 20 && digits.iter().all(u8::is_ascii_digit)
            });
            let number = number.and_then(|text| text.parse::<u64>().ok());
            let number = number.ok_or(Malformed("a length that is no number"))?;
            if *found.get_or_insert(number) != number {
                return Err(Malformed("two lengths"));
            }
        }
    }
    Ok(found)
}

/// Our fields for sending, but for those that concern one connection, those that `skip` names, and what `connection` names.
/// `te` shrinks to `trailers`, and `length` is what is said of the body's, where the head says it. Values are parts of one copy.
pub(super) fn send(head: &Head, skip: &[&[u8]], length: Option<u64>) -> HeaderMap {
    let named: Vec<&[u8]> = head.items(b"connection").collect();
    let passes = |name: &[u8]| {
        !of_connection(name)
            && !skip.contains(&name)
            && !named.iter().any(|n| n.eq_ignore_ascii_case(name))
    };
    let size = head.fields().map(|(_, value)| value.len()).sum();
    let mut all = Vec::with_capacity(size);
    for (_, value) in head.fields().filter(|(name, _)| passes(name)) {
        all.extend_from_slice(value);
    }
    let mut rest = Bytes::from(all);
    let mut map = HeaderMap::with_capacity(head.len());
    for (name, value) in head.fields().filter(|(name, _)| passes(name)) {
        let bytes = rest.split_to(value.len());
        if name == b"content-length" {
            if let Some(length) = length {
                map.insert(http::header::CONTENT_LENGTH, length.into());
            }
            continue;
        }
        if name == b"te" {
            if list_items(value).any(|item| item.eq_ignore_ascii_case(b"trailers")) {
                map.append(http::header::TE, HeaderValue::from_static("trailers"));
            }
            continue;
        }
        // What rules have made of a name or value that HTTP/2 has no way to say is not said.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name),
            HeaderValue::from_maybe_shared(bytes),
        ) {
            // So many names have no room in any buffer that a head was received in.
            let _ = map.try_append(name, value);
        }
    }
    if let Some(length) = length {
        map.insert(http::header::CONTENT_LENGTH, length.into());
    }
    map
}

/// The length that is announced so.
pub(super) fn announced(length: BodyLength) -> Option<u64> {
    match length {
        BodyLength::Sized(length) => Some(length),
        _ => None,
    }
}

/// Trailers for sending.
pub(super) fn trailers(fields: &mut channel::Fields<'_>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let value = HeaderValue::from_bytes(value);
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value)
            && !of_connection(name.as_str().as_bytes())
        {
            let _ = map.try_append(name, value);
        }
    }
    map
}
