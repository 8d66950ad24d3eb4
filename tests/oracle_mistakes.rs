//! Broken rules before HAProxy: every action of every ruleset, with arguments missing, in excess and malformed. What HAProxy
//! refuses is refused here, and what it takes is taken; where both refuse a rule of TCP, the words are the same.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

use std::process::Command;

use tidegate::action::RULESETS;

const HEAD: &str = "global\n expose-experimental-directives\ndefaults d\n mode http\n timeout client 1s\n timeout server 1s\n \
                    timeout connect 1s\nlisten p from d\n bind 127.0.0.1:1\n";
/// What may be wrong behind an action.
const ARGUMENTS: &[&str] = &[
    "",
    "if TRUE",
    "a b c d e",
    "-5",
    "a [ b",
    "a b if NOSUCH",
    "deny_status 418",
    "a %[bad]",
    "nosuch",
    "server x",
    "src,nosuch",
    "418",
    "hdr a",
    "path len x",
    "if { src 1.2.3.4",
];
/// Newer than the HAProxy at hand, or known to differ: it takes `add-acl` and its kin without a file's name, expressions that
/// cannot be had where connections begin, and a `set-var-fmt` without a format.
const APART: &[&str] = &[
    "pause",
    "set-fc-mark",
    "set-fc-tos",
    "set-bc-mark",
    "set-bc-tos",
    "set-retries",
    "sc-add-gpc",
    "add-acl",
    "del-acl",
    "set-map",
    "del-map",
    "set-dst",
    "set-src",
    "set-dst-port",
    "set-src-port",
    "set-var-fmt",
    "do-resolve",
    "sc-set-gpt",
    "sc-set-gpt0",
    "use-service",
];

/// The rules of a ruleset, each with everything that may be wrong.
fn rules(keyword: &str, names: impl Iterator<Item = (&'static str, bool)>) -> Vec<String> {
    let mut rules = Vec::new();
    for (name, open) in names {
        let rest = match name {
            "track-sc" => "0",
            "sc-inc-gpc" => "(0,0)",
            "sc-inc-gpc0" | "sc-inc-gpc1" => "(0)",
            _ if open => "(txn.x)",
            _ => "",
        };
        rules.extend(
            ARGUMENTS
                .iter()
                .map(|words| format!("{keyword} {name}{rest} {words}")),
        );
    }
    rules
}

/// What a program says to each rule, without the place.
fn said(program: &str, rules: &[String], dir: &std::path::Path) -> Vec<Option<String>> {
    let file = dir.join("x.cfg");
    let lines: String = rules.iter().map(|rule| format!(" {rule}\n")).collect();
    std::fs::write(&file, format!("{HEAD}{lines}")).expect("a file");
    let output = Command::new(program)
        .args(["-c", "-f"])
        .arg(&file)
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let first = HEAD.lines().count() + 1;
    let mut said = vec![None; rules.len()];
    for line in text.lines().filter(|line| line.starts_with("[ALERT]")) {
        let Some((_, rest)) = line.split_once("x.cfg:") else {
            continue;
        };
        let Some((number, message)) = rest.split_once(']') else {
            continue;
        };
        let at = number
            .parse::<usize>()
            .ok()
            .and_then(|n| n.checked_sub(first));
        if let Some(place @ None) = at.and_then(|at| said.get_mut(at)) {
            *place = Some(message.trim_start_matches([' ', ':']).to_owned());
        }
    }
    said
}

/// Whether the words count: HAProxy names the action where it means the fetch, and has words of its own for captures.
fn worded(rule: &str, theirs: &Option<String>) -> bool {
    let misplaced = |words: &String| words.contains("none of which is available here");
    !rule.contains(" capture ") && !theirs.as_ref().is_some_and(misplaced)
}

#[test]
fn broken_rules_of_http_are_refused_where_haproxy_refuses_them() {
    let mut wrong = String::new();
    let sets = RULESETS
        .iter()
        .filter(|set| matches!(set.keyword, "http-request" | "http-response"));
    for set in sets {
        let names = set
            .entries()
            .filter(|entry| entry.needs.is_none() && !APART.contains(&entry.name))
            .filter(|entry| set.keyword == "http-request" || entry.name != "set-timeout")
            .map(|entry| (entry.name, entry.open));
        let rules = rules(set.keyword, names);
        let some = ["if TRUE", "deny_status 418"];
        let rules = rules
            .iter()
            .filter(|rule| some.iter().any(|end| rule.ends_with(end)));
        for rule in rules {
            // HAProxy stops at the first error of this kind.
            let dir = tempfile::tempdir().expect("a directory");
            let [theirs, ours] = ["haproxy", env!("CARGO_BIN_EXE_tidegate")]
                .map(|program| said(program, std::slice::from_ref(rule), dir.path()));
            if theirs[0].is_some() != ours[0].is_some() {
                wrong.push_str(&format!("{rule}\n  {theirs:?}\n  {ours:?}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "HAProxy's first, ours second:\n{wrong}");
}

#[test]
fn broken_rules_of_tcp_are_refused_in_haproxys_words() {
    let mut wrong = String::new();
    for set in RULESETS
        .iter()
        .filter(|set| set.keyword.starts_with("tcp-"))
    {
        let names = set
            .entries()
            .filter(|entry| entry.needs.is_none() && !APART.contains(&entry.name))
            .map(|entry| (entry.name, entry.open));
        let rules = rules(set.keyword, names);
        assert!(rules.len() > 50, "{}", set.keyword);
        // HAProxy gives up after 50 errors.
        for some in rules.chunks(40) {
            let dir = tempfile::tempdir().expect("a directory");
            let theirs = said("haproxy", some, dir.path());
            let ours = said(env!("CARGO_BIN_EXE_tidegate"), some, dir.path());
            for ((rule, theirs), ours) in some.iter().zip(theirs).zip(ours) {
                if theirs.is_some() != ours.is_some() || (theirs != ours && worded(rule, &theirs)) {
                    wrong.push_str(&format!("{rule}\n  {theirs:?}\n  {ours:?}\n"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "HAProxy's first, ours second:\n{wrong}");
}
