//! The words of one line, taken with a type: each take yields the value or says what was expected,
//! with the exact place.

use std::ops::{Deref, DerefMut, RangeInclusive};

use super::units;
use crate::diag::{Diagnostic, Lead, Span};
use crate::regex::Regex;
use crate::syntax::{Cursor, Line, Word};

/// What reading a keyword gives.
pub(super) type Parsed<T = ()> = Result<T, Box<Diagnostic>>;

/// What stood before the keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Prefix {
    /// Nothing.
    #[default]
    None,
    /// `no`: turns off.
    No,
    /// `default`: back to the built-in default.
    Default,
}

/// A line whose keyword was taken: the words left, and the keyword's name for messages.
pub(super) struct Args<'l> {
    cursor: Cursor<'l>,
    /// The keyword as messages name it, with its second word where it has one.
    pub name: String,
    /// What stood before it.
    pub prefix: Prefix,
    /// Warnings about words that were taken.
    pub notes: Vec<Diagnostic>,
}

impl<'l> Deref for Args<'l> {
    type Target = Cursor<'l>;

    fn deref(&self) -> &Cursor<'l> {
        &self.cursor
    }
}

impl DerefMut for Args<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.cursor
    }
}

/// An alert as a keyword returns it.
pub(super) fn alert<T>(span: Span, message: impl Into<String>) -> Parsed<T> {
    Err(Box::new(Diagnostic::alert(span, message)))
}

/// An alert about a word that is none of the known ones; the nearest of them is offered.
pub(super) fn unknown_word<'k, T>(
    word: &Word,
    message: impl Into<String>,
    known: impl IntoIterator<Item = &'k str>,
) -> Parsed<T> {
    let mut unknown = Diagnostic::alert(word.span, message);
    unknown
        .help
        .extend(crate::diag::suggest::did_you_mean(&word.text(), known));
    Err(Box::new(unknown))
}

impl<'l> Args<'l> {
    /// At the word behind the keyword, which is number `at` of the line.
    pub fn new(line: &'l Line, at: usize, prefix: Prefix) -> Self {
        let mut cursor = Cursor::new(line, at);
        let name = cursor
            .take()
            .map(|word| word.text().into_owned())
            .unwrap_or_default();
        Self {
            cursor,
            name,
            prefix,
            notes: Vec::new(),
        }
    }

    /// The place of the keyword itself.
    pub fn keyword(&self) -> Span {
        let place = usize::from(self.prefix != Prefix::None);
        self.cursor
            .line()
            .words
            .get(place)
            .map_or(self.cursor.line().span, |word| word.span)
    }

    /// An alert about the keyword.
    pub fn fail<T>(&self, what: &str) -> Parsed<T> {
        alert(self.keyword(), format!("'{}' {what}", self.name))
    }

    /// An alert about the word taken last.
    pub fn fail_at<T>(&self, span: Span, what: &str) -> Parsed<T> {
        alert(span, format!("'{}' {what}", self.name))
    }

    /// The next word. `what` completes "expects …".
    pub fn word(&mut self, what: &str) -> Parsed<&'l Word> {
        let here = self.cursor.span();
        match self.cursor.take() {
            Some(word) => Ok(word),
            None => self.fail_at(here, &format!("expects {what}.")),
        }
    }

    /// The next word as text.
    pub fn text(&mut self, what: &str) -> Parsed<String> {
        self.word(what).map(|word| word.text().into_owned())
    }

    /// The next word as a number within a range.
    pub fn int(&mut self, range: RangeInclusive<i64>) -> Parsed<i64> {
        let word = self.word("an integer argument")?;
        let text = word.text();
        let Ok(value) = text.parse::<i64>() else {
            return self.fail_at(
                word.span,
                &format!("expects an integer argument, found '{text}'."),
            );
        };
        if !range.contains(&value) {
            let (low, high) = (range.start(), range.end());
            let what = format!("value must be between {low} and {high} (was {value})");
            return self.fail_at(word.span, &what);
        }
        Ok(value)
    }

    /// A number that fits `u32`.
    pub fn count(&mut self) -> Parsed<u32> {
        self.int(0..=i64::from(u32::MAX)).map(|value| value as u32)
    }

    /// A number of at least one that fits `u32`.
    pub fn positive(&mut self) -> Parsed<u32> {
        self.int(1..=i64::from(u32::MAX)).map(|value| value as u32)
    }

    /// A time in milliseconds; without a unit it is milliseconds.
    pub fn time(&mut self) -> Parsed<u64> {
        self.time_in(units::Unit::Milliseconds)
    }

    /// A time in milliseconds, for keywords whose messages say what it is for in HAProxy's way.
    pub fn time_named(&mut self, owner: &str) -> Parsed<u64> {
        let span = self.cursor.span();
        let text = self.cursor.peek().map(|word| word.text().into_owned());
        self.time().map_err(|mut problem| {
            let own = format!("'{}' : ", self.name);
            let message = problem.message.trim_start_matches(own.as_str()).to_owned();
            let text = text.unwrap_or_default();
            problem.message = match message.strip_suffix(&format!(" in '{text}'")) {
                Some(unexpected) => format!("{unexpected} in {owner}"),
                None => message.replacen(
                    &format!("in argument '{text}'"),
                    &format!("in argument '{text}' to {owner}"),
                    1,
                ),
            };
            problem.span = Some(span);
            problem
        })
    }

    /// A time in milliseconds whose default unit is another.
    pub fn time_in(&mut self, default: units::Unit) -> Parsed<u64> {
        let word = self.word("<time> as argument")?;
        match units::time(&word.text(), default) {
            Ok(time) => {
                let warning = time
                    .warning
                    .map(|text| Diagnostic::warning(word.span, text));
                self.notes
                    .extend(warning.map(|warning| warning.lead(Lead::Bare)));
                Ok(time.milliseconds)
            }
            Err(problem) => alert(word.span, format!("'{}' : {problem}", self.name)),
        }
    }

    /// A size in bytes, with an optional unit.
    pub fn size(&mut self) -> Parsed<u64> {
        let word = self.word("a size as argument")?;
        units::bytes(&word.text())
            .or_else(|problem| alert(word.span, format!("'{}' : {problem}", self.name)))
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, choices: &[(&str, T)]) -> Parsed<T> {
        let list: Vec<String> = choices
            .iter()
            .map(|(name, _)| format!("'{name}'"))
            .collect();
        let word = self.word(&format!("one of {}", list.join(", ")))?;
        let text = word.text();
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(*value),
            None => {
                let what = format!("expects one of {} but got '{text}'.", list.join(", "));
                let names = choices.iter().map(|(name, _)| *name);
                unknown_word(word, format!("'{}' {what}", self.name), names)
            }
        }
    }

    /// `on` or `off`.
    pub fn on_off(&mut self) -> Parsed<bool> {
        self.choice(&[("on", true), ("off", false)])
    }

    /// A regular expression in PCRE's syntax.
    pub fn regex(&mut self) -> Parsed<Regex> {
        let word = self.word("a regular expression")?;
        Regex::new(&word.bytes, false).or_else(|fault| {
            let at = word.part(fault.range.start, fault.range.end);
            alert(at, format!("'{}' : {fault}", self.name))
        })
    }

    /// All words that are left, with one blank between each.
    pub fn joined(&mut self) -> String {
        let mut texts = Vec::new();
        while let Some(word) = self.cursor.take() {
            texts.push(word.text());
        }
        texts.join(" ")
    }

    /// Takes all words that are left.
    pub fn skip(&mut self) {
        while self.cursor.take().is_some() {}
    }

    /// Ends the line: a word that is left was not expected.
    pub fn end(&self) -> Parsed {
        match self.cursor.peek() {
            None => Ok(()),
            Some(extra) => {
                let text = extra.text();
                let message = format!(
                    "'{}' cannot handle unexpected argument '{text}'.",
                    self.name
                );
                let mut unexpected = Diagnostic::alert(extra.span, message);
                if text.starts_with("//") || text.starts_with(';') {
                    let help = "comments begin with `#`".to_owned();
                    unexpected.help.push(help);
                }
                Err(Box::new(unexpected))
            }
        }
    }
}
