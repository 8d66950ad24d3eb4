//! Parameters of the query and of a form (manual 7.3.6, `urlp` and `req.body_param`).

use super::*;
use crate::http::Head;
use crate::sample::args::Args;
use crate::sample::cast::loose_int;
use crate::sample::table::{Many, Request};

const NAME: &[Param] = &[may(Kind::Str), may(Kind::Str)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("req.body_param", &[may(Kind::Str)], Type::Bin, Get::Request(body_param), "a parameter of a form in the body"),
    entry("url_param", NAME, Type::Str, Get::RequestAll(URLP), "a parameter of the query"),
    entry("urlp", NAME, Type::Str, Get::RequestAll(URLP), "a parameter of the query"),
    entry("urlp_val", NAME, Type::Int, Get::RequestAll(URLP_VAL), "a parameter of the query, as a number"),
];

const URLP: Many = Many {
    one: |head, args| query(head, args).next().map(Value::text),
    each: |head, args, test| query(head, args).any(|value| test(Value::text(value))),
};

const URLP_VAL: Many = Many {
    one: |head, args| query(head, args).next().map(number),
    each: |head, args, test| query(head, args).any(|value| test(number(value))),
};

fn number(value: &[u8]) -> Value<'static> {
    Value::Int(loose_int(value))
}

/// The values of the query's parameters that have the name asked for; of all without one. The query
/// begins behind the delimiter: `?`, or what the second argument says.
fn query<'s>(head: &'s Head, args: &'s Args) -> impl Iterator<Item = &'s [u8]> {
    let delimiter = args.some_text(1).and_then(|text| text.first().copied());
    let delimiter = delimiter.unwrap_or(b'?');
    let target = head.target();
    let query = match memchr::memchr(delimiter, target) {
        Some(at) => target.get(at + 1..).unwrap_or_default(),
        None => &[],
    };
    values(query, delimiter, args.some_text(0))
}

fn values<'s>(
    text: &'s [u8],
    delimiter: u8,
    name: Option<&'s [u8]>,
) -> impl Iterator<Item = &'s [u8]> {
    text.split(move |byte| matches!(byte, b'&' | b';') || *byte == delimiter)
        .filter_map(move |pair| {
            let equals = memchr::memchr(b'=', pair)?;
            let (key, value) = (pair.get(..equals)?, pair.get(equals + 1..)?);
            name.is_none_or(|name| name == key).then_some(value)
        })
}

fn body_param<'s>(request: Request<'s>, args: &'s Args) -> Option<Value<'s>> {
    let body = &request.message.body;
    values(body, b'&', args.some_text(0))
        .next()
        .map(Value::bytes)
}
