//! Accept loops: one per listener, limits before every accept.
//!
//! While a limit is reached nothing is accepted and the kernel's backlog fills, as with HAProxy.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::Shutdown;
use tokio::task::AbortHandle;

use crate::net::listen::{accept_from, local_address};
use crate::net::{Listener as Socket, Stream};
use crate::plan::{Listener, Plan, Proxy};
use crate::sample::Address;
use crate::settings::Endpoint;
use crate::stream;

use super::Worker;
use super::accepted::{Accepted, Slot};
use super::fleet::Wanted;

/// How long to leave the backlog alone when descriptors or memory have run out.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// A crowded accept loop looks again after this even if nobody told it that there is room.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The accept loops of a worker.
#[derive(Debug, Default)]
pub(super) struct Posts(Vec<Post>);

#[derive(Debug)]
struct Post {
    socket: Arc<std::os::fd::OwnedFd>,
    owner: Rc<RefCell<Owner>>,
    task: AbortHandle,
}

impl Drop for Post {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whom an accept loop works for; changes at a reload.
#[derive(Debug, Clone)]
struct Owner {
    plan: Arc<Plan>,
    proxy: Arc<Proxy>,
    listener: Arc<Listener>,
    /// The address that clients reach, where it is one only.
    address: Option<SocketAddr>,
}

impl Posts {
    /// Keeps the loops of sockets that are still wanted, starts and ends others.
    pub(super) fn fill(&mut self, worker: &Rc<Worker>, wanted: &Wanted) {
        let mut old = std::mem::take(&mut self.0);
        for entry in &wanted.sockets.entries {
            let sockets = &entry.opened.sockets;
            let mine = worker.number as usize % sockets.len().max(1);
            let (proxy_at, listener_at) = entry.place;
            let (Some(socket), Some(proxy)) =
                (sockets.get(mine), wanted.plan.proxies.get(proxy_at))
            else {
                continue;
            };
            let Some(listener) = proxy.listeners.get(listener_at) else {
                continue;
            };
            let owner = Owner {
                plan: wanted.plan.clone(),
                proxy: proxy.clone(),
                listener: listener.clone(),
                address: entry.opened.address,
            };
            match old
                .iter()
                .position(|post| Arc::ptr_eq(&post.socket, socket))
            {
                Some(same) => {
                    let post = old.swap_remove(same);
                    post.owner.replace(owner);
                    self.0.push(post);
                }
                None => match Post::start(worker, socket, owner) {
                    Ok(post) => self.0.push(post),
                    Err(error) => worker.complain(&format!("cannot watch a listener: {error}")),
                },
            }
        }
        for post in old {
            post.empty(worker);
        }
    }
}

impl Post {
    fn start(
        worker: &Rc<Worker>,
        socket: &Arc<std::os::fd::OwnedFd>,
        owner: Owner,
    ) -> io::Result<Self> {
        let listening = Socket::new(socket.clone())?;
        let owner = Rc::new(RefCell::new(owner));
        let task = tokio::task::spawn_local(run(worker.clone(), listening, owner.clone()));
        Ok(Self {
            socket: socket.clone(),
            owner,
            task: task.abort_handle(),
        })
    }
}

impl Post {
    /// Takes those in who wait already, before the socket closes on them: for them the connection
    /// stands.
    fn empty(self, worker: &Rc<Worker>) {
        let owner = self.owner.borrow().clone();
        while let Some(mut slot) = Slot::reserve(worker, &owner.plan, &owner.proxy, &owner.listener)
            && let Ok(Some((stream, peer))) = accept_from(&*self.socket)
        {
            slot.confirm(&owner.listener);
            begin(worker, &owner, slot, stream, peer);
        }
        // At once: until the last who knows the socket lets go of it the system would go on to put
        // clients in its queue. One that was left to us may be another process's as well.
        if matches!(owner.listener.bind.endpoint, Some(Endpoint::Tcp { .. })) {
            let _ = rustix::net::shutdown(&*self.socket, Shutdown::Read);
        }
    }
}

/// Accepts until aborted.
async fn run(worker: Rc<Worker>, socket: Socket, owner: Rc<RefCell<Owner>>) {
    loop {
        if poll_fn(|cx| socket.poll_ready(cx)).await.is_err() {
            // The runtime is going down.
            return pending().await;
        }
        let now = owner.borrow().clone();
        if let Some(obstacle) = obstacle(&worker, &now) {
            obstacle.pass(&worker, &now).await;
            continue;
        }
        if let Err(error) = some(&worker, &socket, &now) {
            give_way(&worker, &now, &error).await;
        }
        tokio::task::yield_now().await;
    }
}

/// Accepting failed: waits until there may be room again.
async fn give_way(worker: &Rc<Worker>, owner: &Owner, error: &io::Error) {
    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => {
            if !worker.out_of_descriptors(&owner.proxy.name) {
                room(worker, EXHAUSTED, || true).await;
            }
        }
        _ => {
            let name = &owner.proxy.name;
            worker.complain(&format!("Proxy {name} cannot accept a connection: {error}"));
            tokio::time::sleep(EXHAUSTED).await;
        }
    }
}

/// Waits until a connection ended, at most for so long. `still`: what to wait for has not come already.
async fn room(worker: &Rc<Worker>, longest: Duration, still: impl FnOnce() -> bool) {
    let fleet = &worker.fleet;
    let mut room = pin!(fleet.room.notified());
    room.as_mut().enable();
    fleet.crowded.fetch_add(1, SeqCst);
    // One may have ended between the look and the entry.
    if still() {
        let _ = tokio::time::timeout(longest, room).await;
    }
    fleet.crowded.fetch_sub(1, SeqCst);
}

/// Accepts what is there, at most `tune.maxaccept` at a time.
fn some(worker: &Rc<Worker>, socket: &Socket, owner: &Owner) -> io::Result<()> {
    for _ in 0..owner.plan.global.maxaccept.max(1) {
        // Those just taken in count, too.
        if obstacle(worker, owner).is_some() {
            return Ok(());
        }
        let slot = Slot::reserve(worker, &owner.plan, &owner.proxy, &owner.listener);
        let Some(mut slot) = slot else {
            return Ok(());
        };
        let Some((stream, peer)) = socket.accept()? else {
            return Ok(());
        };
        slot.confirm(&owner.listener);
        begin(worker, owner, slot, stream, peer);
    }
    Ok(())
}

fn begin(worker: &Rc<Worker>, owner: &Owner, slot: Slot, stream: Stream, peer: Option<SocketAddr>) {
    let now = worker.now();
    let at = (now.instant, now.date);
    let now_ms = now.millis();
    let process = &worker.fleet.state.process;
    process.accepted.inc();
    process.conn_rate.add(now_ms, 1);
    if owner.listener.tls.is_some() {
        process.secured.rate.add(now_ms, 1);
    }
    let front = &owner.proxy.state.front;
    front.conns_total.inc();
    front.conn_rate.add(now_ms, 1);
    owner.listener.state.total.inc();
    let destination = owner.address.or_else(|| match peer {
        Some(_) => local_address(&stream),
        None => None,
    });
    let accepted = Accepted {
        source: address(peer, owner),
        destination: address(destination, owner),
        stream,
        at,
        plan: owner.plan.clone(),
        proxy: owner.proxy.clone(),
        listener: owner.listener.clone(),
        slot,
    };
    let key = accepted.slot.key();
    if let Some(task) = stream::spawn(worker, accepted) {
        worker.clients.set_task(key, task);
    }
}

fn address(ip: Option<SocketAddr>, owner: &Owner) -> Address {
    match (ip, &owner.listener.bind.endpoint) {
        (Some(ip), _) => Address::Ip(ip),
        (None, Some(Endpoint::Unix(path) | Endpoint::Abstract(path))) => {
            Address::Unix(path.as_str().into())
        }
        (None, _) => Address::Unknown,
    }
}

/// Why nothing may be accepted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    /// Too many connections.
    Crowded,
    /// Too many connections per second: the time until the next may come.
    TooFast(Duration),
    /// The frontend was stopped or disabled.
    Stopped,
}

fn obstacle(worker: &Worker, owner: &Owner) -> Option<Obstacle> {
    let (plan, proxy, listener) = (&owner.plan, &owner.proxy, &owner.listener);
    let process = &worker.fleet.state.process;
    let front = &proxy.state.front;
    if proxy.state.stopping.load(Relaxed) {
        return Some(Obstacle::Stopped);
    }
    let listener_full =
        listener.bind.maxconn > 0 && listener.state.conns.load() >= listener.bind.maxconn;
    let secured = listener.tls.is_some() && process.secured.is_full(plan.global.maxsslconn);
    if secured
        || process.conns.load() >= plan.maxconn
        || front.sessions.load() >= proxy.maxconn
        || listener_full
    {
        return Some(Obstacle::Crowded);
    }
    let limits = [
        (proxy.settings.rate_limit, &front.session_rate),
        (plan.global.maxconnrate, &process.conn_rate),
        (plan.global.maxsessrate, &process.sess_rate),
        (
            plan.global.maxsslrate * u32::from(listener.tls.is_some()),
            &process.secured.rate,
        ),
    ];
    for (limit, rate) in limits.into_iter().filter(|(limit, _)| *limit > 0) {
        let now_ms = worker.now().millis();
        if rate.read(now_ms) >= limit {
            let wait = (1000 / u64::from(limit)).clamp(1, 1000);
            return Some(Obstacle::TooFast(Duration::from_millis(wait)));
        }
    }
    None
}

impl Obstacle {
    /// Waits until it may be gone.
    async fn pass(self, worker: &Rc<Worker>, owner: &Owner) {
        match self {
            Self::TooFast(wait) => tokio::time::sleep(wait).await,
            Self::Stopped => tokio::time::sleep(LOOK_AGAIN).await,
            Self::Crowded => {
                room(worker, LOOK_AGAIN, || obstacle(worker, owner) == Some(self)).await;
            }
        }
    }
}
