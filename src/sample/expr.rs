//! Expressions: a fetch and its converters, checked, then linked.

use super::{Pending, Place, Scope, Type, Value};

/// A linked expression. Evaluation gives `None` where the sample does not exist.
pub struct Sample {
    run: Run,
    each: Option<Each>,
}

/// What evaluation runs.
pub type Run = Box<dyn for<'s> Fn(&'s Scope<'_>) -> Option<Value<'s>> + Send + Sync>;

/// What evaluation runs where a fetch has several samples (`req.hdr`, `req.cook`, `urlp`): gives each to
/// the function until that answers true; answers whether it did.
pub type Each =
    Box<dyn for<'s> Fn(&'s Scope<'_>, &mut dyn FnMut(&Value<'s>) -> bool) -> bool + Send + Sync>;

impl Sample {
    /// An expression that runs this.
    pub fn new(run: Run) -> Self {
        Self { run, each: None }
    }
    /// An expression with several samples, all of which an ACL looks at.
    pub fn many(run: Run, each: Each) -> Self {
        Self {
            run,
            each: Some(each),
        }
    }
    /// True if one of the samples passes the test (manual 7.1: an ACL looks at all of them).
    pub fn any<'s>(&self, scope: &'s Scope<'_>, test: &mut dyn FnMut(&Value<'s>) -> bool) -> bool {
        match &self.each {
            Some(each) => each(scope, test),
            None => (self.run)(scope).is_some_and(|value| test(&value)),
        }
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
    /// Whether it can be known at a place. Rules and formats ask while they are read (`parse` refuses);
    /// an ACL is read for [`Place::Acl`], where all can, and asks when a condition uses it.
    pub usable: fn(Place) -> bool,
    /// What linking makes of it.
    pub sample: Pending<Sample>,
}
