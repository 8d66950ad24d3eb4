//! Reading a format: text, `%name`, `%{flags}name`, `%[expression]`.

use super::alias::{self, Alias, Facts};
use super::{Flags, Format, FormatUse, Piece};
use crate::diag::{Diagnostic, Span, suggest};
use crate::sample::{self, Context, Expr, Pending};
use crate::settings::Mode;
use crate::syntax::Word;

type Refusal = Box<Diagnostic>;

/// A piece that is read and not linked.
enum Draft {
    Text(Vec<u8>),
    Blank,
    Alias(&'static Alias, Flags),
    Expr(Expr, Flags),
}

struct Reader<'a, 'c> {
    word: &'a Word,
    at: usize,
    usage: FormatUse,
    /// Flags that `%o` set for all that follow.
    flags: Flags,
    pieces: Vec<Draft>,
    cx: &'a mut Context<'c>,
}

pub(super) fn parse(
    word: &Word,
    cx: &mut Context<'_>,
    usage: FormatUse,
) -> Result<Pending<Format>, Refusal> {
    let flags = Flags {
        dash: usage == FormatUse::Log,
        http: cx.mode == Mode::Http,
        ..Flags::default()
    };
    let mut reader = Reader {
        word,
        at: 0,
        usage,
        flags,
        pieces: Vec::new(),
        cx,
    };
    while let Some(&byte) = reader.word.bytes.get(reader.at) {
        reader.at += 1;
        match byte {
            b'%' => reader.variable()?,
            _ => reader.text(byte),
        }
    }
    Ok(pending(reader.pieces, usage))
}

fn pending(drafts: Vec<Draft>, usage: FormatUse) -> Pending<Format> {
    Pending::new(move |linker| {
        let mut pieces = Vec::with_capacity(drafts.len());
        for draft in &drafts {
            pieces.push(match draft {
                Draft::Text(text) => Piece::Text(text.as_slice().into()),
                Draft::Blank => Piece::Blank,
                Draft::Alias(alias, flags) => Piece::Alias(alias, *flags),
                Draft::Expr(expr, flags) => Piece::Expr(expr.sample.link(linker)?, *flags),
            });
        }
        Ok(Format {
            pieces: pieces.into(),
            usage,
            facts: Facts::new(linker.state),
        })
    })
}

impl Reader<'_, '_> {
    fn refuse(&self, from: usize, message: impl Into<String>) -> Refusal {
        let end = self.at.max(from).min(self.word.bytes.len());
        Box::new(Diagnostic::alert(self.word.part(from, end), message))
    }

    fn text(&mut self, byte: u8) {
        if byte == b' ' && self.usage.merges_blanks() {
            self.pieces.push(Draft::Blank);
        } else if let Some(Draft::Text(text)) = self.pieces.last_mut() {
            text.push(byte);
        } else {
            self.pieces.push(Draft::Text(vec![byte]));
        }
    }

    /// What stands behind a `%`.
    fn variable(&mut self) -> Result<(), Refusal> {
        let start = self.at - 1;
        if self.word.bytes.get(self.at) == Some(&b'%') {
            self.at += 1;
            self.text(b'%');
            return Ok(());
        }
        let mut flags = self.flags;
        let braced = self.word.bytes.get(self.at) == Some(&b'{');
        if braced {
            self.flags_of(start, &mut flags)?;
        }
        match self.word.bytes.get(self.at) {
            Some(b'[') => self.expression(flags),
            Some(b) if b.is_ascii_alphabetic() => self.alias(flags),
            None if !braced => Err(self.refuse(start, "truncated line after '%'")),
            None => {
                let near = String::from_utf8_lossy(&self.word.bytes[start..]).into_owned();
                Err(self.refuse(
                    start,
                    format!("parse argument modifier without variable name near '{near}'"),
                ))
            }
            Some(other) => {
                let name = char::from(*other).to_string();
                self.at += 1;
                Err(self.unknown(start, &name))
            }
        }
    }

    /// `{+Q,-E}`; stands on the brace, ends behind the closing one.
    fn flags_of(&mut self, start: usize, flags: &mut Flags) -> Result<(), Refusal> {
        let inner = self.at + 1;
        let rest = self.word.bytes.get(inner..).unwrap_or_default();
        let Some(len) = memchr::memchr(b'}', rest) else {
            let open = String::from_utf8_lossy(rest).into_owned();
            self.at = self.word.bytes.len();
            return Err(self.refuse(start, format!("truncated line after '{open}'")));
        };
        let list = rest[..len].to_vec();
        self.at = inner + len + 1;
        for flag in list.split(|b| *b == b',') {
            match flag {
                b"+Q" | b"-Q" => flags.quote = flag[0] == b'+',
                b"+X" | b"-X" => flags.hex = flag[0] == b'+',
                b"+E" | b"-E" => flags.escape = flag[0] == b'+',
                b"" => {}
                _ => {
                    let name = String::from_utf8_lossy(flag).into_owned();
                    let span: Span = self.word.part(inner, inner + len);
                    self.cx.diagnostics.push(
                        Diagnostic::warning(
                            span,
                            format!("unknown flag '{name}' in a format has no effect"),
                        )
                        .help("the flags are Q, X and E, each with a sign: `%{+Q}r`"),
                    );
                }
            }
        }
        Ok(())
    }

    fn alias(&mut self, flags: Flags) -> Result<(), Refusal> {
        let start = self.at;
        let rest = self.word.bytes.get(start..).unwrap_or_default();
        let len = rest
            .iter()
            .position(|b| !b.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        let name = String::from_utf8_lossy(&rest[..len]).into_owned();
        self.at = start + len;
        if name == "o" {
            self.flags = flags;
            return Ok(());
        }
        let Some(alias) = alias::find(&name) else {
            return Err(self.unknown(start, &name));
        };
        if alias.http && !flags.http && self.usage == FormatUse::Log {
            return Err(self.refuse(
                start,
                format!("format variable '{name}' is reserved for HTTP mode"),
            ));
        }
        self.pieces.push(Draft::Alias(alias, flags));
        Ok(())
    }

    fn unknown(&self, start: usize, name: &str) -> Refusal {
        let mut error = self.refuse(
            start,
            format!(
                "no such format variable '{name}'. If you wanted to emit the '%' character verbatim, you need to use '%%'"
            ),
        );
        let names = alias::ALIASES.iter().map(|alias| alias.name);
        error.help.extend(suggest::did_you_mean(name, names));
        error
    }

    /// `[expression]`; stands on the bracket, ends behind the closing one.
    fn expression(&mut self, flags: Flags) -> Result<(), Refusal> {
        let start = self.at + 1;
        let end = self.word.bytes.len();
        let (expr, taken) = sample::parse(self.word, start..end, self.cx)
            .map_err(|error| self.explain(error, start))?;
        self.at = start + taken;
        if self.word.bytes.get(self.at) != Some(&b']') {
            let text = String::from_utf8_lossy(&self.word.bytes[start..self.at]).into_owned();
            return Err(self.refuse(start, format!("missing ']' after '{text}'")));
        }
        self.at += 1;
        self.pieces.push(Draft::Expr(expr, flags));
        Ok(())
    }

    /// HAProxy's words around what is wrong with an expression.
    fn explain(&self, mut error: Refusal, start: usize) -> Refusal {
        if !error.message.starts_with("sample fetch <") {
            let rest = self.word.bytes.get(start..).unwrap_or_default();
            let end = memchr::memchr(b']', rest).map_or(rest.len(), |at| at + 1);
            let text = String::from_utf8_lossy(&rest[..end]).into_owned();
            error.message = format!(
                "failed to parse sample expression <{text}> : {}",
                error.message
            );
        }
        error
    }
}
