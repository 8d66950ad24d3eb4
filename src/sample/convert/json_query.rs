//! Values out of JSON (manual 7.3.1: json_query).
//!
//! The reader looks no further than the value it is asked for, as HAProxy's: text behind it may be cut off.

use std::borrow::Cow;

use super::*;
use crate::sample::args::Args;
use crate::sample::leading_int;

const PATH: Kind = Kind::Checked(check_path);

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("json_query", &[need(PATH), may(Kind::ChoiceOrNone(&["int"]))], Type::Any, Convert::Str(|text, args, _| query(&text, args)), "a value out of JSON by its path"),
];

/// A step of a path.
#[derive(Debug, PartialEq)]
enum Step {
    Key(Vec<u8>),
    Index(usize),
}

/// `$.key.other[3]`; a backslash takes a dot into a key.
fn steps(path: &[u8]) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix(b"$")?;
    let mut out = Vec::new();
    while let Some((first, tail)) = rest.split_first() {
        rest = match first {
            b'.' => {
                let mut key = Vec::new();
                let mut at = 0;
                while let Some(&byte) = tail.get(at) {
                    match byte {
                        b'\\' => {
                            at += 1;
                            key.push(*tail.get(at)?);
                        }
                        b'.' | b'[' => break,
                        _ => key.push(byte),
                    }
                    at += 1;
                }
                out.push(Step::Key(key));
                tail.get(at..)?
            }
            b'[' => {
                let close = memchr::memchr(b']', tail)?;
                let number = std::str::from_utf8(tail.get(..close)?).ok()?;
                out.push(Step::Index(number.parse().ok()?));
                tail.get(close + 1..)?
            }
            _ => return None,
        };
    }
    Some(out)
}

/// HAProxy takes any text, and finds nothing by one that is no path.
fn check_path(path: &str) -> Result<(), String> {
    match path {
        "" => Err("json_path must not be empty".to_owned()),
        _ => Ok(()),
    }
}

/// A place in JSON text.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The bytes between the quotes that begin here, escapes as they stand.
    fn string(&mut self) -> Option<&'t [u8]> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match self.text.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.text.get(start..self.at - 1)
    }

    /// A number or a word.
    fn plain(&mut self) -> &'t [u8] {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| b",]}:\"".contains(byte) || byte.is_ascii_whitespace();
        let len = rest.iter().position(ends).unwrap_or(rest.len());
        self.at += len;
        rest.get(..len).unwrap_or_default()
    }

    /// Passes over a value, however deep it is.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    self.at += 1;
                    depth += 1;
                    continue;
                }
                b'}' | b']' => {
                    self.at += 1;
                    depth = depth.checked_sub(1)?;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ if self.plain().is_empty() => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Goes to the value of this key or index of the object or array that begins here.
    fn enter(&mut self, step: &Step) -> Option<()> {
        let (open, close) = match step {
            Step::Key(_) => (b'{', b'}'),
            Step::Index(_) => (b'[', b']'),
        };
        self.take(open)?;
        let mut index = 0;
        loop {
            if self.peek()? == close {
                return None;
            }
            let here = match step {
                Step::Key(key) => {
                    let name = unescape(self.string()?)?;
                    self.take(b':')?;
                    *name == **key
                }
                Step::Index(wanted) => index == *wanted,
            };
            if here {
                return Some(());
            }
            self.skip()?;
            index += 1;
            self.take(b',')?;
        }
    }
}

fn unescape(raw: &[u8]) -> Option<Cow<'_, [u8]>> {
    if memchr::memchr(b'\\', raw).is_none() {
        return Some(Cow::Borrowed(raw));
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let (&escape, tail) = rest.split_first()?;
        rest = tail;
        out.push(match escape {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let digits = std::str::from_utf8(rest.get(..4)?).ok()?;
                let code = u32::from_str_radix(digits, 16).ok()?;
                rest = rest.get(4..)?;
                match u8::try_from(code) {
                    // HAProxy makes one byte of the first 256 characters.
                    Ok(byte) => byte,
                    Err(_) => {
                        let mut utf8 = [0; 4];
                        let encoded = char::from_u32(code)?.encode_utf8(&mut utf8);
                        out.extend_from_slice(encoded.as_bytes());
                        continue;
                    }
                }
            }
            other => other,
        });
    }
    Some(Cow::Owned(out))
}

/// Integers up to here are exact in JSON.
const EXACT: i64 = (1 << 53) - 1;

pub(super) fn query(text: &[u8], args: &Args) -> Option<Value<'static>> {
    let mut reader = Reader { text, at: 0 };
    for step in steps(args.text(0))? {
        reader.enter(&step)?;
    }
    match reader.peek()? {
        b'"' => Some(Value::owned(unescape(reader.string()?)?.into_owned())),
        b'{' | b'[' => None,
        _ => match reader.plain() {
            b"true" => Some(Value::Bool(true)),
            b"false" => Some(Value::Bool(false)),
            token if args.int(1).is_some() => {
                let n = leading_int(token);
                let number = token
                    .first()
                    .is_some_and(|b| b.is_ascii_digit() || *b == b'-');
                (number && n.abs() <= EXACT).then_some(Value::Int(n))
            }
            token => number(token),
        },
    }
}

/// A number: an integer where it is one, else text as `%g` writes it.
fn number(token: &[u8]) -> Option<Value<'static>> {
    let n: f64 = std::str::from_utf8(token).ok()?.parse().ok()?;
    if n.fract() == 0.0 && n.abs() <= EXACT as f64 {
        return Some(Value::owned((n as i64).to_string()));
    }
    Some(Value::owned(general(n)))
}

/// C's `%g`: six significant digits, an exponent where it is below -4 or above 5.
fn general(n: f64) -> String {
    if !n.is_finite() {
        return n.to_string();
    }
    let scientific = format!("{n:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..6).contains(&exponent) {
        let decimals = usize::try_from(5 - exponent).unwrap_or(0);
        return trim(&format!("{n:.decimals$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(digits), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Stream, linked};
    use crate::sample::Place;

    fn eval(text: &str) -> Option<String> {
        Stream::request("GET / HTTP/1.1").eval(text)
    }

    /// Answers are those of HAProxy 2.6.
    #[test]
    fn values_are_found_by_path() {
        for (json, path, gives) in [
            (r#"{"a":1}"#, "$.a", Some("1")),
            (r#"{"a":1.50}"#, "$.a", Some("1.5")),
            (r#"{"a":1e3}"#, "$.a", Some("1000")),
            (r#"{"a":1e3}"#, "$.a,int", Some("1")),
            (r#"{"a":1.5}"#, "$.a,int", Some("1")),
            (r#"{"a":"x15"}"#, "$.a,int", Some("x15")),
            (r#"{"a":0.30000000000000004}"#, "$.a", Some("0.3")),
            (r#"{"a":123456789.125}"#, "$.a", Some("1.23457e+08")),
            (r#"{"a":9007199254740992}"#, "$.a", Some("9.0072e+15")),
            (r#"{"a":9223372036854775807}"#, "$.a,int", None),
            (r#"{"a":1e400}"#, "$.a", Some("inf")),
            (r#"{"a":true}"#, "$.a", Some("1")),
            (r#"{"a":null}"#, "$.a", None),
            (r#"{"b":{"a":2},"a":1}"#, "$.a", Some("1")),
            (r#"{"a":1,"a":2}"#, "$.a", Some("1")),
            (r#" {"a" : "x" }"#, "$.a", Some("x")),
            (r#"{"a":1"#, "$.a", Some("1")),
            (r#"{"a":1}x"#, "$.a", Some("1")),
            ("[1,2,3]", "$[1]", Some("2")),
            ("[1,2,3]", "$[5]", None),
            (r#"{"a":{"b":[{"c":"d"}]}}"#, "$.a.b[0].c", Some("d")),
            (r#"{"a":[1,2]}"#, "$.a", None),
            ("5", "$", Some("5")),
            ("", "$.a", None),
            ("{", "$.a", None),
            (r#"{"a""#, "$.a", None),
            (r#"{"a":"x\"#, "$.a", None),
        ] {
            let text = format!("str('{json}'),json_query({path})");
            assert_eq!(eval(&text).as_deref(), gives, "{text}");
        }
        assert_eq!(
            eval(r#"str('{"a.b":7}'),json_query('$.a\.b')"#).as_deref(),
            Some("7")
        );
        for bad in ["json_query()", "json_query($.a,foo)"] {
            assert!(
                linked(&format!("str(a),{bad}"), Place::Acl).is_err(),
                "{bad}"
            );
        }
    }
}
