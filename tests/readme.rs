//! The README's table of what is known, held against the tables that it is made from.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

use support::{Who, run_to_end};
use tidegate::cmdline::keywords;

/// Class of `-dK`, and what it is called in the table.
const CLASSES: [(&str, &str); 7] = [
    ("smp", "sample fetches"),
    ("cnv", "converters"),
    ("acl", "ACL keywords"),
    ("cfg bind ", "options of `bind`"),
    ("cfg server ", "options of `server`"),
    ("cfg http- tcp-", "actions of the rulesets"),
    ("cli", "runtime API commands"),
];

/// The version of HAProxy that the second column counts.
const REFERENCE: &str = "2.6.";

/// The names in a list of `-dK`.
fn names(class: &str, list: &str) -> BTreeSet<String> {
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    let name = |line: &str| match class {
        "smp" => line
            .split_once("] ")?
            .1
            .split([':', '('])
            .next()
            .map(str::to_owned),
        "cnv" => line.split([':', '(']).next().map(str::to_owned),
        "acl" => line.split(" = ").next().map(str::to_owned),
        _ if class.starts_with("cfg ") => {
            let asked = class.split(' ').skip(1).filter(|part| !part.is_empty());
            let line = line.split(" +").next()?.trim_end_matches('*');
            let one = asked.into_iter().any(|part| line.starts_with(part));
            (one && line.contains(' ')).then(|| line.to_owned())
        }
        // Commands of the master and of developers are none of an operator's.
        _ if line.contains("[EXPERT]") || !line.contains("[WORKER]") => None,
        _ => line.split(" [").next().map(str::to_owned),
    };
    lines
        .filter_map(|line| name(line.trim()))
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn the_table_of_what_is_known_is_up_to_date() {
    let version = run_to_end(Who::Haproxy, &["-v"], None).out;
    assert!(
        version.contains(REFERENCE),
        "the table counts HAProxy {REFERENCE}x, not {version}"
    );
    let mut table = "| | known here | of HAProxy 2.6's |\n|---|---|---|\n".to_owned();
    for (class, title) in CLASSES {
        let kind = class.split(' ').next().unwrap_or_default();
        let ours = names(class, &keywords::dump(&[kind.to_owned()]));
        let list = format!("-dK{kind}");
        let theirs = run_to_end(Who::Haproxy, &[&list, "-q", "-c", "-f", "/dev/null"], None).out;
        let theirs = names(class, &theirs);
        assert!(theirs.len() > 20, "HAProxy lists its {title}");
        let shared = ours.intersection(&theirs).count();
        let (ours, theirs) = (ours.len(), theirs.len());
        table.push_str(&format!("| {title} | {ours} | {shared} of {theirs} |\n"));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&path).expect("the README");
    let (head, rest) = readme
        .split_once("<!-- completeness: made by tests/readme.rs -->\n")
        .expect("the beginning of the table");
    let (known, tail) = rest.split_once("<!-- end -->").expect("its end");
    if known != table && std::env::var_os("UPDATE").is_some() {
        let mark = "<!-- completeness: made by tests/readme.rs -->\n";
        let text = format!("{head}{mark}{table}<!-- end -->{tail}");
        std::fs::write(path, text).expect("the README can be written");
        return;
    }
    assert_eq!(
        known, table,
        "run this test with UPDATE=1 in the environment"
    );
}
