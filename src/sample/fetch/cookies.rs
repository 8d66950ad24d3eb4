//! Cookies of a request and of a response (manual 7.3.6).

use super::*;
use crate::http::Head;
use crate::http::cookie::{Cookie, cookies, set_cookie};
use crate::sample::args::Args;
use crate::sample::cast::loose_int;
use crate::sample::table::Many;

const NAME: &[Param] = &[may(Kind::Str)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("cook", NAME, Type::Str, Get::RequestAll(REQUEST), "old name of `req.cook`"),
    entry("cook_cnt", NAME, Type::Int, Get::Request(|r, args| Some(count(sent(r.head(), args)))), "old name of `req.cook_cnt`"),
    entry("cook_val", NAME, Type::Int, Get::RequestAll(REQUEST_VAL), "old name of `req.cook_val`"),
    entry("cookie", NAME, Type::Str, Get::MessageAll(EITHER), "a cookie of the message in hand"),
    entry("req.cook", NAME, Type::Str, Get::RequestAll(REQUEST), "a cookie that the client sent"),
    entry("req.cook_cnt", NAME, Type::Int, Get::Request(|r, args| Some(count(sent(r.head(), args)))), "how many such cookies the client sent"),
    entry("req.cook_names", NAME, Type::Str, Get::Request(|r, args| Some(names(r.head().values(b"cookie").flat_map(cookies), args))), "the names of the client's cookies, between commas or this byte (3.x)"),
    entry("req.cook_val", NAME, Type::Int, Get::RequestAll(REQUEST_VAL), "a cookie that the client sent, as a number"),
    entry("res.cook", NAME, Type::Str, Get::ResponseAll(RESPONSE), "a cookie that the server sets"),
    entry("res.cook_cnt", NAME, Type::Int, Get::Response(|r, args| Some(Value::Int(set_count(&r.head, args)))), "how many such cookies the server sets"),
    entry("res.cook_names", NAME, Type::Str, Get::Response(|r, args| Some(names(r.head.values(b"set-cookie").filter_map(set_cookie), args))), "the names of the cookies that the server sets, between commas or this byte (3.x)"),
    entry("res.cook_val", NAME, Type::Int, Get::ResponseAll(RESPONSE_VAL), "a cookie that the server sets, as a number"),
    entry("scook", NAME, Type::Str, Get::ResponseAll(RESPONSE), "old name of `res.cook`"),
    entry("scook_cnt", NAME, Type::Int, Get::Response(|r, args| Some(Value::Int(set_count(&r.head, args)))), "old name of `res.cook_cnt`"),
    entry("scook_val", NAME, Type::Int, Get::ResponseAll(RESPONSE_VAL), "old name of `res.cook_val`"),
];

const REQUEST: Many = Many {
    one: |head, args| one(sent(head, args), args).map(Value::text),
    each: |head, args, test| sent(head, args).any(|value| test(Value::text(value))),
};

const REQUEST_VAL: Many = Many {
    one: |head, args| one(sent(head, args), args).map(number),
    each: |head, args, test| sent(head, args).any(|value| test(number(value))),
};

const RESPONSE: Many = Many {
    one: |head, args| one(set(head, args), args).map(Value::text),
    each: |head, args, test| set(head, args).any(|value| test(Value::text(value))),
};

const RESPONSE_VAL: Many = Many {
    one: |head, args| one(set(head, args), args).map(number),
    each: |head, args, test| set(head, args).any(|value| test(number(value))),
};

const EITHER: Many = Many {
    one: |head, args| {
        if head.is_request() {
            (REQUEST.one)(head, args)
        } else {
            (RESPONSE.one)(head, args)
        }
    },
    each: |head, args, test| {
        if head.is_request() {
            (REQUEST.each)(head, args, test)
        } else {
            (RESPONSE.each)(head, args, test)
        }
    },
};

fn sent<'s>(head: &'s Head, args: &'s Args) -> impl Iterator<Item = &'s [u8]> {
    let name = args.some_text(0);
    let least = name.map_or(0, |name| name.len() + 2);
    head.values(b"cookie")
        // HAProxy does not look at a line that has no room for the name and one byte of value.
        .filter(move |line| line.len() >= least)
        .flat_map(cookies)
        .filter(move |cookie| name.is_none_or(|name| cookie.name == name))
        .map(|cookie| cookie.value)
}

fn set<'s>(head: &'s Head, args: &'s Args) -> impl Iterator<Item = &'s [u8]> {
    let name = args.some_text(0);
    head.values(b"set-cookie")
        .filter_map(set_cookie)
        .filter(move |cookie| name.is_none_or(|name| cookie.name == name))
        .map(|cookie| cookie.value)
}

/// Without a name, what stands behind a cookie (`Path=/`) counts too, as in HAProxy.
fn set_count(head: &Head, args: &Args) -> i64 {
    let count = match args.some_text(0) {
        Some(_) => set(head, args).count(),
        None => head
            .values(b"set-cookie")
            .flat_map(|line| line.split(|byte| *byte == b';'))
            .filter_map(set_cookie)
            .count(),
    };
    count as i64
}

/// The last of this name; without a name the first of all.
fn one<'s>(mut all: impl Iterator<Item = &'s [u8]>, args: &Args) -> Option<&'s [u8]> {
    match args.some_text(0) {
        Some(_) => all.last(),
        None => all.next(),
    }
}

fn names<'s>(all: impl Iterator<Item = Cookie<'s>>, args: &Args) -> Value<'static> {
    let delimiter = args.some_text(0).and_then(|text| text.first());
    let mut out = Vec::new();
    for cookie in all {
        if !out.is_empty() {
            out.push(delimiter.copied().unwrap_or(b','));
        }
        out.extend_from_slice(cookie.name);
    }
    Value::owned(out)
}

fn number(value: &[u8]) -> Value<'static> {
    Value::Int(loose_int(value))
}

fn count<'s>(all: impl Iterator<Item = &'s [u8]>) -> Value<'static> {
    Value::Int(all.count() as i64)
}
