//! Which of a name's addresses a server takes.

use std::net::IpAddr;

use crate::settings::{Prefer, Resolving};

/// The address for a server that has `current` now, among those that are not taken: of the preferred family, in a preferred
/// network, then the one it has, then the first.
pub(super) fn choose(
    known: &[IpAddr],
    current: Option<IpAddr>,
    resolving: &Resolving,
    taken: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    let rank = |ip: IpAddr| {
        let family = ip.is_ipv4() == (resolving.prefer == Prefer::V4);
        let near = resolving.nets.iter().any(|net| net.contains(ip));
        (family, near, current == Some(ip))
    };
    let free = |ip: &IpAddr| resolving.allow_duplicates || !taken(*ip);
    let mut best = None;
    for ip in known.iter().copied().filter(free) {
        if best.is_none_or(|best| rank(ip) > rank(best)) {
            best = Some(ip);
        }
    }
    best
}
