//! Everything that reads text, fed with noise: nothing panics, nothing hangs, every refusal has a place.
//!
//! Three kinds of noise: any bytes; soups of words that mean something somewhere; a good
//! configuration with a few of its bytes or words changed. What loads without an alert is linked as
//! well. The codec of HTTP/1 has its properties beside it, and what
//! peers send is fed with noise of its own.

use std::sync::Arc;

use proptest::prelude::*;
use tidegate::config::{self, Options};
use tidegate::diag::{Severity, Sources, render};
use tidegate::plan;
use tidegate::state::State;
use tidegate::syntax::Env;

/// A configuration that holds a bit of everything that is read.
const GOOD: &str = include_str!("good.cfg");

/// A table of text keys with names of servers, of arrays, and an entry of each, as HAProxy sent them.
const PEER: &[u8] = b"\x0a\x82\x0e\x05\x02t4\x06\x1f\xf5\xf1\xfe\x00\xf0\xe5\xed\x05\
    \x0a\x85\x12\x00\x00\x00\x02\x00\x1b\x6f\x8b\x02h2\x01\x00\x04\x01\x02s1\
    \x0a\x82\x14\x03\x02t2\x05\x10\xf0\xf1\xfe\x6e\x00\x16\x03\x17\x04\x18\x05\xf8\x94\x08\
    \x0a\x81\x2a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\
    \x00\x00\x00\x00\x00\x00\x00\xf0\x00\x00\x00\xf0\x00\x00\x00\xf0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

/// Loads, renders what is said, links; checks that alerts about lines say where.
fn swallow(text: &[u8]) -> Result<(), TestCaseError> {
    let mut sources = Sources::default();
    sources.add("noise.cfg", text.to_vec());
    let loaded = config::load(sources, Env::default(), &Options::default());
    for diagnostic in &loaded.diagnostics {
        let shown = render::diagnostic(diagnostic, &loaded.sources, 1);
        prop_assert!(shown.starts_with('['), "{shown}");
        if let Some(span) = diagnostic.span {
            let lines = text.iter().filter(|b| **b == b'\n').count() + 1;
            prop_assert!(span.line as usize <= lines, "line {} of {lines}", span.line);
            prop_assert!(span.start <= span.end, "{span:?}");
        }
    }
    if !loaded
        .diagnostics
        .iter()
        .any(|d| d.severity == Severity::Alert)
    {
        plan::link(&loaded.config, &Arc::new(State::default()), None);
    }
    Ok(())
}

/// Words of the good configuration, and some that break things.
fn vocabulary() -> Vec<String> {
    let breakers = [
        "",
        "\"",
        "'",
        "\\",
        "%[",
        "]",
        "%[hdr(",
        "{",
        "}",
        "{ }",
        "!",
        "if",
        "or",
        "-1",
        "0",
        "99999999999999999999",
        "1000000000h",
        "*:",
        ":",
        "@",
        "ipv6@",
        "fd@-1",
        "::",
        "[::1",
        "%",
        "%%",
        "%{+Q",
        "hdr(host),,",
        "str(a\\),lower",
        "regsub(([,b)",
        "$",
        "${",
        "\"${A-",
        "\"${A[*]}\"",
        "sub(a,",
        "bytes(-9223372036854775808)",
        "field(0,:)",
        "int(9223372036854775807),add(1)",
        ".if",
        ".endif",
        ".else",
        "no",
        "default",
        "0.0.0.0:1-70000",
        "weight",
        "m",
        "-m",
        "-f",
        "/dev/null",
        "div(0)",
        "mod(0)",
        "\u{0}",
        "é",
    ];
    let words = GOOD.split_whitespace().map(str::to_owned);
    words.chain(breakers.map(str::to_owned)).collect()
}

fn line() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vocabulary()), 0..9)
        .prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_peer(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        tidegate::peers::understand(&bytes, 16_384);
    }

    /// What a peer sends, with a few bytes changed.
    #[test]
    fn a_peer_that_errs(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6)) {
        let mut bytes = PEER.to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        tidegate::peers::understand(&bytes, 16_384);
    }

    #[test]
    fn any_bytes(text in prop::collection::vec(any::<u8>(), 0..600)) {
        swallow(&text)?;
    }

    #[test]
    fn word_soup(section in prop::sample::select(vec!["global", "defaults", "frontend f", "backend b", "listen l", "userlist u"]),
                 lines in prop::collection::vec(line(), 1..12)) {
        swallow(format!("{section}\n{}\n", lines.join("\n")).as_bytes())?;
    }

    #[test]
    fn good_with_bytes_changed(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut text = GOOD.as_bytes().to_vec();
        for (at, byte) in changes {
            let at = at.index(text.len());
            text[at] = byte;
        }
        swallow(&text)?;
    }

    #[test]
    fn good_with_words_changed(changes in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vocabulary())), 1..4)) {
        let mut lines: Vec<Vec<String>> = GOOD.lines().map(|l| l.split(' ').map(str::to_owned).collect()).collect();
        for (at, word) in changes {
            let flat: usize = at.index(lines.iter().map(Vec::len).sum());
            let mut left = flat;
            for words in &mut lines {
                if left < words.len() {
                    words[left] = word;
                    break;
                }
                left -= words.len();
            }
        }
        let text: Vec<String> = lines.iter().map(|words| words.join(" ")).collect();
        swallow(text.join("\n").as_bytes())?;
    }
}

#[test]
fn the_good_configuration_is_good() {
    let mut sources = Sources::default();
    sources.add("good.cfg", GOOD.as_bytes().to_vec());
    let loaded = config::load(sources, Env::default(), &Options::default());
    let alerts: Vec<String> = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Alert)
        .map(|d| render::diagnostic(d, &loaded.sources, 1))
        .collect();
    assert!(alerts.is_empty(), "{}", alerts.join("\n"));
    let (plan, diagnostics) = plan::link(&loaded.config, &Arc::new(State::default()), None);
    assert!(plan.is_some(), "{diagnostics:?}");
}
