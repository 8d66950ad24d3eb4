//! A `bind` line (manual 5.1).

use super::Endpoint;

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
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `interface`.
    pub interface: Option<String>,
    /// `maxconn` of this listener, 0 for none.
    pub maxconn: u32,
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
    /// `proto` (`h1`); `h2` comes with HTTP/2.
    pub proto: Option<String>,
}
