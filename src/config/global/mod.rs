//! Keywords of the `global` section (manual 3).

mod compression;
mod cpu_map;
mod environment;
mod http2;
mod httpclient;
mod limits;
mod moot;
mod process;
mod stats;
mod tune;
mod unused;

use super::args::{Args, Parsed};
use super::keyword::Table;
use super::load::Load;
use super::tls;
use crate::settings::Global;

/// Every keyword of the `global` section.
pub(super) const TABLE: Table<Global> = &[
    process::KEYWORDS,
    limits::KEYWORDS,
    environment::KEYWORDS,
    stats::KEYWORDS,
    tune::KEYWORDS,
    compression::KEYWORDS,
    http2::KEYWORDS,
    httpclient::KEYWORDS,
    moot::KEYWORDS,
    tls::global::KEYWORDS,
    tls::global::TOLD,
    unused::TLS,
    unused::GLITCHES,
    unused::QUIC,
    unused::OTHERS,
    unused::REFUSED,
];

/// A keyword that later work brings.
fn not_yet(args: &Args<'_>, needs: &str) -> Parsed {
    args.fail(&format!("is not available yet: it needs {needs}."))
}

/// Takes any words: for keywords whose effect nothing can ask for.
fn anything(_: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.word("an argument")?;
    args.skip();
    Ok(())
}

/// Takes one number.
fn number(_: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.int(0..=i64::from(u32::MAX)).map(|_| ())
}

/// Takes `on` or `off`.
fn switch(_: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.on_off().map(|_| ())
}

/// Takes nothing.
fn nothing(_: &mut Global, _: &mut Args<'_>, _: &mut Load) -> Parsed {
    Ok(())
}
