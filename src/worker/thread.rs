//! One worker thread: a runtime, and a loop that brings its listeners in line with what is wanted.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::LocalSet;

use super::accept::Posts;
use super::fleet::{Fleet, Wanted};
use super::{Worker, clock, idle};

/// How often idle server connections are looked after.
const SWEEP: Duration = Duration::from_secs(1);

/// Starts a worker.
///
/// # Errors
/// The thread or its runtime cannot be made.
pub(super) fn spawn(
    number: u32,
    fleet: Arc<Fleet>,
    wanted: watch::Receiver<Wanted>,
) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .on_thread_unpark(clock::woke)
        .build()?;
    std::thread::Builder::new()
        .name(format!("worker {number}"))
        .spawn(move || {
            crate::state::counter::own_part(number);
            bind_to_processors(number, &fleet.plan().global.cpu_map);
            let worker = Worker::new(number, fleet, seed(number));
            let local = LocalSet::new();
            local.block_on(&runtime, work(worker, wanted));
            // Streams end here, on their own thread and inside their runtime.
            let _inside = runtime.enter();
            drop(local);
        })
}

/// Binds this thread as `cpu-map` says; threads are numbered from 1 there. A processor that does not
/// exist leaves the thread where it is.
fn bind_to_processors(number: u32, map: &[(u16, Vec<u16>)]) {
    let Some((_, cpus)) = map
        .iter()
        .find(|(thread, _)| u32::from(*thread) == number + 1)
    else {
        return;
    };
    let mut set = nix::sched::CpuSet::new();
    for cpu in cpus {
        let _ = set.set(usize::from(*cpu));
    }
    let _ = nix::sched::sched_setaffinity(nix::unistd::Pid::from_raw(0), &set);
}

async fn work(worker: Rc<Worker>, mut wanted: watch::Receiver<Wanted>) {
    let mut posts = Posts::default();
    let mut withdrawn = false;
    let mut ended = worker.fleet.ended.subscribe();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let now = wanted.borrow_and_update().clone();
        posts.fill(&worker, &now);
        if now.draining {
            if !withdrawn {
                withdrawn = true;
                worker.fleet.withdrawn.fetch_add(1, SeqCst);
            }
            worker.clients.close_idle();
        }
        drop(now);
        loop {
            tokio::select! {
                changed = wanted.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
                Ok(()) = ended.changed() => {
                    let ended = ended.borrow_and_update().clone();
                    worker.clients.end_sessions(&ended);
                }
                () = worker.fleet.shortage.told() => {
                    worker.give_up_idle();
                }
                _ = sweep.tick() => {
                    let now = std::time::Instant::now();
                    worker.idle.sweep(now);
                    worker.trunks.sweep(now, idle::purge_delay);
                    if worker.fleet.stopping() {
                        worker.clients.close_idle();
                    }
                }
            }
        }
    }
}

/// Differs between processes and threads, so that `random` and its kin do.
fn seed(number: u32) -> u64 {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(number);
    hasher.finish()
}
