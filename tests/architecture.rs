//! Who may know whom: the `use crate::…` lines of every file, held against the list below.
//!
//! A row says all a module may name. What is not on it is a step across a border: either the code is
//! in the wrong room, or the design changes and this list with it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Module, and the modules it may name. `*`: anything.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("diag", &[]),
    ("end", &[]),
    ("hash", &[]),
    ("http", &[]),
    ("tls", &[]),
    ("regex", &[]),
    ("state", &["tls"]),
    ("syntax", &["diag"]),
    ("balance", &["hash", "http"]),
    ("settings", LANGUAGE_AND_SETTINGS),
    ("sample", LANGUAGE),
    ("acl", LANGUAGE),
    ("action", LANGUAGE),
    ("format", LANGUAGE),
    ("net", &["diag", "hash", "settings", "state"]),
    ("resolve", &["settings"]),
    ("wire", &["http", "net", "end"]),
    ("filter", &["http", "settings"]),
    ("log", &["settings", "state", "net"]),
    (
        "config",
        &[
            "acl", "action", "balance", "diag", "format", "http", "sample", "settings", "syntax",
            "hash", "log", "regex", "tls",
        ],
    ),
];

const LANGUAGE: &[&str] = &[
    "acl", "action", "diag", "end", "format", "hash", "http", "regex", "sample", "settings",
    "state", "syntax", "log",
];
const LANGUAGE_AND_SETTINGS: &[&str] = &[
    "acl", "action", "balance", "format", "sample", "diag", "http", "regex", "state", "tls",
];

/// Modules of the engine and of the operator's side, and what they must never name: words and
/// sections are gone when a plan runs.
const MUST_NOT_KNOW: &[(&str, &[&str])] = &[
    ("stream", &["syntax", "config", "cmdline", "process"]),
    (
        "backend",
        &["syntax", "config", "cmdline", "process", "stream"],
    ),
    ("worker", &["syntax", "config", "cmdline", "process"]),
    (
        "check",
        &["syntax", "config", "cmdline", "process", "stream"],
    ),
    (
        "discover",
        &["syntax", "config", "cmdline", "process", "stream"],
    ),
    (
        "peers",
        &["syntax", "config", "cmdline", "process", "stream"],
    ),
    (
        "stats",
        &["syntax", "config", "cmdline", "process", "stream"],
    ),
    ("plan", &["cmdline", "process", "stream", "worker"]),
];

/// Outside crates that only some modules may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("pest", &["syntax", "sample", "acl", "format"]),
    ("h2", &["wire"]),
    ("bytes", &["wire"]),
    ("hyper", &["ocsp"]),
    ("prometheus", &["stats"]),
    (
        "rustls",
        &["tls", "net", "stream", "backend", "check", "peers"],
    ),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("src is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Code lines of every file under `src`, tests left out, by top module.
fn code() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut by_module: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("below src");
        let stem = relative
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if ["tests", "testing"].contains(&stem.as_str()) || stem.ends_with("_tests") {
            continue;
        }
        let first = relative
            .components()
            .next()
            .expect("not empty")
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        let module = first.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).expect("readable");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        by_module
            .entry(module)
            .or_default()
            .extend(lines.map(|line| (relative.to_owned(), line.to_owned())));
    }
    by_module
}

/// The top modules a line names as `crate::NAME`.
fn named(line: &str) -> BTreeSet<String> {
    line.match_indices("crate::")
        .map(|(at, word)| {
            line[at + word.len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn modules_know_only_whom_they_may() {
    let mut wrong = Vec::new();
    for (module, lines) in code() {
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for (file, line) in lines {
            for other in named(&line) {
                if other != module && !allowed.contains(&other.as_str()) {
                    wrong.push(format!(
                        "{}: {module} names {other}: {}",
                        file.display(),
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_runs_has_forgotten_the_words() {
    let mut wrong = Vec::new();
    for (module, lines) in code() {
        let Some((_, banned)) = MUST_NOT_KNOW.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for (file, line) in lines {
            for other in named(&line)
                .iter()
                .filter(|name| banned.contains(&name.as_str()))
            {
                wrong.push(format!(
                    "{}: {module} names {other}: {}",
                    file.display(),
                    line.trim()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether a path in this line begins with this: a module of ours may be called as a crate is.
fn names_crate(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
    })
}

#[test]
fn crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (module, lines) in code() {
        for (file, line) in lines {
            for (name, rooms) in ONLY_IN {
                let inside = names_crate(&line, &format!("{name}::"))
                    || names_crate(&line, &format!("{name}_derive::"));
                if inside && !rooms.contains(&module.as_str()) {
                    wrong.push(format!(
                        "{}: {name} in {module}: {}",
                        file.display(),
                        line.trim()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn unsafe_lives_in_one_file() {
    for (_, lines) in code() {
        for (file, line) in lines {
            let allowed = file == Path::new("net/fd.rs") || line.contains("unsafe_code");
            // What stands between quotes is text.
            let code: String = line.split('"').step_by(2).collect();
            assert!(
                allowed || !code.contains("unsafe "),
                "{}: {line}",
                file.display()
            );
        }
    }
}

#[test]
fn every_folder_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    for file in files.iter().filter(|file| file.ends_with("mod.rs")) {
        let text = fs::read_to_string(file).expect("readable");
        assert!(text.starts_with("//! "), "{} has no head", file.display());
    }
}

#[test]
fn the_top_level_holds_what_belongs_there() {
    let allowed = [
        "Cargo.toml",
        "src",
        "grammar",
        "examples",
        "tests",
        "README.md", // the project
        "Cargo.lock",
        ".gitignore",
        ".ci",
        ".clippy.toml",
        "LICENSE", // what tools need there
        ".git",
        "target", // not of the tree
    ];
    for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR"))
        .expect("the root is there")
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(
            allowed.contains(&name.as_str()),
            "{name} does not belong at the top level"
        );
    }
}
