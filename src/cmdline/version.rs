//! What `-v` and `-vv` say.

use crate::syntax::{COMPATIBLE_VERSION, FEATURES};

/// The program's name.
pub(super) const NAME: &str = env!("CARGO_PKG_NAME");

/// The program's version.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `-v`.
pub fn banner() -> String {
    let system = rustix::system::uname();
    format!(
        "{NAME} version {VERSION}\n\
         Compatible with: HAProxy version {COMPATIBLE_VERSION} (configuration language and defaults)\n\
         Running on: {} {} {} {}\n",
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        system.version().to_string_lossy(),
        system.machine().to_string_lossy(),
    )
}

/// `-vv`.
pub fn details() -> String {
    let features: Vec<String> = FEATURES
        .iter()
        .map(|(name, on)| format!("{}{name}", if *on { '+' } else { '-' }))
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}\nFeature list : {}\n\n\
         Default settings :\n\
         \x20 bufsize = 16384, maxrewrite = 1024, maxpollevents = 200\n\n\
         Built with multi-threading support (default={threads}).\n\n\
         Available polling systems :\n\
         \x20     epoll : pref=300,  test result OK\n\
         Total: 1 (1 usable), will use epoll.\n",
        banner(),
        features.join(" "),
    )
}
