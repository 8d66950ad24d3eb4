//! `option …` (manual 4.2).

use super::super::advice;
use super::super::args::{Args, Parsed, Prefix, unknown_word};
use super::super::draft::{Draft, LogChoice};
use super::super::keyword::{self, Keyword, Sections, within, working};
use super::super::load::Load;
use super::basics::negated;
use super::switches::SWITCHES;
use super::{checks, forwarded, stands_here};
use crate::diag::{Diagnostic, Lead, suggest};
use crate::settings::{ForwardFor, HttpMode, Options};

const FRONT: Sections = Sections::DEFAULTS.union(Sections::FRONT);
const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);
const ALL: Sections = Sections::ALL;

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[within(
    ALL,
    "option",
    "<name> [<arguments>]",
    "switches",
    option,
)];

/// Options that take arguments or do more than set a bit.
const OPTIONS: &[Keyword<Draft>] = &[
    within(ALL, "httplog", "[clf]", "logs HTTP requests", |d, a, l| {
        if negated(a) {
            return a.fail("cannot be negated.");
        }
        let clf = a.take_if("clf");
        choose_log(d, a, l, if clf { LogChoice::Clf } else { LogChoice::Http });
        Ok(())
    }),
    within(ALL, "httpslog", "", "logs HTTPS requests", |d, a, l| {
        choose_log(d, a, l, LogChoice::Https);
        Ok(())
    }),
    within(ALL, "tcplog", "", "logs connections", |d, a, l| {
        choose_log(d, a, l, LogChoice::Tcp);
        Ok(())
    }),
    within(
        ALL,
        "tcpka",
        "",
        "TCP keep-alive on both sides",
        |d, a, _| {
            let both = Options::CLIENT_TCP_KEEPALIVE | Options::SERVER_TCP_KEEPALIVE;
            d.proxy.settings.options.set(both, !negated(a));
            Ok(())
        },
    ),
    within(
        ALL,
        "httpclose",
        "",
        "closes both sides after each request",
        |d, a, _| http_mode(d, a, HttpMode::Close),
    ),
    within(
        ALL,
        "http-server-close",
        "",
        "closes the server side after each request",
        |d, a, _| http_mode(d, a, HttpMode::ServerClose),
    ),
    within(
        ALL,
        "http-keep-alive",
        "",
        "keeps both sides open",
        |d, a, _| http_mode(d, a, HttpMode::KeepAlive),
    ),
    within(
        ALL,
        "forwardfor",
        "[except <net>] [header <name>] [if-none]",
        "tells servers the client's address",
        |d, a, _| {
            d.needs_http
                .push(("'option forwardfor' ignored", a.keyword()));
            d.proxy.settings.forward_for = if negated(a) {
                None
            } else {
                Some(forward_for(a, "X-Forwarded-For")?)
            };
            Ok(())
        },
    ),
    within(
        ALL,
        "originalto",
        "[except <net>] [header <name>]",
        "tells servers the address the client wanted",
        |d, a, _| {
            d.proxy.settings.original_to = if negated(a) {
                None
            } else {
                Some(forward_for(a, "X-Original-To")?)
            };
            Ok(())
        },
    ),
    within(
        BACK,
        "redispatch",
        "[<n>]",
        "tries another server when one does not answer",
        |d, a, _| {
            let every = if a.done() {
                -1
            } else {
                a.int(i64::from(i32::MIN)..=i64::from(i32::MAX))? as i32
            };
            d.proxy.settings.redispatch = Some(every).filter(|n| !negated(a) && *n != 0);
            Ok(())
        },
    ),
    within(
        ALL,
        "http-restrict-req-hdr-names",
        "{ preserve | delete | reject }",
        "what happens to headers whose names not everybody reads alike",
        |d, a, _| {
            let chosen = a.choice(&[
                ("preserve", Options::empty()),
                ("delete", Options::RESTRICT_NAMES_DELETE),
                ("reject", Options::RESTRICT_NAMES_REJECT),
            ])?;
            let options = &mut d.proxy.settings.options;
            options.remove(Options::RESTRICT_NAMES_DELETE | Options::RESTRICT_NAMES_REJECT);
            options.set(chosen, !negated(a));
            Ok(())
        },
    ),
    within(
        BACK,
        "httpchk",
        "[<method>] [<uri>] [<version>]",
        "checks servers with a request",
        checks::httpchk,
    ),
    within(
        BACK,
        "tcp-check",
        "",
        "checks servers with a script",
        checks::tcp_check_option,
    ),
    within(
        BACK,
        "mysql-check",
        "[user <name> [post-41 | pre-41]]",
        "checks MySQL servers",
        checks::mysql,
    ),
    within(
        BACK,
        "pgsql-check",
        "user <name>",
        "checks PostgreSQL servers",
        checks::pgsql,
    ),
    within(
        BACK,
        "redis-check",
        "",
        "checks Redis servers",
        checks::redis,
    ),
    within(
        BACK,
        "smtpchk",
        "[<hello> <domain>]",
        "checks mail servers",
        checks::smtp,
    ),
    within(BACK, "ldap-check", "", "checks LDAP servers", checks::ldap),
    within(
        BACK,
        "ssl-hello-chk",
        "",
        "checks TLS servers",
        checks::ssl_hello,
    ),
    within(
        ALL,
        "independent-streams",
        "",
        "a write does not count for the read timeout",
        |_, a, _| unless_negated(a, "timeouts per direction"),
    )
    .idle(),
    within(
        BACK,
        "prefer-last-server",
        "",
        "stays on the server of the last request",
        |_, a, _| unless_negated(a, "remembering the last server"),
    )
    .idle(),
    within(
        ALL,
        "external-check",
        "",
        "checks servers with a program",
        |_, a, _| a.fail("is not available yet: it needs running programs as checks"),
    )
    .idle(),
    within(BACK, "spop-check", "", "checks SPOE agents", |_, a, _| {
        a.fail("is not available yet: it needs SPOE")
    })
    .idle(),
    within(
        FRONT,
        "contstats",
        "",
        "counts bytes while they flow",
        |_, a, l| {
            if !negated(a) {
                let message =
                    "'option contstats' : bytes are counted when a request or a connection ends.";
                l.warn(a.keyword(), message);
            }
            Ok(())
        },
    ),
    within(
        BACK,
        "forwarded",
        "[<parameter>]*",
        "the Forwarded header of RFC 7239",
        |d, a, l| {
            d.needs_http
                .push(("'option forwarded' ignored", a.keyword()));
            d.proxy.settings.forwarded = match negated(a) {
                true => None,
                false => Some(forwarded::read(d, a, l)?),
            };
            Ok(())
        },
    ),
    within(
        FRONT,
        "http-drop-request-trailers",
        "",
        "drops trailers of requests",
        |_, a, _| a.fail("is not available yet: trailers are forwarded"),
    )
    .idle(),
    within(
        BACK,
        "http-drop-response-trailers",
        "",
        "drops trailers of responses",
        |_, a, _| a.fail("is not available yet: trailers are forwarded"),
    )
    .idle(),
    within(
        ALL,
        "use-small-buffers",
        "[<part>]*",
        "uses small buffers where they are enough (buffers grow as needed here)",
        |_, a, l| {
            l.extension(a.keyword(), "option use-small-buffers")?;
            a.skip();
            Ok(())
        },
    ),
];

fn option(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let Some(word) = args.take() else {
        let missing = Diagnostic::alert(args.span(), "'option' expects an option name.");
        return Err(Box::new(missing.lead(Lead::Reading)));
    };
    let name = word.text().into_owned();
    let found = OPTIONS.iter().find(|option| option.name == name);
    let switch = SWITCHES.iter().find(|(known, ..)| *known == name);
    let sections = match (found, switch) {
        (Some(option), _) => option.sections,
        (None, Some((_, _, sections, _))) => *sections,
        (None, None) => {
            let mut unknown = Diagnostic::alert(word.span, format!("unknown option '{name}'."))
                .label("not known");
            let help =
                advice::option(&name).or_else(|| suggest::did_you_mean(&name, self::names()));
            unknown.help.extend(help);
            return Err(Box::new(unknown));
        }
    };
    let outer = std::mem::replace(&mut args.name, name);
    let here = stands_here(draft, sections, args, load)?;
    args.name = format!("{outer} {}", args.name);
    if !here {
        args.skip();
        return Ok(());
    }
    match (found, switch) {
        (Some(option), _) => (option.parse)(draft, args, load),
        (None, Some((_, bit, ..))) => {
            draft
                .proxy
                .settings
                .options
                .set(*bit, args.prefix == Prefix::None);
            Ok(())
        }
        (None, None) => Ok(()),
    }
}

/// Refuses an option; taking it back changes nothing.
fn unless_negated(args: &Args<'_>, needs: &str) -> Parsed {
    match negated(args) {
        true => Ok(()),
        false => args.fail(&format!("is not available yet: it needs {needs}.")),
    }
}

/// The names of all options.
pub(in super::super) fn names() -> impl Iterator<Item = &'static str> {
    keyword::names(&[OPTIONS]).chain(SWITCHES.iter().map(|(name, ..)| *name))
}

/// Every option with the sides it is for, as the `-dK` list shows it.
pub(in super::super) fn lines() -> impl Iterator<Item = String> {
    let plain = SWITCHES
        .iter()
        .map(|(name, _, sections, _)| (*name, *sections));
    let others = working(&[OPTIONS]).map(|option| (option.name, option.sections));
    plain.chain(others).map(|(name, sections)| {
        let front = if sections.contains(Sections::FRONT) {
            " FE"
        } else {
            ""
        };
        let back = if sections.contains(Sections::BACK) {
            " BE"
        } else {
            ""
        };
        format!("option {name} [{front}{back} ]")
    })
}

/// Chooses the log line; says so if it takes the place of another one of the same section.
fn choose_log(draft: &mut Draft, args: &Args<'_>, load: &mut Load, choice: LogChoice) {
    let span = args.keyword();
    draft.override_log(&args.name.clone(), span, load);
    draft.log = Some((choice, span));
}

/// Sets the mode, or takes it back if it is the one in effect.
fn http_mode(draft: &mut Draft, args: &Args<'_>, mode: HttpMode) -> Parsed {
    let current = &mut draft.proxy.settings.http_mode;
    if !negated(args) {
        *current = mode;
    } else if *current == mode {
        *current = HttpMode::default();
    }
    Ok(())
}

fn forward_for(args: &mut Args<'_>, header: &str) -> Parsed<ForwardFor> {
    let mut option = ForwardFor {
        header: header.to_owned(),
        except: None,
        if_none: false,
    };
    while let Some(word) = args.take() {
        match &*word.text() {
            "except" => {
                let word = args.word("<address>[/mask] as argument to 'except'")?;
                match network(&word.text()) {
                    Some(net) => option.except = Some(net),
                    None => {
                        return args.fail_at(
                            word.span,
                            "expects <address>[/mask] as argument to 'except'.",
                        );
                    }
                }
            }
            "header" => option.header = args.text("<header_name> as argument to 'header'")?,
            "if-none" if header == "X-Forwarded-For" => option.if_none = true,
            _ => {
                const NAMES: [&str; 3] = ["except", "header", "if-none"];
                let what = match header {
                    "X-Forwarded-For" => {
                        "only supports optional values: 'except', 'header' and 'if-none'."
                    }
                    _ => "only supports optional values: 'except' and 'header'.",
                };
                return unknown_word(word, format!("'{}' {what}", args.name), NAMES);
            }
        }
    }
    Ok(option)
}

/// `address`, `address/bits` or `address/mask`.
fn network(text: &str) -> Option<ipnet::IpNet> {
    if let Ok(net) = text.parse() {
        return Some(net);
    }
    match text.split_once('/') {
        None => text
            .parse::<std::net::IpAddr>()
            .ok()
            .map(ipnet::IpNet::from),
        Some((address, mask)) => {
            let mask = mask.parse().ok()?;
            ipnet::IpNet::with_netmask(address.parse().ok()?, mask).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_documented_and_unique() {
        let mut all: Vec<&str> = names().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(OPTIONS.iter().all(|option| !option.doc.is_empty()));
        assert!(SWITCHES.iter().all(|(.., doc)| !doc.is_empty()));
    }

    #[test]
    fn networks_have_bits_or_masks() {
        for (text, wanted) in [
            ("127.0.0.0/8", Some("127.0.0.0/8")),
            ("127.0.0.1", Some("127.0.0.1/32")),
            ("10.0.0.0/255.0.0.0", Some("10.0.0.0/8")),
            ("::1", Some("::1/128")),
            ("x", None),
        ] {
            let found = network(text).map(|net| net.to_string());
            assert_eq!(found.as_deref(), wanted, "{text}");
        }
    }
}
