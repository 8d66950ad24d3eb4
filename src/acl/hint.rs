//! Warnings for ACLs that load and can never match, where the intention is plain; and for patterns that an
//! earlier one of the same line leaves nothing.
//!
//! A warning here must be true: what cannot be known for sure is said as a likelihood, or not at all.

mod reasons;

use super::method::Method;
use super::number::{self, Operator};
use super::patterns::Reading;
use crate::diag::Diagnostic;
use crate::sample::{Context, Expr};
use crate::syntax::Word;

/// What patterns are held against.
pub(super) struct Subject<'a> {
    /// The expression's fetch.
    pub(super) fetch: &'a str,
    /// The fetch's first argument in small letters.
    pub(super) argument: String,
    /// The converters behind it.
    pub(super) converters: &'a [&'static str],
    /// How they are compared.
    pub(super) reading: Reading,
}

impl<'a> Subject<'a> {
    /// The subject of an ACL whose expression begins with this word.
    pub(super) fn new(expr: &'a Expr, word: &Word, reading: Reading) -> Self {
        let text = word.text();
        let argument = text
            .split_once('(')
            .map(|(_, rest)| rest.split([')', ',']).next().unwrap_or_default())
            .unwrap_or_default();
        Self {
            fetch: &expr.fetch,
            argument: argument.trim_matches('"').to_ascii_lowercase(),
            converters: &expr.converters,
            reading,
        }
    }

    /// Whether the sample is the fetch's, but for the case of its letters.
    fn is_plain(&self) -> bool {
        let case = |name: &&str| matches!(*name, "lower" | "upper");
        self.converters.iter().all(case)
    }

    /// Whether it is a host name: the `Host` header's, or what TLS clients say.
    fn is_host(&self) -> bool {
        let header = matches!(
            self.fetch,
            "req.hdr" | "req.fhdr" | "hdr" | "hdr_dom" | "fhdr"
        );
        (header && self.argument == "host")
            || matches!(self.fetch, "req.ssl_sni" | "req_ssl_sni" | "ssl_fc_sni")
    }
}

/// Warns about patterns that no sample of the expression can match.
pub(super) fn never_matches(
    subject: &Subject<'_>,
    patterns: &[(Word, Operator)],
    cx: &mut Context<'_>,
) {
    for (at, (word, operator)) in patterns.iter().enumerate() {
        let found = reasons::reason(subject, &word.bytes)
            .or_else(|| reasons::number(subject, &range(subject, word, *operator)?));
        let text = word.text();
        let warning = match found {
            Some(reason) => {
                let how = if reason.sure {
                    "will never match"
                } else {
                    "will hardly match as meant"
                };
                let why = reason.why;
                Diagnostic::warning(word.span, format!("the pattern '{text}' {how}: {why}"))
                    .help(reason.help)
            }
            None => {
                let earlier = patterns.get(..at).unwrap_or_default();
                let by = earlier
                    .iter()
                    .find(|(other, _)| covers(subject, &other.bytes, &word.bytes));
                let Some((by, _)) = by else { continue };
                let by = by.text();
                Diagnostic::warning(
                    word.span,
                    format!("the pattern '{text}' adds nothing: '{by}' before it matches all that it would"),
                )
                .help("remove one of them")
            }
        };
        cx.diagnostics.push(warning);
    }
}

fn range(subject: &Subject<'_>, word: &Word, operator: Operator) -> Option<(i64, i64)> {
    match subject.reading.method {
        Method::Int | Method::Len => {
            let range = number::applied(&word.text(), false, operator).ok()?;
            number::parse(std::str::from_utf8(&range).ok()?, false).ok()
        }
        _ => None,
    }
}

/// Whether everything that the second pattern matches is matched by the first.
fn covers(subject: &Subject<'_>, first: &[u8], second: &[u8]) -> bool {
    let fold = |bytes: &[u8]| match subject.reading.icase {
        true => bytes.to_ascii_lowercase(),
        false => bytes.to_vec(),
    };
    let (first, second) = (fold(first), fold(second));
    match subject.reading.method {
        Method::Str => first == second,
        Method::Beg => second.starts_with(&first),
        Method::End => second.ends_with(&first),
        Method::Sub => memchr::memmem::find(&second, &first).is_some(),
        _ => false,
    }
}
