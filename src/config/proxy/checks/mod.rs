//! `option …chk`, `http-check`, `tcp-check` (manual 4.2): the steps of checks.
//!
//! The tables of a proxy's keywords and options call it. Must not know how checks are done.

mod expect;
mod option;

use super::super::address::{self, For};
use super::super::args::{Args, Parsed, alert, unknown_word};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use super::super::server::traffic::protocol;
use super::super::tls;
use crate::action;
use crate::format::{self, Format, FormatUse};
use crate::sample::{self, Pending, Place, Sample};
use crate::settings::{HttpSend, Options, Probe, Step};
use crate::syntax::Cursor;

use expect::expect;
pub(super) use option::{httpchk, ldap, mysql, pgsql, redis, smtp, ssl_hello, tcp_check_option};

const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        BACK,
        "http-check",
        "<step> …",
        "a step of the check of `option httpchk`",
        http_check,
    ),
    within(
        BACK,
        "tcp-check",
        "<step> …",
        "a step of the check of `option tcp-check`",
        tcp_check,
    ),
];

/// A format that is rendered at each check.
fn format_of(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed<Pending<Format>> {
    let word = args.word("a format")?;
    format::parse(
        word,
        &mut draft.context(Place::Check, load),
        FormatUse::Http,
    )
}

/// An expression that a whole word makes.
fn expression(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed<Pending<Sample>> {
    let word = args.word("an expression")?;
    let mut cx = draft.context(Place::Check, load);
    let (expr, used) = sample::parse(word, 0..word.bytes.len(), &mut cx)?;
    match used < word.bytes.len() {
        true => alert(
            word.part(used, word.bytes.len()),
            "unexpected text behind the expression",
        ),
        false => Ok(expr.sample),
    }
}

/// A step that changes a variable.
fn variable(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed<Step> {
    let span = args.line().span;
    let mut cursor = Cursor::new(args.line(), 1);
    let read = action::check_variable(&mut cursor, &mut draft.context(Place::Check, load));
    args.skip();
    match read {
        Ok(action) => Ok(Step::Action(action)),
        Err(mut problem) => {
            problem.span = problem.span.or(Some(span));
            problem.message = format!("'{}' : {}", args.name, problem.message);
            Err(problem)
        }
    }
}

/// Adds a step. Connections are opened by the script from its first step on, or not at all.
fn add(steps: &mut Vec<Step>, step: Step, args: &Args<'_>) -> Parsed {
    let first = steps
        .iter()
        .find(|step| !matches!(step, Step::Comment(_) | Step::Action(_)));
    if matches!(step, Step::Connect(_))
        && first.is_some_and(|first| !matches!(first, Step::Connect(_)))
    {
        return args.fail(
            ": first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or \
             a 'comment', when there is a 'connect' step in the tcp-check ruleset.",
        );
    }
    steps.push(step);
    Ok(())
}

/// The steps of `http-check`, for suggestions.
const HTTP_CHECK: [&str; 6] = [
    "comment",
    "connect",
    "disable-on-404",
    "expect",
    "send",
    "send-state",
];

/// The steps of `tcp-check`, for suggestions.
const TCP_CHECK: [&str; 7] = [
    "comment",
    "connect",
    "expect",
    "send",
    "send-lf",
    "send-binary",
    "send-binary-lf",
];

fn http_check(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("'comment', 'connect', 'disable-on-404', 'expect', 'send', 'send-state', 'set-var', 'set-var-fmt' or 'unset-var'")?;
    let verb = word.text().into_owned();
    args.name = format!("http-check {verb}");
    let step = match verb.as_str() {
        "disable-on-404" => {
            draft.proxy.settings.options.insert(Options::DISABLE_ON_404);
            return Ok(());
        }
        "send-state" => {
            draft.proxy.settings.options.insert(Options::SEND_STATE);
            return Ok(());
        }
        "send" => Step::HttpSend(Box::new(http_send(draft, args, load)?)),
        "comment" => Step::Comment(args.text("a comment")?),
        "connect" => Step::Connect(connect(draft, args, load)?),
        "expect" => Step::Expect(Box::new(expect(draft, args, load, true)?)),
        other if other.starts_with("set-var") || other.starts_with("unset-var") => {
            variable(draft, args, load)?
        }
        other => {
            let message = format!(
                "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', \
                 'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '{other}'"
            );
            return unknown_word(word, message, HTTP_CHECK);
        }
    };
    add(&mut draft.http_steps, step, args)
}

fn tcp_check(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("'comment', 'connect', 'send', 'send-lf', 'send-binary', 'send-binary-lf', 'expect', 'set-var', 'set-var-fmt' or 'unset-var'")?;
    let verb = word.text().into_owned();
    args.name = format!("tcp-check {verb}");
    let step = match verb.as_str() {
        "comment" => Step::Comment(args.text("a comment")?),
        "connect" => Step::Connect(connect(draft, args, load)?),
        "expect" => Step::Expect(Box::new(expect(draft, args, load, false)?)),
        "send" => {
            let data = args.word("a string as argument")?.bytes.clone();
            Step::Send {
                data,
                comment: comment(args)?,
            }
        }
        "send-binary" => {
            let word = args.word("an hexadecimal string as argument")?;
            let data = hexadecimal(args, &word.text(), word.span)?;
            Step::Send {
                data,
                comment: comment(args)?,
            }
        }
        "send-lf" | "send-binary-lf" => {
            let format = format_of(draft, args, load)?;
            Step::SendFormat {
                format,
                hex: verb == "send-binary-lf",
                comment: comment(args)?,
            }
        }
        other if other.starts_with("set-var") || other.starts_with("unset-var") => {
            variable(draft, args, load)?
        }
        other => {
            let message = format!(
                "'tcp-check' only supports 'comment', 'connect', 'send', 'send-binary', 'expect', 'set-var-fmt(*)', \
                 'set-var(*)', 'unset-var(*)'. but got '{other}'"
            );
            return unknown_word(word, message, TCP_CHECK);
        }
    };
    add(&mut draft.tcp_steps, step, args)
}

/// `[comment <text>]` at the end of a step.
fn comment(args: &mut Args<'_>) -> Parsed<Option<String>> {
    match args.take_if("comment") {
        true => args.text("a comment").map(Some),
        false => Ok(None),
    }
}

fn hexadecimal(args: &Args<'_>, text: &str, span: crate::diag::Span) -> Parsed<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect();
    match digits {
        Some(digits) if digits.len().is_multiple_of(2) => Ok(digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit))
            .collect()),
        _ => args.fail_at(span, ": expects an even number of hexadecimal digits"),
    }
}

fn connect(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed<Probe> {
    let mut probe = Probe::default();
    while let Some(word) = args.take() {
        match &*word.text() {
            "default" => probe.default = true,
            "send-proxy" => probe.send_proxy = true,
            "linger" => probe.linger = true,
            "comment" => probe.comment = Some(args.text("a comment")?),
            "addr" => {
                let word = args.word("an address")?;
                match address::endpoint(&word.text(), For::Connect) {
                    Ok(endpoint) => probe.addr = Some(endpoint),
                    Err(problem) => return args.fail_at(word.span, &format!(": {problem}")),
                }
            }
            "port" => {
                let plain = args.peek().and_then(|word| word.text().parse::<u16>().ok());
                match plain {
                    Some(port) => {
                        args.take();
                        probe.port = Some(port);
                    }
                    None => probe.port_expr = Some(expression(draft, args, load)?),
                }
            }
            "ssl" => probe.ssl = true,
            "sni" => probe.sni = Some(args.text("a name")?),
            "alpn" => {
                let outer = std::mem::replace(&mut args.name, "alpn".to_owned());
                let names = tls::protocols(args);
                args.name = outer;
                probe.alpn = names?;
            }
            "proto" => {
                let outer = std::mem::replace(&mut args.name, "proto".to_owned());
                let protocol = protocol(args);
                args.name = outer;
                probe.proto = Some(protocol?);
            }
            "via-socks4" => {
                return args.fail_at(word.span, ": 'via-socks4' is not available yet in checks");
            }
            other => {
                const NAMES: [&str; 9] = [
                    "comment",
                    "port",
                    "addr",
                    "send-proxy",
                    "ssl",
                    "sni",
                    "alpn",
                    "linger",
                    "default",
                ];
                let what = format!(
                    "expects 'comment', 'port', 'addr', 'send-proxy', 'linger', 'default' but got '{other}' as argument."
                );
                return unknown_word(word, format!("'{}' {what}", args.name), NAMES);
            }
        }
    }
    Ok(probe)
}

fn http_send(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed<HttpSend> {
    let mut send = HttpSend::default();
    while let Some(word) = args.take() {
        match &*word.text() {
            "meth" => send.method = Some(args.text("a method")?),
            "uri" => send.uri = Some(args.text("an URI")?),
            "uri-lf" => send.uri_format = Some(format_of(draft, args, load)?),
            "ver" => send.version = Some(args.text("a version")?),
            "hdr" => {
                let name = args.text("a header name")?;
                send.headers.push((name, format_of(draft, args, load)?));
            }
            "body" => send.body = Some(args.word("a body")?.bytes.clone()),
            "body-lf" => send.body_format = Some(format_of(draft, args, load)?),
            "comment" => send.comment = Some(args.text("a comment")?),
            other => {
                const NAMES: [&str; 8] = [
                    "comment", "meth", "uri", "uri-lf", "ver", "hdr", "body", "body-lf",
                ];
                let message = format!(
                    "'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got '{other}' as argument."
                );
                return unknown_word(word, message, NAMES);
            }
        }
    }
    Ok(send)
}
