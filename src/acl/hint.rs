//! Warnings for ACLs that load and can never match, where the intention is plain.

use super::method::Method;
use crate::diag::Diagnostic;
use crate::sample::{Context, Expr};
use crate::syntax::Word;

/// Warns about patterns that no sample of the expression can match.
pub(super) fn never_matches(
    expr: &Expr,
    keyword: &str,
    method: Method,
    values: &[Word],
    cx: &mut Context<'_>,
) {
    for word in values {
        if let Some((why, help)) = reason(&expr.fetch, keyword, method, &word.bytes) {
            let text = word.text();
            cx.diagnostics.push(
                Diagnostic::warning(
                    word.span,
                    format!("the pattern '{text}' will never match: {why}"),
                )
                .help(help),
            );
        }
    }
}

fn reason(
    fetch: &str,
    keyword: &str,
    method: Method,
    pattern: &[u8],
) -> Option<(&'static str, &'static str)> {
    let whole = matches!(
        method,
        Method::Str | Method::Beg | Method::End | Method::Sub
    );
    if whole && alternatives(pattern) {
        return Some((
            "'|' is an ordinary character to this method",
            "separate the patterns with spaces, or use `-m reg`",
        ));
    }
    if whole && anchored(pattern) {
        return Some((
            "it is a regular expression, and this method compares text",
            "use `-m reg`",
        ));
    }
    let plain_path = fetch == "path" && matches!(keyword, "path" | "path_beg");
    if plain_path
        && matches!(method, Method::Str | Method::Beg)
        && !matches!(pattern.first(), Some(b'/' | b'*') | None)
    {
        return Some((
            "a path begins with '/'",
            "write the pattern with a leading '/'",
        ));
    }
    let upper = pattern.to_ascii_uppercase();
    let small = upper != pattern && crate::http::Method::of(&upper) != crate::http::Method::Other;
    if fetch == "method" && method == Method::Str && small {
        return Some(("methods are case-sensitive", "write the method in capitals"));
    }
    None
}

/// `a|b|c`: words with bars between them, and nothing that a header or path would hold a bar for.
fn alternatives(pattern: &[u8]) -> bool {
    let parts = pattern.split(|b| *b == b'|');
    let word = |part: &[u8]| {
        part.len() > 1
            && part
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b' '))
    };
    pattern.contains(&b'|') && parts.clone().count() > 1 && parts.clone().all(word)
}

/// `^…` with a regular expression's operators behind it, or `….*…`.
fn anchored(pattern: &[u8]) -> bool {
    let caret = pattern.first() == Some(&b'^') && pattern.len() > 1;
    caret || memchr::memmem::find(pattern, b".*").is_some() && pattern.last() != Some(&b'?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_mistakes_are_seen_and_plain_patterns_are_not() {
        for (fetch, keyword, method, pattern, hinted) in [
            ("req.hdr", "hdr", Method::Str, "mobile|android|iphone", true),
            ("req.hdr", "hdr_sub", Method::Sub, "mobile|android", true),
            ("req.hdr", "hdr", Method::Reg, "mobile|android", false),
            ("req.hdr", "hdr", Method::Str, "a|", false),
            ("path", "path_beg", Method::Beg, "^/api", true),
            ("path", "path", Method::Str, "/api/.*", true),
            ("path", "path_beg", Method::Beg, "api/", true),
            ("path", "path_beg", Method::Beg, "/api", false),
            ("path", "path_end", Method::End, ".png", false),
            ("req.hdr", "hdr", Method::Str, "*/*", false),
            ("method", "method", Method::Str, "get", true),
            ("method", "method", Method::Str, "GET", false),
            ("method", "method", Method::Str, "purge", false),
        ] {
            let found = reason(fetch, keyword, method, pattern.as_bytes()).is_some();
            assert_eq!(found, hinted, "{keyword} {pattern}");
        }
    }
}
