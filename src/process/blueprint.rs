//! Files to a plan: read, check and link as the command line says.

use std::sync::Arc;

use crate::cmdline::{self, Exit, Invocation, report};
use crate::diag::has_alert;
use crate::plan::{Plan, link};
use crate::state::State;
use crate::syntax::Env;

/// A configuration that may run.
pub(super) struct Blueprint {
    /// What to run.
    pub(super) plan: Arc<Plan>,
    /// What is to be said about it on the standard error.
    pub(super) said: String,
}

impl Blueprint {
    /// Reads, checks and links the files of the command line. `old` is what runs now, on a reload.
    ///
    /// # Errors
    /// What to say and the code to end with, where it cannot run or was only to be checked.
    pub(super) fn make(
        invocation: &Invocation,
        state: &Arc<State>,
        old: Option<&Plan>,
    ) -> Result<Self, Exit> {
        let mut loaded = cmdline::load(invocation, Env::from_process())?;
        override_by_flags(&mut loaded.config.global, invocation);
        let mut plan = None;
        if !has_alert(&loaded.diagnostics) {
            let (linked, mut found) = link(&loaded.config, state, old);
            loaded.diagnostics.append(&mut found);
            plan = linked;
        }
        let said = report::judge(invocation, &loaded)?;
        match plan {
            Some(plan) => Ok(Self {
                plan: Arc::new(plan),
                said,
            }),
            None => Err(Exit {
                code: 1,
                out: String::new(),
                err: said,
            }),
        }
    }
}

/// What flags say goes over what the file says (management guide 3).
fn override_by_flags(global: &mut crate::settings::Global, invocation: &Invocation) {
    if invocation.maxconn.is_some() {
        global.maxconn = invocation.maxconn;
    }
    if let Some(peer) = &invocation.local_peer {
        global.localpeer = Some(peer.clone());
    }
    global.no_splice |= invocation.no_splice;
    global.no_reuseport |= invocation.no_reuseport;
}
