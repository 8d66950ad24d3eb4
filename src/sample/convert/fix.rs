//! FIX messages (manual 7.3.1: fix_is_valid, fix_tag_value): `tag=value` fields, each ended by a byte 1.

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("fix_is_valid", &[], Type::Bool, Convert::Bin(is_valid), "whether it is a FIX message"),
    entry("fix_tag_value", &[need(Kind::Checked(check_tag))], Type::Bin, Convert::Bin(tag_value), "the value of a tag of a FIX message"),
];

const END: u8 = 1;
/// A shorter one cannot be a whole message: HAProxy does not look at it.
const SHORTEST: usize = 26;
const BEGIN_STRING: u32 = 8;
const BODY_LENGTH: u32 = 9;
const CHECK_SUM: u32 = 10;
const MSG_TYPE: u32 = 35;

/// A tag's number, from its number or name.
fn number(tag: &str) -> Option<u32> {
    let number = match tag {
        "BeginString" => BEGIN_STRING,
        "BodyLength" => BODY_LENGTH,
        "CheckSum" => CHECK_SUM,
        "MsgType" => MSG_TYPE,
        "SenderCompID" => 49,
        "TargetCompID" => 56,
        _ if tag.is_empty() || !tag.bytes().all(|byte| byte.is_ascii_digit()) => return None,
        // No message has a tag that is too large.
        _ => tag.parse().unwrap_or(u32::MAX),
    };
    (number > 0).then_some(number)
}

fn check_tag(tag: &str) -> Result<(), String> {
    match number(tag) {
        Some(_) => Ok(()),
        None => Err(format!("Unknown FIX tag name '{tag}'")),
    }
}

/// The next field and what follows it.
fn field(bytes: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let end = memchr::memchr(END, bytes)?;
    let (field, rest) = (bytes.get(..end)?, bytes.get(end + 1..)?);
    let equals = memchr::memchr(b'=', field)?;
    let tag = std::str::from_utf8(field.get(..equals)?).ok()?;
    Some((tag.parse().ok()?, field.get(equals + 1..)?, rest))
}

fn known_version(version: &[u8]) -> bool {
    matches!(
        version,
        b"FIX.4.0" | b"FIX.4.1" | b"FIX.4.2" | b"FIX.4.3" | b"FIX.4.4" | b"FIXT.1.1"
    )
}

/// Nothing if the message is not whole.
fn validity(bytes: &[u8]) -> Option<bool> {
    if bytes.len() < SHORTEST || !bytes.contains(&b'=') {
        return None;
    }
    let whole = |bytes| memchr::memchr(END, bytes).is_some();
    if !whole(bytes) {
        return None;
    }
    let Some((BEGIN_STRING, version, rest)) = field(bytes) else {
        return Some(false);
    };
    if !known_version(version) {
        return Some(false);
    }
    if !whole(rest) {
        return None;
    }
    let length = match field(rest) {
        Some((BODY_LENGTH, length, _)) => std::str::from_utf8(length).ok(),
        _ => None,
    };
    let Some(length) = length.and_then(|text| text.parse::<usize>().ok()) else {
        return Some(false);
    };
    let (_, _, rest) = field(rest)?;
    let head = bytes.len() - rest.len();
    // The body, then `10=nnn` and its end.
    let end = head.checked_add(length)?.checked_add(7)?;
    let message = bytes.get(..end)?;
    Some(whole_is_valid(message, head, length))
}

fn whole_is_valid(message: &[u8], head: usize, length: usize) -> bool {
    let Some((mut body, trailer)) = message.get(head..).and_then(|m| m.split_at_checked(length))
    else {
        return false;
    };
    let mut first = true;
    while !body.is_empty() {
        match field(body) {
            Some((tag, _, rest)) if !first || tag == MSG_TYPE => body = rest,
            _ => return false,
        }
        first = false;
    }
    let sum = message
        .iter()
        .take(head + length)
        .fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    match field(trailer) {
        Some((CHECK_SUM, digits, b"")) => digits == format!("{sum:03}").as_bytes() && !first,
        _ => false,
    }
}

fn is_valid<'s>(bytes: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    validity(&bytes).map(Value::Bool)
}

fn tag_value<'s>(bytes: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let wanted = number(std::str::from_utf8(args.text(0)).ok()?)?;
    let mut rest: &[u8] = &bytes;
    loop {
        let (tag, value, next) = field(rest)?;
        if tag == wanted {
            return Some(Value::Bin(value.to_vec().into()));
        }
        if tag == CHECK_SUM {
            return None;
        }
        rest = next;
    }
}
