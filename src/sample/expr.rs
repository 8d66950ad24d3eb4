//! Expressions: a fetch and its converters, checked, then linked.

use super::{Pending, Scope, Type, Value};

/// A linked expression. Evaluation gives `None` where the sample does not exist.
pub struct Sample {
    run: Run,
}

/// What evaluation runs.
pub type Run = Box<dyn for<'s> Fn(&'s Scope<'_>) -> Option<Value<'s>> + Send + Sync>;

impl Sample {
    /// An expression that runs this.
    pub fn new(run: Run) -> Self {
        Self { run }
    }
    /// The sample now.
    pub fn eval<'s>(&self, scope: &'s Scope<'_>) -> Option<Value<'s>> {
        (self.run)(scope)
    }
}

impl std::fmt::Debug for Sample {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sample")
    }
}

/// A checked expression: its type is known, its names are not resolved yet.
#[derive(Debug, Clone)]
pub struct Expr {
    /// The type of its samples.
    pub ty: Type,
    /// The name of the fetch, as written (for ACL defaults and messages).
    pub fetch: String,
    /// What linking makes of it.
    pub sample: Pending<Sample>,
}
