//! `capture`: a sample into a slot of the captures.

use super::read::{Side, Words};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::diag::Diagnostic;
use crate::sample::{Pending, Value};

const EXPECTS: &str = "expects <expression> [ 'len' <length> | id <idx> ]";

pub(super) static CAPTURE: Entry = Entry::new(
    "capture",
    "<sample> [ len <length> | id <id> ]",
    "keeps a sample for the logs",
    capture,
);

fn capture(words: &mut Words<'_, '_, '_>) -> Read {
    if words.done() {
        return Err(words.refuse(EXPECTS));
    }
    let side = words.side();
    let expr = words.expr()?;
    if words.done() {
        return Err(words.refuse(EXPECTS));
    }
    let word = words.word(EXPECTS)?;
    let how = word.text();
    let number = if words.done() {
        return Err(words.refuse(EXPECTS));
    } else {
        words.word(EXPECTS)?
    };
    let value: Option<usize> = number.text().parse().ok();
    let slots = match side {
        Side::Request => &mut words.cx.captures.request,
        Side::Response => &mut words.cx.captures.response,
    };
    let (slot, len) = match how.as_ref() {
        "len" if side == Side::Response => {
            return Err(words.refuse_at(word.span, "expects 'id', found 'len'"));
        }
        "len" => match value {
            Some(len @ 1..=65_535) => {
                slots.push((String::new(), len));
                (slots.len() - 1, Some(len))
            }
            _ => return Err(words.refuse_at(number.span, "length must be > 0")),
        },
        "id" => match value {
            Some(slot) => (slot, None),
            None => return Err(words.refuse_at(number.span, "expects a slot number")),
        },
        other => {
            let message = format!("expects 'len' or 'id', found '{other}'");
            return Err(words.refuse_at(word.span, message));
        }
    };
    let front = words.cx.kind.front();
    let content = words.cx.place.is_content();
    let (keyword, span) = (keyword(words), number.span);
    Ok(Pending::new(move |linker| {
        let sample = expr.sample.link(linker)?;
        let slots = match side {
            Side::Request => &linker.captures.request,
            Side::Response => &linker.captures.response,
        };
        let len = len.or_else(|| slots.get(slot).map(|(_, len)| *len));
        if len.is_none() && front {
            let proxy = linker.proxy;
            let message = format!(
                "Proxy '{proxy}': unable to find capture id '{slot}' referenced by {keyword} capture rule."
            );
            return Err(Box::new(Diagnostic::alert(span, message)));
        }
        Ok(Action::new(Box::new(move |scope| {
            scope.waiting.set(false);
            let text: Option<Box<[u8]>> = sample.eval(scope).map(|value: Value<'_>| {
                let text = value.into_text();
                let kept = len.unwrap_or(text.len()).min(text.len());
                text.get(..kept).unwrap_or_default().into()
            });
            if text.is_none() {
                return super::lacking(content, scope);
            }
            let slots = match side {
                Side::Request => scope.txn.request_captures.list_mut(),
                Side::Response => scope.txn.response_captures.list_mut(),
            };
            // In a backend the frontend may not have the slot: then the rule does nothing.
            if let (Some(text), Some(place)) = (text, slots.get_mut(slot)) {
                *place = Some(text);
            }
            Flow::Continue
        })))
    }))
}

/// The first word of the line, for messages.
fn keyword(words: &Words<'_, '_, '_>) -> String {
    let first = words.cursor.line().words.first();
    first
        .map(|word| word.text().into_owned())
        .unwrap_or_default()
}
