//! Generated expressions on generated traffic have the values that HAProxy gives them, byte for byte, and
//! are refused where it refuses them. Nothing here is chance: the seeds are written down.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test says by panicking what is wrong"
)]

mod arguments;
mod chance;
mod corpus;
mod proxy;
#[path = "../support/mod.rs"]
mod support;
mod traffic;

use chance::Chance;
use corpus::{Corpus, Known};
use proxy::{Batch, Bench};
use support::{Who, run_to_end};
use tidegate::sample::Place;

/// How many requests each expression sees.
const REQUESTS: usize = 28;

fn known() -> Known {
    Known::of(
        &run_to_end(
            Who::Haproxy,
            &["-dKsmp,cnv", "-q", "-c", "-f", "/dev/null"],
            None,
        )
        .out,
    )
}

#[test]
fn generated_expressions_have_haproxys_values() {
    let bench = Bench::new();
    let known = known();
    let mut corpus = Corpus::new(1, &known, bench.maps());
    let mut batches = Vec::new();
    for (place, rule, more) in [
        (Place::FrontRequest, "http-request set-var(txn.v{})", 1500),
        (Place::FrontResponse, "http-response set-var(txn.v{})", 300),
        (
            Place::FrontResponse,
            "http-after-response set-var(txn.v{})",
            60,
        ),
        (
            Place::FrontContent,
            "tcp-request content set-var(txn.v{})",
            60,
        ),
        (
            Place::TcpSession,
            "tcp-request session set-var(sess.v{})",
            60,
        ),
    ] {
        let all = corpus.at(place, more, false);
        batches.extend(all.chunks(60).map(|part| Batch::new(rule, part)));
    }
    let mut chance = Chance::new(2);
    let requests: Vec<Vec<u8>> = (0..REQUESTS)
        .map(|at| traffic::request(&mut chance, at))
        .collect();
    let mut differing = bench.agree(&mut batches);
    let compared = bench.compare(&batches, &requests, &mut differing);
    differing.sort();
    let shown = differing
        .iter()
        .take(150)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        differing.is_empty(),
        "{} of {compared} differ:\n{shown}",
        differing.len()
    );
    assert!(compared > 40_000, "too little is compared: {compared}");
}

#[test]
fn generated_expressions_are_refused_alike() {
    let bench = Bench::new();
    let known = known();
    let mut corpus = Corpus::new(3, &known, bench.maps());
    let mut all = corpus.at(Place::Acl, 1500, true);
    // HAProxy looks at this one's patterns as well.
    all.retain(|text| !text.starts_with("http_auth_group"));
    // Nor does its sum of offsets end at the greatest number.
    all.retain(|text| !(text.contains("payload_lv") && text.contains("9999")));
    let [theirs, ours] = support::both().map(|who| bench.refused(who, &all));
    let differing: Vec<String> = all
        .iter()
        .enumerate()
        .filter(|(at, _)| theirs.contains(at) != ours.contains(at))
        .map(|(at, text)| {
            format!(
                "{}: {text}",
                if ours.contains(&at) {
                    "only we refuse"
                } else {
                    "only HAProxy refuses"
                }
            )
        })
        .collect();
    assert!(
        differing.is_empty(),
        "{} of {}:\n{}",
        differing.len(),
        all.len(),
        differing.join("\n")
    );
    assert!(
        theirs.len() > 200 && all.len() - theirs.len() > 200,
        "both verdicts occur"
    );
}
