//! `set-status`: another status line.

use super::read::{Words, ready};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::http::reply::reason;

pub(super) static SET_STATUS: Entry = Entry::new(
    "set-status",
    "<status> [reason <str>]",
    "sets the status and its reason",
    set_status,
);

fn set_status(words: &mut Words<'_, '_, '_>) -> Read {
    const EXPECTS: &str = "expects 1 or 3 arguments";
    let word = words.word(EXPECTS)?;
    let status: u16 = match word.text().parse() {
        Ok(status @ 100..=999) => status,
        _ => {
            return Err(words.refuse_at(
                word.span,
                "expects an integer status code between 100 and 999",
            ));
        }
    };
    let phrase = if words.cursor.take_if("reason") {
        Some(words.word(EXPECTS)?.bytes.clone())
    } else {
        None
    };
    ready(move || {
        let phrase = phrase.clone();
        Action::new(Box::new(move |scope| {
            let head = &mut scope.txn.response.head;
            head.set_status(status);
            head.set_reason(phrase.as_deref().unwrap_or(reason(status)));
            Flow::Continue
        }))
    })
}
