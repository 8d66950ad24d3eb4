//! ACLs: patterns, pattern files and conditions (manual 7.1, 7.2).
//!
//! `config` declares ACLs and reads conditions here; the engine tests a linked [`Cond`]. Must not know
//! the engine.

use std::collections::BTreeMap;

use crate::diag::Diagnostic;
use crate::sample::{Context, Pending, Scope};
use crate::syntax::Cursor;

/// ACLs declared in a section, by name; several declarations of one name are alternatives.
#[derive(Debug, Clone, Default)]
pub struct Acls {
    by_name: BTreeMap<String, Vec<Declared>>,
}

impl Acls {
    /// Adds what [`declare`] read.
    pub fn add(&mut self, acl: Declared) {
        self.by_name.entry(acl.name.clone()).or_default().push(acl);
    }
}

/// One `acl` line, checked.
#[derive(Debug, Clone)]
pub struct Declared {
    name: String,
}

/// ACL and map files read so far, each once. One for a whole load; the plan keeps it.
#[derive(Debug, Default)]
pub struct Files {}

/// Reads `<name> <criterion> [flags] [operator] <values>`, what follows the word `acl` (manual 7.1).
///
/// # Errors
/// An unknown fetch, a pattern of the wrong type, a file that cannot be read.
pub fn declare(cursor: &mut Cursor<'_>, _: &mut Context<'_>) -> Result<Declared, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "'acl' is not available yet",
    )))
}

/// Reads `if …` or `unless …` up to the end of the line; `None` where nothing is left (manual 7.2).
///
/// # Errors
/// Another word than `if` or `unless`, an unknown ACL, a bad anonymous one.
pub fn condition(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Option<Pending<Cond>>, Box<Diagnostic>> {
    if cursor.done() {
        return Ok(None);
    }
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "conditions are not available yet",
    )))
}

/// The outcome of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It does not hold.
    Fail,
    /// It does not hold yet, but data that is still to come may change that.
    Wait,
}

/// A linked condition (`if …`, `unless …`).
pub struct Cond {
    run: Box<dyn Fn(&Scope<'_>) -> Outcome + Send + Sync>,
}

impl Cond {
    /// A condition that runs this.
    pub fn new(run: Box<dyn Fn(&Scope<'_>) -> Outcome + Send + Sync>) -> Self {
        Self { run }
    }
    /// Tests it now.
    pub fn test(&self, scope: &Scope<'_>) -> Outcome {
        (self.run)(scope)
    }
}

impl std::fmt::Debug for Cond {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cond")
    }
}
