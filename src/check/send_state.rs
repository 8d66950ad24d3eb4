//! The header of `http-check send-state` (manual 4.2).

use std::sync::atomic::Ordering::Relaxed;

use crate::plan;
use crate::settings::Endpoint;
use crate::state::Operational;

use super::health;

/// `UP 1/3; address=…; port=…; name=be/s1; node=…; weight=1/2; scur=0/0; qcur=0`
pub fn header(proxy: &plan::Proxy, server: &plan::Server, node: &str) -> String {
    let state = &server.state;
    let (address, port) = match (state.address(), &server.settings.endpoint) {
        (Some(address), _) => (address.ip().to_string(), address.port().to_string()),
        (None, Some(Endpoint::Tcp { host, port, .. })) => (host_text(host), port.to_string()),
        _ => ("unix".into(), "unix".into()),
    };
    let sessions: u32 = proxy
        .servers
        .iter()
        .map(|s| s.state.totals.sessions.load())
        .sum();
    format!(
        "{}; address={address}; port={port}; name={}/{}; node={node}; weight={}/{}; scur={}/{sessions}; qcur={}",
        word(server),
        proxy.name,
        server.settings.name,
        state.user_weight.load(Relaxed),
        proxy.state.total_weight.load(Relaxed),
        state.totals.sessions.load(),
        state.queued.load()
    )
}

fn host_text(host: &crate::settings::Host) -> String {
    use crate::settings::Host;
    match host {
        Host::Ip(ip) => ip.to_string(),
        Host::Name(name) => name.clone(),
        Host::Wildcard => "*".into(),
    }
}

/// `UP`, `UP 2/3`, `NOLB`, `DOWN`, `DOWN 1/2`.
fn word(server: &plan::Server) -> String {
    let health = server.state.health();
    let (at, of) = health::progress(&health);
    let between = at != of && at != 0;
    let word = match server.state.operational() {
        Operational::Stopped => "DOWN",
        Operational::Stopping => "NOLB",
        _ => "UP",
    };
    if between {
        format!("{word} {at}/{of}")
    } else {
        word.to_owned()
    }
}
