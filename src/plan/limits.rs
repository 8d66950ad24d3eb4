//! Limits that nobody wrote down: connections per process, streams per backend.

use nix::sys::resource::{Resource, getrlimit};

use crate::config;
use crate::settings::Global;

/// Descriptors that are not connections: listeners, logs, epoll, checks.
const RESERVED: u64 = 128;
/// Where the system sets no limit, HAProxy takes this for one.
const UNLIMITED: u64 = 1_048_576;
/// Share of the frontends' limits at which a backend counts as fully loaded, one in …
const FULLCONN_SHARE: u64 = 10;

/// Most client connections at once: each may take a descriptor on either side.
pub(super) fn maxconn(global: &Global) -> u32 {
    if let Some(maxconn) = global.maxconn {
        return maxconn;
    }
    let hard = getrlimit(Resource::RLIMIT_NOFILE).map_or(UNLIMITED, |(_, hard)| hard);
    let files = global
        .ulimit_n
        .unwrap_or(hard)
        .min(global.fd_hard_limit.unwrap_or(UNLIMITED))
        .min(UNLIMITED);
    u32::try_from(files.saturating_sub(RESERVED) / 2)
        .unwrap_or(u32::MAX)
        .max(100)
}

/// `fullconn` by default: a tenth of what the frontends that may lead here can bring.
pub(super) fn fullconn(backend: usize, proxies: &[config::Proxy], maxconn: u32) -> u32 {
    let Some(own) = proxies.get(backend) else {
        return 0;
    };
    if let Some(fullconn) = own.settings.fullconn {
        return fullconn;
    }
    let total: u64 = proxies
        .iter()
        .enumerate()
        .filter(|(at, proxy)| {
            proxy.kind.front() && (*at == backend || may_lead_to(proxy, &own.name))
        })
        .map(|(_, proxy)| u64::from(proxy.settings.maxconn.unwrap_or(maxconn)))
        .sum();
    let share = total.div_ceil(FULLCONN_SHARE).max(1);
    u32::try_from(share).unwrap_or(u32::MAX)
}

fn may_lead_to(front: &config::Proxy, backend: &str) -> bool {
    front
        .default_backend
        .as_ref()
        .is_some_and(|(name, _)| name == backend)
        || front.use_backend.iter().any(|switch| match &switch.target {
            config::Target::Name(name) => name == backend,
            config::Target::Format(_) => true,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxconn_is_what_was_said_or_half_of_the_files() {
        let said = Global {
            maxconn: Some(7),
            ..Global::default()
        };
        assert_eq!(maxconn(&said), 7);
        let files = Global {
            ulimit_n: Some(10_128),
            ..Global::default()
        };
        assert_eq!(maxconn(&files), 5_000);
    }
}
