//! Why a pattern will not match what it is held against.

use super::Subject;
use crate::acl::Method;

/// Why a pattern will not match, and what to write.
#[derive(Debug)]
pub(super) struct Reason {
    /// No sample can match it; otherwise hardly any will.
    pub(super) sure: bool,
    /// Why.
    pub(super) why: &'static str,
    /// What to do.
    pub(super) help: String,
}

fn sure(why: &'static str, help: impl Into<String>) -> Option<Reason> {
    let help = help.into();
    Some(Reason {
        sure: true,
        why,
        help,
    })
}

fn likely(why: &'static str, help: impl Into<String>) -> Option<Reason> {
    let help = help.into();
    Some(Reason {
        sure: false,
        why,
        help,
    })
}

/// Why a pattern of text will not match.
pub(super) fn reason(subject: &Subject<'_>, pattern: &[u8]) -> Option<Reason> {
    let text = std::str::from_utf8(pattern).ok()?;
    let method = subject.reading.method;
    if !matches!(
        method,
        Method::Str | Method::Beg | Method::End | Method::Sub | Method::Dir | Method::Dom
    ) {
        return None;
    }
    case(subject, text)
        .or_else(|| name(subject, text))
        .or_else(|| path(subject, text))
        .or_else(|| host(subject, text))
        .or_else(|| expression(subject, text))
}

/// Why a range of numbers will not match.
pub(super) fn number(subject: &Subject<'_>, range: &(i64, i64)) -> Option<Reason> {
    if !subject.converters.is_empty() || subject.reading.method != Method::Int {
        return None;
    }
    let (least, most, why) = match subject.fetch {
        "status" => (100, 999, "a status has three digits"),
        "dst_port" | "src_port" | "fc_src_port" | "fc_dst_port" => {
            (0, 65_535, "a port lies between 0 and 65535")
        }
        _ => return None,
    };
    let (low, high) = *range;
    if high < least || low > most {
        return sure(why, format!("write a number from {least} to {most}"));
    }
    None
}

/// Capitals held against a sample in small letters, and the other way round.
fn case(subject: &Subject<'_>, text: &str) -> Option<Reason> {
    if subject.reading.icase {
        return None;
    }
    let last = subject
        .converters
        .iter()
        .rev()
        .find(|name| !matches!(**name, "field" | "word" | "bytes" | "ltrim" | "rtrim"))?;
    match *last {
        "lower" if text.bytes().any(|b| b.is_ascii_uppercase()) => sure(
            "the sample is in small letters, and so it has no capitals",
            format!("write `{}`", text.to_ascii_lowercase()),
        ),
        "upper" if text.bytes().any(|b| b.is_ascii_lowercase()) => sure(
            "the sample is in capitals, and so it has no small letters",
            format!("write `{}`", text.to_ascii_uppercase()),
        ),
        _ => None,
    }
}

/// The names of methods.
fn name(subject: &Subject<'_>, text: &str) -> Option<Reason> {
    let upper = text.to_ascii_uppercase();
    let known = crate::http::Method::of(upper.as_bytes()) != crate::http::Method::Other;
    if subject.fetch == "method"
        && subject.converters.is_empty()
        && subject.reading.method == Method::Str
        && !subject.reading.icase
        && upper != text
        && known
    {
        return sure("methods are case-sensitive", format!("write `{upper}`"));
    }
    None
}

/// Paths: they begin with a slash and end before the query.
fn path(subject: &Subject<'_>, text: &str) -> Option<Reason> {
    if !matches!(subject.fetch, "path" | "pathq") || !subject.is_plain() {
        return None;
    }
    let start = matches!(subject.reading.method, Method::Str | Method::Beg);
    if start && text.contains("://") {
        return sure(
            "a path holds no scheme and no host",
            "match the host by `hdr(host)` and the rest by `path`",
        );
    }
    if start && !text.is_empty() && !text.starts_with(['/', '*', '^']) {
        let first = text.split('/').next().unwrap_or_default();
        let dotted = first.contains('.') && text.contains('/');
        let help = if dotted {
            format!("match the host by `hdr(host) {first}` and the rest by `path`")
        } else {
            format!("did you mean `/{text}`?")
        };
        return sure("a path begins with '/'", help);
    }
    let before = text.split('?').next().unwrap_or_default();
    if subject.fetch == "path" && text.contains('?') && !looks_like_expression(text) {
        return sure(
            "a path ends before the '?'",
            format!("match `{before}` by `path` and the rest by `query` or `url_param`"),
        );
    }
    if text.contains(",/") {
        return likely("a comma is part of a path", "separate patterns by blanks");
    }
    None
}

/// Host names: no scheme, no path, no wildcards, no lists.
fn host(subject: &Subject<'_>, text: &str) -> Option<Reason> {
    let expression = text.starts_with('^') || text.contains(['\\', '(', '[', '$']);
    if !subject.is_host() || !subject.is_plain() || expression {
        return None;
    }
    let method = subject.reading.method;
    let delimited = matches!(method, Method::Dir | Method::Dom);
    if let Some((_, host)) = text.split_once("://")
        && !delimited
    {
        let host = host.split('/').next().unwrap_or_default();
        return sure("a host has no scheme", format!("write `{host}`"));
    }
    if text.contains('/') && !delimited {
        let host = text.split('/').next().unwrap_or_default();
        return sure(
            "a host holds no path",
            format!("match `{host}` here and the rest by `path`"),
        );
    }
    if let Some(domain) = text.strip_prefix('*')
        && !domain.contains('*')
        && !domain.is_empty()
    {
        return sure(
            "'*' is an ordinary character",
            format!("use `-m end {domain}`"),
        );
    }
    if let Some(beginning) = text.strip_suffix('*')
        && !beginning.contains('*')
    {
        return sure(
            "'*' is an ordinary character",
            format!("use `-m beg {beginning}`"),
        );
    }
    if text.contains('*') {
        return sure(
            "'*' is an ordinary character",
            "use `-m beg`, `-m end`, `-m sub` or `-m reg`",
        );
    }
    if text.contains(',') {
        return sure(
            "a host holds no comma",
            format!("separate patterns by blanks: `{}`", text.replace(',', " ")),
        );
    }
    None
}

/// A regular expression where text is compared.
fn expression(subject: &Subject<'_>, text: &str) -> Option<Reason> {
    if alternatives(text) {
        return likely(
            "'|' is an ordinary character to this method",
            format!(
                "separate patterns by blanks: `{}`; or use `-m reg`",
                text.replace('|', " ")
            ),
        );
    }
    let whole = !matches!(subject.reading.method, Method::Dir | Method::Dom);
    if whole && looks_like_expression(text) {
        return likely(
            "it looks like a regular expression, and this method compares text",
            "use `-m reg`",
        );
    }
    None
}

/// `a|b|c`: words with bars between them, and nothing that a header or path would hold a bar for.
fn alternatives(text: &str) -> bool {
    let word = |part: &str| {
        part.len() > 1
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_./ ".contains(&b))
    };
    text.contains('|') && text.split('|').all(word)
}

/// `^…`, `….*…`, `\.`, `\d` and kin, `(a|b)`.
fn looks_like_expression(text: &str) -> bool {
    let caret = text.starts_with('^') && text.len() > 1;
    let any = text.contains(".*") && !text.ends_with('?') && text != ".*";
    let escape = ["\\.", "\\d", "\\w", "\\/", "\\s"]
        .iter()
        .any(|escape| text.contains(escape));
    let group = text.contains('(') && text.contains('|') && text.contains(')');
    caret || any || escape || group
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acl::Reading;

    fn subject<'a>(
        fetch: &'a str,
        argument: &str,
        converters: &'a [&'static str],
        method: Method,
    ) -> Subject<'a> {
        Subject {
            fetch,
            argument: argument.to_owned(),
            converters,
            reading: Reading {
                method,
                icase: false,
                resolve: false,
            },
        }
    }

    #[test]
    fn plain_mistakes_are_seen_and_plain_patterns_are_not() {
        use Method::{Beg, Dir, Dom, End, Reg, Str, Sub};
        let lower: &[&str] = &["lower"];
        let none: &[&str] = &[];
        for (fetch, argument, converters, method, pattern, hinted) in [
            (
                "req.hdr",
                "user-agent",
                none,
                Str,
                "mobile|android|iphone",
                Some(false),
            ),
            (
                "req.hdr",
                "user-agent",
                none,
                Sub,
                "mobile|android",
                Some(false),
            ),
            ("req.hdr", "user-agent", none, Reg, "mobile|android", None),
            ("req.hdr", "x", none, Str, "a|", None),
            ("req.hdr", "accept", none, Str, "*/*", None),
            ("path", "", none, Beg, "^/api", Some(false)),
            ("path", "", none, Str, "/api/.*", Some(false)),
            ("path", "", none, Beg, "api/", Some(true)),
            ("path", "", none, Beg, "example.com/api", Some(true)),
            ("path", "", none, Beg, "http://example.com/", Some(true)),
            ("path", "", none, Str, "/a?b=c", Some(true)),
            ("pathq", "", none, Str, "/a?b=c", None),
            ("path", "", none, Beg, "/api", None),
            ("path", "", none, Dir, "api", None),
            ("path", "", none, End, ".png", None),
            ("path", "", none, End, "\\.png", Some(false)),
            ("path", "", &["url_dec"], Beg, "api", None),
            ("path", "", lower, Beg, "/API", Some(true)),
            ("path", "", lower, Beg, "/api", None),
            ("req.hdr", "host", none, End, "*.example.com", Some(true)),
            ("req.hdr", "host", none, End, ".example.com", None),
            (
                "req.hdr",
                "host",
                none,
                Beg,
                "https://example.com",
                Some(true),
            ),
            ("req.hdr", "host", none, Str, "example.com/a", Some(true)),
            ("req.hdr", "host", none, Dom, "/example/", None),
            (
                "req.hdr",
                "host",
                none,
                Str,
                "a.example,b.example",
                Some(true),
            ),
            ("req.hdr", "referer", none, Beg, "https://example.com", None),
            ("req.hdr", "host", lower, Str, "Example.com", Some(true)),
            ("method", "", none, Str, "get", Some(true)),
            ("method", "", none, Str, "GET", None),
            ("method", "", none, Str, "purge", None),
        ] {
            let subject = subject(fetch, argument, converters, method);
            let found = reason(&subject, pattern.as_bytes()).map(|reason| reason.sure);
            assert_eq!(found, hinted, "{fetch} {pattern}");
        }
    }

    #[test]
    fn numbers_that_never_come_are_seen() {
        for (fetch, range, hinted) in [
            ("status", (60, 60), true),
            ("status", (400, 599), false),
            ("status", (1000, i64::MAX), true),
            ("dst_port", (70_000, 70_000), true),
            ("dst_port", (443, 443), false),
            ("req.hdr_cnt", (-5, -5), false),
        ] {
            let found = number(&subject(fetch, "", &[], Method::Int), &range).is_some();
            assert_eq!(found, hinted, "{fetch} {range:?}");
        }
    }
}
