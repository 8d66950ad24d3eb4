//! Text escaped for a JSON string (manual 7.3.1, `json`).

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("json", &[may(Kind::ChoiceOrNone(&["ascii", "utf8", "utf8s", "utf8p", "utf8ps"]))], Type::Str, Convert::Str(json), "escaped for a JSON string"),
];

/// What stands at the beginning of UTF-8 text.
enum Char {
    /// A character, and how many bytes it takes.
    Good(u32, usize),
    /// A character that is encoded in more bytes than needed.
    Overlong(u32, usize),
    /// No character in so many bytes.
    Bad(usize),
}

fn first(text: &[u8]) -> Char {
    let lead = text.first().copied().unwrap_or(0);
    let (len, mut code) = match lead {
        0..0x80 => return Char::Good(u32::from(lead), 1),
        0xc0..0xe0 => (2, u32::from(lead & 0x1f)),
        0xe0..0xf0 => (3, u32::from(lead & 0x0f)),
        0xf0..0xf8 => (4, u32::from(lead & 0x07)),
        0xf8..0xfc => (5, u32::from(lead & 0x03)),
        0xfc..0xfe => (6, u32::from(lead & 0x01)),
        _ => return Char::Bad(1),
    };
    for at in 1..len {
        match text.get(at) {
            Some(&byte @ 0x80..0xc0) => code = code << 6 | u32::from(byte & 0x3f),
            _ => return Char::Bad(at),
        }
    }
    let least: [u32; 7] = [0, 0, 0x80, 0x800, 0x1_0000, 0x20_0000, 0x400_0000];
    let forbidden = matches!(code, 0xd800..0xe000 | 0xfffe | 0xffff | 0x11_0000..);
    match () {
        () if forbidden => Char::Bad(len),
        () if least.get(len).is_some_and(|least| code < *least) => Char::Overlong(code, len),
        () => Char::Good(code, len),
    }
}

fn json<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let decoder = args.int_or(0, 0);
    let (skips, fixes) = (matches!(decoder, 2 | 4), matches!(decoder, 3 | 4));
    let mut out = Vec::with_capacity(text.len() + 8);
    let mut rest: &[u8] = &text;
    while let Some(&byte) = rest.first() {
        let (code, len) = match first(rest) {
            _ if decoder == 0 => (Some(u32::from(byte)), 1),
            Char::Good(code, len) => (Some(code), len),
            Char::Overlong(code, len) if fixes => (Some(code), len),
            Char::Overlong(_, len) | Char::Bad(len) => (None, len),
        };
        rest = rest.get(len..).unwrap_or_default();
        // What four hexadecimal digits cannot say counts as an error too.
        match code.filter(|code| *code <= 0xffff) {
            Some(code) => escape(code, &mut out),
            None if skips => {}
            None => return None,
        }
    }
    Some(Value::owned(out))
}

fn escape(code: u32, out: &mut Vec<u8>) {
    let short = match code {
        0x08 => b'b',
        0x09 => b't',
        0x0a => b'n',
        0x0c => b'f',
        0x0d => b'r',
        0x22 => b'"',
        0x2f => b'/',
        0x5c => b'\\',
        0x20..0x7f => {
            out.push(code as u8);
            return;
        }
        _ => {
            out.extend_from_slice(format!("\\u{code:04x}").as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}
