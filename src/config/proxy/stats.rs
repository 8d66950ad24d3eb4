//! `stats …` (manual 4.2).

use super::super::args::{Args, Parsed};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, find, names, within};
use super::super::load::Load;
use super::super::units::Unit;
use super::reading;
use crate::acl;
use crate::action;
use crate::diag::suggest;
use crate::settings::{Kind, Stats, StatsScope};

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[within(
    Sections::ALL,
    "stats",
    "<parameter> [<value>]",
    "the status page",
    stats,
)];

const PARAMETERS: &[Keyword<Draft>] = &[
    within(Sections::ALL, "enable", "", "serves the page", |d, _, _| {
        page(d);
        Ok(())
    }),
    within(
        Sections::ALL,
        "uri",
        "<prefix>",
        "where it is",
        |d, a, _| {
            let uri = a.text("an URI prefix")?;
            page(d).uri = uri;
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "realm",
        "<realm>",
        "what browsers ask a password for",
        |d, a, _| {
            let realm = a.text("an realm name")?;
            page(d).realm = Some(realm);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "auth",
        "<user>:<password>",
        "who may see it",
        |d, a, _| {
            let auth = a.text("a user:password account")?;
            let (user, password) = match auth.split_once(':') {
                Some((user, password)) => (user, password),
                None => (auth.as_str(), ""),
            };
            page(d).auth.push((user.to_owned(), password.to_owned()));
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "refresh",
        "<time>",
        "how often browsers fetch it again",
        |d, a, _| {
            let time = a.time_in(Unit::Seconds)?;
            page(d).refresh = u32::try_from(time / 1000)
                .ok()
                .filter(|seconds| *seconds > 0);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "scope",
        "{ <proxy> | . }",
        "which proxies it shows",
        |d, a, _| {
            let name = a.text("a proxy name")?;
            let scope = if name == "." {
                StatsScope::Own
            } else {
                StatsScope::Proxy(name)
            };
            page(d).scope.push(scope);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "hide-version",
        "",
        "does not say which program this is",
        |d, _, _| {
            page(d).hide_version = true;
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "show-version",
        "",
        "says which program this is",
        |d, _, _| {
            page(d).hide_version = false;
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "show-legends",
        "",
        "says more about each row",
        |d, _, _| {
            page(d).show_legends = true;
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "show-modules",
        "",
        "has more sections",
        |_, a, _| a.fail("is not available yet: it needs statistics of modules"),
    )
    .idle(),
    within(
        Sections::ALL,
        "show-node",
        "[<name>]",
        "says which node this is",
        |d, a, _| {
            let name = a.take().map(|word| word.text().into_owned());
            page(d).show_node = Some(name);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "show-desc",
        "[<text>]",
        "says what this node is",
        |d, a, _| {
            let text = a.joined();
            page(d).show_desc = Some(Some(text).filter(|text| !text.is_empty()));
            Ok(())
        },
    ),
    within(
        Sections::PROXY,
        "admin",
        "if|unless <condition>",
        "who may change things",
        |d, a, l| {
            if d.proxy.kind == Kind::Defaults {
                return reading(a, "'stats admin' not allowed in 'defaults' section.");
            }
            let place = d.request_place();
            match acl::condition(a, &mut d.context(place, l))? {
                Some(cond) => page(d).admin.push(cond),
                None => {
                    return reading(
                        a,
                        "'stats admin' requires either 'if' or 'unless' followed by a condition.",
                    );
                }
            }
            Ok(())
        },
    ),
    within(
        Sections::PROXY,
        "http-request",
        "<action> [if|unless <condition>]",
        "rules for its requests",
        |d, a, l| {
            if d.proxy.kind == Kind::Defaults {
                return reading(a, "'stats http-request' not allowed in 'defaults' section.");
            }
            let place = d.request_place();
            let rule = action::stats_http_request_rule(a, &mut d.context(place, l))?;
            page(d).rules.push(rule);
            Ok(())
        },
    ),
];

/// The page, served from now on.
fn page(draft: &mut Draft) -> &mut Stats {
    draft
        .proxy
        .settings
        .stats
        .get_or_insert_with(Stats::default)
}

fn stats(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    draft
        .needs_http
        .push(("'stats' statement ignored", args.keyword()));
    let word = args.word("'admin', 'uri', 'realm', 'auth' or another parameter")?;
    let name = word.text().into_owned();
    let Some(parameter) = find(&[PARAMETERS], &name) else {
        let message = format!(
            "unknown stats parameter '{name}', expects 'admin', 'uri', 'realm', 'auth', 'scope', \
             'enable', 'hide-version', 'show-node', 'show-desc' or 'show-legends'."
        );
        return reading(args, message).map_err(|mut problem: Box<crate::diag::Diagnostic>| {
            problem.span = Some(word.span);
            problem
                .help
                .extend(suggest::did_you_mean(&name, names(&[PARAMETERS])));
            problem
        });
    };
    args.name = format!("stats {name}");
    (parameter.parse)(draft, args, load)
}
