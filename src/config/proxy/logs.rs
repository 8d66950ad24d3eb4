//! `log`, `log-format`, `log-tag` and kin.

use super::super::args::{Args, Parsed};
use super::super::draft::{Draft, LogChoice};
use super::super::keyword::{Keyword, Sections, within};
use super::super::log;
use super::basics::negated;
use crate::diag::Diagnostic;

const FRONT_FORMATS: Sections = Sections::ALL;

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        Sections::ALL,
        "log",
        "{ global | <address> [<option>]* <facility> [<level> [<minlevel>]] }",
        "where to log to",
        |d, a, l| {
            if negated(a) {
                d.proxy.settings.log.clear();
                return Ok(());
            }
            let target = log::target(a, &l.env, true)?;
            d.proxy.settings.log.push(target);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "log-tag",
        "<text>",
        "how log messages call the program",
        |d, a, _| {
            d.proxy.settings.log_tag = Some(a.text("a tag for use in syslog")?);
            Ok(())
        },
    ),
    within(
        FRONT_FORMATS,
        "log-format",
        "<format>",
        "what a log line says",
        |d, a, l| {
            let word = a.word("an argument")?;
            only_one(a)?;
            d.override_log("log-format", a.keyword(), l);
            d.log = Some((LogChoice::Format(word.clone()), word.span));
            Ok(())
        },
    ),
    within(
        FRONT_FORMATS,
        "log-format-sd",
        "<format>",
        "the structured data of RFC 5424",
        |d, a, _| {
            let word = a.word("an argument")?;
            only_one(a)?;
            d.log_sd = Some(word.clone());
            Ok(())
        },
    ),
    within(
        FRONT_FORMATS,
        "error-log-format",
        "<format>",
        "what a log line says of an error",
        |d, a, _| {
            let word = a.word("an argument")?;
            only_one(a)?;
            d.error_log = Some(word.clone());
            Ok(())
        },
    ),
];

/// Refuses a second word: most formats have blanks, and those want quotes.
fn only_one(args: &Args<'_>) -> Parsed {
    let Some(extra) = args.peek() else {
        return Ok(());
    };
    let message = format!(
        "{} expects only one argument, don't forget to escape spaces!",
        args.name
    );
    Err(Box::new(
        Diagnostic::alert(extra.span, message).help("put the whole format between quotes"),
    ))
}
