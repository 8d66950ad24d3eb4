//! The `Accept-Language` header (manual 7.3.1, `language`; RFC 9110 12.5.4).

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("language", &[need(Kind::Str), may(Kind::Str)], Type::Str, Convert::Str(language), "the language of a list that the client likes best"),
];

/// Thousandths of a `q=` weight: a digit, a dot, up to three digits. Others weigh 1.
fn weight(parameter: &[u8]) -> u32 {
    let Some(number) = parameter.trim_ascii().strip_prefix(b"q=") else {
        return 1000;
    };
    match number {
        [b'0'] => 0,
        [b'0', b'.', digits @ ..] => {
            let mut out = 0;
            let mut unit = 100;
            for digit in digits.iter().take(3).take_while(|b| b.is_ascii_digit()) {
                out += unit * u32::from(digit - b'0');
                unit /= 10;
            }
            out
        }
        _ => 1000,
    }
}

/// Of the languages that the list has, whole or as the part before a dash, the one of the greatest
/// weight; the first of several.
fn language<'s>(text: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let known = |name: &[u8]| {
        args.text(0)
            .split(|byte| *byte == b';')
            .find(|known| !known.is_empty() && *known == name)
    };
    let mut best: Option<(&[u8], u32)> = None;
    for item in text.split(|byte| *byte == b',') {
        let mut parts = item.splitn(2, |byte| *byte == b';');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let weight = parts.next().map_or(1000, weight);
        let base = name.split(|byte| *byte == b'-').next().unwrap_or_default();
        let Some(found) = known(name).or_else(|| known(base)) else {
            continue;
        };
        if weight > best.map_or(0, |(_, weight)| weight) {
            best = Some((found, weight));
        }
    }
    match best {
        Some((found, _)) => Some(Value::text(found)),
        None => args.some_text(1).map(Value::text),
    }
}
