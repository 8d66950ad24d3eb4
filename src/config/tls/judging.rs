//! Words of `bind` lines about judging clients (manual 5.1 `ca-verify-file`, `crt-ignore-err`, `no-ca-names`).

use super::super::args::{Args, Parsed, alert};
use super::super::keyword::{Keyword, keyword};
use super::bind::tls;
use super::files;
use crate::sample::convert::x509_error_number;
use crate::settings::Bind;
use crate::tls::Ignored;

pub(in super::super) const KEYWORDS: &[Keyword<Bind>] = &[
    keyword(
        "ca-verify-file",
        "<file>",
        "authorities that clients are not told of",
        |b, a, l| {
            tls(b).trust.silent = files::authorities(a, l)?;
            Ok(())
        },
    ),
    keyword(
        "crt-ignore-err",
        "{ all | <error>[,<error>]* }",
        "errors of clients' certificates that do not matter",
        |b, a, _| {
            tls(b).trust.ignored.0 = errors(a)?;
            Ok(())
        },
    ),
    keyword(
        "ca-ignore-err",
        "{ all | <error>[,<error>]* }",
        "errors of those above clients' certificates that do not matter",
        |b, a, _| {
            tls(b).trust.ignored.1 = errors(a)?;
            Ok(())
        },
    ),
    keyword(
        "no-ca-names",
        "",
        "clients are not told of authorities",
        |b, _, _| {
            tls(b).trust.unnamed = true;
            Ok(())
        },
    ),
];

/// Numbers of errors, or their names without or with `X509_V_` before them.
fn errors(args: &mut Args<'_>) -> Parsed<Ignored> {
    let word = args.word("error IDs")?;
    let text = word.text();
    if text == "all" {
        return Ok(Ignored {
            all: true,
            numbers: Vec::new(),
        });
    }
    let mut numbers = Vec::new();
    for name in text.split(',') {
        let number = name.parse().ok().or_else(|| x509_error_number(name));
        match number {
            Some(number) if number > 0 => numbers.push(number),
            _ => {
                let message = format!("'{}' : error ID '{name}' is not known", args.name);
                return alert(word.span, message);
            }
        }
    }
    Ok(Ignored {
        all: false,
        numbers,
    })
}
