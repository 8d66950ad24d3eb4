//! What is known of a name, and for how long. No socket; time is an argument.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::resolve::{Failure, Found, Service};
use crate::settings::Resolvers;

/// The most addresses or services of one name that are kept: with `hold obsolete` the answers of many questions add up.
const KEPT: usize = 4096;

/// See the module.
#[derive(Debug)]
pub(super) struct Known {
    pub resolvers: Arc<Resolvers>,
    /// When to ask next; `None` while somebody asks.
    pub due: Option<Instant>,
    /// When there was a good answer last, or nothing was known yet.
    valid: Instant,
    addresses: Vec<(IpAddr, Instant)>,
    services: Vec<(Service, Instant)>,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    /// There are records, from this name server.
    Records(usize),
    /// There have been none for so long that what was known is forgotten.
    Lost(Failure),
    /// What was known stays.
    Nothing,
}

impl Known {
    /// Nothing yet.
    pub(super) fn new(resolvers: Arc<Resolvers>, now: Instant) -> Self {
        Self {
            resolvers,
            due: Some(now),
            valid: now,
            addresses: Vec::new(),
            services: Vec::new(),
        }
    }

    /// Takes an answer in.
    pub(super) fn learn(&mut self, told: Result<Found, Failure>, now: Instant) -> News {
        self.due = Some(now + Duration::from_millis(self.resolvers.resolve));
        let hold = &self.resolvers.hold;
        match told {
            Ok(found) => {
                self.valid = now;
                let obsolete = Duration::from_millis(hold.obsolete);
                merge(
                    &mut self.addresses,
                    found.addresses,
                    |a, b| a == b,
                    now,
                    obsolete,
                );
                let same = |a: &Service, b: &Service| a.host == b.host && a.port == b.port;
                merge(&mut self.services, found.services, same, now, obsolete);
                News::Records(found.server)
            }
            Err(failure) => {
                let held = match failure {
                    Failure::Unknown => hold.nx,
                    Failure::Refused => hold.refused,
                    Failure::Timeout => hold.timeout,
                    Failure::Other => hold.other,
                };
                if now < self.valid + Duration::from_millis(held) {
                    return News::Nothing;
                }
                self.addresses.clear();
                self.services.clear();
                News::Lost(failure)
            }
        }
    }

    /// Addresses, in the order they are given out.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        self.addresses.iter().map(|(ip, _)| *ip).collect()
    }

    /// Services, in the order they are given out.
    pub(super) fn services(&self) -> Vec<Service> {
        self.services.iter().map(|(s, _)| s.clone()).collect()
    }

    /// This address was given to a server: others come first for the next one.
    pub(super) fn given(&mut self, ip: IpAddr) {
        if let Some(at) = self.addresses.iter().position(|(known, _)| *known == ip) {
            let entry = self.addresses.remove(at);
            self.addresses.push(entry);
        }
    }
}

/// Renews what is in the answer, adds what is new, and forgets what has not been in one for too long.
fn merge<T>(
    known: &mut Vec<(T, Instant)>,
    answer: Vec<T>,
    same: impl Fn(&T, &T) -> bool,
    now: Instant,
    obsolete: Duration,
) {
    for item in answer {
        match known.iter_mut().find(|(known, _)| same(known, &item)) {
            Some(entry) => *entry = (item, now),
            None => known.push((item, now)),
        }
    }
    known.retain(|(_, seen)| *seen == now || *seen + obsolete > now);
    if known.len() > KEPT {
        // The newest stand last.
        known.drain(..known.len() - KEPT);
    }
}

/// What messages say of a failure.
pub(super) fn why(failure: Failure) -> &'static str {
    match failure {
        Failure::Unknown => "DNS NX status",
        Failure::Refused => "DNS refused status",
        Failure::Timeout => "DNS timeout status",
        Failure::Other => "unspecified DNS error",
    }
}
