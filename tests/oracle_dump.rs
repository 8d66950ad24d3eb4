//! The dumps of fetches, converters and ACL keywords have HAProxy's lines: places, parameters and types are equal for every
//! name that both know.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod support;

use std::collections::BTreeMap;

use support::{Who, both, run_to_end};

/// Names whose lines differ, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("bc_dst", "HAProxy 2.6 calls an address an integer"),
    ("bc_src", "HAProxy 2.6 calls an address an integer"),
    ("ssl_s_", "HAProxy 2.6 has them before there is a server"),
    ("aes_gcm_dec", "3.x takes additional data"),
    ("be2dec", "needs how large its pieces are, if it parts them"),
    ("be2hex", "all may be left out"),
    ("bytes", "3.x takes variables"),
    ("concat", "all may be left out"),
    ("ipmask", "gives either family"),
    ("json", "may be left out"),
    ("url_enc", "may be left out"),
];

/// The lines of a dump by its part and name.
fn lines(who: Who) -> BTreeMap<(String, String), String> {
    let args = ["-dKsmp,cnv,acl", "-q", "-c", "-f", "/dev/null"];
    let dump = run_to_end(who, &args, None).out;
    let mut part = String::new();
    let mut found = BTreeMap::new();
    for line in dump.lines() {
        if line.starts_with("# List") {
            part = line.to_owned();
        } else if !line.starts_with('#') && !line.trim().is_empty() {
            let told = line.rsplit("] ").next().filter(|_| line.starts_with('['));
            let name = told.unwrap_or(line);
            let end = name.find(['(', ':', ' ']).unwrap_or(name.len());
            let key = (part.clone(), name[..end].to_owned());
            found.insert(key, line.trim_end().to_owned());
        }
    }
    found
}

#[test]
fn what_both_know_has_the_same_line() {
    let [haproxy, tidegate] = both().map(lines);
    let mut shared = 0;
    for (key, theirs) in &haproxy {
        let Some(ours) = tidegate.get(key) else {
            continue;
        };
        shared += 1;
        let excused = DIFFERENT.iter().any(|(name, _)| match name.ends_with('_') {
            true => key.1.starts_with(name),
            false => key.1 == *name,
        });
        assert!(ours == theirs || excused, "{theirs}\n{ours}");
        assert!(
            ours != theirs || !excused || key.0.contains("ACL"),
            "{ours} needs no excuse"
        );
    }
    assert!(shared > 600, "{shared} names in common");
}
