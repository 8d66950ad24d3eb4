//! Names and numbers that only one may have: proxies, and servers within their backend.

use std::collections::HashMap;

use super::draft::Draft;
use super::load::Load;
use super::validate::say;
use crate::diag::{Diagnostic, Lead, Severity, Span};

/// Numbers the proxies: the numbers that lines give first, the free ones in order to the others.
pub(super) fn number(drafts: &mut [Draft], first: u32, load: &mut Load) {
    let mut taken: HashMap<u32, Span> = HashMap::new();
    for draft in drafts.iter() {
        let Some(id) = draft.proxy.settings.id else {
            continue;
        };
        if let Some(other) = taken.insert(id, draft.proxy.span) {
            let message = format!(
                "{} has the same id {id} as the proxy declared at {}.",
                draft.title(),
                load.place(other)
            );
            say(load, Severity::Alert, draft.proxy.span, message);
        }
    }
    let mut next = first;
    for draft in drafts {
        draft.proxy.id = draft.proxy.settings.id.unwrap_or_else(|| {
            while taken.contains_key(&next) {
                next = next.saturating_add(1);
            }
            taken.insert(next, draft.proxy.span);
            next
        });
        // Those with a number of their own count too.
        next = next.saturating_add(1);
    }
}

/// Names are unique among frontends and among backends; a `listen` is both. Files that are of old by other words, too, may
/// use one again: the name means the first, the others are told apart by their number.
pub(super) fn duplicates(drafts: &mut [Draft], load: &mut Load) {
    let mut names: HashMap<(String, bool), (String, Span)> = HashMap::new();
    let mut others: HashMap<String, usize> = HashMap::new();
    for draft in drafts {
        let kind = draft.proxy.kind;
        let name = draft.proxy.name.clone();
        let sides: Vec<bool> = [(true, kind.front()), (false, kind.back())]
            .into_iter()
            .filter_map(|(front, has)| has.then_some(front))
            .collect();
        let clash = sides
            .iter()
            .find_map(|side| names.get(&(name.clone(), *side)));
        let Some((other, place)) = clash else {
            let known = (draft.title(), draft.proxy.span);
            names.extend(
                sides
                    .into_iter()
                    .map(|side| ((name.clone(), side), known.clone())),
            );
            continue;
        };
        let message = format!(
            "Parsing [{}]: {} has the same name as {other} declared at {}.",
            load.place(draft.proxy.span),
            draft.title(),
            load.place(*place)
        );
        let number = others.entry(name.clone()).or_insert(1);
        *number += 1;
        let new = format!("{name}#{number}");
        let refusal = Diagnostic::alert(draft.proxy.span, message)
            .help("give each a name of its own")
            .lead(Lead::Bare);
        match load.old_among_others(refusal, &format!("It is called '{new}' here.")) {
            Ok(()) => draft.proxy.name = new,
            Err(problem) => load.diagnostics.push(*problem),
        }
    }
}

/// Names of servers are unique within their backend. In files of old they need not be: all serve, and those that follow
/// the first are told apart by their number.
pub(super) fn same_servers(draft: &mut Draft, load: &mut Load) {
    let title = draft.title();
    let mut names: HashMap<String, (Span, usize)> = HashMap::new();
    for (server, span) in &mut draft.proxy.servers {
        let Some((first, count)) = names.get_mut(&server.name) else {
            names.insert(server.name.clone(), (*span, 1));
            continue;
        };
        *count += 1;
        let new = format!("{}#{count}", server.name);
        let message = format!(
            "parsing [{}] : {title}, another server named '{}' was already defined at line {}, please use distinct names.",
            load.place(*span),
            server.name,
            first.line
        );
        let refusal = Diagnostic::alert(*span, message)
            .help("give each a name of its own")
            .lead(Lead::Bare);
        match load.old(refusal, &format!("It is called '{new}' here.")) {
            Ok(()) => server.name = new,
            Err(problem) => load.diagnostics.push(*problem),
        }
    }
}
