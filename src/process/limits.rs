//! How many descriptors and how much memory the process may have (management guide 5; manual 3.1
//! `ulimit-n`, `strict-limits`; `-m`).

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::plan::Plan;

/// Descriptors that each thread needs for itself: its poller, its wake-up, its log sockets.
const PER_THREAD: u64 = 5;
/// Standard streams, log descriptors, pipes of signals, and a little air.
const PER_PROCESS: u64 = 13;
/// A connection to a client and one to a server.
const PER_CONNECTION: u64 = 2;

/// Descriptors that this plan may need on so many threads.
pub(super) fn descriptors(plan: &Plan, threads: usize) -> u64 {
    let threads = threads as u64;
    let count = |n: usize| n as u64;
    let listeners: u64 = plan.proxies.iter().map(|p| count(p.listeners.len())).sum();
    let servers: u64 = plan.proxies.iter().map(|p| count(p.servers.len())).sum();
    let needed = PER_PROCESS
        + threads * (PER_THREAD + listeners)
        + servers
        + u64::from(plan.maxconn) * PER_CONNECTION;
    plan.global.ulimit_n.unwrap_or(needed)
}

/// Asks for that many descriptors. Answers what HAProxy says where they cannot be had: an alert under
/// `strict-limits`, else the warnings to give.
pub(super) fn raise(plan: &Plan, wanted: u64) -> Result<Vec<String>, String> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((1024, 1024));
    if soft >= wanted || setrlimit(Resource::RLIMIT_NOFILE, wanted, hard.max(wanted)).is_ok() {
        return Ok(Vec::new());
    }
    // A derived need is an estimate; what the limit does allow was the base of it.
    let derived = plan.global.maxconn.is_none() && plan.global.ulimit_n.is_none();
    let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    if derived {
        return Ok(Vec::new());
    }
    let text = format!("[haproxy.main()] Cannot raise FD limit to {wanted}, limit is {hard}.");
    if plan.global.strict_limits {
        return Err(text);
    }
    let maxconn = plan.maxconn;
    Ok(vec![
        text,
        format!(
            "[haproxy.main()] FD limit ({hard}) too low for maxconn={maxconn}/maxsock={wanted}. \
             Please raise 'ulimit-n' to {wanted} or more to avoid any trouble."
        ),
    ])
}

/// Limits memory (`-m`, MiB of address space).
///
/// # Errors
/// HAProxy's words.
pub(super) fn memory(mebibytes: u64) -> Result<(), String> {
    let bytes = mebibytes.saturating_mul(1 << 20);
    setrlimit(Resource::RLIMIT_AS, bytes, bytes).map_err(|error| {
        format!("[haproxy.main()] Cannot fix MEM limit to {mebibytes} megs: {error}.")
    })
}
