//! What a proxy is: mode, names, limits, addresses, servers.

use super::super::address::{self, For};
use super::super::args::{Args, Parsed, Prefix, alert, unknown_word};
use super::super::draft::{Draft, Rank};
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::{Load, WORKS};
use super::super::model::{Switch, Target};
use super::super::{bind, server, stick_table};
use super::reading;
use crate::acl;
use crate::diag::{Diagnostic, Lead};
use crate::format::{self, FormatUse};
use crate::sample::Place;
use crate::settings::{HttpReuse, Mode, Options, RetryOn};

const FRONT: Sections = Sections::DEFAULTS.union(Sections::FRONT);
const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        Sections::PROXY,
        "stick-table",
        "type <type> size <size> [expire <time>] [nopurge] [peers <section>] [recv-only] [write-to <table>] [store <data>]*",
        "a table of counters by key",
        |d, a, l| {
            let table = stick_table::read(&d.proxy.name, a, l)?;
            if let Some(before) = &d.proxy.table {
                let (name, title, place) = (&d.proxy.name, d.title(), l.place(before.span));
                let what = format!(
                    "stick-table name '{name}' conflicts with table declared in {title} at {place}."
                );
                return alert(a.keyword(), what);
            }
            d.proxy.table = Some(table);
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "mode",
        "{ tcp | http }",
        "the protocol this proxy speaks",
        mode,
    ),
    within(
        Sections::FRONT,
        "bind",
        "<address> [<option>]*",
        "where to listen",
        bind::line,
    ),
    within(
        Sections::BACK.union(Sections::STRICTLY),
        "server",
        "<name> <address> [<option>]*",
        "a server to send traffic to",
        server::line,
    ),
    within(
        BACK.union(Sections::STRICTLY),
        "default-server",
        "[<option>]*",
        "options for the servers below",
        server::defaults,
    ),
    within(
        Sections::BACK.union(Sections::STRICTLY),
        "server-template",
        "<prefix> <n | low-high> <address> [<option>]*",
        "several servers of one pattern",
        server::template,
    ),
    within(
        Sections::ALL,
        "maxconn",
        "<n>",
        "connections at once",
        |d, a, l| {
            if d.proxy.kind == crate::settings::Kind::Backend {
                return super::stands_here(d, FRONT, a, l).map(|_| a.skip());
            }
            d.proxy.settings.maxconn = Some(a.count()?).filter(|n| *n > 0);
            Ok(())
        },
    ),
    within(
        FRONT,
        "backlog",
        "<n>",
        "connections the system may keep waiting",
        |d, a, _| {
            d.proxy.settings.backlog = Some(a.count()?);
            Ok(())
        },
    ),
    within(
        BACK,
        "fullconn",
        "<n>",
        "the load at which servers reach their maxconn",
        |d, a, _| {
            d.proxy.settings.fullconn = Some(a.count()?);
            Ok(())
        },
    ),
    within(
        BACK,
        "retries",
        "<n>",
        "how often a failed connection is tried again",
        |d, a, _| {
            d.proxy.settings.retries = Some(a.count()?);
            Ok(())
        },
    ),
    within(
        BACK.union(Sections::STRICTLY),
        "retry-on",
        "<event>*",
        "what else is tried again",
        retry_on,
    ),
    within(
        Sections::ALL,
        "disabled",
        "",
        "keeps this proxy from starting",
        |d, _, _| {
            d.proxy.settings.disabled = true;
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "enabled",
        "",
        "undoes a `disabled` of the defaults",
        |d, _, _| {
            d.proxy.settings.disabled = false;
            Ok(())
        },
    ),
    within(
        Sections::PROXY,
        "id",
        "<n>",
        "the proxy's number",
        |d, a, _| {
            d.proxy.settings.id = Some(a.int(1..=i64::from(i32::MAX))? as u32);
            Ok(())
        },
    ),
    within(
        Sections::PROXY,
        "description",
        "<text>",
        "a text for the status page",
        |d, a, _| {
            let text = a.joined();
            if text.is_empty() {
                return reading(a, "'description' expects a string argument.");
            }
            d.proxy.settings.description = Some(text);
            Ok(())
        },
    ),
    within(
        FRONT,
        "rate-limit",
        "sessions <n>",
        "new sessions per second",
        |d, a, _| {
            let word = a.word("'sessions' as argument")?;
            if word.bytes != b"sessions" {
                let message = format!(
                    "'rate-limit' only supports 'sessions' (got '{}')",
                    word.text()
                );
                return unknown_word(word, message, ["sessions"]);
            }
            d.proxy.settings.rate_limit = a.count()?;
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "bind-process",
        "<set>",
        "which processes serve this proxy (one serves all)",
        |_, a, l| {
            a.skip();
            let message =
                "'bind-process' has no effect, is deprecated, and will be removed in version 2.7.";
            let warning = Diagnostic::warning(a.keyword(), message).help("remove this line");
            l.diagnostics.push(warning.lead(Lead::Reading));
            Ok(())
        },
    ),
    within(
        BACK,
        "max-keep-alive-queue",
        "<n>",
        "the queue at which a kept connection is left",
        |_, a, _| match a.int(-1..=i64::from(i32::MAX))? {
            -1 => Ok(()),
            _ => a.fail("is not available yet: it needs leaving kept connections for queues."),
        },
    ),
    within(
        FRONT,
        "max-session-srv-conns",
        "<n>",
        "idle server connections a client may own",
        |_, a, _| {
            a.count()?;
            a.fail("is not available yet: it needs counting a session's idle connections.")
        },
    ),
    within(
        BACK,
        "http-reuse",
        "{ never | safe | aggressive | always }",
        "when server connections are shared",
        |d, a, _| {
            d.proxy.settings.reuse = a.choice(&[
                ("never", HttpReuse::Never),
                ("safe", HttpReuse::Safe),
                ("aggressive", HttpReuse::Aggressive),
                ("always", HttpReuse::Always),
            ])?;
            Ok(())
        },
    ),
    within(
        BACK,
        "http-send-name-header",
        "<name>",
        "a header that tells the server its name",
        |d, a, _| {
            d.proxy.settings.send_name_header = Some(a.text("a header name as argument")?);
            Ok(())
        },
    ),
    within(
        BACK,
        "load-server-state-from-file",
        "{ global | local | none }",
        "whether servers start as they were left",
        |_, a, _| match a.choice(&[("global", true), ("local", true), ("none", false)])? {
            true => a.fail("is not available yet: it needs reading states of servers."),
            false => Ok(()),
        },
    ),
    within(
        BACK,
        "server-state-file-name",
        "[<file>]",
        "the file they were left in (for `load-server-state-from-file`, which is refused)",
        |_, a, _| {
            a.take();
            Ok(())
        },
    ),
    within(
        BACK,
        "source",
        "<address>",
        "the address to connect from",
        source,
    ),
    within(
        Sections::BACK,
        "dispatch",
        "<address>",
        "where to send what has no server",
        |d, a, _| {
            let word = a.word("<addr>:<port> as argument")?;
            match address::endpoint(&word.text(), For::Connect) {
                Ok(endpoint) => d.proxy.settings.dispatch = Some(endpoint),
                Err(problem) => return alert(word.span, format!("'dispatch' : {problem}")),
            }
            Ok(())
        },
    ),
    within(
        BACK,
        "transparent",
        "",
        "the old way to write `option transparent`",
        |d, _, _| {
            d.proxy.settings.options.insert(Options::TRANSPARENT);
            Ok(())
        },
    ),
    within(
        FRONT,
        "clitcpka-cnt",
        "<n>",
        "keep-alive probes towards clients",
        |d, a, _| {
            d.proxy.settings.client_keepalive[0] = Some(a.positive()?);
            Ok(())
        },
    ),
    within(
        FRONT,
        "clitcpka-idle",
        "<time>",
        "idle time before them",
        |d, a, _| {
            d.proxy.settings.client_keepalive[1] = Some(seconds(a)?);
            Ok(())
        },
    ),
    within(
        FRONT,
        "clitcpka-intvl",
        "<time>",
        "time between them",
        |d, a, _| {
            d.proxy.settings.client_keepalive[2] = Some(seconds(a)?);
            Ok(())
        },
    ),
    within(
        BACK,
        "srvtcpka-cnt",
        "<n>",
        "keep-alive probes towards servers",
        |d, a, _| {
            d.proxy.settings.server_keepalive[0] = Some(a.positive()?);
            Ok(())
        },
    ),
    within(
        BACK,
        "srvtcpka-idle",
        "<time>",
        "idle time before them",
        |d, a, _| {
            d.proxy.settings.server_keepalive[1] = Some(seconds(a)?);
            Ok(())
        },
    ),
    within(
        BACK,
        "srvtcpka-intvl",
        "<time>",
        "time between them",
        |d, a, _| {
            d.proxy.settings.server_keepalive[2] = Some(seconds(a)?);
            Ok(())
        },
    ),
    within(
        FRONT,
        "default_backend",
        "<name>",
        "the backend of requests that no rule sends elsewhere",
        |d, a, _| {
            let word = a.word("<name> as argument")?;
            d.proxy.default_backend = Some((word.text().into_owned(), word.span));
            Ok(())
        },
    ),
    within(
        Sections::FRONT,
        "use_backend",
        "<name> [if|unless <condition>]",
        "the backend of some requests",
        use_backend,
    ),
    within(
        Sections::BACK,
        "use-server",
        "<name> if|unless <condition>",
        "the server of some requests",
        use_server,
    ),
];

/// A time in seconds, the unit sockets take.
fn seconds(args: &mut Args<'_>) -> Parsed<u32> {
    let time = args.time_in(super::super::units::Unit::Seconds)?;
    Ok((time / 1000).max(1) as u32)
}

fn mode(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("'tcp' or 'http'")?;
    draft.proxy.settings.health = false;
    draft.proxy.settings.mode = match &*word.text() {
        "tcp" => Mode::Tcp,
        "http" => Mode::Http,
        "health" => {
            let message = "'mode health' doesn't exist anymore. Please use 'http-request return \
                           status 200' instead.";
            let refusal = Diagnostic::alert(word.span, message).help(
                "write instead: `mode http` and `monitor-uri <path>`, or `http-request return status 200`",
            );
            load.old(refusal, WORKS)?;
            draft.proxy.settings.health = true;
            Mode::Tcp
        }
        "log" | "spop" | "haterm" => {
            return alert(
                word.span,
                format!("'mode {}' is not available yet.", word.text()),
            );
        }
        other => {
            let message = format!("unknown proxy mode '{other}'.");
            return unknown_word(word, message, ["tcp", "http"]);
        }
    };
    Ok(())
}

const RETRY_ON: [(&str, RetryOn); 17] = [
    ("none", RetryOn::empty()),
    ("conn-failure", RetryOn::CONN_FAILURE),
    ("empty-response", RetryOn::EMPTY_RESPONSE),
    ("junk-response", RetryOn::JUNK_RESPONSE),
    ("response-timeout", RetryOn::RESPONSE_TIMEOUT),
    ("0rtt-rejected", RetryOn::EARLY_REJECTED),
    ("all-retryable-errors", RetryOn::ALL_RETRYABLE),
    ("401", RetryOn::S401),
    ("403", RetryOn::S403),
    ("404", RetryOn::S404),
    ("408", RetryOn::S408),
    ("425", RetryOn::S425),
    ("500", RetryOn::S500),
    ("501", RetryOn::S501),
    ("502", RetryOn::S502),
    ("503", RetryOn::S503),
    ("504", RetryOn::S504),
];

fn retry_on(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let mut events = RetryOn::empty();
    let mut first = true;
    while first || !args.done() {
        let word = args.word("at least one keyword")?;
        let text = word.text();
        let Some((_, event)) = RETRY_ON.iter().find(|(name, _)| *name == text) else {
            let message = format!("'{}' : unknown keyword '{text}'.", args.name);
            return unknown_word(word, message, RETRY_ON.iter().map(|(name, _)| *name));
        };
        events |= *event;
        first = false;
    }
    draft.proxy.settings.retry_on = events;
    Ok(())
}

fn source(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let what =
        "<addr>[:<port>], and optionally 'usesrc' <addr>, and 'interface' <name>, as argument";
    let word = args.word(what)?;
    let endpoint = address::endpoint(&word.text(), For::Source)
        .or_else(|problem| alert(word.span, format!("'source' : {problem}")))?;
    if let Some(word) = args.peek() {
        let what = format!(": '{}' is not available yet", word.text());
        return args.fail_at(word.span, &what);
    }
    draft.proxy.settings.source = Some(endpoint);
    Ok(())
}

fn use_backend(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a backend name")?;
    draft.rank(Rank::UseBackend, "use_backend", word.span, load);
    // A name that is computed may be that of no backend; then the rules go on.
    let computed = memchr::memmem::find(&word.bytes, b"%[").is_some();
    draft.closes("use_backend", !computed, args, load);
    let mut cx = draft.context(Place::FrontRequest, load);
    let target = match memchr::memmem::find(&word.bytes, b"%[") {
        Some(_) => Target::Format(format::parse(word, &mut cx, FormatUse::Text)?),
        None => Target::Name(word.text().into_owned()),
    };
    let cond = acl::condition(args, &mut cx).map_err(|mut error| {
        if error.message.starts_with("expects either")
            && let Some(word) = args.line().words.get(2)
        {
            error.message = format!(
                "unexpected keyword '{}' after switching rule, only 'if' and 'unless' are allowed.",
                word.text()
            );
        }
        error
    })?;
    draft.proxy.use_backend.push(Switch {
        target,
        cond,
        span: word.span,
    });
    Ok(())
}

fn use_server(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a server name")?;
    if !(args.is("if") || args.is("unless")) {
        return args.fail("requires either 'if' or 'unless' followed by a condition.");
    }
    draft.rank(Rank::UseServer, "use-server", word.span, load);
    let mut cx = draft.context(Place::BackRequest, load);
    let target = match memchr::memmem::find(&word.bytes, b"%[") {
        Some(_) => Target::Format(format::parse(word, &mut cx, FormatUse::Text)?),
        None => Target::Name(word.text().into_owned()),
    };
    cx.place = Place::BackServer;
    let cond = acl::condition(args, &mut cx)?;
    draft.proxy.use_server.push(Switch {
        target,
        cond,
        span: word.span,
    });
    Ok(())
}

/// `no` before a keyword that has a value.
pub(super) fn negated(args: &Args<'_>) -> bool {
    args.prefix != Prefix::None
}
