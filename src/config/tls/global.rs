//! Words of `global` about TLS: what `bind` and `server` lines begin with (manual 3.1, 3.2).

use std::path::PathBuf;

use super::super::args::{Args, Parsed};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::terms;
use crate::settings::Global;

pub(in super::super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword(
        "ca-base",
        "<directory>",
        "where `ca-file` names begin",
        |_, a, l| {
            l.tls.ca_base = Some(PathBuf::from(a.text("a directory")?));
            Ok(())
        },
    ),
    keyword(
        "crt-base",
        "<directory>",
        "where `crt` names begin",
        |_, a, l| {
            l.tls.crt_base = Some(PathBuf::from(a.text("a directory")?));
            Ok(())
        },
    ),
    keyword(
        "ssl-default-bind-ciphers",
        "<list>",
        "`ciphers` of bind lines",
        |_, a, l| with_front(a, l, terms::ciphers),
    ),
    keyword(
        "ssl-default-bind-ciphersuites",
        "<list>",
        "`ciphersuites` of bind lines",
        |_, a, l| with_front(a, l, terms::suites),
    ),
    keyword(
        "ssl-default-bind-curves",
        "<list>",
        "`curves` of bind lines",
        |_, a, l| with_front(a, l, terms::curves),
    ),
    keyword(
        "ssl-default-bind-options",
        "<option>*",
        "options of bind lines",
        bind_options,
    ),
    keyword(
        "ssl-default-server-ciphers",
        "<list>",
        "`ciphers` of server lines",
        |_, a, l| with_back(a, l, terms::ciphers),
    ),
    keyword(
        "ssl-default-server-ciphersuites",
        "<list>",
        "`ciphersuites` of server lines",
        |_, a, l| with_back(a, l, terms::suites),
    ),
    keyword(
        "ssl-default-server-curves",
        "<list>",
        "`curves` of server lines",
        |_, a, l| with_back(a, l, terms::curves),
    ),
    keyword(
        "ssl-default-server-options",
        "<option>*",
        "options of server lines",
        server_options,
    ),
    keyword(
        "ssl-server-verify",
        "{ none | required }",
        "`verify` of server lines",
        |_, a, l| {
            l.tls.trust_servers = a.choice(&[("none", true), ("required", false)])?;
            Ok(())
        },
    ),
    keyword(
        "tune.ssl.cachesize",
        "<n>",
        "sessions kept for clients that come back",
        |_, a, l| {
            l.tls.front.cache = a.count()? as usize;
            Ok(())
        },
    ),
];

type Word = fn(&mut crate::tls::Terms, &mut Args<'_>, &mut Load) -> Parsed;

/// Runs a word on what bind lines begin with.
fn with_front(args: &mut Args<'_>, load: &mut Load, word: Word) -> Parsed {
    let mut own = std::mem::take(&mut load.tls.front.terms);
    let result = word(&mut own, args, load);
    load.tls.front.terms = own;
    result
}

/// Runs a word on what server lines begin with.
fn with_back(args: &mut Args<'_>, load: &mut Load, word: Word) -> Parsed {
    let mut own = std::mem::take(&mut load.tls.back.terms);
    let result = word(&mut own, args, load);
    load.tls.back.terms = own;
    result
}

/// Options beside those about versions; for suggestions.
const OPTIONS: [&str; 8] = [
    "ssl-min-ver",
    "ssl-max-ver",
    "no-tls-tickets",
    "tls-tickets",
    "prefer-client-ciphers",
    "strict-sni",
    "no-strict-sni",
    "no-renegotiate",
];

fn bind_options(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let mut front = std::mem::take(&mut load.tls.front);
    let result = each(args, load, |name, args, load| {
        match name {
            "no-tls-tickets" => front.no_tickets = true,
            "tls-tickets" => front.no_tickets = false,
            "prefer-client-ciphers" => front.prefer_client = true,
            "strict-sni" => front.strict_sni = true,
            "no-strict-sni" => front.strict_sni = false,
            "no-renegotiate" => {}
            name => return terms::option(&mut front.terms, name, args, load),
        }
        Ok(true)
    });
    load.tls.front = front;
    result
}

fn server_options(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let mut back = std::mem::take(&mut load.tls.back);
    let result = each(args, load, |name, args, load| {
        match name {
            "no-tls-tickets" => back.no_tickets = true,
            "tls-tickets" => back.no_tickets = false,
            "no-renegotiate" => {}
            name => return terms::option(&mut back.terms, name, args, load),
        }
        Ok(true)
    });
    load.tls.back = back;
    result
}

/// Reads options up to the end of the line.
fn each(
    args: &mut Args<'_>,
    load: &mut Load,
    mut option: impl FnMut(&str, &mut Args<'_>, &mut Load) -> Parsed<bool>,
) -> Parsed {
    let mut first = true;
    while first || !args.done() {
        first = false;
        let word = args.word("an option")?;
        let name = word.text();
        let outer = std::mem::replace(&mut args.name, name.clone().into_owned());
        let known = option(&name, args, load);
        args.name = outer;
        if !known? {
            return terms::unknown_option(args, word, &OPTIONS);
        }
    }
    Ok(())
}
