//! The words of one action, taken with HAProxy's messages for what is missing.

use std::path::PathBuf;

use super::Action;
use super::table::Read;
use crate::diag::{Diagnostic, Span, suggest};
use crate::format::{self, Format, FormatUse};
use crate::http::Head;
use crate::regex::Regex;
use crate::sample::{self, Context, Expr, Pending, Place, Scope};
use crate::syntax::units::{self, Unit};
use crate::syntax::{Cursor, Word};

/// The message whose head a rule reads and edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The request.
    Request,
    /// The response, also one of our own on its way out.
    Response,
}

impl Side {
    /// The head to edit.
    pub(super) fn head<'s>(self, scope: &'s mut Scope<'_>) -> &'s mut Head {
        match self {
            Self::Request => &mut scope.txn.request.head,
            Self::Response => &mut scope.txn.response.head,
        }
    }
}

/// The words behind an action's name, and the surroundings.
pub(super) struct Words<'a, 'l, 'c> {
    pub(super) cursor: &'a mut Cursor<'l>,
    pub(super) cx: &'a mut Context<'c>,
    /// The action's own word.
    pub(super) name: &'l Word,
}

impl<'l> Words<'_, 'l, '_> {
    /// The message that rules of this place edit.
    pub(super) fn side(&self) -> Side {
        match self.cx.place {
            Place::BackResponse | Place::FrontResponse | Place::ResponseContent => Side::Response,
            _ => Side::Request,
        }
    }

    /// An alert at the next word.
    pub(super) fn refuse(&self, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::alert(self.cursor.span(), message))
    }

    /// An alert at a place.
    pub(super) fn refuse_at(&self, span: Span, message: impl Into<String>) -> Box<Diagnostic> {
        Box::new(Diagnostic::alert(span, message))
    }

    /// An alert about a word that is none of these; the nearest of them is offered.
    pub(super) fn unknown<'k>(
        &self,
        word: &Word,
        message: impl Into<String>,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Box<Diagnostic> {
        let mut unknown = Diagnostic::alert(word.span, message);
        unknown
            .help
            .extend(suggest::did_you_mean(&word.text(), known));
        Box::new(unknown)
    }

    /// An action whose groundwork is not there.
    pub(super) fn absent(&self, needs: &str) -> Read {
        let name = self.name.text();
        Err(self.refuse_at(
            self.name.span,
            format!("'{name}' needs {needs}, which is not available yet"),
        ))
    }

    /// True where the condition or the end of the line follows.
    pub(super) fn done(&self) -> bool {
        let empty = self.cursor.rest().iter().all(|word| word.bytes.is_empty());
        empty || self.cursor.is("if") || self.cursor.is("unless")
    }

    /// The next word, which must be there and not be empty.
    pub(super) fn word(&mut self, missing: &str) -> Result<&'l Word, Box<Diagnostic>> {
        match self.cursor.peek() {
            Some(word) if !word.bytes.is_empty() => {
                self.cursor.take();
                Ok(word)
            }
            _ => Err(self.refuse(missing)),
        }
    }

    /// As [`Self::word`], as text.
    pub(super) fn text(&mut self, missing: &str) -> Result<String, Box<Diagnostic>> {
        Ok(self.word(missing)?.text().into_owned())
    }

    /// The next word as a format.
    pub(super) fn format(
        &mut self,
        missing: &str,
        usage: FormatUse,
    ) -> Result<Pending<Format>, Box<Diagnostic>> {
        let word = self.word(missing)?;
        format::parse(word, self.cx, usage)
    }

    /// The next word as a regular expression.
    pub(super) fn regex(&mut self, missing: &str) -> Result<Regex, Box<Diagnostic>> {
        let word = self.word(missing)?;
        self.regex_of(word, false)
    }

    /// This word as a regular expression; what is wrong with it is marked within the word.
    pub(super) fn regex_of(&self, word: &Word, icase: bool) -> Result<Regex, Box<Diagnostic>> {
        Regex::new(&word.bytes, icase).map_err(|fault| {
            let at = word.part(fault.range.start, fault.range.end);
            self.refuse_at(at, fault)
        })
    }

    /// The next words as an expression.
    pub(super) fn expr(&mut self) -> Result<Expr, Box<Diagnostic>> {
        let word = self.cursor.peek().filter(|word| !word.bytes.is_empty());
        let Some(word) = word else {
            return Err(self.refuse("missing fetch method"));
        };
        if self.done() {
            let found = word.text();
            let refusal = Diagnostic::alert(word.span, format!("unknown fetch method '{found}'"));
            return Err(Box::new(
                refusal.help("an expression stands before the condition"),
            ));
        }
        sample::parse_words(self.cursor, self.cx)
    }

    /// A word as a time in milliseconds.
    pub(super) fn time(&mut self, word: &Word) -> Result<u64, Box<Diagnostic>> {
        let time = units::time(&word.text(), Unit::Milliseconds)
            .map_err(|error| self.refuse_at(word.span, error))?;
        let warnings = time
            .warning
            .map(|text| Diagnostic::warning(word.span, text));
        self.cx.diagnostics.extend(warnings);
        Ok(time.milliseconds)
    }

    /// What stands between the parentheses behind the action's name: `set-var(…)`.
    pub(super) fn argument(&self, action: &str) -> Option<String> {
        let text = self.name.text();
        let inner = text
            .strip_prefix(action)?
            .strip_prefix('(')?
            .strip_suffix(')')?;
        Some(inner.to_owned())
    }

    /// A file named in the configuration.
    pub(super) fn file(&mut self, name: &Word) -> Result<Vec<u8>, Box<Diagnostic>> {
        let path: PathBuf = self.cx.directory.join(name.text().as_ref());
        let name = name.text();
        std::fs::read(path).map_err(|_| self.refuse(format!("error opening file '{name}'")))
    }
}

/// An action that needs nothing from the link.
pub(super) fn ready(action: impl Fn() -> Action + Send + Sync + 'static) -> Read {
    Ok(Pending::new(move |_| Ok(action())))
}

thread_local! {
    static SCRATCH: std::cell::RefCell<Vec<Vec<u8>>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Renders a format and hands its bytes on; the buffer is used again by the next rule of this thread.
pub(super) fn rendered<R>(
    format: &Format,
    scope: &mut Scope<'_>,
    then: impl FnOnce(&mut Scope<'_>, &[u8]) -> R,
) -> R {
    if let Some(text) = format.constant() {
        return then(scope, text);
    }
    let mut buffer = SCRATCH.with_borrow_mut(Vec::pop).unwrap_or_default();
    buffer.clear();
    format.render(scope, &mut buffer);
    let result = then(scope, &buffer);
    SCRATCH.with_borrow_mut(|kept| kept.push(buffer));
    result
}
