//! Which actions each ruleset offers, in the order in which HAProxy's messages list them.

use super::absent::{
    ATTACH, BANDWIDTH, BINARY_HEADERS, CACHE_STORE, CACHE_USE, DO_LOG, LUA, OPEN_TRACING, SPOE,
};
use super::capture::CAPTURE;
use super::connection::{ADDRESSES, CLOSE, REJECT, SERVER_SOCKET, SILENT_DROP, SOCKET};
use super::control::{
    ACCEPT, ALLOW, LOG_LEVEL, NICE, PAUSE, PRIORITY, REQUEST, RETRIES, STRICT_MODE, SWITCH_MODE,
    USE_SERVICE, WAIT_FOR_BODY,
};
use super::counters::{COUNTERS, TRACK};
use super::expect::EXPECT;
use super::header::{EARLY_HINT, HEADERS};
use super::map::MAPS;
use super::normalize::NORMALIZE;
use super::redirect::REDIRECT;
use super::reply::{AUTH, DENY, RETURN, TARPIT};
use super::resolve::DO_RESOLVE;
use super::status::SET_STATUS;
use super::table::Entry;
use super::target::TARGETS;
use super::timeout::{REQUEST_TIMEOUT, RESPONSE_TIMEOUT};
use super::variable::VARIABLES;

/// A kind of ruleset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// `tcp-request connection`
    TcpConnection,
    /// `tcp-request session`
    TcpSession,
    /// `tcp-request content`
    TcpContent,
    /// `tcp-response content`
    TcpResponse,
    /// `http-request`
    HttpRequest,
    /// `http-response`
    HttpResponse,
    /// `http-after-response`
    HttpAfterResponse,
    /// `stats http-request`
    Stats,
}

/// A ruleset's keyword and its actions, family by family.
#[derive(Debug)]
pub struct Ruleset {
    /// Its kind.
    pub sort: Sort,
    /// Its keyword.
    pub keyword: &'static str,
    families: &'static [&'static [Entry]],
    singles: &'static [&'static Entry],
}

impl Ruleset {
    /// All actions, in reading order.
    pub fn entries(&self) -> impl Iterator<Item = &'static Entry> {
        let families = self.families.iter().flat_map(|family| family.iter());
        families.chain(self.singles.iter().copied())
    }

    /// The action that a word names: the longest name that fits.
    pub(super) fn find(&self, word: &str) -> Option<&'static Entry> {
        self.entries()
            .filter(|entry| entry.named(word))
            .max_by_key(|entry| entry.name.len())
    }
}

/// Every ruleset.
#[rustfmt::skip]
pub static RULESETS: &[Ruleset] = &[
    Ruleset {
        sort: Sort::TcpConnection, keyword: "tcp-request connection",
        families: &[ADDRESSES, SOCKET, VARIABLES, COUNTERS, EXPECT],
        singles: &[&ACCEPT, &REJECT, &SILENT_DROP, &TRACK, &DO_LOG],
    },
    Ruleset {
        sort: Sort::TcpSession, keyword: "tcp-request session",
        families: &[ADDRESSES, SOCKET, VARIABLES, COUNTERS],
        singles: &[&ACCEPT, &REJECT, &SILENT_DROP, &TRACK, &ATTACH, &DO_LOG],
    },
    Ruleset {
        sort: Sort::TcpContent, keyword: "tcp-request content",
        families: &[ADDRESSES, SOCKET, SERVER_SOCKET, VARIABLES, PRIORITY, COUNTERS],
        singles: &[&ACCEPT, &REJECT, &SILENT_DROP, &TRACK, &CAPTURE, &LOG_LEVEL, &NICE, &USE_SERVICE, &DO_RESOLVE, &SPOE, &OPEN_TRACING, &SWITCH_MODE, &BANDWIDTH, &LUA, &DO_LOG, &RETRIES],
    },
    Ruleset {
        sort: Sort::TcpResponse, keyword: "tcp-response content",
        families: &[SOCKET, VARIABLES, COUNTERS],
        singles: &[&ACCEPT, &CLOSE, &REJECT, &SILENT_DROP, &LOG_LEVEL, &NICE, &SPOE, &OPEN_TRACING, &BANDWIDTH, &LUA, &DO_LOG],
    },
    Ruleset {
        sort: Sort::HttpRequest, keyword: "http-request",
        families: &[HEADERS, BINARY_HEADERS, TARGETS, VARIABLES, MAPS, ADDRESSES, SOCKET, SERVER_SOCKET, PRIORITY, REQUEST, COUNTERS],
        singles: &[
            &REQUEST_TIMEOUT, &RETRIES, &DO_LOG, &ALLOW, &AUTH, &CAPTURE, &DENY, &EARLY_HINT, &LOG_LEVEL, &NICE, &NORMALIZE, &PAUSE, &REDIRECT, &REJECT, &RETURN,
            &SILENT_DROP, &STRICT_MODE, &TARPIT, &TRACK, &USE_SERVICE, &WAIT_FOR_BODY, &BANDWIDTH, &CACHE_USE, &DO_RESOLVE, &SPOE, &OPEN_TRACING, &LUA,
        ],
    },
    Ruleset {
        sort: Sort::HttpResponse, keyword: "http-response",
        families: &[HEADERS, BINARY_HEADERS, VARIABLES, MAPS, SOCKET, COUNTERS],
        singles: &[
            &RESPONSE_TIMEOUT, &DO_LOG, &ALLOW, &CAPTURE, &DENY, &LOG_LEVEL, &NICE, &PAUSE, &REDIRECT, &RETURN, &SET_STATUS, &SILENT_DROP, &STRICT_MODE,
            &TRACK, &WAIT_FOR_BODY, &BANDWIDTH, &CACHE_STORE, &SPOE, &OPEN_TRACING, &LUA,
        ],
    },
    Ruleset {
        sort: Sort::HttpAfterResponse, keyword: "http-after-response",
        families: &[HEADERS, BINARY_HEADERS, VARIABLES, MAPS, COUNTERS],
        singles: &[&ALLOW, &CAPTURE, &LOG_LEVEL, &OPEN_TRACING, &SET_STATUS, &STRICT_MODE, &DO_LOG],
    },
    Ruleset {
        sort: Sort::Stats, keyword: "stats http-request",
        families: &[],
        singles: &[&ALLOW, &AUTH, &DENY],
    },
];

/// The ruleset of this kind.
pub(super) fn of(sort: Sort) -> &'static Ruleset {
    RULESETS
        .iter()
        .find(|set| set.sort == sort)
        .unwrap_or(&RULESETS[0])
}

/// The rulesets' lines of the `-dKcfg` list, as HAProxy prints them: sorted within a ruleset, a star behind names
/// that go on.
pub fn dump(out: &mut String) {
    for set in RULESETS.iter().filter(|set| set.sort != Sort::Stats) {
        let mut names: Vec<String> = set
            .entries()
            .filter(|entry| entry.needs.is_none())
            .map(|entry| {
                format!(
                    "\t{} {}{}\n",
                    set.keyword,
                    entry.name,
                    if entry.open { "*" } else { "" }
                )
            })
            .collect();
        names.sort_unstable();
        out.extend(names);
    }
}
