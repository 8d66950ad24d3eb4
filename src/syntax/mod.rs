//! Configuration text to words: lines, quotes, escapes, variables, conditional blocks.
//!
//! The only place that knows pest for lines. Called by `config`; must not know what any keyword means.
use crate::diag::Span;

/// One word of a line, decoded: quotes, escapes and variables are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The decoded bytes.
    pub bytes: Vec<u8>,
    /// Where the whole word stands in the source, quotes included.
    pub span: Span,
    /// For each decoded byte the source column it came from (same length as `bytes`); empty where
    /// the mapping is `span.start + i`.
    pub map: Vec<u32>,
}

impl Word {
    /// The decoded word as text; bytes that are no UTF-8 are replaced. For messages and keywords.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// The place in the source of decoded bytes `from..to`.
    pub fn part(&self, from: usize, to: usize) -> Span {
        let at = |i: usize| match self.map.get(i) {
            Some(&col) => col,
            None if self.map.is_empty() => self.span.start + i as u32,
            None => self.span.end,
        };
        let end = if to > from { at(to - 1) + 1 } else { at(from) };
        Span {
            start: at(from),
            end: end.max(at(from)),
            ..self.span
        }
    }
}

/// One configuration line that holds at least one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The words, never empty.
    pub words: Vec<Word>,
    /// The place of the whole line.
    pub span: Span,
}

mod cursor;
pub use cursor::Cursor;
