//! `timeout …` (manual 4.2).

use super::super::args::{Args, Parsed};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use crate::diag::Diagnostic;
use crate::settings::{Kind, Timeouts};

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[within(
    Sections::ALL,
    "timeout",
    "<name> <time>",
    "how long to wait for what",
    timeout,
)];

/// One timeout.
struct Timeout {
    name: &'static str,
    sections: Sections,
    field: fn(&mut Timeouts) -> &mut Option<u64>,
}

const fn entry(
    name: &'static str,
    sections: Sections,
    field: fn(&mut Timeouts) -> &mut Option<u64>,
) -> Timeout {
    Timeout {
        name,
        sections,
        field,
    }
}

const FRONT: Sections = Sections::DEFAULTS.union(Sections::FRONT);
const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);

const TIMEOUTS: &[Timeout] = &[
    entry("client", FRONT, |t| &mut t.client),
    entry("server", BACK, |t| &mut t.server),
    entry("connect", BACK, |t| &mut t.connect),
    entry("check", BACK, |t| &mut t.check),
    entry("queue", BACK, |t| &mut t.queue),
    entry("http-keep-alive", Sections::ALL, |t| &mut t.http_keep_alive),
    entry("http-request", Sections::ALL, |t| &mut t.http_request),
    entry("tunnel", BACK, |t| &mut t.tunnel),
    entry("tarpit", Sections::ALL, |t| &mut t.tarpit),
    entry("client-fin", FRONT, |t| &mut t.client_fin),
    entry("server-fin", BACK, |t| &mut t.server_fin),
    entry("client-hs", FRONT, |t| &mut t.client_hs),
];

fn timeout(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.text("a timeout's name")?;
    let Some(entry) = TIMEOUTS.iter().find(|entry| entry.name == word) else {
        let span = args.last().map_or(args.keyword(), |word| word.span);
        let message = format!(
            "supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', 'http-request', 'tunnel', \
             'tarpit', 'client-fin' and 'server-fin' (got '{word}')"
        );
        return args.fail_at(span, &message).map_err(|problem| {
            let names = TIMEOUTS.iter().map(|entry| entry.name);
            let mut problem = problem;
            problem
                .help
                .extend(crate::diag::suggest::did_you_mean(&word, names));
            problem
        });
    };
    args.name = format!("timeout {word}");
    let name = args.name.clone();
    let here = match draft.proxy.kind {
        Kind::Defaults | Kind::Listen => true,
        Kind::Frontend => entry.sections.intersects(Sections::FRONT),
        Kind::Backend => entry.sections.intersects(Sections::BACK),
    };
    if !here {
        let side = if draft.proxy.kind == Kind::Frontend {
            "backend"
        } else {
            "frontend"
        };
        let title = draft.title();
        let message = format!("'{name}' will be ignored because {title} has no {side} capability");
        load.warn(args.keyword(), message);
    }
    if draft.timeouts.contains(&entry.name) {
        let message = format!("overwriting '{name}' which was already specified");
        load.warn(args.keyword(), message);
    }
    draft.timeouts.push(entry.name);
    // Zero means none, as in HAProxy.
    if args.done() {
        let what = "expects an integer value (in milliseconds)";
        return args.fail_at(args.span(), what);
    }
    let time = args.time_named(&format!("'{name}'"))?;
    if let (Some(value), Some(extra)) = (args.last(), args.peek()) {
        let message = format!(
            "'{name}' : unexpected extra argument '{}' after value '{}'.",
            extra.text(),
            value.text()
        );
        load.extra(args, Diagnostic::alert(extra.span, message))?;
    }
    *(entry.field)(&mut draft.proxy.settings.timeouts) = (time > 0).then_some(time);
    Ok(())
}
