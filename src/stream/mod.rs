//! The engine: what happens to a client connection, phase by phase.
//!
//! `worker` hands every accepted connection to [`accept`]. Reads the plan and the state, never
//! configuration.

mod client;
pub mod http;

use std::rc::Rc;

pub use client::Client;

use crate::worker::{Accepted, Worker};

/// Serves a client connection until it ends.
pub async fn accept(worker: Rc<Worker>, accepted: Accepted) {
    let client = Client::new(accepted);
    http::serve(worker, client).await;
}
