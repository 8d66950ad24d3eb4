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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_haproxys() {
        let mut out = String::new();
        dump_fetches(&mut out).unwrap();
        dump_converters(&mut out).unwrap();
        for line in [
            "[ . . Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y . Y . . ] hdr([string,integer]): str",
            "[ Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y . . ] src: ipv4",
            "[ Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y ] var(string[,string]): any",
            "[ . . Y Y Y Y Y Y Y Y Y . . . . . . . . . . . ] http_auth(user list): bool",
            "field(integer,string[,integer]): str => str",
            "regsub(regex,string[,string]): str => str",
            "nbsrv: sint => str",
            "ipmask(IPv4 mask[,IPv6 mask]): addr => addr",
            "# List of registered sample converter functions:",
        ] {
            assert!(out.lines().any(|found| found == line), "{line}");
        }
        assert!(
            !out.contains("jwt_decrypt_cert"),
            "what is not there is not listed"
        );
    }
}
