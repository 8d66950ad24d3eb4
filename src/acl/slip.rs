//! Slips of the pen in conditions and ACLs, and what was probably meant.

use super::{Acls, predefined};
use crate::diag::suggest;

/// What people call matching methods, and what they are called.
const METHODS: [(&str, &str); 17] = [
    ("begin", "beg"),
    ("begins", "beg"),
    ("start", "beg"),
    ("starts", "beg"),
    ("starts_with", "beg"),
    ("prefix", "beg"),
    ("ends", "end"),
    ("suffix", "end"),
    ("contains", "sub"),
    ("substr", "sub"),
    ("exact", "str"),
    ("string", "str"),
    ("regex", "reg"),
    ("regexp", "reg"),
    ("domain", "dom"),
    ("length", "len"),
    ("exists", "found"),
];

/// What other languages call operators, and what they are called here.
const OPERATORS: [(&str, &str); 8] = [
    ("=", "eq"),
    ("==", "eq"),
    (">", "gt"),
    (">=", "ge"),
    ("=>", "ge"),
    ("<", "lt"),
    ("<=", "le"),
    ("=<", "le"),
];

/// The method that was meant by a name that none has.
pub(super) fn method(name: &str) -> Option<String> {
    let names = super::METHODS.iter().map(|(known, _)| *known);
    suggest::meant(name, &METHODS).or_else(|| suggest::did_you_mean(name, names))
}

/// The operator that was meant where a number should stand.
pub(super) fn operator(word: &str) -> Option<String> {
    if let Some(help) = suggest::meant(word, &OPERATORS) {
        return Some(help);
    }
    let end = word.find(|c: char| c.is_ascii_digit())?;
    let (sign, number) = word.split_at_checked(end)?;
    OPERATORS
        .iter()
        .find(|(written, _)| *written == sign)
        .map(|(_, operator)| format!("did you mean `{operator} {number}`?"))
}

/// What was meant where an address or network should stand.
pub(super) fn network(word: &str) -> Option<String> {
    if word.contains(',') {
        let apart = word.replace(',', " ");
        return Some(format!("separate patterns by blanks: `{apart}`"));
    }
    if let Some(head) = word.strip_suffix(".*") {
        let parts: Vec<&str> = head.split('.').filter(|part| *part != "*").collect();
        let bits = 8 * parts.len();
        let zeros = ".0".repeat(4_usize.saturating_sub(parts.len()));
        return Some(format!(
            "write the network: `{}{zeros}/{bits}`",
            parts.join(".")
        ));
    }
    word.contains('-').then(|| {
        "write networks such as `10.0.0.0/24`: there are no ranges of addresses".to_owned()
    })
}

/// What was meant by a word where `if` or `unless` should stand.
pub(crate) fn not_a_condition(found: &str, acls: &Acls) -> Option<String> {
    let declared = |name: &str| {
        acls.find(name).is_some()
            || predefined::find(name).is_some()
            || matches!(name, "TRUE" | "FALSE")
    };
    let name = found.trim_start_matches('!');
    if declared(name) || found == "{" || found == "!{" {
        return Some(format!("did you mean `if {found}`?"));
    }
    if ["when", "where", "IF", "only", "fi"].contains(&found) {
        return Some("did you mean `if`?".to_owned());
    }
    suggest::did_you_mean(found, ["if", "unless"])
}

/// What was meant by the name of an ACL that is none.
pub(super) fn acl(name: &str, following: Option<&str>, acls: &Acls) -> Option<String> {
    if let Some(rest) = name.strip_prefix('{')
        && !rest.is_empty()
    {
        return Some(format!(
            "did you mean `{{ {rest}`? Braces are words of their own"
        ));
    }
    match name {
        "and" | "AND" | "&&" | "&" => {
            Some("leave it out: ACLs that stand one after the other must all pass".to_owned())
        }
        "|" => Some("did you mean `||`?".to_owned()),
        "not" | "NOT" => following.map(|acl| format!("did you mean `!{acl}`?")),
        "if" | "unless" => Some("a rule has one condition: join ACLs by blanks or `or`".to_owned()),
        "}" => Some("no `{` is open here".to_owned()),
        _ => suggest::did_you_mean(
            name,
            acls.names()
                .chain(predefined::PREDEFINED.iter().map(|(name, _)| *name)),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised() {
        let acls = Acls::default();
        for (found, help) in [
            (method("prefix"), Some("did you mean `beg`?")),
            (method("rge"), Some("did you mean `reg`?")),
            (method("zzz"), None),
            (operator(">"), Some("did you mean `gt`?")),
            (operator(">=10"), Some("did you mean `ge 10`?")),
            (operator("10"), None),
            (
                not_a_condition("unles", &acls),
                Some("did you mean `unless`?"),
            ),
            (
                not_a_condition("LOCALHOST", &acls),
                Some("did you mean `if LOCALHOST`?"),
            ),
            (not_a_condition("zzzzzz", &acls), None),
            (acl("not", Some("x"), &acls), Some("did you mean `!x`?")),
            (
                acl("METH_GTE", None, &acls),
                Some("did you mean `METH_GET`?"),
            ),
        ] {
            assert_eq!(found.as_deref(), help);
        }
    }
}
