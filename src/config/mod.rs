//! Words to settings: sections and their keywords, one table each (manual 2 to 5).
//!
//! `cmdline` and reload call it, `plan` links what it gives. Opens no socket, reads no clock.

mod model;

pub use model::{Config, Proxy, Rules, Switch, Target};
