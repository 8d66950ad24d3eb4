//! Certificates and authorities from files (manual 5.1 `crt`, `ca-file`; 3.1 `crt-base`, `ca-base`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::args::{Args, Parsed, alert};
use super::super::load::Load;
use crate::diag::Span;
use crate::tls::{Authorities, Certificate, Trust};

/// Files in a directory of certificates that go with others.
const EXTRA: [&str; 6] = ["issuer", "key", "ocsp", "sctl", "dh", "dpar"];

fn under(base: Option<&PathBuf>, load: &Load, name: &str) -> PathBuf {
    match base {
        Some(base) => load.directory.join(base).join(name),
        None => load.directory.join(name),
    }
}

/// `crt <file or directory>`: all certificates of it.
pub(super) fn certificates(args: &mut Args<'_>, load: &mut Load) -> Parsed<Vec<Arc<Certificate>>> {
    let word = args.word("a certificate's file")?;
    named(&word.text(), word.span, &args.name, load)
}

pub(super) fn named(
    name: &str,
    span: Span,
    option: &str,
    load: &mut Load,
) -> Parsed<Vec<Arc<Certificate>>> {
    let path = under(load.tls.crt_base.as_ref(), load, name);
    if path.is_dir() {
        return directory(&path, span, option, load);
    }
    // `name` may stand for a set of files, one for each kind of key.
    if !path.exists() && load.tls.extras.bundle {
        let kinds =
            ["rsa", "ecdsa", "dsa"].map(|kind| PathBuf::from(format!("{}.{kind}", path.display())));
        let set: Vec<PathBuf> = kinds.into_iter().filter(|path| path.exists()).collect();
        if !set.is_empty() {
            return set
                .iter()
                .map(|path| one(path, span, option, load))
                .collect();
        }
    }
    Ok(vec![one(&path, span, option, load)?])
}

/// Every certificate of a directory, in alphabetical order. All that are broken are told.
fn directory(
    path: &Path,
    span: Span,
    option: &str,
    load: &mut Load,
) -> Parsed<Vec<Arc<Certificate>>> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            let message = format!(
                "'{option}' : unable to scan directory '{}': {error}",
                path.display()
            );
            return alert(span, message);
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut all = Vec::new();
    let mut first = None;
    for path in paths.iter().filter(|path| serves(path)) {
        match one(path, span, option, load) {
            Ok(certificate) => all.push(certificate),
            Err(problem) if first.is_none() => first = Some(problem),
            Err(problem) => load.diagnostics.push(*problem),
        }
    }
    first.map_or(Ok(all), Err)
}

fn serves(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extra = path
        .extension()
        .is_some_and(|e| EXTRA.iter().any(|x| e == *x));
    path.is_file() && !name.starts_with('.') && !extra
}

fn one(path: &Path, span: Span, option: &str, load: &mut Load) -> Parsed<Arc<Certificate>> {
    if let Some(known) = load.tls.certificates.get(path) {
        return Ok(known.clone());
    }
    match Certificate::read(path, &load.tls.extras) {
        Ok(read) => {
            let read = Arc::new(read);
            load.tls.certificates.insert(path.to_owned(), read.clone());
            Ok(read)
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

/// `ca-file`.
pub(super) fn authorities(trust: &mut Trust, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    trust.authorities = read_authorities(args, load)?;
    Ok(())
}

/// A file or directory of authorities.
pub(super) fn read_authorities(args: &mut Args<'_>, load: &mut Load) -> Parsed<Authorities> {
    let word = args.word("a file of certificates")?;
    let name = word.text();
    let path = match &*name {
        "@system-ca" => name.clone().into_owned(),
        name => under(load.tls.ca_base.as_ref(), load, name)
            .display()
            .to_string(),
    };
    Authorities::read(&path).or_else(|why| alert(word.span, format!("'{}' : {why}", args.name)))
}

/// `crl-file`.
pub(super) fn revoked(trust: &mut Trust, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let word = args.word("a file of revocations")?;
    let path = under(load.tls.ca_base.as_ref(), load, &word.text());
    trust
        .revoke(&path.display().to_string())
        .or_else(|why| alert(word.span, format!("'{}' : {why}", args.name)))
}
