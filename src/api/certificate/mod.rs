//! Commands on certificates, authorities, revocation lists and lists of certificates in memory (management guide 9.3
//! `new ssl cert` to `show ssl crt-list`).
//!
//! They change the store of the plan that runs, then have the listeners and servers that use what changed look again:
//! the next handshake sees it. `set` opens a transaction that nobody sees before `commit`; there is one of each kind
//! at a time. A change is logged. HAProxy's texts are kept, its slips in them too.

pub(super) mod authority;
pub(super) mod cert;
mod describe;
pub(super) mod list;
mod uses;

use std::time::SystemTime;

use super::command::{Call, Level};
use crate::log;

/// What a command says: done, or why not.
type Said = Result<String, String>;

fn either(said: Said) -> String {
    said.unwrap_or_else(|why| why)
}

/// HAProxy's words to a session that may not look: its check stands where it makes room for the answer.
fn may_look(call: &Call<'_>) -> Result<(), String> {
    match *call.level < Level::Operator {
        true => Err("Can't allocate memory!\n".to_owned()),
        false => Ok(()),
    }
}

/// Tells the log of a change.
fn tell(call: &Call<'_>, text: &str) {
    let plan = call.desk.plan();
    let logger = plan.log.process();
    logger.send(SystemTime::now(), log::NOTICE, text.as_bytes());
}
