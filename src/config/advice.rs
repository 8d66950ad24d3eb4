//! What a word that a section does not know was probably meant to be: an option written without `option`, an
//! action without its ruleset, a keyword of another section, an option of a `bind` or `server` line, a slip.

use super::keyword::{Sections, Table, find, names};
use super::{bind, global, proxy, sections, server};
use crate::action::RULESETS;
use crate::diag::suggest;
use crate::settings::Global;

/// How an unknown keyword of a section may have been meant; `own` is what the section knows.
pub(super) fn keyword(
    name: &str,
    section: &str,
    own: impl Iterator<Item = &'static str>,
) -> Option<String> {
    let in_proxy = section != "global";
    if in_proxy && proxy::option_names().any(|known| known == name) {
        return Some(format!("did you mean `option {name}`?"));
    }
    if in_proxy && let Some(ruleset) = ruleset(name) {
        return Some(format!("did you mean `{ruleset} {name}`?"));
    }
    if let Some(place) = elsewhere(name, section) {
        return Some(place);
    }
    if let Some(help) = suggest::did_you_mean(name, own) {
        return Some(help);
    }
    let options: Vec<&str> = proxy::option_names().collect();
    match suggest::closest(name, options) {
        Some(option) if in_proxy => Some(format!("did you mean `option {option}`?")),
        _ => suggest::did_you_mean(name, sections::names()),
    }
}

/// How a word outside of all sections may have been meant.
pub(super) fn outside(name: &str) -> Option<String> {
    suggest::did_you_mean(name, sections::names()).or_else(|| elsewhere(name, ""))
}

/// How an unknown option may have been meant, other than as another option: as a keyword of its own.
pub(super) fn option(name: &str) -> Option<String> {
    find(proxy::TABLE, name)
        .map(|_| format!("did you mean `{name}`? It stands without `option`"))
        .or_else(|| {
            let several = name.contains(',');
            several.then(|| "each option stands on a line of its own".to_owned())
        })
}

/// The first ruleset that has this action.
fn ruleset(action: &str) -> Option<&'static str> {
    let rank = |keyword: &str| !keyword.starts_with("http-request");
    let mut known: Vec<&str> = RULESETS
        .iter()
        .filter(|set| set.entries().any(|entry| entry.name == action))
        .map(|set| set.keyword)
        .collect();
    known.sort_by_key(|keyword| rank(keyword));
    known.first().copied()
}

/// Where a keyword belongs that stands in the wrong kind of section or line.
fn elsewhere(name: &str, section: &str) -> Option<String> {
    const GLOBAL: Table<Global> = global::TABLE;
    if section != "global" && find(GLOBAL, name).is_some() {
        return Some(format!("'{name}' belongs in the `global` section"));
    }
    if let Some(keyword) = find(proxy::TABLE, name) {
        let places = match keyword.sections {
            s if s.contains(Sections::DEFAULTS) => "a `defaults` section or a proxy",
            s if s.contains(Sections::PROXY) => "a `frontend`, `backend` or `listen` section",
            s if s.contains(Sections::FRONT) => "a `frontend` or `listen` section",
            _ => "a `backend` or `listen` section",
        };
        return Some(format!("'{name}' belongs in {places}"));
    }
    let of_server = names(server::OPTIONS).any(|known| known == name);
    let of_bind = names(bind::OPTIONS).any(|known| known == name);
    match (of_server, of_bind) {
        (true, _) => Some(format!("'{name}' belongs on a `server` line")),
        (false, true) => Some(format!("'{name}' belongs on a `bind` line")),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_kinds_are_recognised() {
        for (name, section, help) in [
            ("httplog", "frontend", "did you mean `option httplog`?"),
            ("deny", "frontend", "did you mean `http-request deny`?"),
            (
                "set-status",
                "frontend",
                "did you mean `http-response set-status`?",
            ),
            (
                "nbthread",
                "backend",
                "'nbthread' belongs in the `global` section",
            ),
            (
                "bind",
                "global",
                "'bind' belongs in a `frontend` or `listen` section",
            ),
            ("inter", "backend", "'inter' belongs on a `server` line"),
            ("frontned", "backend", "did you mean `frontend`?"),
        ] {
            let found = keyword(name, section, std::iter::empty());
            assert_eq!(found.as_deref(), Some(help), "{name}");
        }
        assert_eq!(keyword("zzzzzz", "backend", std::iter::empty()), None);
        assert_eq!(outside("Global").as_deref(), Some("did you mean `global`?"));
        assert!(option("maxconn").is_some_and(|help| help.contains("without `option`")));
    }
}
