//! Rules: an action and its condition; reading them, and running them in order.

use std::sync::Arc;

use super::read::Words;
use super::rulesets::{self, Sort};
use super::{Action, Flow, advice, redirect};
use crate::acl::{self, Cond, Outcome};
use crate::diag::{Diagnostic, Lead};
use crate::http::Reply;
use crate::sample::{Context, Pending, Scope};
use crate::settings::Kind;
use crate::syntax::{Cursor, Word};

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

impl Rule {
    fn outcome(&self, scope: &Scope<'_>) -> Outcome {
        self.cond
            .as_ref()
            .map_or(Outcome::Pass, |cond| cond.test(scope))
    }
}

impl Ruleset {
    /// Runs rules from number `from` on. Answers the flow, and the number of the rule that gave it: the
    /// engine comes back with that number after [`Flow::Wait`] and with the next one after whatever else
    /// lets the ruleset go on ([`Flow::Pause`], [`Flow::Hint`]).
    pub fn run(&self, from: usize, scope: &mut Scope<'_>) -> (Flow, usize) {
        if from == 0 {
            // `strict-mode` holds to the end of its ruleset.
            scope.txn.rewriting.lenient = false;
        }
        for (at, rule) in self.rules.iter().enumerate().skip(from) {
            match rule.outcome(scope) {
                Outcome::Pass => {}
                Outcome::Fail => continue,
                Outcome::Wait => return (Flow::Wait, at),
            }
            match rule.action.run(scope) {
                Flow::Continue => {}
                Flow::Hint(reply) => return self.hints(reply, at, scope),
                flow => {
                    if flow.ends() {
                        scope.txn.cause_line = Some(rule.place.clone());
                    }
                    return (flow, at);
                }
            }
        }
        (Flow::Continue, self.rules.len())
    }

    /// The hints that follow directly belong to the same informational response.
    fn hints(&self, mut reply: Box<Reply>, from: usize, scope: &mut Scope<'_>) -> (Flow, usize) {
        let mut last = from;
        for rule in self
            .rules
            .iter()
            .skip(from + 1)
            .take_while(|rule| rule.action.is_hint())
        {
            last += 1;
            if rule.outcome(scope) == Outcome::Pass
                && let Flow::Hint(more) = rule.action.run(scope)
            {
                for (name, value) in more.head.fields() {
                    reply.head.add(name, value);
                }
            }
        }
        (Flow::Hint(reply), last)
    }
}

impl Flow {
    /// True if it ends the stream's way to a server (the rule is its cause).
    fn ends(&self) -> bool {
        !matches!(
            self,
            Self::Continue
                | Self::Accept
                | Self::Wait
                | Self::Pause(_)
                | Self::WaitForBody(..)
                | Self::Resolve(_)
                | Self::Hint(_)
        )
    }
}

type Refusal = Box<Diagnostic>;

/// What HAProxy says to a word that should have begun a condition.
pub(super) fn no_condition(rule: &str, found: &Word, words: &Words<'_, '_, '_>) -> Refusal {
    let line = &words.cursor.line().words;
    let keyword = line
        .first()
        .map(|word| word.text().into_owned())
        .unwrap_or_default();
    let found_text = found.text();
    let mut error = Diagnostic::alert(
        found.span,
        format!(
            "'{keyword} {rule}' expects either 'if' or 'unless' followed by a condition but found '{found_text}'."
        ),
    )
    .lead(Lead::Reading);
    error
        .help
        .extend(advice::condition(rule, &found_text, words.cx.acls));
    Box::new(error)
}

fn read(
    sort: Sort,
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    let set = rulesets::of(sort);
    let keyword = set.keyword;
    let span = cursor.span();
    let word = cursor.take();
    let text = word
        .map(|word| word.text().into_owned())
        .unwrap_or_default();
    let (Some(name), Some(entry)) = (word, set.find(&text)) else {
        return Err(unknown(set, &text, span));
    };
    if let Sort::HttpRequest | Sort::HttpResponse | Sort::HttpAfterResponse = sort
        && cx.kind == Kind::Defaults
        && cx.proxy.is_empty()
    {
        return Err(Box::new(Diagnostic::alert(
            name.span,
            format!("'{keyword}' not allowed in anonymous 'defaults' section."),
        )));
    }
    if entry.experimental && !cx.experimental {
        let message = format!(
            "'{text}' action is experimental, must be allowed via a global 'expose-experimental-directives'"
        );
        return Err(Box::new(Diagnostic::alert(name.span, message).help(
            "write `expose-experimental-directives` into a `global` section above",
        )));
    }
    let label = format!("{keyword} {text}");
    let action = {
        let mut words = Words { cursor, cx, name };
        match entry.needs {
            Some(needs) => words.absent(needs),
            None => (entry.read)(&mut words),
        }
    };
    let action = action.map_err(|error| explain(error, &label, cx))?;
    finish(action, &label, cursor, cx)
}

/// How messages call a kind of section.
fn section(kind: Kind) -> &'static str {
    match kind {
        Kind::Frontend => "frontend",
        Kind::Backend => "backend",
        Kind::Listen => "proxy",
        Kind::Defaults => "defaults",
    }
}

/// HAProxy's words around what is wrong with an action.
fn explain(mut error: Refusal, label: &str, cx: &Context<'_>) -> Refusal {
    if label.starts_with("tcp-") {
        // Rules of TCP say no more than their action does, but for these.
        if label.contains(" track-sc") || label.ends_with(" capture") {
            error.message = format!("'{label}' : {}", error.message);
        }
    } else if !error.message.contains("followed by a condition") {
        let what = section(cx.kind);
        let proxy = cx.proxy;
        error.message = format!(
            "error detected in {what} '{proxy}' while parsing '{label}' rule : {}.",
            error.message
        );
    }
    error
}

/// The condition, and the rule.
pub(super) fn finish(
    action: Pending<Action>,
    label: &str,
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    let place: Arc<str> = format!("{}:{}", cx.file, cursor.line().span.line).into();
    let acls = cx.acls;
    let next = cursor.peek().map(|word| word.text().into_owned());
    let cond = acl::condition(cursor, cx).map_err(|mut error| {
        error.message = if error.message.starts_with("expects either") {
            let action = label.rsplit(' ').next().unwrap_or_default();
            let advice = advice::condition(action, next.as_deref().unwrap_or_default(), acls);
            error.help = advice.into_iter().collect();
            let tcp = label.starts_with("tcp-");
            error.lead = match label.starts_with("http-") {
                true => Lead::Reading,
                false => Lead::Parsing,
            };
            let found = next.as_deref().unwrap_or_default();
            match tcp {
                true => format!(
                    "'{label}' only accepts 'if' or 'unless', in {} '{}' (got '{found}')",
                    section(cx.kind),
                    cx.proxy
                ),
                false => format!("'{label}' {}", error.message),
            }
        } else {
            let word = next.as_deref().unwrap_or_default();
            match label.starts_with("tcp-") {
                true => format!(
                    "'{label}' : error detected in {} '{}' while parsing '{word}' condition : {}",
                    section(cx.kind),
                    cx.proxy,
                    error.message
                ),
                false => format!(
                    "error detected while parsing an '{label}' condition : {}.",
                    error.message
                ),
            }
        };
        error
    })?;
    Ok(Pending::new(move |linker| {
        Ok(Rule {
            cond: cond.as_ref().map(|cond| cond.link(linker)).transpose()?,
            action: action.link(linker)?,
            place: place.clone(),
        })
    }))
}

fn unknown(set: &rulesets::Ruleset, found: &str, span: crate::diag::Span) -> Refusal {
    let shown = |entry: &super::Entry| {
        let star = if entry.open { "(*)" } else { "" };
        format!("'{}{star}'", entry.name)
    };
    let names: Vec<String> = set.entries().map(shown).collect();
    let missing = if found.is_empty() {
        " (missing argument)"
    } else {
        ""
    };
    let mut error = Diagnostic::alert(
        span,
        format!(
            "'{}' expects {}, but got '{found}'{missing}.",
            set.keyword,
            names.join(", ")
        ),
    );
    error.help.extend(advice::action(set, found));
    if let Sort::HttpRequest | Sort::HttpResponse | Sort::HttpAfterResponse = set.sort {
        error = error.lead(Lead::Reading);
    }
    Box::new(error)
}

/// Reads what follows `http-request`.
///
/// # Errors
/// An unknown action, a bad argument, a bad condition.
pub fn http_request_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::HttpRequest, cursor, cx)
}

/// Reads what follows `http-response`.
///
/// # Errors
/// As [`http_request_rule`].
pub fn http_response_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::HttpResponse, cursor, cx)
}

/// Reads what follows `http-after-response`.
///
/// # Errors
/// As [`http_request_rule`].
pub fn http_after_response_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::HttpAfterResponse, cursor, cx)
}

/// Reads what follows `tcp-request connection`.
///
/// # Errors
/// As [`http_request_rule`].
pub fn tcp_request_connection_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::TcpConnection, cursor, cx)
}

/// Reads what follows `tcp-request session`.
///
/// # Errors
/// As [`http_request_rule`].
pub fn tcp_request_session_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::TcpSession, cursor, cx)
}

/// Reads what follows `tcp-request content`.
///
/// # Errors
/// As [`http_request_rule`].
pub fn tcp_request_content_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::TcpContent, cursor, cx)
}

/// Reads what follows `tcp-response content`.
///
/// # Errors
/// As [`http_request_rule`].
pub fn tcp_response_content_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::TcpResponse, cursor, cx)
}

/// Reads what follows `stats http-request`.
///
/// # Errors
/// As [`http_request_rule`].
pub fn stats_http_request_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    read(Sort::Stats, cursor, cx)
}

/// Reads what follows `redirect` at the beginning of a line; it runs after all `http-request` rules. Its target is
/// text, no format.
///
/// # Errors
/// As [`http_request_rule`].
pub fn redirect_rule(
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Refusal> {
    let Some(name) = cursor.last() else {
        return Err(Box::new(Diagnostic::alert(
            cursor.span(),
            "redirect expects a target",
        )));
    };
    let action = redirect::read(&mut Words { cursor, cx, name }, false).map_err(|mut error| {
        let proxy = cx.proxy;
        error.message = format!(
            "error detected in {} '{proxy}' while parsing redirect rule : {}.",
            section(cx.kind),
            error.message
        );
        error
    })?;
    finish(action, "redirect", cursor, cx)
}
