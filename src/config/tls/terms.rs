//! What either side may be told about agreeing: versions, suites, groups, protocols.

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use crate::diag::{Diagnostic, Span, suggest};
use crate::tls::{
    Reading, Terms, Version, read_ciphers, read_groups, read_signatures, read_suites,
};

/// What lines about TLS say of agreeing: `bind` and `server` lines share these words.
pub(in super::super) trait Agrees: Sized + 'static {
    /// What is said so far.
    fn terms(&mut self) -> &mut Terms;

    /// The words.
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword(
            "alpn",
            "<name>[,<name>]*",
            "protocols offered",
            |t, a, _| {
                t.terms().alpn = protocols(a)?;
                Ok(())
            },
        ),
        keyword(
            "npn",
            "<name>[,<name>]*",
            "the forerunner of ALPN",
            |_, a, l| {
                let word = a.word("a list of protocols")?;
                l.warn(
                    word.span,
                    "'npn' is not spoken by any peer of today: write 'alpn'",
                );
                Ok(())
            },
        ),
        keyword(
            "ciphers",
            "<list>",
            "cipher suites of TLS 1.2",
            |t, a, l| ciphers(t.terms(), a, l),
        ),
        keyword(
            "ciphersuites",
            "<list>",
            "cipher suites of TLS 1.3",
            |t, a, l| suites(t.terms(), a, l),
        ),
        keyword(
            "curves",
            "<list>",
            "groups for the key exchange",
            |t, a, l| curves(t.terms(), a, l),
        ),
        keyword(
            "sigalgs",
            "<algorithms>",
            "signature algorithms",
            |t, a, l| sigalgs(t.terms(), a, l),
        ),
        keyword(
            "client-sigalgs",
            "<algorithms>",
            "signature algorithms of clients' certificates",
            |t, a, l| client_sigalgs(t.terms(), a, l),
        ),
        keyword(
            "ssl-min-ver",
            "<version>",
            "the oldest version",
            |t, a, l| min_ver(t.terms(), a, l),
        ),
        keyword(
            "ssl-max-ver",
            "<version>",
            "the newest version",
            |t, a, l| max_ver(t.terms(), a, l),
        ),
        keyword("force-sslv3", "", "SSL 3.0 only", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("force-tlsv10", "", "TLS 1.0 only", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("force-tlsv11", "", "TLS 1.1 only", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("force-tlsv12", "", "TLS 1.2 only", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("force-tlsv13", "", "TLS 1.3 only", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("no-sslv3", "", "not SSL 3.0", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("no-tlsv10", "", "not TLS 1.0", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("no-tlsv11", "", "not TLS 1.1", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("no-tlsv12", "", "not TLS 1.2", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword("no-tlsv13", "", "not TLS 1.3", |t, a, l| {
            version_word(t.terms(), a, l)
        }),
        keyword(
            "ktls",
            "{ on | off }",
            "encryption in the kernel (3.3): never",
            |_, a, l| {
                let span = a.span();
                if a.on_off()? {
                    l.warn(span, "'ktls on' : the kernel does not encrypt here: it is done before bytes are given to it");
                }
                Ok(())
            },
        ),
    ];
}

/// `ssl-min-ver`.
pub(super) fn min_ver(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let (version, span) = version(args)?;
    if version < Version::Tls12 {
        let message = format!(
            "'{} {}' : the oldest version that is spoken is TLS 1.2: peers that know nothing newer are turned away",
            args.name,
            version.name()
        );
        load.warn(span, message);
    }
    terms.versions.min = Some(version);
    Ok(())
}

/// `ssl-max-ver`.
pub(super) fn max_ver(terms: &mut Terms, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    terms.versions.max = Some(version(args)?.0);
    Ok(())
}

/// `force-tlsv12`, `no-tlsv12` and kin, which are their own arguments.
pub(super) fn version_word(terms: &mut Terms, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let named = |name: &str| Version::named(name).filter(|version| version.name() != name);
    match args.name.split_once('-') {
        Some(("force", name)) => named(name).map(|version| terms.versions.force(version)),
        Some(("no", name)) => named(name).map(|version| terms.versions.exclude(version)),
        _ => None,
    }
    .map_or_else(|| args.fail("is not known"), Ok)
}

fn version(args: &mut Args<'_>) -> Parsed<(Version, Span)> {
    let word = args.word("{SSLv3|TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3}")?;
    let name = word.text();
    match Version::named(&name).filter(|version| version.name() == name) {
        Some(version) => Ok((version, word.span)),
        None => alert(word.span, format!("'{name}' : unknown ssl/tls version")),
    }
}

/// `ciphers`.
pub(super) fn ciphers(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    terms.ciphers = Some(list(
        args,
        load,
        ("cipher suite", "cipher suites"),
        read_ciphers,
    )?);
    Ok(())
}

/// `ciphersuites`.
pub(super) fn suites(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    terms.suites = Some(list(
        args,
        load,
        ("cipher suite", "cipher suites"),
        read_suites,
    )?);
    Ok(())
}

/// `curves`.
pub(super) fn curves(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    terms.curves = Some(list(args, load, ("curve suite", "groups"), read_groups)?);
    Ok(())
}

/// `ecdhe`.
pub(super) fn ecdhe(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    terms.ecdhe = Some(list(args, load, ("named curve", "groups"), read_groups)?);
    Ok(())
}

/// `sigalgs`.
pub(super) fn sigalgs(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let what = ("signature algorithm list", "signature algorithms");
    terms.signatures = Some(list(args, load, what, read_signatures)?);
    Ok(())
}

/// `client-sigalgs`.
pub(super) fn client_sigalgs(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let what = ("signature algorithm list", "signature algorithms");
    terms.client_signatures = Some(list(args, load, what, read_signatures)?);
    Ok(())
}

/// A list, and one warning about what of it is not spoken. What is wrong with all of it is told with the whole line.
fn list(
    args: &mut Args<'_>,
    load: &mut Load,
    (one, all): (&str, &str),
    read: fn(&str) -> Option<Reading>,
) -> Parsed<String> {
    let word = args.word(one)?;
    let list = word.text();
    if list.is_empty() {
        return alert(word.span, format!("'{}' : missing {one}", args.name));
    }
    let Some(Reading { unspoken, left }) = read(&list) else {
        return Ok(list.into_owned());
    };
    let which = match &unspoken[..] {
        [] if left => return Ok(list.into_owned()),
        [] => format!("none of these {all} is spoken"),
        [first] => format!("these {all} are not spoken: '{first}'"),
        [first, more @ ..] => format!(
            "these {all} are not spoken: '{first}' and {} more",
            more.len()
        ),
    };
    let instead = match left {
        true => "the others of the list are offered",
        false => "none of the list is left, the built-in ones are offered instead",
    };
    load.warn(word.span, format!("{which}; {instead}"));
    Ok(list.into_owned())
}

/// Names of protocols with commas between them.
pub(super) fn protocols(args: &mut Args<'_>) -> Parsed<Vec<Vec<u8>>> {
    let missing = format!(
        "'{}' : missing the comma-delimited ALPN protocol suite.",
        args.name
    );
    let Some(word) = args.take().filter(|word| !word.bytes.is_empty()) else {
        return alert(args.keyword(), missing);
    };
    let text = word.text();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for name in text.split(',') {
        match name {
            "" => return alert(word.span, format!("'{}' : empty protocol name", args.name)),
            name if name.len() > 255 => {
                return alert(word.span, format!("'{}' : name too long", args.name));
            }
            name => names.push(name.as_bytes().to_vec()),
        }
    }
    Ok(names)
}

/// The words of `ssl-default-bind-options` and `ssl-default-server-options`. False: not one of them.
pub(super) fn option(
    terms: &mut Terms,
    name: &str,
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed<bool> {
    match name {
        "ssl-min-ver" => min_ver(terms, args, load)?,
        "ssl-max-ver" => max_ver(terms, args, load)?,
        name => {
            let version = name
                .strip_prefix("force-")
                .or_else(|| name.strip_prefix("no-"));
            match version.is_some_and(is_protocol) {
                true => version_word(terms, args, load)?,
                false => return Ok(false),
            }
        }
    }
    Ok(true)
}

fn is_protocol(name: &str) -> bool {
    matches!(name, "sslv3" | "tlsv10" | "tlsv11" | "tlsv12" | "tlsv13")
}

/// A word that is none of these options.
pub(super) fn unknown_option<T>(
    args: &Args<'_>,
    word: &crate::syntax::Word,
    known: &[&'static str],
) -> Parsed<T> {
    let other = word.text();
    let message = format!(
        "unknown option '{other}' on global statement '{}'.",
        args.name
    );
    let mut unknown = Diagnostic::alert(word.span, message).label("not known");
    let help = suggest::did_you_mean(&other, known.iter().copied());
    unknown.help.extend(help);
    Err(Box::new(unknown))
}
