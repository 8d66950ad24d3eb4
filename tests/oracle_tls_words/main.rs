//! The words of TLS held against HAProxy's and OpenSSL's: which lines load, what lists leave, what clients and listeners
//! agree on, whose certificates are believed, and what is said of servers whose handshakes fail.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

#[path = "../support/mod.rs"]
mod support;

mod agreed;
mod believed;
mod generated;
mod lists;
mod loaded;
mod servers;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// Certificates and lists, made once by `certificates.sh`.
fn files() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let dir = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let done = Command::new("bash")
            .current_dir(dir.path())
            .args(["-eu", "-c", include_str!("certificates.sh")])
            .stdin(Stdio::null())
            .output()
            .expect("bash and openssl are installed");
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{error}");
        dir
    });
    dir.path()
}

/// What `openssl` says to this, and whether it is content.
fn openssl(args: &[&str]) -> (bool, String) {
    let done = Command::new("openssl")
        .current_dir(files())
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed");
    (
        done.status.success(),
        String::from_utf8_lossy(&done.stdout).into_owned(),
    )
}
