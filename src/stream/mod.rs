//! The engine: what happens to a client connection, phase by phase.
//!
//! `worker` hands every accepted connection to [`accept`]. Reads the plan and the state, never
//! configuration.

mod client;
pub mod http;

use std::rc::Rc;

pub use client::Client;

use tokio::task::AbortHandle;

use crate::worker::{Accepted, Worker};

/// Starts serving a client connection, as a task of the worker.
pub fn spawn(worker: &Rc<Worker>, accepted: Accepted) -> AbortHandle {
    let client = Client::new(accepted);
    tokio::task::spawn_local(http::serve(worker.clone(), client)).abort_handle()
}
