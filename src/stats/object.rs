//! What statistics are about: frontends, listeners, servers, backends, in the order of the report.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::balance::WEIGHT_SCALE;
use crate::plan::{self, Plan};
use crate::settings::{Mode, Options, StatsScope};
use crate::state::{Admin, Health, Operational, Side};

/// The kind of an object; the number is the CSV's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A frontend.
    Front = 0,
    /// A backend.
    Back = 1,
    /// A server.
    Server = 2,
    /// A listener, with `option socket-stats`.
    Listener = 3,
}

impl Kind {
    /// The letter of the typed output.
    pub fn letter(self) -> char {
        match self {
            Self::Front => 'F',
            Self::Back => 'B',
            Self::Server => 'S',
            Self::Listener => 'L',
        }
    }

    /// The word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Front => "Frontend",
            Self::Back => "Backend",
            Self::Server => "Server",
            Self::Listener => "Listener",
        }
    }
}

/// When the report is made.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Wall clock, seconds.
    pub seconds: u64,
    /// The same in milliseconds, for rates.
    pub millis: u64,
}

impl Moment {
    /// This moment, as numbers.
    pub fn at(now: SystemTime) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            seconds: since.as_secs(),
            millis: since.as_millis() as u64,
        }
    }

    /// Seconds since then.
    pub fn since(self, then: u64) -> u32 {
        u32::try_from(self.seconds.saturating_sub(then)).unwrap_or(u32::MAX)
    }
}

/// What a server is doing, as one of the page's colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Up.
    Up,
    /// Up, failing.
    GoingDown,
    /// Down, recovering.
    GoingUp,
    /// Down.
    Down,
    /// Up, without load balancing.
    Nolb,
    /// Draining.
    Draining,
    /// Not checked.
    NoCheck,
    /// In maintenance.
    Maintain,
}

/// One line of the report.
pub struct Object<'a> {
    /// Its kind.
    pub kind: Kind,
    /// The plan it is in.
    pub plan: &'a Plan,
    /// Its proxy.
    pub proxy: &'a plan::Proxy,
    /// The server, if it is one.
    pub server: Option<&'a plan::Server>,
    /// The listener, if it is one.
    pub listener: Option<&'a plan::Listener>,
    /// Its place among the listeners of its proxy, from 1.
    pub place: usize,
    /// The server's health when the report was made.
    pub health: Health,
    /// When the report is made.
    pub now: Moment,
    /// Addresses, cookies and algorithms are shown.
    pub legends: bool,
}

impl Object<'_> {
    /// Counters, of all but listeners.
    pub fn side(&self) -> Option<&Side> {
        match self.kind {
            Kind::Front => Some(&self.proxy.state.front),
            Kind::Back => Some(&self.proxy.state.back),
            Kind::Server => self.server.map(|s| &s.state.totals),
            Kind::Listener => None,
        }
    }

    /// The proxy speaks HTTP.
    pub fn http(&self) -> bool {
        self.proxy.settings.mode == Mode::Http
    }

    /// True if this server has checks of its own, on or off.
    pub fn checked(&self) -> bool {
        self.kind == Kind::Server && self.health.checked
    }

    /// True if results of checks are shown: checks run, and the server is not in maintenance.
    pub fn shows_check(&self) -> bool {
        self.checked() && self.server.is_some_and(|s| !s.state.admin().maint())
    }

    /// The server at the end of the chain of `track`, whose health this one shows.
    fn reference(&self) -> Option<&plan::Server> {
        let mut server = self.server?;
        // A chain has no loops (linking refuses them); the bound is for peace of mind.
        for _ in 0..64 {
            match server.track {
                Some((proxy, at)) => server = self.plan.proxies.get(proxy)?.servers.get(at)?,
                None => break,
            }
        }
        Some(server)
    }

    /// The server it tracks, as `backend/server`.
    pub fn tracked(&self) -> Option<String> {
        let (proxy, server) = self.server?.track?;
        let proxy = self.plan.proxies.get(proxy)?;
        let server = proxy.servers.get(server)?;
        Some(format!("{}/{}", proxy.name, server.settings.name))
    }

    /// The status in words, and its colour.
    pub fn status(&self) -> (String, Look) {
        match self.kind {
            Kind::Front | Kind::Listener => {
                let stopping = self.proxy.state.stopping.load(Relaxed);
                (if stopping { "STOP" } else { "OPEN" }.into(), Look::Up)
            }
            Kind::Back => {
                let up = self.proxy.servers.is_empty()
                    || self.proxy.state.total_weight.load(Relaxed) > 0;
                (if up { "UP" } else { "DOWN" }.into(), Look::Up)
            }
            Kind::Server => self.server_status().unwrap_or(("DOWN".into(), Look::Down)),
        }
    }

    fn server_status(&self) -> Option<(String, Look)> {
        let state = &self.server?.state;
        let reference = self.reference()?;
        let admin = state.admin();
        if admin.maint() {
            let text = if admin.0 & Admin::INHERITED_MAINT != 0 {
                format!("MAINT (via {})", self.tracked().unwrap_or_default())
            } else if admin.0 & Admin::FORCED_MAINT == 0 {
                "MAINT (resolution)".into()
            } else {
                "MAINT".into()
            };
            return Some((text, Look::Maintain));
        }
        let health = reference.state.health().clone();
        let full = health.counter >= (health.rise + health.fall).saturating_sub(1);
        let falling = health.checked && !full;
        let (at, of) = crate::check::progress(&health);
        let between = |word: &str, yes: bool| match yes {
            true => format!("{word} {at}/{of}"),
            false => word.to_owned(),
        };
        Some(match state.operational() {
            Operational::Running | Operational::Starting if admin.drain() => {
                (between("DRAIN", falling), Look::Draining)
            }
            Operational::Running | Operational::Starting if !health.checked => {
                ("no check".into(), Look::NoCheck)
            }
            Operational::Running | Operational::Starting => {
                let look = if falling { Look::GoingDown } else { Look::Up };
                (between("UP", falling), look)
            }
            Operational::Stopping => (between("NOLB", falling), Look::Nolb),
            Operational::Stopped => {
                let rising = health.checked && health.counter > 0;
                let look = if rising { Look::GoingUp } else { Look::Down };
                (between("DOWN", rising), look)
            }
        })
    }

    /// Weight in effect and weight the user set: of a server, or of those of a backend that take part.
    pub fn weights(&self) -> Option<(u32, u32)> {
        match self.kind {
            Kind::Server => {
                let state = &self.server?.state;
                let effective = state.effective_weight.load(Relaxed);
                let user = state.user_weight.load(Relaxed);
                Some((effective.div_ceil(WEIGHT_SCALE), user))
            }
            Kind::Back => {
                let usable = |backup: bool| {
                    let servers = self.proxy.servers.iter();
                    servers.filter(move |s| s.settings.backup == backup && s.state.usable())
                };
                let user = |s: &std::sync::Arc<plan::Server>| s.state.user_weight.load(Relaxed);
                let all_backups = self.proxy.settings.options.contains(Options::ALL_BACKUPS);
                let total = match (usable(false).next(), all_backups) {
                    (Some(_), _) => usable(false).map(user).sum(),
                    (None, true) => usable(true).map(user).sum(),
                    (None, false) => usable(true).next().map_or(0, user),
                };
                Some((self.proxy.state.total_weight.load(Relaxed), total))
            }
            Kind::Front | Kind::Listener => None,
        }
    }

    /// Percent of its weight a server in slow start has.
    pub fn throttle(&self) -> Option<u32> {
        let state = &self.server?.state;
        let user = state.user_weight.load(Relaxed);
        let starting = state.operational() == Operational::Starting && !state.admin().drain();
        (starting && user > 0).then(|| {
            let effective = state.effective_weight.load(Relaxed);
            (100 * effective).div_ceil(user * WEIGHT_SCALE)
        })
    }
}

/// Which objects a report has.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// `stats scope` names; empty: all.
    pub scope: Vec<String>,
    /// Part of a proxy's name (`?scope=`).
    pub containing: Option<String>,
    /// One proxy by id.
    pub proxy: Option<u32>,
    /// 1 frontends, 2 backends, 4 servers, 8 listeners; 0: all.
    pub kinds: u32,
    /// One server or listener by id.
    pub server: Option<u32>,
    /// Without servers that are down.
    pub hide_down: bool,
    /// Without servers in maintenance.
    pub hide_maint: bool,
    /// Without addresses, cookies and algorithms: the page without `stats show-legends`.
    pub hide_legends: bool,
}

impl Filter {
    /// What `stats scope` of this proxy lets be seen.
    pub fn of_scope(scope: &[StatsScope], own: &str) -> Self {
        let name = |scope: &StatsScope| match scope {
            StatsScope::Own => own.to_owned(),
            StatsScope::Proxy(name) => name.clone(),
        };
        Self {
            scope: scope.iter().map(name).collect(),
            ..Self::default()
        }
    }

    /// True if this proxy is in the report.
    pub fn takes_proxy(&self, proxy: &plan::Proxy) -> bool {
        !proxy.settings.disabled
            && (self.scope.is_empty() || self.scope.iter().any(|name| **name == *proxy.name))
            && self.proxy.is_none_or(|id| id == proxy.id)
            && self
                .containing
                .as_deref()
                .is_none_or(|part| proxy.name.contains(part))
    }

    fn takes(&self, object: &Object<'_>) -> bool {
        let bit = match object.kind {
            Kind::Front => 1,
            Kind::Back => 2,
            Kind::Server => 4,
            Kind::Listener => 8,
        };
        if self.kinds != 0 && self.kinds & bit == 0 {
            return false;
        }
        let id = match object.kind {
            Kind::Server => object.server.map(|s| s.id),
            Kind::Listener => object.listener.map(|l| l.id),
            Kind::Front | Kind::Back => None,
        };
        if self
            .server
            .is_some_and(|wanted| id.is_some_and(|id| id != wanted))
        {
            return false;
        }
        if object.kind != Kind::Server || !(self.hide_down || self.hide_maint) {
            return true;
        }
        let look = object.status().1;
        let hidden = match look {
            Look::Maintain => self.hide_down || self.hide_maint,
            Look::Down | Look::GoingUp => self.hide_down,
            _ => false,
        };
        !hidden
    }
}

/// All lines of one proxy, in the order of the report.
pub fn of_proxy<'a>(
    plan: &'a Plan,
    proxy: &'a plan::Proxy,
    filter: &Filter,
    now: Moment,
) -> Vec<Object<'a>> {
    let object = |kind, server: Option<&'a plan::Server>, listener, place| Object {
        kind,
        plan,
        proxy,
        server,
        listener,
        place,
        health: server.map(|s| s.state.health().clone()).unwrap_or_default(),
        now,
        legends: !filter.hide_legends,
    };
    let mut found = Vec::new();
    if proxy.kind.front() {
        found.push(object(Kind::Front, None, None, 0));
        if proxy.settings.options.contains(Options::SOCKET_STATS) {
            let listeners = proxy.listeners.iter().enumerate();
            found.extend(listeners.map(|(at, l)| object(Kind::Listener, None, Some(&**l), at + 1)));
        }
    }
    if proxy.kind.back() {
        let servers = proxy.servers.iter();
        found.extend(servers.map(|s| object(Kind::Server, Some(&**s), None, 0)));
        found.push(object(Kind::Back, None, None, 0));
    }
    found.retain(|object| filter.takes(object));
    found
}

/// All lines of the report.
pub fn all<'a>(
    plan: &'a Plan,
    filter: &'a Filter,
    now: Moment,
) -> impl Iterator<Item = Object<'a>> + 'a {
    plan.proxies
        .iter()
        .filter(|proxy| filter.takes_proxy(proxy))
        .flat_map(move |proxy| of_proxy(plan, proxy, filter, now))
}
