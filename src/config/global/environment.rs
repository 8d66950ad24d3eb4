//! Environment and variables.

use super::super::args::{Args, Parsed};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use crate::acl::Acls;
use crate::action;
use crate::diag::{Diagnostic, Lead};
use crate::sample::{Captures, Contents, Context, Place};
use crate::settings::{Global, Kind, Mode};

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword(
        "setenv",
        "<name> <value>",
        "sets an environment variable",
        |_, a, l| {
            let (name, value) = pair(a)?;
            l.env.set(name, value);
            Ok(())
        },
    ),
    keyword(
        "presetenv",
        "<name> <value>",
        "sets one that does not exist",
        |_, a, l| {
            let (name, value) = pair(a)?;
            l.env.preset(name, value);
            Ok(())
        },
    ),
    keyword(
        "unsetenv",
        "<name>*",
        "removes environment variables",
        |_, a, l| {
            if a.done() {
                return refuse(a, "expects at least one name.");
            }
            while let Some(word) = a.take() {
                l.env.unset(&word.bytes);
            }
            Ok(())
        },
    ),
    keyword("resetenv", "[<name>]*", "removes all others", |_, a, l| {
        let mut keep: Vec<&[u8]> = Vec::new();
        while let Some(word) = a.take() {
            keep.push(&word.bytes);
        }
        l.env.reset(&keep);
        Ok(())
    }),
    keyword(
        "set-var",
        "<name> <expression>",
        "sets a variable of the process",
        |g, a, l| {
            let action = with_context(l, |cx| action::global_set_var(a, cx))?;
            g.vars.push(action);
            Ok(())
        },
    ),
    keyword(
        "set-var-fmt",
        "<name> <format>",
        "sets a variable of the process",
        |g, a, l| {
            let action = with_context(l, |cx| action::global_set_var_fmt(a, cx))?;
            g.vars.push(action);
            Ok(())
        },
    ),
];

fn refuse<T>(args: &Args<'_>, what: &str) -> Parsed<T> {
    let message = format!("'{}' {what}", args.name);
    Err(Box::new(
        Diagnostic::alert(args.keyword(), message).lead(Lead::Reading),
    ))
}

fn pair(args: &mut Args<'_>) -> Parsed<(Vec<u8>, Vec<u8>)> {
    match (args.take(), args.take()) {
        (Some(name), Some(value)) => Ok((name.bytes.clone(), value.bytes.clone())),
        _ => refuse(args, "expects a name and a value."),
    }
}

/// Reads something in a context that belongs to no proxy.
fn with_context<T>(load: &mut Load, read: impl FnOnce(&mut Context<'_>) -> Parsed<T>) -> Parsed<T> {
    let mut captures = Captures::default();
    read(&mut Context {
        place: Place::Config,
        kind: Kind::Defaults,
        mode: Mode::Http,
        proxy: "",
        acls: &Acls::default(),
        stick_counters: load.stick_counters(),
        experimental: load.experimental,
        contents: Contents::default(),
        captures: &mut captures,
        file: &load.file,
        files: &load.files,
        directory: load.directory.clone(),
        diagnostics: &mut load.diagnostics,
    })
}
