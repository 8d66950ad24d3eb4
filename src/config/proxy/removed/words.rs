//! The removed words of proxy sections.

use super::Does::{Nothing, Refused, This};
use super::Today::{Advice, Rewritten, Same};
use super::rewrite::{deleted, header, replaced, request_line};
use super::{Does, Removed, appsession, removed, rules};
use crate::diag::Lead;

/// The entry of that name.
pub(super) fn keyword(name: &str) -> Option<&'static Removed> {
    let all = SETTINGS.iter().chain(REQUEST_RULES).chain(RESPONSE_RULES);
    all.into_iter().find(|word| word.name == name)
}

const CLIENT: &str =
    "the '{}' directive is not supported anymore since HAProxy 2.1. Use 'timeout client'.";
const SERVER: &str =
    "the '{}' directive is not supported anymore since HAProxy 2.1. Use 'timeout server'.";
const CONNECT: &str =
    "the '{}' directive is not supported anymore since HAProxy 2.1. Use 'timeout connect'.";
const REDISPATCH: &str =
    "keyword '{}' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'.";

/// `timeout …` with the names that were keywords once.
pub(super) const TIMEOUTS: &[Removed] = &[
    removed("clitimeout", CLIENT, Same("timeout client"), Does::Today),
    removed("srvtimeout", SERVER, Same("timeout server"), Does::Today),
    removed("contimeout", CONNECT, Same("timeout connect"), Does::Today),
];

/// `hash-type …`
pub(super) const HASH_TYPES: &[Removed] = &[removed(
    "avalanche",
    "experimental feature 'hash-type {}' is not supported anymore, please use 'hash-type map-based sdbm avalanche' instead.",
    Same("hash-type map-based sdbm avalanche"),
    Does::Today,
)];

const SETTINGS: &[Removed] = &[
    removed("clitimeout", CLIENT, Same("timeout client"), Does::Today),
    removed("srvtimeout", SERVER, Same("timeout server"), Does::Today),
    removed("contimeout", CONNECT, Same("timeout connect"), Does::Today),
    removed(
        "redispatch",
        REDISPATCH,
        Same("option redispatch"),
        Does::Today,
    ),
    removed("redisp", REDISPATCH, Same("option redispatch"), Does::Today),
    removed(
        "monitor-net",
        "'{}' doesn't exist anymore. Please use 'http-request return status 200 if { src {1} }' instead.",
        Rewritten(|a| {
            Some(format!(
                "http-request return status 200 if {{ src {} }}",
                a.join(" ")
            ))
        }),
        This(rules::take_monitor_net),
    ),
    removed(
        "block",
        "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which uses the exact same syntax.",
        Same("http-request deny"),
        This(rules::block),
    ),
    removed(
        "appsession",
        "'{}' is not supported anymore since HAProxy 1.6.",
        Rewritten(appsession::today),
        This(appsession::read),
    ),
    removed(
        "usesrc",
        "'{}' only allowed after a 'source' statement.",
        Advice("move this to the `source` line"),
        Refused,
    ),
    Removed {
        name: "grace",
        message: "the '{}' keyword is not supported any more since HAProxy version 2.5.",
        lead: Lead::Reading,
        today: Advice("remove this line, or write `grace <time>` in the global section"),
        does: Nothing("It does nothing here: listeners close as soon as a stop begins."),
    },
];

/// `option …` words.
pub(super) const OPTIONS: &[Removed] = &[
    Removed {
        name: "forceclose",
        message: "option '{}' is not supported any more since HAProxy 2.0, please just remove it, or use 'option httpclose' if absolutely needed.",
        lead: Lead::Reading,
        today: Same("option httpclose"),
        does: Does::Today,
    },
    Removed {
        name: "http-tunnel",
        message: "option '{}' is not supported any more since HAProxy 2.1, please just remove it, it shouldn't be needed.",
        lead: Lead::Reading,
        today: Advice("remove this line; `Upgrade` and `CONNECT` make tunnels by themselves"),
        does: Nothing(
            "It does nothing here: each request of a connection is processed, as with 'option http-keep-alive'.",
        ),
    },
    Removed {
        name: "http_proxy",
        message: "option '{}' is not supported any more since HAProxy 2.5. This option stopped working in HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request do-resolve' if DNS resolution is desired.",
        lead: Lead::Reading,
        today: Advice("write `http-request set-dst …` and `http-request set-uri …`"),
        does: Refused,
    },
    removed(
        "independant-streams",
        "unknown option '{}'.",
        Same("option independent-streams"),
        Does::Today,
    ),
    removed(
        "http-use-htx",
        "unknown option '{}'.",
        Advice("remove this line: it has been the only way since HAProxy 2.1"),
        Nothing("It asks for what is always so."),
    ),
];

const ADD_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request add-header' instead.";
const DELETE_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request del-header' instead.";
const DENY_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' instead.";
const ALLOW_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' instead.";
const TARPIT_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' instead.";
const REPLACE_REQUEST: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-path', \
     'http-request replace-uri' or 'http-request replace-header' instead.";
const REPLACE_REQUEST_I: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-header' instead.";
const DELETE_RESPONSE_I: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' instead.";
const DENY_REQUEST_PLAIN: &str =
    "The '{}' not supported anymore since HAProxy 2.1. Use 'http-request deny' instead.";
const ADD_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response add-header' instead.";
const DELETE_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' .";
const DENY_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' instead.";
const REPLACE_RESPONSE: &str = "The '{}' directive is not supported anymore since HAProxy 2.1. Use 'http-response replace-header' instead.";

const ALLOW: super::Today = Advice(
    "write `http-request allow if { <test> }` with a test for the header or path that the expression looks for",
);
const DENY: super::Today = Advice(
    "write `http-request deny if { <test> }` with a test for the header or path that the expression looks for",
);
const TARPIT: super::Today = Advice(
    "write `http-request tarpit if { <test> }` with a test for the header or path that the expression looks for",
);
const DENY_ANSWER: super::Today = Advice(
    "write `http-response deny if { <test> }` with a test for the header that the expression looks for",
);
const ADD: super::Today = Rewritten(|a| header("http-request add-header", a));
const DELETE: super::Today = Rewritten(|a| deleted("http-request del-header", a));
const REPLACE: super::Today =
    Rewritten(|a| replaced("http-request replace-header", a).or_else(|| request_line("", a)));
const REPLACE_I: super::Today =
    Rewritten(|a| replaced("http-request replace-header", a).or_else(|| request_line("(?i)", a)));
const ADD_ANSWER: super::Today = Rewritten(|a| header("http-response add-header", a));
const DELETE_ANSWER: super::Today = Rewritten(|a| deleted("http-response del-header", a));
const REPLACE_ANSWER: super::Today = Rewritten(|a| replaced("http-response replace-header", a));

const UNKNOWN: &str = "unknown keyword '{}' in '{section}' section";
const SWITCH: super::Today = Advice(
    "write `use_backend <name> if { <test> }` with a test for the header or path that the expression looks for",
);

const REQUEST_RULES: &[Removed] = &[
    removed("reqiadd", UNKNOWN, ADD, This(rules::request)),
    removed("reqsetbe", UNKNOWN, SWITCH, This(rules::request)),
    removed("reqisetbe", UNKNOWN, SWITCH, This(rules::request)),
    removed("reqadd", ADD_REQUEST, ADD, This(rules::request)),
    removed("reqdel", DELETE_REQUEST, DELETE, This(rules::request)),
    removed("reqidel", DELETE_REQUEST, DELETE, This(rules::request)),
    removed("reqallow", ALLOW_REQUEST, ALLOW, This(rules::request)),
    removed("reqiallow", ALLOW_REQUEST, ALLOW, This(rules::request)),
    removed("reqdeny", DENY_REQUEST_PLAIN, DENY, This(rules::request)),
    removed("reqideny", DENY_REQUEST, DENY, This(rules::request)),
    removed(
        "reqpass",
        "The '{}' not supported anymore since HAProxy 2.1.",
        ALLOW,
        This(rules::request),
    ),
    removed(
        "reqipass",
        "The '{}' directive is not supported anymore since HAProxy 2.1.",
        ALLOW,
        This(rules::request),
    ),
    removed("reqtarpit", TARPIT_REQUEST, TARPIT, This(rules::request)),
    removed("reqitarpit", TARPIT_REQUEST, TARPIT, This(rules::request)),
    removed("reqrep", REPLACE_REQUEST, REPLACE, This(rules::request)),
    removed(
        "reqirep",
        REPLACE_REQUEST_I,
        REPLACE_I,
        This(rules::request),
    ),
    removed("cliexp", REPLACE_REQUEST, REPLACE, This(rules::request)),
];

const RESPONSE_RULES: &[Removed] = &[
    removed("rspiadd", UNKNOWN, ADD_ANSWER, This(rules::response)),
    removed("rspadd", ADD_RESPONSE, ADD_ANSWER, This(rules::response)),
    removed(
        "rspdel",
        DELETE_RESPONSE,
        DELETE_ANSWER,
        This(rules::response),
    ),
    removed(
        "rspidel",
        DELETE_RESPONSE_I,
        DELETE_ANSWER,
        This(rules::response),
    ),
    removed("rspdeny", DENY_RESPONSE, DENY_ANSWER, This(rules::response)),
    removed(
        "rspideny",
        DENY_RESPONSE,
        DENY_ANSWER,
        This(rules::response),
    ),
    removed(
        "rsprep",
        REPLACE_RESPONSE,
        REPLACE_ANSWER,
        This(rules::response),
    ),
    removed(
        "rspirep",
        REPLACE_RESPONSE,
        REPLACE_ANSWER,
        This(rules::response),
    ),
    removed(
        "srvexp",
        REPLACE_RESPONSE,
        REPLACE_ANSWER,
        This(rules::response),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_stands_once_and_what_reads_todays_line_has_one() {
        let all = || SETTINGS.iter().chain(REQUEST_RULES).chain(RESPONSE_RULES);
        for word in all().chain(OPTIONS).chain(TIMEOUTS).chain(HASH_TYPES) {
            let same = matches!(word.today, Same(_));
            assert!(same || !matches!(word.does, Does::Today), "{}", word.name);
        }
        let mut names: Vec<_> = all().map(|word| word.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
