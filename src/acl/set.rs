//! The entries of a file as one ACL or map sees them: by one method, giving one type of result.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::atomic::Ordering::Acquire;
use std::sync::{Arc, PoisonError};

use super::entries::View;
use super::file::{Fault, File};
use super::live::Live;
use super::patterns::{Patterns, Reading};
use crate::regex::Regex;
use crate::sample::Value;

/// The patterns of a file, read for one method and one type of result.
#[derive(Debug, Clone)]
pub struct Set {
    file: Arc<File>,
    /// Its place among the sets of the file.
    at: usize,
    output: Output,
    /// As read, before any change.
    patterns: Arc<Patterns>,
}

/// What a map gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// Nothing: an ACL.
    None,
    /// Text.
    Str,
    /// Text in which `\\1` and kin stand for the groups of the match.
    Groups,
    /// A number.
    Int,
    /// An address.
    Ip,
}

/// The value as what a map gives.
///
/// # Errors
/// Text that is no value of this type, in HAProxy's words.
pub(super) fn typed(output: Output, value: &[u8]) -> Result<Value<'_>, Fault> {
    let parsed = match output {
        Output::None | Output::Str | Output::Groups => return Ok(Value::text(value)),
        Output::Int => text(value).and_then(|t| t.parse().ok()).map(Value::Int),
        Output::Ip => text(value)
            .and_then(|t| t.parse::<IpAddr>().ok())
            .map(Value::address),
    };
    parsed.ok_or_else(|| format!("unable to parse '{}'", String::from_utf8_lossy(value)))
}

fn text(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok()
}

impl Set {
    /// A set of a file.
    pub(super) fn of(
        file: &Arc<File>,
        reading: Reading,
        output: Output,
    ) -> Result<Self, (usize, Fault)> {
        let (at, patterns) = file.compile(reading, output)?;
        Ok(Self {
            file: file.clone(),
            at,
            output,
            patterns,
        })
    }

    /// How its patterns are read.
    pub(super) fn reading(&self) -> super::Reading {
        self.patterns.reading
    }

    /// Looks at the entries as they are now.
    #[inline]
    fn look<R>(&self, look: impl FnOnce(&Patterns, View<'_>, Option<&Live>) -> R) -> R {
        let base = &self.file.base;
        if self.file.changed.load(Acquire) {
            let live = self
                .file
                .live
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(live) = &*live
                && let Some(patterns) = live.indexes.get(self.at)
            {
                return look(patterns, live.view(base), Some(live));
            }
        }
        look(&self.patterns, View::frozen(base), None)
    }

    /// True if the sample matches one of the patterns.
    #[inline]
    pub fn matches(&self, value: &Value<'_>) -> bool {
        self.look(|patterns, view, _| patterns.find(view, value).is_some())
    }

    /// What an entry gives. Only what was set at run time has to be copied.
    fn value(&self, slot: u32, live: Option<&Live>) -> Option<Cow<'_, [u8]>> {
        let base = &self.file.base;
        match live {
            Some(live) if live.value(base, slot).is_some() => live
                .value(base, slot)
                .map(|value| Cow::Owned(value.to_vec())),
            _ => base.value(slot).map(Cow::Borrowed),
        }
    }

    /// What the map gives for the sample.
    pub fn lookup(&self, value: &Value<'_>) -> Option<Value<'_>> {
        let found =
            self.look(|patterns, view, live| self.value(patterns.find(view, value)?, live))?;
        match found {
            Cow::Borrowed(bytes) => typed(self.output, bytes).ok(),
            Cow::Owned(bytes) => typed(self.output, &bytes).ok().map(Value::into_static),
        }
    }

    /// The pattern, as written, that the sample matches.
    pub fn pattern_of(&self, value: &Value<'_>) -> Option<Box<[u8]>> {
        self.look(|patterns, view, _| Some(view.key(patterns.find(view, value)?).into()))
    }

    /// What a map of expressions gives for the text, with `\\1` and kin replaced by the groups of the match.
    pub fn expanded(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.look(|patterns, view, live| {
            let (slot, groups) = patterns.captures(view, text)?;
            let value = self.value(slot, live)?;
            let mut out = Vec::new();
            Regex::expand(text, &groups, &value, &mut out);
            Some(out)
        })
    }
}
