//! Messages on the standard error, in HAProxy's shape.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::cmdline;
use crate::diag::Severity;
use crate::diag::render::message;

/// The voice of the process on its standard error.
#[derive(Debug, Default)]
pub struct Say {
    quiet: bool,
    introduced: AtomicBool,
}

impl Say {
    /// A voice that says nothing if `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self {
            quiet,
            introduced: AtomicBool::new(false),
        }
    }

    /// An alert.
    pub fn alert(&self, text: &str) {
        self.tell(Severity::Alert, text);
    }

    /// A warning.
    pub fn warning(&self, text: &str) {
        self.tell(Severity::Warning, text);
    }

    /// A notice.
    pub fn notice(&self, text: &str) {
        self.tell(Severity::Notice, text);
    }

    /// Text that is rendered already; it begins with who speaks.
    pub fn rendered(&self, text: &str) {
        if !text.is_empty() {
            self.introduced.store(true, Relaxed);
            self.write(text);
        }
    }

    /// The start is over: who speaks is known from now on.
    pub fn started(&self) {
        self.introduced.store(true, Relaxed);
    }

    /// One message. The first warning or alert is preceded by who speaks.
    fn tell(&self, severity: Severity, text: &str) {
        let pid = std::process::id();
        if severity >= Severity::Warning && !self.introduced.swap(true, Relaxed) {
            self.write(&cmdline::preamble(pid));
        }
        self.write(&message(severity, text, pid));
    }

    fn write(&self, text: &str) {
        if !self.quiet {
            // Nobody to tell if the standard error is gone.
            let _ = std::io::stderr().lock().write_all(text.as_bytes());
        }
    }
}
