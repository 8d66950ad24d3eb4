//! What the status page needs beside the plan: the checks, and facts of the process.

use std::sync::Arc;
use std::time::SystemTime;

use crate::check::Checks;
use crate::plan::Plan;

use super::info::Info;
use super::object::Moment;

/// Held by whoever serves the page or answers `show info`, for the life of the process.
#[derive(Clone)]
pub struct Console {
    /// Servers' health and administrative states.
    pub checks: Arc<Checks>,
    /// When the process started.
    pub started: SystemTime,
    /// Worker threads.
    pub threads: u32,
    /// Limit of open files.
    pub files: u32,
    /// The node's name.
    pub node: String,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Console")
    }
}

impl Console {
    /// The process as it is now.
    pub fn info<'a>(&'a self, plan: &'a Plan, now: SystemTime, stopping: bool) -> Info<'a> {
        Info {
            plan,
            now: Moment::at(now),
            started: Moment::at(self.started).seconds,
            pid: std::process::id(),
            threads: self.threads,
            files: self.files,
            node: &self.node,
            stopping,
        }
    }
}
