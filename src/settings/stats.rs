//! `stats …` lines of a proxy (manual 4.2).

/// `stats scope`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatsScope {
    /// `.`: the proxy the line stands in.
    Own,
    /// A proxy by name.
    Proxy(String),
}

/// The status page as one proxy serves it.
#[derive(Debug, Clone)]
pub struct Stats {
    /// `stats uri`, default `/haproxy?stats`.
    pub uri: String,
    /// `stats realm`.
    pub realm: Option<String>,
    /// `stats auth`: user and password, in order.
    pub auth: Vec<(String, String)>,
    /// `stats refresh`, seconds.
    pub refresh: Option<u32>,
    /// `stats scope`.
    pub scope: Vec<StatsScope>,
    /// `stats hide-version`.
    pub hide_version: bool,
    /// `stats show-legends`.
    pub show_legends: bool,
    /// `stats show-node` with its name.
    pub show_node: Option<Option<String>>,
    /// `stats show-desc` with its text.
    pub show_desc: Option<Option<String>>,
    /// `stats admin` conditions, any of which permits.
    pub admin: Vec<crate::sample::Pending<crate::acl::Cond>>,
    /// `stats http-request` rules.
    pub rules: Vec<crate::sample::Pending<crate::action::Rule>>,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            uri: "/haproxy?stats".into(),
            realm: None,
            auth: Vec::new(),
            refresh: None,
            scope: Vec::new(),
            hide_version: false,
            show_legends: false,
            show_node: None,
            show_desc: None,
            admin: Vec::new(),
            rules: Vec::new(),
        }
    }
}
