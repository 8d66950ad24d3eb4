//! Which backend takes the request (manual 4.2 `use_backend`, `default_backend`).

use std::sync::Arc;

use super::Stop;
use super::exchange::Exchange;
use crate::acl::Outcome;
use crate::backend::Seat;
use crate::end::{Cause, Stage};
use crate::plan::Target;

impl Exchange {
    /// Chooses the backend and takes a seat there.
    pub(super) fn choose_backend(&mut self) -> Result<(), Stop> {
        let chosen = self.switched().or(self.frontend.default_backend);
        let Some(backend) = chosen.and_then(|at| self.plan.proxies.get(at)) else {
            return Err(Stop::error(503, Cause::Server, Stage::Connect));
        };
        self.backend = backend.clone();
        self.txn.backend = Some(backend.state.clone());
        self.txn.backend_id = backend.id;
        let now = super::finish::rate_clock(self.date);
        self.seat = Some(Seat::take(backend.state.clone(), now));
        self.backend.state.back.requests_total.inc();
        Ok(())
    }

    fn switched(&mut self) -> Option<usize> {
        if self.frontend.use_backend.is_empty() {
            return None;
        }
        let frontend = Arc::clone(&self.frontend);
        let plan = Arc::clone(&self.plan);
        let scope = self.scope();
        let (target, _) = frontend.use_backend.iter().find(|(_, cond)| {
            cond.as_ref()
                .is_none_or(|c| c.test(&scope) == Outcome::Pass)
        })?;
        match target {
            Target::Index(at) => Some(*at),
            Target::Format(format) => {
                let mut name = Vec::new();
                format.render(&scope, &mut name);
                let name = std::str::from_utf8(&name).ok()?;
                plan.backends.get(name).copied()
            }
        }
    }
}
