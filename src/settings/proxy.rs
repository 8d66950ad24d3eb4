//! What keywords of `defaults`, `frontend`, `backend` and `listen` set (manual 4).

use super::{CheckKind, ErrorFiles, LogTarget, Stats};

/// The kind of section a proxy came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `defaults`
    Defaults,
    /// `frontend`
    Frontend,
    /// `backend`
    Backend,
    /// `listen`
    Listen,
}

impl Kind {
    /// Accepts connections.
    pub fn front(self) -> bool {
        matches!(self, Self::Frontend | Self::Listen)
    }
    /// Has servers.
    pub fn back(self) -> bool {
        matches!(self, Self::Backend | Self::Listen)
    }
    /// The section's keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Defaults => "defaults",
            Self::Frontend => "frontend",
            Self::Backend => "backend",
            Self::Listen => "listen",
        }
    }
}

/// `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// `tcp`
    #[default]
    Tcp,
    /// `http`
    Http,
}

/// `timeout …`, milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// `client`
    pub client: Option<u64>,
    /// `client-fin`
    pub client_fin: Option<u64>,
    /// `server`
    pub server: Option<u64>,
    /// `server-fin`
    pub server_fin: Option<u64>,
    /// `connect`
    pub connect: Option<u64>,
    /// `check`
    pub check: Option<u64>,
    /// `http-request`
    pub http_request: Option<u64>,
    /// `http-keep-alive`
    pub http_keep_alive: Option<u64>,
    /// `queue`; falls back to `connect`.
    pub queue: Option<u64>,
    /// `tarpit`; falls back to `connect`.
    pub tarpit: Option<u64>,
    /// `tunnel`
    pub tunnel: Option<u64>,
    /// `client-hs` (3.x)
    pub client_hs: Option<u64>,
}

/// How connections are kept (`option http-keep-alive`, `http-server-close`, `httpclose`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpMode {
    /// Both sides kept alive.
    #[default]
    KeepAlive,
    /// Server side closed.
    ServerClose,
    /// Both sides closed.
    Close,
}

/// `http-reuse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpReuse {
    /// Own connection only.
    Never,
    /// Not for a session's first request.
    #[default]
    Safe,
    /// First requests too, on connections that proved reusable.
    Aggressive,
    /// Always.
    Always,
}

/// `option forwardfor` / `option originalto`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardFor {
    /// `header`, default `X-Forwarded-For` (`X-Original-To`).
    pub header: String,
    /// `except`.
    pub except: Option<ipnet::IpNet>,
    /// `if-none`.
    pub if_none: bool,
}

bitflags::bitflags! {
    /// `retry-on` events.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct RetryOn: u32 {
        /// `conn-failure`
        const CONN_FAILURE = 1;
        /// `empty-response`
        const EMPTY_RESPONSE = 2;
        /// `junk-response`
        const JUNK_RESPONSE = 4;
        /// `response-timeout`
        const RESPONSE_TIMEOUT = 8;
        /// `0rtt-rejected`
        const EARLY_REJECTED = 16;
        /// 401
        const S401 = 1 << 8;
        /// 403
        const S403 = 1 << 9;
        /// 404
        const S404 = 1 << 10;
        /// 408
        const S408 = 1 << 11;
        /// 425
        const S425 = 1 << 12;
        /// 500
        const S500 = 1 << 13;
        /// 501
        const S501 = 1 << 14;
        /// 502
        const S502 = 1 << 15;
        /// 503
        const S503 = 1 << 16;
        /// 504
        const S504 = 1 << 17;
        /// `all-retryable-errors`
        const ALL_RETRYABLE = Self::CONN_FAILURE.bits() | Self::EMPTY_RESPONSE.bits() | Self::JUNK_RESPONSE.bits()
            | Self::RESPONSE_TIMEOUT.bits() | Self::EARLY_REJECTED.bits()
            | Self::S500.bits() | Self::S502.bits() | Self::S503.bits() | Self::S504.bits();
    }
}

impl Default for RetryOn {
    fn default() -> Self {
        Self::CONN_FAILURE
    }
}

bitflags::bitflags! {
    /// `option …` switches that carry no argument.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct Options: u64 {
        /// `abortonclose`
        const ABORT_ON_CLOSE = 1;
        /// `accept-invalid-http-request` (3.x: `accept-unsafe-violations-in-http-request`)
        const ACCEPT_INVALID_REQUEST = 1 << 1;
        /// `accept-invalid-http-response`
        const ACCEPT_INVALID_RESPONSE = 1 << 2;
        /// `allbackups`
        const ALL_BACKUPS = 1 << 3;
        /// `checkcache`
        const CHECK_CACHE = 1 << 4;
        /// `clitcpka`
        const CLIENT_TCP_KEEPALIVE = 1 << 5;
        /// `srvtcpka`
        const SERVER_TCP_KEEPALIVE = 1 << 6;
        /// `disable-h2-upgrade`
        const DISABLE_H2_UPGRADE = 1 << 8;
        /// `dontlog-normal`
        const DONTLOG_NORMAL = 1 << 9;
        /// `dontlognull`
        const DONTLOG_NULL = 1 << 10;
        /// `http-buffer-request`
        const BUFFER_REQUEST = 1 << 11;
        /// `http-ignore-probes`
        const IGNORE_PROBES = 1 << 12;
        /// `http-pretend-keepalive`
        const PRETEND_KEEPALIVE = 1 << 14;
        /// `http-use-proxy-header`
        const USE_PROXY_HEADER = 1 << 15;
        /// `http-restrict-req-hdr-names reject` / `delete` (two bits)
        const RESTRICT_NAMES_REJECT = 1 << 16;
        /// See `RESTRICT_NAMES_REJECT`.
        const RESTRICT_NAMES_DELETE = 1 << 17;
        /// `logasap`
        const LOGASAP = 1 << 19;
        /// `log-separate-errors`
        const LOG_SEPARATE_ERRORS = 1 << 20;
        /// `log-health-checks`
        const LOG_HEALTH_CHECKS = 1 << 21;
        /// `nolinger`
        const NO_LINGER = 1 << 22;
        /// `persist`
        const PERSIST = 1 << 23;
        /// `socket-stats`
        const SOCKET_STATS = 1 << 25;
        /// `tcp-smart-accept`
        const SMART_ACCEPT = 1 << 29;
        /// `tcp-smart-connect`
        const SMART_CONNECT = 1 << 30;
        /// `transparent`
        const TRANSPARENT = 1 << 31;
        /// `h1-case-adjust-bogus-client`
        const CASE_ADJUST_CLIENT = 1 << 32;
        /// `h1-case-adjust-bogus-server`
        const CASE_ADJUST_SERVER = 1 << 33;
        /// `idle-close-on-response`
        const IDLE_CLOSE_ON_RESPONSE = 1 << 34;
        /// `http-check disable-on-404`
        const DISABLE_ON_404 = 1 << 35;
        /// `http-check send-state`
        const SEND_STATE = 1 << 36;
    }
}

/// Plain settings of one proxy, defaults already applied. Shared by config and engine.
#[derive(Debug, Clone, Default)]
pub struct Proxy {
    /// `mode`
    pub mode: Mode,
    /// `mode health`: connections are told that the proxy is there; `mode` is TCP then.
    pub health: bool,
    /// Argument-less options.
    pub options: Options,
    /// `timeout …`
    pub timeouts: Timeouts,
    /// Connection mode.
    pub http_mode: HttpMode,
    /// `http-reuse`
    pub reuse: HttpReuse,
    /// `option forwardfor`
    pub forward_for: Option<ForwardFor>,
    /// `option forwarded`
    pub forwarded: Option<super::Forwarded<crate::sample::Pending<crate::sample::Sample>>>,
    /// `option originalto`
    pub original_to: Option<ForwardFor>,
    /// `maxconn` (frontend); `None`: 2000 or the global limit as HAProxy has it.
    pub maxconn: Option<u32>,
    /// `backlog`
    pub backlog: Option<u32>,
    /// `rate-limit sessions`, 0 for none.
    pub rate_limit: u32,
    /// `fullconn`; `None`: computed.
    pub fullconn: Option<u32>,
    /// `compression`
    pub compression: Option<super::Compression>,
    /// `retries`, default 3.
    pub retries: Option<u32>,
    /// `retry-on`
    pub retry_on: RetryOn,
    /// `option redispatch [N]`: `None` off; N counts tries from the end (-1: last).
    pub redispatch: Option<i32>,
    /// `balance`
    pub balance: Option<crate::balance::Algorithm>,
    /// `balance hash <expr>`
    pub balance_expr: Option<crate::sample::Pending<crate::sample::Sample>>,
    /// `hash-type`
    pub hash_type: crate::balance::HashType,
    /// `hash-balance-factor`, percent, 0 off.
    pub hash_balance_factor: u32,
    /// `hash-preserve-affinity`
    pub hash_preserve_affinity: crate::balance::Affinity,
    /// `errorfile` and kin.
    pub errors: ErrorFiles,
    /// `log` lines.
    pub log: Vec<LogTarget>,
    /// `log-tag`
    pub log_tag: Option<String>,
    /// `monitor-uri`
    pub monitor_uri: Option<String>,
    /// `stats …`
    pub stats: Option<Stats>,
    /// Probe kind.
    pub check_kind: CheckKind,
    /// Steps of `http-check` or `tcp-check`, in order.
    pub check_steps: Vec<super::Step>,
    /// `option httpchk` request line, as the implicit first send: method, uri, version+headers.
    pub httpchk: Option<(Option<String>, Option<String>, Option<String>)>,
    /// `tcp-request inspect-delay`
    pub inspect_delay: Option<u64>,
    /// `tcp-response inspect-delay`
    pub response_inspect_delay: Option<u64>,
    /// `capture cookie`: name (prefix match) and length.
    pub capture_cookie: Option<(String, usize)>,
    /// `cookie`
    pub cookie: Option<super::Cookie>,
    /// `dynamic-cookie-key`
    pub dynamic_cookie_key: Option<Box<[u8]>>,
    /// `persist rdp-cookie`: the name of that cookie.
    pub persist_rdp_cookie: Option<String>,
    /// `capture request header`: name and length, by slot.
    pub capture_request: Vec<(String, usize)>,
    /// `capture response header`
    pub capture_response: Vec<(String, usize)>,
    /// `declare capture` slots add to the lists above with an empty name.
    /// `unique-id-header`
    pub unique_id_header: Option<String>,
    /// `http-send-name-header`
    pub send_name_header: Option<String>,
    /// `source` of the backend.
    pub source: Option<super::Endpoint>,
    /// `disabled`
    pub disabled: bool,
    /// `description`
    pub description: Option<String>,
    /// `id`
    pub id: Option<u32>,
    /// `dispatch`
    pub dispatch: Option<super::Endpoint>,
    /// TCP keep-alive: `clitcpka-cnt/idle/intvl`, `srvtcpka-cnt/idle/intvl`.
    pub client_keepalive: [Option<u32>; 3],
    /// See `client_keepalive`.
    pub server_keepalive: [Option<u32>; 3],
}
