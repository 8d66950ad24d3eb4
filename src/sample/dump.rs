//! The `-dKsmp` and `-dKcnv` dumps, in HAProxy's format.

use std::fmt::{self, Write};

use super::table::{Convert, Get};
use super::{args, convert, fetch};

const HEAD: &str = include_str!("dump_head.txt");

/// Every fetch that can be used, by name: where, its parameters, its type.
///
/// # Errors
/// Those of `out`.
pub fn dump_fetches(out: &mut dyn Write) -> fmt::Result {
    out.write_str(HEAD)?;
    let mut all: Vec<_> = fetch::all()
        .filter(|entry| !matches!(entry.get, Get::Later(_)))
        .collect();
    all.sort_by_key(|entry| entry.name);
    for entry in all {
        out.write_str("[ ")?;
        for letter in entry.get.points().0.chars() {
            write!(out, "{letter} ")?;
        }
        let (name, ty) = (entry.name, entry.out.name());
        writeln!(out, "] {name}{}: {ty}", args::signature(entry.params))?;
    }
    Ok(())
}

/// Every converter that can be used, by name: its parameters, what it gives and what it takes.
///
/// # Errors
/// Those of `out`.
pub fn dump_converters(out: &mut dyn Write) -> fmt::Result {
    out.write_str("# List of registered sample converter functions:\n")?;
    let mut all: Vec<_> = convert::all()
        .filter(|entry| !matches!(entry.convert, Convert::Later(..)))
        .collect();
    all.sort_by_key(|entry| entry.name);
    for entry in all {
        let (name, gives) = (entry.name, entry.out.name());
        let takes = entry.convert.takes().name();
        writeln!(
            out,
            "{name}{}: {gives} => {takes}",
            args::signature(entry.params)
        )?;
    }
    Ok(())
}
