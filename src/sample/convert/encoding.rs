//! Bytes as text and back: base64, hexadecimal, URLs, JSON strings.

use std::borrow::Cow;

use super::*;
use crate::sample::args::Args;
use crate::sample::codec;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("b64dec", &[], Type::Bin, Convert::Str(|text, _, _| Some(Value::Bin(Cow::Owned(codec::decode_base64(&text)?)))), "the bytes that base64 stands for"),
    entry("base2", &[], Type::Str, Convert::Bin(|bytes, _, _| Some(Value::owned(bits(&bytes)))), "eight binary digits per byte"),
    entry("base64", &[], Type::Str, Convert::Bin(|bytes, _, _| Some(Value::owned(codec::encode_base64(&bytes)))), "base64"),
    entry("be2dec", CHUNKS, Type::Str, Convert::Bin(|bytes, args, _| decimal(&bytes, args, Order::Big)), "decimal numbers of so many big-endian bytes, with a separator"),
    entry("be2hex", &[may(Kind::Separator), may(Kind::Int), may(Kind::OneOf(&[0, 1]))], Type::Str, Convert::Bin(be2hex), "hexadecimal, with a separator after so many bytes"),
    entry("hex", &[], Type::Str, Convert::Bin(|bytes, _, _| Some(Value::owned(codec::hex(&bytes)))), "two hexadecimal digits per byte"),
    entry("hex2i", &[], Type::Int, Convert::Str(hex2i), "the number that hexadecimal digits stand for"),
    entry("htonl", &[], Type::Bin, Convert::Int(|n, _, _| Some(Value::Bin(Cow::Owned((n as u32).to_be_bytes().to_vec())))), "the number's four bytes in network order"),
    entry("le2dec", CHUNKS, Type::Str, Convert::Bin(|bytes, args, _| decimal(&bytes, args, Order::Little)), "decimal numbers of so many little-endian bytes, with a separator"),
    entry("ub64dec", &[], Type::Bin, Convert::Str(|text, _, _| Some(Value::Bin(Cow::Owned(codec::decode_base64url(&text)?)))), "the bytes that base64url stands for"),
    entry("ub64enc", &[], Type::Str, Convert::Bin(|bytes, _, _| Some(Value::owned(codec::encode_base64url(&bytes)))), "base64url"),
    entry("url_dec", &[may(Kind::Int)], Type::Str, Convert::Str(url_dec), "with %XX decoded, and + in a query or, if said so, anywhere"),
    entry("url_enc", &[may(Kind::ChoiceOrNone(&["query"]))], Type::Str, Convert::Str(|text, _, _| Some(Value::owned(url_enc(&text)))), "with all but letters, digits and -._~ as %XX"),
];

/// Separator, bytes in a chunk, whether a shorter last one is left out.
const CHUNKS: &[Param] = &[
    need(Kind::Str),
    need(Kind::Range(1, 8)),
    may(Kind::OneOf(&[0, 1])),
];

/// Which byte of a number comes first.
enum Order {
    Big,
    Little,
}

fn chunks<'b>(bytes: &'b [u8], size: usize, args: &Args) -> impl Iterator<Item = &'b [u8]> {
    let whole_only = args.int_or(2, 0) != 0;
    bytes
        .chunks(size)
        .filter(move |chunk| !whole_only || chunk.len() == size)
}

/// Chunks as decimal numbers.
fn decimal<'s>(bytes: &[u8], args: &Args, order: Order) -> Option<Value<'s>> {
    let size = usize::try_from(args.int(1)?).ok()?;
    let mut out = Vec::new();
    for (at, chunk) in chunks(bytes, size.max(1), args).enumerate() {
        if at > 0 {
            out.extend_from_slice(args.text(0));
        }
        let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        let number = match order {
            Order::Big => chunk.iter().fold(0, push),
            Order::Little => chunk.iter().rev().fold(0, push),
        };
        out.extend_from_slice(number.to_string().as_bytes());
    }
    Some(Value::owned(out))
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: u8, at: u8| b'0' + (byte >> (7 - at) & 1);
    let digits = |byte: &u8| [0, 1, 2, 3, 4, 5, 6, 7].map(|at| digit(*byte, at));
    bytes.iter().flat_map(digits).collect()
}

fn be2hex<'s>(bytes: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let Some(size) = args.int(1) else {
        return Some(Value::owned(codec::hex(&bytes)));
    };
    let mut out = Vec::new();
    for (at, chunk) in chunks(&bytes, usize::try_from(size).unwrap_or(0).max(1), args).enumerate() {
        if at > 0 {
            out.extend_from_slice(args.text(0));
        }
        out.extend_from_slice(&codec::hex(chunk));
    }
    Some(Value::owned(out))
}

fn hex2i<'s>(text: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let mut n = 0u64;
    for byte in text.iter() {
        n = n << 4 | u64::from(codec::hex_digit(*byte)?);
    }
    Some(Value::Int(n as i64))
}

fn url_dec<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let mut in_form = args.int_or(0, 0) != 0;
    if memchr::memchr2(b'%', b'+', &text).is_none() {
        return Some(Value::Str(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        out.push(match byte {
            b'+' if in_form => b' ',
            b'%' => {
                let high = codec::hex_digit(*bytes.next()?)?;
                let low = codec::hex_digit(*bytes.next()?)?;
                high << 4 | low
            }
            other => {
                in_form |= other == b'?';
                other
            }
        });
    }
    Some(Value::owned(out))
}

fn url_enc(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.push(b'%');
            out.extend_from_slice(&codec::hex_pair(byte));
        }
    }
    out
}
