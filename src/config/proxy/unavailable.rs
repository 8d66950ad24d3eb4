//! Keywords that HAProxy has and that later work brings: known, and refused by name.

use super::super::args::{Args, Parsed};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;

const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);

/// An entry that is refused with this reason.
macro_rules! later {
    ($sections:expr, $name:literal, $args:literal, $doc:literal, $needs:literal) => {
        within(
            $sections,
            $name,
            $args,
            $doc,
            |_: &mut Draft, args: &mut Args<'_>, _: &mut Load| -> Parsed {
                args.fail(concat!("is not available yet: it needs ", $needs, "."))
            },
        )
        .idle()
    };
}

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    later!(
        Sections::PROXY,
        "filter-sequence",
        "{ request | response } <names>",
        "the order of filters",
        "filters"
    ),
    later!(
        Sections::ALL,
        "email-alert",
        "<parameter> …",
        "mails about servers",
        "mail alerts"
    ),
    later!(
        BACK,
        "external-check",
        "{ command | path } <value>",
        "a program as a check",
        "running programs as checks"
    ),
    later!(
        BACK,
        "use-fcgi-app",
        "<name>",
        "servers that speak FastCGI",
        "FastCGI"
    ),
    later!(
        Sections::FRONT,
        "quic-initial",
        "<action> …",
        "rules for QUIC",
        "QUIC"
    ),
    later!(
        Sections::ALL,
        "log-steps",
        "<steps>",
        "when to log",
        "log steps"
    ),
    later!(
        Sections::PROXY,
        "guid",
        "<text>",
        "a name for statistics files",
        "statistics files"
    ),
    later!(
        Sections::BACK,
        "be-unpublished",
        "",
        "keeps rules from this backend",
        "unpublished backends"
    ),
    later!(
        Sections::BACK,
        "force-be-switch",
        "if|unless <condition>",
        "switching to it nevertheless",
        "unpublished backends"
    ),
    later!(
        Sections::PROXY,
        "crt",
        "<file>",
        "certificates of a frontend",
        "TLS"
    ),
];
