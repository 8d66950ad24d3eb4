//! Keyword tables: what a section understands, and how it is looked up.

use super::advice;
use super::args::{Args, Parsed, alert};
use super::load::Load;
use crate::diag::{Diagnostic, Lead, Span, suggest};

bitflags::bitflags! {
    /// Sections a proxy keyword may stand in.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Sections: u8 {
        /// `defaults`
        const DEFAULTS = 1;
        /// `frontend`, and `listen` as one.
        const FRONT = 2;
        /// `backend`, and `listen` as one.
        const BACK = 4;
        /// `frontend`, `backend` and `listen`.
        const PROXY = 2 | 4;
        /// Everywhere.
        const ALL = 1 | 2 | 4;
        /// Where it cannot stand it is an error, not a warning.
        const STRICTLY = 8;
    }
}

/// One keyword of a section that is read into `T`.
pub struct Keyword<T: 'static> {
    /// Its name.
    pub name: &'static str,
    /// Its arguments, as the manual writes them.
    pub args: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Where it may stand (of interest in proxy sections only).
    pub sections: Sections,
    /// Whether it does anything yet. One that does not is refused, or means something only with one that is: messages know
    /// it, the dumps leave it out.
    pub works: bool,
    pub(super) parse: fn(&mut T, &mut Args<'_>, &mut Load) -> Parsed,
}

/// A table of keywords, in parts.
pub(super) type Table<T> = &'static [&'static [Keyword<T>]];

/// An entry for a section other than a proxy.
pub(super) const fn keyword<T>(
    name: &'static str,
    args: &'static str,
    doc: &'static str,
    parse: fn(&mut T, &mut Args<'_>, &mut Load) -> Parsed,
) -> Keyword<T> {
    within(Sections::ALL, name, args, doc, parse)
}

/// An entry for a proxy section.
pub(super) const fn within<T>(
    sections: Sections,
    name: &'static str,
    args: &'static str,
    doc: &'static str,
    parse: fn(&mut T, &mut Args<'_>, &mut Load) -> Parsed,
) -> Keyword<T> {
    Keyword {
        name,
        args,
        doc,
        sections,
        works: true,
        parse,
    }
}

impl<T> Keyword<T> {
    /// The same, known but of no use yet.
    pub(super) const fn idle(mut self) -> Self {
        self.works = false;
        self
    }
}

/// The entry of that name.
pub(super) fn find<T>(table: Table<T>, name: &str) -> Option<&'static Keyword<T>> {
    table
        .iter()
        .flat_map(|part| part.iter())
        .find(|keyword| keyword.name == name)
}

/// The entry of a name that has an argument in brackets right behind it: `set-proxy-v2-tlv-fmt(0x20)`.
fn find_with_argument<T>(table: Table<T>, word: &str) -> Option<&'static Keyword<T>> {
    let (name, _) = word.split_once('(')?;
    find(table, name).filter(|keyword| keyword.args.starts_with('('))
}

/// Every name of a table.
pub(super) fn names<T>(table: Table<T>) -> impl Iterator<Item = &'static str> {
    table
        .iter()
        .flat_map(|part| part.iter())
        .map(|keyword| keyword.name)
}

/// The entries of a table that do something.
pub(super) fn working<T>(table: Table<T>) -> impl Iterator<Item = &'static Keyword<T>> {
    let all = table.iter().flat_map(|part| part.iter());
    all.filter(|keyword| keyword.works)
}

/// The alert about a name that no entry has.
pub(super) fn unknown<T>(args: &Args<'_>, table: Table<T>, section: &str) -> Box<Diagnostic> {
    let name = &args.name;
    let message = format!("unknown keyword '{name}' in '{section}' section");
    let mut diagnostic = Diagnostic::alert(args.keyword(), message).label("not known");
    diagnostic
        .help
        .extend(advice::keyword(name, section, names(table)));
    Box::new(diagnostic)
}

/// Options that are refused: name, and how many words follow.
pub(super) type TlsOptions = &'static [(&'static str, usize)];

/// What the options of a kind of line are.
pub(super) struct Choices<T: 'static> {
    /// The options.
    pub table: Table<T>,
    /// Those that are refused.
    pub tls: TlsOptions,
    /// What stands between the line's title and "unknown keyword".
    pub colon: &'static str,
    /// How messages name the place.
    pub lead: Lead,
}

/// Reads the options of a `bind` or `server` line up to its end. `title` is how messages call the
/// line. All problems are told, not only the first.
pub(super) fn options<T>(
    target: &mut T,
    args: &mut Args<'_>,
    load: &mut Load,
    choices: &Choices<T>,
    title: &str,
) -> Parsed {
    let Choices {
        table,
        tls,
        colon,
        lead,
    } = choices;
    let mut first = None;
    while let Some(word) = args.take() {
        let name = word.text().into_owned();
        let known = find(table, &name).or_else(|| find_with_argument(table, &name));
        let result = match (known, tls.iter().find(|(known, _)| *known == name)) {
            (Some(option), _) => {
                let outer = std::mem::replace(&mut args.name, name);
                let before = load.diagnostics.len();
                let result = (option.parse)(target, args, load);
                args.name = outer;
                let warnings = load.diagnostics.iter_mut().skip(before);
                for warning in warnings.filter(|one| one.lead != Lead::Bare) {
                    warning.message = format!("{title} : {}", warning.message);
                }
                result.map_err(|mut problem| {
                    // An option that blames the keyword means itself.
                    if problem.span == Some(args.keyword()) {
                        problem.span = Some(word.span);
                    }
                    problem.message = format!("{title} : {}", problem.message);
                    problem
                })
            }
            (None, Some((_, words))) => refused(args, word.span, &name, *words, title),
            (None, None) => {
                let message = format!("{title}{colon}: unknown keyword '{name}'");
                let mut unknown = Diagnostic::alert(word.span, message).label("not known");
                let names = names(table).chain(tls.iter().map(|(name, _)| *name));
                unknown.help.extend(suggest::did_you_mean(&name, names));
                Err(Box::new(unknown))
            }
        };
        if let Err(problem) = result {
            match first {
                None => first = Some(problem),
                Some(_) => load.diagnostics.push(problem.lead(*lead)),
            }
        }
    }
    first.map_or(Ok(()), Err)
}

/// Refuses an option; its arguments are taken so that what follows is read for what it is.
fn refused(args: &mut Args<'_>, span: Span, name: &str, words: usize, title: &str) -> Parsed {
    for _ in 0..words {
        args.take();
    }
    alert(span, format!("{title} : '{name}' is not available yet"))
}
