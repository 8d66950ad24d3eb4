//! `track`: servers that follow the health of another.

use crate::config;
use crate::diag::Diagnostic;

/// A server by the places of its proxy and itself.
type Place = (usize, usize);

/// A server, and the one it tracks.
pub(super) type Tracked = (Place, Place);

/// The server that each server tracks, by place; all chains end at a server with checks.
pub(super) fn resolve(
    proxies: &[config::Proxy],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Tracked> {
    let mut found = Vec::new();
    for (proxy_at, proxy) in proxies.iter().enumerate() {
        for (server_at, (server, span)) in proxy.servers.iter().enumerate() {
            if server.check.track.is_none() {
                continue;
            }
            let from = (proxy_at, server_at);
            let who = format!("'server {}/{}'", proxy.name, server.name);
            match tracked(proxies, from).and_then(|to| whole_chain(proxies, from, to)) {
                Ok(to) => found.push((from, to)),
                Err(why) => diagnostics.push(Diagnostic::alert(*span, format!("{who} : {why}"))),
            }
        }
    }
    found
}

fn tracked(proxies: &[config::Proxy], from: Place) -> Result<Place, String> {
    let unknown = || "unable to follow 'track'.".to_owned();
    let proxy = proxies.get(from.0).ok_or_else(unknown)?;
    let (server, _) = proxy.servers.get(from.1).ok_or_else(unknown)?;
    let (backend, name) = server.check.track.as_ref().ok_or_else(unknown)?;
    let at = match backend {
        None => from.0,
        Some(backend) => proxies
            .iter()
            .position(|proxy| proxy.kind.back() && proxy.name == *backend)
            .ok_or_else(|| format!("unable to find required proxy '{backend}' for tracking."))?,
    };
    proxies
        .get(at)
        .and_then(|proxy| proxy.servers.iter().position(|(s, _)| s.name == *name))
        .map(|server| (at, server))
        .ok_or_else(|| format!("unable to find required server '{name}' for tracking."))
}

/// Follows the chain to its end; answers the first link.
fn whole_chain(proxies: &[config::Proxy], from: Place, first: Place) -> Result<Place, String> {
    let named = |(proxy, server): Place| {
        let proxy = proxies.get(proxy);
        let server = proxy.and_then(|proxy| proxy.servers.get(server));
        match (proxy, server) {
            (Some(proxy), Some((server, _))) => format!("{}/{}", proxy.name, server.name),
            _ => String::new(),
        }
    };
    let mut seen = vec![from];
    let mut at = first;
    loop {
        if seen.contains(&at) {
            return Err(format!(
                "unable to track {} as it belongs to a tracking chain looping back to {}.",
                named(first),
                named(at)
            ));
        }
        seen.push(at);
        let check = proxies
            .get(at.0)
            .and_then(|proxy| proxy.servers.get(at.1))
            .map(|(server, _)| &server.check);
        match check {
            Some(check) if check.track.is_some() => at = tracked(proxies, at)?,
            Some(check) if check.enabled => return Ok(first),
            _ => {
                return Err(format!(
                    "unable to use {} for tracking as it does not have any check nor agent enabled.",
                    named(at)
                ));
            }
        }
    }
}
