//! The runtime API (management guide 9.3): commands on a socket (`stats socket`), answers as text.
//!
//! `process` opens the sockets and runs [`serve`] on the control thread. Commands read the plan and the
//! living state, and change servers through `check`, so that a change is logged like any other. The
//! module must not know streams or configuration words.

mod certificate;
mod command;
mod help;
pub mod master;
mod ocsp;
mod pattern;
mod peers;
mod process;
mod resolvers;
mod server;
mod session;
mod show;
mod table;
mod ticket_keys;
mod variable;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::check::Checks;
use crate::discover::Renamed;
use crate::net::listen::Listener;
use crate::ocsp::Updates;
use crate::peers::Circle;
use crate::plan::Plan;
use crate::stats::Console;
use crate::tls::{FrontSettings, Store};
use crate::worker::Fleet;

pub use command::{COMMANDS, Command, Level};
pub use show::node;

/// What options of a list's line make of a `bind` line's words; an error is a sentence for the operator.
pub type ListTerms = fn(&Arc<Store>, &FrontSettings, &str) -> Result<FrontSettings, String>;

/// What commands work on.
pub struct Desk {
    /// The workers.
    pub fleet: Arc<Fleet>,
    /// Servers' health and administrative states.
    pub checks: Arc<Checks>,
    /// Told when a server is to follow another name.
    pub renamed: Arc<Renamed>,
    /// OCSP responses that are kept fresh.
    pub updates: Arc<Updates>,
    /// The sections in which tables are shared.
    pub circle: Arc<Circle>,
    /// What the process knows of itself.
    pub console: Console,
    /// Reloads the configuration in place; an error says why it was refused.
    pub reload: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
    /// Reads options of a list's line on top of a `bind` line's words (`add ssl crt-list`).
    pub list_terms: ListTerms,
    /// Sessions at once (`stats maxconn`).
    pub sessions: Arc<Semaphore>,
}

impl Desk {
    fn plan(&self) -> Arc<Plan> {
        self.fleet.plan()
    }
}

/// Serves a socket whose sessions begin at this level, until the process ends. Must run in a `LocalSet`.
pub async fn serve(desk: Arc<Desk>, listener: Listener, level: Level) {
    loop {
        let Ok(permit) = desk.sessions.clone().acquire_owned().await else {
            return;
        };
        let ready = std::future::poll_fn(|cx| listener.poll_ready(cx)).await;
        match ready.and_then(|()| listener.accept()) {
            Ok(None) => {}
            Ok(Some((stream, _))) => {
                let desk = desk.clone();
                tokio::task::spawn_local(async move {
                    // A session that breaks off has nobody left to be told.
                    let _ = session::run(&desk, &stream, level).await;
                    drop(permit);
                });
            }
            // Out of descriptors: there will be some later.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}
