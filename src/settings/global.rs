//! The `global` section (manual 3).

use super::{Endpoint, Http2, HttpClient, LogTarget, OcspUpdate};

/// Everything the `global` section sets.
#[derive(Debug, Clone)]
pub struct Global {
    /// `maxconn`; `None`: derived from `ulimit-n`.
    pub maxconn: Option<u32>,
    /// `nbproc`: how many processes a file of old asked for; 0 where it did not.
    pub nbproc: u16,
    /// `debug`: stays in the foreground.
    pub debug: bool,
    /// `nbthread`; `None`: one per CPU the process may use.
    pub nbthread: Option<u16>,
    /// `daemon`.
    pub daemon: bool,
    /// `master-worker`.
    pub master_worker: bool,
    /// Whether a worker's failure ends the master and all other workers (`master-worker` without
    /// `no-exit-on-failure`).
    pub exit_on_failure: bool,
    /// `pidfile`.
    pub pidfile: Option<String>,
    /// `user` / `uid`.
    pub uid: Option<u32>,
    /// `group` / `gid`.
    pub gid: Option<u32>,
    /// `chroot`.
    pub chroot: Option<String>,
    /// `ulimit-n`.
    pub ulimit_n: Option<u64>,
    /// `fd-hard-limit`.
    pub fd_hard_limit: Option<u64>,
    /// `log` lines.
    pub log: Vec<LogTarget>,
    /// `log-tag`.
    pub log_tag: String,
    /// `log-send-hostname`: `Some(None)` is the system's name.
    pub log_send_hostname: Option<Option<String>>,
    /// `node`.
    pub node: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `hard-stop-after`.
    pub hard_stop_after: Option<u64>,
    /// `maxconnrate`, `maxsessrate`, per second, 0 for none.
    pub maxconnrate: u32,
    /// See `maxconnrate`.
    pub maxsessrate: u32,
    /// `maxsslconn`: TLS connections at once, 0 for any number.
    pub maxsslconn: u32,
    /// `maxsslrate`: TLS connections of clients per second, 0 for any number.
    pub maxsslrate: u32,
    /// `spread-checks`, percent.
    pub spread_checks: u32,
    /// `max-spread-checks`, milliseconds.
    pub max_spread_checks: Option<u64>,
    /// `tune.peers.max-updates-at-once`.
    pub peer_updates: u32,
    /// `localpeer`.
    pub localpeer: Option<String>,
    /// `h1-case-adjust` and `h1-case-adjust-file`: lower-case name to the form to send.
    pub h1_case_adjust: Vec<(String, String)>,
    /// `h1-accept-payload-with-any-method`.
    pub h1_accept_payload_with_any_method: bool,
    /// `stats socket` lines.
    pub stats_sockets: Vec<StatsSocket>,
    /// `stats timeout`.
    pub stats_timeout: u64,
    /// `tune.cli.max-payload-size`: bytes of a command's payload.
    pub payload_limit: usize,
    /// `stats maxconn`.
    pub stats_maxconn: u32,
    /// `tune.bufsize`, bytes.
    pub bufsize: usize,
    /// `tune.comp.maxlevel`: how hard responses are compressed, 1 to 9.
    pub compression_level: u32,
    /// `tune.maxrewrite`, bytes.
    pub maxrewrite: usize,
    /// `httpclient.…`.
    pub httpclient: HttpClient,
    /// `ocsp-update.…`.
    pub ocsp: OcspUpdate,
    /// `tune.h2.…`.
    pub http2: Http2,
    /// `tune.http.maxhdr`.
    pub maxhdr: usize,
    /// `tune.maxaccept`.
    pub maxaccept: usize,
    /// `tune.idletimer`, `tune.pipesize`, 0 for the default.
    pub pipesize: usize,
    /// `tune.rcvbuf.client`, `.server`; `tune.sndbuf.client`, `.server`; 0: the system's.
    pub rcvbuf: (usize, usize),
    /// See `rcvbuf`.
    pub sndbuf: (usize, usize),
    /// `nosplice` / `-dS`.
    pub no_splice: bool,
    /// `noreuseport` / `-dR`.
    pub no_reuseport: bool,
    /// `quiet`.
    pub quiet: bool,
    /// `zero-warning`.
    pub zero_warning: bool,
    /// `pp2-never-send-local`: checks do not say `LOCAL` in PROXY headers of version 2.
    pub pp2_never_send_local: bool,
    /// `set-dumpable`.
    pub set_dumpable: bool,
    /// `cpu-map` sets by thread, CPU numbers; empty: no binding.
    pub cpu_map: Vec<(u16, Vec<u16>)>,
    /// `set-var` / `set-var-fmt` of scope proc, in order.
    pub vars: Vec<crate::sample::Pending<crate::action::Action>>,
    /// `tune.vars.*-max-size`
    pub vars_room: crate::sample::Limits,
    /// `strict-limits`.
    pub strict_limits: bool,
    /// `unix-bind prefix`, `uid`, `gid`, `mode`.
    pub unix_bind: (Option<String>, Option<u32>, Option<u32>, Option<u32>),
}

/// A `stats socket` line (manual 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsSocket {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// `level`: 0 user, 1 operator (the default), 2 admin.
    pub level: u8,
    /// `uid`/`user`, `gid`/`group`, `mode`.
    pub owner: (Option<u32>, Option<u32>, Option<u32>),
}

impl Default for Global {
    fn default() -> Self {
        Self {
            maxconn: None,
            nbproc: 0,
            debug: false,
            nbthread: None,
            daemon: false,
            master_worker: false,
            exit_on_failure: true,
            pidfile: None,
            uid: None,
            gid: None,
            chroot: None,
            ulimit_n: None,
            fd_hard_limit: None,
            log: Vec::new(),
            log_tag: "haproxy".into(),
            log_send_hostname: None,
            node: None,
            description: None,
            hard_stop_after: None,
            maxconnrate: 0,
            maxsessrate: 0,
            maxsslconn: 0,
            maxsslrate: 0,
            spread_checks: 0,
            max_spread_checks: None,
            peer_updates: 200,
            localpeer: None,
            h1_case_adjust: Vec::new(),
            h1_accept_payload_with_any_method: false,
            stats_sockets: Vec::new(),
            stats_timeout: 10_000,
            payload_limit: 1 << 20,
            stats_maxconn: 10,
            bufsize: 16_384,
            compression_level: 1,
            maxrewrite: 1_024,
            httpclient: HttpClient::default(),
            ocsp: OcspUpdate::default(),
            http2: Http2::default(),
            maxhdr: 101,
            maxaccept: 4,
            pipesize: 0,
            rcvbuf: (0, 0),
            sndbuf: (0, 0),
            no_splice: false,
            no_reuseport: false,
            quiet: false,
            zero_warning: false,
            pp2_never_send_local: false,
            set_dumpable: false,
            cpu_map: Vec::new(),
            vars: Vec::new(),
            vars_room: crate::sample::Limits::default(),
            strict_limits: true,
            unix_bind: (None, None, None, None),
        }
    }
}
