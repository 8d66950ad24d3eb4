//! Random lines are cut into words as HAProxy cuts them.
//!
//! HAProxy shows words in one place: the error about a condition that cannot be read repeats all
//! words behind `.if`, with one blank between each. The errors of the line reader itself are compared
//! with their positions. A `\x01` before each word separator of ours would not survive, so words are
//! told apart by letting no word start or end with a blank where that matters: the joined text is
//! compared, and in a second pass the second word alone, which `.notice` repeats.

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
    "a", "b", "z", " ", "  ", "\t", "\"", "'", "\\", "\\n", "\\t", "\\r", "\\ ", "\\#", "\\\"", "\\'",
    "\\\\", "\\x41", "\\x4", "\\xzz", "\\$", "$", "$FOO", "${FOO}", "\"${FOO}\"", "\"$LIST\"",
    "\"${LIST[*]}\"", "\"${PAD[*]}\"", "\"${EMPTY[*]}\"", "\"${NO-d e}\"", "\"${NO[*]-d e}\"",
    "\"${FOO-d}\"", "\"$QUOTE\"", "\"$DOLLAR\"", "\"${FOO", "\"${LIST[0]}\"", "\"$1\"", "\"${.LINE}\"",
    "\"$.SECTION\"", "{", "}", "-", "#", "\r", "\x0b", "\x0c", "\u{e9}", "%[", ",", "(", ")", "\"\"", "''",
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
            lines.push(format!("{prefix}{}", tree.current().concat()));
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
            let Some((number, rest)) = part.split_once("]: ") else { continue };
            let Ok(number) = number.parse::<usize>() else { continue };
            if number < 2 || said.contains_key(&(number - 2)) {
                continue;
            }
            // Up to the next message or HAProxy's own drawing of the line.
            let end = ["\n[NOTICE]", "\n[ALERT]", "\n[WARNING]", ":\n  "]
                .iter()
                .filter_map(|end| rest.find(end).map(|at| at + usize::from(end.starts_with(':'))))
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

fn ours(lines: &[String]) -> BTreeMap<usize, String> {
    let mut sources = Sources::default();
    let mut text = opening();
    for line in lines {
        text.push_str(line);
        text.push('\n');
        // An open block per line would soon be nested too deep.
    }
    sources.add("l.cfg", text.into_bytes());
    let env: Env = VARIABLES
        .iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect();
    let mut reader = Reader::new(sources, env, Vec::new());
    while reader.next_line().is_some() {}
    let (_, diagnostics) = reader.into_parts();
    let mut said = BTreeMap::new();
    for diagnostic in diagnostics {
        let line = diagnostic.span.map_or(0, |span| span.line) as usize;
        if line >= 2 {
            said.entry(line - 2).or_insert(diagnostic.message);
        }
    }
    said
}

fn compare(lines: &[String]) {
    let (theirs, ours) = (theirs(lines), ours(lines));
    assert!(theirs.len() > lines.len() / 2, "HAProxy said something about {} lines", theirs.len());
    let mut differ = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let (theirs, ours) = (theirs.get(&at), ours.get(&at));
        if theirs != ours {
            differ.push(format!("{line:?}\n  theirs {theirs:?}\n  ours   {ours:?}"));
        }
    }
    let shown = differ.iter().take(10).cloned().collect::<Vec<_>>().join("\n");
    assert!(differ.is_empty(), "{} of {} lines differ:\n{shown}", differ.len(), lines.len());
}

#[test]
fn the_words_of_random_lines_are_haproxys() {
    // `.notice` repeats its first argument, or the second if there is one.
    compare(&lines(".notice "));
}

#[test]
fn the_joined_words_of_random_conditions_are_haproxys() {
    // The condition never reads, so its error repeats the words; the block it opens is never taken,
    // and is closed again by the line behind it.
    let conditions: Vec<String> = lines(".if z|").into_iter().take(60).collect();
    compare(&conditions);
}
