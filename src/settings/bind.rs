//! A `bind` line (manual 5.1).

use std::sync::Arc;

use super::Endpoint;
use crate::tls::FrontSettings;

/// What a listener's words about TLS say, if it speaks TLS. Two are the same if they were read together.
#[derive(Debug, Clone, Default)]
pub struct Secured(pub Option<Arc<FrontSettings>>);

impl Secured {
    /// To be changed by a word.
    pub fn edit(&mut self) -> &mut FrontSettings {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl PartialEq for Secured {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }
}

impl Eq for Secured {}

/// One address of a `bind` line, with the line's options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bind {
    /// Where to listen; `None` only while it is being built.
    pub endpoint: Option<Endpoint>,
    /// The address as written, for messages, `show` commands and the default name.
    pub text: String,
    /// `file:line` of the line, for messages at start.
    pub place: String,
    /// `name`.
    pub name: Option<String>,
    /// `id`.
    pub id: Option<u32>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `accept-netscaler-cip`: the magic number.
    pub netscaler_magic: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `interface`.
    pub interface: Option<String>,
    /// `maxconn` of this listener, 0 for none.
    pub maxconn: u32,
    /// `nice`: how far its streams step back behind others.
    pub nice: i32,
    /// `mss`.
    pub mss: Option<i32>,
    /// `tcp-ut`, milliseconds.
    pub tcp_user_timeout: Option<u32>,
    /// `tfo`.
    pub tcp_fast_open: bool,
    /// `transparent`.
    pub transparent: bool,
    /// `v4v6`.
    pub v4v6: bool,
    /// `v6only`.
    pub v6only: bool,
    /// Unix socket `uid`, `gid` (also from `user`, `group`), `mode`.
    pub owner: (Option<u32>, Option<u32>, Option<u32>),
    /// `proto`: `h1`, `h2` or `none`.
    pub proto: Option<String>,
    /// `ssl`.
    pub ssl: bool,
    /// What the words about TLS say; nothing without `ssl`.
    pub tls: Secured,
}
