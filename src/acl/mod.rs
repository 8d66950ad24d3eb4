//! ACLs: patterns, pattern files, maps and conditions (manual 7.1, 7.2).
//!
//! `config` declares ACLs and reads conditions here, converters look samples up in maps; the engine tests
//! a linked [`Cond`]. Must not know the engine, and not what a rule does when its condition holds.

mod change;
mod condition;
mod declare;
mod entries;
mod expressions;
mod file;
mod groups;
mod hash;
mod hint;
mod keys;
mod keyword;
mod live;
mod method;
mod network;
mod number;
mod parts;
mod patterns;
mod predefined;
mod probe;
mod segmented;
mod set;
mod single;
mod slip;
mod strings;
mod subject;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use change::{Count, Entry, NoSuchVersion, Which};
pub use condition::{Cond, Outcome};
pub use file::{Fault, File, Files, User, Uses};
pub use keyword::{KEYWORDS, dump};
pub use method::{METHODS, Method};
pub use number::Operator;
pub use patterns::Reading;
pub use predefined::PREDEFINED;
pub use probe::Probe;
pub use set::{Output, Set};
pub(crate) use slip::not_a_condition;
pub(crate) use subject::with_bytes as with_text;

use crate::diag::Diagnostic;
use crate::sample::{Context, Linker, Pending};
use crate::syntax::{Cursor, Line, Word};
use condition::Part;

/// ACLs declared in a section, by name; several declarations of one name are alternatives.
#[derive(Debug, Clone, Default)]
pub struct Acls {
    by_name: BTreeMap<String, Vec<Part>>,
}

impl Acls {
    /// Adds what [`declare`] read.
    pub fn add(&mut self, acl: Declared) {
        let Declared { name, part } = acl;
        self.by_name.entry(name).or_default().push(part);
    }

    /// Remembers the name of an ACL that [`declare`] refused, so that conditions that use it are not refused as well.
    pub fn add_refused(&mut self, line: &Line) {
        if let Some(name) = line.words.get(1) {
            let parts = self.by_name.entry(name.text().into_owned()).or_default();
            parts.push(Part::Always(false));
        }
    }

    /// Links all of them, whether a condition uses them or not: what they name must exist. Answers what does not,
    /// by line.
    pub fn check(&self, linker: &mut Linker<'_>) -> Vec<Diagnostic> {
        let parts = self.by_name.values().flatten();
        let refused = parts.filter_map(|part| part.link(linker).err());
        let mut refused: Vec<_> = refused.map(|refusal| *refusal).collect();
        refused.sort_by_key(|refusal| refusal.span.map(|span| span.line));
        refused
    }

    fn find(&self, name: &str) -> Option<&[Part]> {
        self.by_name.get(name).map(Vec::as_slice)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }
}

/// One `acl` line, checked.
#[derive(Debug, Clone)]
pub struct Declared {
    name: String,
    part: Part,
}

/// Reads `<name> <criterion> [flags] [operator] <values>`, what follows the word `acl` (manual 7.1).
///
/// # Errors
/// A bad name, an unknown fetch, a pattern of the wrong type, a file that cannot be read.
pub fn declare(cursor: &mut Cursor<'_>, cx: &mut Context<'_>) -> Result<Declared, Box<Diagnostic>> {
    let name = name(cursor)?;
    let words = cursor.rest();
    while cursor.take().is_some() {}
    let part = condition::part(words, cursor.span(), cx).map_err(|mut error| {
        error.message = format!(
            "error detected while parsing ACL '{name}' : {}.",
            error.message
        );
        error
    })?;
    Ok(Declared { name, part })
}

fn name(cursor: &mut Cursor<'_>) -> Result<String, Box<Diagnostic>> {
    let refuse = |word: &Word, message: String| Box::new(Diagnostic::alert(word.span, message));
    let Some(word) = cursor.take() else {
        return Err(Box::new(Diagnostic::alert(
            cursor.span(),
            "'acl' expects a name and a criterion",
        )));
    };
    let name = word.text().into_owned();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
        return Err(refuse(
            word,
            format!("character '{bad}' is not permitted in acl name '{name}'."),
        ));
    }
    if name.eq_ignore_ascii_case("or") {
        return Err(refuse(
            word,
            format!(
                "acl name '{name}' will never match. 'or' is used to express a logical disjunction within a condition."
            ),
        ));
    }
    Ok(name)
}

/// Reads `if …` or `unless …` up to the end of the line; `None` where nothing is left (manual 7.2).
///
/// # Errors
/// Another word than `if` or `unless`, an unknown ACL, a bad anonymous one.
pub fn condition(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Option<Pending<Cond>>, Box<Diagnostic>> {
    condition::read(cursor, cx)
}
