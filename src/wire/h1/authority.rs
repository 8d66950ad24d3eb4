//! `Host` and the authority of absolute targets must name one host (RFC 9112 3.2; comparison and default ports as HAProxy).

use super::Cause;
use crate::http::target::split_port;
use crate::http::{Head, Method, Target};

/// Whether a `Host` value could name a host: the bytes of RFC 3986's authority, without user information and commas. Empty is allowed.
pub(super) fn is_host(value: &[u8]) -> bool {
    value.iter().all(|&b| HOST[b as usize])
}

/// Bytes of a `Host` value.
static HOST: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"-._~%!$&'()*+;=:[]";
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
};

/// Holds the target's authority against `Host` and drops default ports, so that rules and servers see one name.
pub(super) fn reconcile(head: &mut Head) -> Result<(), Cause> {
    let connect = head.known_method() == Method::Connect;
    let (authority, default) = match Target::of(head.target()) {
        Target::Authority(authority) if connect => (authority, None),
        Target::Absolute {
            scheme, authority, ..
        } => (authority, default_port(scheme)),
        _ => return Ok(()),
    };
    if authority.is_empty() || !authority.iter().all(|&b| is_host(&[b]) || b == b'@') {
        return Err(Cause::Authority);
    }
    let (host, port) = split_port(authority);
    if host.is_empty() || !port.unwrap_or_default().iter().all(u8::is_ascii_digit) {
        return Err(Cause::Authority);
    }
    // CONNECT has no scheme: its target must name a port, and both defaults may be left out of Host.
    if connect && port.is_none_or(<[u8]>::is_empty) {
        return Err(Cause::Authority);
    }
    let implied = |p: &[u8]| {
        p.is_empty()
            || if connect {
                p == b"80" || p == b"443"
            } else {
                Some(p) == default
            }
    };
    let short = if port.is_some_and(implied) {
        host
    } else {
        &authority[authority.len() - host_len(authority)..]
    };
    let Some(named) = head.find(b"host") else {
        return Ok(());
    };
    let (named_host, named_port) = split_port(named);
    let same_port = |a: Option<&[u8]>, b: Option<&[u8]>| {
        a == b || (a.is_none_or(implied) && b.is_none_or(implied))
    };
    if !named_host.eq_ignore_ascii_case(host) || !same_port(port, named_port) {
        return Err(Cause::Authority);
    }
    let strip = short.len() < host_len(authority);
    let named_short = (strip && named_port.is_some()).then(|| named_host.to_vec());
    if strip && !connect {
        strip_port(head);
    }
    if let (Some(value), Some(at)) = (named_short, head.position(b"host", 0)) {
        head.replace_value(at, &value);
    }
    Ok(())
}

/// The length of an authority without its user information.
fn host_len(authority: &[u8]) -> usize {
    memchr::memrchr(b'@', authority).map_or(authority.len(), |at| authority.len() - at - 1)
}

fn default_port(scheme: &[u8]) -> Option<&'static [u8]> {
    if scheme.eq_ignore_ascii_case(b"http") {
        Some(b"80")
    } else if scheme.eq_ignore_ascii_case(b"https") {
        Some(b"443")
    } else {
        None
    }
}

/// Takes the port out of an absolute target.
fn strip_port(head: &mut Head) {
    let target = head.target();
    let Target::Absolute {
        scheme,
        authority,
        rest,
    } = Target::of(target)
    else {
        return;
    };
    let (_, port) = split_port(authority);
    let keep = authority.len() - port.map_or(0, |p| p.len() + 1);
    let shorter = [
        scheme,
        b"://",
        authority.get(..keep).unwrap_or_default(),
        rest,
    ]
    .concat();
    head.set_target(&shorter);
}
