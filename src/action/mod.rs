//! Actions: what rules do (manual 4.2 `http-request`, `tcp-request` and kin), and rulesets.
//!
//! `config` reads rules here, the engine runs a [`Ruleset`] at each checkpoint and acts on the
//! [`Flow`]. Actions are synchronous; only the engine awaits. Every action is one [`Entry`] in the tables of
//! the rulesets that offer it; a family of actions is one file. Must not know sockets or the engine.

mod absent;
mod advice;
mod arguments;
mod capture;
mod connection;
mod control;
mod counters;
mod expect;
mod header;
mod map;
mod normalize;
mod old;
mod read;
mod redirect;
mod reply;
mod resolve;
mod rewrite;
mod rule;
mod rulesets;
mod status;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod timeout;
mod variable;

use std::sync::Arc;

use crate::http::Reply;
use crate::sample::Scope;

pub use old::{OldRule, OldVerb, old_rule};
pub use reply::http_error;
pub use resolve::Lookup;
pub use rule::{
    Rule, Ruleset, http_after_response_rule, http_request_rule, http_response_rule, redirect_rule,
    stats_http_request_rule, tcp_request_connection_rule, tcp_request_content_rule,
    tcp_request_session_rule, tcp_response_content_rule,
};
pub use rulesets::{RULESETS, Sort, dump};
pub use table::Entry;
pub use variable::{check_variable, global_set_var, global_set_var_fmt};

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
    /// `silent-drop`: vanish without telling the client. With `rst-ttl` a reset is sent that so many routers pass on.
    SilentDrop(Option<u8>),
    /// `return`, `redirect`, `auth`, `monitor`: send this reply; an interception, not an error.
    Reply(Box<Reply>),
    /// `return` with `default-errorfiles`: as `Reply`, with the proxy's error page of this status.
    Page(u16),
    /// `switch-mode http`: the stream goes on in HTTP mode; it is there already in an HTTP proxy.
    SwitchMode,
    /// `close` of `tcp-response content`: close the server side.
    Close,
    /// `auth`: ask for credentials of this realm: the proxy's page for 401 (407 to a client that means a
    /// proxy) with a challenge.
    Auth(Arc<str>),
    /// `use-service`: let this internal service answer.
    Service(Service),
    /// Wait until the TLS handshake is complete, then go on with the next rule.
    Settle,
    /// Wait this many milliseconds, then go on with the next rule (`pause`, 3.x).
    Pause(u64),
    /// Wait for the body: time, and how many bytes (0: until the buffer is full or the end).
    WaitForBody(u64, usize),
    /// `do-resolve`: find the address, set the variable, then go on with the next rule.
    Resolve(Box<Lookup>),
    /// Send an informational response (103 early hints) and go on.
    Hint(Box<Reply>),
    /// What a rule makes does not fit the buffer, which HAProxy answers with 500 and takes for the proxy's doing.
    NoRoom,
    /// An action failed in a way that HAProxy answers with 500 and takes for an internal error.
    Internal,
}

/// Internal services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The status page.
    Stats,
    /// The exporter of metrics for Prometheus.
    Exporter,
}

/// A linked action.
pub struct Action {
    run: Run,
    hint: bool,
}

/// What an action does.
pub type Run = Box<dyn Fn(&mut Scope<'_>) -> Flow + Send + Sync>;

impl Action {
    /// An action that runs this.
    pub fn new(run: Run) -> Self {
        Self { run, hint: false }
    }
    /// An action that answers [`Flow::Hint`]; neighbours are sent as one.
    pub fn hint(run: Run) -> Self {
        Self { run, hint: true }
    }
    /// Does it.
    pub fn run(&self, scope: &mut Scope<'_>) -> Flow {
        (self.run)(scope)
    }
    /// True for one made by [`Self::hint`].
    pub fn is_hint(&self) -> bool {
        self.hint
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Action")
    }
}

/// What an action does whose expression gives nothing: in content rules what it lacks may still come.
fn lacking(content: bool, scope: &Scope<'_>) -> Flow {
    match content && scope.waiting.take() {
        true => Flow::Wait,
        false => Flow::Continue,
    }
}
