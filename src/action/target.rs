//! Rules that rewrite the request line.

use super::read::{Side, Words, rendered};
use super::rewrite::{follow_target, grow};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::format::FormatUse;
use crate::http::Head;
use crate::http::target::split_query;
use crate::regex::Regex;
use crate::sample::{Pending, Scope};

pub(super) static TARGETS: &[Entry] = &[
    Entry::new("set-method", "<fmt>", "sets the request method", |w| {
        set(w, Part::Method)
    }),
    Entry::new(
        "set-path",
        "<fmt>",
        "sets the path, keeping the query",
        |w| set(w, Part::Path),
    ),
    Entry::new("set-pathq", "<fmt>", "sets the path and the query", |w| {
        set(w, Part::PathAndQuery)
    }),
    Entry::new("set-query", "<fmt>", "sets the query", |w| {
        set(w, Part::Query)
    }),
    Entry::new("set-uri", "<fmt>", "sets the whole request target", |w| {
        set(w, Part::Uri)
    }),
    Entry::new(
        "replace-path",
        "<regex> <fmt>",
        "replaces a path that matches",
        |w| replace(w, Part::Path),
    ),
    Entry::new(
        "replace-pathq",
        "<regex> <fmt>",
        "replaces a path and query that match",
        |w| replace(w, Part::PathAndQuery),
    ),
    Entry::new(
        "replace-uri",
        "<regex> <fmt>",
        "replaces a request target that matches",
        |w| replace(w, Part::Uri),
    ),
];

/// A part of the request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Method,
    Path,
    PathAndQuery,
    Query,
    Uri,
}

impl Part {
    /// Where the part stands in a target.
    pub(super) fn range(self, target: &[u8]) -> std::ops::Range<usize> {
        let path = path_start(target);
        let query = target
            .get(path..)
            .map_or(target.len(), |rest| path + split_query(rest).0.len());
        match self {
            Self::Path => path..query,
            Self::PathAndQuery => path..target.len(),
            Self::Query => query..target.len(),
            Self::Method | Self::Uri => 0..target.len(),
        }
    }

    /// Puts new bytes in its place, if there is room for them.
    pub(super) fn rewrite(self, scope: &mut Scope<'_>, value: &[u8]) -> Flow {
        let head = &scope.txn.request.head;
        let before = match self {
            Self::Method => head.method().len(),
            _ => self.range(head.target()).len(),
        };
        let more = value.len().saturating_sub(before);
        grow(Side::Request, scope, more, 0, |head| {
            self.set(head, value);
            if self == Self::Uri {
                follow_target(head);
            }
        })
    }

    fn set(self, head: &mut Head, value: &[u8]) {
        if self == Self::Method {
            head.set_method(value);
            return;
        }
        let target = head.target();
        let range = self.range(target);
        let mark = self == Self::Query && !(range.is_empty() && value.is_empty());
        let mut new = Vec::with_capacity(target.len() + value.len() + 1);
        new.extend_from_slice(target.get(..range.start).unwrap_or_default());
        if mark {
            new.push(b'?');
        }
        new.extend_from_slice(value);
        new.extend_from_slice(target.get(range.end..).unwrap_or_default());
        head.set_target(&new);
    }
}

/// Where the path begins: behind scheme and authority; `*` and an authority are replaced whole.
fn path_start(target: &[u8]) -> usize {
    if target.first() == Some(&b'/') {
        return 0;
    }
    match memchr::memmem::find(target, b"://") {
        Some(at) => {
            let rest = target.get(at + 3..).unwrap_or_default();
            let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#'));
            at + 3 + end.unwrap_or(rest.len())
        }
        None => 0,
    }
}

fn set(words: &mut Words<'_, '_, '_>, part: Part) -> Read {
    let format = words.format("expects exactly 1 argument <format>", FormatUse::Http)?;
    Ok(Pending::new(move |linker| {
        let format = format.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            rendered(&format, scope, |scope, value| part.rewrite(scope, value))
        })))
    }))
}

fn replace(words: &mut Words<'_, '_, '_>, part: Part) -> Read {
    const MISSING: &str = "expects exactly 2 arguments <match-regex> and <replace-format>";
    let regex = words.regex(MISSING).map_err(|mut error| {
        if error.message.starts_with("regex") {
            error.message = format!("failed to parse the regex : {}", error.message);
        }
        error
    })?;
    let format = words.format(MISSING, FormatUse::Http)?;
    Ok(Pending::new(move |linker| {
        let (regex, format) = (regex.clone(), format.link(linker)?);
        Ok(Action::new(Box::new(move |scope| {
            rendered(&format, scope, |scope, replacement| {
                let target = scope.txn.request.head.target();
                let subject = target.get(part.range(target)).unwrap_or_default();
                let Some(groups) = regex.captures(subject, 0) else {
                    return Flow::Continue;
                };
                let mut new = Vec::with_capacity(subject.len() + replacement.len());
                Regex::expand(subject, &groups, replacement, &mut new);
                part.rewrite(scope, &new)
            })
        })))
    }))
}
