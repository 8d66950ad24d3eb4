//! The control thread while traffic flows: signals, checks, the runtime API, the end.

use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Semaphore, watch};
use tokio::task::{LocalSet, spawn_local};

use crate::api::{self, Desk};
use crate::check::{self, Checks, Hooks};
use crate::cmdline::MasterWorker;
use crate::discover::{self, Renamed};
use crate::end::Cause;
use crate::log;
use crate::net::listen::Listener;
use crate::ocsp::{self, Updates};
use crate::peers::{self, Circle};
use crate::plan::{self, Plan};
use crate::stats::Console;
use crate::worker::{self, Fleet};

use super::Launch;
use super::notify::Notify;
use super::reload::Reloader;
use super::serve::{Opened, Post};
use super::signals::{Signals, Wish};

/// How often the end of the last connection is looked for while stopping.
const DRAIN_TICK: Duration = Duration::from_millis(20);

/// Why the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// All connections are done, after a soft stop.
    Finished,
    /// A signal asked for it.
    Signal(i32),
    /// The master is gone.
    Orphaned,
}

/// What hears signals from before the first socket opens: whoever can reach the process may signal it.
pub(super) struct Watch {
    runtime: tokio::runtime::Runtime,
    signals: Signals,
}

impl Watch {
    /// Begins to hear.
    ///
    /// # Errors
    /// The system's.
    pub(super) fn new() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let within = runtime.enter();
        let signals = Signals::new()?;
        drop(within);
        Ok(Self { runtime, signals })
    }
}

/// Starts the threads and stays until the end.
pub(super) fn run(
    launch: Arc<Launch>,
    plan: Arc<Plan>,
    opened: Opened,
    post: Post,
    watch: Watch,
) -> io::Result<End> {
    let Watch { runtime, signals } = watch;
    LocalSet::new().block_on(&runtime, async {
        let fleet = Fleet::new(plan.clone(), opened.sockets);
        let (plans, changes) = watch::channel(plan.clone());
        let hooks = Box::new(Told {
            launch: launch.clone(),
            fleet: Arc::downgrade(&fleet),
        });
        let checks = Arc::new(Checks::new(plan.clone(), hooks, api::node(&plan)));
        let console = Console {
            checks: checks.clone(),
            started: SystemTime::now(),
            threads: u32::try_from(worker::size(&plan)).unwrap_or(u32::MAX),
            files: u32::try_from(opened.descriptors).unwrap_or(u32::MAX),
            node: api::node(&plan),
        };
        if fleet.console.set(console.clone()).is_err() {
            return Err(io::Error::other("checks were started twice"));
        }
        // A later plan of this process runs on the same state.
        let _ = plan.state.process.began.set(Instant::now());
        fleet.start()?;
        spawn_local(check::run(checks.clone(), changes.clone()));
        let renamed = Arc::new(Renamed::default());
        spawn_local(discover::run(
            checks.clone(),
            renamed.clone(),
            changes.clone(),
        ));
        let (updates, orders) = Updates::new();
        spawn_local(ocsp::run(updates.clone(), orders, changes));
        let circle = Arc::<Circle>::default();
        let (sharing, shared) = watch::channel(peers::Wanted {
            plan: plan.clone(),
            doors: Arc::new(opened.doors),
            leaving: false,
        });
        spawn_local(peers::run(circle.clone(), post.succeeds, shared));
        let reloader = Arc::new(Reloader {
            sharing,
            launch: launch.clone(),
            fleet: fleet.clone(),
            plans,
        });
        let desk = Arc::new(Desk {
            list_terms: crate::config::list_terms,
            fleet: fleet.clone(),
            checks,
            renamed,
            updates,
            circle: circle.clone(),
            console: console.clone(),
            reload: {
                let (reloader, under_master) = (reloader.clone(), post.under_master);
                Box::new(move || match under_master {
                    true => Err("ask the master: it starts another worker".to_owned()),
                    false => reloader.reload(),
                })
            },
            sessions: Arc::new(Semaphore::new(plan.global.stats_maxconn as usize)),
        });
        for (socket, level) in opened.api {
            spawn_local(api::serve(desk.clone(), Listener::new(socket)?, level));
        }
        launch.say.started();
        if let Some(void) = &post.void {
            void.swallow();
        }
        let master = match post.leash {
            Some(leash) => {
                leash.ready();
                Some(leash.into_stream()?).filter(|_| post.under_master)
            }
            None => None,
        };
        let systemd = launch.invocation.master_worker == MasterWorker::Systemd;
        Notify::new(!post.under_master && systemd).ready("Ready.");
        let control = Control {
            launch,
            fleet,
            reloader,
            under_master: post.under_master,
            circle,
            stopping: None,
        };
        Ok(control.stay(signals, master).await)
    })
}

struct Control {
    launch: Arc<Launch>,
    fleet: Arc<Fleet>,
    reloader: Arc<Reloader>,
    circle: Arc<Circle>,
    under_master: bool,
    /// Since when a soft stop goes on.
    stopping: Option<Instant>,
}

impl Control {
    async fn stay(
        mut self,
        mut signals: Signals,
        mut master: Option<tokio::net::UnixStream>,
    ) -> End {
        loop {
            tokio::select! {
                wish = signals.next() => match wish {
                    Wish::Stop(number) => return End::Signal(number),
                    Wish::Finish => self.finish(),
                    Wish::Reload if self.under_master || self.stopping.is_some() => {}
                    // What went wrong has been said.
                    Wish::Reload => drop(self.reloader.reload()),
                    Wish::Nothing => {}
                },
                () = gone(master.as_mut()) => return End::Orphaned,
                () = tokio::time::sleep(DRAIN_TICK), if self.stopping.is_some() => {
                    if self.done() {
                        return End::Finished;
                    }
                }
            }
        }
    }

    /// A soft stop begins.
    fn finish(&mut self) {
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(Instant::now());
        self.fleet.stop_softly();
        self.reloader.sharing.send_modify(|wanted| {
            wanted.doors = Arc::default();
            wanted.leaving = true;
        });
        let plan = self.fleet.plan();
        for proxy in plan.proxies.iter().filter(|p| !p.settings.disabled) {
            proxy.state.stopping.store(true, Relaxed);
            let front = proxy.state.front.conns_total.load();
            let back = proxy.state.back.sessions_total.load();
            let name = &proxy.name;
            let text = format!("Proxy {name} stopped (cumulated conns: FE: {front}, BE: {back}).");
            self.launch.tell(&proxy.log, log::WARNING, &text);
        }
    }

    /// Whether a soft stop is over: nothing is left, or `hard-stop-after` has passed.
    fn done(&self) -> bool {
        let limit = self.fleet.plan().global.hard_stop_after;
        let late = self
            .stopping
            .zip(limit.map(Duration::from_millis))
            .is_some_and(|(since, limit)| since.elapsed() >= limit);
        late || self.fleet.finished() && self.circle.parted()
    }
}

/// Says on the standard error what the checks find, and tells the workers.
struct Told {
    launch: Arc<Launch>,
    fleet: Weak<Fleet>,
}

impl Hooks for Told {
    fn warn(&self, alert: bool, text: &str) {
        if alert {
            self.launch.say.alert(text);
        } else {
            self.launch.say.warning(text);
        }
    }

    fn changed(&self, _: &plan::Proxy, server: &plan::Server) -> u32 {
        let fleet = self.fleet.upgrade();
        fleet.map_or(0, |fleet| fleet.server_changed(&server.state))
    }

    fn shut_sessions(&self, _: &plan::Proxy, server: &plan::Server, cause: Cause) {
        if let Some(fleet) = self.fleet.upgrade() {
            fleet.end_sessions(&server.state, cause);
        }
    }
}

/// Returns when the other end of the leash is gone; never without a leash.
async fn gone(master: Option<&mut tokio::net::UnixStream>) {
    let Some(stream) = master else {
        return std::future::pending().await;
    };
    let mut byte = [0];
    loop {
        if stream.readable().await.is_err() {
            return;
        }
        match stream.try_read(&mut byte) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}
