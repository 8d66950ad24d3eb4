//! The words of TLS (manual 3.1 `ssl-default-*`, 5.1, 5.2): what `bind`, `server` and `global` lines share.
//!
//! rustls speaks TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3. A word about anything
//! older gets a warning that says what happens instead; one that leaves nothing to speak is an error.

pub(super) mod bind;
mod files;
pub(super) use files::authorities;
pub(super) mod global;
pub(super) mod judging;
mod list;
pub(super) mod loading;
pub(super) mod server;
mod terms;
mod whole;

pub use list::list_terms;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::args::{Args, Parsed};
use crate::tls::store::Bases;
use crate::tls::{BackSettings, Chains, Extras, FrontSettings, Store, TicketKeys};

/// `alpn`: names of protocols.
pub(super) fn protocols(args: &mut Args<'_>) -> Parsed<Vec<Vec<u8>>> {
    terms::protocols(args)
}

/// What lines about TLS begin with, and what was read from files.
#[derive(Debug, Default)]
pub(super) struct Defaults {
    /// `ssl-default-bind-*`, `tune.ssl.*`.
    pub front: FrontSettings,
    /// `ssl-default-server-*`, `ssl-server-verify`.
    pub back: BackSettings,
    /// `crt-base`.
    pub crt_base: Option<PathBuf>,
    /// `key-base`.
    pub key_base: Option<PathBuf>,
    /// `bind` lines of this section that have no certificate yet.
    pub bare: Vec<loading::Bare>,
    /// `ca-base`.
    pub ca_base: Option<PathBuf>,
    /// `ssl-server-verify none`.
    pub trust_servers: bool,
    /// `ssl-load-extra-files`, `ssl-load-extra-del-ext`.
    pub extras: Extras,
    /// `issuers-chain-path`.
    pub chains: Chains,
    /// Keys of tickets by file: lines that name the same file share them.
    pub ticket_keys: Vec<Arc<TicketKeys>>,
    /// Certificates, authorities and lists by name: each is read once.
    pub store: Arc<Store>,
    /// Certificates that were read before their turn, by name.
    pub ahead: HashMap<String, files::Read>,
    /// Files are not read: the store has all that may be named.
    pub sealed: bool,
}

impl Defaults {
    /// Where names begin, as the last lines about it say.
    pub fn bases(&self) -> Bases {
        Bases {
            certificates: self.crt_base.clone(),
            authorities: self.ca_base.clone(),
        }
    }
}
