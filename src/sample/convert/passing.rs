//! Converters that hand a sample on as it is: kept in a capture slot, or stopped (manual 7.3.1: capture-req,
//! capture-res, when).

use std::sync::atomic::Ordering::Relaxed;

use super::*;
use crate::sample::Slots;
use crate::sample::args::{Arg, Args};
use crate::sample::scope::Scope;
use crate::sample::table::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("capture-req", &[need(Kind::RequestSlot)], Type::Str, Convert::Str(|text, args, scope| capture(text, args, &scope.txn.request_captures)), "keeps the text in a slot of the request's captures"),
    entry("capture-res", &[need(Kind::ResponseSlot)], Type::Str, Convert::Str(|text, args, scope| capture(text, args, &scope.txn.response_captures)), "keeps the text in a slot of the response's captures"),
    entry("when", &[need(Kind::Checked(check_condition))], Type::Any, Convert::Any(when), "the sample if the condition holds, nothing else"),
];

/// No slot, no sample.
fn capture<'s>(text: Text<'s>, args: &Args, slots: &Slots) -> Option<Value<'s>> {
    let Arg::Slot(slot, len) = *args.at(0) else {
        return None;
    };
    let kept = text.get(..len.unwrap_or(usize::MAX)).unwrap_or(&text);
    slots.fill(slot, kept).then_some(Value::Str(text))
}

const CONDITIONS: [&str; 6] = [
    "error",
    "forwarded",
    "normal",
    "processed",
    "stopping",
    "toapplet",
];

fn check_condition(text: &str) -> Result<(), String> {
    let name = text.strip_prefix('!').unwrap_or(text);
    match name {
        "acl" => {
            Err("'acl' needs ACLs inside of expressions, which are not available yet".to_owned())
        }
        _ if CONDITIONS.contains(&name) => Ok(()),
        _ => Err(format!(
            "expects one of '{}', got '{text}'",
            CONDITIONS.join("', '")
        )),
    }
}

fn when<'s>(value: Value<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let text = args.text(0);
    let (name, wanted) = match text {
        [b'!', name @ ..] => (name, false),
        name => (name, true),
    };
    let txn = &*scope.txn;
    let forwarded = txn.timers.connected.is_some();
    let holds = match name {
        b"error" => txn.failed(),
        b"normal" => !txn.failed(),
        b"forwarded" => forwarded,
        b"toapplet" => txn.service.is_some(),
        b"processed" => forwarded || txn.service.is_some(),
        _ => scope.session.frontend.stopping.load(Relaxed),
    };
    (holds == wanted).then_some(value)
}
