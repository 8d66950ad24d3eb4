//! A `server` line (manual 5.2).

use crate::format::Format;
use crate::sample::{Pending, Sample};
use crate::tls::BackSettings;

use super::{Endpoint, Observe, OnError, OnMarkedDown, OnMarkedUp, Resolving};

/// `weight`, 0..=256.
pub type Weight = u32;

bitflags::bitflags! {
    /// The PROXY header that a server is sent, if any flag is set: version 2 if it is asked for, else version 1.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
    pub struct SendProxy: u16 {
        /// `send-proxy`.
        const V1 = 1;
        /// `send-proxy-v2`.
        const V2 = 1 << 1;
        /// `ssl`: whether and how TLS is spoken.
        const SSL = 1 << 2;
        /// `cert-cn`: the common name in the client's certificate.
        const CERT_CN = 1 << 3;
        /// `cert-key`: the kind of key of our certificate.
        const CERT_KEY = 1 << 4;
        /// `cert-sig`: how our certificate is signed.
        const CERT_SIG = 1 << 5;
        /// `ssl-cipher`: the cipher suite.
        const CIPHER = 1 << 6;
        /// `authority`: the name that the client asked for.
        const AUTHORITY = 1 << 7;
        /// `crc32c`: a checksum.
        const CRC32C = 1 << 8;
        /// `unique-id`.
        const UNIQUE_ID = 1 << 9;
        /// `pp2-never-send-local`: checks give the ends of their own connections.
        const NEVER_LOCAL = 1 << 10;
        /// Those that are about TLS.
        const ABOUT_TLS = (1 << 7) - (1 << 2);
    }
}

/// The check options of a `server` line.
#[derive(Debug, Clone, Default)]
pub struct ServerCheck {
    /// `check`.
    pub enabled: bool,
    /// `inter`, default 2000.
    pub inter: Option<u64>,
    /// `fastinter`, default `inter`.
    pub fastinter: Option<u64>,
    /// `downinter`, default `inter`.
    pub downinter: Option<u64>,
    /// `rise`, default 2.
    pub rise: Option<u32>,
    /// `fall`, default 3.
    pub fall: Option<u32>,
    /// `port`.
    pub port: Option<u16>,
    /// `addr`.
    pub addr: Option<Endpoint>,
    /// `check-send-proxy`.
    pub send_proxy: bool,
    /// `observe`.
    pub observe: Observe,
    /// `on-error`.
    pub on_error: OnError,
    /// `error-limit`, default 10.
    pub error_limit: Option<u32>,
    /// `on-marked-down`.
    pub on_marked_down: OnMarkedDown,
    /// `on-marked-up`.
    pub on_marked_up: OnMarkedUp,
    /// `track`: backend (own if `None`) and server.
    pub track: Option<(Option<String>, String)>,
    /// `check-ssl`; `None`: as the server's own connections.
    pub ssl: Option<bool>,
    /// `check-sni`.
    pub sni: Option<String>,
    /// `check-sni-auto`: where `check-sni` says nothing, the request's `Host` does.
    pub sni_auto: bool,
    /// `check-alpn`.
    pub alpn: Vec<Vec<u8>>,
    /// `check-proto`.
    pub proto: Option<Protocol>,
    /// `no check` / `no-check`.
    pub disabled: bool,
}

/// A protocol that is said, not agreed on (`proto`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `h1`
    H1,
    /// `h2`
    H2,
    /// `none`: bytes.
    None,
}

impl Protocol {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::H1 => "h1",
            Self::H2 => "h2",
            Self::None => "none",
        }
    }
}

/// `ws`: the protocol of WebSockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WebSocket {
    /// As with other requests; HTTP/1.1 where the server would agree on it.
    #[default]
    Auto,
    /// HTTP/1.1.
    H1,
    /// HTTP/2.
    H2,
}

/// One server.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// `id`.
    pub id: Option<u32>,
    /// Where to connect; `None` only while it is being built.
    pub endpoint: Option<Endpoint>,
    /// The address as written.
    pub text: String,
    /// `shard`: of a peer, which part of the keys it is told of; 0: all.
    pub shard: u32,
    /// `weight`, default 1.
    pub weight: Option<Weight>,
    /// `non-stick`: it is not stored in stick tables.
    pub non_stick: bool,
    /// `redir`: GET and HEAD requests are not forwarded but redirected to this prefix and their path.
    pub redir: Option<Box<[u8]>>,
    /// `backup`.
    pub backup: bool,
    /// `disabled`.
    pub disabled: bool,
    /// `maxconn`, 0 for none.
    pub maxconn: u32,
    /// `minconn`, 0 for none.
    pub minconn: u32,
    /// `maxqueue`, 0 for none.
    pub maxqueue: u32,
    /// `slowstart`.
    pub slowstart: Option<u64>,
    /// `cookie`.
    pub cookie: Option<String>,
    /// `send-proxy`, `send-proxy-v2` and kin.
    pub send_proxy: SendProxy,
    /// `set-proxy-v2-tlv-fmt`: what version 2 carries beside that, by type.
    pub proxy_entries: Vec<(u8, Pending<Format>)>,
    /// `source`: the address to connect from, with an optional port range.
    pub source: Option<Endpoint>,
    /// `interface` of `source`.
    pub source_interface: Option<String>,
    /// `tcp-ut`.
    pub tcp_user_timeout: Option<u32>,
    /// `tfo`.
    pub tcp_fast_open: bool,
    /// `pool-max-conn`; `None` is unlimited.
    pub pool_max_conn: Option<u32>,
    /// `pool-purge-delay`, default 5 s.
    pub pool_purge_delay: Option<u64>,
    /// `max-reuse`; `None` is unlimited.
    pub max_reuse: Option<u32>,
    /// `proto`.
    pub proto: Option<Protocol>,
    /// `ws`.
    pub ws: WebSocket,
    /// `log-proto octet-count` and other words are refused until they exist. `init-addr` as written.
    pub init_addr: Option<Vec<String>>,
    /// Whether and how it follows its name.
    pub resolving: Resolving,
    /// Checks.
    pub check: ServerCheck,
    /// `ssl`.
    pub ssl: bool,
    /// `verify`: `required` or `none`.
    pub verify: Option<bool>,
    /// `sni`.
    pub sni: Option<Pending<Sample>>,
    /// `sni-auto`: where `sni` says nothing, the request's `Host` does.
    pub sni_auto: bool,
    /// What the words about TLS say.
    pub tls: BackSettings,
}
