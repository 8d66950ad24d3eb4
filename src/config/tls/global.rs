//! Words of `global` about TLS: what `bind` and `server` lines begin with (manual 3.1, 3.2).

use std::path::PathBuf;

use super::super::args::{Args, Parsed, alert, unknown_word};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::super::units::Unit;
use super::terms;
use crate::diag::{Diagnostic, Lead};
use crate::settings::Global;
use crate::tls::Extras;

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
        "key-base",
        "<directory>",
        "where keys of `crt-store` sections begin",
        |_, a, l| {
            l.tls.key_base = Some(PathBuf::from(a.text("a directory")?));
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
        "ssl-default-bind-sigalgs",
        "<algorithms>",
        "`sigalgs` of bind lines",
        |_, a, l| with_front(a, l, terms::sigalgs),
    ),
    keyword(
        "ssl-default-bind-client-sigalgs",
        "<algorithms>",
        "`client-sigalgs` of bind lines",
        |_, a, l| with_front(a, l, terms::client_sigalgs),
    ),
    keyword(
        "ssl-default-server-sigalgs",
        "<algorithms>",
        "`sigalgs` of server lines",
        |_, a, l| with_back(a, l, terms::sigalgs),
    ),
    keyword(
        "ssl-default-server-client-sigalgs",
        "<algorithms>",
        "`client-sigalgs` of server lines",
        |_, a, l| with_back(a, l, terms::client_sigalgs),
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
            l.tls.front.resume.cache = a.count()? as usize;
            Ok(())
        },
    ),
    keyword(
        "tune.ssl.lifetime",
        "<time>",
        "how long a session may go on later",
        |_, a, l| {
            l.tls.front.resume.lifetime = Some(a.time_in(Unit::Seconds)? / 1000);
            Ok(())
        },
    ),
    keyword(
        "tune.ssl.force-private-cache",
        "",
        "as is: one process remembers sessions, for itself",
        |_, _, _| Ok(()),
    ),
    keyword(
        "tune.ssl.capture-buffer-size",
        "<n>",
        "bytes kept of what each ClientHello offers",
        capture,
    ),
    keyword(
        "tune.ssl.capture-cipherlist-size",
        "<n>",
        "old name of `tune.ssl.capture-buffer-size`",
        capture,
    ),
    keyword(
        "tune.ssl.keylog",
        "{ on | off }",
        "keeps secrets for the fetches that tell them",
        |_, a, l| {
            l.tls.front.keylog = a.on_off()?;
            Ok(())
        },
    ),
    keyword(
        "tune.ssl.default-dh-param",
        "<n>",
        "not used: DHE suites are not spoken, ECDHE ones are",
        |_, a, l| match a.int(i64::MIN..=i64::MAX)? {
            1024.. => {
                let message = "'tune.ssl.default-dh-param' : not used: DHE suites are not spoken, ECDHE ones are";
                l.warn(a.keyword(), message);
                Ok(())
            }
            _ => a.fail("expects a value >= 1024."),
        },
    ),
    keyword(
        "tune.ssl.ssl-ctx-cache-size",
        "<n>",
        "certificates kept of those that each line makes",
        |_, a, l| {
            l.tls.front.made.kept = a.count()? as usize;
            Ok(())
        },
    ),
    keyword("tune.ssl.maxrecord", "<n>", "the size of records", record),
    keyword(
        "tune.ssl.hard-maxrecord",
        "<n>",
        "the size of records",
        record,
    ),
    keyword(
        "issuers-chain-path",
        "<directory>",
        "chains for certificates whose files have none",
        chains,
    ),
    keyword(
        "ssl-load-extra-files",
        "<kind>*",
        "which files beside certificates' are read",
        extra_files,
    ),
    keyword(
        "ssl-load-extra-del-ext",
        "",
        "their endings come instead of the certificate's",
        |_, _, l| {
            l.tls.extras.instead = true;
            Ok(())
        },
    ),
];

/// Words about what the TLS library does otherwise or does not do: each is told once.
macro_rules! told {
    ($($name:literal $args:literal $message:literal),+ $(,)?) => {
        &[$(keyword($name, $args, $message, |_, a, l| {
            a.skip();
            l.warn(a.keyword(), concat!("'", $name, "' : ", $message));
            Ok(())
        })),+]
    };
}

pub(in super::super) const TOLD: &[Keyword<Global>] = told!(
    "ssl-dh-param-file" "<file>" "not used: DHE suites are not spoken, ECDHE ones are",
    "ssl-mode-async" "" "not used: there are no OpenSSL engines",
    "ssl-passphrase-cmd" "<command>" "not run: keys must not be encrypted",
    "ssl-propquery" "<query>" "not used: there are no OpenSSL providers",
    "ssl-provider" "<name>" "not used: there are no OpenSSL providers",
    "ssl-provider-path" "<directory>" "not used: there are no OpenSSL providers",
    "ssl-engine" "<name> [algo <list>]" "not used: there are no OpenSSL engines",
    "ssl-security-level" "<n>" "not applied: what is spoken is as safe as OpenSSL's level 2",
    "ssl-skip-self-issued-ca" "" "not applied: chains are sent as their files hold them",
    "tune.ssl.certificate-compression" "{ auto | off }" "certificates are not compressed",
    "tune.ssl.keyupdate-rate-limit" "<n>" "not applied: key updates cost their sender as much",
);

/// `issuers-chain-path`: every file of a directory, in alphabetical order.
fn chains(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a directory path")?;
    let name = word.text();
    let Ok(entries) = std::fs::read_dir(load.directory.join(&*name)) else {
        return alert(
            word.span,
            format!(
                "global statement '{}' expects a directory path as an argument.",
                args.name
            ),
        );
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let Ok(pem) = std::fs::read(path) else {
            continue;
        };
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let file = format!("{name}/{file}");
        if let Some(known) = load.tls.chains.add(&file, &pem) {
            let message = format!("duplicate issuers-chain {file}: {known} already in store");
            let warning = Diagnostic::warning(word.span, message).lead(Lead::Bare);
            load.diagnostics.push(warning);
        }
    }
    Ok(())
}

/// `ssl-load-extra-files`: which kinds of files beside certificates' are read.
fn extra_files(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let instead = load.tls.extras.instead;
    let mut extras = Extras {
        bundle: false,
        key: false,
        issuer: false,
        ocsp: false,
        instead,
    };
    let mut first = true;
    while first || !args.done() {
        first = false;
        let word = args.word("'all', 'none', or kinds of files")?;
        match &*word.text() {
            "none" => {}
            "all" => {
                extras = Extras {
                    instead,
                    ..Extras::default()
                };
            }
            "bundle" => extras.bundle = true,
            "key" => extras.key = true,
            "ocsp" => extras.ocsp = true,
            "issuer" => extras.issuer = true,
            kind @ "sctl" => {
                load.warn(word.span, format!("'{kind}' files are not used"));
            }
            _ => {
                return unknown_word(
                    word,
                    format!("'{}' expects something", args.name),
                    ["all", "none", "bundle", "sctl", "ocsp", "issuer", "key"],
                );
            }
        }
    }
    load.tls.extras = extras;
    Ok(())
}

/// `tune.ssl.maxrecord`: with the record's header, as far as the library can do.
fn record(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    /// What a record has beside its contents, and the bounds of the whole.
    const OVERHEAD: usize = 5;
    const BOUNDS: (usize, usize) = (32, 16_384 + OVERHEAD);
    let size = args.count()? as usize;
    load.tls.front.record = match size {
        0 => None,
        size => Some((size + OVERHEAD).clamp(BOUNDS.0, BOUNDS.1)),
    };
    Ok(())
}

fn capture(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    load.tls.front.capture = args.count()? as usize;
    Ok(())
}

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
            "no-tls-tickets" => front.resume.no_tickets = true,
            "tls-tickets" => front.resume.no_tickets = false,
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
