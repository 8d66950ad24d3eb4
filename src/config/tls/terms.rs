//! What either side may be told about agreeing: versions, suites, groups, protocols.

use super::super::args::{Args, Parsed, alert};
use super::super::load::Load;
use crate::diag::{Diagnostic, suggest};
use crate::tls::{Terms, is_group, is_suite, is_version};

/// `ssl-min-ver`.
pub(super) fn min_ver(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let old = version(args)?;
    let span = old.1;
    match old.0.as_str() {
        "TLSv1.3" => terms.versions.no_tls12 = true,
        "TLSv1.2" => {}
        name => load.warn(span, older(name)),
    }
    Ok(())
}

/// `ssl-max-ver`.
pub(super) fn max_ver(terms: &mut Terms, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    let (name, span) = version(args)?;
    match name.as_str() {
        "TLSv1.3" => Ok(()),
        "TLSv1.2" => {
            terms.versions.no_tls13 = true;
            Ok(())
        }
        name => alert(span, nothing_left(name)),
    }
}

/// `force-tlsv12` and kin; `name` is the word after `force-`.
pub(super) fn force(terms: &mut Terms, args: &Args<'_>, name: &str) -> Parsed {
    match name {
        "tlsv12" => terms.versions.no_tls13 = true,
        "tlsv13" => terms.versions.no_tls12 = true,
        old => return args.fail(&nothing_left(old)),
    }
    Ok(())
}

/// `no-tlsv12` and kin; `name` is the word after `no-`. Versions that are not spoken anyway are spoken no less.
pub(super) fn without(terms: &mut Terms, args: &Args<'_>, name: &str) -> Parsed {
    match name {
        "tlsv12" => terms.versions.no_tls12 = true,
        "tlsv13" => terms.versions.no_tls13 = true,
        _ => {}
    }
    match terms.versions.no_tls12 && terms.versions.no_tls13 {
        true => args.fail("leaves nothing to speak: only TLS 1.2 and 1.3 are spoken"),
        false => Ok(()),
    }
}

fn version(args: &mut Args<'_>) -> Parsed<(String, crate::diag::Span)> {
    let word = args.word("{SSLv3|TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3}")?;
    let name = word.text().into_owned();
    match is_version(&name) {
        Some(_) => Ok((name, word.span)),
        None => alert(
            word.span,
            format!("'{}' : unknown version '{name}'", args.name),
        ),
    }
}

fn older(name: &str) -> String {
    format!("{name} is not spoken: clients and servers need TLS 1.2 or 1.3")
}

fn nothing_left(name: &str) -> String {
    format!("{name} is not spoken, and nothing else is left: TLS 1.2 and 1.3 are what there is")
}

/// `ciphers`.
pub(super) fn ciphers(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a list of ciphers")?;
    let list = word.text().into_owned();
    unspoken(load, word.span, "cipher suites", &list, is_openssl_name);
    terms.ciphers = Some(list);
    Ok(())
}

/// `ciphersuites`.
pub(super) fn suites(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a list of cipher suites")?;
    let list = word.text().into_owned();
    unspoken(load, word.span, "cipher suites", &list, is_suite);
    terms.suites = Some(list);
    Ok(())
}

/// `curves` and `ecdhe`.
pub(super) fn curves(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a list of curves")?;
    let list = word.text().into_owned();
    unspoken(load, word.span, "groups", &list, is_group);
    terms.curves = Some(list);
    Ok(())
}

/// `sigalgs` and `client-sigalgs`.
pub(super) fn signatures<T>(_: &mut T, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a list of signature algorithms")?;
    let message = format!(
        "'{}' : the list is not applied: all signature algorithms that are safe are offered",
        args.name
    );
    load.warn(word.span, message);
    Ok(())
}

/// A name of a whole suite that is spoken, or a word that selects by property and cannot be wrong.
fn is_openssl_name(word: &str) -> bool {
    let plain = !word.contains('-') || word.starts_with(['!', '-', '+', '@']);
    plain || is_suite(word)
}

/// Warns once about what of a list is not spoken.
fn unspoken(
    load: &mut Load,
    span: crate::diag::Span,
    what: &str,
    list: &str,
    spoken: impl Fn(&str) -> bool,
) {
    let words = || list.split([':', ',', ' ']).filter(|word| !word.is_empty());
    let left: Vec<&str> = words().filter(|word| !spoken(word)).collect();
    let Some(first) = left.first() else {
        return;
    };
    let others = match left.len() {
        1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    let instead = match left.len() == words().count() {
        true => "none of the list is left, the built-in ones are offered instead",
        false => "the others of the list are offered",
    };
    load.diagnostics.push(Diagnostic::warning(
        span,
        format!("these {what} are not spoken: '{first}'{others}; {instead}"),
    ));
}

/// `alpn`: names with commas between them.
pub(super) fn alpn(terms: &mut Terms, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a list of protocols")?;
    let text = word.text();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for name in text.split(',') {
        match name {
            "" => return alert(word.span, format!("'{}' : empty protocol name", args.name)),
            "h2" => load.warn(
                word.span,
                "'h2' is not offered: HTTP/2 is not available yet, HTTP/1.1 is spoken instead",
            ),
            name if name.len() > 255 => {
                return alert(word.span, format!("'{}' : name too long", args.name));
            }
            name => names.push(name.as_bytes().to_vec()),
        }
    }
    terms.alpn = names;
    Ok(())
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
        name => match (name.strip_prefix("force-"), name.strip_prefix("no-")) {
            (Some(version), _) if is_protocol(version) => force(terms, args, version)?,
            (_, Some(version)) if is_protocol(version) => without(terms, args, version)?,
            _ => return Ok(false),
        },
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
