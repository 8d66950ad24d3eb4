//! Rules that steer the stream: which rules run on, log level, timeouts, priority, waiting.

use super::read::{Words, ready};
use super::table::{Entry, Read};
use super::{Action, Flow, Service};
use crate::diag::Diagnostic;
use crate::sample::{Pending, Scope, Type, leading_int};
use crate::settings::Kind;
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
        "wait-for-handshake",
        "",
        "waits for the TLS handshake",
        |_| {
            ready(|| {
                Action::new(Box::new(|scope| match &scope.session.tls {
                    Some(tls) if tls.is_early() => Flow::Settle,
                    _ => Flow::Continue,
                }))
            })
        },
    ),
];

pub(super) static NICE: Entry = Entry::new(
    "set-nice",
    "<nice>",
    "how far the stream steps back behind others, -1024 to 1024; below 0 as 0: never",
    nice,
);
pub(super) static RETRIES: Entry = Entry::new(
    "set-retries",
    "{ <number> | <expr> }",
    "sets how often the request is tried again (3.2)",
    retries,
);
pub(super) static SWITCH_MODE: Entry = Entry::new(
    "switch-mode",
    "http [ proto h1 ]",
    "goes on in HTTP mode",
    switch_mode,
);

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
pub(super) fn number(
    words: &mut Words<'_, '_, '_>,
    then: impl Fn(&mut Scope<'_>, i64) + Copy + Send + Sync + 'static,
) -> Read {
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

fn nice(words: &mut Words<'_, '_, '_>) -> Read {
    let word = words.word("expects exactly 1 argument (integer value)")?;
    let text = word.text();
    let nice = leading_int(&word.bytes).clamp(-1024, 1024) as i32;
    if text.parse() != Ok(nice) {
        let message = format!("'{text}' is taken for {nice}, a value of -1024 to 1024 is expected");
        let warning = Diagnostic::warning(word.span, message);
        words.cx.diagnostics.push(warning);
    }
    ready(move || {
        Action::new(Box::new(move |scope| {
            scope.txn.orders.nice = Some(nice);
            Flow::Continue
        }))
    })
}

fn retries(words: &mut Words<'_, '_, '_>) -> Read {
    if words.done() {
        return Err(words.refuse("expects exactly 1 argument"));
    }
    let word = words.cursor.peek();
    if let Some(word) = word.filter(|word| word.bytes.first().is_some_and(u8::is_ascii_digit)) {
        words.cursor.take();
        let Ok(retries) = word.text().parse::<u32>() else {
            return Err(words.refuse_at(word.span, "expects a positive number"));
        };
        return ready(move || {
            Action::new(Box::new(move |scope| {
                scope.txn.orders.retries = Some(retries);
                Flow::Continue
            }))
        });
    }
    number(words, |scope, n| {
        scope.txn.orders.retries = u32::try_from(n).ok().or(scope.txn.orders.retries);
    })
}

fn switch_mode(words: &mut Words<'_, '_, '_>) -> Read {
    const RULE: &str = "'tcp-request switch-mode'";
    if words.cx.kind == Kind::Backend {
        let proxy = words.cx.proxy;
        let message =
            format!("{RULE} not allowed because backend '{proxy}' has no frontend capability");
        return Err(words.refuse_at(words.name.span, message));
    }
    let mode = words.word(&format!("{RULE} expects a mode as argument."))?;
    if mode.bytes != b"http" {
        let text = mode.text();
        let message = format!("{RULE} expects a valid mode (got '{text}').");
        return Err(words.unknown(mode, message, ["http"]));
    }
    if words.cursor.take_if("proto") {
        let missing = format!("{RULE}: 'proto' expects a protocol as argument.");
        let name = words.word(&missing)?;
        match &*name.text() {
            "h1" => {}
            "h2" => {
                let message =
                    format!("{RULE}: 'proto h2' needs HTTP/2, which is not available yet");
                return Err(words.refuse_at(name.span, message));
            }
            text => {
                let message = format!(
                    "{RULE}: 'proto' expects a valid MUX protocol, if specified (got '{text}')"
                );
                return Err(words.unknown(name, message, ["h1", "h2"]));
            }
        }
    }
    ready(|| Action::new(Box::new(|_| Flow::SwitchMode)))
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
