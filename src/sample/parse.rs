//! Reading an expression from a word, and what that needs to know of its surroundings.

use std::cell::Cell;
use std::ops::Range;
use std::path::PathBuf;

use crate::diag::{Diagnostic, Span};
use crate::settings::{Kind, Mode};
use crate::syntax::{Cursor, Word};

use super::place::Place;
use super::reader::Reader;
use super::{Expr, convert};
use steps::{Draft, converters, fetch};

mod steps;
#[cfg(test)]
mod tests;
mod unknown;

/// The surroundings of a line while its expressions, conditions and actions are checked.
pub struct Context<'a> {
    /// Where the line stands in a stream's life.
    pub place: Place,
    /// The section's kind.
    pub kind: Kind,
    /// The proxy's mode as known so far.
    pub mode: Mode,
    /// The proxy's name (empty in `global` and anonymous `defaults`).
    pub proxy: &'a str,
    /// ACLs declared so far in this section.
    pub acls: &'a crate::acl::Acls,
    /// How many keys may be tracked at once (`tune.stick-counters`).
    pub stick_counters: u32,
    /// Whether `expose-experimental-directives` was seen.
    pub experimental: bool,
    /// What the line turned out to depend on.
    pub contents: Contents,
    /// Capture slots of the proxy: `http-request capture … len` adds one, `declare capture` too.
    pub captures: &'a mut Captures,
    /// Name of the file the line stands in, as it was given (for `Rule::place`).
    pub file: &'a str,
    /// ACL and map files read so far; one for a whole load.
    pub files: &'a crate::acl::Files,
    /// Directory that relative file names (`-f`, `file`) are taken from.
    pub directory: PathBuf,
    /// Warnings go here; an error is returned.
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

/// Whether what a line says depends on more than connections and handshakes: on what clients send.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    /// An expression does.
    pub expr: Cell<bool>,
    /// A condition does.
    pub cond: Cell<bool>,
}

/// Capture slots of a proxy: name (empty for declared ones) and length.
#[derive(Debug, Clone, Default)]
pub struct Captures {
    /// Request slots.
    pub request: Vec<(String, usize)>,
    /// Response slots.
    pub response: Vec<(String, usize)>,
}

/// Reads an expression from the decoded bytes `range` of a word; answers it and how many bytes it took
/// (it ends at the range's end, or at a character that no expression has, as the `]` of a format).
///
/// # Errors
/// An unknown fetch or converter, bad arguments, a place where it cannot be known.
pub fn parse(
    word: &Word,
    range: Range<usize>,
    cx: &mut Context<'_>,
) -> Result<(Expr, usize), Box<Diagnostic>> {
    let start = range.start;
    let mut reader = Reader::new(word, range);
    let mut draft = fetch(&mut reader, cx)?;
    converters(&mut reader, &mut draft, false, cx)?;
    let consumed = reader.at() - start;
    Ok((draft.finish(), consumed))
}

/// Reads an expression that has words of its own: `hdr(host),lower`, and in the old style also
/// `hdr(host) lower`. Stops at the first word that is no converter.
///
/// # Errors
/// As [`parse`]; also no word, or something behind the expression within its word.
pub fn parse_words(cursor: &mut Cursor<'_>, cx: &mut Context<'_>) -> Result<Expr, Box<Diagnostic>> {
    let Some(_) = cursor.peek() else {
        return Err(alert(cursor.span(), "missing fetch method"));
    };
    let (expr, taken) = parse_slice(cursor.rest(), cx)?;
    for _ in 0..taken {
        cursor.take();
    }
    Ok(expr)
}

/// As [`parse_words`] from the first of these words on; answers also how many it took, at least one.
///
/// # Errors
/// As [`parse_words`].
pub fn parse_slice(words: &[Word], cx: &mut Context<'_>) -> Result<(Expr, usize), Box<Diagnostic>> {
    let Some((first, rest)) = words.split_first() else {
        return Err(alert(Span::default(), "missing fetch method"));
    };
    let mut reader = Reader::new(first, 0..first.bytes.len());
    let mut draft = fetch(&mut reader, cx)?;
    chain(&mut reader, first, &mut draft, false, cx)?;
    let mut taken = 1;
    for word in rest {
        let mut reader = Reader::new(word, 0..word.bytes.len());
        let name = Reader::new(word, 0..word.bytes.len()).name();
        if convert::find(&reader.text(name)).is_none() {
            break;
        }
        chain(&mut reader, word, &mut draft, true, cx)?;
        taken += 1;
    }
    Ok((draft.finish(), taken))
}

/// Converters up to the end of a word; a comma may stand last.
fn chain(
    reader: &mut Reader<'_>,
    word: &Word,
    draft: &mut Draft,
    first: bool,
    cx: &Context<'_>,
) -> Result<(), Box<Diagnostic>> {
    let end = word.bytes.iter().rposition(|byte| *byte != b',');
    reader.stop_at(end.map_or(0, |last| last + 1));
    converters(reader, draft, first, cx)?;
    reader.stop_at(word.bytes.len());
    reader.commas();
    all_read(reader, word)
}

fn alert(span: Span, message: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::alert(span, message))
}

fn all_read(reader: &Reader<'_>, word: &Word) -> Result<(), Box<Diagnostic>> {
    if reader.at() == word.bytes.len() {
        return Ok(());
    }
    let rest = reader.at()..word.bytes.len();
    let before = reader.text(0..reader.at());
    Err(alert(
        reader.span(rest),
        format!("missing comma after '{before}'"),
    ))
}
