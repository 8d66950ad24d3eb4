//! Pieces of text between delimiters (manual 7.3.1: field, word), and of a `Host` header.

use std::ops::Range;

use super::text::{lower, part};
use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const PIECE: &[Param] = &[need(Kind::NotZero), need(Kind::Separators), may(Kind::Int)];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("field", PIECE, Type::Str, Convert::Str(field), "the nth field between delimiters, fields may be empty"),
    entry("host_only", &[], Type::Str, Convert::Str(host_only), "a Host header's name without its port, in small letters"),
    entry("param", &[need(Kind::Str), may(Kind::Str)], Type::Str, Convert::Str(param), "the value of a parameter in `name=value` segments, between `&` or other characters"),
    entry("port_only", &[], Type::Int, Convert::Str(port_only), "a Host header's port, 0 without one"),
    entry("word", PIECE, Type::Str, Convert::Str(word), "the nth word between delimiters, words are never empty"),
];

/// Where the first of the delimiters stands.
#[inline]
fn next(delimiters: &[u8], text: &[u8]) -> Option<usize> {
    match *delimiters {
        [a] => memchr::memchr(a, text),
        [a, b] => memchr::memchr2(a, b, text),
        [a, b, c] => memchr::memchr3(a, b, c, text),
        _ => text.iter().position(|byte| delimiters.contains(byte)),
    }
}

/// Where the last of the delimiters stands.
#[inline]
fn previous(delimiters: &[u8], text: &[u8]) -> Option<usize> {
    match *delimiters {
        [a] => memchr::memrchr(a, text),
        [a, b] => memchr::memrchr2(a, b, text),
        [a, b, c] => memchr::memrchr3(a, b, c, text),
        _ => text.iter().rposition(|byte| delimiters.contains(byte)),
    }
}

/// Fields in order; there is always one.
fn fields<'t>(text: &'t [u8], delimiters: &'t [u8]) -> impl Iterator<Item = Range<usize>> + 't {
    let mut from = Some(0);
    std::iter::from_fn(move || {
        let start = from?;
        let found = next(delimiters, text.get(start..)?).map(|at| start + at);
        from = found.map(|end| end + 1);
        Some(start..found.unwrap_or(text.len()))
    })
}

/// Fields from the last to the first.
fn fields_back<'t>(
    text: &'t [u8],
    delimiters: &'t [u8],
) -> impl Iterator<Item = Range<usize>> + 't {
    let mut to = Some(text.len());
    std::iter::from_fn(move || {
        let end = to?;
        to = previous(delimiters, text.get(..end)?);
        Some(to.map_or(0, |at| at + 1)..end)
    })
}

/// From the piece that the index asks for, `count` pieces on (all for 0 or less); backwards for a
/// negative index.
fn span(text: &[u8], args: &Args, keep: fn(&Range<usize>) -> bool) -> Option<Range<usize>> {
    let delimiters = args.text(1);
    let index = args.int(0)?;
    let count = usize::try_from(args.int_or(2, 1)).unwrap_or(0);
    let skipped = usize::try_from(index.unsigned_abs()).ok()?.checked_sub(1)?;
    if index > 0 {
        let mut pieces = fields(text, delimiters).filter(keep).skip(skipped);
        let first = pieces.next()?;
        let end = match count {
            0 => None,
            1 => Some(first.end),
            n => pieces.nth(n - 2).map(|last| last.end),
        };
        return Some(first.start..end.unwrap_or(text.len()));
    }
    let mut pieces = fields_back(text, delimiters).filter(keep).skip(skipped);
    let last = pieces.next()?;
    let start = match count {
        0 => None,
        1 => Some(last.start),
        n => pieces.nth(n - 2).map(|first| first.start),
    };
    Some(start.unwrap_or(0)..last.end)
}

fn field<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let range = span(&text, args, |_| true)?;
    Some(Value::Str(part(text, range)))
}

fn word<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let range = span(&text, args, |word| !word.is_empty()).unwrap_or(0..0);
    Some(Value::Str(part(text, range)))
}

/// The first of this name. Without a `=` its value is empty.
fn param<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let name = args.text(0);
    let delimiters = args.some_text(1).unwrap_or(b"&");
    let mut start = 0;
    for segment in text.split(|byte| delimiters.contains(byte)) {
        let end = start + segment.len();
        match segment.strip_prefix(name) {
            Some([]) => return Some(Value::Str(part(text, end..end))),
            Some([b'=', ..]) => return Some(Value::Str(part(text, start + name.len() + 1..end))),
            _ => start = end + 1,
        }
    }
    None
}

/// Where the port's colon stands: the last one behind a bracket.
fn colon(text: &[u8]) -> Option<usize> {
    let behind = memchr::memrchr(b']', text).unwrap_or(0);
    let rest = text.get(behind..).unwrap_or_default();
    memchr::memrchr(b':', rest).map(|at| behind + at)
}

fn host_only<'s>(text: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let end = colon(&text).unwrap_or(text.len());
    Some(Value::Str(lower(part(text, 0..end))))
}

/// Every byte counts as a digit, as in HAProxy.
fn port_only<'s>(text: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let digits = colon(&text).and_then(|at| text.get(at + 1..));
    let port = digits.unwrap_or_default().iter().fold(0u32, |n, byte| {
        n.wrapping_mul(10)
            .wrapping_add(u32::from(*byte).wrapping_sub(u32::from(b'0')))
    });
    Some(Value::Int(i64::from(port)))
}
