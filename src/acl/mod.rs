//! ACLs: patterns, pattern files and conditions (manual 7.1, 7.2).
//!
//! `config` declares ACLs and reads conditions here; the engine tests a linked [`Cond`]. Must not know
//! the engine.

use crate::sample::Scope;

/// ACLs declared in a section, by name; several declarations of one name are alternatives.
#[derive(Debug, Clone, Default)]
pub struct Acls {}

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
