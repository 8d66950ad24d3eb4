//! What reading a piece of the language needs to know of its surroundings.

use std::path::PathBuf;

use crate::diag::Diagnostic;
use crate::settings::{Kind, Mode};
use crate::syntax::Word;

use super::Expr;
use super::place::Place;

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
    range: std::ops::Range<usize>,
    _: &mut Context<'_>,
) -> Result<(Expr, usize), Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        word.part(range.start, range.end),
        "expressions are not available yet",
    )))
}
