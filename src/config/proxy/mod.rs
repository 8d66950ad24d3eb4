//! Keywords of `defaults`, `frontend`, `backend` and `listen` (manual 4).

mod balance;
mod basics;
mod checks;
mod compression;
mod errors;
mod forwarded;
mod logs;
mod options;
mod persist;
mod removed;
mod rules;
mod stats;
mod stick;
mod switches;
mod timeouts;
mod unavailable;

use super::args::{Args, Parsed, alert};
use super::draft::{Draft, title};
use super::keyword::{Sections, Table, find, unknown};
use super::load::Load;
use super::tls;
use crate::diag::{Diagnostic, Lead};
use crate::settings::Kind;

pub(super) use options::{lines as option_lines, names as option_names};
pub(super) use removed::{bind_here, monitor_net};
use rules::response_place;

/// Every keyword of a proxy section.
pub(super) const TABLE: Table<Draft> = &[
    basics::KEYWORDS,
    timeouts::KEYWORDS,
    options::KEYWORDS,
    balance::KEYWORDS,
    rules::KEYWORDS,
    logs::KEYWORDS,
    errors::KEYWORDS,
    stats::KEYWORDS,
    stick::KEYWORDS,
    checks::KEYWORDS,
    compression::KEYWORDS,
    persist::KEYWORDS,
    tls::loading::FRONTEND,
    unavailable::KEYWORDS,
];

/// Reads one line of a proxy section.
pub(super) fn keyword(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if let Some(result) = removed::read(draft, args, load) {
        return result;
    }
    let kind = draft.proxy.kind;
    let section = match kind {
        Kind::Listen => "listen",
        other => title(other),
    };
    let found = find(TABLE, &args.name).ok_or_else(|| unknown(args, TABLE, section))?;
    let here = stands_here(draft, found.sections, args, load);
    let here = match args.name.starts_with("server") && args.name != "server-state-file-name" {
        true => here.map_err(|problem| problem.lead(Lead::Place))?,
        false => here?,
    };
    if !here {
        return Ok(());
    }
    (found.parse)(draft, args, load)?;
    load.end(args)
}

/// Whether a keyword may stand in this section. Where it has no effect HAProxy warns and goes on.
fn stands_here(
    draft: &Draft,
    sections: Sections,
    args: &Args<'_>,
    load: &mut Load,
) -> Parsed<bool> {
    let kind = draft.proxy.kind;
    let here = match kind {
        Kind::Defaults => Sections::DEFAULTS,
        Kind::Frontend => Sections::FRONT,
        Kind::Backend => Sections::BACK,
        Kind::Listen => Sections::PROXY,
    };
    if sections.intersects(here) {
        return Ok(true);
    }
    let name = &args.name;
    if kind == Kind::Defaults {
        return alert(
            args.keyword(),
            format!("'{name}' not allowed in 'defaults' section."),
        );
    }
    let missing = if kind == Kind::Frontend {
        "backend"
    } else {
        "frontend"
    };
    let title = draft.title();
    if sections.contains(Sections::STRICTLY) {
        let message = format!("'{name}' not allowed because {title} has no {missing} capability.");
        return alert(args.keyword(), message);
    }
    let hint = match (name.as_str(), kind) {
        ("maxconn", Kind::Backend) => " Maybe you want 'fullconn' instead ?",
        ("fullconn", Kind::Frontend) => " Maybe you want 'maxconn' instead ?",
        _ => "",
    };
    let message = format!("'{name}' ignored because {title} has no {missing} capability.{hint}");
    load.warn(args.keyword(), message);
    Ok(false)
}

/// Refuses rules and ACLs in a `defaults` section without a name.
fn named_only(draft: &Draft, args: &Args<'_>) -> Parsed {
    if draft.proxy.kind == Kind::Defaults && draft.proxy.name.is_empty() {
        return args.fail("not allowed in anonymous 'defaults' section.");
    }
    Ok(())
}

/// An alert of the kind that HAProxy writes without a blank before the colon.
fn reading<T>(args: &Args<'_>, message: impl Into<String>) -> Parsed<T> {
    Err(Box::new(
        Diagnostic::alert(args.keyword(), message).lead(Lead::Reading),
    ))
}
