//! The way to a server connection, step by step.

use std::rc::Rc;
use std::sync::Arc;

use crate::end::{Cause, End, Stage};
use crate::plan::{Plan, Proxy, Server};
use crate::sample::{Session, Transaction};
use crate::worker::Worker;

use super::{Lease, Own};

/// What a stream asks for.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The stream's plan.
    pub plan: &'a Arc<Plan>,
    /// The backend.
    pub backend: &'a Arc<Proxy>,
    /// The client's connection.
    pub session: &'a mut Session,
    /// The request. Its server, timers, retries and queue positions are filled in.
    pub txn: &'a mut Transaction,
    /// The client's own idle server connections.
    pub own: &'a mut Own,
    /// What was tried already.
    pub attempts: &'a mut Attempts,
}

/// What was tried for one request; kept when the stream asks again (`retry-on`).
#[derive(Debug, Default)]
pub struct Attempts {
    /// Retries used.
    pub used: u32,
    /// The server of the last attempt.
    pub last: Option<Arc<Server>>,
}

/// No connection could be had.
#[derive(Debug)]
pub struct Failure {
    /// Why and where.
    pub end: End,
    /// The status for an HTTP client.
    pub status: u16,
}

/// Finds a server and connects to it.
///
/// # Errors
/// No server can take the request, or all attempts failed.
pub async fn obtain(worker: &Rc<Worker>, ask: Ask<'_>) -> Result<Lease, Failure> {
    let _ = (worker, ask);
    // No balancer is linked yet: no server is usable.
    Err(Failure {
        end: End::new(Cause::Server, Stage::Connect),
        status: 503,
    })
}
