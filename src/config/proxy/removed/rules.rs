//! Rules of old: `block`, `monitor-net`, and the `req…` and `rsp…` words.

use super::super::super::args::{Args, Parsed, Prefix};
use super::super::super::draft::Draft;
use super::super::super::keyword::Sections;
use super::super::super::load::Load;
use super::super::{keyword, response_place, stands_here};
use super::spoken;
use crate::action::{self, OldRule, OldVerb};
use crate::settings::Mode;
use crate::syntax::{Line, Word};

/// `block if|unless <condition>`: a `http-request deny` that runs before the other rules of its section.
pub(super) fn block(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if !stands_here(draft, Sections::PROXY, args, load)? {
        return Ok(());
    }
    let rest = std::mem::take(&mut draft.proxy.rules.http_request);
    let result = super::instead("http-request deny", draft, args, load);
    args.skip();
    let rules = &mut draft.proxy.rules.http_request;
    let new = std::mem::replace(rules, rest);
    rules.splice(draft.blocks..draft.blocks, new);
    draft.blocks += usize::from(result.is_ok());
    // It stands before whatever ended them.
    draft.ended.retain(|ruleset| *ruleset != "http-request");
    result
}

/// `monitor-net <source>`: kept until the section ends, because the mode decides what it does.
pub(super) fn take_monitor_net(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    const FRONT: Sections = Sections::DEFAULTS.union(Sections::FRONT);
    if !stands_here(draft, FRONT, args, load)? {
        args.skip();
        return Ok(());
    }
    draft.monitor_net = Some(args.word("a network in address[/mask] notation")?.clone());
    Ok(())
}

/// What `monitor-net` does: HTTP requests from there are answered 200, connections are closed at once; neither is
/// logged.
pub(in super::super::super) fn monitor_net(draft: &mut Draft, load: &mut Load) -> Parsed {
    let Some(net) = draft.monitor_net.take() else {
        return Ok(());
    };
    let rules: &[&str] = match draft.proxy.settings.mode {
        Mode::Http => &[
            "http-request set-log-level silent if { src",
            "http-request return status 200 if { src",
        ],
        Mode::Tcp => &["tcp-request connection reject if { src"],
    };
    let of = |draft: &mut Draft| {
        let rules = &mut draft.proxy.rules;
        (
            std::mem::take(&mut rules.http_request),
            std::mem::take(&mut rules.tcp_connection),
        )
    };
    let (http, tcp) = of(draft);
    let (seen, ended) = (draft.seen.clone(), draft.ended.clone());
    let result = rules
        .iter()
        .try_for_each(|rule| line(rule, &net, draft, load));
    let rules = &mut draft.proxy.rules;
    rules.http_request.extend(http);
    rules.tcp_connection.extend(tcp);
    (draft.seen, draft.ended) = (seen, ended);
    result
}

fn line(rule: &str, net: &Word, draft: &mut Draft, load: &mut Load) -> Parsed {
    let mut words: Vec<Word> = spoken(rule, net.span).collect();
    words.push(net.clone());
    words.extend(spoken("}", net.span));
    let span = net.span;
    let line = Line { words, span };
    keyword(draft, &mut Args::new(&line, 0, Prefix::None), load)
}

/// What an old word does to each line, and whether it ignores case.
fn rule(name: &str) -> OldRule {
    let rest = name.get(3..).unwrap_or_default();
    let (icase, verb) = match rest.strip_prefix('i') {
        Some(verb) => (true, verb),
        None => (false, rest),
    };
    let verb = match verb {
        "add" => OldVerb::Add,
        "del" => OldVerb::Delete,
        "allow" => OldVerb::Allow,
        "deny" => OldVerb::Deny,
        "pass" => OldVerb::Pass,
        "tarpit" => OldVerb::Tarpit,
        "setbe" => OldVerb::SetBackend,
        // `cliexp` and `srvexp` are the oldest names of `reqrep` and `rsprep`.
        _ => OldVerb::Replace,
    };
    OldRule { verb, icase }
}

/// A `req…` word.
pub(super) fn request(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let old = rule(&args.name);
    let sections = match old.verb {
        OldVerb::SetBackend => Sections::FRONT,
        _ => Sections::PROXY,
    };
    if !stands_here(draft, sections, args, load)? {
        args.skip();
        return Ok(());
    }
    draft
        .needs_http
        .push(("'req…' rules ignored", args.keyword()));
    let place = draft.request_place();
    let rule = action::old_rule(old, args, &mut draft.context(place, load))?;
    let rules = &mut draft.proxy.rules;
    match old.verb {
        OldVerb::Add => rules.request_adds.push(rule),
        _ => rules.request_filters.push(rule),
    }
    Ok(())
}

/// An `rsp…` word.
pub(super) fn response(draft: &mut Draft, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    if !stands_here(draft, Sections::PROXY, args, load)? {
        return Ok(());
    }
    draft
        .needs_http
        .push(("'rsp…' rules ignored", args.keyword()));
    let old = rule(&args.name);
    let place = response_place(draft);
    let rule = action::old_rule(old, args, &mut draft.context(place, load))?;
    let rules = &mut draft.proxy.rules;
    match old.verb {
        OldVerb::Add => rules.response_adds.push(rule),
        _ => rules.response_filters.push(rule),
    }
    Ok(())
}
