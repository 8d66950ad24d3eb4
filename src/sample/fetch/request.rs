//! Parts of a request (manual 7.3.6).

use std::borrow::Cow;

use super::*;
use crate::http::{Head, Target, list_items};
use crate::sample::args::Args;
use crate::sample::table::{Many, Request};

const HEADER: &[Param] = &[may(Kind::Str), may(Kind::Int)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("base", &[], Type::Str, Get::Request(base), "host and path"),
    entry("hdr", HEADER, Type::Str, Get::MessageAll(HDR), "an item of a header of the message in hand"),
    entry("path", &[], Type::Str, Get::Request(|r, _| nonempty(Target::of(r.head().target()).path())), "the path, from the first slash up to the question mark"),
    entry("pathq", &[], Type::Str, Get::Request(|r, _| nonempty(Target::of(r.head().target()).path_and_query())), "the path and the query"),
    entry("query", &[], Type::Str, Get::Request(|r, _| Target::of(r.head().target()).query().map(Value::text)), "what follows the question mark"),
    entry("req.fhdr", HEADER, Type::Str, Get::RequestAll(FHDR), "a whole value of a request header"),
    entry("req.hdr", HEADER, Type::Str, Get::RequestAll(HDR), "an item of a request header"),
    entry("url", &[], Type::Str, Get::Request(|r, _| nonempty(r.head().target())), "the request target as it came"),
];

fn nonempty(bytes: &[u8]) -> Option<Value<'_>> {
    (!bytes.is_empty()).then(|| Value::text(bytes))
}

/// The items of a header, at commas.
pub(super) const HDR: Many = Many {
    one: |head, args| find(items(head, args), args),
    each: |head, args, test| each(items(head, args), args, test),
};

/// The values of a header, line by line.
pub(super) const FHDR: Many = Many {
    one: |head, args| find(lines(head, args), args),
    each: |head, args, test| each(lines(head, args), args, test),
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
fn find<'s>(mut all: impl Iterator<Item = &'s [u8]> + Clone, args: &Args) -> Option<Value<'s>> {
    let found = match args.int_or(1, 0) {
        0 | -1 => all.last(),
        n @ 1.. => all.nth(usize::try_from(n - 1).ok()?),
        n => {
            let back = usize::try_from(n.unsigned_abs()).ok()?;
            let count = all.clone().count();
            all.nth(count.checked_sub(back)?)
        }
    };
    found.map(Value::text)
}

fn each<'s>(
    mut all: impl Iterator<Item = &'s [u8]> + Clone,
    args: &Args,
    test: &mut dyn FnMut(Value<'s>) -> bool,
) -> bool {
    match args.int_or(1, 0) {
        0 => all.any(|item| test(Value::text(item))),
        _ => find(all, args).is_some_and(test),
    }
}

/// The `Host` header's first value.
pub(super) fn host(head: &Head) -> &[u8] {
    head.find(b"host").unwrap_or_default()
}

fn base<'s>(request: Request<'s>, _: &'s Args) -> Option<Value<'s>> {
    let head = request.head();
    let mut out = host(head).to_vec();
    let path = Target::of(head.target()).path();
    if path.first() == Some(&b'/') {
        out.extend_from_slice(path);
    }
    (!out.is_empty()).then_some(Value::Str(Cow::Owned(out)))
}
