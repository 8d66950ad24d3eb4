//! The checks at work: one small task per checked server on the control thread.

use std::cell::Cell;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::plan::{self, Plan};
use crate::settings::OnError;

use super::board::{Board, By, Hooks, Order, Verdicted, configured, slowstart_seconds};
use super::observe::{self, Seen};
use super::{probe, schedule};

type Name = (String, String);

/// All of the process's checks. Shared by the control thread, the data plane and the runtime API.
pub struct Checks {
    board: Board,
    /// Tasks that an observed error hurries.
    hurry: Mutex<HashMap<Name, Arc<Notify>>>,
    /// The name of this node, for `http-check send-state`.
    node: String,
}

impl Checks {
    /// Sets servers up for this plan. Nothing is checked until [`run`] runs.
    pub fn new(plan: Arc<Plan>, hooks: Box<dyn Hooks>, node: String) -> Self {
        Self {
            board: Board::new(plan, hooks, wall()),
            hurry: Mutex::default(),
            node,
        }
    }

    /// What the data plane saw of a server; cheap unless it adds up to an error.
    pub fn report(&self, proxy: &plan::Proxy, server: &plan::Server, seen: Seen) {
        let Some((limit, last)) = observe::observe(server, seen) else {
            return;
        };
        let name = &server.settings.name;
        self.board.observed(&proxy.name, name, limit, last, wall());
        let check = &server.settings.check;
        if check.fastinter.is_some() || check.on_error == OnError::FastInter {
            let key = (proxy.name.to_string(), name.clone());
            let hurry = self.hurry.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(task) = hurry.get(&key) {
                task.notify_one();
            }
        }
    }

    /// `set server … state`. False if there is no such server.
    pub fn order(&self, proxy: &str, server: &str, order: Order) -> bool {
        self.board.order(proxy, server, order, wall())
    }

    /// `set server … health`. False if there is no such server.
    pub fn pronounce(&self, proxy: &str, server: &str, health: Verdicted, by: By) -> bool {
        self.board.pronounce(proxy, server, health, by, wall())
    }

    /// Ends the sessions of a server (`shutdown sessions server`). False if there is no such server.
    pub fn kill_sessions(&self, proxy: &str, server: &str) -> bool {
        self.board.kill_sessions(proxy, server)
    }

    /// `enable health`, `disable health`. False if there is no such server or it has no checks.
    pub fn enable_checks(&self, proxy: &str, server: &str, on: bool) -> bool {
        self.board.enable_checks(proxy, server, on)
    }

    /// The name of a server has this address now, as this source says. True if it had another one.
    pub fn found(&self, proxy: &str, server: &str, to: SocketAddr, by: &str) -> bool {
        let place = self.board.place(proxy, server);
        place.is_some_and(|place| self.board.found(place, to, by, wall()))
    }

    /// The name of a server has no address any more, for this reason.
    pub fn lost(&self, proxy: &str, server: &str, why: &str) {
        if let Some(place) = self.board.place(proxy, server) {
            self.board.lost(place, why, wall());
        }
    }

    /// A server follows another host from now on, or none. Answers what is to be said of it.
    pub fn rename(
        &self,
        proxy: &str,
        server: &str,
        host: Option<&str>,
        port: u16,
        by: &str,
    ) -> String {
        let place = self.board.place(proxy, server);
        place.map_or_else(String::new, |place| {
            self.board.rename(place, host, port, by, wall())
        })
    }

    /// `set server … weight`, 0..=256. False if there is no such server.
    pub fn weigh(&self, proxy: &str, server: &str, weight: u32) -> bool {
        self.board.weigh(proxy, server, weight, wall())
    }
}

/// Wall clock, seconds.
fn wall() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| d.as_secs())
}

/// Runs the checks of the plan, and of each plan that comes after it, until the sender is gone. Must run
/// in a `LocalSet`. A server that a new plan has too is checked when it would have been checked.
pub async fn run(checks: Arc<Checks>, mut plans: watch::Receiver<Arc<Plan>>) {
    let mut due: HashMap<Name, Rc<Cell<Instant>>> = HashMap::new();
    loop {
        let plan = plans.borrow_and_update().clone();
        if !Arc::ptr_eq(&plan, &checks.board.plan()) {
            checks.board.replace(plan.clone(), wall());
        }
        let mut tasks = JoinSet::new();
        due = start(&checks, &plan, &due, &mut tasks);
        if plans.changed().await.is_err() {
            return;
        }
    }
}

/// Starts the tasks of a plan; answers when each will check next.
fn start(
    checks: &Arc<Checks>,
    plan: &Arc<Plan>,
    known: &HashMap<Name, Rc<Cell<Instant>>>,
    tasks: &mut JoinSet<()>,
) -> HashMap<Name, Rc<Cell<Instant>>> {
    let checked: Vec<_> = plan
        .proxies
        .iter()
        .filter(|proxy| !proxy.settings.disabled)
        .flat_map(|proxy| proxy.servers.iter().map(move |server| (proxy, server)))
        .filter(|(_, server)| configured(server))
        .collect();
    let shortest = schedule::shortest(checked.iter().map(|(_, s)| schedule::inter(s)));
    let now = Instant::now();
    let mut due = HashMap::new();
    let mut hurry = HashMap::new();
    for (position, (proxy, server)) in checked.iter().enumerate() {
        let name = (proxy.name.to_string(), server.settings.name.clone());
        let own = schedule::inter(server);
        let spread = plan.global.max_spread_checks;
        let wait = schedule::first(position, checked.len(), shortest, own, spread);
        let first = now + Duration::from_millis(wait);
        let when = known.get(&name).cloned();
        let when = when.unwrap_or_else(|| Rc::new(Cell::new(first)));
        let notify = Arc::new(Notify::new());
        hurry.insert(name.clone(), notify.clone());
        due.insert(name, when.clone());
        let watched = Watched {
            checks: checks.clone(),
            proxy: (*proxy).clone(),
            server: (*server).clone(),
            spread: plan.global.spread_checks,
            bufsize: plan.global.bufsize,
            due: when,
            hurry: notify,
        };
        tasks.spawn_local(watched.watch());
    }
    *checks.hurry.lock().unwrap_or_else(PoisonError::into_inner) = hurry;
    let rising = plan
        .proxies
        .iter()
        .any(|p| p.servers.iter().any(|s| slowstart_seconds(s) > 0));
    if rising {
        tasks.spawn_local(warm_up(checks.clone(), plan.clone()));
    }
    due
}

/// Takes servers in slow start one step further, every second.
async fn warm_up(checks: Arc<Checks>, plan: Arc<Plan>) {
    loop {
        sleep(Duration::from_secs(1)).await;
        let now = wall();
        for proxy in &plan.proxies {
            for server in proxy.servers.iter().filter(|s| slowstart_seconds(s) > 0) {
                checks
                    .board
                    .warm_up(&proxy.name, &server.settings.name, now);
            }
        }
    }
}

/// A server and its checks.
struct Watched {
    checks: Arc<Checks>,
    proxy: Arc<plan::Proxy>,
    server: Arc<plan::Server>,
    /// `spread-checks`, percent.
    spread: u32,
    bufsize: usize,
    due: Rc<Cell<Instant>>,
    hurry: Arc<Notify>,
}

impl Watched {
    async fn watch(self) {
        let seed = RandomState::new();
        let mut turn = 0u64;
        loop {
            self.wait().await;
            turn += 1;
            let mut hasher = seed.build_hasher();
            hasher.write_u64(turn);
            let random = hasher.finish();
            // Set before the check, so that one that a reload cuts off is not made up for.
            self.postpone(random as u32);
            let idle = self.server.state.admin().maint()
                || self.proxy.state.stopping.load(Relaxed)
                || !self.server.state.health().checked;
            if idle {
                continue;
            }
            self.server.state.health().last.in_progress = true;
            // Boxed: a task that waits should be small, and nearly all wait.
            let finding = Box::pin(probe::probe(
                &self.proxy,
                &self.server,
                &self.checks.node,
                self.bufsize,
                random,
            ))
            .await;
            let name = &self.server.settings.name;
            self.checks
                .board
                .checked(&self.proxy.name, name, &finding, wall());
            self.postpone(random as u32);
        }
    }

    /// Waits for the next check; an observed error brings it nearer.
    async fn wait(&self) {
        loop {
            tokio::select! {
                () = sleep_until(self.due.get()) => return,
                () = self.hurry.notified() => {
                    let check = &self.server.settings.check;
                    let fast = check.fastinter.unwrap_or_else(|| schedule::inter(&self.server));
                    let soon = Instant::now() + Duration::from_millis(fast);
                    self.due.set(self.due.get().min(soon));
                }
            }
        }
    }

    fn postpone(&self, random: u32) {
        let health = self.server.state.health();
        let down = self.server.state.operational() == crate::state::Operational::Stopped;
        let interval = schedule::interval(&self.server, &health, down);
        let wait = schedule::jittered(interval, self.spread, random);
        self.due.set(Instant::now() + Duration::from_millis(wait));
    }
}
