//! All workers together: what they share, how they start, change plans and stop.

use std::io;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, watch};

use crate::check::Seen;
use crate::end::Cause;
use crate::plan::{self, Plan};
use crate::settings::Observe;
use crate::state::{self, State};
use crate::stats::Console;

use super::clients::Ended;
use super::shortage::Shortage;
use super::sockets::Sockets;
use super::thread;

/// All workers of the process, seen from any thread.
#[derive(Debug)]
pub struct Fleet {
    plan: ArcSwap<Plan>,
    /// Plans that connections may still run on.
    plans: Mutex<Vec<Weak<Plan>>>,
    wanted: watch::Sender<Wanted>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stopping: AtomicBool,
    /// Accept loops that wait for a connection to end.
    pub(super) crowded: AtomicU32,
    /// Workers that have closed their listeners for a soft stop.
    pub(super) withdrawn: AtomicU32,
    /// Told when a connection ended while some wait.
    pub(super) room: Notify,
    /// Whether descriptors are short.
    pub(super) shortage: Shortage,
    /// The living state.
    pub state: Arc<State>,
    /// Orders to end the sessions of a server, so far.
    pub(super) orders: AtomicU64,
    /// The last order for each server.
    pub(super) ended: watch::Sender<Arc<Ended>>,
    /// What the status page works on; set once the checks are there.
    pub console: OnceLock<Console>,
}

/// What every worker is to do; each brings itself in line when it changes.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// Where to listen.
    pub(super) sockets: Arc<Sockets>,
    /// For whom.
    pub(super) plan: Arc<Plan>,
    /// Idle client connections are to be closed.
    pub(super) draining: bool,
}

/// How many workers a plan asks for: `nbthread`, else one per CPU the process may use.
pub fn size(plan: &Plan) -> usize {
    let cpus = || std::thread::available_parallelism().map_or(1, usize::from);
    plan.global.nbthread.map_or_else(cpus, usize::from).max(1)
}

impl Fleet {
    /// The workers of a plan, not started yet.
    pub fn new(plan: Arc<Plan>, sockets: Sockets) -> Arc<Self> {
        let wanted = Wanted {
            sockets: Arc::new(sockets),
            plan: plan.clone(),
            draining: false,
        };
        Arc::new(Self {
            plans: Mutex::new(vec![Arc::downgrade(&plan)]),
            state: plan.state.clone(),
            plan: ArcSwap::new(plan),
            wanted: watch::Sender::new(wanted),
            threads: Mutex::default(),
            stopping: AtomicBool::new(false),
            crowded: AtomicU32::new(0),
            withdrawn: AtomicU32::new(0),
            room: Notify::new(),
            shortage: Shortage::default(),
            orders: AtomicU64::new(0),
            ended: watch::Sender::default(),
            console: OnceLock::new(),
        })
    }

    /// Starts them, [`size`] of them; the console must be set by then.
    ///
    /// # Errors
    /// A thread or its runtime cannot be made.
    pub fn start(self: &Arc<Self>) -> io::Result<()> {
        for number in 0..size(&self.plan()) {
            let thread = thread::spawn(number as u32, self.clone(), self.wanted.subscribe())?;
            lock(&self.threads).push(thread);
        }
        Ok(())
    }

    /// The plan for new connections.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.load_full()
    }

    /// The sockets that are listened on now.
    pub fn sockets(&self) -> Arc<Sockets> {
        self.wanted.borrow().sockets.clone()
    }

    /// Changes to another plan and its sockets. Connections go on with the plan they started with;
    /// listeners whose sockets are the same do not notice.
    pub fn reload(&self, plan: Arc<Plan>, sockets: Sockets) {
        let mut plans = lock(&self.plans);
        plans.retain(|old| old.strong_count() > 0);
        plans.push(Arc::downgrade(&plan));
        drop(plans);
        self.plan.store(plan.clone());
        self.wanted.send_modify(|wanted| {
            wanted.plan = plan;
            wanted.sockets = Arc::new(sockets);
        });
    }

    /// Takes a change of a server's health, weight or administrative state into the balancers of every
    /// plan that still runs. Answers how many queued requests were sent to choose another server.
    pub fn server_changed(&self, server: &state::Server) -> u32 {
        let plans: Vec<Arc<Plan>> = lock(&self.plans).iter().filter_map(Weak::upgrade).collect();
        let mut sent = 0;
        for plan in plans {
            let proxy = plan.backends.get(&server.proxy);
            let Some(proxy) = proxy.and_then(|&at| plan.proxies.get(at)) else {
                continue;
            };
            let known = proxy
                .servers
                .iter()
                .find(|known| std::ptr::eq(&*known.state, server));
            if let Some(known) = known {
                sent += crate::backend::server_changed(proxy, known);
            }
        }
        sent
    }

    /// Tells the checks what was seen of a server, where it is observed (manual 5.2 `observe`).
    pub fn report(&self, proxy: &plan::Proxy, server: &plan::Server, seen: Seen) {
        if server.settings.check.observe != Observe::None
            && let Some(console) = self.console.get()
        {
            console.checks.report(proxy, server, seen);
        }
    }

    /// Ends the sessions that use a server now, for this cause.
    pub fn end_sessions(&self, server: &state::Server, cause: Cause) {
        let order = self.orders.fetch_add(1, Relaxed) + 1;
        self.ended.send_modify(|ended| {
            Arc::make_mut(ended).insert(server.number, (order, cause));
        });
    }

    /// Stops softly: closes the listeners and idle connections; live streams go on. The process may
    /// end when [`Fleet::live`] is 0.
    pub fn stop_softly(&self) {
        self.stopping.store(true, SeqCst);
        self.wanted.send_modify(|wanted| {
            wanted.sockets = Arc::default();
            wanted.draining = true;
        });
    }

    /// True once a soft stop has begun: responses should say `Connection: close`.
    pub fn stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    /// True once a soft stop is over: every worker has closed its listeners, with those taken in who
    /// waited there, and no client is left.
    pub fn finished(&self) -> bool {
        let workers = lock(&self.threads).len();
        self.withdrawn.load(SeqCst) as usize >= workers && self.live() == 0
    }

    /// Client connections now.
    pub fn live(&self) -> u32 {
        self.state.process.conns.load()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
