//! The master's own commands (`-S`; management guide 9.4). Sending commands on to a worker (`@1`) is not
//! there yet.

use std::rc::Rc;
use std::time::Duration;

use crate::net::listen::Listener;

use super::help;
use super::session::converse;

/// No command of the master takes a payload of more.
const PAYLOAD: usize = 1 << 16;
/// How long a session may be silent.
const IDLE: Duration = Duration::from_secs(10);

/// What the commands work on.
pub struct Office {
    /// Asks for a reload.
    pub reload: Box<dyn Fn()>,
    /// The table of `show proc`.
    pub processes: Box<dyn Fn() -> String>,
}

const COMMANDS: [(&str, &str); 3] = [
    ("reload", "reload haproxy"),
    ("show proc", "show processes status"),
    ("show version", "show version of the current process"),
];

fn execute(office: &Office, words: &[&str]) -> String {
    match words {
        ["reload"] => {
            (office.reload)();
            String::new()
        }
        ["show", "proc", ..] => (office.processes)(),
        ["show", "version", ..] => format!("{}\n", env!("CARGO_PKG_VERSION")),
        ["help", ..] => listing("The following commands are valid at this level:"),
        _ => listing("Unknown command. Please enter one of the following commands only:"),
    }
}

fn listing(head: &str) -> String {
    let mut out = format!("{head}\n");
    for (usage, doc) in COMMANDS.iter().chain(&help::SESSION) {
        help::row(&mut out, usage, doc);
    }
    out
}

/// Serves the master's socket until it ends. Must run in a `LocalSet`.
pub async fn serve(office: Rc<Office>, listener: Listener) {
    loop {
        let ready = std::future::poll_fn(|cx| listener.poll_ready(cx)).await;
        match ready.and_then(|()| listener.accept()) {
            Ok(None) => {}
            // One after the other: an operator's socket, and each session is short.
            Ok(Some((stream, _))) => {
                let _ = converse(&stream, IDLE, PAYLOAD, "master> ", |words, _| {
                    execute(&office, words).into()
                })
                .await;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
