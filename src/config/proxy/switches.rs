//! Options that are on or off.

use super::super::keyword::Sections;
use crate::settings::Options;

const FRONT: Sections = Sections::DEFAULTS.union(Sections::FRONT);
const BACK: Sections = Sections::DEFAULTS.union(Sections::BACK);
const ALL: Sections = Sections::ALL;

/// Options without arguments: name, bit, where, what.
pub(super) const SWITCHES: &[(&str, Options, Sections, &str)] = &[
    (
        "abortonclose",
        Options::ABORT_ON_CLOSE,
        BACK,
        "forgets requests whose client is gone",
    ),
    (
        "accept-invalid-http-request",
        Options::ACCEPT_INVALID_REQUEST,
        FRONT,
        "lets slightly wrong requests pass",
    ),
    (
        "accept-unsafe-violations-in-http-request",
        Options::ACCEPT_INVALID_REQUEST,
        FRONT,
        "the same, as HAProxy 3 calls it",
    ),
    (
        "accept-invalid-http-response",
        Options::ACCEPT_INVALID_RESPONSE,
        BACK,
        "lets slightly wrong responses pass",
    ),
    (
        "accept-unsafe-violations-in-http-response",
        Options::ACCEPT_INVALID_RESPONSE,
        BACK,
        "the same, as HAProxy 3 calls it",
    ),
    (
        "allbackups",
        Options::ALL_BACKUPS,
        BACK,
        "uses all backup servers together",
    ),
    (
        "checkcache",
        Options::CHECK_CACHE,
        BACK,
        "blocks responses that a cache would share a cookie from",
    ),
    (
        "clitcpka",
        Options::CLIENT_TCP_KEEPALIVE,
        FRONT,
        "TCP keep-alive towards clients",
    ),
    (
        "disable-h2-upgrade",
        Options::DISABLE_H2_UPGRADE,
        FRONT,
        "keeps connections from becoming HTTP/2",
    ),
    (
        "dontlog-normal",
        Options::DONTLOG_NORMAL,
        FRONT,
        "logs only what went wrong",
    ),
    (
        "dontlognull",
        Options::DONTLOG_NULL,
        FRONT,
        "does not log connections without data",
    ),
    (
        "http-buffer-request",
        Options::BUFFER_REQUEST,
        ALL,
        "waits for the body before rules run",
    ),
    (
        "http-ignore-probes",
        Options::IGNORE_PROBES,
        FRONT,
        "does not answer or log empty connections",
    ),
    (
        "http-no-delay",
        Options::empty(),
        ALL,
        "sends every piece at once (always so)",
    ),
    (
        "http-pretend-keepalive",
        Options::PRETEND_KEEPALIVE,
        BACK,
        "does not announce that it will close",
    ),
    (
        "http-use-proxy-header",
        Options::USE_PROXY_HEADER,
        FRONT,
        "reads Proxy-Connection",
    ),
    (
        "idle-close-on-response",
        Options::IDLE_CLOSE_ON_RESPONSE,
        FRONT,
        "closes idle connections only after a response",
    ),
    (
        "log-health-checks",
        Options::LOG_HEALTH_CHECKS,
        BACK,
        "logs each check's outcome",
    ),
    (
        "log-separate-errors",
        Options::LOG_SEPARATE_ERRORS,
        FRONT,
        "logs errors at a higher level",
    ),
    (
        "logasap",
        Options::LOGASAP,
        FRONT,
        "logs before the data has passed",
    ),
    (
        "nolinger",
        Options::NO_LINGER,
        ALL,
        "resets connections on close",
    ),
    (
        "persist",
        Options::PERSIST,
        BACK,
        "keeps a client on its server even when that is down",
    ),
    (
        "socket-stats",
        Options::SOCKET_STATS,
        FRONT,
        "counts per address",
    ),
    (
        "splice-auto",
        Options::empty(),
        ALL,
        "lets the kernel forward where that pays (always so, unless `nosplice`)",
    ),
    (
        "splice-request",
        Options::empty(),
        ALL,
        "lets the kernel forward requests (see `splice-auto`)",
    ),
    (
        "splice-response",
        Options::empty(),
        ALL,
        "lets the kernel forward responses (see `splice-auto`)",
    ),
    (
        "srvtcpka",
        Options::SERVER_TCP_KEEPALIVE,
        BACK,
        "TCP keep-alive towards servers",
    ),
    (
        "tcp-smart-accept",
        Options::SMART_ACCEPT,
        FRONT,
        "saves an acknowledgement",
    ),
    (
        "tcp-smart-connect",
        Options::SMART_CONNECT,
        BACK,
        "saves an acknowledgement",
    ),
    (
        "transparent",
        Options::TRANSPARENT,
        BACK,
        "connects to where the client wanted to go",
    ),
    (
        "h1-case-adjust-bogus-client",
        Options::CASE_ADJUST_CLIENT,
        FRONT,
        "writes header names as `h1-case-adjust` says",
    ),
    (
        "h1-case-adjust-bogus-server",
        Options::CASE_ADJUST_SERVER,
        BACK,
        "writes header names as `h1-case-adjust` says",
    ),
];
