//! `set-timeout`: another limit for this stream than its proxies' own.

use super::read::{Words, ready};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::sample::{Pending, Scope};

pub(super) static REQUEST_TIMEOUT: Entry = Entry::new(
    "set-timeout",
    "{ client | connect | queue | server | tarpit | tunnel } { <timeout> | <expr> }",
    "overrides a timeout (2.6: `server` and `tunnel`)",
    |w| set_timeout(w, &[CLIENT, SERVER, TUNNEL, CONNECT, QUEUE, TARPIT]),
);
pub(super) static RESPONSE_TIMEOUT: Entry = Entry::new(
    "set-timeout",
    "{ client | server | tunnel } { <timeout> | <expr> }",
    "overrides a timeout (3.x)",
    |w| set_timeout(w, &[CLIENT, SERVER, TUNNEL]),
);

/// A timeout: its name, and how an order for it is noted.
type Which = (&'static str, fn(&mut Scope<'_>, u64));

const CLIENT: Which = ("client", |s, ms| s.txn.orders.client_timeout = Some(ms));
const SERVER: Which = ("server", |s, ms| s.txn.orders.server_timeout = Some(ms));
const TUNNEL: Which = ("tunnel", |s, ms| s.txn.orders.tunnel_timeout = Some(ms));
const CONNECT: Which = ("connect", |s, ms| s.txn.orders.connect_timeout = Some(ms));
const QUEUE: Which = ("queue", |s, ms| s.txn.orders.queue_timeout = Some(ms));
const TARPIT: Which = ("tarpit", |s, ms| s.txn.orders.tarpit_timeout = Some(ms));

fn set_timeout(words: &mut Words<'_, '_, '_>, known: &[Which]) -> Read {
    const EXPECTS: &str = "expects exactly 2 arguments";
    let which = words.word(EXPECTS)?;
    let name = which.text();
    let Some((_, apply)) = known.iter().find(|(known, _)| *known == name) else {
        let message = format!("'set-timeout' rule supports 'server'/'tunnel' (got '{name}')");
        return Err(words.unknown(which, message, known.iter().map(|(known, _)| *known)));
    };
    let apply = *apply;
    if words.done() {
        return Err(words.refuse(EXPECTS));
    }
    let fixed = words
        .cursor
        .peek()
        .filter(|word| word.bytes.first().is_some_and(u8::is_ascii_digit));
    if let Some(word) = fixed {
        words.cursor.take();
        let time = words.time(word)?;
        if time == 0 {
            return Err(words.refuse_at(
                word.span,
                format!("null value is not valid for a 'set-timeout {name}' rule"),
            ));
        }
        return ready(move || {
            Action::new(Box::new(move |scope| {
                apply(scope, time);
                Flow::Continue
            }))
        });
    }
    let expr = words.expr()?;
    Ok(Pending::new(move |linker| {
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            let time = sample.eval(scope).and_then(|value| value.int());
            if let Some(time @ 1..) = time.and_then(|time| u64::try_from(time).ok()) {
                apply(scope, time);
            }
            Flow::Continue
        })))
    }))
}
