//! Numbers (manual 7.3.1: add, and, bool, cpl, div, even …).

use super::*;
use crate::sample::args::{Arg, Args};
use crate::sample::scope::Scope;

const OPERAND: &[Param] = &[need(Kind::Operand)];

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("add", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(n.saturating_add(operand(args, scope)?)))), "adds a number"),
    entry("and", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(n & operand(args, scope)?))), "bitwise AND"),
    entry("bool", &[], Type::Bool, Convert::Int(|n, _, _| Some(Value::Bool(n != 0))), "true unless 0"),
    entry("cpl", &[], Type::Int, Convert::Int(|n, _, _| Some(Value::Int(!n))), "flips all bits"),
    entry("div", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(divide(n, operand(args, scope)?)))), "divides; by 0: the greatest number"),
    entry("even", &[], Type::Bool, Convert::Int(|n, _, _| Some(Value::Bool(n & 1 == 0))), "true if even"),
    entry("mod", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(remainder(n, operand(args, scope)?)))), "the remainder; by 0: 0"),
    entry("mul", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(n.saturating_mul(operand(args, scope)?)))), "multiplies"),
    entry("neg", &[], Type::Int, Convert::Int(|n, _, _| Some(Value::Int(n.saturating_neg()))), "changes the sign"),
    entry("not", &[], Type::Bool, Convert::Int(|n, _, _| Some(Value::Bool(n == 0))), "true if 0"),
    entry("odd", &[], Type::Bool, Convert::Int(|n, _, _| Some(Value::Bool(n & 1 != 0))), "true if odd"),
    entry("or", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(n | operand(args, scope)?))), "bitwise OR"),
    entry("sub", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(n.saturating_sub(operand(args, scope)?)))), "subtracts a number"),
    entry("xor", OPERAND, Type::Int, Convert::Int(|n, args, scope| Some(Value::Int(n ^ operand(args, scope)?))), "bitwise XOR"),
];

/// The number, or the variable's value as one.
fn operand(args: &Args, scope: &Scope<'_>) -> Option<i64> {
    match args.at(0) {
        Arg::Int(n) => Some(*n),
        Arg::Var(var) => var.value(scope)?.int(),
        _ => None,
    }
}

fn divide(n: i64, by: i64) -> i64 {
    match by {
        0 => i64::MAX,
        _ => n.checked_div(by).unwrap_or(i64::MAX),
    }
}

fn remainder(n: i64, by: i64) -> i64 {
    n.checked_rem(by).unwrap_or(0)
}
