//! Who follows which name, and what becomes of them when an answer comes.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::time::Instant;

use crate::check::Checks;
use crate::plan::{self, Plan};
use crate::resolve::{Failure, Found, Service, Wanted};
use crate::settings::Resolvers;
use crate::state::Admin;

use super::choice::choose;
use super::known::{Known, News, why};

/// A question: what is asked for, and whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    section: String,
    /// In small letters.
    pub name: String,
    pub wanted: Wanted,
}

/// A server that follows a name.
pub(super) struct Follower {
    proxy: Arc<plan::Proxy>,
    server: Arc<plan::Server>,
    follow: Arc<plan::Follow>,
    /// The service whose place it has, for one that follows those.
    service: Option<Service>,
    /// The question for the host's addresses. `None`: no host, or its address came with the service.
    host: Option<Key>,
    /// The address it took from an answer. An operator may have given it another one: that stays while this is among the
    /// answers.
    taken: Option<IpAddr>,
    /// When it lost its last service: those that are free longest are given one first.
    freed: u64,
}

/// See the module.
pub(super) struct Book {
    checks: Arc<Checks>,
    /// In the order of the configuration.
    followers: Vec<Follower>,
    known: HashMap<Key, Known>,
    freed: u64,
}

/// What messages call an answer that somebody else asked for.
const CACHE: &str = "DNS cache";

impl Follower {
    fn new(proxy: &Arc<plan::Proxy>, server: &Arc<plan::Server>) -> Option<Self> {
        let naming = server.state.naming();
        // A service that was given before a reload: the next answer says the rest.
        let service = naming.host.map(|host| Service {
            host,
            port: naming.port,
            weight: 0,
            address: None,
        });
        let follow = server.follow.clone()?;
        Some(Self {
            service: service.filter(|_| follow.service),
            proxy: proxy.clone(),
            server: server.clone(),
            follow,
            host: None,
            taken: None,
            freed: 0,
        })
    }

    fn key(&self, name: &str, wanted: Wanted) -> Key {
        Key {
            section: self.follow.resolvers.name.clone(),
            name: name.to_ascii_lowercase(),
            wanted,
        }
    }

    /// The question for services.
    fn services(&self) -> Option<Key> {
        let follow = &self.follow;
        follow
            .service
            .then(|| self.key(&follow.name, Wanted::Services))
    }

    /// The question for addresses that should be asked now.
    fn wants(&self) -> Option<Key> {
        let brought = self.service.as_ref().is_some_and(|s| s.address.is_some());
        let host = self.server.state.naming().host.filter(|_| !brought)?;
        let prefer = self.server.settings.resolving.prefer;
        Some(self.key(&host, Wanted::Addresses(prefer)))
    }

    fn names(&self) -> (&str, &str) {
        (&self.proxy.name, &self.server.settings.name)
    }

    fn ip(&self) -> Option<IpAddr> {
        self.server.state.address().map(|address| address.ip())
    }

    /// Takes an address. True if it is another one than before.
    fn found(&mut self, checks: &Checks, ip: IpAddr, by: &str) -> bool {
        let resolved = self.server.state.admin().0 & Admin::RESOLVER_MAINT == 0;
        if self.taken.replace(ip) == Some(ip) && resolved {
            return false;
        }
        let (proxy, name) = self.names();
        let port = self.server.state.naming().port;
        checks.found(proxy, name, SocketAddr::new(ip, port), by)
    }

    /// Has no address any more. True if it had one.
    fn lost(&mut self, checks: &Checks, why: &str) -> bool {
        let had = self.taken.take().is_some();
        let (proxy, name) = self.names();
        checks.lost(proxy, name, why);
        had
    }

    /// Takes the weight that the service has, unless it had it before.
    fn weigh(&self, checks: &Checks, service: &Service) {
        // The records' 16 bits, in the 0 to 256 that servers have; only nothing is nothing.
        let weight = u32::from(service.weight).div_ceil(256);
        let state = &self.server.state;
        if !self.server.settings.resolving.ignore_weight
            && state.user_weight.load(Relaxed) != weight
        {
            let (proxy, name) = self.names();
            checks.weigh(proxy, name, weight);
        }
    }
}

impl Book {
    pub(super) fn new(checks: Arc<Checks>, plan: &Plan, now: Instant) -> Self {
        let mut book = Self {
            checks,
            followers: Vec::new(),
            known: HashMap::new(),
            freed: 0,
        };
        book.replace(plan, now);
        book
    }

    /// Takes the followers of a plan over. What is known of names stays.
    pub(super) fn replace(&mut self, plan: &Plan, now: Instant) {
        let proxies = plan.proxies.iter().filter(|p| !p.settings.disabled);
        self.followers = proxies
            .flat_map(|proxy| proxy.servers.iter().map(move |server| (proxy, server)))
            .filter_map(|(proxy, server)| Follower::new(proxy, server))
            .collect();
        for (key, known) in &mut self.known {
            let mut sections = plan.resolvers.iter();
            if let Some(section) = sections.find(|section| section.name == key.section) {
                known.resolvers = section.clone();
            }
        }
        self.subscribe(now);
    }

    /// Makes the questions those that followers have now; forgets those that nobody has.
    pub(super) fn subscribe(&mut self, now: Instant) {
        let mut wanted = HashSet::new();
        for follower in &mut self.followers {
            let wants = follower.wants();
            if follower.host != wants {
                follower.taken = None;
            }
            follower.host = wants;
            let keys = follower.host.iter().cloned().chain(follower.services());
            for key in keys {
                let resolvers = &follower.follow.resolvers;
                let new = || Known::new(resolvers.clone(), now);
                self.known.entry(key.clone()).or_insert_with(new);
                wanted.insert(key);
            }
        }
        self.known.retain(|key, _| wanted.contains(key));
    }

    /// The questions to be asked now. They count as being asked until they are [`told`](Self::told).
    pub(super) fn due(&mut self, now: Instant) -> Vec<(Key, Arc<Resolvers>)> {
        let due = self
            .known
            .iter_mut()
            .filter(|(_, known)| known.due.is_some_and(|due| due <= now));
        let ask = |(key, known): (&Key, &mut Known)| {
            known.due = None;
            (key.clone(), known.resolvers.clone())
        };
        due.map(ask).collect()
    }

    /// When the next question is to be asked.
    pub(super) fn next(&self) -> Option<Instant> {
        self.known.values().filter_map(|known| known.due).min()
    }

    /// An answer came.
    pub(super) fn told(&mut self, key: &Key, told: Result<Found, Failure>, now: Instant) {
        let Some(known) = self.known.get_mut(key) else {
            return;
        };
        let news = known.learn(told, now);
        let services = key.wanted == Wanted::Services;
        match news {
            News::Nothing => {}
            News::Lost(_) | News::Records(_) if services => self.settle_services(key, now),
            News::Lost(failure) => {
                let checks = &self.checks;
                let those = self.followers.iter_mut();
                for follower in those.filter(|f| f.host.as_ref() == Some(key)) {
                    follower.lost(checks, why(failure));
                }
            }
            News::Records(from) => self.settle_addresses(key, from),
        }
    }

    fn settle_addresses(&mut self, key: &Key, from: usize) {
        let Some(known) = self.known.get(key) else {
            return;
        };
        let (section, servers) = (&known.resolvers.name, &known.resolvers.nameservers);
        let Some(server) = servers.get(from) else {
            return;
        };
        let (mut by, asked) = (format!("{section}/{}", server.name), server.asked.clone());
        let mut moved = false;
        for at in self.on(key) {
            moved |= self.settle(at, key, &by);
            CACHE.clone_into(&mut by);
        }
        if moved {
            asked.updates.inc();
        }
    }

    /// The followers of a host.
    fn on(&self, key: &Key) -> Vec<usize> {
        let all = self.followers.iter().enumerate();
        let those = all.filter(|(_, follower)| follower.host.as_ref() == Some(key));
        those.map(|(at, _)| at).collect()
    }

    /// Gives a follower its address of those that are known. True if it is another one than before.
    fn settle(&mut self, at: usize, key: &Key, by: &str) -> bool {
        let (Some(known), Some(follower)) = (self.known.get_mut(key), self.followers.get(at))
        else {
            return false;
        };
        let resolving = &follower.server.settings.resolving;
        let taken = |ip| {
            let mut others = self.followers.iter().enumerate();
            others.any(|(other, f)| {
                other != at
                    && f.proxy.index == follower.proxy.index
                    && f.host.as_ref() == Some(key)
                    && f.taken.or(f.ip()) == Some(ip)
            })
        };
        let current = follower.taken.or(follower.ip());
        let addresses = known.addresses();
        let kept = follower.taken.filter(|ip| addresses.contains(ip));
        let chosen = kept.or_else(|| choose(&addresses, current, resolving, taken));
        let again = resolving.allow_duplicates && kept.is_none();
        let Some(follower) = self.followers.get_mut(at) else {
            return false;
        };
        match chosen {
            Some(ip) => {
                if again {
                    known.given(ip);
                }
                follower.found(&self.checks, ip, by)
            }
            None => {
                // HAProxy's words, with the room where it would name the server.
                follower.lost(&self.checks, "No IP for server ")
            }
        }
    }

    /// Takes places away that are gone, and gives those that are new to servers without one, in every backend.
    fn settle_services(&mut self, key: &Key, now: Instant) {
        let services = match self.known.get(key) {
            Some(known) => known.services(),
            None => return,
        };
        let all = 0..self.followers.len();
        let mine: Vec<usize> = all
            .filter(|at| self.followers[*at].services().as_ref() == Some(key))
            .collect();
        for &at in &mine {
            self.release(at, &services);
        }
        let mut backends: Vec<usize> = mine
            .iter()
            .map(|at| self.followers[*at].proxy.index)
            .collect();
        backends.dedup();
        for service in &services {
            for &backend in &backends {
                let here = |at: &usize| self.followers[*at].proxy.index == backend;
                let here: Vec<usize> = mine.iter().copied().filter(here).collect();
                self.offer(&here, service);
            }
        }
        self.subscribe(now);
        // Hosts that others ask for already are known.
        for &at in &mine {
            let Some(host) = self.followers[at].host.clone() else {
                continue;
            };
            let known = self.known.get(&host);
            if known.is_some_and(|known| !known.addresses().is_empty()) {
                self.settle(at, &host, CACHE);
            }
        }
    }

    /// Takes the place away that is not among the services.
    fn release(&mut self, at: usize, services: &[Service]) {
        let checks = self.checks.clone();
        let follower = &mut self.followers[at];
        let Some(own) = &follower.service else { return };
        if services.iter().any(|s| same(s, own)) {
            return;
        }
        follower.service = None;
        follower.host = None;
        self.freed += 1;
        follower.freed = self.freed;
        follower.lost(&checks, "entry removed from SRV record");
        let (proxy, name) = follower.names();
        checks.rename(proxy, name, None, 0, "");
    }

    /// Brings the server that has this place up to date, or finds one for it among those of a backend.
    fn offer(&mut self, here: &[usize], service: &Service) {
        let has = |at: &&usize| {
            let own = self.followers[**at].service.as_ref();
            own.is_some_and(|own| same(own, service))
        };
        let free = |at: &&usize| self.followers[**at].service.is_none();
        let holder = here.iter().find(has);
        let new = holder.is_none();
        let taker = || {
            here.iter()
                .filter(free)
                .min_by_key(|at| self.followers[**at].freed)
        };
        let Some(&at) = holder.or_else(taker) else {
            // More places than servers.
            return;
        };
        let checks = self.checks.clone();
        let follower = &mut self.followers[at];
        follower.service = Some(service.clone());
        if new {
            let (proxy, name) = follower.names();
            checks.rename(proxy, name, Some(&service.host), service.port, "SRV record");
        }
        follower.weigh(&checks, service);
        if let Some(ip) = service.address {
            follower.host = None;
            follower.found(&checks, ip, "DNS additional record");
        }
    }
}

fn same(a: &Service, b: &Service) -> bool {
    a.host == b.host && a.port == b.port
}
