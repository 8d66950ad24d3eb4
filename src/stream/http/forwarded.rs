//! The `Forwarded` header (`option forwarded`; RFC 7239 section 4).

use std::net::IpAddr;

use crate::sample::{Address, Sample, Scope};
use crate::settings::{Forwarded, Node, Part};

/// The header's value; `None` where nothing can be said.
pub(super) fn value(how: &Forwarded<Sample>, scope: &Scope<'_>) -> Option<String> {
    let (session, txn) = (&scope.session, &scope.txn);
    let source = txn.source.as_ref().unwrap_or(&session.source);
    let destination = txn.destination.as_ref().unwrap_or(&session.destination);
    let mut parts = Vec::new();
    if how.proto {
        // Clients do not speak TLS with us.
        parts.push("proto=http".to_owned());
    }
    let host = match &how.host {
        Some(Part::Own) => txn
            .request
            .head
            .find(b"host")
            .map(|host| String::from_utf8_lossy(host).into_owned()),
        Some(Part::Expr(expr)) => text(expr, scope),
        None => None,
    };
    parts.extend(
        host.filter(|host| quotable(host))
            .map(|host| format!("host=\"{host}\"")),
    );
    for (name, end, address) in [("by", &how.by, destination), ("for", &how.client, source)] {
        if let Some(end) = end {
            parts.push(format!("{name}={}", node(end, address, scope)));
        }
    }
    (!parts.is_empty()).then(|| parts.join(";"))
}

fn text(expr: &Sample, scope: &Scope<'_>) -> Option<String> {
    let value = expr.eval(scope)?.into_text();
    Some(String::from_utf8_lossy(&value).into_owned())
}

/// What may stand between quotes without more ado.
fn quotable(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

/// `192.0.2.1`, `"[2001:db8::1]:80"`, `_hidden`, `unknown`.
fn node(node: &Node<Sample>, address: &Address, scope: &Scope<'_>) -> String {
    let ip = address.ip();
    let name = match &node.name {
        Part::Own => ip.map(|ip| ip.ip().to_canonical().to_string()),
        Part::Expr(expr) => text(expr, scope),
    };
    let port = match &node.port {
        Some(Part::Own) => ip.map(|ip| ip.port().to_string()),
        Some(Part::Expr(expr)) => text(expr, scope),
        None => None,
    };
    shown(name.as_deref(), port.as_deref())
}

/// A node as RFC 7239 section 6 writes it. What is neither an address nor `unknown` is an obfuscated name, which
/// begins with an underscore.
fn shown(name: Option<&str>, port: Option<&str>) -> String {
    let name = match name.map(|name| (name, name.parse::<IpAddr>())) {
        Some((_, Ok(IpAddr::V4(ip)))) => ip.to_string(),
        Some((_, Ok(IpAddr::V6(ip)))) => format!("[{ip}]"),
        Some((name, Err(_))) => obfuscated(name).unwrap_or_else(|| "unknown".to_owned()),
        None => "unknown".to_owned(),
    };
    let port = port.and_then(|port| match port.parse::<u16>() {
        Ok(port) => Some(port.to_string()),
        Err(_) => obfuscated(port),
    });
    match port {
        Some(port) => format!("\"{name}:{port}\""),
        None if name.starts_with('[') => format!("\"{name}\""),
        None => name,
    }
}

fn obfuscated(name: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || !name.bytes().all(plain) {
        return None;
    }
    let hidden = name == "unknown" || name.starts_with('_');
    Some(if hidden {
        name.to_owned()
    } else {
        format!("_{name}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_written_as_the_rfc_says() {
        for (name, port, wanted) in [
            (Some("192.0.2.43"), None, "192.0.2.43"),
            (Some("192.0.2.43"), Some("47011"), "\"192.0.2.43:47011\""),
            (Some("2001:db8::17"), None, "\"[2001:db8::17]\""),
            (Some("2001:db8::17"), Some("1"), "\"[2001:db8::17]:1\""),
            (
                Some("000000007F2F367E"),
                Some("60138"),
                "\"_000000007F2F367E:60138\"",
            ),
            (Some("_haproxy"), None, "_haproxy"),
            (Some("unknown"), None, "unknown"),
            (Some("a\r\nb: c"), None, "unknown"),
            (None, Some("x y"), "unknown"),
        ] {
            assert_eq!(shown(name, port), wanted);
        }
    }
}
