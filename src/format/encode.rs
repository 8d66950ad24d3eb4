//! Values as JSON (RFC 8259) or CBOR (RFC 8949): what `%{+json}` and `%{+cbor}` write (3.0 manual 8.2.6).

use super::emit::decimal;

/// How a value, or the whole line, is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// `+json`
    Json,
    /// `+cbor`: as hexadecimal digits, or as such under `+bin`.
    Cbor {
        /// `+bin`
        raw: bool,
    },
}

/// A value with the type that its encoding shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Datum<'v> {
    Absent,
    Bool(bool),
    Int(i64),
    Text(&'v [u8]),
    /// Bytes that are no text: a string all the same in JSON, which has nothing else.
    Bytes(&'v [u8]),
}

/// The type that an item's name asks for: `%(name:type)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Bool,
    Int,
    Str,
}

impl Wanted {
    pub(super) const NAMES: [(&'static str, Self); 4] = [
        ("bool", Self::Bool),
        ("sint", Self::Int),
        ("int", Self::Int),
        ("str", Self::Str),
    ];

    pub(super) fn of(name: &str) -> Option<Self> {
        let mut names = Self::NAMES.iter();
        names.find(|(known, _)| *known == name).map(|(_, ty)| *ty)
    }

    /// The value as this type; `digits` lends room for a number's text. What cannot be one is absent.
    pub(super) fn apply<'v>(self, datum: Datum<'v>, digits: &'v mut Vec<u8>) -> Datum<'v> {
        match (self, datum) {
            (_, Datum::Absent) => Datum::Absent,
            (Self::Bool, _) => integer(datum).map_or(Datum::Absent, |n| Datum::Bool(n != 0)),
            (Self::Int, _) => integer(datum).map_or(Datum::Absent, Datum::Int),
            (Self::Str, Datum::Bool(yes)) => Datum::Text(if yes { b"1" } else { b"0" }),
            (Self::Str, Datum::Int(n)) => {
                signed(n, digits);
                Datum::Text(digits)
            }
            (Self::Str, Datum::Text(text) | Datum::Bytes(text)) => Datum::Text(text),
        }
    }
}

fn integer(datum: Datum<'_>) -> Option<i64> {
    match datum {
        Datum::Absent => None,
        Datum::Bool(yes) => Some(yes.into()),
        Datum::Int(n) => Some(n),
        Datum::Text(text) | Datum::Bytes(text) => std::str::from_utf8(text).ok()?.parse().ok(),
    }
}

fn signed(n: i64, out: &mut Vec<u8>) {
    if n < 0 {
        out.push(b'-');
    }
    decimal(n.unsigned_abs(), out);
}

impl Encoding {
    /// Opens the object that a line becomes.
    pub(super) fn open(self, out: &mut Vec<u8>) {
        match self {
            Self::Json => out.push(b'{'),
            Self::Cbor { raw } => byte(0xbf, raw, out),
        }
    }

    /// Closes it.
    pub(super) fn close(self, out: &mut Vec<u8>) {
        match self {
            Self::Json => out.push(b'}'),
            Self::Cbor { raw } => byte(0xff, raw, out),
        }
    }

    /// The name of an item, before its value.
    pub(super) fn key(self, name: &str, first: bool, out: &mut Vec<u8>) {
        if self == Self::Json && !first {
            out.extend_from_slice(b", ");
        }
        self.value(Datum::Text(name.as_bytes()), out);
        if self == Self::Json {
            out.extend_from_slice(b": ");
        }
    }

    /// One value.
    pub(super) fn value(self, datum: Datum<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Json => json(datum, out),
            Self::Cbor { raw } => cbor(datum, raw, out),
        }
    }
}

fn json(datum: Datum<'_>, out: &mut Vec<u8>) {
    match datum {
        Datum::Absent => out.extend_from_slice(b"null"),
        Datum::Bool(yes) => out.extend_from_slice(if yes { b"true" } else { b"false" }),
        Datum::Int(n) => signed(n, out),
        Datum::Text(text) | Datum::Bytes(text) => {
            out.push(b'"');
            for chunk in text.utf8_chunks() {
                chunk.valid().bytes().for_each(|byte| escaped(byte, out));
                // What is no UTF-8 is shown as the characters of the same numbers.
                chunk.invalid().iter().for_each(|byte| unicode(*byte, out));
            }
            out.push(b'"');
        }
    }
}

fn escaped(byte: u8, out: &mut Vec<u8>) {
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0..0x20 | 0x7f => return unicode(byte, out),
        _ => return out.push(byte),
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn unicode(byte: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u00");
    hex(byte, out);
}

fn hex(byte: u8, out: &mut Vec<u8>) {
    let digit = |n: u8| b"0123456789ABCDEF"[usize::from(n & 15)];
    out.extend_from_slice(&[digit(byte >> 4), digit(byte)]);
}

fn byte(byte: u8, raw: bool, out: &mut Vec<u8>) {
    if raw {
        out.push(byte);
    } else {
        hex(byte, out);
    }
}

fn cbor(datum: Datum<'_>, raw: bool, out: &mut Vec<u8>) {
    match datum {
        Datum::Absent => byte(0xf6, raw, out),
        Datum::Bool(yes) => byte(0xf4 + u8::from(yes), raw, out),
        Datum::Int(n) if n < 0 => head(1, !n as u64, raw, out),
        Datum::Int(n) => head(0, n as u64, raw, out),
        // A text string has to be UTF-8; others go as bytes.
        Datum::Text(text) if std::str::from_utf8(text).is_ok() => string(3, text, raw, out),
        Datum::Text(bytes) | Datum::Bytes(bytes) => string(2, bytes, raw, out),
    }
}

fn string(major: u8, bytes: &[u8], raw: bool, out: &mut Vec<u8>) {
    head(major, bytes.len() as u64, raw, out);
    bytes.iter().for_each(|b| byte(*b, raw, out));
}

/// A major type and its number, in as few bytes as it takes.
fn head(major: u8, n: u64, raw: bool, out: &mut Vec<u8>) {
    let (info, width) = match n {
        0..24 => (n as u8, 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    byte(major << 5 | info, raw, out);
    let bytes = n.to_be_bytes();
    bytes[8 - width..].iter().for_each(|b| byte(*b, raw, out));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(encoding: Encoding, datum: Datum<'_>) -> String {
        let mut out = Vec::new();
        encoding.value(datum, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_of_values() {
        for (datum, expected) in [
            (Datum::Absent, "null"),
            (Datum::Bool(true), "true"),
            (Datum::Int(-42), "-42"),
            (Datum::Text(b""), "\"\""),
            (
                Datum::Text("a\"\\\n\u{1}é".as_bytes()),
                r#""a\"\\\n\u0001é""#,
            ),
            (Datum::Bytes(b"\xe9z"), r#""\u00E9z""#),
        ] {
            assert_eq!(encoded(Encoding::Json, datum), expected, "{datum:?}");
        }
    }

    /// The examples of RFC 8949, appendix A.
    #[test]
    fn cbor_of_values() {
        let long = [b'a'; 24];
        for (datum, expected) in [
            (Datum::Absent, "F6".to_owned()),
            (Datum::Bool(false), "F4".to_owned()),
            (Datum::Bool(true), "F5".to_owned()),
            (Datum::Int(0), "00".to_owned()),
            (Datum::Int(23), "17".to_owned()),
            (Datum::Int(24), "1818".to_owned()),
            (Datum::Int(1000), "1903E8".to_owned()),
            (Datum::Int(1_000_000), "1A000F4240".to_owned()),
            (
                Datum::Int(1_000_000_000_000),
                "1B000000E8D4A51000".to_owned(),
            ),
            (Datum::Int(-1), "20".to_owned()),
            (Datum::Int(-1000), "3903E7".to_owned()),
            (Datum::Int(i64::MIN), "3B7FFFFFFFFFFFFFFF".to_owned()),
            (Datum::Text(b""), "60".to_owned()),
            (Datum::Text(b"IETF"), "6449455446".to_owned()),
            (Datum::Text("\u{fc}".as_bytes()), "62C3BC".to_owned()),
            (Datum::Text(b"\xfc"), "41FC".to_owned()),
            (Datum::Bytes(&[1, 2, 3, 4]), "4401020304".to_owned()),
            (Datum::Text(&long), format!("7818{}", "61".repeat(24))),
        ] {
            let shown = encoded(Encoding::Cbor { raw: false }, datum);
            assert_eq!(shown, expected, "{datum:?}");
        }
        let mut out = Vec::new();
        Encoding::Cbor { raw: true }.value(Datum::Int(1000), &mut out);
        assert_eq!(out, [0x19, 0x03, 0xe8]);
    }

    #[test]
    fn wanted_types() {
        for (wanted, datum, expected) in [
            ("sint", Datum::Text(b"-7"), Datum::Int(-7)),
            ("sint", Datum::Text(b"GET"), Datum::Absent),
            ("bool", Datum::Int(2), Datum::Bool(true)),
            ("str", Datum::Int(-5), Datum::Text(b"-5")),
            ("str", Datum::Bool(false), Datum::Text(b"0")),
            ("int", Datum::Bool(true), Datum::Int(1)),
            ("str", Datum::Absent, Datum::Absent),
        ] {
            let mut digits = Vec::new();
            let got = Wanted::of(wanted).unwrap().apply(datum, &mut digits);
            assert_eq!(got, expected, "{wanted} {datum:?}");
        }
    }
}
