//! Rules about entries of stick tables: tracking keys, raising counters, setting tags (manual 4.2 `track-sc0`,
//! `sc-inc-gpc` and kin).

use super::read::Words;
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::diag::{Diagnostic, Lead, Span};
use crate::sample::{self, Expr, Linker, Pending, Place, Sample, Scope, Type, Which};
use crate::state::table::{Pair, Row, Track, tick};

pub(super) static TRACK: Entry = Entry::open(
    "track-sc",
    "<n> <key> [table <table>]",
    "tracks a key in a stick table",
    track,
);

pub(super) static COUNTERS: &[Entry] = &[
    Entry::open(
        "sc-add-gpc",
        "(<idx>,<sc-id>) { <int> | <expr> }",
        "adds to a counter of a tracked key (2.8)",
        |w| {
            let (which, at) = numbered(w, "sc-add-gpc", "gpc", "GPC")?;
            with_value(w, which, at, |which, row, index, n| {
                which.add(row, index, u64::from(n));
            })
        },
    ),
    Entry::open(
        "sc-inc-gpc",
        "(<idx>,<sc-id>)",
        "raises a counter of a tracked key",
        |w| {
            let (which, at) = numbered(w, "sc-inc-gpc", "gpc", "GPC")?;
            raise(which, at)
        },
    ),
    Entry::open(
        "sc-inc-gpc0",
        "(<sc-id>)",
        "raises counter 0 of a tracked key",
        |w| raise(Which::First, plain(w, "sc-inc-gpc0", false)?),
    ),
    Entry::open(
        "sc-inc-gpc1",
        "(<sc-id>)",
        "raises counter 1 of a tracked key",
        |w| raise(Which::Second, plain(w, "sc-inc-gpc1", false)?),
    ),
    Entry::open(
        "sc-set-gpt",
        "(<idx>,<sc-id>) { <int> | <expr> }",
        "sets a tag of a tracked key",
        |w| {
            let (which, at) = numbered(w, "sc-set-gpt", "gpt", "GPT")?;
            with_value(w, which, at, Which::set_tag_of)
        },
    ),
    Entry::open(
        "sc-set-gpt0",
        "(<sc-id>) { <int> | <expr> }",
        "sets tag 0 of a tracked key",
        |w| {
            let at = plain(w, "sc-set-gpt0", true)?;
            with_value(w, Which::First, at, Which::set_tag_of)
        },
    ),
];

/// Which element of an array, of which tracked entry.
#[derive(Debug, Clone, Copy)]
struct At {
    index: u32,
    track: u32,
}

/// Where a rule tracks: for the connection, or for the stream; and what of it can be counted by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Session,
    Content,
    Request,
    Response,
}

impl Scene {
    fn of(place: Place) -> Self {
        match place {
            Place::TcpConnection | Place::TcpSession => Self::Session,
            Place::FrontRequest | Place::BackRequest => Self::Request,
            Place::BackResponse | Place::FrontResponse => Self::Response,
            _ => Self::Content,
        }
    }
}

fn track(words: &mut Words<'_, '_, '_>) -> Read {
    let name = words.name.text().into_owned();
    let digits = name.strip_prefix("track-sc").unwrap_or_default();
    let most = words.cx.stick_counters;
    let number = match digits {
        "" => 0,
        _ => digits.parse::<u32>().map_err(|_| {
            words.refuse_at(words.name.span, format!("Wrong track-sc number '{digits}'"))
        })?,
    };
    if number >= most {
        let message = match most {
            0 => "tracking is disabled (tune.stick-counters is 0)".to_owned(),
            _ => format!(
                "{number} track-sc number exceeding {} (MAX_SESS_STKCTR-1) value",
                most - 1
            ),
        };
        return Err(words.refuse_at(words.name.span, message));
    }
    let expr = words.expr()?;
    let mut named = (String::new(), words.name.span);
    if words.cursor.take_if("table") {
        let word = words.word("missing table name")?;
        named = (word.text().into_owned(), word.span);
    }
    let scene = Scene::of(words.cx.place);
    Ok(Pending::new(move |linker| {
        link_track(linker, &expr, (&named.0, named.1), &name, number, scene)
    }))
}

fn link_track(
    linker: &mut Linker<'_>,
    expr: &Expr,
    (named, span): (&str, Span),
    rule: &str,
    number: u32,
    scene: Scene,
) -> Result<Action, Box<Diagnostic>> {
    let proxy = linker.proxy;
    let wanted = if named.is_empty() { proxy } else { named };
    let refuse = |what: String| {
        let message = format!("Proxy '{proxy}': {what}.");
        Box::new(Diagnostic::alert(span, message).lead(Lead::Bare))
    };
    let table = linker.names.table(wanted).ok_or_else(|| {
        refuse(format!(
            "unable to find table '{wanted}' referenced by {rule}"
        ))
    })?;
    if !expr.ty.casts_to(sample::type_of_key(table.shape.key)) {
        return Err(refuse(format!(
            "stick-table '{wanted}' uses a type incompatible with the '{rule}' rule"
        )));
    }
    let sample = expr.sample.link(linker)?;
    Ok(Action::new(Box::new(move |scope| {
        let taken = scope.session.tracks().find(number).is_some();
        if taken || scope.txn.tracks.find(number).is_some() {
            return Flow::Continue;
        }
        let key = sample
            .eval(scope)
            .and_then(|value| sample::key(&table, value));
        let Some(key) = key else {
            return super::lacking(scene == Scene::Content, scope);
        };
        if let Some(track) = Track::begin(&table, &key, tick(scope.now.instant)) {
            begin(scope, number, track, scene);
        }
        Flow::Continue
    })))
}

/// A key is tracked from now on: what has been counted before it was is counted now.
fn begin(scope: &mut Scope<'_>, number: u32, track: Track, scene: Scene) {
    let now = tick(scope.now.instant);
    if matches!(scene, Scene::Request | Scene::Response) {
        track.count(Pair::REQUESTS, 1, now);
    }
    if scene == Scene::Response
        && let Some(pair) = sample::blame(scope.txn.response.head.status())
    {
        track.count(pair, 1, now);
    }
    match scene {
        Scene::Session => scope.session.track(number, track),
        _ => scope.txn.tracks.add(number, track),
    }
}

/// What an action's parentheses say; nothing where it has none, as in HAProxy.
fn inner<'w>(word: &'w str, action: &str) -> Option<&'w str> {
    let rest = word.strip_prefix(action)?;
    match rest {
        "" => Some(""),
        _ => rest.strip_prefix('(')?.strip_suffix(')'),
    }
}

/// `(<sc-id>)`
fn plain(words: &Words<'_, '_, '_>, action: &str, named: bool) -> Result<At, Box<Diagnostic>> {
    let word = words.name.text();
    let quoted = if named {
        format!(" '{word}'")
    } else {
        String::new()
    };
    let track = match inner(&word, action) {
        Some("") => 0,
        Some(digits) => digits.parse().unwrap_or(u32::MAX),
        None => u32::MAX,
    };
    let most = words.cx.stick_counters;
    if track == u32::MAX {
        let message = format!("invalid stick table track ID{quoted}. Expects {action}(<Track ID>)");
        return Err(words.refuse_at(words.name.span, message));
    }
    if track >= most {
        return Err(too_high(words, &quoted));
    }
    Ok(At { index: 0, track })
}

fn too_high(words: &Words<'_, '_, '_>, quoted: &str) -> Box<Diagnostic> {
    let highest = i64::from(words.cx.stick_counters) - 1;
    let message = format!("invalid stick table track ID{quoted}. The max allowed ID is {highest}");
    words.refuse_at(words.name.span, message)
}

/// `(<idx>,<sc-id>)`
fn numbered(
    words: &Words<'_, '_, '_>,
    action: &str,
    kind: &str,
    shown: &str,
) -> Result<(Which, At), Box<Diagnostic>> {
    let word = words.name.text();
    let expects = format!("Expects {action}(<{shown} ID>,<Track ID>)");
    let refuse = |what: String| Err(words.refuse_at(words.name.span, what));
    let inner = inner(&word, action).unwrap_or_default();
    let Some((index, track)) = inner.split_once(',') else {
        return match inner.parse::<u32>() {
            Ok(_) => refuse(format!("Missing {kind} ID '{word}'. {expects}")),
            Err(_) => refuse(format!("invalid {kind} ID '{word}'. {expects}")),
        };
    };
    let (Ok(index), Ok(track)) = (index.parse(), track.parse()) else {
        return refuse(format!("invalid {kind} ID '{word}'. {expects}"));
    };
    if track >= words.cx.stick_counters {
        return Err(too_high(words, &format!(" '{word}'")));
    }
    Ok((Which::Numbered, At { index, track }))
}

fn raise(which: Which, at: At) -> Read {
    super::read::ready(move || {
        Action::new(Box::new(move |scope| {
            on_tracked(scope, at.track, |row| {
                which.add(row, at.index, 1);
            });
            Flow::Continue
        }))
    })
}

fn on_tracked(scope: &Scope<'_>, number: u32, change: impl FnOnce(&mut Row<'_>)) {
    let of_stream = scope.txn.tracks.find(number);
    if let Some(track) = of_stream.or_else(|| scope.session.tracks().find(number)) {
        track.change(tick(scope.now.instant), change);
    }
}

/// An action with a value: a number, or an expression that gives one.
fn with_value(
    words: &mut Words<'_, '_, '_>,
    which: Which,
    at: At,
    apply: fn(Which, &mut Row<'_>, u32, u32),
) -> Read {
    // Without a value it is 0, as in HAProxy; but a condition is no value.
    let end = words.cursor.rest().iter().all(|word| word.bytes.is_empty());
    let fixed = match words.cursor.peek() {
        _ if end => Some(0),
        Some(word) => word.text().parse::<i64>().ok(),
        None => Some(0),
    };
    let expr = match fixed {
        Some(_) => {
            if !words.done() {
                words.cursor.take();
            }
            None
        }
        None => Some(words.expr()?),
    };
    Ok(Pending::new(move |linker| {
        let sample = match &expr {
            Some(expr) => Some(expr.sample.link(linker)?),
            None => None,
        };
        Ok(Action::new(Box::new(move |scope| {
            if let Some(n) = fixed.or_else(|| number(sample.as_ref()?, scope)) {
                on_tracked(scope, at.track, |row| apply(which, row, at.index, n as u32));
            }
            Flow::Continue
        })))
    }))
}

fn number(sample: &Sample, scope: &Scope<'_>) -> Option<i64> {
    sample.eval_as(Type::Int, scope)?.int()
}
