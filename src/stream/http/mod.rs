//! The HTTP engine: a client connection in `mode http`, request by request.

use std::rc::Rc;

use super::Client;
use crate::worker::Worker;

/// Serves a client connection in HTTP mode until it ends.
pub async fn serve(worker: Rc<Worker>, client: Client) {
    // Until the engine is here the connection is refused in a way that nobody takes for an answer.
    client.stream.set_reset_on_close();
    drop((worker, client));
}
