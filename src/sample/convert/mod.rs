//! Converters: one table per family (manual 7.3.1).

mod arithmetic;
mod text;

use super::args::{Kind, Param, may, need};
use super::table::{Convert, Converter};
use super::value::{Type, Value};

/// The families.
const FAMILIES: &[&[Converter]] = &[arithmetic::TABLE, text::TABLE];

/// All converters.
pub fn all() -> impl Iterator<Item = &'static Converter> {
    FAMILIES.iter().copied().flatten()
}

/// The converter of this name.
pub fn find(name: &str) -> Option<&'static Converter> {
    all().find(|converter| converter.name == name)
}

/// The names of all converters.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|converter| converter.name)
}

const fn entry(
    name: &'static str,
    params: &'static [Param],
    out: Type,
    convert: Convert,
    doc: &'static str,
) -> Converter {
    Converter {
        name,
        params,
        out,
        doc,
        convert,
    }
}
