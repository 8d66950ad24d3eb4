//! Fields of protocol buffers and gRPC messages (manual 7.3.1: protobuf, ungrpc).

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const TYPES: Kind = Kind::Choice(&[
    "int32", "int64", "uint32", "uint64", "bool", "enum", "sint32", "sint64", "fixed64",
    "sfixed64", "double", "fixed32", "sfixed32", "float",
]);
const FIELD: &[Param] = &[need(Kind::FieldNumber), may(TYPES)];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("protobuf", FIELD, Type::Bin, Convert::Bin(protobuf), "a field of a protocol buffers message"),
    entry("ungrpc", FIELD, Type::Bin, Convert::Bin(ungrpc), "a field of a gRPC message"),
];

/// A field's number and wire type, its raw value, and what follows it.
type Field<'b> = (u64, u8, &'b [u8], &'b [u8]);

/// A variable-length integer: how many bytes it takes, at most ten.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut n = 0u64;
    for (at, byte) in bytes.iter().take(10).enumerate() {
        n |= u64::from(byte & 0x7f).checked_shl(7 * at as u32)?;
        if byte & 0x80 == 0 {
            return Some((n, at + 1));
        }
    }
    None
}

fn field(bytes: &[u8]) -> Option<Field<'_>> {
    let (key, len) = varint(bytes)?;
    let rest = bytes.get(len..)?;
    let kind = (key & 7) as u8;
    let (skipped, len) = match kind {
        0 => (0, varint(rest)?.1),
        1 => (0, 8),
        2 => {
            let (len, taken) = varint(rest)?;
            (taken, usize::try_from(len).ok()?)
        }
        5 => (0, 4),
        _ => return None,
    };
    let end = skipped.checked_add(len)?;
    Some((key >> 3, kind, rest.get(skipped..end)?, rest.get(end..)?))
}

/// The first field at a path of numbers.
fn find<'b>(mut bytes: &'b [u8], path: &[u64]) -> Option<(u8, &'b [u8])> {
    let (wanted, deeper) = path.split_first()?;
    while !bytes.is_empty() {
        let (number, kind, value, rest) = field(bytes)?;
        if number == *wanted {
            if deeper.is_empty() {
                return Some((kind, value));
            }
            if kind == 2 {
                return find(value, deeper);
            }
        }
        bytes = rest;
    }
    None
}

/// A raw field as the type asked for.
fn typed((kind, raw): (u8, &[u8]), args: &Args) -> Option<Value<'static>> {
    let Some(ty) = args.int(1) else {
        return Some(Value::Bin(raw.to_vec().into()));
    };
    let fixed64 = || Some(u64::from_le_bytes(raw.try_into().ok()?));
    let fixed32 = || Some(u32::from_le_bytes(raw.try_into().ok()?));
    Some(Value::Int(match (ty, kind) {
        (0..=5, 0) => varint(raw)?.0 as i64,
        (6 | 7, 0) => {
            let (n, _) = varint(raw)?;
            (n >> 1) as i64 ^ -((n & 1) as i64)
        }
        (8 | 9, 1) => fixed64()? as i64,
        (10, 1) => f64::from_bits(fixed64()?) as i64,
        (11, 5) => i64::from(fixed32()?),
        (12, 5) => i64::from(fixed32()? as i32),
        (13, 5) => f32::from_bits(fixed32()?) as i64,
        _ => return None,
    }))
}

fn protobuf<'s>(bytes: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    typed(find(&bytes, args.path(0))?, args)
}

/// A gRPC body is messages, each behind a flag and four bytes of length.
fn ungrpc<'s>(bytes: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let mut rest: &[u8] = &bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<5>() {
        let [_, length @ ..] = *head;
        let length = u32::from_be_bytes(length) as usize;
        let message = tail.get(..length)?;
        if let Some(found) = find(message, args.path(0)) {
            return typed(found, args);
        }
        rest = tail.get(length..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::Stream;

    /// Answers are those of HAProxy 2.6.
    #[test]
    fn fields_are_found_by_number() {
        for (bytes, converter, gives) in [
            ("0a03616263", "protobuf(1)", Some("abc")),
            ("0896011205", "protobuf(1,int32)", Some("150")),
            ("0896011202ffff", "protobuf(2),hex", Some("FFFF")),
            ("0896011202ffff", "protobuf(3),hex", None),
            ("0896011202ffff", "protobuf(1),hex", Some("9601")),
            ("0896011202ffff", "protobuf(1,sint32)", Some("75")),
            ("0d0000803f", "protobuf(1,fixed32)", Some("1065353216")),
            ("0d0000803f", "protobuf(1,float)", Some("1")),
            ("0d0000803f", "protobuf(1,int32)", None),
            ("090000000000000040", "protobuf(1,double)", Some("2")),
            ("12040a020801", "protobuf(2.1.1,int32)", Some("1")),
            ("00000000050a03616263", "ungrpc(1)", Some("abc")),
            ("00000000050a03616263", "ungrpc(2)", None),
            ("00000000ff0a03616263", "ungrpc(1)", None),
            ("08ffffffffffffffffff01", "protobuf(1,int64)", Some("-1")),
            ("0803", "protobuf(1,sint64)", Some("-2")),
            ("0aff", "protobuf(1)", None),
            ("ffffffffffffffffffffff", "protobuf(1)", None),
        ] {
            let text = format!("bin({bytes}),{converter}");
            let got = Stream::request("GET / HTTP/1.1").eval(&text);
            assert_eq!(got.as_deref(), gives, "{text}");
        }
    }
}
