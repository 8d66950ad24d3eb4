//! Actions: what rules do (manual 4.2 `http-request`, `tcp-request` and kin), and rulesets.
//!
//! `config` reads rules here, the engine runs a [`Ruleset`] at each checkpoint and acts on the
//! [`Flow`]. Actions are synchronous; only the engine awaits.

use std::sync::Arc;

use crate::acl::{Cond, Outcome};
use crate::diag::Diagnostic;
use crate::http::Reply;
use crate::sample::{Context, Pending, Scope};
use crate::settings::ErrorFile;
use crate::syntax::Cursor;

/// What the engine has to do after an action or a ruleset.
#[derive(Debug)]
pub enum Flow {
    /// Go on with the next rule (after a ruleset: all rules were seen, go on).
    Continue,
    /// A final `allow`/`accept`: skip the rest of this ruleset, go on.
    Accept,
    /// More data is needed before a rule can decide; run again when it has come.
    Wait,
    /// `deny`: send this reply (`None`: the proxy's error page of the status), count a denied request.
    Deny(u16, Option<Box<Reply>>),
    /// `tarpit`: wait `timeout tarpit`, then as `Deny`.
    Tarpit(u16, Option<Box<Reply>>),
    /// `reject`: close without an answer.
    Reject,
    /// `silent-drop`: vanish without telling the client.
    SilentDrop,
    /// `return`, `redirect`, `auth`, `monitor`: send this reply; an interception, not an error.
    Reply(Box<Reply>),
    /// `close` of `tcp-response content`: close the server side.
    Close,
    /// `use-service`: let this internal service answer.
    Service(Service),
    /// Wait this many milliseconds, then go on with the next rule (`pause`, 3.x).
    Pause(u64),
    /// Wait for the body: time, and how many bytes (0: until the buffer is full or the end).
    WaitForBody(u64, usize),
    /// Send an informational response (103 early hints) and go on.
    Hint(Box<Reply>),
    /// An action failed in a way that HAProxy answers with 500.
    Internal,
}

/// Internal services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The status page.
    Stats,
}

/// A linked action.
pub struct Action {
    run: Box<dyn Fn(&mut Scope<'_>) -> Flow + Send + Sync>,
}

impl Action {
    /// An action that runs this.
    pub fn new(run: Box<dyn Fn(&mut Scope<'_>) -> Flow + Send + Sync>) -> Self {
        Self { run }
    }
    /// Does it.
    pub fn run(&self, scope: &mut Scope<'_>) -> Flow {
        (self.run)(scope)
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Action")
    }
}

/// A linked rule: an action and when to run it.
#[derive(Debug)]
pub struct Rule {
    /// `if`/`unless`; `None` always.
    pub cond: Option<Cond>,
    /// What to do.
    pub action: Action,
    /// `file:line`, for logs and the status page.
    pub place: Arc<str>,
}

/// Rules of one checkpoint, in order.
#[derive(Debug, Default)]
pub struct Ruleset {
    /// The rules.
    pub rules: Vec<Rule>,
}

impl Ruleset {
    /// Runs rules from number `from` on. Answers the flow, and the number of the rule that gave it: the
    /// engine comes back with that number after [`Flow::Wait`] and with the next one after a pause.
    pub fn run(&self, from: usize, scope: &mut Scope<'_>) -> (Flow, usize) {
        for (at, rule) in self.rules.iter().enumerate().skip(from) {
            match rule
                .cond
                .as_ref()
                .map_or(Outcome::Pass, |cond| cond.test(scope))
            {
                Outcome::Pass => {}
                Outcome::Fail => continue,
                Outcome::Wait => return (Flow::Wait, at),
            }
            match rule.action.run(scope) {
                Flow::Continue => {}
                flow => {
                    if !matches!(flow, Flow::Accept | Flow::Wait | Flow::Pause(_)) {
                        scope.txn.cause_line = Some(rule.place.clone());
                    }
                    return (flow, at);
                }
            }
        }
        (Flow::Continue, self.rules.len())
    }
}

/// Reads what follows `http-request`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn http_request_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `http-response`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn http_response_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `http-after-response`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn http_after_response_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `tcp-request connection`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn tcp_request_connection_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `tcp-request session`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn tcp_request_session_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `tcp-request content`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn tcp_request_content_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `tcp-response content`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn tcp_response_content_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `redirect` at the beginning of a line; runs after all `http-request` rules.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn redirect_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `stats http-request`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn stats_http_request_rule(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `http-error`: the status and its reply.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn http_error(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<(u16, ErrorFile), Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `set-var` in `global`: `<name> <expr>`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn global_set_var(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Action>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}

/// Reads what follows `set-var-fmt` in `global`: `<name> <fmt>`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn global_set_var_fmt(
    cursor: &mut Cursor<'_>,
    _: &mut Context<'_>,
) -> Result<Pending<Action>, Box<Diagnostic>> {
    Err(Box::new(Diagnostic::alert(
        cursor.span(),
        "rules are not available yet",
    )))
}
