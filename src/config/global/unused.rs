//! Words about things that no line can ask for yet: QUIC, Lua, log receivers.
//!
//! Each tunes or limits a feature whose own keyword is refused, so there is nothing the word could
//! change: its argument is checked and that is all. Words that turn such a feature on are refused.

use super::super::args::{Args, Parsed};
use super::super::keyword::{Keyword, keyword};
use super::super::load::Load;
use super::super::units::Unit;
use super::{anything, not_yet, nothing, number, switch};
use crate::settings::Global;

/// An entry about a feature that is refused where it is asked for.
macro_rules! about {
    ($what:literal: $($name:literal $args:literal $parse:expr),+ $(,)?) => {
        &[$(keyword($name, $args, concat!("of ", $what, " (nothing uses it yet)"), $parse).idle()),+]
    };
}

pub(super) const TLS: &[Keyword<Global>] = about!("TLS":
    "noktls" "" nothing,
    "acme.scheduler" "{ auto | off }" one,
    "jwt.decrypt_alg_list" "<list>" one,
    "jwt.decrypt_enc_list" "<list>" one,
);

/// HTTP/1 refuses what is wrong at once, so there are no oddities to count up to a threshold.
pub(super) const GLITCHES: &[Keyword<Global>] = &[
    keyword(
        "tune.glitches.kill.cpu-usage",
        "<percent>",
        "how busy the process must be for thresholds of oddities to count",
        glitches,
    )
    .idle(),
    keyword(
        "tune.h1.be.glitches-threshold",
        "<n>",
        "oddities of a server before its connection is closed",
        glitches,
    )
    .idle(),
    keyword(
        "tune.h1.fe.glitches-threshold",
        "<n>",
        "oddities of a client before its connection is closed",
        glitches,
    )
    .idle(),
];

pub(super) const QUIC: &[Keyword<Global>] = about!("QUIC":
    "limited-quic" "" nothing,
    "harden.reject-privileged-ports.quic" "{ on | off }" switch,
    "tune.quic.be.cc.cubic-min-losses" "<n>" number,
    "tune.quic.be.cc.hystart" "{ on | off }" switch,
    "tune.quic.be.cc.max-frame-loss" "<n>" number,
    "tune.quic.be.cc.max-win-size" "<size>" anything,
    "tune.quic.be.cc.reorder-ratio" "<n>" number,
    "tune.quic.be.max-idle-timeout" "<time>" milliseconds,
    "tune.quic.be.sec.glitches-threshold" "<n>" number,
    "tune.quic.be.stream.data-ratio" "<n>" number,
    "tune.quic.be.stream.max-concurrent" "<n>" number,
    "tune.quic.be.stream.rxbuf" "<size>" anything,
    "tune.quic.be.tx.pacing" "{ on | off }" switch,
    "tune.quic.be.tx.udp-gso" "{ on | off }" switch,
    "tune.quic.fe.cc.cubic-min-losses" "<n>" number,
    "tune.quic.fe.cc.hystart" "{ on | off }" switch,
    "tune.quic.fe.cc.max-frame-loss" "<n>" number,
    "tune.quic.fe.cc.max-win-size" "<size>" anything,
    "tune.quic.fe.cc.reorder-ratio" "<n>" number,
    "tune.quic.fe.max-idle-timeout" "<time>" milliseconds,
    "tune.quic.fe.sec.glitches-threshold" "<n>" number,
    "tune.quic.fe.sec.retry-threshold" "<n>" number,
    "tune.quic.fe.sock-per-conn" "<value>" one,
    "tune.quic.fe.stream.data-ratio" "<n>" number,
    "tune.quic.fe.stream.max-concurrent" "<n>" number,
    "tune.quic.fe.stream.max-total" "<n>" number,
    "tune.quic.fe.stream.rxbuf" "<size>" anything,
    "tune.quic.fe.tx.pacing" "{ on | off }" switch,
    "tune.quic.fe.tx.udp-gso" "{ on | off }" switch,
    "tune.quic.listen" "{ on | off }" switch,
    "tune.quic.mem.tx-max" "<size>" anything,
    "tune.quic.zero-copy-fwd-send" "{ on | off }" switch,
    "tune.quic.frontend.conn-tx-buffers.limit" "<n>" number,
    "tune.quic.frontend.max-idle-timeout" "<time>" milliseconds,
    "tune.quic.frontend.max-streams-bidi" "<n>" number,
    "tune.quic.max-frame-loss" "<n>" number,
    "tune.quic.retry-threshold" "<n>" number,
    "tune.quic.socket-owner" "<value>" one,
    "tune.quic.backend.max-idle-timeout" "<time>" milliseconds,
);

pub(super) const OTHERS: &[Keyword<Global>] = about!("Lua or log receivers":
    "tune.lua.bool-sample-conversion" "<value>" one,
    "tune.lua.burst-timeout" "<time>" milliseconds,
    "tune.lua.forced-yield" "<n>" number,
    "tune.lua.log.loggers" "{ on | off }" switch,
    "tune.lua.log.stderr" "{ on | auto | off }" one,
    "tune.lua.maxmem" "<n>" number,
    "tune.lua.openlibs" "<list>" one,
    "tune.lua.service-timeout" "<time>" milliseconds,
    "tune.lua.session-timeout" "<time>" milliseconds,
    "tune.lua.task-timeout" "<time>" milliseconds,
    "tune.ring.queues" "<n>" number,
    "tune.rcvbuf.frontend" "<n>" number,
    "tune.rcvbuf.backend" "<n>" number,
    "tune.sndbuf.frontend" "<n>" number,
    "tune.sndbuf.backend" "<n>" number,
    "cluster-secret" "<text>" one,
    "lua-prepend-path" "<path> [<type>]" anything,
);

pub(super) const REFUSED: &[Keyword<Global>] = &[
    keyword("lua-load", "<file>", "runs a Lua program", |_, a, _| {
        not_yet(a, "Lua")
    })
    .idle(),
    keyword(
        "lua-load-per-thread",
        "<file>",
        "runs a Lua program per thread",
        |_, a, _| not_yet(a, "Lua"),
    )
    .idle(),
    keyword(
        "setcap",
        "<capabilities>",
        "keeps capabilities",
        |_, a, _| not_yet(a, "keeping capabilities"),
    )
    .idle(),
    keyword(
        "stats-file",
        "<file>",
        "counters that outlive a restart",
        |_, a, _| not_yet(a, "statistics files"),
    )
    .idle(),
    keyword(
        "shm-stats-file",
        "<file>",
        "counters in shared memory",
        |_, a, _| not_yet(a, "statistics files"),
    )
    .idle(),
    keyword(
        "shm-stats-file-max-objects",
        "<n>",
        "its size",
        |_, a, _| not_yet(a, "statistics files"),
    )
    .idle(),
    keyword(
        "http-err-codes",
        "<codes>",
        "which answers count as errors",
        |_, a, _| not_yet(a, "a choice of error codes"),
    )
    .idle(),
    keyword(
        "http-fail-codes",
        "<codes>",
        "which answers count as failures",
        |_, a, _| not_yet(a, "a choice of failure codes"),
    )
    .idle(),
    keyword(
        "harden.reject-privileged-ports.tcp",
        "{ on | off }",
        "refuses clients with low ports",
        |_, a, _| match a.on_off()? {
            true => not_yet(a, "looking at clients' ports"),
            false => Ok(()),
        },
    ),
    keyword(
        "warn-blocked-traffic-after",
        "<time>",
        "tells of slow loops",
        |_, a, _| not_yet(a, "watching its own loops"),
    )
    .idle(),
    keyword("anonkey", "<n>", "the key of anonymous dumps", |_, a, _| {
        not_yet(a, "anonymous dumps")
    })
    .idle(),
    keyword(
        "prealloc-fd",
        "",
        "prepares the table of open files",
        |_, a, _| not_yet(a, "preparing tables"),
    )
    .idle(),
    keyword(
        "force-cfg-parser-pause",
        "<time>",
        "waits while reading (for debugging)",
        |_, a, _| not_yet(a, "pauses"),
    )
    .idle(),
    keyword(
        "dns-accept-family",
        "<family>",
        "which addresses names may have",
        |_, a, _| not_yet(a, "a choice of families"),
    )
    .idle(),
    keyword(
        "debug.counters",
        "{ on | off }",
        "counts events of the code",
        |_, a, _| match a.on_off()? {
            true => not_yet(a, "counters in the code"),
            false => Ok(()),
        },
    ),
    keyword(
        "quick-exit",
        "",
        "ends without tidying up (there is nothing to tidy up)",
        nothing,
    ),
    keyword(
        "stress-level",
        "<n>",
        "makes rare paths common (for debugging)",
        |_, a, _| not_yet(a, "stress levels"),
    )
    .idle(),
];

fn glitches(_: &mut Global, args: &mut Args<'_>, load: &mut Load) -> Parsed {
    let span = args.keyword();
    if args.int(0..=i64::from(u32::MAX))? > 0 {
        let name = &args.name;
        let message = match name.contains(".h1.") {
            true => format!(
                "'{name}' has no effect: what is wrong in HTTP/1 ends the connection the first time."
            ),
            false => {
                format!("'{name}' has no effect: thresholds count however busy the process is.")
            }
        };
        load.warn(span, message);
    }
    Ok(())
}

fn one(_: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.word("an argument").map(|_| ())
}

fn milliseconds(_: &mut Global, args: &mut Args<'_>, _: &mut Load) -> Parsed {
    args.time_in(Unit::Milliseconds).map(|_| ())
}
