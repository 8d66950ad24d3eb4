//! The `Forwarded` header (manual 7.3.1: rfc7239_*; RFC 7239 4 to 6).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("rfc7239_field", &[need(Kind::Checked(check_field))], Type::Str, Convert::Str(field), "the value of a parameter of a Forwarded header"),
    entry("rfc7239_is_valid", &[], Type::Bool, Convert::Str(|text, _, _| Some(Value::Bool(valid(&text)))), "whether it is a Forwarded header"),
    entry("rfc7239_n2nn", &[], Type::Any, Convert::Str(|text, _, _| node(&text)?.name.value()), "the name of a node of a Forwarded header"),
    entry("rfc7239_n2np", &[], Type::Any, Convert::Str(|text, _, _| node(&text)?.port?.value()), "the port of a node of a Forwarded header"),
    entry("rfc7239_nn", &[], Type::Str, Convert::Any(to_name), "as the name of a node of a Forwarded header"),
    entry("rfc7239_np", &[], Type::Str, Convert::Any(to_port), "as the port of a node of a Forwarded header"),
];

const FIELDS: [&str; 4] = ["by", "for", "host", "proto"];

fn check_field(name: &str) -> Result<(), String> {
    let known = FIELDS.iter().any(|known| known.eq_ignore_ascii_case(name));
    known
        .then_some(())
        .ok_or_else(|| format!("expects one of '{}', got '{name}'", FIELDS.join("', '")))
}

/// The name or port of a node.
enum Part {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Port(u16),
    /// `unknown`, or an obfuscated identifier with its underscore.
    Text(Vec<u8>),
}

impl Part {
    fn value<'s>(self) -> Option<Value<'s>> {
        Some(match self {
            Self::V4(v4) => Value::Ipv4(v4),
            Self::V6(v6) => Value::Ipv6(v6),
            Self::Port(port) => Value::Int(i64::from(port)),
            Self::Text(text) => Value::owned(text),
        })
    }
}

struct Node {
    name: Part,
    port: Option<Part>,
}

fn is_obfuscated(text: &[u8]) -> bool {
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    matches!(text, [b'_', rest @ ..] if !rest.is_empty() && rest.iter().all(inner))
}

fn ascii<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `192.0.2.1:80`, `[2001:db8::1]`, `unknown`, `_gate:_hidden` (RFC 7239 6).
fn node(text: &[u8]) -> Option<Node> {
    let (name, port) = match text {
        [b'[', ..] => {
            let close = memchr::memchr(b']', text)?;
            let v6 = Part::V6(ascii(text.get(1..close)?)?);
            match text.get(close + 1..)? {
                [] => (v6, None),
                [b':', port @ ..] => (v6, Some(port)),
                _ => return None,
            }
        }
        _ => {
            let mut halves = text.splitn(2, |byte| *byte == b':');
            let name = halves.next()?;
            let name = match ascii(name) {
                Some(v4) => Part::V4(v4),
                None if name.eq_ignore_ascii_case(b"unknown") || is_obfuscated(name) => {
                    Part::Text(name.to_vec())
                }
                None => return None,
            };
            (name, halves.next())
        }
    };
    let port = match port {
        None => None,
        Some(port) if is_obfuscated(port) => Some(Part::Text(port.to_vec())),
        Some(port) if port.iter().all(u8::is_ascii_digit) => Some(Part::Port(ascii(port)?)),
        Some(_) => return None,
    };
    Some(Node { name, port })
}

/// A `name=value` of an element: name, value, whether it was quoted, and what follows it.
type Pair<'t> = (&'t [u8], Text<'t>, bool, &'t [u8]);

fn pair(text: &[u8]) -> Option<Pair<'_>> {
    let equals = memchr::memchr(b'=', text)?;
    let (name, rest) = (text.get(..equals)?, text.get(equals + 1..)?);
    if let [b'"', quoted @ ..] = rest {
        let mut value = Vec::new();
        let mut bytes = quoted.iter().enumerate();
        loop {
            match bytes.next()? {
                (at, b'"') => return Some((name, Cow::Owned(value), true, quoted.get(at + 1..)?)),
                (_, b'\\') => value.push(*bytes.next()?.1),
                (_, byte) => value.push(*byte),
            }
        }
    }
    let end = memchr::memchr2(b';', b',', rest).unwrap_or(rest.len());
    let (value, rest) = rest.split_at_checked(end)?;
    Some((name, Cow::Borrowed(value), false, rest))
}

/// One element of known parameters, each at most once, with values of their form.
fn valid(text: &[u8]) -> bool {
    let mut seen = [false; FIELDS.len()];
    let mut rest = text;
    loop {
        let Some((name, value, quoted, next)) = pair(rest) else {
            return false;
        };
        let known = |field: &&str| field.as_bytes().eq_ignore_ascii_case(name);
        let Some(at) = FIELDS.iter().position(known) else {
            return false;
        };
        let fits = match at {
            0 | 1 => node(&value).is_some(),
            2 => !value.is_empty() && value.iter().all(|byte| byte.is_ascii_graphic()),
            _ => value.eq_ignore_ascii_case(b"http") || value.eq_ignore_ascii_case(b"https"),
        };
        let written = quoted || crate::http::is_token(&value);
        if !fits || !written || std::mem::replace(&mut seen[at], true) {
            return false;
        }
        rest = match next {
            [] => return true,
            [b';', next @ ..] => next.trim_ascii_start(),
            _ => return false,
        };
    }
}

fn field<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let mut rest: &[u8] = &text;
    loop {
        let (name, value, _, next) = pair(rest)?;
        if name.eq_ignore_ascii_case(args.text(0)) {
            return Some(Value::owned(value.into_owned()));
        }
        rest = next.strip_prefix(b";")?.trim_ascii_start();
    }
}

/// An identifier with its underscore, if it may be one.
fn obfuscated<'s>(text: &[u8]) -> Option<Value<'s>> {
    let named = [b"_", text].concat();
    is_obfuscated(&named).then(|| Value::owned(named))
}

fn to_name<'s>(value: Value<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match value {
        Value::Ipv4(v4) => Some(Value::owned(v4.to_string())),
        Value::Ipv6(v6) => Some(Value::owned(format!("[{v6}]"))),
        Value::Str(text) if text.is_empty() => Some(Value::text(b"unknown")),
        other => obfuscated(&other.into_text()),
    }
}

fn to_port<'s>(value: Value<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match value {
        Value::Int(port) => Some(Value::owned(u16::try_from(port).ok()?.to_string())),
        other => obfuscated(&other.into_text()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Stream, linked};
    use crate::sample::Place;

    /// The manual's examples and the RFC's.
    #[test]
    fn forwarded_headers_are_read_and_made() {
        for (header, converters, gives) in [
            (
                r#"proto=https;host="haproxy.org:80""#,
                "rfc7239_field(host)",
                Some("haproxy.org:80"),
            ),
            (
                r#"proto=https;FOR="127.0.0.1:9999""#,
                "rfc7239_field(for)",
                Some("127.0.0.1:9999"),
            ),
            ("proto=https", "rfc7239_field(for)", None),
            ("for=127.0.0.1;proto=http", "rfc7239_is_valid", Some("1")),
            (r#"for="[2001:db8::1]:47""#, "rfc7239_is_valid", Some("1")),
            ("for=_gate;by=unknown", "rfc7239_is_valid", Some("1")),
            ("proto=custom", "rfc7239_is_valid", Some("0")),
            ("for=[2001:db8::1]", "rfc7239_is_valid", Some("0")),
            ("for=1.2.3.4;for=1.2.3.4", "rfc7239_is_valid", Some("0")),
            ("for=1.2.3.4, for=1.2.3.4", "rfc7239_is_valid", Some("0")),
            ("secret=x", "rfc7239_is_valid", Some("0")),
            ("for", "rfc7239_is_valid", Some("0")),
            ("127.0.0.1:9999", "rfc7239_n2nn", Some("127.0.0.1")),
            (
                "[ab:cd:ff:ff:ff:ff:ff:ff]:9998",
                "rfc7239_n2nn",
                Some("ab:cd:ff:ff:ff:ff:ff:ff"),
            ),
            ("_name:_port", "rfc7239_n2nn", Some("_name")),
            ("unknown", "rfc7239_n2nn", Some("unknown")),
            ("name", "rfc7239_n2nn", None),
            ("127.0.0.1:9999", "rfc7239_n2np,add(1)", Some("10000")),
            ("_name:_port", "rfc7239_n2np", Some("_port")),
            ("127.0.0.1", "rfc7239_n2np", None),
            ("127.0.0.1:99999", "rfc7239_n2np", None),
        ] {
            let mut stream = Stream::request(&format!("GET / HTTP/1.1\nForwarded: {header}"));
            let got = stream.eval(&format!("req.fhdr(forwarded),{converters}"));
            assert_eq!(got.as_deref(), gives, "{header} {converters}");
        }
        for (text, gives) in [
            (
                "ipv6(ab:cd:ff:ff:ff:ff:ff:ff),rfc7239_nn",
                Some("[ab:cd:ff:ff:ff:ff:ff:ff]"),
            ),
            ("ipv4(192.0.2.1),rfc7239_nn", Some("192.0.2.1")),
            ("str(test),rfc7239_nn", Some("_test")),
            ("str(),rfc7239_nn", Some("unknown")),
            ("str(a b),rfc7239_nn", None),
            ("int(12),rfc7239_np", Some("12")),
            ("str(test),rfc7239_np", Some("_test")),
            ("str(),rfc7239_np", None),
        ] {
            let got = Stream::request("GET / HTTP/1.1").eval(text);
            assert_eq!(got.as_deref(), gives, "{text}");
        }
        assert!(linked("str(a),rfc7239_field(x)", Place::Acl).is_err());
    }
}
