//! Words about speed and size with nothing to set.
//!
//! What is taken says why its promise is kept all the same: it limits or speeds up something that is
//! not built that way here. What would change something that can be seen is refused.

use super::super::args::{Args, Parsed, Prefix};
use super::super::keyword::{Keyword, keyword};
use super::super::units::Unit;
use super::{anything, not_yet, nothing, number, switch};
use crate::settings::Global;

pub(super) const KEYWORDS: &[Keyword<Global>] = &[
    keyword(
        "h1-do-not-close-on-insecure-transfer-encoding",
        "",
        "keeps connections with doubtful framing",
        |_, a, _| not_yet(a, "a way to do so that cannot be desynchronised"),
    )
    .idle(),
    keyword(
        "tune.buffers.limit",
        "<n>",
        "buffers at once",
        |_, a, _| match a.count()? {
            0 => Ok(()),
            _ => not_yet(
                a,
                "a limit of buffers (connections are limited by `maxconn`)",
            ),
        },
    )
    .idle(),
    keyword(
        "busy-polling",
        "",
        "spins instead of sleeping",
        |_, a, _| match a.prefix {
            Prefix::None => not_yet(a, "a poller that spins"),
            _ => Ok(()),
        },
    )
    .idle(),
    keyword(
        "tune.fail-alloc",
        "<percent>",
        "makes memory run out at random",
        |_, a, _| match a.int(0..=100)? {
            0 => Ok(()),
            _ => not_yet(a, "an allocator that fails on purpose"),
        },
    )
    .idle(),
    keyword(
        "tune.idletimer",
        "<time>",
        "when a stream counts as idle (buffers adapt to each read)",
        |_, a, _| {
            a.time_in(Unit::Milliseconds)?;
            Ok(())
        },
    ),
    keyword(
        "tune.buffers.reserve",
        "<n>",
        "buffers kept for emergencies (none is needed to free others)",
        number,
    ),
    keyword(
        "tune.bufsize.large",
        "<bytes>",
        "the size of large buffers (buffers have one size)",
        anything,
    ),
    keyword(
        "tune.bufsize.small",
        "<bytes>",
        "the size of small buffers (buffers have one size)",
        anything,
    ),
    keyword(
        "tune.chksize",
        "<bytes>",
        "the size of a check's buffer (it grows as needed)",
        number,
    ),
    keyword(
        "tune.fd.edge-triggered",
        "{ on | off }",
        "how events are reported (edges, where that pays)",
        switch,
    ),
    keyword(
        "tune.fd.tables",
        "{ shared | split }",
        "how descriptors are kept (by the runtime)",
        anything,
    ),
    keyword(
        "tune.idle-pool.shared",
        "{ on | off | auto | full }",
        "whether threads share idle connections (each keeps its own)",
        anything,
    ),
    keyword(
        "tune.listener.multi-queue",
        "{ on | off | fair }",
        "how connections spread over threads (the kernel spreads them)",
        anything,
    ),
    keyword(
        "tune.listener.default-shards",
        "<value>",
        "how many sockets a listener has (one per thread)",
        anything,
    ),
    keyword(
        "tune.sched.low-latency",
        "{ on | off }",
        "the order of tasks (all are served in turn)",
        switch,
    ),
    keyword(
        "tune.runqueue-depth",
        "<n>",
        "tasks in one go (the runtime bounds them)",
        number,
    ),
    keyword(
        "tune.maxpollevents",
        "<n>",
        "events in one go (the runtime bounds them)",
        number,
    ),
    keyword(
        "tune.max-checks-per-thread",
        "<n>",
        "checks at once (they run on their own thread)",
        number,
    ),
    keyword(
        "tune.max-rules-at-once",
        "<n>",
        "rules in one go (rules do not block)",
        number,
    ),
    keyword(
        "tune.recv_enough",
        "<bytes>",
        "when to stop reading (one read is enough)",
        anything,
    ),
    keyword(
        "tune.pattern.cache-size",
        "<n>",
        "cached matches (patterns are compiled)",
        number,
    ),
    keyword(
        "tune.memory.hot-size",
        "<bytes>",
        "memory kept by threads (by the allocator)",
        anything,
    ),
    keyword(
        "tune.defaults.purge",
        "",
        "forgets defaults after start (they are)",
        nothing,
    ),
    keyword(
        "tune.disable-fast-forward",
        "",
        "forwards through all layers (there is one)",
        nothing,
    ),
    keyword(
        "tune.disable-zero-copy-forwarding",
        "",
        "copies instead of moving buffers",
        nothing,
    ),
    keyword(
        "tune.applet.zero-copy-forwarding",
        "{ on | off }",
        "how own answers are moved",
        switch,
    ),
    keyword(
        "tune.pt.zero-copy-forwarding",
        "{ on | off }",
        "how tunnels are moved",
        switch,
    ),
    keyword(
        "tune.h1.zero-copy-fwd-recv",
        "{ on | off }",
        "how bodies are moved",
        switch,
    ),
    keyword(
        "tune.h1.zero-copy-fwd-send",
        "{ on | off }",
        "how bodies are moved",
        switch,
    ),
    keyword(
        "tune.epoll.mask-events",
        "<events>",
        "hides events from the poller (for debugging HAProxy's)",
        anything,
    ),
    keyword(
        "tune.events.max-events-at-once",
        "<n>",
        "events in one go (the runtime bounds them)",
        number,
    ),
    keyword(
        "tune.takeover-other-tg-connections",
        "<value>",
        "idle connections of other groups (there is one group)",
        anything,
    ),
    keyword(
        "tune.streams-elasticity",
        "<value>",
        "streams per connection under load (HTTP/1 has one)",
        anything,
    ),
    keyword(
        "tune.renice.runtime",
        "<n>",
        "the process's nice value",
        |_, a, _| not_yet(a, "a way to renice"),
    )
    .idle(),
    keyword(
        "tune.renice.startup",
        "<n>",
        "the process's nice value while it starts",
        |_, a, _| not_yet(a, "a way to renice"),
    )
    .idle(),
    keyword(
        "tune.notsent-lowat.client",
        "<bytes>",
        "unsent bytes the system may hold",
        |_, a, _| not_yet(a, "TCP_NOTSENT_LOWAT"),
    )
    .idle(),
    keyword(
        "tune.notsent-lowat.server",
        "<bytes>",
        "unsent bytes the system may hold",
        |_, a, _| not_yet(a, "TCP_NOTSENT_LOWAT"),
    )
    .idle(),
    keyword(
        "profiling.tasks",
        "{ auto | on | off }",
        "measures tasks",
        |_, a, _| profiling(a),
    ),
    keyword(
        "profiling.memory",
        "{ on | off }",
        "measures memory",
        |_, a, _| profiling(a),
    ),
    keyword(
        "no-memory-trimming",
        "",
        "keeps freed memory (the allocator decides)",
        nothing,
    ),
    keyword(
        "numa-cpu-mapping",
        "",
        "binds threads to one node (threads are bound by `cpu-map` only)",
        nothing,
    ),
    keyword(
        "thread-groups",
        "<n>",
        "groups of threads",
        |_, a, _| match a.positive()? {
            1 => Ok(()),
            _ => not_yet(a, "several groups of threads"),
        },
    ),
    keyword(
        "thread-group",
        "<group> [<set>]",
        "threads of a group",
        |_, a, _| match a.positive()? {
            1 => {
                a.skip();
                Ok(())
            }
            _ => not_yet(a, "several groups of threads"),
        },
    ),
    keyword("max-threads-per-group", "<n>", "threads of a group", number),
    keyword("thread-hard-limit", "<n>", "the most threads", |_, a, _| {
        not_yet(a, "a limit of threads; write `nbthread`")
    })
    .idle(),
    keyword(
        "cpu-policy",
        "<policy>",
        "how processors are chosen",
        |_, a, _| not_yet(a, "CPU policies; write `cpu-map`"),
    )
    .idle(),
    keyword(
        "cpu-set",
        "<set>",
        "which processors are used",
        |_, a, _| not_yet(a, "CPU sets; write `cpu-map`"),
    )
    .idle(),
    keyword(
        "cpu-affinity",
        "<value>",
        "how threads are bound",
        |_, a, _| not_yet(a, "CPU policies; write `cpu-map`"),
    )
    .idle(),
];

/// `off` and `auto` ask for nothing; `on` is refused.
fn profiling(args: &mut Args<'_>) -> Parsed {
    match args.choice(&[("auto", false), ("off", false), ("on", true)])? {
        true => not_yet(args, "profiling"),
        false => Ok(()),
    }
}
