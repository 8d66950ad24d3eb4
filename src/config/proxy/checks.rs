//! `option …chk`, `http-check`, `tcp-check` (manual 4.2).

use super::super::address::{self, For};
use super::super::args::{Args, Parsed, Prefix, alert, unknown_word};
use super::super::draft::Draft;
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use super::super::server::traffic::protocol;
use super::super::tls;
use crate::action;
use crate::diag::{Diagnostic, Lead, suggest};
use crate::format::{self, Format, FormatUse};
use crate::sample::{self, Pending, Place, Sample};
use crate::settings::{
    CheckKind, Expect, ExpectKind, HeaderExpect, HeaderMatch, HeaderPattern, HttpSend, Options,
    Probe, Step,
};
use crate::syntax::Cursor;

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

/// Takes a kind of check, or none for `no option …`. The script of another kind is dropped.
fn choose(draft: &mut Draft, args: &Args<'_>, kind: CheckKind) {
    let settings = &mut draft.proxy.settings;
    settings.check_kind = if args.prefix == Prefix::None {
        kind
    } else {
        CheckKind::Connect
    };
    if !matches!(settings.check_kind, CheckKind::Http) {
        settings.httpchk = None;
    }
}

/// `option httpchk [<method>] [<uri>] [<version>]`
pub(super) fn httpchk(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::Http);
    if args.prefix != Prefix::None {
        args.skip();
        return Ok(());
    }
    let mut words = Vec::new();
    while let Some(word) = args.take() {
        words.push(word.text().into_owned());
        if words.len() == 3 {
            if word.bytes.contains(&b'\n') {
                load.diagnostics.push(hidden_headers(args, &word.text()));
            }
            break;
        }
    }
    let mut words = words.into_iter();
    draft.proxy.settings.httpchk = match (words.next(), words.next(), words.next()) {
        (None, _, _) => Some((None, None, None)),
        (Some(uri), None, _) => Some((None, Some(uri), None)),
        (method, uri, version) => Some((method, uri, version)),
    };
    Ok(())
}

/// The warning about headers behind the version, and the lines that say the same today.
fn hidden_headers(args: &Args<'_>, text: &str) -> Diagnostic {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let mut lines = head.split("\r\n");
    let version = lines.next().unwrap_or_default();
    let mut send = format!("http-check send ver {version}");
    let quoted = |text: &str| text.trim().replace('\\', "\\\\").replace(' ', "\\ ");
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        send.push_str(&format!(" hdr {} {}", name.trim(), quoted(value)));
    }
    if !body.is_empty() {
        send.push_str(&format!(" body {}", quoted(body)));
    }
    let message = format!(
        "'{}' : hiding headers or body at the end of the version string is deprecated. Please, consider to use \
         'http-check send' directive instead.",
        args.name
    );
    Diagnostic::warning(args.keyword(), message)
        .help(format!(
            "put this line below, and leave out the version: `{send}`"
        ))
        .lead(Lead::Reading)
}

/// `option tcp-check`
pub(super) fn tcp_check_option(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::Tcp);
    Ok(())
}

/// `option mysql-check [user <name> [post-41 | pre-41]]`
pub(super) fn mysql(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let (mut user, mut pre_41) = (None, false);
    if !args.done() {
        only_user(args)?;
        user = Some(args.text("<username> as argument of 'user'")?);
        if !args.done() {
            pre_41 = args.choice(&[("post-41", false), ("pre-41", true)])?;
        }
    }
    choose(draft, args, CheckKind::Mysql { user, pre_41 });
    Ok(())
}

/// The word `user`.
fn only_user(args: &mut Args<'_>) -> Parsed {
    let word = args.word("'user' as argument")?;
    if word.bytes == b"user" {
        return Ok(());
    }
    let message = format!(
        "'{}' only supports optional values: 'user' (got '{}').",
        args.name,
        word.text()
    );
    unknown_word(word, message, ["user"])
}

/// `option pgsql-check user <name>`
pub(super) fn pgsql(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let mut user = String::new();
    if args.prefix == Prefix::None {
        only_user(args)?;
        user = args.text("<username> as argument of 'user'")?;
    }
    choose(draft, args, CheckKind::Pgsql(user));
    Ok(())
}

/// `option redis-check`
pub(super) fn redis(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::Redis);
    Ok(())
}

/// `option smtpchk [<hello> <domain>]`
pub(super) fn smtp(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let greeting = args.joined();
    let greeting = match greeting.split_once(' ') {
        None if greeting.is_empty() => None,
        Some(("EHLO" | "HELO", domain)) if !domain.contains(' ') => Some(greeting),
        // HAProxy falls back to its own greeting for whatever else is written.
        _ => None,
    };
    choose(draft, args, CheckKind::Smtp(greeting));
    Ok(())
}

/// `option ldap-check`
pub(super) fn ldap(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::Ldap);
    Ok(())
}

/// `option ssl-hello-chk`
pub(super) fn ssl_hello(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    choose(draft, args, CheckKind::SslHello);
    Ok(())
}

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

/// The codes that `ok-status` and kin may name.
const STATUS_CODES: &[(&str, &str)] = &[
    ("L4OK", "L4OK"),
    ("L4CON", "L4CON"),
    ("L4TOUT", "L4TOUT"),
    ("L6OK", "L6OK"),
    ("L6RSP", "L6RSP"),
    ("L6TOUT", "L6TOUT"),
    ("L7OK", "L7OK"),
    ("L7OKC", "L7OKC"),
    ("L7RSP", "L7RSP"),
    ("L7STS", "L7STS"),
    ("L7TOUT", "L7TOUT"),
];

fn expect(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load, http: bool) -> Parsed<Expect> {
    let mut expect = Expect {
        kind: ExpectKind::Custom,
        negate: false,
        min_recv: None,
        ok_status: None,
        error_status: None,
        timeout_status: None,
        on_success: None,
        on_error: None,
        status_code: None,
        comment: None,
        text: String::new(),
    };
    // Options come first, then `!`, then what is expected: that ends the line.
    loop {
        let what = if http {
            "a pattern such as 'status' or 'string'"
        } else {
            "a pattern such as 'string' or 'binary'"
        };
        let word = args.word(what)?;
        match &*word.text() {
            "!" => expect.negate = !expect.negate,
            "min-recv" => {
                expect.min_recv =
                    Some(args.int(-1..=i64::from(i32::MAX))? as i32).filter(|n| *n >= 0);
            }
            "ok-status" => expect.ok_status = Some(args.choice(STATUS_CODES)?),
            "error-status" => expect.error_status = Some(args.choice(STATUS_CODES)?),
            "tout-status" => expect.timeout_status = Some(args.choice(STATUS_CODES)?),
            "on-success" => expect.on_success = Some(format_of(draft, args, load)?),
            "on-error" => expect.on_error = Some(format_of(draft, args, load)?),
            "status-code" => expect.status_code = Some(expression(draft, args, load)?),
            "comment" => expect.comment = Some(args.text("a comment")?),
            pattern => {
                expect.text = args
                    .peek()
                    .map(|word| word.text().into_owned())
                    .unwrap_or_default();
                expect.kind = expected(draft, args, load, http, pattern, word.span)?;
                return Ok(expect);
            }
        }
    }
}

fn expected(
    draft: &mut Draft,
    args: &mut Args<'_>,
    load: &mut Load,
    http: bool,
    pattern: &str,
    span: crate::diag::Span,
) -> Parsed<ExpectKind> {
    Ok(match (pattern, http) {
        ("string", _) => ExpectKind::Text(args.word("a pattern")?.bytes.clone()),
        ("rstring", _) => ExpectKind::Regex(args.regex()?),
        ("string-lf", _) => ExpectKind::Format(format_of(draft, args, load)?, false),
        ("status", true) => ExpectKind::Status(status_ranges(args)?),
        ("rstatus", true) => ExpectKind::StatusRegex(args.regex()?),
        ("hdr" | "fhdr", true) => {
            let name = header_match(draft, args, load, "name")?;
            let value = match args.peek().map(|word| word.text()) {
                Some(word) if word.starts_with("value") => {
                    Some(header_match(draft, args, load, "value")?)
                }
                _ => None,
            };
            ExpectKind::Header(Box::new(HeaderExpect {
                full: pattern == "fhdr",
                name,
                value,
            }))
        }
        ("binary", false) => {
            let word = args.word("a pattern")?;
            ExpectKind::Binary(hexadecimal(args, &word.text(), word.span)?)
        }
        ("rbinary", false) => ExpectKind::BinaryRegex(args.regex()?),
        ("binary-lf", false) => ExpectKind::Format(format_of(draft, args, load)?, true),
        ("custom", false) => ExpectKind::Custom,
        (other, true) => {
            let what = format!(
                "expects 'string', 'rstring', 'string-lf', 'status', 'rstatus', 'hdr' or 'fhdr', found '{other}'"
            );
            let names = [
                "string",
                "rstring",
                "string-lf",
                "status",
                "rstatus",
                "hdr",
                "fhdr",
            ];
            return args
                .fail_at(span, &what)
                .map_err(|problem| offering(problem, other, &names));
        }
        (other, false) => {
            let what = format!(
                "expects 'string', 'rstring', 'string-lf', 'binary', 'rbinary' or 'binary-lf', found '{other}'"
            );
            let names = [
                "string",
                "rstring",
                "string-lf",
                "binary",
                "rbinary",
                "binary-lf",
            ];
            return args
                .fail_at(span, &what)
                .map_err(|problem| offering(problem, other, &names));
        }
    })
}

/// Adds the nearest of these names.
fn offering(mut problem: Box<Diagnostic>, word: &str, names: &[&str]) -> Box<Diagnostic> {
    problem
        .help
        .extend(suggest::did_you_mean(word, names.iter().copied()));
    problem
}

/// `200,300-399`
fn status_ranges(args: &mut Args<'_>) -> Parsed<Vec<(u16, u16)>> {
    let word = args.word("a list of status codes")?;
    let text = word.text();
    let code = |text: &str| {
        text.parse::<u16>()
            .ok()
            .filter(|code| (100..=999).contains(code))
    };
    let range = |part: &str| match part.split_once('-') {
        Some((low, high)) => Some((code(low)?, code(high)?)).filter(|(low, high)| low <= high),
        None => code(part).map(|code| (code, code)),
    };
    match text.split(',').map(range).collect() {
        Some(ranges) => Ok(ranges),
        None => args.fail_at(word.span, &format!(": invalid status codes '{text}'")),
    }
}

/// `name [-m <method>] <pattern>`, or `name-lf …` with a format; the same with `value`.
fn header_match(
    draft: &mut Draft,
    args: &mut Args<'_>,
    load: &mut Load,
    part: &str,
) -> Parsed<HeaderMatch> {
    let formatted = format!("{part}-lf");
    let formatted = args.choice(&[(part, false), (formatted.as_str(), true)])?;
    let method = match args.take_if("-m") {
        true => args.choice(&[("str", 0), ("beg", 1), ("end", 2), ("sub", 3), ("reg", 4)])?,
        false => 0,
    };
    if method == 4 {
        if formatted {
            return args.fail(": 'reg' does not take a format");
        }
        return Ok(HeaderMatch::Regex(args.regex()?));
    }
    let pattern = match formatted {
        true => HeaderPattern::Format(format_of(draft, args, load)?),
        false => HeaderPattern::Text(args.word("a pattern")?.bytes.clone()),
    };
    Ok(match method {
        1 => HeaderMatch::Prefix(pattern),
        2 => HeaderMatch::Suffix(pattern),
        3 => HeaderMatch::Substring(pattern),
        _ => HeaderMatch::Exact(pattern),
    })
}
