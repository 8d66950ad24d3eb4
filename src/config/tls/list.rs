//! `crt-list`: a certificate in each line, options for it, and the names it is for (manual 5.1 `crt-list`).

use std::sync::Arc;

use super::super::args::{Args, Parsed, Prefix, alert};
use super::super::keyword::{Choices, options};
use super::super::load::Load;
use super::{bind, files, judging};
use crate::diag::{Lead, Span};
use crate::settings::{Bind, Secured};
use crate::syntax::{Line, Word};
use crate::tls::{Entry, FrontSettings};

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

/// Options of a list's line, to be read once the `bind` line is: they change what that says.
#[derive(Debug)]
pub(in super::super) struct Waiting {
    /// The entry's place among the certificates that the list gave, and of which list.
    entry: Entry,
    words: String,
    place: String,
    span: Span,
}

/// `crt-list <file>`.
pub(super) fn read(args: &mut Args<'_>, load: &mut Load) -> Parsed<Vec<Entry>> {
    let word = args.word("a list's file")?;
    let path = load.directory.join(&*word.text());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let message = format!(
                "'crt-list' : cannot open the file '{}': {error}",
                word.text()
            );
            return alert(word.span, message);
        }
    };
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{}:{}", path.display(), number + 1);
        let (bare, own) = match split(line) {
            Some(parts) => parts,
            None => {
                let message = format!("'crt-list' : [{place}] : brackets do not match");
                return alert(word.span, message);
            }
        };
        let mut words = bare.split_ascii_whitespace();
        let file = words.next().unwrap_or_default();
        let filters: Vec<String> = words.map(str::to_owned).collect();
        let option = format!("crt-list' : [{place}]");
        for certificate in files::named(file, word.span, &option, load)? {
            let entry = Entry {
                certificate,
                filters: filters.clone(),
                own: None,
            };
            if !own.trim().is_empty() {
                load.tls.waiting.push(Waiting {
                    entry: entry.clone(),
                    words: own.to_owned(),
                    place: place.clone(),
                    span: word.span,
                });
            }
            all.push(entry);
        }
    }
    match all.is_empty() {
        true => alert(
            word.span,
            format!("'crt-list' : '{}' lists no certificate", word.text()),
        ),
        false => Ok(all),
    }
}

/// What stands outside the brackets, and what inside.
fn split(line: &str) -> Option<(String, &str)> {
    let Some((before, rest)) = line.split_once('[') else {
        return (!line.contains(']')).then(|| (line.to_owned(), ""));
    };
    let (own, after) = rest.split_once(']')?;
    Some((format!("{before} {after}"), own))
}

/// Gives entries the terms that their lists say, on top of the `bind` line's, which is complete now.
pub(super) fn complete(tls: &mut FrontSettings, load: &mut Load) -> Parsed {
    let waiting = std::mem::take(&mut load.tls.waiting);
    let mut made: Vec<(String, Arc<FrontSettings>)> = Vec::new();
    for one in waiting {
        let known = made.iter().find(|(words, _)| *words == one.words);
        let own = match known {
            Some((_, own)) => own.clone(),
            None => {
                let own = Arc::new(refined(tls, &one, load)?);
                made.push((one.words.clone(), own.clone()));
                own
            }
        };
        let same = |entry: &&mut Entry| {
            entry.own.is_none()
                && Arc::ptr_eq(&entry.certificate, &one.entry.certificate)
                && entry.filters == one.entry.filters
        };
        if let Some(entry) = tls.certificates.iter_mut().find(same) {
            entry.own = Some(own);
        }
    }
    Ok(())
}

fn refined(tls: &FrontSettings, one: &Waiting, load: &mut Load) -> Parsed<FrontSettings> {
    let title = format!("'crt-list' : [{}]", one.place);
    // The words stand in another file: the place to show is the list's name.
    let word = |text: &str| Word {
        bytes: text.as_bytes().to_vec(),
        map: vec![one.span.start; text.len()],
        span: one.span,
    };
    let words: Vec<Word> = std::iter::once("crt-list")
        .chain(one.words.split_ascii_whitespace())
        .map(word)
        .collect();
    let line = Line {
        words,
        span: one.span,
    };
    let names = line.words.iter().skip(1).step_by(1);
    let known = |name: &str| {
        let mut all = bind::KEYWORDS.iter().chain(judging::KEYWORDS);
        all.any(|k| k.name == name) && !ALLOWED.contains(&name)
    };
    if let Some(other) = names.map(Word::text).find(|name| known(name)) {
        return alert(one.span, format!("{title} : unknown keyword '{other}'"));
    }
    let mut own = tls.clone();
    own.certificates = Vec::new();
    let mut bind = Bind {
        ssl: true,
        tls: Secured(Some(Arc::new(own))),
        ..Bind::default()
    };
    let mut args = Args::new(&line, 0, Prefix::None);
    let choices = Choices {
        table: &[bind::KEYWORDS, judging::KEYWORDS],
        tls: &[],
        colon: " :",
        lead: Lead::Parsing,
    };
    options(&mut bind, &mut args, load, &choices, &title)?;
    Ok(bind.tls.edit().clone())
}
