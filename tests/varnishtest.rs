//! Scenarios of `tests/vtc`, driven by `varnishtest`: one more client and server that no one here wrote.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

use std::path::Path;
use std::process::Command;

#[test]
fn scenarios_of_varnishtest_pass() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vtc");
    let mut scenarios: Vec<_> = std::fs::read_dir(dir)
        .expect("scenarios are there")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    scenarios.sort();
    assert!(!scenarios.is_empty());
    for scenario in scenarios {
        let output = Command::new("varnishtest")
            .args(["-t", "60"])
            .arg(&scenario)
            .env("HAPROXY_PROGRAM", env!("CARGO_BIN_EXE_tidegate"))
            .output()
            .unwrap_or_else(|error| {
                panic!("varnishtest does not start ({error}); is it installed?")
            });
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{}:\n{told}", scenario.display());
    }
}
