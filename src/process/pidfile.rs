//! The file that holds the process id (`-p`, `pidfile`).

use std::io;
use std::path::Path;

/// Writes this process's id.
///
/// # Errors
/// The file cannot be made or written.
pub(super) fn write(path: &Path) -> io::Result<()> {
    std::fs::write(path, format!("{}\n", std::process::id()))
}
