//! Log lines on their way out: levels, framing, sinks (manual 4.2 `log`, 3.1 `log`, 8).
//!
//! `plan` makes an [`Outputs`] for the `global` section and a [`Logger`] for each proxy; the engine and
//! the checks call [`Logger::send`]. What a line says is the language's affair: this module must not
//! know formats, streams or configuration words. It never waits: a line that a sink does not take at
//! once is dropped and counted.

mod decide;
mod header;
mod patience;
mod sink;
mod target;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::SystemTime;

use crate::settings::{Global, LogTarget};
use crate::state::State;

pub use decide::{Outcome, Policy};
pub use header::Clock;

use header::Identity;
use target::Target;

/// Level `notice`.
pub const NOTICE: u8 = 5;
/// Level `info`, that of traffic logs.
pub const INFO: u8 = 6;
/// Level `err`, that of failed traffic under `log-separate-errors`.
pub const ERR: u8 = 3;
/// Level `warning`.
pub const WARNING: u8 = 4;
/// Level `emerg`.
pub const EMERG: u8 = 0;
/// Level `alert`.
pub const ALERT: u8 = 1;

/// The `global` section's `log` lines and what all log lines of the process share.
#[derive(Debug, Clone)]
pub struct Outputs {
    targets: Arc<[Arc<Target>]>,
    identity: Identity,
    tag: String,
    state: Arc<State>,
}

/// A `log` line that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("log : {0}")]
pub struct Unusable(pub String);

impl Outputs {
    /// Opens what the `global` section's `log` lines name.
    ///
    /// # Errors
    /// A name that does not resolve, or an inherited descriptor that is not open.
    pub fn new(global: &Global, state: &Arc<State>) -> Result<Self, Unusable> {
        let identity = Identity::new(global);
        let targets = global
            .log
            .iter()
            .filter_map(|line| Target::new(line, &identity).transpose())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            targets: targets.into_iter().map(Arc::new).collect(),
            identity,
            tag: global.log_tag.clone(),
            state: state.clone(),
        })
    }

    /// The logger of the process itself (starts and exits).
    pub fn process(&self) -> Logger {
        Logger {
            targets: self.targets.clone(),
            tag: self.tag.as_str().into(),
            state: self.state.clone(),
        }
    }

    /// The logger of a proxy with these `log` lines and this `log-tag`.
    ///
    /// # Errors
    /// As [`Outputs::new`].
    pub fn logger(&self, lines: &[LogTarget], tag: Option<&str>) -> Result<Logger, Unusable> {
        let mut targets = Vec::new();
        for line in lines {
            match Target::new(line, &self.identity)? {
                Some(target) => targets.push(Arc::new(target)),
                None => targets.extend(self.targets.iter().cloned()),
            }
        }
        Ok(Logger {
            targets: targets.into(),
            tag: tag.unwrap_or(&self.tag).into(),
            state: self.state.clone(),
        })
    }
}

/// Where one proxy's lines go. Cheap to clone; shared by all threads.
#[derive(Debug, Clone)]
pub struct Logger {
    targets: Arc<[Arc<Target>]>,
    tag: Arc<str>,
    state: Arc<State>,
}

thread_local! {
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Logger {
    /// True if nobody listens: the caller may spare itself the making of a line.
    pub fn silent(&self) -> bool {
        self.targets.is_empty()
    }

    /// Sends a line of this level (0 `emerg` to 7 `debug`) to every target that wants it. Never waits.
    pub fn send(&self, now: SystemTime, level: u8, text: &[u8]) {
        self.send_structured(now, level, b"", text);
    }

    /// The same with the structured data of RFC 5424, where the framing has a place for it.
    pub fn send_structured(&self, now: SystemTime, level: u8, data: &[u8], text: &[u8]) {
        if self.targets.is_empty() {
            return;
        }
        LINE.with_borrow_mut(|line| {
            for target in self.targets.iter() {
                let Some(level) = target.admits(level) else {
                    continue;
                };
                let taken = target.ready(now) && {
                    target.frame(now, level, &self.tag, data, text, line);
                    target.deliver(now, line)
                };
                if !taken {
                    self.state.process.dropped_logs.inc();
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
