//! Requests that the program makes itself (manual 3.2 `httpclient.*`, `ocsp-update.*`).

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::super::tls;
use super::super::units::Unit;
use crate::settings::{Global, Prefer};

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword(
        "httpclient.resolvers.disabled",
        "{ on | off }",
        "own requests go to addresses only, not to names",
        |g, a, _| {
            g.httpclient.no_names = a.on_off()?;
            Ok(())
        },
    ),
    keyword(
        "httpclient.resolvers.id",
        "<name>",
        "the section that resolves names of own requests",
        |g, a, _| {
            g.httpclient.resolvers = Some(a.text("a resolvers section")?);
            Ok(())
        },
    ),
    keyword(
        "httpclient.resolvers.prefer",
        "{ ipv4 | ipv6 }",
        "the family own requests go to first",
        |g, a, _| {
            g.httpclient.prefer = a.choice(&[("ipv4", Prefer::V4), ("ipv6", Prefer::V6)])?;
            Ok(())
        },
    ),
    keyword(
        "httpclient.retries",
        "<n>",
        "how often an own request is tried again",
        |g, a, _| {
            g.httpclient.retries = a.count()?;
            Ok(())
        },
    ),
    keyword(
        "httpclient.timeout.connect",
        "<time>",
        "how long an own request waits for its connection",
        |g, a, _| {
            g.httpclient.connect = a.time_in(Unit::Milliseconds)?;
            Ok(())
        },
    ),
    keyword(
        "httpclient.ssl.verify",
        "{ none | required }",
        "whether own requests judge certificates",
        |g, a, _| {
            g.httpclient.verify = match a.done() {
                true => true,
                false => a.choice(&[("none", false), ("required", true)])?,
            };
            Ok(())
        },
    ),
    keyword(
        "httpclient.ssl.ca-file",
        "<file>",
        "authorities for own requests",
        |g, a, l| {
            g.httpclient.authorities = tls::authorities(a, l)?;
            Ok(())
        },
    ),
    keyword(
        "ocsp-update.mode",
        "{ on | off }",
        "keeps all OCSP responses fresh",
        |g, a, _| {
            g.ocsp.mode = a.on_off()?;
            Ok(())
        },
    ),
    keyword(
        "ocsp-update.disable",
        "{ on | off }",
        "asks for no OCSP response",
        |g, a, _| {
            g.ocsp.disabled = a.on_off()?;
            Ok(())
        },
    ),
    keyword(
        "ocsp-update.mindelay",
        "<seconds>",
        "the least time between two updates",
        mindelay,
    ),
    keyword(
        "ocsp-update.maxdelay",
        "<seconds>",
        "the most time between two updates",
        maxdelay,
    ),
    keyword(
        "tune.ssl.ocsp-update.mindelay",
        "<seconds>",
        "old name of `ocsp-update.mindelay`",
        mindelay,
    ),
    keyword(
        "tune.ssl.ocsp-update.maxdelay",
        "<seconds>",
        "old name of `ocsp-update.maxdelay`",
        maxdelay,
    ),
    keyword(
        "ocsp-update.httpproxy",
        "<address>[:<port>]",
        "the proxy that responders are asked through",
        proxy,
    ),
];

fn mindelay(global: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    global.ocsp.delays.0 = seconds(args)?;
    ordered(global, args)
}

fn maxdelay(global: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    global.ocsp.delays.1 = seconds(args)?;
    ordered(global, args)
}

fn seconds(args: &mut Args<'_>) -> Parsed<u64> {
    // Half a minute more than a month of seconds is more than anybody waits.
    args.int(1..=2_678_400).map(i64::cast_unsigned)
}

fn ordered(global: &Global, args: &Args<'_>) -> Parsed {
    let (least, most) = global.ocsp.delays;
    match least > most {
        true => args.fail(&format!(
            "the least delay must not be above the most: {least} is above {most}."
        )),
        false => Ok(()),
    }
}

fn proxy(global: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let word = args.word("an address")?;
    let text = word.text();
    let bare = text.strip_prefix("http://").unwrap_or(&text);
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (bare, Some(80)),
    };
    match port {
        Some(port) if !host.is_empty() => {
            let host = host.trim_matches(['[', ']']).to_owned();
            global.ocsp.proxy = Some((host, port));
            Ok(())
        }
        _ => alert(
            word.span,
            format!("'{}' : '{text}' is not an address with a port", args.name),
        ),
    }
}
