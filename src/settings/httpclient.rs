//! What `global` says of requests that the program makes itself (manual 3.2 `httpclient.*`, `ocsp-update.*`).

use std::sync::Arc;

use super::Prefer;
use crate::tls::{Authorities, Slot};

/// How requests are made.
#[derive(Debug, Clone)]
pub struct HttpClient {
    /// `httpclient.resolvers.id`; without one the system resolves.
    pub resolvers: Option<String>,
    /// `httpclient.resolvers.disabled`: only addresses are connected to, no names.
    pub no_names: bool,
    /// `httpclient.resolvers.prefer`.
    pub prefer: Prefer,
    /// `httpclient.retries`.
    pub retries: u32,
    /// `httpclient.timeout.connect`, milliseconds.
    pub connect: u64,
    /// `httpclient.ssl.verify`.
    pub verify: bool,
    /// `httpclient.ssl.ca-file`; otherwise the system's.
    pub authorities: Option<Arc<Slot<Authorities>>>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self {
            resolvers: None,
            no_names: false,
            prefer: Prefer::default(),
            retries: 3,
            connect: 5_000,
            verify: true,
            authorities: None,
        }
    }
}

/// How OCSP responses are kept fresh.
#[derive(Debug, Clone)]
pub struct OcspUpdate {
    /// `ocsp-update.mode`: what holds for certificates of which nothing else is said.
    pub mode: bool,
    /// `ocsp-update.disable`: no response is asked for, whatever else is said.
    pub disabled: bool,
    /// `ocsp-update.mindelay` and `ocsp-update.maxdelay`, seconds.
    pub delays: (u64, u64),
    /// `ocsp-update.httpproxy`: host and port of a proxy to ask through.
    pub proxy: Option<(String, u16)>,
}

impl Default for OcspUpdate {
    fn default() -> Self {
        Self {
            mode: false,
            disabled: false,
            delays: (300, 3600),
            proxy: None,
        }
    }
}
