//! Expressions: a fetch and its converters, checked, then linked.

use super::args::Args;
use super::table::{Convert, Get, Points};
use super::value::{Type, Value};
use super::{Pending, Place, Scope};

/// A linked expression. Evaluation gives `None` where the sample does not exist.
#[derive(Debug)]
pub struct Sample {
    get: Get,
    args: Args,
    steps: Box<[Step]>,
}

/// A converter in an expression.
#[derive(Debug)]
pub(super) struct Step {
    /// The type the converter wants to see, where the sample before it may be another.
    pub cast: Type,
    /// What it does.
    pub convert: Convert,
    /// Its arguments.
    pub args: Args,
}

impl Sample {
    pub(super) fn new(get: Get, args: Args, steps: Vec<Step>) -> Self {
        Self {
            get,
            args,
            steps: steps.into_boxed_slice(),
        }
    }

    /// The sample now.
    #[inline]
    pub fn eval<'s>(&'s self, scope: &'s Scope<'_>) -> Option<Value<'s>> {
        if self.steps.is_empty() {
            return self.get.call(scope, &self.args);
        }
        let value = self.get.call(scope, &self.args)?;
        self.convert(value, scope)
    }

    #[inline]
    fn convert<'s>(&'s self, mut value: Value<'s>, scope: &'s Scope<'_>) -> Option<Value<'s>> {
        for step in &self.steps {
            if step.cast != Type::Any && value.ty() != step.cast {
                value = value.cast(step.cast)?;
            }
            value = step.convert.call(value, &step.args, scope)?;
        }
        Some(value)
    }

    /// True if one of the samples passes the test: fetches as `req.hdr` have several, and an ACL looks at
    /// all of them (manual 7.1).
    pub fn any(&self, scope: &Scope<'_>, test: &mut dyn FnMut(&Value<'_>) -> bool) -> bool {
        self.get.each(scope, &self.args, &mut |value| {
            self.convert(value, scope).is_some_and(|value| test(&value))
        })
    }

    /// The sample now, as the given type.
    pub fn eval_as<'s>(&'s self, to: Type, scope: &'s Scope<'_>) -> Option<Value<'s>> {
        self.eval(scope)?.cast(to)
    }

    /// Appends the sample now as text; answers whether there was one.
    pub fn write_to(&self, scope: &Scope<'_>, out: &mut Vec<u8>) -> bool {
        match self.eval(scope) {
            Some(value) => {
                value.write_to(out);
                true
            }
            None => false,
        }
    }
}

/// A checked expression: its type is known, its names are not resolved yet.
#[derive(Debug, Clone)]
pub struct Expr {
    /// The names of its converters.
    pub converters: Vec<&'static str>,
    /// The type of its samples; `Any` where only a sample tells (`var`), `Addr` for either family.
    pub ty: Type,
    /// The name of the fetch, as written (for ACL defaults and messages).
    pub fetch: String,
    /// The points of a stream's life at which its fetch can be used.
    pub points: Points,
    /// What linking makes of it.
    pub sample: Pending<Sample>,
}

impl Expr {
    /// Whether it can give a sample there.
    pub fn usable(&self, place: Place) -> bool {
        self.points.has(place)
    }
}
