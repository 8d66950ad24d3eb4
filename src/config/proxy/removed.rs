//! Words of old versions: HAProxy's message, and the line to write today.

use super::super::args::Args;
use crate::diag::{Diagnostic, Lead};

/// How a removed word is written today.
#[derive(Clone, Copy)]
enum Today {
    /// Exactly so, followed by the arguments as they are.
    Same(&'static str),
    /// As this function says.
    Rewritten(fn(&[String]) -> Option<String>),
    /// There is nothing to write.
    Nothing(&'static str),
}

/// A word that was removed: the message, and today's form.
struct Removed {
    name: &'static str,
    message: &'static str,
    today: Today,
}

const fn removed(name: &'static str, message: &'static str, today: Today) -> Removed {
    Removed {
        name,
        message,
        today,
    }
}

const ADD_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request add-header' instead.";
const DELETE_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request del-header' instead.";
const DENY_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' instead.";
const ALLOW_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' instead.";
const TARPIT_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' instead.";
const REPLACE_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-path', \
     'http-request replace-uri' or 'http-request replace-header' instead.";
const ADD_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response add-header' instead.";
const DELETE_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' instead.";
const DENY_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' instead.";
const REPLACE_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response replace-header' instead.";

use Today::{Nothing, Rewritten, Same};

const KEYWORDS: &[Removed] = &[
    removed(
        "block",
        "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which uses the exact same syntax.",
        Same("http-request deny"),
    ),
    removed(
        "reqadd",
        ADD_REQUEST,
        Rewritten(|a| header("http-request add-header", a)),
    ),
    removed(
        "reqdel",
        DELETE_REQUEST,
        Rewritten(|a| deleted("http-request del-header", a)),
    ),
    removed(
        "reqidel",
        DELETE_REQUEST,
        Rewritten(|a| deleted("http-request del-header", a)),
    ),
    removed(
        "reqallow",
        ALLOW_REQUEST,
        Nothing(
            "write `http-request allow if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqiallow",
        ALLOW_REQUEST,
        Nothing(
            "write `http-request allow if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqdeny",
        DENY_REQUEST,
        Nothing(
            "write `http-request deny if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqideny",
        DENY_REQUEST,
        Nothing(
            "write `http-request deny if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqpass",
        ALLOW_REQUEST,
        Nothing(
            "write `http-request allow if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqipass",
        ALLOW_REQUEST,
        Nothing(
            "write `http-request allow if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqtarpit",
        TARPIT_REQUEST,
        Nothing(
            "write `http-request tarpit if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqitarpit",
        TARPIT_REQUEST,
        Nothing(
            "write `http-request tarpit if { <test> }` with a test for the header or path that the expression looked for",
        ),
    ),
    removed(
        "reqrep",
        REPLACE_REQUEST,
        Rewritten(|a| replaced("http-request replace-header", a).or_else(|| request_line("", a))),
    ),
    removed(
        "reqirep",
        REPLACE_REQUEST,
        Rewritten(|a| {
            replaced("http-request replace-header", a).or_else(|| request_line("(?i)", a))
        }),
    ),
    removed(
        "rspadd",
        ADD_RESPONSE,
        Rewritten(|a| header("http-response add-header", a)),
    ),
    removed(
        "rspdel",
        DELETE_RESPONSE,
        Rewritten(|a| deleted("http-response del-header", a)),
    ),
    removed(
        "rspidel",
        DELETE_RESPONSE,
        Rewritten(|a| deleted("http-response del-header", a)),
    ),
    removed(
        "rspdeny",
        DENY_RESPONSE,
        Nothing(
            "write `http-response deny if { <test> }` with a test for the header that the expression looked for",
        ),
    ),
    removed(
        "rspideny",
        DENY_RESPONSE,
        Nothing(
            "write `http-response deny if { <test> }` with a test for the header that the expression looked for",
        ),
    ),
    removed(
        "rsprep",
        REPLACE_RESPONSE,
        Rewritten(|a| replaced("http-response replace-header", a)),
    ),
    removed(
        "rspirep",
        REPLACE_RESPONSE,
        Rewritten(|a| replaced("http-response replace-header", a)),
    ),
    removed(
        "clitimeout",
        "the '{}' directive is not supported anymore since HAProxy 2.1. Use 'timeout client'.",
        Same("timeout client"),
    ),
    removed(
        "srvtimeout",
        "the '{}' directive is not supported anymore since HAProxy 2.1. Use 'timeout server'.",
        Same("timeout server"),
    ),
    removed(
        "contimeout",
        "the '{}' directive is not supported anymore since HAProxy 2.1. Use 'timeout connect'.",
        Same("timeout connect"),
    ),
    removed(
        "redispatch",
        "keyword '{}' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'.",
        Same("option redispatch"),
    ),
    removed(
        "redisp",
        "keyword '{}' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'.",
        Same("option redispatch"),
    ),
    removed(
        "monitor-net",
        "'{}' doesn't exist anymore. Please use 'http-request return status 200 if { src <net> }' instead.",
        Rewritten(|a| {
            Some(format!(
                "http-request return status 200 if {{ src {} }}",
                a.join(" ")
            ))
        }),
    ),
    removed(
        "appsession",
        "'{}' is not supported anymore since HAProxy 1.6.",
        Rewritten(|a| {
            a.first()
                .map(|name| format!("cookie {name} prefix nocache"))
        }),
    ),
    removed(
        "bind-process",
        "the '{}' directive is not available: one process serves all.",
        Nothing("remove this line"),
    ),
    removed(
        "transparent",
        "the '{}' keyword is not available here.",
        Same("option transparent"),
    ),
    removed(
        "usesrc",
        "'{}' only allowed after a 'source' statement.",
        Nothing("move this to the `source` line"),
    ),
];

/// `option …` words that were removed.
const OPTIONS: &[Removed] = &[
    removed(
        "forceclose",
        "option '{}' is not supported any more since HAProxy 2.0, please just remove it, or use 'option httpclose' if absolutely needed.",
        Same("option httpclose"),
    ),
    removed(
        "http-tunnel",
        "option '{}' is not supported any more since HAProxy 2.1, please just remove it, it shouldn't be needed.",
        Nothing("remove this line"),
    ),
    removed(
        "http_proxy",
        "option '{}' is not supported any more since HAProxy 2.5. This option stopped working in HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request do-resolve' if DNS resolution is desired.",
        Nothing("write `http-request set-dst …` and `http-request set-uri …`"),
    ),
    removed(
        "http-use-htx",
        "option '{}' is not known any more: it has been the only way since HAProxy 2.1.",
        Nothing("remove this line"),
    ),
    removed(
        "originalfor",
        "unknown option '{}'.",
        Same("option originalto"),
    ),
];

/// The alert about a removed word, if this line has one.
pub(super) fn check(args: &Args<'_>) -> Option<Box<Diagnostic>> {
    if args.name == "option" {
        let word = args.peek()?;
        let name = word.text();
        let removed = OPTIONS.iter().find(|removed| removed.name == name)?;
        let lead = if removed.name == "http-use-htx" {
            Lead::Parsing
        } else {
            Lead::Reading
        };
        return Some(Box::new(told(removed, word.span, &[]).lead(lead)));
    }
    if args.name == "grace" {
        let message = "the 'grace' keyword is not supported any more since HAProxy version 2.5.";
        let help = "remove this line, or write `grace <time>` in the global section";
        let alert = Diagnostic::alert(args.keyword(), message).help(help);
        return Some(Box::new(alert.lead(Lead::Reading)));
    }
    let removed = KEYWORDS.iter().find(|removed| removed.name == args.name)?;
    let rest: Vec<String> = args
        .rest()
        .iter()
        .map(|word| quoted(&word.text()))
        .collect();
    Some(Box::new(told(removed, args.keyword(), &rest)))
}

fn told(removed: &Removed, span: crate::diag::Span, rest: &[String]) -> Diagnostic {
    let message = removed.message.replace("{}", removed.name);
    let alert = Diagnostic::alert(span, message).label("removed from the language");
    let today = match removed.today {
        Same(form) if rest.is_empty() => format!("write instead: `{form}`"),
        Same(form) => format!("write instead: `{form} {}`", rest.join(" ")),
        Rewritten(rewrite) => match rewrite(rest) {
            Some(line) => format!("write instead: `{line}`"),
            None => return alert,
        },
        Nothing(help) => help.to_owned(),
    };
    alert.help(today)
}

/// A word as it can stand in a line again.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(' ', "\\ ")
        .replace('\t', "\\t")
        .replace('#', "\\#")
}

/// `X-Name:\ value` to `<action> X-Name value`, the rest behind it.
fn header(action: &str, args: &[String]) -> Option<String> {
    let (text, rest) = args.split_first()?;
    let (name, value) = text.split_once(':')?;
    let value = value.trim_start_matches("\\ ");
    let rest = behind(rest, 0);
    Some(format!("{action} {name} {value}{rest}"))
}

/// `^X-Name:` to `<action> X-Name`.
fn deleted(action: &str, args: &[String]) -> Option<String> {
    let (text, rest) = args.split_first()?;
    let name = text.trim_start_matches('^').split(':').next()?;
    let plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !plain || name.is_empty() {
        return None;
    }
    let rest = behind(rest, 0);
    Some(format!("{action} {name}{rest}"))
}

/// `^X-Name:\ (.*) X-Name:\ new\ \1` to `<action> X-Name (.*) new\ \1`, where both name one header.
fn replaced(action: &str, args: &[String]) -> Option<String> {
    let (from, to) = (args.first()?, args.get(1)?);
    let (name, pattern) = from.trim_start_matches('^').split_once(':')?;
    let (other, value) = to.split_once(':')?;
    if name != other || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        return None;
    }
    let pattern = match pattern.trim_start_matches("\\ ") {
        "" => "^",
        pattern => pattern,
    };
    let value = value.trim_start_matches("\\ ");
    let rest = behind(args, 2);
    Some(format!("{action} {name} {pattern} {value}{rest}"))
}

/// The words from number `from` on, a blank before each.
fn behind(args: &[String], from: usize) -> String {
    let words = args.iter().skip(from);
    words.map(|word| format!(" {word}")).collect()
}

/// `^([^\ ]*)\ /a/(.*) \1\ /b/\2` to `http-request replace-uri ^/a/(.*) /b/\1`: what was done to the
/// request line is done to its target alone. `flags` go before the expression.
fn request_line(flags: &str, args: &[String]) -> Option<String> {
    const NO_BLANK: &str = "^([^\\ ].*)";
    let (from, to) = (args.first()?, args.get(1)?);
    let (pattern, value) = match from.strip_prefix(NO_BLANK) {
        Some(rest) => (format!("^(.*){rest}"), to.clone()),
        None => {
            let (class, rest) = from.strip_prefix("^([^")?.split_once("]*)\\ ")?;
            if class.contains([')', ']']) {
                return None;
            }
            let value = to.strip_prefix("\\\\1\\ ")?;
            let renumbered = (2..10).fold(value.to_owned(), |text, group| {
                text.replace(&format!("\\\\{group}"), &format!("\\\\{}", group - 1))
            });
            (format!("^{rest}"), renumbered)
        }
    };
    // A blank would be the one before the version, which a target does not have.
    if pattern.contains("\\ ") || value.contains("\\ ") {
        return None;
    }
    let rest = behind(args, 2);
    Some(format!(
        "http-request replace-uri {flags}{pattern} {value}{rest}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_header_rules_are_rewritten() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let line = header(
            "http-request add-header",
            &["X-A:\\ b\\ c".into(), "if".into(), "x".into()],
        );
        assert_eq!(
            line.as_deref(),
            Some("http-request add-header X-A b\\ c if x")
        );
        let line = deleted("http-response del-header", &words("^Server:.*"));
        assert_eq!(line.as_deref(), Some("http-response del-header Server"));
        assert_eq!(deleted("x", &words("^X-.*:")), None);
        let line = replaced(
            "http-request replace-header",
            &["^Host:\\ (.*)".into(), "Host:\\ w.\\1".into()],
        );
        assert_eq!(
            line.as_deref(),
            Some("http-request replace-header Host (.*) w.\\1")
        );
    }

    #[test]
    fn old_rules_for_the_request_line_are_rewritten() {
        for (from, to, line) in [
            (
                r"^([^\ :]*)\ /policies/(.*)",
                r"\\1\ /static/policies/\\2",
                Some(r"http-request replace-uri (?i)^/policies/(.*) /static/policies/\\1 if x"),
            ),
            (
                r"^([^\ ].*)poa/core[/]?(.*)",
                r"\\1\\2",
                Some(r"http-request replace-uri (?i)^(.*)poa/core[/]?(.*) \\1\\2 if x"),
            ),
            (r"^([^\ ]*)\ /a\ HTTP/1.0", r"\\1\ /b\ HTTP/1.1", None),
            (r"^GET\ /a", r"GET\ /b", None),
        ] {
            let words = [from, to, "if", "x"].map(str::to_owned);
            assert_eq!(request_line("(?i)", &words).as_deref(), line, "{from}");
        }
    }
}
