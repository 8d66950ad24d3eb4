//! Text: case, length, joining.

use std::borrow::Cow;

use super::*;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("length", &[], Type::Int, Convert::Str(|text, _, _| Some(Value::Int(text.len() as i64))), "the number of bytes"),
    entry("lower", &[], Type::Str, Convert::Str(|text, _, _| Some(Value::Str(lower(text)))), "small letters"),
    entry("upper", &[], Type::Str, Convert::Str(|text, _, _| Some(Value::Str(upper(text)))), "capital letters"),
];

pub(super) fn lower(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if text.iter().any(u8::is_ascii_uppercase) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        text
    }
}

fn upper(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if text.iter().any(u8::is_ascii_lowercase) {
        Cow::Owned(text.to_ascii_uppercase())
    } else {
        text
    }
}
