//! ACLs, rules, captures and unique ids.

use super::super::args::{Args, Parsed, unknown_word};
use super::super::draft::{Draft, Rank};
use super::super::keyword::{Keyword, Sections, within};
use super::super::load::Load;
use super::{named_only, stands_here};
use crate::acl;
use crate::action;
use crate::diag::Diagnostic;
use crate::sample::Place;
use crate::settings::Kind;

const FRONT: Sections = Sections::DEFAULTS.union(Sections::FRONT);

pub(super) const KEYWORDS: &[Keyword<Draft>] = &[
    within(
        Sections::ALL,
        "acl",
        "<name> <criterion> [<flags>] [<values>]",
        "names a test",
        |d, a, l| {
            named_only(d, a)?;
            let declared = acl::declare(a, &mut d.context(Place::Acl, l));
            match declared {
                Ok(declared) => d.proxy.acls.add(declared),
                Err(refused) => {
                    d.proxy.acls.add_refused(a.line());
                    return Err(refused);
                }
            }
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "http-request",
        "<action> [if|unless <condition>]",
        "what to do with requests",
        http_request,
    ),
    within(
        Sections::ALL,
        "http-response",
        "<action> [if|unless <condition>]",
        "what to do with responses",
        http_response,
    ),
    within(
        Sections::ALL,
        "http-after-response",
        "<action> [if|unless <condition>]",
        "what to do with all responses, our own included",
        http_after_response,
    ),
    within(
        Sections::ALL,
        "tcp-request",
        "{ connection | session | content | inspect-delay } …",
        "what to do with connections",
        tcp_request,
    ),
    within(
        Sections::DEFAULTS
            .union(Sections::BACK)
            .union(Sections::STRICTLY),
        "tcp-response",
        "{ content | inspect-delay } …",
        "what to do with answers",
        tcp_response,
    ),
    within(
        Sections::PROXY,
        "redirect",
        "<target> [<options>] [if|unless <condition>]",
        "sends clients elsewhere",
        |d, a, l| {
            d.rank(Rank::Redirect, "redirect", a.keyword(), l);
            d.needs_http.push(("'redirect' rules ignored", a.keyword()));
            let words = &a.line().words;
            let always = !words.iter().any(|word| word.bytes == b"ignore-empty");
            d.closes("redirect", always, a, l);
            let place = d.request_place();
            let rule = action::redirect_rule(a, &mut d.context(place, l))?;
            d.proxy.rules.redirect.push(rule);
            Ok(())
        },
    ),
    within(
        FRONT,
        "monitor-uri",
        "<uri>",
        "a target that is answered with the proxy's own health",
        |d, a, _| {
            d.needs_http
                .push(("monitor-uri will be ignored", a.keyword()));
            d.proxy.settings.monitor_uri = Some(a.text("an URI")?);
            Ok(())
        },
    ),
    within(
        Sections::FRONT,
        "monitor",
        "fail if|unless <condition>",
        "when that health is bad",
        |d, a, l| {
            match a.take() {
                Some(word) if word.bytes == b"fail" => {}
                Some(word) => {
                    return unknown_word(word, "'monitor' only supports 'fail'.", ["fail"]);
                }
                None => return a.fail_at(a.span(), "only supports 'fail'."),
            }
            a.name = "monitor fail".to_owned();
            d.rank(Rank::MonitorFail, "monitor fail", a.keyword(), l);
            let cond = acl::condition(a, &mut d.context(Place::FrontRequest, l))?;
            match cond {
                Some(cond) => d.proxy.monitor_fail.push(cond),
                None => return a.fail("requires either 'if' or 'unless' followed by a condition."),
            }
            Ok(())
        },
    ),
    within(
        Sections::FRONT,
        "capture",
        "{ cookie | request header | response header } <name> len <n>",
        "what to keep for logs",
        capture,
    ),
    within(
        Sections::FRONT.union(Sections::STRICTLY),
        "declare",
        "capture { request | response } len <n>",
        "a place that rules keep things in",
        declare,
    ),
    within(
        Sections::ALL,
        "unique-id-format",
        "<format>",
        "what makes a request's unique id",
        |d, a, _| {
            d.unique_id = Some(a.word("a format string as argument")?.clone());
            Ok(())
        },
    ),
    within(
        Sections::ALL,
        "unique-id-header",
        "<name>",
        "the header that carries the unique id",
        |d, a, _| {
            d.proxy.settings.unique_id_header = Some(a.text("a header name as argument")?);
            Ok(())
        },
    ),
];

fn http_request(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    named_only(draft, args)?;
    draft.rank(Rank::HttpRequest, "http-request", args.keyword(), load);
    draft
        .needs_http
        .push(("'http-request' rules ignored", args.keyword()));
    const FINAL: [&str; 6] = ["allow", "auth", "deny", "redirect", "return", "tarpit"];
    draft.ends("http-request", &FINAL, args, load);
    let place = draft.request_place();
    let rule = action::http_request_rule(args, &mut draft.context(place, load))?;
    draft.proxy.rules.http_request.push(rule);
    Ok(())
}

pub(super) fn response_place(draft: &Draft) -> Place {
    match draft.proxy.kind {
        Kind::Backend => Place::BackResponse,
        _ => Place::FrontResponse,
    }
}

fn http_response(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    named_only(draft, args)?;
    draft
        .needs_http
        .push(("'http-response' rules ignored", args.keyword()));
    const FINAL: [&str; 4] = ["allow", "deny", "redirect", "return"];
    draft.ends("http-response", &FINAL, args, load);
    let place = response_place(draft);
    let rule = action::http_response_rule(args, &mut draft.context(place, load))?;
    draft.proxy.rules.http_response.push(rule);
    Ok(())
}

fn http_after_response(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    named_only(draft, args)?;
    draft
        .needs_http
        .push(("'http-after-response' rules ignored", args.keyword()));
    draft.ends("http-after-response", &["allow"], args, load);
    let place = response_place(draft);
    let rule = action::http_after_response_rule(args, &mut draft.context(place, load))?;
    draft.proxy.rules.http_after_response.push(rule);
    Ok(())
}

fn tcp_request(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    named_only(draft, args)?;
    let span = args.keyword();
    let strictly_front = FRONT.union(Sections::STRICTLY);
    let word = args.word("'connection', 'session', 'content' or 'inspect-delay'")?;
    args.name = format!("tcp-request {}", word.text());
    match &*word.text() {
        "inspect-delay" => {
            draft.proxy.settings.inspect_delay = Some(args.time()?);
        }
        "connection" => {
            stands_here(draft, strictly_front, args, load)?;
            draft.rank(Rank::TcpConnection, "tcp-request", span, load);
            let is_final = ends_stream(args);
            draft.closes("tcp-request connection", is_final, args, load);
            let mut cx = draft.context(Place::TcpConnection, load);
            let rule = action::tcp_request_connection_rule(args, &mut cx)?;
            draft.proxy.rules.tcp_connection.push(rule);
        }
        "session" => {
            stands_here(draft, strictly_front, args, load)?;
            draft.rank(Rank::TcpSession, "tcp-request", span, load);
            let is_final = ends_stream(args);
            draft.closes("tcp-request session", is_final, args, load);
            let mut cx = draft.context(Place::TcpSession, load);
            let rule = action::tcp_request_session_rule(args, &mut cx)?;
            draft.proxy.rules.tcp_session.push(rule);
        }
        "content" => {
            draft.rank(Rank::TcpContent, "tcp-request", span, load);
            let is_final = ends_stream(args);
            draft.closes("tcp-request content", is_final, args, load);
            draft.switches_mode |= args.is("switch-mode");
            let place = match draft.proxy.kind {
                Kind::Frontend => Place::FrontContent,
                _ => Place::BackContent,
            };
            let tracks = args
                .peek()
                .is_some_and(|word| word.bytes.starts_with(b"track-sc"));
            let mut cx = draft.context(place, load);
            let rule = action::tcp_request_content_rule(args, &mut cx)?;
            let contents = cx.contents;
            draft.proxy.rules.tcp_content.push(rule);
            if tracks {
                draft.content_tracks.push((span, contents));
            }
        }
        other => {
            let what = format!(
                "expects 'inspect-delay', 'connection', 'session' or 'content', found '{other}'"
            );
            let names = ["inspect-delay", "connection", "session", "content"];
            return unknown_word(word, format!("'tcp-request' {what}"), names);
        }
    }
    Ok(())
}

/// Whether the action that follows ends its ruleset.
fn ends_stream(args: &Args<'_>) -> bool {
    ["accept", "reject", "silent-drop"]
        .iter()
        .any(|name| args.is(name))
}

fn tcp_response(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    named_only(draft, args)?;
    let word = args.word("'content' or 'inspect-delay'")?;
    match &*word.text() {
        "inspect-delay" => {
            draft.proxy.settings.response_inspect_delay = Some(args.time()?);
        }
        "content" => {
            let is_final = ends_stream(args);
            draft.closes("tcp-response content", is_final, args, load);
            let mut cx = draft.context(Place::ResponseContent, load);
            let rule = action::tcp_response_content_rule(args, &mut cx)?;
            draft.proxy.rules.tcp_response.push(rule);
        }
        other => {
            let what = format!("expects 'inspect-delay' or 'content', found '{other}'");
            let names = ["inspect-delay", "content"];
            return unknown_word(word, format!("'tcp-response' {what}"), names);
        }
    }
    Ok(())
}

/// `len <n>`, of at least one byte.
fn length(args: &mut Args<'_>) -> Parsed<usize> {
    let word = args.word("'len' <length>")?;
    if word.bytes != b"len" {
        let message = format!("'{}' expects 'header' <header_name> 'len' <len>", args.name);
        return Err(Box::new(
            Diagnostic::alert(word.span, message).help("write `len` before the length"),
        ));
    }
    Ok(args.int(1..=65_535)? as usize)
}

fn capture(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    const EXPECTS: &str = "'capture' expects 'cookie' or 'request header' or 'response header'.";
    let kind = match args.choice(&[("cookie", 0), ("request", 1), ("response", 2)]) {
        Ok(kind) => kind,
        Err(mut refused) => {
            EXPECTS.clone_into(&mut refused.message);
            return Err(refused);
        }
    };
    args.name = format!(
        "capture {}",
        args.line()
            .words
            .get(1)
            .map_or_else(Default::default, |w| w.text())
    );
    if kind == 0 {
        let name = args.text("a cookie name")?;
        draft.proxy.settings.capture_cookie = Some((name, length(args)?));
        return Ok(());
    }
    let word = args.word("'header'")?;
    if word.bytes != b"header" {
        return unknown_word(word, EXPECTS, ["header"]);
    }
    let name = args.text("a header name")?;
    let slot = (name, length(args)?);
    match kind {
        1 => draft.proxy.captures.request.push(slot),
        _ => draft.proxy.captures.response.push(slot),
    }
    Ok(())
}

fn declare(draft: &mut Draft, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    if !args.take_if("capture") {
        return args.fail("supports only 'capture' as second argument.");
    }
    let request = args.choice(&[("request", true), ("response", false)])?;
    let slot = (String::new(), length(args)?);
    match request {
        true => draft.proxy.captures.request.push(slot),
        false => draft.proxy.captures.response.push(slot),
    }
    Ok(())
}
