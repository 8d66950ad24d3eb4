//! `crt-list`: a certificate in each line, options for it, and the names it is for (manual 5.1 `crt-list`).

use std::collections::HashSet;
use std::sync::Arc;

use super::super::args::{Args, Parsed, Prefix, alert};
use super::super::keyword::{Choices, options as options_of};
use super::super::load::Load;
use super::{bind, files};
use crate::diag::{Lead, Span};
use crate::settings::{Bind, Secured};
use crate::syntax::{Line, Word};
use crate::tls::{FrontSettings, List, Source};

/// Options that a line of a list may have.
const ALLOWED: [&str; 16] = [
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
    "no-ca-names",
    "npn",
    "sigalgs",
    "ssl-max-ver",
    "ssl-min-ver",
    "verify",
];

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
    let mut lines = Vec::new();
    for (number, text) in (1..).zip(text.lines()) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        lines.extend(line(text, &name, number, word.span, load)?);
    }
    if lines.is_empty() {
        let message = format!("'crt-list' : '{name}' lists no certificate");
        return alert(word.span, message);
    }
    let list = Arc::new(List::new(&name, lines));
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
    let certificates = files::named(file, span, &format!("crt-list' : [{place}]"), load)?;
    let made = certificates.into_iter().map(|certificate| {
        Arc::new(crate::tls::Line {
            number,
            certificate,
            options: options.trim().to_owned(),
            filters: filters.clone(),
        })
    });
    Ok(made.collect())
}

/// What stands outside the brackets, and what inside.
fn split(line: &str) -> Option<(String, &str)> {
    let Some((before, rest)) = line.split_once('[') else {
        return (!line.contains(']')).then(|| (line.to_owned(), ""));
    };
    let (own, after) = rest.split_once(']')?;
    Some((format!("{before} {after}"), own))
}

/// Makes the terms that lists' lines say, on top of the `bind` line's, which is complete now.
pub(super) fn complete(tls: &mut FrontSettings, span: Span, load: &mut Load) -> Parsed {
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
            if line.options.is_empty() || !seen.insert(line.options.clone()) {
                continue;
            }
            let place = format!("{}:{}", list.name, line.number);
            let own = refined(tls, &line.options, &place, span, load)?;
            tls.refined.push((line.options.clone(), Arc::new(own)));
        }
    }
    Ok(())
}

fn refined(
    tls: &FrontSettings,
    options: &str,
    place: &str,
    span: Span,
    load: &mut Load,
) -> Parsed<FrontSettings> {
    let title = format!("'crt-list' : [{place}]");
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
        table: bind::ALL,
        tls: &[],
        colon: " :",
        lead: Lead::Parsing,
    };
    options_of(&mut bind, &mut args, load, &choices, &title)?;
    Ok(bind.tls.edit().clone())
}
