//! Rules of HAProxy 1.x: an expression held against each line of a head (`reqrep`, `rspdel` and kin; manual 2.0, 4.2).
//!
//! `config` reads them here for words that HAProxy has removed. The first line is looked at first; where it matches, the
//! headers are not. What a replacement gives is read again as the line it stands for: a result that would be another
//! number of lines is refused, so no rule can smuggle a message.

mod line;
mod pattern;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use line::{FirstLine, Template, header_line};
use pattern::Pattern;

use super::read::{Side, Words, ready};
use super::rule::finish;
use super::table::Read;
use super::{Action, Flow, Rule};
use crate::diag::{Diagnostic, suggest};
use crate::http::Head;
use crate::sample::{Context, Pending, Scope};
use crate::syntax::Cursor;

/// What a rule of old does with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldVerb {
    /// `reqadd`: adds a header line.
    Add,
    /// `reqdel`: removes header lines that match.
    Delete,
    /// `reqrep`: replaces lines that match.
    Replace,
    /// `reqallow`: rules of this family refuse the request no more.
    Allow,
    /// `reqdeny`: refuses the message.
    Deny,
    /// `reqpass`: the rules of this family that follow in this proxy are skipped.
    Pass,
    /// `reqtarpit`: refuses the request, slowly.
    Tarpit,
    /// `reqsetbe`: sends the request to a backend, before all `use_backend` rules.
    SetBackend,
}

/// A rule of old: what it does, and whether its expression ignores case (`reqirep`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OldRule {
    /// What it does.
    pub verb: OldVerb,
    /// Whether case does not matter.
    pub icase: bool,
}

/// Reads what follows the word. Whether requests or responses are meant, `cx` says.
///
/// # Errors
/// A bad expression, a text that is no header line, a bad condition.
pub fn old_rule(
    rule: OldRule,
    cursor: &mut Cursor<'_>,
    cx: &mut Context<'_>,
) -> Result<Pending<Rule>, Box<Diagnostic>> {
    let Some(name) = cursor.last() else {
        return Err(Box::new(Diagnostic::alert(cursor.span(), "missing rule")));
    };
    let label = name.text().into_owned();
    let mut words = Words { cursor, cx, name };
    let action = match rule.verb {
        OldVerb::Add => add(&mut words),
        OldVerb::Delete => delete(&mut words, rule.icase),
        OldVerb::Replace => replace(&mut words, rule.icase),
        OldVerb::SetBackend => set_backend(&mut words, rule.icase),
        verb => judge(&mut words, verb, rule.icase),
    };
    let action = action.map_err(|mut error| {
        error.message = format!("'{label}' : {}.", error.message);
        error
    })?;
    finish(action, &label, cursor, cx)
}

fn pattern(words: &mut Words<'_, '_, '_>, icase: bool) -> Result<Pattern, Box<Diagnostic>> {
    let word = words.word("expects <search> as an argument")?;
    Pattern::new(&word.bytes, icase).map_err(|error| words.refuse_at(word.span, error))
}

/// A header line's name and value.
type Header = (Box<[u8]>, Box<[u8]>);

/// The lines of a text with `\r\n` in it: the trick by which one rule of old made two headers.
fn header_lines(text: &[u8]) -> Option<Vec<Header>> {
    Template::lines(text)
        .map(|line| header_line(line).map(|(name, value)| (name.into(), value.into())))
        .collect()
}

fn add(words: &mut Words<'_, '_, '_>) -> Read {
    let side = words.side();
    let word = words.word("expects <header> as an argument")?;
    let Some(lines) = header_lines(&word.bytes) else {
        return Err(words.refuse_at(word.span, "expects a header line: '<name>: <value>'"));
    };
    ready(move || {
        let lines = lines.clone();
        Action::new(Box::new(move |scope| {
            let head = side.head(scope);
            for (name, value) in &lines {
                head.add(name, value);
            }
            Flow::Continue
        }))
    })
}

fn delete(words: &mut Words<'_, '_, '_>, icase: bool) -> Read {
    let side = words.side();
    let pattern = pattern(words, icase)?;
    ready(move || {
        let pattern = pattern.clone();
        Action::new(Box::new(move |scope| {
            let mut line = Vec::new();
            side.head(scope)
                .retain(|name, value| !pattern.matches_header(name, value, &mut line));
            Flow::Continue
        }))
    })
}

fn judge(words: &mut Words<'_, '_, '_>, verb: OldVerb, icase: bool) -> Read {
    let side = words.side();
    let pattern = pattern(words, icase)?;
    ready(move || {
        let pattern = pattern.clone();
        Action::new(Box::new(move |scope| {
            if scope.txn.old_allowed && side == Side::Request {
                return Flow::Continue;
            }
            if !matches(&pattern, side.head(scope)) {
                return Flow::Continue;
            }
            verdict(verb, side, scope)
        }))
    })
}

fn matches(pattern: &Pattern, head: &Head) -> bool {
    let mut line = Vec::new();
    FirstLine::write(head, &mut line);
    pattern.matches_first(&line)
        || head
            .fields()
            .any(|(name, value)| pattern.matches_header(name, value, &mut line))
}

fn verdict(verb: OldVerb, side: Side, scope: &mut Scope<'_>) -> Flow {
    match (verb, side) {
        (OldVerb::Deny, Side::Request) => Flow::Deny(403, None),
        (OldVerb::Deny, Side::Response) => Flow::Deny(502, None),
        (OldVerb::Tarpit, _) => Flow::Tarpit(500, None),
        (OldVerb::Pass, _) => Flow::Accept,
        (OldVerb::Allow, _) => {
            scope.txn.old_allowed = true;
            Flow::Continue
        }
        (OldVerb::Add | OldVerb::Delete | OldVerb::Replace | OldVerb::SetBackend, _) => {
            Flow::Continue
        }
    }
}

/// The first rule that matches decides.
fn set_backend(words: &mut Words<'_, '_, '_>, icase: bool) -> Read {
    let pattern = pattern(words, icase)?;
    let word = words.word("expects <search> and <target> as arguments")?;
    let (name, span): (Arc<str>, _) = (word.text().into(), word.span);
    Ok(Pending::new(move |linker| {
        if !linker.names.backend(&name) {
            let message = format!("unable to find required backend: '{name}'.");
            let mut missing = Diagnostic::alert(span, message);
            let known = linker.names.backends();
            let known = known.iter().map(String::as_str);
            missing.help.extend(suggest::did_you_mean(&name, known));
            return Err(Box::new(missing));
        }
        let (pattern, name) = (pattern.clone(), name.clone());
        Ok(Action::new(Box::new(move |scope| {
            if scope.txn.old_backend.is_none() && matches(&pattern, &scope.txn.request.head) {
                scope.txn.old_backend = Some(name.clone());
            }
            Flow::Continue
        })))
    }))
}

fn replace(words: &mut Words<'_, '_, '_>, icase: bool) -> Read {
    const MISSING: &str = "expects <search> and <replace> as arguments";
    let side = words.side();
    let search = words.word(MISSING)?;
    let pattern =
        Pattern::new(&search.bytes, icase).map_err(|error| words.refuse_at(search.span, error))?;
    let word = words.word(MISSING)?;
    let template = Template::new(&word.bytes).map_err(|error| words.refuse_at(word.span, error))?;
    ready(move || {
        let (pattern, template) = (pattern.clone(), template.clone());
        Action::new(Box::new(move |scope| {
            let head = side.head(scope);
            match replaced(&pattern, &template, head) {
                Some(()) => Flow::Continue,
                None if side == Side::Request => Flow::Deny(400, None),
                None => Flow::Deny(502, None),
            }
        }))
    })
}

/// Replaces the first line, or every header line that matches. `None` where a result is no such line.
fn replaced(pattern: &Pattern, template: &Template, head: &mut Head) -> Option<()> {
    let (mut line, mut out) = (Vec::new(), Vec::new());
    FirstLine::write(head, &mut line);
    if let Some(groups) = pattern.find_first(&line) {
        template.first.expand(&line, &groups, &mut out)?;
        FirstLine::read(&out, head.is_request())?.put(head)?;
        for (nth, text) in template.more.iter().enumerate() {
            text.expand(&line, &groups, &mut out)?;
            let (name, value) = header_line(&out)?;
            head.insert(nth, name, value);
        }
        return Some(());
    }
    let mut at = 0;
    while let Some(field) = head.field(at) {
        let groups = pattern.find_header(field.name, field.value, &mut line);
        at += 1;
        let Some(groups) = groups else { continue };
        template.first.expand(&line, &groups, &mut out)?;
        let (name, value) = header_line(&out)?;
        head.replace(at - 1, name, value);
        for text in &template.more {
            text.expand(&line, &groups, &mut out)?;
            let (name, value) = header_line(&out)?;
            head.insert(at, name, value);
            at += 1;
        }
    }
    Some(())
}
