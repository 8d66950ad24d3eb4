//! Log-format strings (manual 8.2.6), wherever they appear: logs, headers, replies.

use crate::sample::Scope;

/// A linked format.
pub struct Format {
    run: Box<dyn Fn(&Scope<'_>, &mut Vec<u8>) + Send + Sync>,
}

impl Format {
    /// A format that runs this.
    pub fn new(run: Box<dyn Fn(&Scope<'_>, &mut Vec<u8>) + Send + Sync>) -> Self {
        Self { run }
    }
    /// Appends what it gives now.
    pub fn render(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        (self.run)(scope, out);
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Format")
    }
}
