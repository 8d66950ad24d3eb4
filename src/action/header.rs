//! Rules that edit headers.

use super::read::{Side, Words, ready, rendered};
use super::rewrite::{self, follow_host, grow};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::diag::Diagnostic;
use crate::format::FormatUse;
use crate::http::{Head, Reply, Version, list_items};
use crate::regex::Regex;
use crate::sample::{Pending, Scope};

pub(super) static HEADERS: &[Entry] = &[
    Entry::new("add-header", "<name> <fmt>", "adds a header line", |w| {
        add_or_set(w, false)
    }),
    Entry::new(
        "set-header",
        "<name> <fmt>",
        "replaces all lines of a header by one",
        |w| add_or_set(w, true),
    ),
    Entry::new(
        "del-header",
        "<name> [ -m <meth> ]",
        "removes all lines whose name matches",
        delete,
    ),
    Entry::new(
        "replace-header",
        "<name> <regex> <fmt>",
        "replaces the values of a header that match",
        |w| replace(w, false),
    ),
    Entry::new(
        "replace-value",
        "<name> <regex> <fmt>",
        "replaces the items of a header's lists that match",
        |w| replace(w, true),
    ),
];

pub(super) static EARLY_HINT: Entry = Entry::new(
    "early-hint",
    "<name> <fmt>",
    "sends a 103 response with a header",
    early_hint,
);

fn add_or_set(words: &mut Words<'_, '_, '_>, set: bool) -> Read {
    const MISSING: &str = "expects exactly 2 arguments";
    let side = words.side();
    let word = words.word(MISSING)?;
    if let Some(plain) = word.bytes.strip_suffix(b":") {
        let plain = String::from_utf8_lossy(plain);
        let message = format!("the colon is part of the header's name: '{}:'", word.text());
        let warning = Diagnostic::warning(word.span, message).help(format!(
            "did you mean `{plain}`? The colon is written by itself"
        ));
        words.cx.diagnostics.push(warning);
    }
    let name: Box<[u8]> = word.bytes.as_slice().into();
    let format = words.format(MISSING, FormatUse::Http)?;
    Ok(Pending::new(move |linker| {
        let (name, format) = (name.clone(), format.link(linker)?);
        let host = names_host(side, &name);
        Ok(Action::new(Box::new(move |scope| {
            rendered(&format, scope, |scope, value| {
                if set {
                    side.head(scope).remove(&name);
                }
                grow(side, scope, name.len() + value.len(), 1, |head| {
                    head.add(&name, value);
                    if host {
                        follow_host(head, value);
                    }
                })
            })
        })))
    }))
}

/// Whether the header is the one that the target of a request in absolute form goes with.
fn names_host(side: Side, name: &[u8]) -> bool {
    side == Side::Request && name.eq_ignore_ascii_case(b"host")
}

/// How `del-header` finds names.
#[derive(Clone)]
enum Names {
    Str,
    Beg,
    End,
    Sub,
    Reg(Regex),
}

fn delete(words: &mut Words<'_, '_, '_>) -> Read {
    let side = words.side();
    let name = words.word("expects at least 1 argument")?;
    let pattern = name.bytes.to_ascii_lowercase();
    let mut names = Names::Str;
    if words.cursor.take_if("-m") {
        let method = words.word("-m flag expects exactly 1 argument")?;
        names = match method.bytes.as_slice() {
            b"str" => Names::Str,
            b"beg" => Names::Beg,
            b"end" => Names::End,
            b"sub" => Names::Sub,
            // Names are in small letters, and that is what it is held against.
            b"reg" => Names::Reg(words.regex_of(name, false)?),
            _ => {
                let text = method.text();
                return Err(words.refuse_at(
                    method.span,
                    format!("-m with unsupported matching method '{text}'"),
                ));
            }
        };
    }
    ready(move || {
        let (pattern, names) = (pattern.clone(), names.clone());
        Action::new(Box::new(move |scope| {
            let head = side.head(scope);
            match &names {
                Names::Str => head.remove(&pattern),
                Names::Beg => head.retain(|name, _| !name.starts_with(&pattern)),
                Names::End => head.retain(|name, _| !name.ends_with(&pattern)),
                Names::Sub => head.retain(|name, _| memchr::memmem::find(name, &pattern).is_none()),
                Names::Reg(regex) => head.retain(|name, _| !regex.is_match(name)),
            };
            Flow::Continue
        }))
    })
}

fn replace(words: &mut Words<'_, '_, '_>, items: bool) -> Read {
    const MISSING: &str = "expects exactly 3 arguments";
    let side = words.side();
    let name: Box<[u8]> = words.word(MISSING)?.bytes.as_slice().into();
    let regex = words.regex(MISSING)?;
    let format = words.format(MISSING, FormatUse::Http)?;
    Ok(Pending::new(move |linker| {
        let (name, regex, format) = (name.clone(), regex.clone(), format.link(linker)?);
        Ok(Action::new(Box::new(move |scope| {
            rendered(&format, scope, |scope, replacement| {
                replace_lines(side, &name, &regex, replacement, items, scope)
            })
        })))
    }))
}

fn replace_lines(
    side: Side,
    name: &[u8],
    regex: &Regex,
    replacement: &[u8],
    items: bool,
    scope: &mut Scope<'_>,
) -> Flow {
    let host = names_host(side, name);
    let mut out = Vec::new();
    let mut from = 0;
    loop {
        let head = side.head(scope);
        let Some(at) = head.position(name, from) else {
            return Flow::Continue;
        };
        from = at + 1;
        let value = head.field(at).map_or(&b""[..], |field| field.value);
        out.clear();
        let changed = if items {
            replace_items(value, regex, replacement, &mut out)
        } else {
            regex.captures(value, 0).is_some_and(|groups| {
                Regex::expand(value, &groups, replacement, &mut out);
                true
            })
        };
        if !changed {
            continue;
        }
        let more = out.len().saturating_sub(value.len());
        let flow = grow(side, scope, more, 0, |head| {
            head.replace_value(at, &out);
            if host {
                follow_host(head, &out);
            }
        });
        if !matches!(flow, Flow::Continue) {
            return flow;
        }
    }
}

/// Replaces the matching items of a list (slices of `value`) together with the blanks around them, as HAProxy does. Other
/// items stay as they are.
fn replace_items(value: &[u8], regex: &Regex, replacement: &[u8], out: &mut Vec<u8>) -> bool {
    let base = value.as_ptr().addr();
    let (mut copied, mut changed) = (0, false);
    for item in list_items(value) {
        let start = item.as_ptr().addr() - base;
        if let Some(groups) = regex.captures(item, 0) {
            let before = value.get(copied..start).unwrap_or_default();
            out.extend_from_slice(before.trim_ascii_end());
            Regex::expand(item, &groups, replacement, out);
            let end = start + item.len();
            let after = value.get(end..).unwrap_or_default();
            copied = end + (after.len() - after.trim_ascii_start().len());
            changed = true;
        }
    }
    out.extend_from_slice(value.get(copied..).unwrap_or_default());
    changed
}

fn early_hint(words: &mut Words<'_, '_, '_>) -> Read {
    const MISSING: &str = "expects exactly 2 arguments";
    let name: Box<[u8]> = words.word(MISSING)?.bytes.as_slice().into();
    let format = words.format(MISSING, FormatUse::Http)?;
    Ok(Pending::new(move |linker| {
        let (name, format) = (name.clone(), format.link(linker)?);
        Ok(Action::hint(Box::new(move |scope| {
            rendered(&format, scope, |scope, value| {
                if !rewrite::fits(scope, value.len()) {
                    return Flow::Internal;
                }
                let mut head = Head::response(Version::HTTP_11, 103, b"Early Hints");
                head.add(&name, value);
                Flow::Hint(Box::new(Reply {
                    head,
                    ..Reply::default()
                }))
            })
        })))
    }))
}
