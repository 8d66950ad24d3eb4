//! What is said about broken configurations, scored over `tests/errors/broken.txt`: the exact place and the reason
//! in all cases, the right first suggestion in at least nine of ten where there is one, and, wherever HAProxy
//! refuses the same text, its exit code, its line number and, mostly, its very words.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may end so, and says its score"
)]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use tidegate::config;
use tidegate::diag::render;
use tidegate::diag::{Diagnostic, FileId, Severity, Sources, Span, has_alert};
use tidegate::state::State;
use tidegate::syntax::Env;

/// The share of suggestions that must be right, in percent.
const SUGGESTIONS: usize = 95;
/// The share of cases that HAProxy refuses too and where our first line is its own, in percent.
const SAME_WORDS: usize = 75;

/// What cases stand in.
const OPENINGS: &[(&str, &str)] = &[
    (
        "B",
        "backend b\n mode http\n timeout connect 1s\n timeout server 1s\n",
    ),
    (
        "F",
        "frontend f\n bind :2001\n mode http\n timeout client 1s\n",
    ),
    (
        "L",
        "listen l\n bind :2001\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n server s1 127.0.0.1:80\n",
    ),
    (
        "T",
        "listen t\n bind :2001\n mode tcp\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n",
    ),
    ("G", "global\n"),
    ("D", "defaults d\n mode http\n"),
    ("-", ""),
];

/// One case of the corpus.
struct Case {
    /// Where it stands in the corpus.
    line: usize,
    text: String,
    span: Span,
    reasons: Vec<String>,
    suggestion: Option<String>,
    severity: Severity,
    /// HAProxy is known to accept it, or to blame another line.
    apart: bool,
}

fn corpus() -> Vec<Case> {
    let file = include_str!("errors/broken.txt");
    let mut cases: Vec<Case> = Vec::new();
    for (at, line) in file.lines().enumerate() {
        let case = cases.last_mut();
        match (line.split_at_checked(1), case) {
            (Some(("@", rest)), _) => {
                let (opening, text) = rest.split_once(' ').expect("an opening and a text");
                let opening = OPENINGS.iter().find(|(name, _)| *name == opening);
                let (_, opening) = opening.unwrap_or_else(|| panic!("line {}", at + 1));
                cases.push(Case {
                    line: at + 1,
                    text: format!("{opening} {text}\n"),
                    span: Span::default(),
                    reasons: Vec::new(),
                    suggestion: None,
                    severity: Severity::Alert,
                    apart: false,
                });
            }
            (Some(("|", rest)), Some(case)) => {
                case.text.push_str(rest);
                case.text.push('\n');
            }
            (Some(("=", rest)), Some(case)) => case.reasons.push(rest.trim().to_owned()),
            (Some(("?", rest)), Some(case)) => case.suggestion = Some(rest.trim().to_owned()),
            (Some(("w", _)), Some(case)) => case.severity = Severity::Warning,
            (Some(("~", _)), Some(case)) => case.apart = true,
            (None | Some(("#", _)), _) => {}
            _ => panic!("line {} of the corpus is of no known kind", at + 1),
        }
    }
    for case in &mut cases {
        let marked = case.text.clone();
        let (before, rest) = marked.split_once('«').expect("a mark opens");
        let (inner, after) = rest.split_once('»').expect("a mark closes");
        assert!(!after.contains('«'), "one mark: line {}", case.line);
        let start = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        case.span = Span {
            file: FileId(0),
            line: before.matches('\n').count() as u32 + 1,
            start: start as u32,
            end: (start + inner.len()) as u32,
        };
        case.text = format!("{before}{inner}{after}");
    }
    cases
}

/// What is said here, and by HAProxy: exit code (1 for refused) and first message.
fn ours(text: &str) -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    sources.add("x.cfg", text.as_bytes().to_vec());
    // What HAProxy refuses and this program takes with a warning counts as refused.
    let options = config::Options {
        strict: true,
        ..config::Options::default()
    };
    let mut loaded = config::load(sources, Env::default(), &options);
    if !has_alert(&loaded.diagnostics) {
        let (_, late) = tidegate::plan::link(&loaded.config, &Arc::<State>::default(), None);
        loaded.diagnostics.extend(late);
    }
    (loaded.diagnostics, loaded.sources)
}

fn theirs(text: &str) -> (bool, Vec<String>) {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("x.cfg"), text).expect("it takes the text");
    let output = Command::new("haproxy")
        .args(["-c", "-f", "x.cfg"])
        .current_dir(dir.path())
        .output()
        .expect("the haproxy package is needed for differential tests");
    let messages = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| line.starts_with('[') && !line.starts_with("[NOTICE]"))
        .map(plain)
        .collect();
    (output.status.code() == Some(1), messages)
}

/// A message without process id, HAProxy's suggestion and the full stop.
fn plain(line: &str) -> String {
    let (level, rest) = line.split_once(" (").unwrap_or((line, ""));
    let (_, text) = rest.split_once(") : ").unwrap_or(("", rest));
    let text = text.split("; did you mean ").next().unwrap_or_default();
    format!("{} {}", level.trim(), text.trim_end_matches(['.', ' ']))
}

/// The line number in `[x.cfg:12]`.
fn place(message: &str) -> Option<u32> {
    let (_, rest) = message.split_once("[x.cfg:")?;
    rest.split_once(']')?.0.parse().ok()
}

fn first_suggestion(diagnostic: &Diagnostic) -> Option<&str> {
    diagnostic
        .help
        .iter()
        .find_map(|help| help.split('`').nth(1))
}

#[derive(Default)]
struct Score {
    places: usize,
    suggestions: (usize, usize),
    peer: (usize, usize),
    words: usize,
    misses: Vec<(usize, String)>,
}

fn judge(case: &Case, score: &Mutex<Score>) {
    let (said, sources) = ours(&case.text);
    let found = said
        .iter()
        .find(|d| d.severity == case.severity && d.span == Some(case.span))
        .or_else(|| said.iter().find(|d| d.severity == case.severity));
    let placed = found.is_some_and(|d| {
        let all = format!("{} {}", d.message, d.label.as_deref().unwrap_or_default());
        d.span == Some(case.span) && case.reasons.iter().all(|reason| all.contains(reason))
    });
    let suggested = found.and_then(first_suggestion);
    let right = case
        .suggestion
        .as_deref()
        .map(|wanted| suggested == Some(wanted));
    let (refused, messages) = theirs(&case.text);
    let alert = messages.iter().find(|line| line.starts_with("[ALERT]"));
    let own = said
        .iter()
        .find(|d| d.severity == Severity::Alert)
        .map(|d| {
            let text = render::diagnostic(d, &sources, 1);
            plain(text.lines().next().unwrap_or_default())
        });
    // Some of HAProxy's messages name no line; ours do.
    let agrees = refused == own.is_some()
        && alert.and_then(|line| place(line)).is_none_or(|line| {
            let place = said
                .iter()
                .find(|d| d.severity == Severity::Alert)
                .and_then(|d| d.span);
            place.is_some_and(|span| span.line == line)
        });

    let mut score = score.lock().expect("no case panics");
    let mut why = String::new();
    score.places += usize::from(placed);
    if !placed {
        why.push_str(" PLACE");
    }
    if let Some(right) = right {
        score.suggestions.0 += usize::from(right);
        score.suggestions.1 += 1;
        if !right {
            why.push_str(" SUGGESTION");
        }
    }
    if !case.apart && case.severity == Severity::Alert {
        score.peer.0 += usize::from(agrees);
        score.peer.1 += 1;
        if !agrees {
            why.push_str(" PEER");
        }
        let same = alert.is_some() && alert == own.as_ref();
        score.words += usize::from(same);
        if !same {
            why.push_str(" words");
        }
    } else if case.apart && agrees {
        why.push_str(" NOT-APART");
    }
    if !why.is_empty() {
        let text: String = said
            .iter()
            .map(|d| render::diagnostic(d, &sources, 1))
            .collect();
        let theirs = messages.join("\n    ");
        score.misses.push((
            case.line,
            format!(
                "{}:{why}\n{text}  HAProxy ({refused}):\n    {theirs}\n",
                case.line
            ),
        ));
    }
}

#[test]
fn broken_lines_are_explained() {
    let cases = corpus();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let score = Mutex::new(Score::default());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Relaxed)) {
                    judge(case, &score);
                }
            });
        }
    });
    let mut score = score.into_inner().expect("no case panics");
    score.misses.sort_unstable();
    let all = cases.len();
    let (right, wanted) = score.suggestions;
    let (agree, compared) = score.peer;
    for (_, miss) in &score.misses {
        println!("{miss}");
    }
    println!(
        "places {}/{all}, suggestions {right}/{wanted}, exit and line as HAProxy's {agree}/{compared}, its very words {}/{compared}",
        score.places, score.words
    );
    assert_eq!(
        score.places, all,
        "every place must be exact, with its reason"
    );
    assert!(
        right * 100 >= wanted * SUGGESTIONS,
        "suggestions: {right} of {wanted}"
    );
    assert_eq!(agree, compared, "HAProxy's exit code and line");
    assert!(
        score.words * 100 >= compared * SAME_WORDS,
        "words: {} of {compared}",
        score.words
    );
}
