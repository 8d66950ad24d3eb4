//! Certificates and authorities from files (manual 5.1 `crt`, `ca-file`; 3.1 `crt-base`, `ca-base`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::args::{Args, Parsed, alert};
use super::super::load::Load;
use super::Defaults;
use crate::diag::{Diagnostic, Lead, Span};
use crate::sample::codec::decode_base64;
use crate::tls::store::full_name;
use crate::tls::{
    Authorities, Beside, Certificate, Chains, Extras, Issuer, Line, List, Revocations, Slot,
    Source, TicketKeys, Unusable, ocsp,
};

/// Files in a directory of certificates that go with others.
const EXTRA: [&str; 6] = ["issuer", "key", "ocsp", "sctl", "dh", "dpar"];

/// `crt <file or directory>`.
pub(super) fn sources(args: &mut Args<'_>, load: &mut Load) -> Parsed<Vec<Source>> {
    let word = args.word("a certificate's file")?;
    let name = full_name(load.tls.crt_base.as_ref(), &word.text());
    let name = match name.trim_end_matches('/') {
        "" => name,
        bare => bare.to_owned(),
    };
    if let Some(known) = load.tls.store.lists.find(&name) {
        return Ok(vec![Source::List(known)]);
    }
    if load.directory.join(&name).is_dir() {
        let list = directory(&name, word.span, &args.name, load)?;
        return Ok(vec![Source::List(list)]);
    }
    let all = named(&word.text(), word.span, &args.name, load)?;
    Ok(all.into_iter().map(Source::One).collect())
}

/// `crt <file>` of a server.
pub(super) fn certificate(
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed<Option<Arc<Slot<Certificate>>>> {
    let word = args.word("a certificate's file")?;
    let all = named(&word.text(), word.span, &args.name, load)?;
    Ok(all.into_iter().next())
}

/// The certificate of this name, or the set of them that it stands for: one for each kind of key.
pub(super) fn named(
    name: &str,
    span: Span,
    option: &str,
    load: &mut Load,
) -> Parsed<Vec<Arc<Slot<Certificate>>>> {
    let name = full_name(load.tls.crt_base.as_ref(), name);
    let exists = |name: &str| load.directory.join(name).exists();
    let known =
        load.tls.ahead.contains_key(&name) || load.tls.store.certificates.find(&name).is_some();
    if !known && !exists(&name) && load.tls.extras.bundle {
        let kinds = ["ecdsa", "rsa", "dsa"].map(|kind| format!("{name}.{kind}"));
        let set: Vec<String> = kinds.into_iter().filter(|name| exists(name)).collect();
        if !set.is_empty() {
            return set
                .iter()
                .map(|name| one(name, span, option, load))
                .collect();
        }
    }
    Ok(vec![one(&name, span, option, load)?])
}

/// Every certificate of a directory, in alphabetical order. All that are broken are told.
fn directory(name: &str, span: Span, option: &str, load: &mut Load) -> Parsed<Arc<List>> {
    let entries = match std::fs::read_dir(load.directory.join(name)) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!("'{option}' : unable to scan directory '{name}': {error}");
            return alert(span, message);
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let names: Vec<String> = paths
        .iter()
        .filter(|path| serves(path))
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy())
        .map(|file| format!("{name}/{file}"))
        .collect();
    read_ahead(&names, load);
    let (mut lines, mut all) = (Vec::new(), AllOf::default());
    for name in &names {
        if let Some(certificate) = all.of(one(name, span, option, load), load) {
            lines.push(Arc::new(Line {
                number: 0,
                certificate,
                options: None,
                filters: Vec::new(),
            }));
        }
    }
    let list = Arc::new(List::new(name, true, lines));
    load.tls.store.lists.enter(name, list.clone());
    all.first.map_or(Ok(list), Err)
}

/// Takes what is good of a row; of the problems the first is answered in the end, the others are told at once.
#[derive(Default)]
pub(super) struct AllOf {
    /// The first problem.
    pub first: Option<Box<Diagnostic>>,
}

impl AllOf {
    /// The next one of the row.
    pub(super) fn of<T>(&mut self, next: Parsed<T>, load: &mut Load) -> Option<T> {
        match next {
            Ok(good) => return Some(good),
            Err(problem) if self.first.is_none() => self.first = Some(problem),
            Err(problem) => load.diagnostics.push(*problem),
        }
        None
    }
}

/// What a certificate's file gave, and what is wrong with the OCSP response beside it.
pub(super) type Read = Result<(Certificate, Option<ocsp::Unusable>), Unusable>;

/// So many files are worth threads of their own.
const MANY: usize = 64;

/// Reads certificates that are about to be named, several at a time: keys take their time to be judged.
pub(super) fn read_ahead(names: &[String], load: &mut Load) {
    let unread = |name: &&String| load.tls.store.certificates.find(name).is_none();
    let names: Vec<&String> = names.iter().filter(unread).collect();
    if names.len() < MANY {
        return;
    }
    let (directory, extras, chains) = (&load.directory, &load.tls.extras, &load.tls.chains);
    let read_some = |names: &[&String]| -> Vec<(String, Read)> {
        let read = |name: &&String| {
            let read = read(directory, name, extras, chains);
            ((*name).clone(), read)
        };
        names.iter().map(read).collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(16));
    let parts: Vec<&[&String]> = names.chunks(names.len().div_ceil(threads)).collect();
    let all: Vec<(String, Read)> = std::thread::scope(|scope| {
        let readers: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || read_some(part)))
            .collect();
        // What a reader that broke down did not read is read when its turn comes.
        let read = readers.into_iter().filter_map(|reader| reader.join().ok());
        read.flatten().collect()
    });
    load.tls.ahead.extend(all);
}

fn read(directory: &Path, name: &str, extras: &Extras, chains: &Chains) -> Read {
    let path = directory.join(name);
    read_with(&path, &extras.beside(&path), chains)
}

fn read_with(path: &Path, beside: &Beside, chains: &Chains) -> Read {
    let mut read = Certificate::read(path, beside)?;
    let useless = read.read_beside(beside, chains)?;
    Ok((read, useless))
}

fn serves(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extra = path
        .extension()
        .is_some_and(|e| EXTRA.iter().any(|x| e == *x));
    path.is_file() && !name.starts_with('.') && !extra
}

fn one(name: &str, span: Span, option: &str, load: &mut Load) -> Parsed<Arc<Slot<Certificate>>> {
    if let Some(known) = load.tls.store.certificates.find(name) {
        return Ok(known);
    }
    let ahead = load.tls.ahead.remove(name);
    let found = ahead.unwrap_or_else(|| {
        let Defaults { extras, chains, .. } = &load.tls;
        read(&load.directory, name, extras, chains)
    });
    enter(name, found, span, option, load)
}

/// A certificate whose files are named one by one (`crt-store`, `ssl-f-use`).
pub(super) fn assembled(
    name: &str,
    path: &Path,
    beside: &Beside,
    (span, option): (Span, &str),
    load: &mut Load,
) -> Parsed<Arc<Slot<Certificate>>> {
    if load.tls.store.certificates.find(name).is_some() {
        let message = format!("'{option}' : certificate '{name}' is loaded already");
        return alert(span, message);
    }
    let found = read_with(path, beside, &load.tls.chains);
    enter(name, found, span, option, load)
}

/// Enters what was found under a name, or says what is wrong with it.
fn enter(
    name: &str,
    found: Read,
    span: Span,
    option: &str,
    load: &mut Load,
) -> Parsed<Arc<Slot<Certificate>>> {
    match found {
        Ok((read, useless)) => {
            if let Some(why) = useless {
                let message = format!("Loading: {why}. Content will be ignored.");
                let warning = Diagnostic::warning(span, message).lead(Lead::Bare);
                load.diagnostics.push(warning);
            }
            let slot = Arc::new(Slot::new(name, Some(Arc::new(read))));
            load.tls.store.certificates.enter(name, slot.clone());
            Ok(slot)
        }
        Err(error) => {
            let message = match option {
                "crt" | "default-crt" => format!("{error}."),
                option => format!("'{option}' : {error}."),
            };
            alert(span, message)
        }
    }
}

/// `ca-file` and its kin: a file or directory of authorities, or the system's.
pub(in super::super) fn authorities(
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed<Option<Arc<Slot<Authorities>>>> {
    let word = args.word("a file of certificates")?;
    let name = match &*word.text() {
        "@system-ca" => "@system-ca".to_owned(),
        name => full_name(load.tls.ca_base.as_ref(), name),
    };
    if let Some(known) = load.tls.store.authorities.find(&name) {
        return Ok(Some(known));
    }
    if load.tls.sealed {
        return alert(
            word.span,
            format!("'{}' : unable to load {name}", args.name),
        );
    }
    let path = match &*name {
        "@system-ca" => name.clone(),
        name => load.directory.join(name).display().to_string(),
    };
    match Authorities::read(&path) {
        Ok(read) => {
            let slot = Arc::new(Slot::new(&name, Some(Arc::new(read))));
            load.tls.store.authorities.enter(&name, slot.clone());
            Ok(Some(slot))
        }
        Err(why) => alert(word.span, format!("'{}' : {why}", args.name)),
    }
}

/// `crl-file`.
pub(super) fn revoked(
    args: &mut Args<'_>,
    load: &mut Load,
) -> Parsed<Option<Arc<Slot<Revocations>>>> {
    let word = args.word("a file of revocations")?;
    let name = full_name(load.tls.ca_base.as_ref(), &word.text());
    if let Some(known) = load.tls.store.revocations.find(&name) {
        return Ok(Some(known));
    }
    if load.tls.sealed {
        return alert(
            word.span,
            format!("'{}' : unable to load {name}", args.name),
        );
    }
    let path = load.directory.join(&name).display().to_string();
    match Revocations::read(&path) {
        Ok(read) => {
            let slot = Arc::new(Slot::new(&name, Some(Arc::new(read))));
            load.tls.store.revocations.enter(&name, slot.clone());
            Ok(Some(slot))
        }
        Err(why) => alert(word.span, format!("'{}' : {why}", args.name)),
    }
}

/// `ca-sign-file`: who signs certificates that are made.
pub(super) fn issuer(name: &str, pass: Option<&str>, load: &Load) -> Result<Issuer, String> {
    let path = load.directory.join(name);
    Issuer::read(&path, &load.tls.extras.beside(&path), pass).map_err(|why| match why {
        Unusable::Unreadable(..) => format!("cannot open the file '{name}'"),
        why => why.to_string(),
    })
}

/// `tls-ticket-keys`: a key in each line.
pub(super) fn ticket_keys(args: &mut Args<'_>, load: &mut Load) -> Parsed<Arc<TicketKeys>> {
    let word = args.word("a file of keys")?;
    let name = word.text();
    let fail = |why: &dyn std::fmt::Display| alert(word.span, format!("'{name}' : {why}"));
    if let Some(known) = load.tls.ticket_keys.iter().find(|keys| keys.file == name) {
        return Ok(known.clone());
    }
    let Ok(text) = std::fs::read(load.directory.join(&*name)) else {
        return fail(&"unable to load ssl tickets keys file");
    };
    let mut keys = Vec::new();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        match decode_base64(line.trim_ascii_end()) {
            Some(key) if key.is_empty() => {}
            Some(key) => keys.push(key),
            None => {
                return fail(&format!(
                    "unable to decode base64 key on line {}",
                    number + 1
                ));
            }
        }
    }
    match TicketKeys::new(&name, &keys) {
        Ok(keys) => {
            let keys = Arc::new(keys);
            load.tls.ticket_keys.push(keys.clone());
            Ok(keys)
        }
        Err(why) => fail(&why),
    }
}
