//! Actions whose groundwork comes later: known by name, refused with what they need.

use super::table::Entry;

pub(super) static ATTACH: Entry = Entry::absent(
    "attach-srv",
    false,
    "keeps the connection for a reverse server (2.9)",
    "reverse HTTP",
);
pub(super) static BANDWIDTH: Entry = Entry::absent(
    "set-bandwidth-limit",
    false,
    "limits the bandwidth of a stream (2.7)",
    "bandwidth limits",
);
pub(super) static CACHE_STORE: Entry = Entry::absent(
    "cache-store",
    false,
    "keeps the response in a cache",
    "the cache",
);
pub(super) static CACHE_USE: Entry =
    Entry::absent("cache-use", false, "answers from a cache", "the cache");
pub(super) static LUA: Entry = Entry::absent("lua.", true, "runs a Lua function", "Lua");
pub(super) static OPEN_TRACING: Entry =
    Entry::absent("ot-group", false, "reports to OpenTracing", "OpenTracing");
pub(super) static SPOE: Entry = Entry::absent("send-spoe-group", false, "asks an agent", "SPOE");
pub(super) static DO_LOG: Entry = Entry::absent(
    "do-log",
    false,
    "writes a log line now (3.1)",
    "log profiles",
);

#[rustfmt::skip]
pub(super) static BINARY_HEADERS: &[Entry] = &[
    Entry::absent("add-headers-bin", false, "adds headers from a binary list (3.x)", "binary lists of headers"),
    Entry::absent("set-headers-bin", false, "replaces headers by those of a binary list (3.x)", "binary lists of headers"),
    Entry::absent("del-headers-bin", false, "removes headers that a binary list names (3.x)", "binary lists of headers"),
];
