//! Words of old versions: HAProxy's message, the line to write today, and what the word does here.
//!
//! The tables are the only place that knows them. Without `--strict-haproxy` HAProxy's refusal becomes a
//! warning and the word does its work: mostly today's line is read in its place.

mod appsession;
mod rewrite;
mod rules;
mod words;

use super::super::args::{Args, Parsed, Prefix};
use super::super::draft::Draft;
use super::super::load::{Load, WORKS};
use super::keyword;
use crate::diag::{Diagnostic, Lead, Span};
use crate::syntax::{Line, Word};

pub(in super::super) use rules::monitor_net;

/// How a removed word is written today.
#[derive(Clone, Copy)]
enum Today {
    /// Exactly so, followed by the arguments as they are.
    Same(&'static str),
    /// As this function says, of the arguments.
    Rewritten(fn(&[String]) -> Option<String>),
    /// There is no line for it; this is what to do.
    Advice(&'static str),
}

/// What a removed word does here.
#[derive(Clone, Copy)]
enum Does {
    /// What today's line does; only where that is [`Today::Same`].
    Today,
    /// This.
    This(fn(&mut Draft, &mut Args<'_>, &mut Load) -> Parsed),
    /// Nothing any more; the text says so.
    Nothing(&'static str),
    /// It is refused.
    Refused,
}

/// A word that was removed.
struct Removed {
    name: &'static str,
    /// HAProxy's message; `{}` stands for the name, `{1}` for the first argument, `{section}` for the kind of section.
    message: &'static str,
    lead: Lead,
    today: Today,
    does: Does,
}

const fn removed(name: &'static str, message: &'static str, today: Today, does: Does) -> Removed {
    Removed {
        name,
        message,
        lead: Lead::Parsing,
        today,
        does,
    }
}

/// Reads the line if it has a removed word.
pub(super) fn read(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Option<Parsed> {
    let second = args.peek().map(Word::text);
    let second = second.as_deref().unwrap_or_default();
    let removed = match args.name.as_str() {
        "option" => words::OPTIONS.iter().find(|word| word.name == second)?,
        "hash-type" => words::HASH_TYPES.iter().find(|word| word.name == second)?,
        "timeout" => words::TIMEOUTS.iter().find(|word| word.name == second)?,
        name => return Some(apply(words::keyword(name)?, draft, args, load)),
    };
    args.take();
    Some(apply(removed, draft, args, load))
}

fn apply(removed: &Removed, draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let refusal = told(removed, args, draft.proxy.kind.keyword());
    let note = match removed.does {
        Does::Refused => return Err(Box::new(refusal)),
        Does::Nothing(note) => note,
        Does::Today | Does::This(_) => WORKS,
    };
    load.old(refusal, note)?;
    match (removed.does, removed.today) {
        (Does::This(act), _) => {
            removed.name.clone_into(&mut args.name);
            act(draft, args, load)?;
            load.end(args)
        }
        (Does::Today, Today::Same(form)) => instead(form, draft, args, load),
        _ => {
            args.skip();
            Ok(())
        }
    }
}

/// HAProxy's refusal, and what to write.
fn told(removed: &Removed, args: &Args<'_>, section: &str) -> Diagnostic {
    let rest: Vec<String> = args
        .rest()
        .iter()
        .map(|word| rewrite::quoted(&word.text()))
        .collect();
    let first = rest.first().map_or("", String::as_str);
    let message = removed.message.replace("{}", removed.name);
    let message = message.replace("{1}", first).replace("{section}", section);
    let place = args.keyword();
    let span = match args.last() {
        Some(word) if word.bytes == removed.name.as_bytes() => word.span,
        _ => place,
    };
    let alert = Diagnostic::alert(span, message)
        .label("removed from the language")
        .lead(removed.lead);
    let today = match removed.today {
        Today::Same(form) if rest.is_empty() => format!("write instead: `{form}`"),
        Today::Same(form) => format!("write instead: `{form} {}`", rest.join(" ")),
        Today::Rewritten(rewrite) => match rewrite(&rest) {
            Some(line) => format!("write instead: `{line}`"),
            None => return alert,
        },
        Today::Advice(help) => help.to_owned(),
    };
    alert.help(today)
}

/// Reads another line in place of this one: `form`, then the words that are left. All blame the words that
/// stand there.
fn instead(form: &str, draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let prefix = usize::from(args.prefix != Prefix::None);
    let before = args.line().words.iter().take(prefix);
    let mut words: Vec<Word> = before.cloned().collect();
    words.extend(spoken(form, args.keyword()));
    words.extend_from_slice(args.rest());
    let span = args.line().span;
    let line = Line { words, span };
    let mut modern = Args::new(&line, prefix, args.prefix);
    let result = keyword(draft, &mut modern, load);
    args.notes.append(&mut modern.notes);
    result
}

/// Words that stand nowhere; whatever is said of them is said of this place.
fn spoken(text: &str, span: Span) -> impl Iterator<Item = Word> {
    text.split(' ').map(move |word| Word {
        bytes: word.as_bytes().to_vec(),
        span,
        map: vec![span.start; word.len()],
    })
}

/// The address on a `listen` or `frontend` line: it is read as a `bind` line of the section.
pub(in super::super) fn bind_here(draft: &mut Draft, address: &Word, load: &mut Load) -> Parsed {
    let mut words: Vec<Word> = spoken("bind", address.span).collect();
    words.push(address.clone());
    let span = address.span;
    let line = Line { words, span };
    keyword(draft, &mut Args::new(&line, 0, Prefix::None), load)
}
