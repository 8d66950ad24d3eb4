//! A server: its health, weight and totals.

use std::net::SocketAddr;
use std::sync::atomic::{
    AtomicU8, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Mutex, PoisonError};

use super::counter::{Counter, Gauge};
use super::proxy::Side;
use super::queue::Queue;

/// What a server can do for new requests; the order of HAProxy's states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Operational {
    /// Down.
    Stopped = 0,
    /// Up again, in slow start.
    Starting = 1,
    /// Up.
    #[default]
    Running = 2,
    /// Up, but takes only persistent traffic (disable-on-404, agent drain).
    Stopping = 3,
}

/// What the operator or the configuration said; bits, as `srv_admin_state`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Admin(pub u8);

impl Admin {
    /// Maintenance forced at run time.
    pub const FORCED_MAINT: u8 = 0x01;
    /// Maintenance inherited from a tracked server.
    pub const INHERITED_MAINT: u8 = 0x02;
    /// `disabled` in the configuration: a memory, not a maintenance of its own (that is `FORCED_MAINT`).
    pub const CONFIG_MAINT: u8 = 0x04;
    /// Drain forced at run time.
    pub const FORCED_DRAIN: u8 = 0x08;
    /// Drain inherited from a tracked server.
    pub const INHERITED_DRAIN: u8 = 0x10;
    /// Maintenance because its name does not resolve.
    pub const RESOLVER_MAINT: u8 = 0x20;
    /// Its name is not that of the configuration: an SRV record or the operator gave it. A memory, too.
    pub const NAMED: u8 = 0x40;

    /// In maintenance for any reason.
    pub fn maint(self) -> bool {
        self.0 & (Self::FORCED_MAINT | Self::INHERITED_MAINT | Self::RESOLVER_MAINT) != 0
    }
    /// Draining for any reason.
    pub fn drain(self) -> bool {
        self.0 & (Self::FORCED_DRAIN | Self::INHERITED_DRAIN) != 0
    }
}

/// The last health check, as the stats page and the logs show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckResult {
    /// Short code: `L4OK`, `L7STS` …; empty before the first check.
    pub status: &'static str,
    /// Layer 5-7 code (HTTP status), 0 for none.
    pub code: u16,
    /// How long it took, in milliseconds; `None` where nothing was measured.
    pub duration_ms: Option<u64>,
    /// What the server said or what failed.
    pub description: String,
    /// True while a check runs (the page shows `* `).
    pub in_progress: bool,
}

/// Health as the checks count it. Written under a lock by `check`, read by stats.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// HAProxy's health counter: below `rise` is down, `rise + fall - 1` is fully up.
    pub counter: u32,
    /// Successes needed.
    pub rise: u32,
    /// Failures needed.
    pub fall: u32,
    /// The last result.
    pub last: CheckResult,
    /// Failed checks while up (`chkfail`).
    pub failed: u64,
    /// Times it went down (`chkdown`).
    pub down_transitions: u64,
    /// Wall-clock second of the last change.
    pub last_change: u64,
    /// Seconds of downtime before `last_change`.
    pub downtime: u64,
    /// True if checks are configured and running.
    pub checked: bool,
}

/// The living half of a server.
#[derive(Debug, Default)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// Its backend's name.
    pub proxy: String,
    /// A small number of its own, never given twice: the place of things kept by server.
    pub number: u32,
    /// Totals.
    pub totals: Side,
    /// Requests in its own queue (`qcur`, `qmax`).
    pub queued: Queue,
    /// Idle connections kept open.
    pub idle: Gauge,
    /// Connections in use.
    pub used: Gauge,
    operational: AtomicU8,
    admin: AtomicU8,
    /// Weight the user set (configuration or run time), 0..=256.
    pub user_weight: AtomicU32,
    /// Weight of the configuration.
    pub initial_weight: AtomicU32,
    /// `maxconn`, 0 for none.
    pub maxconn: AtomicU32,
    /// `maxqueue`, 0 for none.
    pub maxqueue: AtomicU32,
    /// Weight in effect (slow start), in HAProxy's scale of weight × 16 where that is used.
    pub effective_weight: AtomicU32,
    /// Consecutive errors seen by `observe`.
    pub observed_errors: AtomicU32,
    /// Failures that `observe` made of such errors (`hanafail`).
    pub observed_failures: Counter,
    /// Health counters and the last check.
    pub health: Mutex<Health>,
    address: Mutex<Option<SocketAddr>>,
    moves: AtomicU32,
    naming: Mutex<Naming>,
}

/// What a server's address is taken from, while it follows a name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    /// The name that the configuration gives; empty where the server follows none.
    pub origin: String,
    /// The host whose address it has; `None` where it follows none, or its SRV records name none for it.
    pub host: Option<String>,
    /// The port that goes with it.
    pub port: u16,
}

impl Server {
    /// A server that is up and has seen nothing. `number` is unique in the process.
    pub fn new(proxy: &str, name: &str, number: u32) -> Self {
        let server = Self {
            name: name.to_owned(),
            proxy: proxy.to_owned(),
            number,
            ..Self::default()
        };
        server
            .operational
            .store(Operational::Running as u8, Relaxed);
        server
    }

    /// What it can do now.
    pub fn operational(&self) -> Operational {
        match self.operational.load(Relaxed) {
            0 => Operational::Stopped,
            1 => Operational::Starting,
            3 => Operational::Stopping,
            _ => Operational::Running,
        }
    }

    /// Sets what it can do; answers what it was.
    pub fn set_operational(&self, to: Operational) -> Operational {
        let was = self.operational();
        self.operational.store(to as u8, Relaxed);
        was
    }

    /// What the operator said.
    pub fn admin(&self) -> Admin {
        Admin(self.admin.load(Relaxed))
    }

    /// Sets and clears bits of what the operator said; answers what it was.
    pub fn change_admin(&self, set: u8, clear: u8) -> Admin {
        let change = |bits: u8| Some((bits & !clear) | set);
        Admin(
            self.admin
                .fetch_update(Relaxed, Relaxed, change)
                .unwrap_or_default(),
        )
    }

    /// True if new, non-persistent requests may go to it.
    pub fn usable(&self) -> bool {
        let admin = self.admin();
        !admin.maint()
            && !admin.drain()
            && matches!(
                self.operational(),
                Operational::Running | Operational::Starting
            )
            && self.effective_weight.load(Relaxed) > 0
    }

    /// Its health, locked. No one holds this lock while doing anything slow.
    pub fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address connections go to, where it is an IP address and known.
    pub fn address(&self) -> Option<SocketAddr> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the address.
    pub fn set_address(&self, to: Option<SocketAddr>) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = to;
        self.moves.fetch_add(1, Release);
    }

    /// How often the address has been changed: while this stays the same, so does the address.
    pub fn moves(&self) -> u32 {
        self.moves.load(Acquire)
    }

    /// The name it follows.
    pub fn naming(&self) -> Naming {
        let naming = self.naming.lock();
        naming.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the name it follows.
    pub fn set_naming(&self, to: Naming) {
        *self.naming.lock().unwrap_or_else(PoisonError::into_inner) = to;
    }
}
