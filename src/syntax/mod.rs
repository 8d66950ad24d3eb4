//! Configuration text to words: lines, quotes, escapes, variables, conditional blocks.
//!
//! The only place that knows pest for lines. Called by `config` (and by the command line for `-cc`);
//! must not know what any keyword means.
//!
//! A [`Reader`] holds the files and an [`Env`] and gives one [`Line`] after the other. It is pulled
//! line by line because a line may change how the next ones read: `setenv` in the global section does.

pub mod condition;
mod directive;
mod env;
mod features;
mod files;
mod lexer;
mod reader;
pub mod units;

pub use env::Env;
pub use features::{COMPATIBLE_VERSION, FEATURES};
pub use files::{MAX_FILE_BYTES, expand, read};
pub use lexer::{MAX_WORDS, words};
pub use reader::Reader;

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
