//! Buffered bytes of a stream (manual 7.3.5).

use super::*;
use crate::http::Message;
use crate::sample::args::Args;
use crate::sample::table::Bytes;

const BLOCK: &[Param] = &[need(Kind::Int), need(Kind::Int)];
const SIZED: &[Param] = &[
    need(Kind::Range(0, i64::MAX)),
    need(Kind::Range(1, i64::MAX)),
    may(Kind::PayloadOffset),
];
const NAME: &[Param] = &[may(Kind::Str)];

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("payload", BLOCK, Type::Bin, Get::MessageBytes(payload), "old name of `req.payload` and `res.payload`"),
    entry("payload_lv", SIZED, Type::Bin, Get::MessageBytes(payload_lv), "old name of `req.payload_lv` and `res.payload_lv`"),
    entry("rdp_cookie", NAME, Type::Str, Get::ClientBytes(rdp_cookie), "old name of `req.rdp_cookie`"),
    entry("rdp_cookie_cnt", NAME, Type::Int, Get::ClientBytes(rdp_cookie_cnt), "old name of `req.rdp_cookie_cnt`"),
    entry("req.len", &[], Type::Int, Get::ClientBytes(len), "how many bytes of the client are buffered"),
    entry("req.payload", BLOCK, Type::Bin, Get::ClientBytes(payload), "a block of the client's bytes: offset and length, 0 for all"),
    entry("req.payload_lv", SIZED, Type::Bin, Get::ClientBytes(payload_lv), "a block of the client's bytes whose length stands in them"),
    entry("req.rdp_cookie", NAME, Type::Str, Get::ClientBytes(rdp_cookie), "the cookie of an RDP connection request"),
    entry("req.rdp_cookie_cnt", NAME, Type::Int, Get::ClientBytes(rdp_cookie_cnt), "how many such RDP cookies there are: 0 or 1"),
    entry("req_len", &[], Type::Int, Get::ClientBytes(len), "old name of `req.len`"),
    entry("res.len", &[], Type::Int, Get::ServerBytes(len), "how many bytes of the server are buffered"),
    entry("res.payload", BLOCK, Type::Bin, Get::ServerBytes(payload), "a block of the server's bytes: offset and length, 0 for all"),
    entry("res.payload_lv", SIZED, Type::Bin, Get::ServerBytes(payload_lv), "a block of the server's bytes whose length stands in them"),
];

/// More bytes may come as long as the inspection lasts, so a test that fails is not final.
fn len<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    if let Some(message) = bytes.message {
        return Some(Value::Int(stored(message) as i64));
    }
    bytes.may_grow();
    Some(Value::Int(bytes.data().len() as i64))
}

fn payload<'s>(bytes: Bytes<'s>, args: &'s Args) -> Option<Value<'s>> {
    let start = usize::try_from(args.int(0)?).ok()?;
    let length = usize::try_from(args.int(1)?).ok()?;
    block(bytes, start, length)
}

/// What HAProxy takes to store an HTTP message that it holds: a start line (20 bytes and its parts), the names
/// and values of the headers, the end of them (1), and the body.
fn stored(message: &Message) -> usize {
    const START: usize = 20;
    const VERSION: usize = 8;
    let head = &message.head;
    let line = if head.is_request() {
        head.method().len() + head.target().len()
    } else {
        3 + head.reason().len()
    };
    let fields: usize = head
        .fields()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    // The end of the chunks, once it has come, is one more.
    let end = message.body_len.is_none() && !message.body.is_empty();
    START + VERSION + line + fields + 1 + message.body.len() + usize::from(end)
}

/// `length` bytes from `start`, 0 for all there are.
fn block<'s>(bytes: Bytes<'s>, start: usize, length: usize) -> Option<Value<'s>> {
    let data = bytes.data();
    if length == 0 {
        bytes.may_grow();
        return match data.get(start..) {
            Some(rest) if !rest.is_empty() => Some(Value::bytes(rest)),
            _ => bytes.wait(),
        };
    }
    match data.get(start..start.checked_add(length)?) {
        Some(block) => Some(Value::bytes(block)),
        None => bytes.wait(),
    }
}

fn payload_lv<'s>(bytes: Bytes<'s>, args: &'s Args) -> Option<Value<'s>> {
    let at = usize::try_from(args.int(0)?).ok()?;
    let width = usize::try_from(args.int(1)?).ok()?;
    let Some(field) = bytes.data().get(at..at.checked_add(width)?) else {
        return bytes.wait();
    };
    let length = field.iter().try_fold(0usize, |n, byte| {
        Some(n.checked_mul(256)? + usize::from(*byte))
    })?;
    let behind = at + width;
    let start = match args.some_text(2) {
        None => behind,
        Some(text) => {
            let step: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
            let from = match text.first() {
                Some(b'+' | b'-') => behind as i64,
                _ => 0,
            };
            usize::try_from(from + step).ok()?
        }
    };
    if length == 0 {
        return None;
    }
    block(bytes, start, length)
}

/// The value of the cookie in an RDP connection request (TPKT, X.224), after `Cookie: name=`.
fn find_rdp_cookie<'s>(bytes: Bytes<'s>, name: Option<&[u8]>) -> Option<&'s [u8]> {
    const HEAD: usize = 11;
    const COOKIE: &[u8] = b"Cookie:";
    let data = bytes.data();
    let known = data.len().min(HEAD);
    let shape: [Option<u8>; HEAD] = [
        Some(3),
        Some(0),
        None,
        None,
        None,
        Some(0xe0),
        None,
        None,
        None,
        None,
        None,
    ];
    let fits = |(byte, want): (&u8, &Option<u8>)| want.is_none_or(|want| want == *byte);
    if !data.iter().zip(&shape).take(known).all(fits) {
        return None;
    }
    let Some(text) = data.get(HEAD..).filter(|text| text.len() > COOKIE.len()) else {
        return bytes.wait();
    };
    if !text.get(..COOKIE.len())?.eq_ignore_ascii_case(COOKIE) {
        return None;
    }
    let line = text.get(COOKIE.len()..)?;
    let Some(end) = memchr::memchr(b'\r', line) else {
        return bytes.wait();
    };
    let pair = line.get(..end)?.trim_ascii_start();
    let equals = memchr::memchr(b'=', pair)?;
    let (key, value) = (pair.get(..equals)?, pair.get(equals + 1..)?);
    name.is_none_or(|name| name.eq_ignore_ascii_case(key))
        .then_some(value)
}

fn rdp_cookie<'s>(bytes: Bytes<'s>, args: &'s Args) -> Option<Value<'s>> {
    find_rdp_cookie(bytes, args.some_text(0)).map(Value::text)
}

fn rdp_cookie_cnt<'s>(bytes: Bytes<'s>, args: &'s Args) -> Option<Value<'s>> {
    let found = find_rdp_cookie(bytes, args.some_text(0)).is_some();
    Some(Value::Int(i64::from(found)))
}
