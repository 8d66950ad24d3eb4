//! Which backend takes the request (manual 4.2 `use_backend`, `default_backend`).

use super::Stop;
use super::exchange::Exchange;
use crate::backend::Seat;
use crate::end::{Cause, Stage};
use crate::settings::Mode;
use crate::stream::switch;

impl Exchange {
    /// Chooses the backend and takes a seat there. A `reqsetbe` rule may have chosen already.
    pub(super) fn choose_backend(&mut self) -> Result<(), Stop> {
        let upgraded = self.upgrade.as_ref().and_then(|upgrade| upgrade.backend);
        let named = self.txn.old_backend.as_deref();
        let named = named.and_then(|name| self.plan.backends.get(name).copied());
        let chosen = match upgraded.or(named) {
            None if self.frontend.use_backend.is_empty() => self.frontend.default_backend,
            None => {
                let (plan, frontend) = (&self.plan, &self.frontend);
                let session = &mut self.connection.client.session;
                let scope = crate::stream::scope(&self.worker, session, &mut self.txn);
                switch::backend(plan, frontend, &scope)
            }
            chosen => chosen,
        };
        let Some(backend) = chosen.and_then(|at| self.plan.proxies.get(at)) else {
            self.not_processed();
            return Err(Stop::error(503, Cause::Server, Stage::Connect));
        };
        self.backend = backend.clone();
        self.txn.backend = Some(backend.state.clone());
        self.txn.backend_id = backend.id;
        self.txn.backend_at = Some(backend.index);
        if backend.settings.mode == Mode::Tcp {
            // Only a TCP frontend leads there; its stream has become HTTP, and there is no way back.
            self.txn.status = Some(500);
            return Err(Stop::close(Cause::Internal, Stage::Request));
        }
        let now = self.worker.millis();
        self.seat = Some(Seat::take(backend.state.clone(), now));
        self.backend.state.back.requests_total.inc();
        Ok(())
    }
}
