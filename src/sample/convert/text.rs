//! Text: case, length, trimming, cutting.

use std::borrow::Cow;

use super::*;
use crate::regex::Regex;
use crate::sample::args::{Arg, Args};
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const CHARS: &[Param] = &[need(Kind::Str)];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("bytes", &[need(Kind::Count), may(Kind::Count)], Type::Bin, Convert::Bin(bytes), "the bytes from an offset on, as many as said"),
    entry("cut_crlf", &[], Type::Str, Convert::Str(|text, _, _| Some(Value::Str(cut_crlf(text)))), "text up to the end of its first line"),
    entry("iif", &[need(Kind::Str), need(Kind::Str)], Type::Str, Convert::Bool(|yes, args, _| Some(Value::text(args.text(usize::from(!yes))))), "one text for true, another for false"),
    entry("length", &[], Type::Int, Convert::Str(|text, _, _| Some(Value::Int(text.len() as i64))), "the number of bytes"),
    entry("lower", &[], Type::Str, Convert::Str(|text, _, _| Some(Value::Str(lower(text)))), "small letters"),
    entry("ltrim", CHARS, Type::Str, Convert::Str(ltrim), "without these characters at the beginning"),
    entry("regsub", &[need(Kind::Regex(2)), need(Kind::Str), may(Kind::Letters("gi"))], Type::Str, Convert::Str(regsub), "what matches an expression replaced (flags g: all, i: any case)"),
    entry("reverse", &[], Type::Str, Convert::Str(|text, _, _| Some(Value::owned(text.iter().rev().copied().collect::<Vec<u8>>()))), "the bytes in the opposite order"),
    entry("reverse_dom", &[], Type::Str, Convert::Str(|text, _, _| Some(Value::owned(reverse_labels(&text)))), "the labels of a domain name in the opposite order"),
    entry("rtrim", CHARS, Type::Str, Convert::Str(rtrim), "without these characters at the end"),
    entry("upper", &[], Type::Str, Convert::Str(|text, _, _| Some(Value::Str(upper(text)))), "capital letters"),
];

/// A part of text, borrowed if the whole is.
pub(super) fn part(text: Text<'_>, range: std::ops::Range<usize>) -> Text<'_> {
    match text {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(range).unwrap_or_default()),
        Cow::Owned(mut bytes) => {
            bytes.truncate(range.end);
            bytes.drain(..range.start.min(bytes.len()));
            Cow::Owned(bytes)
        }
    }
}

/// In place where the text is our own; untouched where there is nothing to change.
pub(super) fn lower(text: Text<'_>) -> Text<'_> {
    if !crate::http::has_capitals(&text) {
        return text;
    }
    let mut text = text.into_owned();
    text.make_ascii_lowercase();
    Cow::Owned(text)
}

fn upper(text: Text<'_>) -> Text<'_> {
    if !text.iter().any(u8::is_ascii_lowercase) {
        return text;
    }
    let mut text = text.into_owned();
    text.make_ascii_uppercase();
    Cow::Owned(text)
}

fn cut_crlf(text: Text<'_>) -> Text<'_> {
    match memchr::memchr2(b'\r', b'\n', &text) {
        Some(end) => part(text, 0..end),
        None => text,
    }
}

fn reverse_labels(name: &[u8]) -> Vec<u8> {
    let labels: Vec<&[u8]> = name.rsplit(|byte| *byte == b'.').collect();
    labels.join(&b'.')
}

/// A negative count reaches to the end, as written ones do in HAProxy; a variable that is not there or is no
/// such number gives no bytes.
fn bytes<'s>(bytes: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let len = bytes.len();
    let number = |at| match args.at(at) {
        Arg::Var(var) => match var.value(scope)?.int()? {
            n @ 0.. => Some(n),
            _ => None,
        },
        _ => Some(args.int_or(at, -1)),
    };
    let range = number(0).zip(number(1)).map(|(start, count)| {
        let start = usize::try_from(start).map_or(len, |start| start.min(len));
        let end = match usize::try_from(count) {
            Ok(count) => start.saturating_add(count).min(len),
            Err(_) => len,
        };
        start..end
    });
    Some(Value::Bin(part(bytes, range.unwrap_or(0..0))))
}

fn ltrim<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let chars = args.text(0);
    let end = text.len();
    let start = text.iter().position(|byte| !chars.contains(byte));
    Some(Value::Str(part(text, start.unwrap_or(end)..end)))
}

fn rtrim<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let chars = args.text(0);
    let last = text.iter().rposition(|byte| !chars.contains(byte));
    Some(Value::Str(part(text, 0..last.map_or(0, |last| last + 1))))
}

/// After an empty match one byte is passed over; an empty match may follow a match at once.
fn regsub<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let regex = args.regex(0)?;
    let global = args.text(2).contains(&b'g');
    let Some(first) = regex.captures(&text, 0) else {
        return Some(Value::Str(text));
    };
    let mut out = Vec::with_capacity(text.len() + args.text(1).len());
    let mut groups = first;
    let mut from = 0;
    loop {
        let whole = groups.first().cloned().flatten()?;
        out.extend_from_slice(text.get(from..whole.start).unwrap_or_default());
        Regex::expand(&text, &groups, args.text(1), &mut out);
        from = whole.end;
        if !global {
            break;
        }
        if whole.is_empty() {
            let Some(passed) = text.get(from) else {
                return Some(Value::owned(out));
            };
            out.push(*passed);
            from += 1;
        }
        match regex.captures(&text, from) {
            Some(next) => groups = next,
            None => break,
        }
    }
    out.extend_from_slice(text.get(from..).unwrap_or_default());
    Some(Value::owned(out))
}
