//! Rules that steer the stream: which rules run on, log level, timeouts, priority, waiting.

use super::read::{Words, ready};
use super::table::{Entry, Read};
use super::{Action, Flow, Service};
use crate::sample::{Pending, Scope, Type};
use crate::syntax::units;

pub(super) static ALLOW: Entry = Entry::new("allow", "", "ends the ruleset", accept);
pub(super) static ACCEPT: Entry = Entry::new("accept", "", "ends the ruleset", accept);
pub(super) static LOG_LEVEL: Entry = Entry::new(
    "set-log-level",
    "<level>",
    "sets the level of the log line, or `silent`",
    log_level,
);
pub(super) static STRICT_MODE: Entry = Entry::new(
    "strict-mode",
    "{ on | off }",
    "whether a failed rewrite is an error",
    strict_mode,
);
pub(super) static WAIT_FOR_BODY: Entry = Entry::new(
    "wait-for-body",
    "time <time> [ at-least <bytes> ]",
    "waits for the body",
    wait_for_body,
);
pub(super) static PAUSE: Entry = Entry::new(
    "pause",
    "{ <timeout> | <expr> }",
    "waits before the next rule (3.x)",
    pause,
);

pub(super) static USE_SERVICE: Entry = Entry::new(
    "use-service",
    "<service>",
    "lets an internal service answer",
    use_service,
);

pub(super) static REQUEST: &[Entry] = &[
    Entry::new(
        "disable-l7-retry",
        "",
        "forbids retries after the request was sent",
        |_| simple(|scope| scope.txn.no_l7_retry = true),
    ),
    Entry::new(
        "set-timeout",
        "{ server | tunnel } { <timeout> | <expr> }",
        "overrides a timeout",
        set_timeout,
    ),
    // No TLS early data is ever accepted before the handshake, so nothing has to be waited for.
    Entry::new(
        "wait-for-handshake",
        "",
        "waits for the TLS handshake",
        |_| simple(|_| {}),
    ),
];

pub(super) static PRIORITY: &[Entry] = &[
    Entry::new(
        "set-priority-class",
        "<expr>",
        "sets the class in queues",
        |w| number(w, |scope, n| scope.txn.priority.0 = clamp(n, 2047)),
    ),
    Entry::new(
        "set-priority-offset",
        "<expr>",
        "sets the offset in queues",
        |w| number(w, |scope, n| scope.txn.priority.1 = clamp(n, 524_287)),
    ),
];

fn accept(_: &mut Words<'_, '_, '_>) -> Read {
    ready(|| Action::new(Box::new(|_| Flow::Accept)))
}

fn simple(run: fn(&mut Scope<'_>)) -> Read {
    ready(move || {
        Action::new(Box::new(move |scope| {
            run(scope);
            Flow::Continue
        }))
    })
}

fn clamp(n: i64, most: i32) -> i32 {
    n.clamp(i64::from(-most), i64::from(most)) as i32
}

/// An action that takes an expression and does something with its number.
pub(super) fn number(words: &mut Words<'_, '_, '_>, then: fn(&mut Scope<'_>, i64)) -> Read {
    let name = words.name.text();
    let expr = words.expr()?;
    if !expr.ty.casts_to(Type::Int) {
        let fetch = &expr.fetch;
        return Err(words.refuse(format!("'{fetch}' gives no number, which '{name}' needs")));
    }
    Ok(Pending::new(move |linker| {
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            let number = sample.eval(scope).and_then(|value| value.int());
            if let Some(number) = number {
                then(scope, number);
            }
            Flow::Continue
        })))
    }))
}

const LEVELS: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

fn log_level(words: &mut Words<'_, '_, '_>) -> Read {
    let word = words.word("expects exactly 1 argument (log level name or 'silent')")?;
    let name = word.text();
    let level = match LEVELS.iter().position(|level| *level == name) {
        Some(at) => Some(at as u8),
        None if name == "silent" => None,
        None => {
            return Err(words.refuse_at(
                word.span,
                "expects exactly 1 argument (log level name or 'silent')",
            ));
        }
    };
    ready(move || {
        Action::new(Box::new(move |scope| {
            scope.txn.log_level = Some(level);
            Flow::Continue
        }))
    })
}

fn strict_mode(words: &mut Words<'_, '_, '_>) -> Read {
    let word = words.word("expects exactly 1 arguments")?;
    match word.bytes.as_slice() {
        b"on" => simple(|scope| scope.txn.rewriting.lenient = false),
        b"off" => simple(|scope| scope.txn.rewriting.lenient = true),
        _ => {
            let text = word.text();
            Err(words.refuse_at(
                word.span,
                format!("Unexpected value '{text}'. Only 'on' and 'off' are supported"),
            ))
        }
    }
}

fn wait_for_body(words: &mut Words<'_, '_, '_>) -> Read {
    const EXPECTS: &str = "expects time <time> [ at-least <bytes> ]";
    let (mut time, mut least) = (None, 0);
    while !words.done() {
        let word = words.word(EXPECTS)?;
        match word.bytes.as_slice() {
            b"time" => {
                let value = words.word("missing argument for 'time'")?;
                time = Some(words.time(value)?);
            }
            b"at-least" => {
                let value = words.word("missing argument for 'at-least'")?;
                let parsed = units::bytes(&value.text());
                least = parsed.map_err(|error| words.refuse_at(value.span, error))?;
            }
            _ => return Err(words.refuse_at(word.span, EXPECTS)),
        }
    }
    let Some(time) = time else {
        return Err(words.refuse(EXPECTS));
    };
    let least = usize::try_from(least).unwrap_or(usize::MAX);
    ready(move || Action::new(Box::new(move |_| Flow::WaitForBody(time, least))))
}

fn pause(words: &mut Words<'_, '_, '_>) -> Read {
    let word = words.cursor.peek();
    if let Some(word) = word.filter(|word| word.bytes.first().is_some_and(u8::is_ascii_digit)) {
        words.cursor.take();
        let time = words.time(word)?;
        return ready(move || Action::new(Box::new(move |_| Flow::Pause(time))));
    }
    let expr = words.expr()?;
    Ok(Pending::new(move |linker| {
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            let time = sample.eval(scope).and_then(|value| value.int());
            match time.and_then(|time| u64::try_from(time).ok()) {
                Some(time @ 1..) => Flow::Pause(time),
                _ => Flow::Continue,
            }
        })))
    }))
}

fn set_timeout(words: &mut Words<'_, '_, '_>) -> Read {
    const EXPECTS: &str = "expects exactly 2 arguments";
    let which = words.word(EXPECTS)?;
    let apply: fn(&mut Scope<'_>, u64) = match which.bytes.as_slice() {
        b"server" => |scope, time| scope.txn.server_timeout = Some(time),
        b"tunnel" => |scope, time| scope.txn.tunnel_timeout = Some(time),
        _ => {
            let text = which.text();
            let message = format!("'set-timeout' rule supports 'server'/'tunnel' (got '{text}')");
            return Err(words.unknown(which, message, ["server", "tunnel"]));
        }
    };
    let which = which.text();
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
                format!("null value is not valid for a 'set-timeout {which}' rule"),
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

fn use_service(words: &mut Words<'_, '_, '_>) -> Read {
    let word = words.word("'use-service' expects a service name.")?;
    let name = word.text();
    match name.as_ref() {
        "prometheus-exporter" => {
            ready(|| Action::new(Box::new(|_| Flow::Service(Service::Exporter))))
        }
        "stats" => ready(|| Action::new(Box::new(|_| Flow::Service(Service::Stats)))),
        _ if name.starts_with("lua.") => Err(words.refuse_at(
            word.span,
            format!("'{name}' needs Lua, which is not available"),
        )),
        _ => Err(words.refuse_at(word.span, format!("'{name}' unknown service name."))),
    }
}
