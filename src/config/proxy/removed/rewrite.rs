//! The line of today for rules of old that edit headers, where there is a plain one. For help texts.

/// A word as it can stand in a line again.
pub(super) fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(' ', "\\ ")
        .replace('\t', "\\t")
        .replace('#', "\\#")
}

/// `X-Name:\ value` to `<action> X-Name value`, the rest behind it.
pub(super) fn header(action: &str, args: &[String]) -> Option<String> {
    let (text, rest) = args.split_first()?;
    let (name, value) = text.split_once(':')?;
    // What was plain text is a format today.
    let value = value.trim_start_matches("\\ ").replace('%', "%%");
    let rest = behind(rest, 0);
    Some(format!("{action} {name} {value}{rest}"))
}

/// `^X-Name:` to `<action> X-Name`.
pub(super) fn deleted(action: &str, args: &[String]) -> Option<String> {
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
pub(super) fn replaced(action: &str, args: &[String]) -> Option<String> {
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
pub(super) fn request_line(flags: &str, args: &[String]) -> Option<String> {
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
