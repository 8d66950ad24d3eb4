//! `crt-list`: a certificate in each line, options for it, and the names it is for (manual 5.1 `crt-list`).

use std::collections::HashSet;
use std::sync::Arc;

use super::super::args::{Args, Parsed, Prefix, alert};
use super::super::keyword::{Choices, Keyword, keyword, options as options_of};
use super::super::load::Load;
use super::loading::Missing;
use super::{bind, files};
use crate::diag::{Lead, Span};
use crate::settings::{Bind, Secured};
use crate::syntax::{Line, Word};
use crate::tls::store::full_name;
use crate::tls::{Certificate, FrontSettings, List, Source, Store, ocsp};

/// Options that a line of a list may have.
const ALLOWED: [&str; 18] = [
    "alpn",
    "allow-0rtt",
    "ca-file",
    "ca-verify-file",
    "ciphers",
    "ciphersuites",
    "client-sigalgs",
    "crl-file",
    "curves",
    "ecdhe",
    "no-alpn",
    "no-ca-names",
    "npn",
    "ocsp-update",
    "sigalgs",
    "ssl-max-ver",
    "ssl-min-ver",
    "verify",
];

/// Words that lines of a list have and `bind` lines do not.
pub(super) const OWN: &[Keyword<Bind>] = &[keyword(
    "ocsp-update",
    "{ on | off }",
    "keeps the certificate's OCSP response fresh",
    |b, a, _| {
        bind::tls(b).ocsp_update = Some(a.on_off()?);
        Ok(())
    },
)];

/// `crt-list <file>`.
pub(super) fn read(args: &mut Args<'_>, load: &mut Load) -> Parsed<Arc<List>> {
    let word = args.word("a list's file")?;
    let name = word.text();
    if let Some(known) = load.tls.store.lists.find(&name) {
        return Ok(known);
    }
    let text = match std::fs::read_to_string(load.directory.join(&*name)) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("'crt-list' : cannot open the file '{name}': {error}");
            return alert(word.span, message);
        }
    };
    let texts = (1..).zip(text.lines().map(str::trim));
    let texts: Vec<(u32, &str)> = texts
        .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
        .collect();
    let first = |text: &str| text.split_ascii_whitespace().next().map(str::to_owned);
    let base = load.tls.crt_base.as_ref();
    let files = texts.iter().filter_map(|(_, text)| first(text));
    let mut files: Vec<String> = files.map(|file| full_name(base, &file)).collect();
    files.sort_unstable();
    files.dedup();
    files.retain(|file| load.directory.join(file).is_file());
    files::read_ahead(&files, load);
    let (mut lines, mut all) = (Vec::new(), files::AllOf::default());
    for (number, text) in texts {
        let next = line(text, &name, number, word.span, load);
        lines.extend(all.of(next, load).into_iter().flatten());
    }
    if let Some(problem) = all.first {
        return Err(problem);
    }
    if lines.is_empty() {
        let message = format!("'crt-list' : '{name}' lists no certificate");
        return alert(word.span, message);
    }
    let list = Arc::new(List::new(&name, false, lines));
    load.tls.store.lists.enter(&name, list.clone());
    Ok(list)
}

/// One line: once for each certificate that its name stands for.
fn line(
    text: &str,
    list: &str,
    number: u32,
    span: Span,
    load: &mut Load,
) -> Parsed<Vec<Arc<crate::tls::Line>>> {
    let place = format!("{list}:{number}");
    let Some((bare, options)) = split(text) else {
        let message = format!("'crt-list' : [{place}] : brackets do not match");
        return alert(span, message);
    };
    let mut words = bare.split_ascii_whitespace();
    let file = words.next().unwrap_or_default();
    let filters: Vec<String> = words.map(str::to_owned).collect();
    let certificates = files::named(file, span, "crt-list", load)?;
    let made = certificates.into_iter().map(|certificate| {
        Arc::new(crate::tls::Line {
            number,
            certificate,
            options: options.map(str::to_owned),
            filters: filters.clone(),
        })
    });
    Ok(made.collect())
}

/// What stands outside the brackets, and what inside.
fn split(line: &str) -> Option<(String, Option<&str>)> {
    let Some((before, rest)) = line.split_once('[') else {
        return (!line.contains(']')).then(|| (line.to_owned(), None));
    };
    let (own, after) = rest.split_once(']')?;
    Some((format!("{before} {after}"), Some(own)))
}

/// Makes the terms that lists' lines say, on top of the `bind` line's, which is complete now.
/// `missing` is what is said of a line that lacks something.
pub(super) fn complete(tls: &mut FrontSettings, missing: &Missing, load: &mut Load) -> Parsed {
    let mut seen: HashSet<String> = HashSet::new();
    let lists: Vec<Arc<List>> = tls
        .sources
        .iter()
        .filter_map(|source| match source {
            Source::List(list) => Some(list.clone()),
            Source::One(_) => None,
        })
        .collect();
    for list in lists {
        for line in list.lines() {
            let options = line.words();
            if options.is_empty() || !seen.insert(options.to_owned()) {
                continue;
            }
            let title = format!("'crt-list' : [{}:{}]", list.name, line.number);
            let own = refined(tls, options, &title, missing.span, load)?;
            if own.lacks_authority() {
                return Err(missing.say("verify is enabled but no CA file", ""));
            }
            tls.refined.push((options.to_owned(), Arc::new(own)));
        }
        unanswered(tls, &list, missing.span, load);
    }
    Ok(())
}

/// Responses that are to be kept fresh need somebody who can be asked.
fn unanswered(tls: &FrontSettings, list: &List, span: Span, load: &mut Load) {
    let silent = |one: &Certificate| ocsp::responder(&one.leaf).is_none();
    for line in list.lines() {
        let own = tls.refined(line.words());
        let wanted = own.is_some_and(|own| own.ocsp_update == Some(true));
        if wanted && line.certificate.current().is_some_and(|one| silent(&one)) {
            let message = format!(
                "'crt-list' : [{}:{}] : 'ocsp-update' : '{}' names no responder, its OCSP response is not updated",
                list.name, line.number, line.certificate.name
            );
            load.warn(span, message);
        }
    }
}

fn refined(
    tls: &FrontSettings,
    options: &str,
    title: &str,
    span: Span,
    load: &mut Load,
) -> Parsed<FrontSettings> {
    // The words stand in another file: the place to show is the list's name.
    let word = |text: &str| Word {
        bytes: text.as_bytes().to_vec(),
        map: vec![span.start; text.len()],
        span,
    };
    let words: Vec<Word> = std::iter::once("crt-list")
        .chain(options.split_ascii_whitespace())
        .map(word)
        .collect();
    let line = Line { words, span };
    let known = |name: &str| {
        let mut all = bind::ALL.iter().copied().flatten();
        all.any(|k| k.name == name) && !ALLOWED.contains(&name)
    };
    let mut names = line.words.iter().skip(1).map(Word::text);
    if let Some(other) = names.find(|name| known(name)) {
        return alert(span, format!("{title} : unknown keyword '{other}'"));
    }
    let own = FrontSettings {
        sources: Vec::new(),
        refined: Vec::new(),
        ..tls.clone()
    };
    let mut bind = Bind {
        ssl: true,
        tls: Secured(Some(Arc::new(own))),
        ..Bind::default()
    };
    let mut args = Args::new(&line, 0, Prefix::None);
    let choices = Choices {
        table: bind::OF_LISTS,
        tls: &[],
        colon: " :",
        lead: Lead::Parsing,
    };
    options_of(&mut bind, &mut args, load, &choices, title)?;
    Ok(bind.tls.edit().clone())
}

/// What options of a list's line that comes at run time make of a `bind` line's words. Files are not read any more: what
/// they name must be in the store.
///
/// # Errors
/// A sentence for the operator.
pub fn list_terms(
    store: &Arc<Store>,
    tls: &FrontSettings,
    options: &str,
) -> Result<FrontSettings, String> {
    let mut load = Load::default();
    load.tls.store = store.clone();
    load.tls.sealed = true;
    load.tls.ca_base = store
        .bases
        .get()
        .and_then(|bases| bases.authorities.clone());
    let title = "parsing [CLI:1]";
    refined(tls, options, title, Span::default(), &mut load).map_err(|problem| {
        let message = problem.message;
        match message.split_once("unknown keyword '") {
            Some((_, word)) => format!(
                "{title}: unknown ssl keyword {}",
                word.trim_end_matches('\'')
            ),
            None => {
                let bare = message.strip_prefix(title).unwrap_or(&message);
                bare.trim_start_matches([' ', ':']).to_owned()
            }
        }
    })
}
