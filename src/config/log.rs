//! `log` lines, of proxies and of the global section (manual 3.1, 4.2).

use super::address::{self, For};
use super::args::{Args, Parsed, alert, unknown_word};
use crate::diag::{Diagnostic, suggest};
use crate::settings::{LogFormat, LogSink, LogTarget};
use crate::syntax::Env;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2",
    "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

const LEVELS: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

const FORMATS: &[(&str, LogFormat)] = &[
    ("local", LogFormat::Local),
    ("rfc3164", LogFormat::Rfc3164),
    ("rfc5424", LogFormat::Rfc5424),
    ("priority", LogFormat::Priority),
    ("short", LogFormat::Short),
    ("timed", LogFormat::Timed),
    ("iso", LogFormat::Iso),
    ("raw", LogFormat::Raw),
];

/// What follows `log`. `log global` is for proxies only.
pub(super) fn target(args: &mut Args<'_>, env: &Env, proxy: bool) -> Parsed<LogTarget> {
    if proxy && args.rest().len() == 1 && args.take_if("global") {
        return Ok(LogTarget::Global);
    }
    if args.rest().len() < 2 {
        let others = if proxy { "or global" } else { "" };
        let end = args.end_of_line();
        return alert(
            end,
            format!("log : expects <address> and <facility> {others} as arguments"),
        );
    }
    let sink = sink(args, env)?;
    let (mut len, mut format, mut sample) = (1024, None, None);
    loop {
        if args.take_if("len") {
            len = length(args)?;
        } else if args.take_if("format") {
            format = Some(log_format(args)?);
        } else if args.take_if("sample") {
            sample = Some(sampling(args)?);
        } else if args.is("profile") {
            return args.fail(": 'profile' is not available yet");
        } else {
            break;
        }
    }
    let facility = named(args, &FACILITIES, "facility")?;
    let level = if args.done() {
        7
    } else {
        named(args, &LEVELS, "optional log level")?
    };
    let min_level = if args.done() {
        0
    } else {
        named(args, &LEVELS, "optional minimum log level")?
    };
    // A descriptor without a format gets bare lines.
    let bare = matches!(sink, LogSink::Fd(_));
    let format = format.unwrap_or(if bare {
        LogFormat::Raw
    } else {
        LogFormat::Local
    });
    Ok(LogTarget::Sink {
        sink,
        len,
        format,
        sample,
        facility,
        level,
        min_level,
    })
}

fn sink(args: &mut Args<'_>, env: &Env) -> Parsed<LogSink> {
    let word = args.word("<address>")?;
    match address::expand(&word.text(), env).as_str() {
        "stdout" => Ok(LogSink::Fd(1)),
        "stderr" => Ok(LogSink::Fd(2)),
        text if text.starts_with("ring@") => {
            args.fail_at(word.span, ": 'ring@' is not available yet")
        }
        text if text.starts_with("backend@") => args.fail_at(
            word.span,
            ": 'backend@' is not available yet: it needs 'mode log'",
        ),
        text => match address::endpoint(text, For::Datagram) {
            Ok(crate::settings::Endpoint::Fd(fd)) => Ok(LogSink::Fd(fd)),
            Ok(endpoint) => Ok(LogSink::Datagram(endpoint)),
            Err(problem) => alert(word.span, format!("log : {problem}")),
        },
    }
}

fn length(args: &mut Args<'_>) -> Parsed<usize> {
    let word = args.word("a length behind 'len'")?;
    let text = word.text();
    match text.parse() {
        Ok(length) if (80..=65_535).contains(&length) => Ok(length),
        _ => alert(
            word.span,
            format!("log : invalid log length '{text}', must be between 80 and 65535"),
        ),
    }
}

fn log_format(args: &mut Args<'_>) -> Parsed<LogFormat> {
    let word = args.word("a format behind 'format'")?;
    let text = word.text();
    match FORMATS.iter().find(|(name, _)| *name == text) {
        Some((_, format)) => Ok(*format),
        None => {
            let names = FORMATS.iter().map(|(name, _)| *name);
            unknown_word(word, format!("log : unknown log format '{text}'"), names)
        }
    }
}

/// `1,3-4:10`
fn sampling(args: &mut Args<'_>) -> Parsed<(Vec<(u32, u32)>, u32)> {
    let word = args.word("<ranges>:<size> behind 'sample'")?;
    let text = word.text();
    let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number > 0);
    let range = |part: &str| match part.split_once('-') {
        Some((low, high)) => Some((number(low)?, number(high)?)).filter(|(low, high)| low <= high),
        None => number(part).map(|one| (one, one)),
    };
    let parsed = text.split_once(':').and_then(|(ranges, size)| {
        let ranges: Vec<_> = ranges.split(',').map(range).collect::<Option<_>>()?;
        let size = number(size)?;
        ranges
            .iter()
            .all(|(_, high)| *high <= size)
            .then_some((ranges, size))
    });
    match parsed {
        Some(sample) => Ok(sample),
        None => alert(
            word.span,
            format!("log : wrong sampling '{text}', expects <ranges>:<size>"),
        ),
    }
}

fn named(args: &mut Args<'_>, names: &[&str], what: &str) -> Parsed<u8> {
    let word = args.word("a facility")?;
    let text = word.text();
    match names.iter().position(|name| *name == text) {
        Some(number) => Ok(number as u8),
        None => {
            let what = if what == "facility" {
                "log facility"
            } else {
                what
            };
            let message = format!("log : unknown {what} '{text}'");
            let mut unknown = Diagnostic::alert(word.span, message);
            let help = suggest::meant(&text, &HABITS)
                .or_else(|| suggest::did_you_mean(&text, names.iter().copied()));
            unknown.help.extend(help);
            Err(Box::new(unknown))
        }
    }
}

/// What people write for facilities and levels, and what it is called.
const HABITS: [(&str, &str); 8] = [
    ("local8", "local7"),
    ("local9", "local7"),
    ("warn", "warning"),
    ("error", "err"),
    ("critical", "crit"),
    ("information", "info"),
    ("panic", "emerg"),
    ("emergency", "emerg"),
];
