//! Words to settings: sections and their keywords, one table each (manual 2 to 5).
//!
//! `cmdline` and reload call it, `plan` links what it gives. Opens no socket, reads no clock.
//!
//! [`load`] runs over all lines. A line goes to the section that is open; the section's table names
//! the keyword, and the keyword takes its typed arguments. A word that does not work yet is an entry
//! too: it is refused by name.

mod address;
mod advice;
mod args;
mod bind;
mod draft;
mod dump;
mod global;
mod http_errors;
mod keyword;
mod load;
mod log;
mod model;
mod owner;
mod peers;
mod proxy;
mod resolvers;
mod sections;
mod server;
mod stick_table;
mod tls;
mod unique;
mod userlist;
mod validate;

#[cfg(test)]
mod tests;

use crate::syntax::units;

pub use dump::dump;
pub use keyword::{Keyword, Sections};
pub use load::{Loaded, Options, load};
pub use model::{Config, Peers, Proxy, Rules, Stick, Switch, Table, Target};
pub use tls::list_terms;
pub use validate::has_listener;
