//! What is said when a server changes, in HAProxy's words: scripts and people look for them.

use std::fmt::Write;

use crate::plan;
use crate::settings::Kind;
use crate::state::{Health, Operational};

use super::code::{Finding, Verdict};
use super::health;

/// Syslog levels used here.
pub mod level {
    /// The whole backend is down.
    pub const EMERG: u8 = 0;
    /// A server is down.
    pub const ALERT: u8 = 1;
    /// Everything else.
    pub const NOTICE: u8 = 5;
}

/// Why a server changed, as far as its message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why<'a> {
    /// Nothing is said (the check's own line said it, or a tracked server did).
    Silent,
    /// A word: `changed from CLI`.
    Word(&'a str),
    /// A check.
    Check(&'a Finding),
}

/// Numbers at the end of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// Usable active servers.
    pub active: u32,
    /// Usable backup servers.
    pub backup: u32,
    /// Sessions on the server.
    pub sessions: u32,
    /// Requests moved to or from its queue.
    pub requeued: u32,
    /// Requests in its queue.
    pub queued: u32,
}

/// `Backup Server be/s1` or `Server be/s1`.
pub fn subject(proxy: &plan::Proxy, server: &plan::Server) -> String {
    let backup = if server.settings.backup {
        "Backup "
    } else {
        ""
    };
    format!("{backup}Server {}/{}", proxy.name, server.settings.name)
}

/// `, reason: …, code: …, info: "…", check duration: …`
pub fn reason(finding: &Finding) -> String {
    let mut text = format!(", reason: {}", finding.code.text());
    if finding.code.has_number() {
        let _ = write!(text, ", code: {}", finding.number);
    }
    if !finding.info.is_empty() {
        let _ = write!(text, ", info: \"{}\"", visible(&finding.info));
    }
    if let Some(ms) = finding.duration_ms {
        let _ = write!(text, ", check duration: {ms}ms");
    }
    text
}

/// Keeps a log line one line: what a server says may hold anything.
fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            let _ = write!(out, "\\x{:02X}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// The tail of a state change: ` via …`, the reason, the numbers.
pub fn tail(to: Operational, via: Option<&str>, why: Why<'_>, left: Left) -> String {
    let mut text = String::new();
    if let Some(via) = via {
        let _ = write!(text, " via {via}");
    }
    match why {
        Why::Silent => {}
        Why::Word(word) => {
            let _ = write!(text, ", {word}");
        }
        Why::Check(finding) => text.push_str(&reason(finding)),
    }
    let on_backup = if left.active == 0 && left.backup > 0 {
        " Running on backup."
    } else {
        ""
    };
    let (active, backup, requeued, queued) = (left.active, left.backup, left.requeued, left.queued);
    let _ = if to == Operational::Stopped {
        let sessions = left.sessions;
        write!(
            text,
            ". {active} active and {backup} backup servers left.{on_backup} {sessions} sessions active, \
             {requeued} requeued, {queued} remaining in queue."
        )
    } else {
        write!(
            text,
            ". {active} active and {backup} backup servers online.{on_backup} {requeued} sessions requeued, \
             {queued} total in queue."
        )
    };
    text
}

/// The line of `option log-health-checks`.
pub fn check_line(
    proxy: &plan::Proxy,
    server: &plan::Server,
    health: &Health,
    weight: u32,
    finding: &Finding,
) -> String {
    let backup = if server.settings.backup {
        "backup "
    } else {
        ""
    };
    let how = match finding.code.verdict() {
        Verdict::Conditional => "conditionally succeeded",
        Verdict::Passed => "succeeded",
        Verdict::Failed | Verdict::Neutral => "failed",
    };
    let (at, of) = health::progress(health);
    let state = match (health.counter >= health.rise, weight) {
        (false, _) => "DOWN",
        (true, 0) => "DRAIN",
        (true, _) => "UP",
    };
    format!(
        "Health check for {backup}server {}/{} {how}{}, status: {at}/{of} {state}.",
        proxy.name,
        server.settings.name,
        reason(finding)
    )
}

/// `backend 'be' has no server available!` on stderr (quoted), in logs without quotes.
pub fn no_server(proxy: &plan::Proxy, quoted: bool) -> String {
    let kind = match proxy.kind {
        Kind::Listen => "proxy",
        other => other.keyword(),
    };
    let quote = if quoted { "'" } else { "" };
    format!(
        "{kind} {quote}{}{quote} has no server available!",
        proxy.name
    )
}
