//! The patterns of a file, compiled for one method and one type of result.

use std::sync::{PoisonError, RwLock};

use super::file::{Entry, Fault};
use super::number::Operator;
use super::patterns::{Patterns, Reading};
use crate::regex::Regex;
use crate::sample::Value;

/// The patterns of a file, read for one method and one type of result.
#[derive(Debug)]
pub struct Set {
    reading: Reading,
    output: Output,
    inner: RwLock<Inner>,
}

/// What a map gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// Nothing: an ACL.
    None,
    /// Text.
    Str,
    /// A number.
    Int,
    /// An address.
    Ip,
}

#[derive(Debug)]
struct Inner {
    patterns: Patterns,
    /// By the number of the pattern.
    values: Vec<Option<(Box<[u8]>, Value<'static>)>>,
}

impl Inner {
    fn insert(&mut self, output: Output, entry: &Entry) -> Result<(), Fault> {
        let value = typed(output, &entry.value)?;
        let id = self.patterns.insert(&entry.key, Operator::Eq)? as usize;
        if self.values.len() <= id {
            self.values.resize(id + 1, None);
        }
        self.values[id] = Some((entry.key.clone(), value));
        Ok(())
    }

    fn remove(&mut self, key: &[u8]) {
        for (id, slot) in self.values.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(|(known, _)| **known == *key) {
                *slot = None;
                self.patterns.remove(id as u32);
            }
        }
    }
}

fn typed(output: Output, value: &[u8]) -> Result<Value<'static>, Fault> {
    let text = String::from_utf8_lossy(value);
    match output {
        Output::None | Output::Str => Ok(Value::Str(value.to_vec().into())),
        Output::Int => text
            .parse()
            .map(Value::Int)
            .map_err(|_| format!("'{text}' is not a number")),
        Output::Ip => match text.parse() {
            Ok(std::net::IpAddr::V4(ip)) => Ok(Value::Ipv4(ip)),
            Ok(std::net::IpAddr::V6(ip)) => Ok(Value::Ipv6(ip)),
            Err(_) => Err(format!("'{text}' is not a valid IPv4 or IPv6 address")),
        },
    }
}

impl Set {
    /// Compiles the entries.
    pub(super) fn new(
        reading: Reading,
        output: Output,
        entries: &[Entry],
    ) -> Result<Self, (Fault, u32)> {
        let mut inner = Inner {
            patterns: Patterns::new(reading),
            values: Vec::new(),
        };
        for entry in entries {
            inner
                .insert(output, entry)
                .map_err(|fault| (fault, entry.line))?;
        }
        inner.patterns.finish();
        Ok(Self {
            reading,
            output,
            inner: RwLock::new(inner),
        })
    }

    /// True if it was compiled for these.
    pub(super) fn is(&self, reading: Reading, output: Output) -> bool {
        self.reading == reading && self.output == output
    }

    /// Adds an entry that [`Self::check`] has passed.
    pub(super) fn add(&self, entry: &Entry) -> Result<(), Fault> {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.insert(self.output, entry)?;
        inner.patterns.finish();
        Ok(())
    }

    /// Removes all entries with this pattern.
    pub(super) fn remove(&self, key: &[u8]) {
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.remove(key);
        inner.patterns.finish();
    }

    /// Whether a value is of its type.
    pub(super) fn takes(&self, value: &[u8]) -> Result<(), Fault> {
        typed(self.output, value).map(|_| ())
    }

    /// Gives all entries with this pattern another value.
    pub(super) fn set_value(&self, key: &[u8], value: &[u8]) -> Result<(), Fault> {
        let new = typed(self.output, value)?;
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let values = inner.values.iter_mut().flatten();
        for (_, old) in values.filter(|(known, _)| **known == *key) {
            *old = new.clone();
        }
        Ok(())
    }

    /// True if the sample matches one of the patterns.
    pub fn matches(&self, value: &Value<'_>) -> bool {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.patterns.find(value).is_some()
    }

    /// What the map gives for the sample.
    pub fn lookup(&self, value: &Value<'_>) -> Option<Value<'static>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let id = inner.patterns.find(value)? as usize;
        inner
            .values
            .get(id)?
            .as_ref()
            .map(|(_, value)| value.clone())
    }

    /// What a map of expressions gives for the text, with `\\1` and kin replaced by the groups of the match.
    pub fn expanded(&self, text: &[u8]) -> Option<Vec<u8>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let (id, groups) = inner.patterns.captures(text)?;
        let (_, value) = inner.values.get(id as usize)?.as_ref()?;
        let mut out = Vec::new();
        Regex::expand(text, &groups, &value.borrowed().into_text(), &mut out);
        Some(out)
    }

    /// Whether it could take an entry.
    pub(super) fn check(&self, entry: &Entry) -> Result<(), Fault> {
        typed(self.output, &entry.value)?;
        Patterns::new(self.reading)
            .insert(&entry.key, Operator::Eq)
            .map(|_| ())
    }
}
