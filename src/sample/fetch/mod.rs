//! Fetches: one table per family, in the manual's order (7.3.2 to 7.3.7).

mod absent;
mod constants;
mod kept;
mod layer4;
mod process;
mod request;

use super::args::{Kind, Param, may, need};
use super::table::{Fetch, Get};
use super::value::{Type, Value};

/// The families.
const FAMILIES: &[&[Fetch]] = &[
    constants::TABLE,
    process::TABLE,
    layer4::TABLE,
    request::TABLE,
    kept::TABLE,
    absent::TABLE,
];

/// All fetches.
pub fn all() -> impl Iterator<Item = &'static Fetch> {
    FAMILIES.iter().copied().flatten()
}

/// The fetch of this name.
pub fn find(name: &str) -> Option<&'static Fetch> {
    all().find(|fetch| fetch.name == name)
}

/// The names of all fetches.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|fetch| fetch.name)
}

const fn entry(
    name: &'static str,
    params: &'static [Param],
    out: Type,
    get: Get,
    doc: &'static str,
) -> Fetch {
    Fetch {
        name,
        params,
        out,
        doc,
        get,
    }
}
