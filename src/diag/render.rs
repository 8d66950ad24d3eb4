//! Diagnostics as text: HAProxy's own line first, then the place and the cure.

use std::fmt::Write as _;

use super::{Diagnostic, Lead, Severity, Sources, Span};

/// The longest part of a source line that is shown, in characters.
const SNIPPET_WIDTH: usize = 160;

/// One diagnostic as text, ending with a line feed:
///
/// ```text
/// [ALERT]    (4711) : config : parsing [haproxy.cfg:12] : unknown converter 'feild'
///   --> haproxy.cfg:12:45
///    |
/// 12 |     http-request set-header X-K %[hdr(host),feild(1,:)]
///    |                                             ^^^^^ not known
///    = help: did you mean `field`?
/// ```
pub fn diagnostic(diagnostic: &Diagnostic, sources: &Sources, pid: u32) -> String {
    let mut out = String::new();
    let place = diagnostic
        .span
        .and_then(|span| sources.file(span.file).map(|file| (span, file)));
    let lead = match place {
        Some((span, file)) => match diagnostic.lead {
            Lead::Parsing => format!("parsing [{}:{}] : ", file.name, span.line),
            Lead::Reading => format!("parsing [{}:{}]: ", file.name, span.line),
            Lead::Place => format!("[{}:{}] : ", file.name, span.line),
            Lead::Bare => String::new(),
        },
        None => String::new(),
    };
    out.push_str(&message(
        diagnostic.severity,
        &format!("config : {lead}{}", diagnostic.message),
        pid,
    ));
    let gutter = match place {
        Some((span, file)) => {
            let line = file.line(span.line).unwrap_or_default();
            snippet(
                &mut out,
                &file.name,
                line,
                span,
                diagnostic.label.as_deref(),
            )
        }
        None => 2,
    };
    for help in &diagnostic.help {
        for (nth, line) in help.lines().enumerate() {
            let lead = if nth == 0 { "= help: " } else { "        " };
            let _ = writeln!(out, "{:gutter$} {lead}{line}", "");
        }
    }
    out
}

/// A line as HAProxy writes it to the standard error: level in a column, process id, text.
pub fn message(severity: Severity, text: &str, pid: u32) -> String {
    let level = match severity {
        Severity::Diag => "[DIAG]",
        Severity::Notice => "[NOTICE]",
        Severity::Warning => "[WARNING]",
        Severity::Alert => "[ALERT]",
    };
    format!("{level:<10} ({pid}) : {text}\n")
}

/// Draws the place; gives the width of the gutter.
fn snippet(out: &mut String, name: &str, line: &[u8], span: Span, label: Option<&str>) -> usize {
    let (shown, carets) = window(line, span);
    let number = span.line.to_string();
    let gutter = number.len();
    let _ = writeln!(
        out,
        "{:gutter$}--> {name}:{}:{}",
        "",
        span.line,
        span.start + 1
    );
    let _ = writeln!(out, "{:gutter$} |", "");
    let _ = writeln!(out, "{number} | {shown}");
    let label = label.unwrap_or_default();
    if !carets.is_empty() || !label.is_empty() {
        let marks = format!("{carets} {label}");
        let _ = writeln!(out, "{:gutter$} | {}", "", marks.trim_end());
    }
    gutter
}

/// The part of the line that holds the span, printable and one column per character, and the row
/// of carets that stands below it. Tabs become one blank, so both rows agree wherever they are shown.
fn window(line: &[u8], span: Span) -> (String, String) {
    let mut cells: Vec<(usize, char)> = Vec::new();
    let mut offset = 0;
    for chunk in line.utf8_chunks() {
        for c in chunk.valid().chars() {
            let shown = match c {
                '\t' => ' ',
                c if c.is_control() => '?',
                c => c,
            };
            cells.push((offset, shown));
            offset += c.len_utf8();
        }
        for _ in chunk.invalid() {
            cells.push((offset, '?'));
            offset += 1;
        }
    }
    while cells.last().is_some_and(|(_, c)| *c == ' ') {
        cells.pop();
    }
    let start = span.start as usize;
    let first = cells.partition_point(|(at, _)| *at < start);
    let from = if first + 20 > SNIPPET_WIDTH {
        first.saturating_sub(SNIPPET_WIDTH / 2)
    } else {
        0
    };
    let mut shown = String::from(if from > 0 { "..." } else { "" });
    let mut carets = " ".repeat(shown.len() + first.saturating_sub(from));
    shown.extend(cells.iter().skip(from).take(SNIPPET_WIDTH).map(|(_, c)| *c));
    if cells.len() > from + SNIPPET_WIDTH {
        shown.push_str("...");
    }
    if span.end == span.start && span.start > 0 {
        // Something is missing behind the line's last word.
        carets.push_str(" ^");
    } else if span.end > span.start {
        let last = cells.partition_point(|(at, _)| *at < span.end as usize);
        let room = (from + SNIPPET_WIDTH).saturating_sub(first);
        carets.push_str(&"^".repeat(last.saturating_sub(first).clamp(1, room.max(1))));
    } else {
        carets.clear();
    }
    (shown, carets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, line: u32, start: u32, end: u32) -> (Sources, Span) {
        let mut sources = Sources::default();
        let file = sources.add("haproxy.cfg", text.as_bytes().to_vec());
        (
            sources,
            Span {
                file,
                line,
                start,
                end,
            },
        )
    }

    #[test]
    fn a_diagnostic_opens_with_the_line_that_scripts_grep_and_shows_the_place() {
        let (sources, span) = at("frontend x\n\tset %[hdr(host),feild(1,:)]\n", 2, 17, 22);
        let d = Diagnostic::alert(span, "unknown converter 'feild'")
            .label("not known")
            .help("did you mean `field`?");
        assert_eq!(
            diagnostic(&d, &sources, 4711),
            "[ALERT]    (4711) : config : parsing [haproxy.cfg:2] : unknown converter 'feild'\n\
             \x20--> haproxy.cfg:2:18\n\
             \x20 |\n\
             2 |  set %[hdr(host),feild(1,:)]\n\
             \x20 |                  ^^^^^ not known\n\
             \x20 = help: did you mean `field`?\n"
        );
    }

    #[test]
    fn the_leads_and_levels_are_haproxys() {
        let (sources, span) = at("x\n", 1, 0, 0);
        let first = |d: Diagnostic| {
            diagnostic(&d, &sources, 7)
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let d = Diagnostic::warning(span, "m");
        assert_eq!(
            first(d.clone()),
            "[WARNING]  (7) : config : parsing [haproxy.cfg:1] : m"
        );
        assert_eq!(
            first(d.clone().lead(Lead::Reading)),
            "[WARNING]  (7) : config : parsing [haproxy.cfg:1]: m"
        );
        assert_eq!(
            first(d.clone().lead(Lead::Place)),
            "[WARNING]  (7) : config : [haproxy.cfg:1] : m"
        );
        assert_eq!(first(d.lead(Lead::Bare)), "[WARNING]  (7) : config : m");
        let bare = Diagnostic::new(Severity::Notice, None, "m");
        assert_eq!(first(bare), "[NOTICE]   (7) : config : m");
    }

    #[test]
    fn carets_stand_below_their_bytes_with_tabs_wide_letters_and_long_lines() {
        for (line, start, end) in [
            ("\t\tabc def".to_owned(), 6, 9),
            ("h\u{e9}h\u{e9} def".to_owned(), 7, 10),
            (
                format!("{} def {}", "x".repeat(400), "y".repeat(400)),
                401,
                404,
            ),
        ] {
            let span = Span {
                start,
                end,
                line: 1,
                ..Span::default()
            };
            let (shown, carets) = window(line.as_bytes(), span);
            let marked: String = shown
                .chars()
                .zip(carets.chars())
                .filter(|(_, mark)| *mark == '^')
                .map(|(c, _)| c)
                .collect();
            assert_eq!(marked, "def", "{line}");
            assert!(shown.chars().count() <= SNIPPET_WIDTH + 6);
        }
        let (shown, _) = window(b"a\xff\x01b", Span::default());
        assert_eq!(shown, "a??b");
    }
}
