//! What a word that no action of a ruleset has was probably meant to be, and likewise a word where a
//! condition should have begun.

use super::rulesets::{RULESETS, Ruleset};
use crate::acl::Acls;
use crate::diag::suggest;

/// What people call actions, and what they are called.
const HABITS: &[(&str, &str)] = &[
    ("accept", "allow"),
    ("permit", "allow"),
    ("pass", "allow"),
    ("allow", "accept"),
    ("block", "deny"),
    ("forbid", "deny"),
    ("drop", "silent-drop"),
    ("deny", "reject"),
    ("close", "reject"),
    ("remove-header", "del-header"),
    ("unset-header", "del-header"),
    ("delete-header", "del-header"),
    ("rm-header", "del-header"),
    ("append-header", "add-header"),
    ("insert-header", "add-header"),
    ("header", "set-header"),
    ("setvar", "set-var"),
    ("set-url", "set-uri"),
    ("replace-url", "replace-uri"),
    ("rewrite", "replace-path"),
    ("set-host", "set-header Host"),
    ("track-sc", "track-sc0"),
    ("status", "set-status"),
    ("redir", "redirect"),
    ("wait", "pause"),
    ("sleep", "pause"),
];

/// How an unknown action may have been meant.
pub(super) fn action(set: &Ruleset, found: &str) -> Option<String> {
    let name = found.split('(').next().unwrap_or_default();
    let offers = |name: &str| set.entries().any(|entry| entry.name == name);
    let habit = HABITS
        .iter()
        .filter(|(written, _)| *written == name)
        .map(|(_, meant)| *meant)
        .find(|meant| offers(meant.split(' ').next().unwrap_or_default()));
    if let Some(meant) = habit {
        return Some(format!("did you mean `{meant}`?"));
    }
    let elsewhere: Vec<String> = RULESETS
        .iter()
        .filter(|other| other.entries().any(|entry| entry.name == name))
        .map(|other| format!("`{} {name}`", other.keyword))
        .collect();
    if !elsewhere.is_empty() && !name.is_empty() {
        let places = elsewhere.join(", ");
        return Some(format!("'{name}' is an action of other rulesets: {places}"));
    }
    suggest::did_you_mean(name, set.entries().map(|entry| entry.name))
}

/// How a word behind an action may have been meant, where a condition should have begun.
pub(super) fn condition(action: &str, found: &str, acls: &Acls) -> Option<String> {
    let status = found.trim_start_matches(|c: char| !c.is_ascii_digit());
    if matches!(action, "deny" | "tarpit") && status.parse::<u16>().is_ok() {
        return Some(format!("did you mean `deny_status {status}`?"));
    }
    if action == "return" && status.parse::<u16>().is_ok() {
        return Some(format!("did you mean `status {status}`?"));
    }
    if action == "auth" && suggest::closest(found, ["realm"]).is_some() {
        return Some("did you mean `realm`?".to_owned());
    }
    crate::acl::not_a_condition(found, acls)
}

#[cfg(test)]
mod tests {
    use super::super::rulesets::{Sort, of};
    use super::*;

    #[test]
    fn actions_of_other_programs_and_rulesets_are_recognised() {
        let request = of(Sort::HttpRequest);
        let connection = of(Sort::TcpConnection);
        for (set, found, help) in [
            (request, "block", "did you mean `deny`?"),
            (request, "dney", "did you mean `deny`?"),
            (connection, "deny", "did you mean `reject`?"),
            (
                request,
                "set-status",
                "'set-status' is an action of other rulesets: `http-response set-status`, \
                 `http-after-response set-status`",
            ),
        ] {
            assert_eq!(action(set, found).as_deref(), Some(help), "{found}");
        }
        assert_eq!(action(request, "zzzzzzzz"), None);
        let acls = Acls::default();
        let help = Some("did you mean `deny_status 403`?".to_owned());
        assert_eq!(condition("deny", "403", &acls), help);
        assert_eq!(condition("deny", "status=403", &acls), help);
    }
}
