//! Pieces of text between delimiters (manual 7.3.1: field, word), and of a `Host` header.

use std::ops::Range;

use super::text::{lower, part};
use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const PIECE: &[Param] = &[need(Kind::NotZero), need(Kind::Str), may(Kind::Int)];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("field", PIECE, Type::Str, Convert::Str(field), "the nth field between delimiters, fields may be empty"),
    entry("host_only", &[], Type::Str, Convert::Str(host_only), "a Host header's name without its port, in small letters"),
    entry("param", &[need(Kind::Str), may(Kind::Str)], Type::Str, Convert::Str(param), "the value of a parameter in `name=value` segments, between `&` or other characters"),
    entry("port_only", &[], Type::Int, Convert::Str(port_only), "a Host header's port, 0 without one"),
    entry("word", PIECE, Type::Str, Convert::Str(word), "the nth word between delimiters, words are never empty"),
];

/// Fields in order; there is always one.
fn fields(text: &[u8], delimiters: &[u8]) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for (at, byte) in text.iter().enumerate() {
        if delimiters.contains(byte) {
            out.push(start..at);
            start = at + 1;
        }
    }
    out.push(start..text.len());
    out
}

/// From the piece that the index asks for, `count` pieces on (all for 0 or less); backwards for a
/// negative index.
fn span(pieces: &[Range<usize>], args: &Args, len: usize) -> Option<Range<usize>> {
    let index = args.int(0)?;
    let count = usize::try_from(args.int_or(2, 1)).unwrap_or(0);
    let steps = usize::try_from(index.unsigned_abs()).ok()?.checked_sub(1)?;
    if index > 0 {
        let first = pieces.get(steps)?;
        let last = match count {
            0 => None,
            n => pieces.get(steps.saturating_add(n - 1)),
        };
        return Some(first.start..last.map_or(len, |last| last.end));
    }
    let at = pieces.len().checked_sub(1 + steps)?;
    let last = pieces.get(at)?;
    let first = match count {
        0 => None,
        n => at.checked_sub(n - 1).and_then(|first| pieces.get(first)),
    };
    Some(first.map_or(0, |first| first.start)..last.end)
}

fn field<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let range = span(&fields(&text, args.text(1)), args, text.len())?;
    Some(Value::Str(part(text, range)))
}

fn word<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let mut words = fields(&text, args.text(1));
    words.retain(|word| !word.is_empty());
    let range = span(&words, args, text.len()).unwrap_or(0..0);
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
