//! Reading a format: text, `%name`, `%{flags}name`, `%[expression]`.

use super::alias::{self, Alias, Facts};
use super::{Encoding, Flags, Format, FormatUse, Item, Label, Piece, Source, Wanted};
use crate::diag::{Diagnostic, suggest};
use crate::sample::{self, Context, Expr, Pending};
use crate::settings::Mode;
use crate::syntax::Word;

type Refusal = Box<Diagnostic>;

/// A piece that is read and not linked.
enum Draft {
    Text(Vec<u8>),
    Blank,
    Alias(&'static Alias, Flags, Label),
    Expr(Expr, Flags, Label),
}

struct Reader<'a, 'c> {
    word: &'a Word,
    at: usize,
    usage: FormatUse,
    /// Flags that `%o` set for all that follow.
    flags: Flags,
    /// Encoding that `%o` set for the whole line.
    whole: Option<Encoding>,
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
        log: usage == FormatUse::Log,
        http: cx.mode == Mode::Http,
        ..Flags::default()
    };
    let mut reader = Reader {
        word,
        at: 0,
        usage,
        flags,
        whole: None,
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
    Ok(pending(reader.pieces, usage, reader.whole))
}

fn pending(drafts: Vec<Draft>, usage: FormatUse, whole: Option<Encoding>) -> Pending<Format> {
    Pending::new(move |linker| {
        let mut pieces = Vec::with_capacity(drafts.len());
        for draft in &drafts {
            pieces.push(match draft {
                Draft::Text(text) => Piece::Text(text.as_slice().into()),
                Draft::Blank => Piece::Blank,
                Draft::Alias(alias, flags, label) => Piece::Item(Item {
                    source: Source::Alias(alias),
                    flags: *flags,
                    label: label.clone(),
                }),
                Draft::Expr(expr, flags, label) => Piece::Item(Item {
                    source: Source::Expr(expr.sample.link(linker)?),
                    flags: *flags,
                    label: label.clone(),
                }),
            });
        }
        Ok(Format {
            pieces: pieces.into(),
            usage,
            facts: Facts::new(linker.state),
            whole,
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
        let mut label = Label::default();
        let mut braced = false;
        loop {
            match self.word.bytes.get(self.at) {
                Some(b'{') => {
                    braced = true;
                    self.flags_of(start, &mut flags)?;
                }
                Some(b'(') => label = self.label(start)?,
                Some(b'[') => return self.expression(flags, label),
                Some(b) if b.is_ascii_alphabetic() => return self.alias(flags, label),
                None if !braced && label.name.is_none() => {
                    return Err(self.refuse(start, "truncated line after '%'"));
                }
                None => {
                    let near = String::from_utf8_lossy(&self.word.bytes[start..]).into_owned();
                    return Err(self.refuse(
                        start,
                        format!("parse argument modifier without variable name near '{near}'"),
                    ));
                }
                Some(other) => {
                    let name = char::from(*other).to_string();
                    self.at += 1;
                    return Err(self.unknown(start, &name));
                }
            }
        }
    }

    /// What stands up to the closing mark; stands on the opening one, ends behind the closing one.
    fn enclosed(&mut self, start: usize, close: u8) -> Result<(usize, Vec<u8>), Refusal> {
        let inner = self.at + 1;
        let rest = self.word.bytes.get(inner..).unwrap_or_default();
        let Some(len) = memchr::memchr(close, rest) else {
            let open = String::from_utf8_lossy(rest).into_owned();
            self.at = self.word.bytes.len();
            return Err(self.refuse(start, format!("truncated line after '{open}'")));
        };
        let text = rest[..len].to_vec();
        self.at = inner + len + 1;
        Ok((inner, text))
    }

    /// `(name)` or `(name:type)`.
    fn label(&mut self, start: usize) -> Result<Label, Refusal> {
        let (inner, text) = self.enclosed(start, b')')?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let (name, wanted) = match text.split_once(':') {
            Some((name, ty)) => (name, Some(ty)),
            None => (text.as_str(), None),
        };
        let wanted = match wanted {
            None => None,
            Some(ty) => Some(Wanted::of(ty).ok_or_else(|| {
                let at = inner + name.len() + 1;
                let mut error = Diagnostic::alert(
                    self.word.part(at, at + ty.len()),
                    format!("unexpected output format type '{ty}' of the item '{name}'"),
                );
                let names = Wanted::NAMES.iter().map(|(name, _)| *name);
                error.help.extend(suggest::did_you_mean(ty, names));
                Box::new(error.help("the types are bool, sint and str: `%(status:sint)ST`"))
            })?),
        };
        let name = (!name.is_empty()).then(|| name.into());
        Ok(Label { name, wanted })
    }

    /// `{+Q,-E}`; stands on the brace, ends behind the closing one.
    fn flags_of(&mut self, start: usize, flags: &mut Flags) -> Result<(), Refusal> {
        let (mut at, list) = self.enclosed(start, b'}')?;
        let mut raw = matches!(flags.encoding, Some(Encoding::Cbor { raw: true }));
        for flag in list.split(|b| *b == b',') {
            let on = flag.first() == Some(&b'+');
            match flag {
                b"+Q" | b"-Q" => flags.quote = on,
                b"+X" | b"-X" => flags.hex = on,
                b"+E" | b"-E" => flags.escape = on,
                b"+json" => flags.encoding = Some(Encoding::Json),
                b"+cbor" => flags.encoding = Some(Encoding::Cbor { raw }),
                b"-json" | b"-cbor" => flags.encoding = None,
                b"+bin" | b"-bin" => raw = on,
                b"" => {}
                _ => self.unknown_flag(at, flag),
            }
            at += flag.len() + 1;
        }
        if let Some(Encoding::Cbor { raw: shown }) = &mut flags.encoding {
            *shown = raw;
        }
        if raw && self.usage.escapes() {
            return Err(self.refuse(start, "'+bin' cannot be used in a part of a message"));
        }
        Ok(())
    }

    /// HAProxy takes flags it does not know, and they do nothing.
    fn unknown_flag(&mut self, at: usize, flag: &[u8]) {
        let name = String::from_utf8_lossy(flag).into_owned();
        let mut warning = Diagnostic::warning(
            self.word.part(at, at + flag.len()),
            format!("unknown flag '{name}' in a format has no effect"),
        );
        let known = ["+Q", "-Q", "+X", "-X", "+E", "-E", "+json", "+cbor", "+bin"];
        warning.help.extend(suggest::did_you_mean(&name, known));
        self.cx.diagnostics.push(
            warning.help("the flags are Q, X, E, json, cbor and bin, each with a sign: `%{+Q}r`"),
        );
    }

    fn alias(&mut self, flags: Flags, label: Label) -> Result<(), Refusal> {
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
            self.whole = flags.encoding.or(self.whole);
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
        self.nameless(start, &label);
        self.pieces.push(Draft::Alias(alias, flags, label));
        Ok(())
    }

    /// Of a line that is an object only named items are seen.
    fn nameless(&mut self, start: usize, label: &Label) {
        if self.whole.is_some() && label.name.is_none() {
            let span = self.word.part(start, self.at);
            self.cx.diagnostics.push(
                Diagnostic::warning(span, "an item without a name does not show in this format")
                    .help("under `%{+json}o` and `%{+cbor}o` items need names: `%(client_ip)ci`"),
            );
        }
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
    fn expression(&mut self, flags: Flags, label: Label) -> Result<(), Refusal> {
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
        self.nameless(start, &label);
        self.pieces.push(Draft::Expr(expr, flags, label));
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
