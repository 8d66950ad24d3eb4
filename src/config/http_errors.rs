//! `http-errors` sections, and the keywords that replace built-in replies (manual 3.8, 4.2).

use super::args::{Args, Parsed, alert};
use super::load::Load;
use crate::diag::{Diagnostic, suggest};
use crate::http::reply::{CODES, parse_errorfile};
use crate::settings::{ErrorFile, ErrorFiles};

/// The largest error file that is read; it has to fit a buffer anyway.
const MAX_BYTES: u64 = 1 << 20;

/// Reads one line of an `http-errors` section.
pub(super) fn keyword(files: &mut ErrorFiles, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    match args.name.as_str() {
        "errorfile" => {
            let (status, file) = error_file(args)?;
            files.by_status.insert(status, file);
            args.end()
        }
        name => {
            let message = format!("unknown keyword '{name}' in 'http-errors' section");
            let mut unknown = Diagnostic::alert(args.keyword(), message);
            unknown
                .help
                .extend(suggest::did_you_mean(name, ["errorfile"]));
            Err(Box::new(unknown))
        }
    }
}

/// A status code whose reply can be replaced.
pub(super) fn status(args: &mut Args<'_>) -> Parsed<u16> {
    let word = args.word("<status_code>")?;
    let text = word.text();
    match text.parse() {
        Ok(status) if CODES.contains(&status) => Ok(status),
        _ => {
            let list: Vec<String> = CODES.iter().map(u16::to_string).collect();
            let what = format!(
                "status code '{text}' not handled, error customization disabled. Known codes: {}",
                list.join(", ")
            );
            alert(word.span, format!("{} : {what}", args.name))
        }
    }
}

/// What follows `errorfile`.
pub(super) fn error_file(args: &mut Args<'_>) -> Parsed<(u16, ErrorFile)> {
    let status = status(args)?;
    let word = args.word("<status_code> and <file> as arguments")?;
    let name = word.text();
    let fail = |what: &str| alert(word.span, format!("errorfile : {what} '{name}'."));
    let found = std::fs::metadata(&*name);
    match found {
        Ok(found) if found.len() > MAX_BYTES => return fail("file too large"),
        Ok(_) => {}
        Err(_) => return fail("error opening file"),
    }
    let Ok(text) = std::fs::read(&*name) else {
        return fail("error reading file");
    };
    match parse_errorfile(&text, MAX_BYTES as usize) {
        Ok(_) => Ok((status, ErrorFile::Raw(text.into()))),
        Err(fault) => fail(&format!("{fault} in file")),
    }
}

/// What follows `errorloc302` and kin.
pub(super) fn error_location(args: &mut Args<'_>, code: u16) -> Parsed<(u16, ErrorFile)> {
    let status = status(args)?;
    let url = args.text("<status_code> and <url> as arguments")?;
    Ok((status, ErrorFile::Location(code, url.into())))
}
