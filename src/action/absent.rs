//! Actions whose groundwork comes later: known by name, refused with what they need.

use super::table::Entry;

const TABLES: &str = "stick tables";

pub(super) static STICK: &[Entry] = &[
    Entry::open(
        "track-sc",
        "<n> <key> [table <table>]",
        "tracks a key in a stick table",
        |w| w.absent(TABLES),
    ),
    Entry::open(
        "sc-add-gpc",
        "(<idx>,<sc-id>) { <int> | <expr> }",
        "adds to a counter of a tracked key",
        |w| w.absent(TABLES),
    ),
    Entry::open(
        "sc-inc-gpc",
        "(<idx>,<sc-id>)",
        "raises a counter of a tracked key",
        |w| w.absent(TABLES),
    ),
    Entry::open(
        "sc-inc-gpc0",
        "(<sc-id>)",
        "raises counter 0 of a tracked key",
        |w| w.absent(TABLES),
    ),
    Entry::open(
        "sc-inc-gpc1",
        "(<sc-id>)",
        "raises counter 1 of a tracked key",
        |w| w.absent(TABLES),
    ),
    Entry::open(
        "sc-set-gpt",
        "(<idx>,<sc-id>) { <int> | <expr> }",
        "sets a tag of a tracked key",
        |w| w.absent(TABLES),
    ),
    Entry::open(
        "sc-set-gpt0",
        "(<sc-id>) { <int> | <expr> }",
        "sets tag 0 of a tracked key",
        |w| w.absent(TABLES),
    ),
];

pub(super) static CACHE_USE: Entry =
    Entry::new("cache-use", "<name>", "answers from a cache", |w| {
        w.absent("the cache")
    });
pub(super) static CACHE_STORE: Entry = Entry::new(
    "cache-store",
    "<name>",
    "keeps the response in a cache",
    |w| w.absent("the cache"),
);
pub(super) static DO_RESOLVE: Entry = Entry::open(
    "do-resolve",
    "(<var>,<resolvers>,[ipv4,ipv6]) <expr>",
    "resolves a name",
    |w| w.absent("resolvers"),
);
pub(super) static SPOE: Entry = Entry::new(
    "send-spoe-group",
    "<engine-name> <group-name>",
    "asks an agent",
    |w| w.absent("SPOE"),
);
pub(super) static LUA: Entry = Entry::open("lua.", "<function>", "runs a Lua function", |w| {
    w.absent("Lua")
});
pub(super) static BANDWIDTH: Entry = Entry::new(
    "set-bandwidth-limit",
    "<name> [limit <expr>] [period <expr>]",
    "limits the bandwidth of a stream (2.7)",
    |w| w.absent("bandwidth limits"),
);
pub(super) static SWITCH_MODE: Entry = Entry::new(
    "switch-mode",
    "http [ proto <name> ]",
    "goes on in HTTP mode",
    |w| w.absent("a change from TCP to HTTP mode"),
);
pub(super) static EXPECT: &[Entry] = &[
    Entry::new(
        "expect-netscaler-cip",
        "layer4",
        "wants a NetScaler header",
        |w| w.absent("NetScaler's client IP protocol"),
    ),
    Entry::new(
        "expect-proxy",
        "layer4",
        "wants a PROXY protocol header",
        |w| w.absent("the PROXY protocol by rule"),
    ),
];
pub(super) static ATTACH: Entry = Entry::new(
    "attach-srv",
    "<srv> [name <expr>]",
    "keeps the connection for a reverse server (2.9)",
    |w| w.absent("reverse HTTP"),
);
pub(super) static OPEN_TRACING: Entry =
    Entry::new("ot-group", "<id> <name>", "reports to OpenTracing", |w| {
        w.absent("OpenTracing")
    });
