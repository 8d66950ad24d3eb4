//! The one place where servers change: checks, `observe`, the operator and slow start all come here.
//!
//! Changes are serialised, so that a server, those that track it and the backend's totals move as
//! one. Reading is free: everyone looks at the atomics of [`state::Server`] and [`state::Proxy`].

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
        state.user_weight.store(weight, Relaxed);
        change.recompute(place);
        change.notify(place);
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

    // --- taking a plan over ---------------------------------------------------------------------

    fn adopt(&mut self) {
        let plan = self.current.plan.clone();
        for (proxy, p) in plan.proxies.iter().enumerate() {
            for server in 0..p.servers.len() {
                self.adopt_server(Place { proxy, server });
            }
        }
        let pairs: Vec<_> = self.current.tracked.iter().map(|(a, b)| (*a, *b)).collect();
        for (place, to) in pairs {
            self.inherit(place, to);
        }
        for p in &plan.proxies {
            for server in &p.servers {
                backend::server_changed(p, server);
            }
            if p.state.last_change.load(Relaxed) == 0 {
                p.state.last_change.store(self.now, Relaxed);
            }
        }
    }

    fn adopt_server(&mut self, place: Place) {
        let (server, state) = self.server(place);
        let check = &server.settings.check;
        let mut health = state.health();
        let new = health.rise == 0;
        health.rise = check.rise.unwrap_or(2).max(1);
        health.fall = check.fall.unwrap_or(3).max(1);
        health.checked = configured(&server);
        if new {
            health.last_change = self.now;
            health::reset(&mut health);
            if health.checked {
                health.last.status = Code::Initializing.short();
            }
        }
        let full = health::full(&health);
        health.counter = health.counter.min(full);
        let well = !health.checked || health.counter >= health.rise;
        drop(health);
        if state.admin().maint() {
            state.set_operational(Operational::Stopped);
        } else if well && state.operational() == Operational::Stopped {
            // Its maintenance or its checks went away with the old configuration.
            health::reset(&mut state.health());
            state.set_operational(Operational::Running);
        }
        self.recompute(place);
    }

    /// A tracking server starts as the server it tracks stands.
    fn inherit(&mut self, place: Place, to: Place) {
        let (_, mine) = self.server(place);
        let (_, theirs) = self.server(to);
        let admin = theirs.admin();
        let flag = |on: bool, bit: u8| if on { (bit, 0) } else { (0, bit) };
        let (set, clear) = flag(admin.maint(), Admin::INHERITED_MAINT);
        mine.change_admin(set, clear);
        let (set, clear) = flag(admin.drain(), Admin::INHERITED_DRAIN);
        mine.change_admin(set, clear);
        if !mine.admin().maint() || admin.maint() {
            mine.set_operational(theirs.operational());
        }
    }

    // --- numbers --------------------------------------------------------------------------------

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

    // --- what a server can do -------------------------------------------------------------------

    fn stop(&mut self, place: Place, why: Why<'_>) {
        let (_, state) = self.server(place);
        if state.admin().maint() || state.operational() == Operational::Stopped {
            return;
        }
        self.transition(place, Operational::Stopped, why);
        for tracker in self.trackers(place) {
            self.stop(tracker, Why::Silent);
        }
    }

    fn stopping(&mut self, place: Place, why: Why<'_>) {
        let (_, state) = self.server(place);
        if state.admin().maint() || state.operational() == Operational::Stopping {
            return;
        }
        self.transition(place, Operational::Stopping, why);
        for tracker in self.trackers(place) {
            self.stopping(tracker, Why::Silent);
        }
    }

    fn run(&mut self, place: Place, why: Why<'_>) {
        let (server, state) = self.server(place);
        let now = state.operational();
        if state.admin().maint() || matches!(now, Operational::Starting | Operational::Running) {
            return;
        }
        self.transition(place, starting(&server), why);
        for tracker in self.trackers(place) {
            self.run(tracker, Why::Silent);
        }
    }

    /// Moves a server from one state to another, with all that follows.
    fn transition(&mut self, place: Place, to: Operational, why: Why<'_>) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        let before = usable(&proxy);
        let was = state.set_operational(to);
        self.stamp(&state, was, to);
        self.recompute(place);
        self.end_sessions(&proxy, &server, &state, to);
        let moved = self.notify(place);
        let (verb, level) = match to {
            Operational::Stopped => ("is DOWN", level::ALERT),
            Operational::Stopping => ("is stopping", level::NOTICE),
            _ => ("is UP", level::NOTICE),
        };
        let via = self.via(place);
        let tail = message::tail(to, via.as_deref(), why, self.left(place, moved));
        let text = format!("{} {verb}{tail}", message::subject(&proxy, &server));
        self.say(&proxy, level, &text);
        self.mourn(place, before);
    }

    /// Dates a change and counts downtime.
    fn stamp(&self, state: &state::Server, was: Operational, to: Operational) {
        let mut health = state.health();
        if was == Operational::Stopped && to != Operational::Stopped {
            health.downtime += self.now.saturating_sub(health.last_change);
        }
        if was != Operational::Stopped && to == Operational::Stopped {
            health.down_transitions += 1;
        }
        health.last_change = self.now;
    }

    fn end_sessions(
        &self,
        proxy: &plan::Proxy,
        server: &plan::Server,
        state: &state::Server,
        to: Operational,
    ) {
        let check = &server.settings.check;
        match to {
            Operational::Stopped if check.on_marked_down == OnMarkedDown::ShutdownSessions => {
                self.hooks.shut_sessions(proxy, server, Cause::Down);
            }
            Operational::Running | Operational::Starting
                if check.on_marked_up == OnMarkedUp::ShutdownBackupSessions
                    && !server.settings.backup
                    && state.effective_weight.load(Relaxed) > 0 =>
            {
                for backup in proxy.servers.iter().filter(|s| s.settings.backup) {
                    self.hooks.shut_sessions(proxy, backup, Cause::Up);
                }
            }
            _ => {}
        }
    }

    // --- checks ---------------------------------------------------------------------------------

    fn checked(&mut self, place: Place, finding: &Finding) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        if state.admin().maint() {
            state.health().last.in_progress = false;
            return;
        }
        let logged = proxy.settings.options.contains(Options::LOG_HEALTH_CHECKS);
        let mut health = state.health();
        let step = health::apply(&mut health, finding.code.verdict());
        let news = step == health::Step::Moved || health.last.status != finding.code.short();
        health.last = CheckResult {
            status: finding.code.short(),
            code: finding.number,
            duration_ms: finding.duration_ms,
            description: finding.info.clone(),
            in_progress: false,
        };
        let weight = state.user_weight.load(Relaxed);
        let line = (logged && news)
            .then(|| message::check_line(&proxy, &server, &health, weight, finding));
        let (counter, rise) = (health.counter, health.rise);
        drop(health);
        if let Some(line) = line {
            self.say(&proxy, level::NOTICE, &line);
        }
        let why = if logged {
            Why::Silent
        } else {
            Why::Check(finding)
        };
        match finding.code.verdict() {
            Verdict::Failed if counter == 0 => self.stop(place, why),
            Verdict::Passed if counter >= rise => self.run(place, why),
            Verdict::Conditional if counter >= rise => self.stopping(place, why),
            _ => {}
        }
    }

    fn observed(&mut self, place: Place, limit: u32, last: &str) {
        use crate::settings::OnError;
        let (server, state) = self.server(place);
        if state.admin().maint() {
            return;
        }
        state.observed_failures.inc();
        let mut health = state.health();
        match server.settings.check.on_error {
            OnError::FastInter => return,
            OnError::FailCheck => {}
            OnError::SuddenDeath => health.counter = health.counter.min(health.rise + 1),
            OnError::MarkDown => health.counter = health.counter.min(health.rise),
        }
        drop(health);
        let text = format!("Detected {limit} consecutive errors, last one was: {last}");
        self.checked(place, &Finding::new(Code::Observed, text));
    }

    // --- what the operator says -----------------------------------------------------------------

    fn set_admin(&mut self, place: Place, bit: u8) {
        let (_, state) = self.server(place);
        let before = state.admin();
        if before.0 & bit != 0 {
            return;
        }
        state.change_admin(bit, 0);
        self.announce(place, before);
        self.pass_on(place, bit, before.maint(), before.drain(), Self::set_admin);
    }

    fn clear_admin(&mut self, place: Place, bit: u8) {
        let (_, state) = self.server(place);
        let before = state.admin();
        if before.0 & bit == 0 {
            return;
        }
        state.change_admin(0, bit);
        self.announce(place, before);
        let after = state.admin();
        self.pass_on(place, bit, after.maint(), after.drain(), Self::clear_admin);
    }

    /// Hands a flag to the servers that track this one, unless another flag of its kind holds it.
    fn pass_on(
        &mut self,
        place: Place,
        bit: u8,
        maint: bool,
        drain: bool,
        step: fn(&mut Self, Place, u8),
    ) {
        let drains = bit & (Admin::FORCED_DRAIN | Admin::INHERITED_DRAIN) != 0;
        if (drains && drain) || (!drains && maint) {
            return;
        }
        let inherited = if drains {
            Admin::INHERITED_DRAIN
        } else {
            Admin::INHERITED_MAINT
        };
        for tracker in self.trackers(place) {
            step(self, tracker, inherited);
        }
    }

    /// Does and says what follows from a changed admin state.
    fn announce(&mut self, place: Place, before: Admin) {
        let (_, state) = self.server(place);
        let after = state.admin();
        match (before.maint(), after.maint()) {
            (false, true) => return self.enter_maintenance(place, after),
            (true, false) => self.leave_maintenance(place, before, after),
            (true, true) => {
                let forced =
                    before.0 & Admin::FORCED_MAINT != 0 && after.0 & Admin::FORCED_MAINT == 0;
                let inherited =
                    before.0 & Admin::INHERITED_MAINT != 0 && after.0 & Admin::INHERITED_MAINT == 0;
                if forced {
                    self.remark(
                        place,
                        "is leaving forced maintenance but remains in maintenance.",
                    );
                } else if inherited {
                    self.remark(place, "remains in forced maintenance.");
                }
                return;
            }
            (false, false) => {}
        }
        match (before.drain(), after.drain()) {
            (false, true) => self.enter_drain(place),
            (true, false) => {
                let up = if state.operational() == Operational::Stopped {
                    "DOWN"
                } else {
                    "UP"
                };
                self.notify(place);
                self.remark(place, &format!("is {up} (leaving forced drain)."));
            }
            (true, true) if after.0 & Admin::FORCED_DRAIN != 0 => {
                self.remark(place, "remains in forced drain mode.");
            }
            (true, true) => {
                self.remark(place, "is leaving forced drain but remains in drain mode.")
            }
            (false, false) => {}
        }
    }

    fn remark(&mut self, place: Place, what: &str) {
        let proxy = self.proxy(place);
        let (server, _) = self.server(place);
        let text = format!("{} {what}", message::subject(&proxy, &server));
        self.say(&proxy, level::NOTICE, &text);
    }

    fn enter_maintenance(&mut self, place: Place, after: Admin) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        {
            let mut health = state.health();
            health.counter = 0;
        }
        if state.operational() == Operational::Stopped {
            return self.remark(place, "was DOWN and now enters maintenance.");
        }
        let before = usable(&proxy);
        let was = state.set_operational(Operational::Stopped);
        self.stamp(&state, was, Operational::Stopped);
        self.end_sessions(&proxy, &server, &state, Operational::Stopped);
        let moved = self.notify(place);
        let inherited = after.0 & Admin::INHERITED_MAINT != 0;
        let via = self.via(place).filter(|_| inherited);
        let left = self.left(place, moved);
        let tail = message::tail(Operational::Stopped, via.as_deref(), Why::Silent, left);
        let subject = message::subject(&proxy, &server);
        self.say(
            &proxy,
            level::ALERT,
            &format!("{subject} is going DOWN for maintenance{tail}"),
        );
        self.mourn(place, before);
    }

    fn leave_maintenance(&mut self, place: Place, before: Admin, after: Admin) {
        let (server, state) = self.server(place);
        let tracked = self.current.tracked.get(&place).copied();
        let to = match tracked.map(|to| self.server(to).1.operational()) {
            Some(Operational::Stopped) => Operational::Stopped,
            Some(Operational::Stopping) => Operational::Stopping,
            _ => starting(&server),
        };
        health::reset(&mut state.health());
        let was = state.set_operational(to);
        self.stamp(&state, was, to);
        self.recompute(place);
        self.end_sessions(&self.proxy(place), &server, &state, to);
        self.notify(place);
        let up = if to == Operational::Stopped {
            "DOWN"
        } else {
            "UP"
        };
        let how = if after.drain() { "DRAIN" } else { "READY" };
        let forced = if before.0 & Admin::FORCED_MAINT != 0 {
            "forced "
        } else {
            ""
        };
        self.remark(
            place,
            &format!("is {up}/{how} (leaving {forced}maintenance)."),
        );
    }

    fn enter_drain(&mut self, place: Place) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        let before = usable(&proxy);
        let moved = self.notify(place);
        let via = self.via(place);
        let left = self.left(place, moved);
        let tail = message::tail(state.operational(), via.as_deref(), Why::Silent, left);
        let subject = message::subject(&proxy, &server);
        self.say(
            &proxy,
            level::NOTICE,
            &format!("{subject} enters drain state{tail}"),
        );
        self.mourn(place, before);
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
