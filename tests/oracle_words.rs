//! Random lines are cut into words as HAProxy cuts them.
//!
//! HAProxy shows words in one place: the error about a condition that cannot be read repeats all
//! words behind `.if`, with one blank between each. `.notice` repeats its only word, or complains about
//! the second. The errors of the line reader itself are compared with their positions.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::Command;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tidegate::diag::Sources;
use tidegate::syntax::{Env, Reader};

const VARIABLES: &[(&str, &str)] = &[
    ("FOO", "bar"),
    ("LIST", "a b  c"),
    ("PAD", " x\ty "),
    ("EMPTY", ""),
    ("QUOTE", "a\"b'c"),
    ("DOLLAR", "$FOO \\x41"),
];

/// Pieces that lines are made of, so that most of them get past the first character.
const PIECES: &[&str] = &[
    "a",
    "b",
    "z",
    " ",
    "  ",
    "\t",
    "\"",
    "'",
    "\\",
    "\\n",
    "\\t",
    "\\r",
    "\\ ",
    "\\#",
    "\\\"",
    "\\'",
    "\\\\",
    "\\x41",
    "\\x4",
    "\\xzz",
    "\\$",
    "$",
    "$FOO",
    "${FOO}",
    "\"${FOO}\"",
    "\"$LIST\"",
    "\"${LIST[*]}\"",
    "\"${PAD[*]}\"",
    "\"${EMPTY[*]}\"",
    "\"${NO-d e}\"",
    "\"${NO[*]-d e}\"",
    "\"${FOO-d}\"",
    "\"$QUOTE\"",
    "\"$DOLLAR\"",
    "\"${FOO",
    "\"${LIST[0]}\"",
    "\"$1\"",
    "\"${.LINE}\"",
    "\"$.SECTION\"",
    "{",
    "}",
    "-",
    "#",
    "\r",
    "\x0b",
    "\x0c",
    "\u{e9}",
    "%[",
    ",",
    "(",
    ")",
    "\"\"",
    "''",
];

const LINES: usize = 2000;

fn lines(prefix: &str) -> Vec<String> {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let piece = proptest::sample::select(PIECES);
    let line = proptest::collection::vec(piece, 1..8);
    let mut lines = Vec::new();
    while lines.len() < LINES {
        if let Ok(tree) = line.new_tree(&mut runner) {
            // HAProxy keeps blanks at the end of a condition for its message.
            let pieces = tree.current().concat();
            lines.push(format!(
                "{prefix}{}",
                pieces.trim_end_matches([' ', '\t', '\x0b', '\x0c', '\r'])
            ));
        }
    }
    lines
}

/// A line that makes HAProxy's line buffer large enough. It reads a line a second time after it had to
/// grow the buffer, and by then has overwritten the end of a default value.
fn opening() -> String {
    format!(".notice {}\n", "x".repeat(4000))
}

/// What HAProxy says, by line. Reading stops at some errors, so each run goes on behind the last
/// line that was told.
fn theirs(lines: &[String]) -> BTreeMap<usize, String> {
    let mut said = BTreeMap::new();
    let mut from = 0;
    while from < lines.len() {
        let mut file = tempfile::Builder::new().suffix(".cfg").tempfile().unwrap();
        let mut text = opening();
        // Lines that were told already are left blank, so that numbers stay.
        text.push_str(&"\n".repeat(from));
        for line in &lines[from..] {
            text.push_str(line);
            text.push('\n');
        }
        file.write_all(text.as_bytes()).unwrap();
        let output = Command::new("haproxy")
            .args(["-c", "-f"])
            .arg(file.path())
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .envs(VARIABLES.iter().copied())
            .output()
            .expect("the haproxy package is needed for differential tests");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let mark = format!("parsing [{}:", file.path().display());
        let mut last = None;
        for part in text.split(&mark).skip(1) {
            let Some((number, rest)) = part.split_once("]: ") else {
                continue;
            };
            let Ok(number) = number.parse::<usize>() else {
                continue;
            };
            if number < 2 || rest.starts_with("too many fatal errors") {
                continue;
            }
            if said.contains_key(&(number - 2)) {
                continue;
            }
            // Up to the next message or HAProxy's own drawing of the line.
            let end = ["\n[NOTICE]", "\n[ALERT]", "\n[WARNING]", ":\n  "]
                .iter()
                .filter_map(|end| {
                    rest.find(end)
                        .map(|at| at + usize::from(end.starts_with(':')))
                })
                .min()
                .unwrap_or(rest.len());
            said.insert(number - 2, rest[..end].trim_end_matches('\n').to_owned());
            last = Some(number - 2);
        }
        from = match last {
            Some(line) if line >= from => line + 1,
            _ => break,
        };
    }
    said
}

/// What our reader says about each line, read alone at its own place.
fn ours(lines: &[String]) -> BTreeMap<usize, String> {
    let env: Env = VARIABLES
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    let mut said = BTreeMap::new();
    for (at, line) in lines.iter().enumerate() {
        let mut sources = Sources::default();
        sources.add(
            "l.cfg",
            format!("{}{line}\n", "\n".repeat(at + 1)).into_bytes(),
        );
        let mut reader = Reader::new(sources, env.clone(), Vec::new());
        while reader.next_line().is_some() {}
        let (_, diagnostics) = reader.into_parts();
        if let Some(first) = diagnostics.into_iter().next() {
            said.insert(at, first.message);
        }
    }
    said
}

fn compare(lines: &[String]) {
    let (theirs, ours) = (theirs(lines), ours(lines));
    assert!(
        theirs.len() > lines.len() / 2,
        "HAProxy said something about {} lines",
        theirs.len()
    );
    let mut differ = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (theirs, ours) = (theirs.get(&at), ours.get(&at));
        if theirs != ours {
            differ.push(format!("{line:?}\n  theirs {theirs:?}\n  ours   {ours:?}"));
        }
    }
    let shown = differ
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        differ.is_empty(),
        "{} of {} lines differ:\n{shown}",
        differ.len(),
        lines.len()
    );
}

#[test]
fn the_words_of_random_lines_are_haproxys() {
    compare(&lines(".notice "));
}

#[test]
fn the_joined_words_of_random_conditions_are_haproxys() {
    // HAProxy stops at the first condition that it cannot read, so each costs a process.
    let mut conditions = lines(".if z|");
    conditions.truncate(60);
    compare(&conditions);
}
