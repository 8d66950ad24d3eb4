//! The bytes of an expression: names, and argument lists with their own quotes and escapes (manual 2.2,
//! last part, and 7.3).

use std::ops::Range;

use crate::diag::{Diagnostic, Span};
use crate::syntax::Word;

/// A place in the part of a word that holds an expression.
pub(super) struct Reader<'w> {
    word: &'w Word,
    end: usize,
    at: usize,
}

/// One argument: its text without quotes and escapes, and where it stands in the word.
#[derive(Debug)]
pub(super) struct RawArg {
    pub text: Vec<u8>,
    pub range: Range<usize>,
}

impl<'w> Reader<'w> {
    /// The line that the word stands in.
    pub fn line(&self) -> u32 {
        self.word.span.line
    }

    pub fn new(word: &'w Word, range: Range<usize>) -> Self {
        let end = range.end.min(word.bytes.len());
        Self {
            word,
            end,
            at: range.start.min(end),
        }
    }

    /// Moves the end of what is read.
    pub fn stop_at(&mut self, end: usize) {
        self.end = end.clamp(self.at, self.word.bytes.len());
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn peek(&self) -> Option<u8> {
        if self.at < self.end {
            self.word.bytes.get(self.at).copied()
        } else {
            None
        }
    }

    /// The letters of a name, which may be none.
    pub fn name(&mut self) -> Range<usize> {
        let start = self.at;
        while self.peek().is_some_and(is_name_byte) {
            self.at += 1;
        }
        start..self.at
    }

    pub fn text(&self, range: Range<usize>) -> String {
        let bytes = self.word.bytes.get(range).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// What is left of the word from this byte on, also behind the expression.
    pub fn behind(&self, from: usize) -> String {
        self.text(from..self.word.bytes.len())
    }

    /// What is left of the expression.
    pub fn rest(&self) -> String {
        self.text(self.at..self.end)
    }

    pub fn span(&self, range: Range<usize>) -> Span {
        self.word.part(range.start, range.end)
    }

    /// Takes all commas here; answers whether there was one.
    pub fn commas(&mut self) -> bool {
        let start = self.at;
        while self.peek() == Some(b',') {
            self.at += 1;
        }
        self.at > start
    }

    /// The arguments, if a parenthesis opens here; none for `()`.
    ///
    /// # Errors
    /// No closing parenthesis, an open quote; the message lacks the name of the fetch or converter.
    pub fn arguments(&mut self) -> Result<Option<Vec<RawArg>>, Box<Diagnostic>> {
        if self.peek() != Some(b'(') {
            return Ok(None);
        }
        let open = self.at;
        self.at += 1;
        let mut args = Vec::new();
        loop {
            args.push(self.argument(open)?);
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => break,
            }
        }
        self.at += 1;
        Ok(Some(args))
    }

    fn argument(&mut self, open: usize) -> Result<RawArg, Box<Diagnostic>> {
        let start = self.at;
        let mut text = Vec::new();
        let mut quote = None;
        loop {
            let Some(byte) = self.peek() else {
                let message = match quote {
                    Some((_, _)) => "unclosed quote in argument",
                    None => "expected ')'",
                };
                let from = quote.map_or(open, |(_, at)| at);
                return Err(Box::new(
                    Diagnostic::alert(self.span(from..self.end), message)
                        .label("opened here, never closed"),
                ));
            };
            match (byte, quote) {
                (b'"' | b'\'', None) => quote = Some((byte, self.at)),
                (_, Some((mark, _))) if byte == mark => quote = None,
                (b'\\', None | Some((b'"', _))) => {
                    self.escape(&mut text);
                    continue;
                }
                (b',' | b')', None) => break,
                _ => text.push(byte),
            }
            self.at += 1;
        }
        Ok(RawArg {
            text,
            range: start..self.at,
        })
    }

    /// A backslash and what it stands before. Before any other byte it stands for itself.
    fn escape(&mut self, text: &mut Vec<u8>) {
        self.at += 1;
        let meant = match self.peek() {
            Some(byte @ (b'\\' | b' ' | b'"' | b'\'')) => byte,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            _ => {
                text.push(b'\\');
                return;
            }
        };
        text.push(meant);
        self.at += 1;
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+')
}
