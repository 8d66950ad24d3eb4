//! The one place where servers change: checks, `observe`, the operator and slow start all come here.
//!
//! Changes are serialised, so that a server, those that track it and the backend's totals move as
//! one. Reading is free: everyone looks at the atomics of [`state::Server`] and [`state::Proxy`].

mod adopt;
mod naming;
mod orders;
mod transition;
mod verdict;

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::backend;
use crate::balance::effective_weight;
use crate::end::Cause;
use crate::plan::{self, Plan};
use crate::settings::{OnMarkedDown, OnMarkedUp, Options};
use crate::state::{self, Admin, CheckResult, Operational};

use super::code::{Code, Finding, Verdict};
use super::health;
use super::message::{self, Left, Why, level};

/// What has to happen elsewhere when a server changes. Called with the board locked: must not call back.
pub trait Hooks: Send + Sync {
    /// A message for stderr: HAProxy's `[WARNING]`, or `[ALERT]` if true. The logs have it already.
    fn warn(&self, alert: bool, text: &str);
    /// The server's usability or weight in effect changed: the balancers and queues of every plan that
    /// still runs must learn of it. Answers how many queued requests were sent to choose again.
    fn changed(&self, proxy: &plan::Proxy, server: &plan::Server) -> u32 {
        backend::server_changed(proxy, server)
    }
    /// Sessions on this server must end, for this cause.
    fn shut_sessions(&self, proxy: &plan::Proxy, server: &plan::Server, cause: Cause);
}

/// What the operator asks for (`set server … state`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Out of maintenance and drain.
    Ready,
    /// No new sessions but persistent ones.
    Drain,
    /// No sessions, no checks.
    Maint,
}

/// What the operator says of its health (`set server … health`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdicted {
    /// Up.
    Up,
    /// Takes only persistent sessions.
    Stopping,
    /// Down.
    Down,
}

/// Where an operator's word came from; messages say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The runtime API.
    Cli,
    /// The status page.
    Web,
}

/// A server by its places in the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Index in [`Plan::proxies`].
    pub proxy: usize,
    /// Index in [`plan::Proxy::servers`].
    pub server: usize,
}

/// The plan in force and who tracks whom in it.
struct Current {
    plan: Arc<Plan>,
    by_name: HashMap<(String, String), Place>,
    trackers: HashMap<Place, Vec<Place>>,
    tracked: HashMap<Place, Place>,
}

/// See the module.
pub struct Board {
    current: Mutex<Current>,
    hooks: Box<dyn Hooks>,
}

/// The board, locked for one change.
struct Change<'a> {
    current: MutexGuard<'a, Current>,
    hooks: &'a dyn Hooks,
    /// Wall clock, seconds.
    now: u64,
    /// Why servers enter maintenance: a text in brackets after a space, or nothing.
    cause: String,
}

impl Board {
    /// A board for this plan, at this wall-clock second.
    pub fn new(plan: Arc<Plan>, hooks: Box<dyn Hooks>, now: u64) -> Self {
        let board = Self {
            current: Mutex::new(Current::new(plan)),
            hooks,
        };
        board.change(now).adopt();
        board
    }

    /// Takes a new plan over. Servers found again by name keep health, admin state and weight.
    pub fn replace(&self, plan: Arc<Plan>, now: u64) {
        let mut change = self.change(now);
        *change.current = Current::new(plan);
        change.adopt();
    }

    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        self.lock().plan.clone()
    }

    /// The place of this server in the plan in force.
    pub fn place(&self, proxy: &str, server: &str) -> Option<Place> {
        let key = (proxy.to_owned(), server.to_owned());
        self.lock().by_name.get(&key).copied()
    }

    /// Takes the result of a check in.
    pub fn checked(&self, proxy: &str, server: &str, finding: &Finding, now: u64) {
        if let Some(place) = self.place(proxy, server) {
            self.change(now).checked(place, finding);
        }
    }

    /// `observe` saw `limit` errors in a row, of which `last` was the latest: does what `on-error` says.
    pub fn observed(&self, proxy: &str, server: &str, limit: u32, last: &str, now: u64) {
        if let Some(place) = self.place(proxy, server) {
            self.change(now).observed(place, limit, last);
        }
    }

    /// `set server … state`. False if there is no such server.
    pub fn order(&self, proxy: &str, server: &str, order: Order, now: u64) -> bool {
        let Some(place) = self.place(proxy, server) else {
            return false;
        };
        let mut change = self.change(now);
        match order {
            Order::Ready => {
                change.clear_admin(place, Admin::FORCED_MAINT);
                change.clear_admin(place, Admin::FORCED_DRAIN);
            }
            Order::Drain => {
                change.set_admin(place, Admin::FORCED_DRAIN);
                change.clear_admin(place, Admin::FORCED_MAINT);
            }
            Order::Maint => {
                change.set_admin(place, Admin::FORCED_MAINT);
                change.clear_admin(place, Admin::FORCED_DRAIN);
            }
        }
        true
    }

    /// `set server … health`. False if there is no such server.
    pub fn pronounce(
        &self,
        proxy: &str,
        server: &str,
        health: Verdicted,
        by: By,
        now: u64,
    ) -> bool {
        let Some(place) = self.place(proxy, server) else {
            return false;
        };
        let mut change = self.change(now);
        let (_, state) = change.server(place);
        let why = Why::Word(match by {
            By::Cli => "changed from CLI",
            By::Web => "changed from Web interface",
        });
        let mut held = state.health();
        let full = health::full(&held);
        held.counter = if health == Verdicted::Down { 0 } else { full };
        drop(held);
        match health {
            Verdicted::Up => change.run(place, why),
            Verdicted::Stopping => change.stopping(place, why),
            Verdicted::Down => change.stop(place, why),
        }
        true
    }

    /// Ends the sessions of a server (`shutdown sessions server`). False if there is no such server.
    pub fn kill_sessions(&self, proxy: &str, server: &str) -> bool {
        let Some(place) = self.place(proxy, server) else {
            return false;
        };
        let change = self.change(0);
        let (server, _) = change.server(place);
        self.hooks
            .shut_sessions(&change.proxy(place), &server, Cause::Killed);
        true
    }

    /// `enable health`, `disable health`. False if there is no such server or it has no checks.
    pub fn enable_checks(&self, proxy: &str, server: &str, on: bool) -> bool {
        let Some(place) = self.place(proxy, server) else {
            return false;
        };
        let change = self.change(0);
        let (server, state) = change.server(place);
        if !configured(&server) {
            return false;
        }
        let mut health = state.health();
        if on && !health.checked {
            // A server whose checks begin again is as it was; one failure takes it down.
            health.counter = health.counter.min(health.rise);
        }
        health.checked = on;
        true
    }

    /// `set server … weight`, 0..=256. False if there is no such server.
    pub fn weigh(&self, proxy: &str, server: &str, weight: u32, now: u64) -> bool {
        let Some(place) = self.place(proxy, server) else {
            return false;
        };
        let mut change = self.change(now);
        let (_, state) = change.server(place);
        let before = usable(&change.proxy(place));
        state.user_weight.store(weight, Relaxed);
        change.recompute(place);
        change.notify(place);
        change.mourn(place, before);
        true
    }

    /// One step of slow start; true while it goes on (manual 5.2 `slowstart`).
    pub fn warm_up(&self, proxy: &str, server: &str, now: u64) -> bool {
        let Some(place) = self.place(proxy, server) else {
            return false;
        };
        let mut change = self.change(now);
        let (server, state) = change.server(place);
        if state.operational() != Operational::Starting {
            return false;
        }
        let since = state.health().last_change;
        if now < since + slowstart_seconds(&server) {
            change.recompute(place);
            change.notify(place);
            return true;
        }
        change.transition(place, Operational::Running, Why::Silent);
        false
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, now: u64) -> Change<'_> {
        Change {
            current: self.lock(),
            hooks: self.hooks.as_ref(),
            now,
            cause: String::new(),
        }
    }
}

/// `slowstart` in whole seconds, as HAProxy counts it.
pub fn slowstart_seconds(server: &plan::Server) -> u64 {
    server.settings.slowstart.unwrap_or(0).div_ceil(1000)
}

impl Current {
    fn new(plan: Arc<Plan>) -> Self {
        let mut by_name = HashMap::new();
        for (proxy, p) in plan.proxies.iter().enumerate() {
            for (server, s) in p.servers.iter().enumerate() {
                let key = (p.name.to_string(), s.settings.name.clone());
                by_name.insert(key, Place { proxy, server });
            }
        }
        let mut trackers: HashMap<Place, Vec<Place>> = HashMap::new();
        let mut tracked = HashMap::new();
        for (proxy, p) in plan.proxies.iter().enumerate() {
            for (server, s) in p.servers.iter().enumerate() {
                if let Some((to_proxy, to_server)) = s.track {
                    let place = Place { proxy, server };
                    let to = Place {
                        proxy: to_proxy,
                        server: to_server,
                    };
                    trackers.entry(to).or_default().push(place);
                    tracked.insert(place, to);
                }
            }
        }
        Self {
            plan,
            by_name,
            trackers,
            tracked,
        }
    }
}

impl Change<'_> {
    fn proxy(&self, place: Place) -> Arc<plan::Proxy> {
        self.current.plan.proxies[place.proxy].clone()
    }

    fn server(&self, place: Place) -> (Arc<plan::Server>, Arc<state::Server>) {
        let server = self.current.plan.proxies[place.proxy].servers[place.server].clone();
        let state = server.state.clone();
        (server, state)
    }

    fn trackers(&self, place: Place) -> Vec<Place> {
        self.current
            .trackers
            .get(&place)
            .cloned()
            .unwrap_or_default()
    }

    /// Computes the weight in effect.
    fn recompute(&mut self, place: Place) {
        let (server, state) = self.server(place);
        let rising = (state.operational() == Operational::Starting).then(|| {
            let since = state.health().last_change;
            (self.now.saturating_sub(since), slowstart_seconds(&server))
        });
        let user = state.user_weight.load(Relaxed);
        state
            .effective_weight
            .store(effective_weight(user, rising), Relaxed);
    }

    /// Tells everyone of a change; answers the requests that were moved.
    fn notify(&mut self, place: Place) -> u32 {
        let proxy = self.proxy(place);
        let (server, _) = self.server(place);
        let before = usable(&proxy);
        let moved = self.hooks.changed(&proxy, &server);
        if before == 0 && usable(&proxy) > 0 {
            let last = proxy.state.last_change.swap(self.now, Relaxed);
            let down = self.now.saturating_sub(last);
            proxy.state.downtime.fetch_add(down, Relaxed);
        }
        moved
    }

    /// Says so when a backend lost its last server.
    fn mourn(&mut self, place: Place, before: u32) {
        let proxy = self.proxy(place);
        if before == 0 || usable(&proxy) > 0 {
            return;
        }
        proxy.state.last_change.store(self.now, Relaxed);
        proxy.state.down_transitions.inc();
        self.hooks.warn(true, &message::no_server(&proxy, true));
        self.log(&proxy, level::EMERG, &message::no_server(&proxy, false));
    }

    fn say(&self, proxy: &plan::Proxy, level: u8, text: &str) {
        self.hooks.warn(false, text);
        self.log(proxy, level, text);
    }

    fn log(&self, proxy: &plan::Proxy, level: u8, text: &str) {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(self.now);
        proxy.log.send(date, level, text.as_bytes());
    }

    fn left(&self, place: Place, requeued: u32) -> Left {
        let proxy = self.proxy(place);
        let (_, state) = self.server(place);
        Left {
            active: proxy.state.active_servers.load(Relaxed),
            backup: proxy.state.backup_servers.load(Relaxed),
            sessions: state.totals.sessions.load(),
            requeued,
            queued: state.queued.load(),
        }
    }

    /// The name of the server this one tracks, for messages.
    fn via(&self, place: Place) -> Option<String> {
        let to = self.current.tracked.get(&place)?;
        let proxy = self.proxy(*to);
        let (server, _) = self.server(*to);
        Some(format!("{}/{}", proxy.name, server.settings.name))
    }
}

/// True if this server's line asks for checks of its own.
pub fn configured(server: &plan::Server) -> bool {
    let check = &server.settings.check;
    check.enabled && !check.disabled && check.track.is_none()
}

/// Servers that take new requests.
fn usable(proxy: &plan::Proxy) -> u32 {
    proxy.state.active_servers.load(Relaxed) + proxy.state.backup_servers.load(Relaxed)
}

fn starting(server: &plan::Server) -> Operational {
    if slowstart_seconds(server) > 0 {
        Operational::Starting
    } else {
        Operational::Running
    }
}
