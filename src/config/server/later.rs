//! Options of features that later work brings, and those that mean something with them only.

use super::super::keyword::{Keyword, TlsOptions, keyword};
use super::not_yet;
use crate::settings::Server;

pub(super) const KEYWORDS: &[Keyword<Server>] = &[
    keyword("init-state", "<state>", "its state at start", |_, a, _| {
        not_yet(a, 1, "a choice of initial state")
    })
    .idle(),
    keyword(
        "usesrc",
        "<address>",
        "connects from the client's address",
        |_, a, _| not_yet(a, 1, "transparent proxying"),
    )
    .idle(),
    keyword(
        "shard",
        "<n>",
        "of a peer: which part of the keys it is told of (`shards`); 0: all",
        |s, a, _| {
            s.shard = a.count()?;
            Ok(())
        },
    ),
    keyword(
        "socks4",
        "<address>",
        "connects through SOCKS",
        |_, a, _| not_yet(a, 1, "SOCKS"),
    )
    .idle(),
    keyword(
        "log-proto",
        "{ legacy | octet-count }",
        "the framing of a ring's messages (refused with rings)",
        |_, a, _| a.choice(&[("legacy", ()), ("octet-count", ())]),
    )
    .idle(),
    keyword(
        "log-bufsize",
        "<n>",
        "the buffer of a ring's messages (refused with rings)",
        |_, a, _| {
            a.count()?;
            Ok(())
        },
    )
    .idle(),
    keyword(
        "namespace",
        "<name>",
        "the network namespace to connect in",
        |_, a, _| not_yet(a, 1, "network namespaces"),
    )
    .idle(),
    keyword(
        "pool-conn-name",
        "<expr>",
        "the name of a shared connection",
        |_, a, _| not_yet(a, 1, "named connections"),
    )
    .idle(),
    keyword(
        "guid",
        "<text>",
        "a name for statistics files",
        |_, a, _| not_yet(a, 1, "statistics files"),
    )
    .idle(),
    keyword("cc", "<name>", "the congestion control", |_, a, _| {
        not_yet(a, 1, "a choice of congestion control")
    })
    .idle(),
    keyword("tcp-md5sig", "<key>", "signs TCP segments", |_, a, _| {
        not_yet(a, 1, "TCP signatures")
    })
    .idle(),
    keyword(
        "idle-ping",
        "<time>",
        "pings idle HTTP/2 servers",
        |_, a, _| not_yet(a, 1, "HTTP/2"),
    )
    .idle(),
    keyword(
        "strict-maxconn",
        "",
        "counts connections, not requests",
        |_, a, _| not_yet(a, 0, "strict connection limits"),
    )
    .idle(),
    keyword(
        "quic-cc-algo",
        "<name>",
        "the congestion control of QUIC",
        |_, a, _| not_yet(a, 1, "QUIC"),
    )
    .idle(),
];

/// Options about TLS that are refused: name, and how many words follow.
pub(super) const TLS_OPTIONS: TlsOptions = &[];
