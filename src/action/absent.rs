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
pub(super) static SWITCH_MODE: Entry = Entry::absent(
    "switch-mode",
    false,
    "goes on in HTTP mode",
    "a change from TCP to HTTP mode",
);
