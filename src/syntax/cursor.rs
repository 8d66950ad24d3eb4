//! Words of a line, taken one by one.

use super::{Line, Word};
use crate::diag::Span;

/// A place among the words of a line.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    line: &'a Line,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At word number `at` of `line`.
    pub fn new(line: &'a Line, at: usize) -> Self {
        Self { line, at }
    }
    /// The next word, taken.
    pub fn take(&mut self) -> Option<&'a Word> {
        let word = self.line.words.get(self.at)?;
        self.at += 1;
        Some(word)
    }
    /// The next word, left in place.
    pub fn peek(&self) -> Option<&'a Word> {
        self.line.words.get(self.at)
    }
    /// True if the next word is this one.
    pub fn is(&self, keyword: &str) -> bool {
        self.peek()
            .is_some_and(|word| word.bytes == keyword.as_bytes())
    }
    /// Takes the next word if it is this one.
    pub fn take_if(&mut self, keyword: &str) -> bool {
        let is = self.is(keyword);
        self.at += usize::from(is);
        is
    }
    /// True if no word is left.
    pub fn done(&self) -> bool {
        self.at >= self.line.words.len()
    }
    /// Words that are left.
    pub fn rest(&self) -> &'a [Word] {
        self.line.words.get(self.at..).unwrap_or_default()
    }
    /// The word taken last, or the first of the line.
    pub fn last(&self) -> Option<&'a Word> {
        self.line.words.get(self.at.saturating_sub(1))
    }
    /// Where the next word stands; just behind the last one where none is left.
    pub fn span(&self) -> Span {
        self.peek()
            .map_or_else(|| self.end_of_line(), |word| word.span)
    }
    /// Just behind the last word.
    pub fn end_of_line(&self) -> Span {
        let end = |span: Span| Span {
            start: span.end,
            ..span
        };
        self.line
            .words
            .last()
            .map_or(self.line.span, |last| end(last.span))
    }
    /// The whole line.
    pub fn line(&self) -> &'a Line {
        self.line
    }
}
