//! What HTTP clients meet beside answers: here, leaving before there is one. HAProxy is held to the same.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use support::{Client, LogSink, Program, Who, both, free_port};

/// The termination letters of a request whose client leaves while the server is being tried.
fn letters_of_a_leaver(who: Who, option: &str) -> String {
    let sink = LogSink::new();
    let (port, dead) = (free_port(), free_port());
    let config = format!(
        "global
  log 127.0.0.1:{} local0
defaults
  mode http
  log global
  option httplog
  {option}
  retries 2
  timeout client 9s
  timeout server 9s
  timeout connect 300
listen l
  bind 127.0.0.1:{port}
  server s 127.0.0.1:{dead}
",
        sink.port
    );
    let _proxy = Program::start(who, &config, &[port]);
    // The connection that waited for the listener.
    sink.line();
    Client::connect(port).send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    let line = sink.line();
    let words = line.split(' ');
    let letters = words.filter(|word| word.len() == 4 && word.ends_with("--"));
    letters.last().expect("letters in the line").to_owned()
}

#[test]
fn whoever_leaves_is_waited_for_unless_abortonclose() {
    for who in both() {
        assert_eq!(
            letters_of_a_leaver(who, "option abortonclose"),
            "CC--",
            "{who:?}"
        );
        assert_eq!(
            letters_of_a_leaver(who, "no option abortonclose"),
            "SC--",
            "{who:?}"
        );
    }
}
