//! Headers of a request, of a response, and of the message in hand (manual 7.3.6). One set of functions
//! works on any head.

use std::net::IpAddr;

use super::*;
use crate::http::{Head, list_items, nth};
use crate::sample::args::{Arg, Args};
use crate::sample::cast::leading_ipv4;
use crate::sample::cast::loose_int;
use crate::sample::table::Many;

const NAME: &[Param] = &[may(Kind::Str)];
const OCCURRENCE: &[Param] = &[may(Kind::Str), may(Kind::Int)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("hdr", OCCURRENCE, Type::Str, Get::MessageAll(HDR), "an item of a header of the message in hand"),
    entry("hdr_cnt", NAME, Type::Int, Get::Request(|r, args| Some(count(items(r.head(), args)))), "how many items a request header has"),
    entry("hdr_ip", OCCURRENCE, Type::Ipv4, Get::RequestAll(HDR_IP), "an item of a request header as an address"),
    entry("hdr_val", OCCURRENCE, Type::Int, Get::RequestAll(HDR_VAL), "an item of a request header as a number"),
    entry("req.fhdr", OCCURRENCE, Type::Str, Get::RequestAll(FHDR), "a whole value of a request header"),
    entry("req.fhdr_cnt", NAME, Type::Int, Get::Request(|r, args| Some(count(lines(r.head(), args)))), "how many lines a request header has"),
    entry("req.hdr", OCCURRENCE, Type::Str, Get::RequestAll(HDR), "an item of a request header"),
    entry("req.hdr_cnt", NAME, Type::Int, Get::Request(|r, args| Some(count(items(r.head(), args)))), "how many items a request header has"),
    entry("req.hdr_ip", OCCURRENCE, Type::Ipv4, Get::RequestAll(HDR_IP), "an item of a request header as an address"),
    entry("req.hdr_names", NAME, Type::Str, Get::Request(|r, args| Some(names(r.head(), args))), "the names of the request's headers"),
    entry("req.hdr_val", OCCURRENCE, Type::Int, Get::RequestAll(HDR_VAL), "an item of a request header as a number"),
    entry("req.hdrs", &[], Type::Bin, Get::Request(|r, _| Some(all(r.head()))), "the request's headers as they would be sent"),
    entry("req.hdrs_bin", &[], Type::Bin, Get::Request(|r, _| Some(all_binary(r.head()))), "the request's headers, each part with its length before it"),
    entry("res.fhdr", OCCURRENCE, Type::Str, Get::ResponseAll(FHDR), "a whole value of a response header"),
    entry("res.fhdr_cnt", NAME, Type::Int, Get::Response(|r, args| Some(count(lines(&r.head, args)))), "how many lines a response header has"),
    entry("res.hdr", OCCURRENCE, Type::Str, Get::ResponseAll(HDR), "an item of a response header"),
    entry("res.hdr_cnt", NAME, Type::Int, Get::Response(|r, args| Some(count(items(&r.head, args)))), "how many items a response header has"),
    entry("res.hdr_ip", OCCURRENCE, Type::Ipv4, Get::ResponseAll(HDR_IP), "an item of a response header as an address"),
    entry("res.hdr_names", NAME, Type::Str, Get::Response(|r, args| Some(names(&r.head, args))), "the names of the response's headers"),
    entry("res.hdr_val", OCCURRENCE, Type::Int, Get::ResponseAll(HDR_VAL), "an item of a response header as a number"),
    entry("res.hdrs", &[], Type::Bin, Get::Response(|r, _| Some(all(&r.head))), "the response's headers as they would be sent"),
    entry("res.hdrs_bin", &[], Type::Bin, Get::Response(|r, _| Some(all_binary(&r.head))), "the response's headers, each part with its length before it"),
    entry("shdr", OCCURRENCE, Type::Str, Get::ResponseAll(HDR), "old name of `res.hdr`"),
    entry("shdr_cnt", NAME, Type::Int, Get::Response(|r, args| Some(count(items(&r.head, args)))), "old name of `res.hdr_cnt`"),
    entry("shdr_ip", OCCURRENCE, Type::Ipv4, Get::ResponseAll(HDR_IP), "old name of `res.hdr_ip`"),
    entry("shdr_val", OCCURRENCE, Type::Int, Get::ResponseAll(HDR_VAL), "old name of `res.hdr_val`"),
];

/// The items of a header, at commas.
const HDR: Many = Many {
    one: |head, args| match (args.some_text(0), args.int_or(1, 0)) {
        // The usual question, answered without looking at more than one line.
        (Some(name), 0 | -1) => {
            let line = head.values(name).next_back()?;
            list_items(line).last().map(Value::text)
        }
        _ => one(items(head, args), args).map(Value::text),
    },
    each: |head, args, test| each(items(head, args), args, |item| test(Value::text(item))),
};

/// The values of a header, line by line.
const FHDR: Many = Many {
    one: |head, args| one(lines(head, args), args).map(Value::text),
    each: |head, args, test| each(lines(head, args), args, |item| test(Value::text(item))),
};

/// Items as numbers.
const HDR_VAL: Many = Many {
    one: |head, args| one(items(head, args), args).map(number),
    each: |head, args, test| each(items(head, args), args, |item| test(number(item))),
};

/// Items as addresses; those that are none are passed over.
const HDR_IP: Many = Many {
    one: |head, args| one(items(head, args), args).and_then(address),
    each: |head, args, test| {
        each(items(head, args), args, |item| {
            address(item).is_some_and(&mut *test)
        })
    },
};

fn lines<'s>(head: &'s Head, args: &'s Args) -> impl Iterator<Item = &'s [u8]> + Clone {
    let name = args.some_text(0);
    (0..head.len())
        .filter_map(|at| head.field(at))
        .filter(move |field| name.is_none_or(|name| field.name.eq_ignore_ascii_case(name)))
        .map(|field| field.value)
}

fn items<'s>(head: &'s Head, args: &'s Args) -> impl Iterator<Item = &'s [u8]> + Clone {
    lines(head, args).flat_map(list_items)
}

/// The occurrence that the second argument asks for: the last one if it asks for none.
fn one<'s>(all: impl Iterator<Item = &'s [u8]> + Clone, args: &Args) -> Option<&'s [u8]> {
    match args.int_or(1, 0) {
        // HAProxy gives none where no name was written, though it gives the last one for `hdr()`.
        0 if matches!(args.at(0), Arg::None) => None,
        0 => all.last(),
        n => nth(all, i32::try_from(n).ok()?),
    }
}

fn each<'s>(
    mut all: impl Iterator<Item = &'s [u8]> + Clone,
    args: &Args,
    mut test: impl FnMut(&'s [u8]) -> bool,
) -> bool {
    match args.int_or(1, 0) {
        0 => all.any(test),
        _ => one(all, args).is_some_and(&mut test),
    }
}

fn number(item: &[u8]) -> Value<'static> {
    Value::Int(loose_int(item))
}

/// The address that an item is: IPv4, perhaps with a port, or IPv6 without brackets.
fn address(item: &[u8]) -> Option<Value<'static>> {
    if let Some((v4, taken)) = leading_ipv4(item) {
        let port = item.get(taken..)?;
        return (port.is_empty() || is_port(port)).then_some(Value::Ipv4(v4));
    }
    let text = std::str::from_utf8(item).ok()?;
    text.parse().ok().map(|v6| Value::address(IpAddr::V6(v6)))
}

/// A colon and a port number.
fn is_port(text: &[u8]) -> bool {
    let Some(digits) = text.strip_prefix(b":") else {
        return false;
    };
    std::str::from_utf8(digits).is_ok_and(|digits| digits.parse::<u16>().is_ok())
}

fn count<'s>(all: impl Iterator<Item = &'s [u8]>) -> Value<'static> {
    Value::Int(all.count() as i64)
}

fn names<'s>(head: &'s Head, args: &'s Args) -> Value<'s> {
    let delimiter = match args.at(0) {
        Arg::None => b',',
        // HAProxy takes the first byte of what it holds as a C string.
        _ => args.text(0).first().copied().unwrap_or(0),
    };
    let mut out = Vec::new();
    for (name, _) in head.fields() {
        if !out.is_empty() {
            out.push(delimiter);
        }
        out.extend_from_slice(name);
    }
    Value::owned(out)
}

fn all(head: &Head) -> Value<'static> {
    let mut out = Vec::with_capacity(head.encoded_len());
    head.write_fields_to(&mut out);
    out.extend_from_slice(b"\r\n");
    Value::Bin(out.into())
}

fn all_binary(head: &Head) -> Value<'static> {
    let mut out = Vec::with_capacity(head.encoded_len());
    for (name, value) in head.fields() {
        for part in [name, value] {
            varint(part.len() as u64, &mut out);
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(&[0, 0]);
    Value::Bin(out.into())
}

/// The variable-length integer of the SPOE and peers protocols: below 240 one byte, above it 4 bits, then
/// 7 bits at a time, least first.
fn varint(mut n: u64, out: &mut Vec<u8>) {
    if n < 240 {
        out.push(n as u8);
        return;
    }
    out.push(n as u8 | 240);
    n = (n - 240) >> 4;
    while n >= 128 {
        out.push(n as u8 | 128);
        n = (n - 128) >> 7;
    }
    out.push(n as u8);
}
