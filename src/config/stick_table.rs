//! What a table is: the words behind `stick-table`, and behind `table` in a `peers` section (manual 4.2
//! `stick-table`).

use std::ops::Range;

use super::args::{Args, Parsed, alert};
use super::load::Load;
use super::model::Table;
use super::units::{self, Unit};
use crate::diag::{Diagnostic, Lead, suggest};
use crate::settings::{Data, Datum, Form, KeyType, Shape, SrvKey};
use crate::syntax::Word;

/// The longest array, as in HAProxy.
const LONGEST_ARRAY: u16 = 100;
/// The length of keys whose length is not said.
const DEFAULT_LENGTH: usize = 32;

/// What has been read of a line.
#[derive(Default)]
struct Draft {
    key: Option<KeyType>,
    size: usize,
    expire: u64,
    nopurge: bool,
    srvkey: SrvKey,
    peers: Option<(String, crate::diag::Span)>,
    recv_only: bool,
    write_to: Option<(String, crate::diag::Span)>,
    stored: Vec<(Data, u16, u32)>,
}

/// Reads a table of this name.
pub(super) fn read(name: &str, args: &mut Args<'_>, load: &mut Load) -> Parsed<Table> {
    let mut draft = Draft::default();
    while let Some(word) = args.take() {
        draft.word(word, args, load)?;
    }
    if draft.size == 0 {
        return missing(args, "size");
    }
    let Some(key) = draft.key else {
        return missing(args, "type");
    };
    let mut shape = Shape::new(key, draft.size);
    shape.expire = u32::try_from(draft.expire).ok().filter(|ms| *ms > 0);
    shape.nopurge = draft.nopurge;
    shape.srvkey = draft.srvkey;
    for (data, count, period) in draft.stored {
        shape.store(data, count, period);
    }
    Ok(Table {
        name: name.to_owned(),
        shape,
        peers: draft.peers,
        inside: false,
        recv_only: draft.recv_only,
        write_to: draft.write_to,
        span: args.keyword(),
    })
}

fn missing<T>(args: &Args<'_>, what: &str) -> Parsed<T> {
    alert(args.keyword(), format!("{}: missing {what}.", args.name))
}

/// The argument of a word.
fn argument<'l>(args: &mut Args<'l>, of: &str) -> Parsed<&'l Word> {
    let here = args.span();
    match args.take() {
        Some(word) => Ok(word),
        None => alert(
            here,
            format!("{}: missing argument after '{of}'.", args.name),
        ),
    }
}

impl Draft {
    fn word(&mut self, word: &Word, args: &mut Args<'_>, load: &mut Load) -> Parsed {
        let name = args.name.clone();
        match &*word.text() {
            "type" => self.key = Some(key_type(args)?),
            "size" => self.size = size(argument(args, "size")?, &name)?,
            "expire" => self.expire = expire(argument(args, "expire")?, &name)?,
            "nopurge" => self.nopurge = true,
            "peers" => {
                let peers = argument(args, "peers")?;
                self.peers = Some((peers.text().into_owned(), peers.span));
            }
            "srvkey" => {
                let (here, key) = (args.span(), args.take());
                let text = key.map(|key| key.text().into_owned()).unwrap_or_default();
                self.srvkey = match text.as_str() {
                    "name" => SrvKey::Name,
                    "addr" => SrvKey::Addr,
                    _ => return alert(here, format!("{name} : unknown server key type '{text}'.")),
                };
            }
            "store" => {
                if let Some(list) = args.take() {
                    self.store(list, args, load)?;
                }
            }
            "recv-only" => self.recv_only = true,
            "write-to" => {
                let table = argument(args, "write-to")?;
                self.write_to = Some((table.text().into_owned(), table.span));
            }
            other => {
                let message = format!("{name}: unknown argument '{other}'.");
                let mut unknown = Diagnostic::alert(word.span, message);
                let known = [
                    "type",
                    "size",
                    "expire",
                    "nopurge",
                    "peers",
                    "recv-only",
                    "srvkey",
                    "store",
                    "write-to",
                ];
                unknown.help.extend(suggest::did_you_mean(other, known));
                return Err(Box::new(unknown));
            }
        }
        Ok(())
    }

    /// A list of kinds of data, with commas between.
    fn store(&mut self, list: &Word, args: &Args<'_>, load: &mut Load) -> Parsed {
        let text = list.text().into_owned();
        let mut from = 0;
        loop {
            let rest = text.get(from..).unwrap_or_default();
            let open = rest
                .find(['(', ','])
                .filter(|at| rest[*at..].starts_with('('));
            let end = match open.and_then(|open| rest[open..].find(')').map(|at| open + at)) {
                Some(close) => rest[close..].find(',').map(|at| close + at),
                None => rest.find(','),
            };
            let item = from..from + end.unwrap_or(rest.len());
            self.store_one(list, &text, item, args, load)?;
            match end {
                // A comma may stand last.
                Some(end) if from + end + 1 < text.len() => from += end + 1,
                _ => return Ok(()),
            }
        }
    }

    fn store_one(
        &mut self,
        list: &Word,
        text: &str,
        item: Range<usize>,
        args: &Args<'_>,
        load: &mut Load,
    ) -> Parsed {
        let span = list.part(item.start, item.end);
        let item = text.get(item).unwrap_or_default();
        let name = item.split('(').next().unwrap_or_default();
        let refuse = |what: &str| {
            let message = format!("{}: {what} store option '{name}'.", args.name);
            Err(Box::new(Diagnostic::alert(span, message)))
        };
        let Some(datum) = Data::named(name) else {
            if matches!(name, "glitch_cnt" | "glitch_rate") {
                return refuse("the counting of protocol glitches is not available yet, as needs");
            }
            let message = format!("{}: unknown store option '{name}'.", args.name);
            let mut unknown = Diagnostic::alert(span, message);
            let known = Data::ALL.iter().map(|datum| datum.name);
            unknown.help.extend(suggest::did_you_mean(name, known));
            return Err(Box::new(unknown));
        };
        let inner = match item.split_once('(') {
            None => None,
            Some((_, rest)) => match rest.split_once(')') {
                Some((inner, _)) => Some(inner),
                None => return refuse("missing closing parenthesis after"),
            },
        };
        let (count, period) = match arguments(datum, inner) {
            Ok(found) => found,
            Err(what) => return refuse(what),
        };
        if self.stored.iter().any(|(data, ..)| *data == datum.data) {
            let what = format!(
                "{}: store option '{name}' already enabled, ignored.",
                args.name
            );
            let warning = Diagnostic::warning(span, what).lead(Lead::Reading);
            load.diagnostics.push(warning);
            return Ok(());
        }
        self.stored.push((datum.data, count, period));
        match self.clash() {
            None => Ok(()),
            Some((array, single)) => alert(
                span,
                format!(
                    "{}: simultaneous usage of '{array}' and '{single}' in a same table is not permitted as '{array}' \
                     overrides '{single}'.",
                    args.name
                ),
            ),
        }
    }

    /// An array and one that it stands for, stored together.
    fn clash(&self) -> Option<(&'static str, &'static str)> {
        let has = |data| self.stored.iter().any(|(other, ..)| *other == data);
        let pairs = [
            (Data::Gpc, [Data::Gpc0, Data::Gpc1], ("gpc", "gpc[0/1]")),
            (
                Data::GpcRate,
                [Data::Gpc0Rate, Data::Gpc1Rate],
                ("gpc_rate", "gpc[0/1]_rate"),
            ),
            (Data::Gpt, [Data::Gpt0, Data::Gpt0], ("gpt", "gpt0")),
        ];
        let clash = pairs
            .into_iter()
            .find(|(array, singles, _)| has(*array) && singles.iter().any(|one| has(*one)));
        clash.map(|(.., names)| names)
    }
}

/// The length of an array and the period of a rate, from between the parentheses.
fn arguments(datum: &Datum, inner: Option<&str>) -> Result<(u16, u32), &'static str> {
    const MISSING: &str = "missing argument to";
    let rate = datum.form == Form::Rate;
    let (count, period) = match (datum.array, inner) {
        (false, None) if rate => return Err(MISSING),
        (false, None) => return Ok((1, 0)),
        (false, Some(_)) if !rate => return Err("unexpected argument to"),
        (false, Some(period)) => (None, Some(period)),
        (true, None) => return Err(MISSING),
        (true, Some(both)) => match both.split_once(',') {
            Some((count, period)) if rate => (Some(count), Some(period)),
            None if rate => return Err(MISSING),
            _ => (Some(both), None),
        },
    };
    let count = match count.map(str::parse) {
        None => 1,
        Some(Ok(count @ 1..=LONGEST_ARRAY)) => count,
        Some(_) => return Err("array size is out of allowed range (1-100) for"),
    };
    let period = match period.map(|text| units::time(text, Unit::Milliseconds)) {
        None => 0,
        Some(Ok(time)) if time.warning.is_none() => {
            u32::try_from(time.milliseconds).unwrap_or(u32::MAX)
        }
        Some(_) => return Err("error when processing"),
    };
    Ok((count, period))
}

fn key_type(args: &mut Args<'_>) -> Parsed<KeyType> {
    let (here, word) = (args.span(), args.take());
    let text = word
        .map(|word| word.text().into_owned())
        .unwrap_or_default();
    Ok(match text.as_str() {
        "ip" | "ipv4" => KeyType::Ip,
        "ipv6" => KeyType::Ipv6,
        "integer" => KeyType::Integer,
        "string" => KeyType::String(length(args)?),
        "binary" => KeyType::Binary(length(args)?),
        _ => {
            let message = format!("{}: unknown type '{text}'.", args.name);
            let mut unknown = Diagnostic::alert(here, message);
            let known = ["ip", "ipv6", "integer", "string", "binary"];
            unknown.help.extend(suggest::did_you_mean(&text, known));
            return Err(Box::new(unknown));
        }
    })
}

/// `len <n>`, if it follows.
fn length(args: &mut Args<'_>) -> Parsed<usize> {
    if !args.take_if("len") {
        return Ok(DEFAULT_LENGTH);
    }
    let (here, word) = (args.span(), args.take());
    let text = word
        .map(|word| word.text().into_owned())
        .unwrap_or_default();
    match text.parse() {
        Ok(length @ 1..=65_535) => Ok(length),
        // HAProxy takes the length for the type.
        _ => {
            let message = format!("{}: unknown type '{text}'.", args.name);
            let help = "behind 'len' a number of bytes is expected";
            Err(Box::new(Diagnostic::alert(here, message).help(help)))
        }
    }
}

/// A number with `k`, `m` or `g` behind it.
fn size(word: &Word, name: &str) -> Parsed<usize> {
    let text = word.text();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = match unit {
        "" => Some(1),
        "k" | "K" => Some(1 << 10),
        "m" | "M" => Some(1 << 20),
        "g" | "G" => Some(1 << 30),
        _ => None,
    };
    let size = factor.and_then(|factor: u64| number.parse::<u64>().ok()?.checked_mul(factor));
    match size {
        Some(size) if size <= u64::from(u32::MAX) => Ok(size as usize),
        _ => unexpected(word, unit, name, "size"),
    }
}

fn unexpected<T>(word: &Word, rest: &str, name: &str, of: &str) -> Parsed<T> {
    let bad = rest.chars().next().or(word.text().chars().next());
    let bad = bad.unwrap_or(' ');
    alert(
        word.span,
        format!("{name}: unexpected character '{bad}' in argument of '{of}'."),
    )
}

fn expire(word: &Word, name: &str) -> Parsed<u64> {
    let text = word.text();
    match units::time(&text, Unit::Milliseconds) {
        Ok(time) if time.warning.is_none() => Ok(time.milliseconds),
        Err(problem) if problem.starts_with("timer overflow") => Err(Box::new(
            Diagnostic::alert(
                word.span,
                format!(
                    "{name}: timer overflow in argument <{text}> to <expire>, maximum value is 2147483647 ms (~24.8 days)."
                ),
            )
            .lead(Lead::Reading),
        )),
        _ => {
            let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
            unexpected(word, rest, name, "expire")
        }
    }
}
