//! A `peers` section (manual 3.5).

use super::LogTarget;

/// Whom tables are shared with, and how this process is called there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peers {
    /// Its name.
    pub name: String,
    /// The name of this process among the peers.
    pub local: String,
    /// `disabled`: nothing is shared.
    pub disabled: bool,
    /// This process is among the peers; else the section counts for nothing.
    pub complete: bool,
    /// `shards`: among how many groups of peers the keys are divided; 0: all peers get all.
    pub shards: u32,
    /// `log` lines.
    pub log: Vec<LogTarget>,
}
