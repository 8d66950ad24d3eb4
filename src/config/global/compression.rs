//! Words about compression: how hard it works, and what HAProxy holds it to.
//!
//! HAProxy compresses less where processor, output or memory are short. That is measured nowhere here, so its
//! words are taken with a warning that says what happens instead.

use super::super::args::{Args, Parsed};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use crate::settings::Global;

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword(
        "tune.comp.maxlevel",
        "<n>",
        "how hard responses are compressed, 1 to 9",
        |g, a, _| {
            let expected = "expects a numeric value between 1 and 9";
            match a.take().and_then(|word| word.text().parse().ok()) {
                Some(level @ 1..=9) => g.compression_level = level,
                _ => return a.fail(expected),
            }
            Ok(())
        },
    ),
    keyword(
        "maxcompcpuusage",
        "<percent>",
        "compresses less when busier than this",
        |_, a, l| {
            let limit = a.int(0..=100)?;
            idle(a, l, limit < 100, "responses are compressed however busy the process is")
        },
    )
    .idle(),
    keyword(
        "maxcomprate",
        "<kilobytes>",
        "compresses less when more than this goes out per second",
        |_, a, l| {
            let limit = a.count()?;
            idle(a, l, limit > 0, "responses are compressed however many there are")
        },
    )
    .idle(),
    keyword(
        "maxzlibmem",
        "<megabytes>",
        "stops compression when it takes more memory than this",
        |_, a, l| {
            let limit = a.count()?;
            idle(a, l, limit > 0, "each response that is compressed takes the same, `maxconn` bounds how many there are")
        },
    )
    .idle(),
    keyword(
        "tune.zlib.memlevel",
        "<n>",
        "memory that each compression takes, 1 to 9",
        |_, a, l| {
            a.int(1..=9)?;
            idle(a, l, true, "each response that is compressed takes the same memory")
        },
    )
    .idle(),
    keyword(
        "tune.zlib.windowsize",
        "<n>",
        "how far back compression looks, 8 to 15 (a power of two)",
        |_, a, l| {
            a.int(8..=15)?;
            idle(a, l, true, "compression looks back as far as the format allows")
        },
    )
    .idle(),
];

/// Warns of a word that something was to be had by.
fn idle(args: &Args<'_>, load: &mut Load, asked: bool, instead: &str) -> Parsed {
    if asked {
        let name = args.name.as_str();
        load.warn(
            args.keyword(),
            format!("'{name}' has no effect: {instead}."),
        );
    }
    Ok(())
}
