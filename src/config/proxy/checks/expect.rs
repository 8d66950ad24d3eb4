//! `http-check expect`, `tcp-check expect`: what an answer must be, and what is told of it.

use super::super::super::args::{Args, Parsed};
use super::super::super::draft::Draft;
use super::super::super::load::Load;
use super::{expression, format_of, hexadecimal};
use crate::diag::{Diagnostic, suggest};
use crate::settings::{Expect, ExpectKind, HeaderExpect, HeaderMatch, HeaderPattern};

/// The codes that `ok-status` and kin may name.
const STATUS_CODES: &[(&str, &str)] = &[
    ("L4OK", "L4OK"),
    ("L4CON", "L4CON"),
    ("L4TOUT", "L4TOUT"),
    ("L6OK", "L6OK"),
    ("L6RSP", "L6RSP"),
    ("L6TOUT", "L6TOUT"),
    ("L7OK", "L7OK"),
    ("L7OKC", "L7OKC"),
    ("L7RSP", "L7RSP"),
    ("L7STS", "L7STS"),
    ("L7TOUT", "L7TOUT"),
];

pub(super) fn expect(
    draft: &mut Draft,
    args: &mut Args<'_>,
    load: &mut Load,
    http: bool,
) -> Parsed<Expect> {
    let mut expect = Expect {
        kind: ExpectKind::Custom,
        negate: false,
        min_recv: None,
        ok_status: None,
        error_status: None,
        timeout_status: None,
        on_success: None,
        on_error: None,
        status_code: None,
        comment: None,
        text: String::new(),
    };
    // Options come first, then `!`, then what is expected: that ends the line.
    loop {
        let what = if http {
            "a pattern such as 'status' or 'string'"
        } else {
            "a pattern such as 'string' or 'binary'"
        };
        let word = args.word(what)?;
        match &*word.text() {
            "!" => expect.negate = !expect.negate,
            "min-recv" => {
                expect.min_recv =
                    Some(args.int(-1..=i64::from(i32::MAX))? as i32).filter(|n| *n >= 0);
            }
            "ok-status" => expect.ok_status = Some(args.choice(STATUS_CODES)?),
            "error-status" => expect.error_status = Some(args.choice(STATUS_CODES)?),
            "tout-status" => expect.timeout_status = Some(args.choice(STATUS_CODES)?),
            "on-success" => expect.on_success = Some(format_of(draft, args, load)?),
            "on-error" => expect.on_error = Some(format_of(draft, args, load)?),
            "status-code" => expect.status_code = Some(expression(draft, args, load)?),
            "comment" => expect.comment = Some(args.text("a comment")?),
            pattern => {
                expect.text = args
                    .peek()
                    .map(|word| word.text().into_owned())
                    .unwrap_or_default();
                expect.kind = expected(draft, args, load, http, pattern, word.span)?;
                return Ok(expect);
            }
        }
    }
}

fn expected(
    draft: &mut Draft,
    args: &mut Args<'_>,
    load: &mut Load,
    http: bool,
    pattern: &str,
    span: crate::diag::Span,
) -> Parsed<ExpectKind> {
    Ok(match (pattern, http) {
        ("string", _) => ExpectKind::Text(args.word("a pattern")?.bytes.clone()),
        ("rstring", _) => ExpectKind::Regex(args.regex()?),
        ("string-lf", _) => ExpectKind::Format(format_of(draft, args, load)?, false),
        ("status", true) => ExpectKind::Status(status_ranges(args)?),
        ("rstatus", true) => ExpectKind::StatusRegex(args.regex()?),
        ("hdr" | "fhdr", true) => {
            let name = header_match(draft, args, load, "name")?;
            let value = match args.peek().map(|word| word.text()) {
                Some(word) if word.starts_with("value") => {
                    Some(header_match(draft, args, load, "value")?)
                }
                _ => None,
            };
            ExpectKind::Header(Box::new(HeaderExpect {
                full: pattern == "fhdr",
                name,
                value,
            }))
        }
        ("binary", false) => {
            let word = args.word("a pattern")?;
            ExpectKind::Binary(hexadecimal(args, &word.text(), word.span)?)
        }
        ("rbinary", false) => ExpectKind::BinaryRegex(args.regex()?),
        ("binary-lf", false) => ExpectKind::Format(format_of(draft, args, load)?, true),
        ("custom", false) => ExpectKind::Custom,
        (other, true) => {
            let what = format!(
                "expects 'string', 'rstring', 'string-lf', 'status', 'rstatus', 'hdr' or 'fhdr', found '{other}'"
            );
            let names = [
                "string",
                "rstring",
                "string-lf",
                "status",
                "rstatus",
                "hdr",
                "fhdr",
            ];
            return args
                .fail_at(span, &what)
                .map_err(|problem| offering(problem, other, &names));
        }
        (other, false) => {
            let what = format!(
                "expects 'string', 'rstring', 'string-lf', 'binary', 'rbinary' or 'binary-lf', found '{other}'"
            );
            let names = [
                "string",
                "rstring",
                "string-lf",
                "binary",
                "rbinary",
                "binary-lf",
            ];
            return args
                .fail_at(span, &what)
                .map_err(|problem| offering(problem, other, &names));
        }
    })
}

/// Adds the nearest of these names.
fn offering(mut problem: Box<Diagnostic>, word: &str, names: &[&str]) -> Box<Diagnostic> {
    problem
        .help
        .extend(suggest::did_you_mean(word, names.iter().copied()));
    problem
}

/// `200,300-399`
fn status_ranges(args: &mut Args<'_>) -> Parsed<Vec<(u16, u16)>> {
    let word = args.word("a list of status codes")?;
    let text = word.text();
    let code = |text: &str| {
        text.parse::<u16>()
            .ok()
            .filter(|code| (100..=999).contains(code))
    };
    let range = |part: &str| match part.split_once('-') {
        Some((low, high)) => Some((code(low)?, code(high)?)).filter(|(low, high)| low <= high),
        None => code(part).map(|code| (code, code)),
    };
    match text.split(',').map(range).collect() {
        Some(ranges) => Ok(ranges),
        None => args.fail_at(word.span, &format!(": invalid status codes '{text}'")),
    }
}

/// `name [-m <method>] <pattern>`, or `name-lf …` with a format; the same with `value`.
fn header_match(
    draft: &mut Draft,
    args: &mut Args<'_>,
    load: &mut Load,
    part: &str,
) -> Parsed<HeaderMatch> {
    let formatted = format!("{part}-lf");
    let formatted = args.choice(&[(part, false), (formatted.as_str(), true)])?;
    let method = match args.take_if("-m") {
        true => args.choice(&[("str", 0), ("beg", 1), ("end", 2), ("sub", 3), ("reg", 4)])?,
        false => 0,
    };
    if method == 4 {
        if formatted {
            return args.fail(": 'reg' does not take a format");
        }
        return Ok(HeaderMatch::Regex(args.regex()?));
    }
    let pattern = match formatted {
        true => HeaderPattern::Format(format_of(draft, args, load)?),
        false => HeaderPattern::Text(args.word("a pattern")?.bytes.clone()),
    };
    Ok(match method {
        1 => HeaderMatch::Prefix(pattern),
        2 => HeaderMatch::Suffix(pattern),
        3 => HeaderMatch::Substring(pattern),
        _ => HeaderMatch::Exact(pattern),
    })
}
