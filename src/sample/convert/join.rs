//! Variables beside the sample: joined to it, compared with it, set from it.

use std::cmp::Ordering;

use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const CONDITION: Param = may(Kind::Choice(&[
    "ifexists",
    "ifnotexists",
    "ifempty",
    "ifnotempty",
    "ifset",
    "ifnotset",
    "ifgt",
    "iflt",
]));

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("add_item", &[need(Kind::Str), need(Kind::VarOrNext), may(Kind::Str)], Type::Str, Convert::Str(add_item), "a variable and a text behind a delimiter, which is left out where nothing is on one side"),
    entry("concat", &[may(Kind::Str), may(Kind::VarOrNone), may(Kind::Str)], Type::Str, Convert::Str(concat), "a text, a variable and a text behind it"),
    entry("secure_memcmp", &[need(Kind::Var)], Type::Bool, Convert::Bin(secure_memcmp), "whether it equals a variable; takes no less time if not"),
    entry("set-var", &[need(Kind::Var), CONDITION, CONDITION, CONDITION, CONDITION], Type::Any, Convert::Any(set_var), "sets a variable to it, if the conditions hold"),
    entry("strcmp", &[need(Kind::Var)], Type::Int, Convert::Str(strcmp), "0 if it equals a variable, below or above 0 by the order"),
    entry("unset-var", &[need(Kind::Var)], Type::Any, Convert::Any(unset_var), "removes a variable"),
];

fn variable(args: &Args, at: usize, scope: &Scope<'_>, out: &mut Vec<u8>) {
    if let Some(value) = args.var(at).and_then(|var| var.value(scope)) {
        value.write_to(out);
    }
}

fn concat<'s>(text: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let mut out = text.into_owned();
    out.extend_from_slice(args.text(0));
    variable(args, 1, scope, &mut out);
    out.extend_from_slice(args.text(2));
    Some(Value::owned(out))
}

fn add_item<'s>(text: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let mut item = Vec::new();
    variable(args, 1, scope, &mut item);
    item.extend_from_slice(args.text(2));
    let mut out = text.into_owned();
    if !out.is_empty() && !item.is_empty() {
        out.extend_from_slice(args.text(0));
    }
    out.extend_from_slice(&item);
    Some(Value::owned(out))
}

fn strcmp<'s>(text: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let other = args.var(0)?.value(scope)?.into_text();
    // As the C library's strncmp(3): how far apart the first bytes are that differ, up to a NUL.
    let mut pairs = text.iter().zip(other.iter());
    let differing = pairs.find(|(a, b)| a != b || **a == 0);
    Some(Value::Int(match differing {
        Some((a, b)) if a != b => i64::from(*a) - i64::from(*b),
        _ => match text.len().cmp(&other.len()) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        },
    }))
}

fn secure_memcmp<'s>(bytes: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let other = args.var(0)?.value(scope)?.into_bytes();
    let differing = bytes
        .iter()
        .zip(other.iter())
        .fold(0, |bits, (a, b)| bits | (a ^ b));
    Some(Value::Bool(bytes.len() == other.len() && differing == 0))
}

fn set_var<'s>(value: Value<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let var = args.var(0).filter(|var| !var.is_homeless(scope))?;
    let now = var.value(scope);
    let empty = matches!(&value, Value::Str(s) | Value::Bin(s) | Value::Meth(s) if s.is_empty());
    let above = |a: &Value<'_>, b: &Value<'_>| match (a, b) {
        (Value::Int(a), Value::Int(b)) => a > b,
        _ => true,
    };
    for at in 1..=4 {
        let holds = match args.int(at) {
            None => continue,
            Some(0) => var.exists(scope),
            Some(1) => !var.exists(scope),
            Some(4) => now.is_some(),
            Some(5) => now.is_none(),
            Some(2) => empty,
            Some(3) => !empty,
            Some(6) => now.as_ref().is_none_or(|now| above(now, &value)),
            Some(_) => now.as_ref().is_none_or(|now| above(&value, now)),
        };
        if !holds {
            return None;
        }
    }
    var.set(scope, Some(value.clone().into_static()));
    Some(value)
}

fn unset_var<'s>(value: Value<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let var = args.var(0).filter(|var| !var.is_homeless(scope))?;
    var.set(scope, None);
    Some(value)
}
