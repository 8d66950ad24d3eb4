//! Which server of a backend a request goes to, if any can take it.

use std::sync::Arc;

use crate::balance::{Algorithm, Pick};
use crate::plan::{Loads, Proxy, Server};

/// What balancing says.
#[derive(Debug)]
pub(super) enum Chosen<'b> {
    /// This server; a hash leads to it even if it is full.
    Server(&'b Arc<Server>),
    /// All servers are full: the request waits for any.
    Full,
    /// No server is usable.
    Nobody,
}

/// Chooses a server for a request with this hash; `avoid` is the server a former attempt failed on.
pub(super) fn choose<'b>(
    backend: &'b Proxy,
    hash: Option<u32>,
    avoid: Option<&Server>,
    random: &mut dyn FnMut() -> u32,
) -> Chosen<'b> {
    if others_wait(backend) {
        return Chosen::Full;
    }
    let avoid = avoid.filter(|server| backend.lists(server));
    let picked = backend.balancer.pick(Pick {
        hash,
        avoid: avoid.map(|server| server.index),
        loads: &Loads(backend),
        random,
    });
    match picked.and_then(|server| backend.servers.get(server)) {
        Some(server) => Chosen::Server(server),
        None if backend.balancer.serving() == 0 => Chosen::Nobody,
        None => Chosen::Full,
    }
}

/// True where so many wait for any server that none can be free, for the algorithms that would look
/// for one: a newcomer must not overtake them.
fn others_wait(backend: &Proxy) -> bool {
    let waiting = backend.state.queued.load();
    if waiting == 0 {
        return false;
    }
    let algorithm = &backend.balance.algorithm;
    let looks = !algorithm.hashes() && !matches!(algorithm, Algorithm::Random { .. });
    let serving = backend.balancer.serving();
    looks && serving > 0 && waiting as usize >= serving
}
