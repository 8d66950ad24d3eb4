//! `bind` lines and their options (manual 5.1).

use std::sync::Arc;

use super::address::{self, For};
use super::args::{Args, Parsed, alert};
use super::draft::Draft;
use super::keyword::{Choices, Keyword, Table, TlsOptions, keyword, options};
use super::load::Load;
use super::owner;
use super::tls;
use crate::diag::{Diagnostic, Lead};
use crate::settings::{Bind, Secured};
use crate::syntax::Word;

/// Every option of a `bind` line.
pub(super) const OPTIONS: Table<Bind> = &[
    PLAIN,
    tls::bind::KEYWORDS,
    tls::judging::KEYWORDS,
    tls::bind::SHARED,
];

/// Those about anything but TLS.
pub(super) const PLAIN: &[Keyword<Bind>] = &[
    keyword(
        "accept-proxy",
        "",
        "expects the PROXY protocol first",
        |b, _, _| {
            b.accept_proxy = true;
            Ok(())
        },
    ),
    keyword(
        "accept-netscaler-cip",
        "<number>",
        "expects NetScaler's client IP header first, with this magic number",
        |b, a, _| {
            let Some(word) = a.take().filter(|word| !word.bytes.is_empty()) else {
                return a.fail(": missing value");
            };
            // Whatever is no number is 0 to HAProxy, and refused.
            match word.text().parse().ok().filter(|magic| *magic > 0) {
                Some(magic) => b.netscaler_magic = Some(magic),
                None => {
                    let message = "'accept-netscaler-cip' : invalid value 0, must be >= 0";
                    return alert(word.span, message);
                }
            }
            Ok(())
        },
    ),
    keyword(
        "backlog",
        "<n>",
        "connections the system may keep waiting",
        |b, a, _| {
            b.backlog = Some(a.count()?).filter(|n| *n > 0);
            Ok(())
        },
    ),
    keyword(
        "defer-accept",
        "",
        "accepts when data has come",
        |b, _, _| {
            b.defer_accept = true;
            Ok(())
        },
    ),
    keyword(
        "interface",
        "<name>",
        "listens on one interface only",
        |b, a, _| {
            b.interface = Some(a.text("an interface name")?);
            Ok(())
        },
    ),
    keyword("id", "<n>", "the listener's number", |b, a, _| {
        let word = a.word("a number")?;
        match word.text().parse() {
            Ok(id) if id > 0 => b.id = Some(id),
            _ => return alert(word.span, "'id' : custom id has to be > 0"),
        }
        Ok(())
    }),
    keyword(
        "maxconn",
        "<n>",
        "connections of this listener at once",
        |b, a, _| {
            b.maxconn = a.count()?;
            Ok(())
        },
    ),
    keyword("mss", "<n>", "the TCP segment size", |b, a, _| {
        let mss = a.int(-65_535..=65_535)? as i32;
        if mss < 0 {
            return not_yet(a, 0, "segments shortened by a difference");
        }
        b.mss = Some(mss);
        Ok(())
    }),
    keyword("name", "<text>", "the listener's name", |b, a, _| {
        b.name = Some(a.text("a name").map_err(|mut problem| {
            problem.message = "'name' : missing name".to_owned();
            problem
        })?);
        Ok(())
    }),
    keyword(
        "nice",
        "<n>",
        "how far its streams step back behind others, -1024 to 1024; below 0 as 0: never",
        |b, a, _| {
            let word = a.word("a number")?;
            b.nice = match word.text().parse::<i32>() {
                Ok(nice) if (-1024..=1024).contains(&nice) => nice,
                Ok(nice) => {
                    let message =
                        format!("'nice' : invalid value {nice}, allowed range is -1024..1024");
                    return alert(word.span, message);
                }
                Err(_) => return alert(word.span, "'nice' : expects a number"),
            };
            Ok(())
        },
    ),
    keyword(
        "namespace",
        "<name>",
        "the network namespace to listen in",
        |_, a, _| not_yet(a, 1, "network namespaces"),
    )
    .idle(),
    keyword("proto", "<name>", "the protocol spoken here", |b, a, _| {
        let word = a.word("a protocol")?;
        match &*word.text() {
            name @ ("h1" | "h2" | "none") => b.proto = Some(name.to_owned()),
            other => {
                return alert(
                    word.span,
                    format!("'proto' :  unknown MUX protocol '{other}'"),
                );
            }
        }
        Ok(())
    }),
    keyword(
        "shards",
        "<n> | by-thread | by-group",
        "how many sockets to open (one for each thread, whatever is asked)",
        |_, a, _| {
            let word = a.word("a number or 'by-thread'")?;
            let text = word.text();
            let known = matches!(&*text, "by-thread" | "by-group")
                || text.parse::<u32>().is_ok_and(|shards| shards > 0);
            match known {
                true => Ok(()),
                false => alert(
                    word.span,
                    "'shards' : a strictly positive value is expected",
                ),
            }
        },
    ),
    keyword(
        "tcp-ut",
        "<time>",
        "how long sent data may stay unacknowledged",
        |b, a, _| {
            b.tcp_user_timeout = Some(a.time()? as u32);
            Ok(())
        },
    ),
    keyword("tfo", "", "TCP fast open", |b, _, _| {
        b.tcp_fast_open = true;
        Ok(())
    }),
    keyword(
        "transparent",
        "",
        "accepts for addresses that are not ours",
        |b, _, _| {
            b.transparent = true;
            Ok(())
        },
    ),
    keyword("v4v6", "", "IPv4 and IPv6 on one socket", |b, _, _| {
        b.v4v6 = true;
        Ok(())
    }),
    keyword("v6only", "", "IPv6 only", |b, _, _| {
        b.v6only = true;
        Ok(())
    }),
    keyword("uid", "<n>", "the owner of a unix socket", |b, a, _| {
        b.owner.0 = Some(a.count()?);
        Ok(())
    }),
    keyword("gid", "<n>", "the group of a unix socket", |b, a, _| {
        b.owner.1 = Some(a.count()?);
        Ok(())
    }),
    keyword("user", "<name>", "the owner of a unix socket", |b, a, _| {
        b.owner.0 = Some(owner::user(a)?);
        Ok(())
    }),
    keyword(
        "group",
        "<name>",
        "the group of a unix socket",
        |b, a, _| {
            b.owner.1 = Some(owner::group(a)?);
            Ok(())
        },
    ),
    keyword(
        "mode",
        "<octal>",
        "the permissions of a unix socket",
        |b, a, _| {
            b.owner.2 = Some(owner::mode(a)?);
            Ok(())
        },
    ),
    // Which threads accept is a matter of speed, not of what is answered: every thread accepts here.
    keyword(
        "process",
        "<set>",
        "which processes and threads accept (all do)",
        |_, a, l| process(a, l),
    ),
    keyword(
        "thread",
        "<set>",
        "which threads accept (all do)",
        |_, a, _| {
            a.word("a set")?;
            Ok(())
        },
    ),
    // What only a CLI's listener does; others take it and are as they were, as in HAProxy.
    keyword(
        "level",
        "<level>",
        "what a CLI may do (on `stats socket` lines)",
        one_word,
    ),
    keyword(
        "expose-fd",
        "listeners",
        "hands listeners on (on `stats socket` lines)",
        one_word,
    ),
    keyword(
        "severity-output",
        "<format>",
        "how a CLI says severities (on `stats socket` lines)",
        one_word,
    ),
    keyword(
        "idle-ping",
        "<time>",
        "pings idle HTTP/2 clients",
        |_, a, _| not_yet(a, 1, "HTTP/2"),
    )
    .idle(),
    keyword(
        "guid-prefix",
        "<text>",
        "a name for statistics files",
        |_, a, _| not_yet(a, 1, "statistics files"),
    )
    .idle(),
    keyword("tcp-md5sig", "<key>", "signs TCP segments", |_, a, _| {
        not_yet(a, 1, "TCP signatures")
    })
    .idle(),
    keyword("tcp-ss", "<n>", "keeps SYN packets", |_, a, _| {
        not_yet(a, 1, "saved SYN packets")
    })
    .idle(),
    keyword("cc", "<name>", "the congestion control", |_, a, _| {
        not_yet(a, 1, "a choice of congestion control")
    })
    .idle(),
    keyword("label", "<text>", "a name for the listener", |_, a, _| {
        not_yet(a, 1, "labels")
    })
    .idle(),
    keyword(
        "nbconn",
        "<n>",
        "connections of a reverse listener",
        |_, a, _| not_yet(a, 1, "reverse HTTP"),
    )
    .idle(),
];

/// Options about TLS that are refused: name, and how many words follow.
pub(super) const TLS_OPTIONS: TlsOptions = &[
    ("quic-cc-algo", 1),
    ("quic-force-retry", 0),
    ("quic-socket", 1),
];

const CHOICES: Choices<Bind> = Choices {
    table: OPTIONS,
    tls: TLS_OPTIONS,
    colon: "",
    lead: Lead::Parsing,
};

fn one_word(_: &mut Bind, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.word("an argument").map(|_| ())
}

/// Refuses an option; its arguments are taken so that what follows is read for what it is.
fn not_yet(args: &mut Args<'_>, words: usize, needs: &str) -> Parsed {
    for _ in 0..words {
        args.take();
    }
    args.fail(&format!("is not available yet: it needs {needs}"))
}

/// `process <set>`: which processes accept. One is all there is, so the set can only be taken for what it is not.
pub(super) fn process(args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a set")?;
    let text = word.text();
    let set = text.split('/').next().unwrap_or_default();
    let last = set.split_once('-').map_or(set, |(_, last)| last);
    if matches!(set, "all" | "odd") || last == "1" {
        let message =
            format!("'process {text}' on 'bind' lines is deprecated and will be removed in 2.7.");
        load.warn(word.span, message);
        return Ok(());
    }
    let message = format!(
        "'process' : '{set}' is not a valid number/range. It supports numbers from 1 to 1."
    );
    let refusal = Diagnostic::alert(word.span, message).help(format!("remove `process {text}`"));
    load.old(refusal, "Every thread of the one process accepts here.")
}

/// How an address without a port was probably meant.
fn with_port(text: &str) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits(text) {
        return Some(format!("did you mean `:{text}`?"));
    }
    if let Some(port) = text.strip_prefix("*.").filter(|port| digits(port)) {
        return Some(format!("did you mean `*:{port}`?"));
    }
    let bare = text == "*" || text.parse::<std::net::Ipv4Addr>().is_ok();
    bare.then(|| format!("write the port behind a colon: `{text}:80`"))
}

/// A `bind` line: addresses with commas between them, and options for all of them.
pub(super) fn line(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let plain = plain(load);
    line_with(draft, plain, args, load)
}

/// A `bind` line without options.
pub(super) fn plain(load: &Load) -> Bind {
    Bind {
        tls: Secured(Some(Arc::new(load.tls.front.clone()))),
        ..Bind::default()
    }
}

/// A `default-bind` line of a section.
pub(super) fn defaults(
    bind: &mut Bind,
    section: &str,
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed {
    let first = args.peek().map(|word| word.text().into_owned());
    let title = format!(
        "'default-bind {}' in section '{section}'",
        first.unwrap_or_default()
    );
    options(bind, args, load, &CHOICES, &title)
}

/// A listener at this address, with these options.
pub(super) fn at(
    draft: &mut Draft,
    mut bind: Bind,
    word: &Word,
    args: &Args<'_>,
    load: &mut Load,
) -> Parsed {
    let text = address::expand(&word.text(), &load.env);
    let endpoint = address::endpoint(&text, For::Listen)
        .or_else(|problem| alert(word.span, format!("'bind' : {problem}")))?;
    bind.text = text;
    tls::bind::complete(&mut bind, &draft.proxy.name, args, load)?;
    bind.place = load.place(args.keyword());
    bind.endpoint = Some(endpoint);
    draft.proxy.binds.push(bind);
    Ok(())
}

/// A `bind` line that begins with the options of another.
pub(super) fn line_with(
    draft: &mut Draft,
    mut bind: Bind,
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed {
    let word = args.word("{<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments")?;
    let text = word.text();
    let section = draft.proxy.kind.keyword();
    let mut endpoints = Vec::new();
    let mut from = 0;
    // A comma at the end is allowed, an empty address elsewhere is not.
    let expanded = address::expand(&text, &load.env);
    for (nth, part) in expanded.split(',').enumerate() {
        // Variables move columns: then the whole word is meant.
        let span = match expanded == text {
            true => word.part(from, from + part.len()),
            false => word.span,
        };
        from += part.len() + 1;
        if part.is_empty() {
            if nth > 0 && from > expanded.len() {
                continue;
            }
            let message = format!(
                "'bind' : '{part}' resolves to an empty address (environment variable missing?)"
            );
            return alert(span, message);
        }
        match address::endpoint(part, For::Listen) {
            Ok(endpoint) => endpoints.push((endpoint, part.to_owned())),
            Err(problem) => {
                let mut refused = Diagnostic::alert(span, format!("'bind' : {problem}"));
                refused.help.extend(with_port(part));
                return Err(Box::new(refused));
            }
        }
    }
    let title = format!("'bind {text}' in section '{section}'");
    let text = text.into_owned();
    options(&mut bind, args, load, &CHOICES, &title)?;
    bind.text.clone_from(&text);
    tls::bind::complete(&mut bind, &draft.proxy.name, args, load)?;
    for (endpoint, text) in endpoints {
        draft.proxy.binds.push(Bind {
            place: load.place(args.keyword()),
            endpoint: Some(endpoint),
            text,
            ..bind.clone()
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::keyword::names;
    use super::*;

    #[test]
    fn options_are_documented_and_unique() {
        let mut all: Vec<&str> = names(OPTIONS)
            .chain(TLS_OPTIONS.iter().map(|(name, _)| *name))
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(
            OPTIONS
                .iter()
                .flat_map(|part| part.iter())
                .all(|option| !option.doc.is_empty())
        );
    }
}
