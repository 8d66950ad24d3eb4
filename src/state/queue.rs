//! Requests that wait: for one server, or for any server of a backend.
//!
//! Ordered by priority class, then by the time they came plus the offset the rules gave them (manual
//! 4.2 `http-request set-priority-class`, `set-priority-offset`), then by arrival. A lock is taken
//! only to enter, leave and call, that is while somebody waits; whether somebody waits is an atomic.
//!
//! The one that waits holds a [`Ticket`]; whoever has a place to give calls it. Wakers cross threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::Server;
use super::counter::Gauge;

/// Where in a queue: lower is sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Rank {
    /// `set-priority-class`, -2047..=2047.
    pub class: i32,
    /// Time of arrival in milliseconds plus `set-priority-offset`.
    pub due_ms: i64,
}

/// A place in one queue: rank, then order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The rank it came with.
    pub rank: Rank,
    arrival: u64,
}

/// What a waiting request is told.
#[derive(Debug)]
pub enum Call {
    /// A place on this server was counted for it; it owes the place to the next if it does not use it.
    Serve(Arc<Server>),
    /// Its server went away: choose another.
    ChooseAgain,
}

/// The two ends of one wait.
#[derive(Debug, Default)]
pub struct Ticket(Mutex<Holder>);

#[derive(Debug)]
enum Holder {
    Waiting(Option<Waker>),
    Called(Call),
    Gone,
}

impl Default for Holder {
    fn default() -> Self {
        Self::Waiting(None)
    }
}

impl Ticket {
    /// Calls the one that waits.
    ///
    /// # Errors
    /// Gives the call back if nobody waits any more.
    pub fn call(&self, call: Call) -> Result<(), Call> {
        let waker = {
            let mut holder = lock(&self.0);
            let Holder::Waiting(waker) = &mut *holder else {
                return Err(call);
            };
            let waker = waker.take();
            *holder = Holder::Called(call);
            waker
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Ready once called; answers the call once.
    pub fn poll(&self, context: &Context<'_>) -> Poll<Call> {
        let mut holder = lock(&self.0);
        match std::mem::replace(&mut *holder, Holder::Gone) {
            Holder::Called(call) => Poll::Ready(call),
            Holder::Waiting(_) => {
                *holder = Holder::Waiting(Some(context.waker().clone()));
                Poll::Pending
            }
            Holder::Gone => Poll::Pending,
        }
    }

    /// Stops waiting; answers a call that had come already and was not heard.
    pub fn give_up(&self) -> Option<Call> {
        match std::mem::replace(&mut *lock(&self.0), Holder::Gone) {
            Holder::Called(call) => Some(call),
            Holder::Waiting(_) | Holder::Gone => None,
        }
    }
}

/// One queue.
#[derive(Debug, Default)]
pub struct Queue {
    waiting: Mutex<Line>,
    length: Gauge,
    /// Requests that were called; wraps.
    called: AtomicU32,
}

#[derive(Debug, Default)]
struct Line {
    tickets: BTreeMap<Key, Entry>,
    arrivals: u64,
}

#[derive(Debug)]
struct Entry {
    ticket: Arc<Ticket>,
    /// It must not be sent elsewhere (`force-persist`).
    bound: bool,
}

impl Queue {
    /// How many wait now.
    pub fn load(&self) -> u32 {
        self.length.load()
    }

    /// The most that ever waited.
    pub fn max(&self) -> u32 {
        self.length.max()
    }

    /// Forgets the most that ever waited.
    pub fn reset_max(&self) {
        self.length.reset_max();
    }

    /// Requests called so far; the difference over a wait is the number that went before (`%sq`, `%bq`).
    pub fn called(&self) -> u32 {
        self.called.load(SeqCst)
    }

    /// Enters the queue, unless `most` (0: any number) wait already. `bound` ones are not sent
    /// elsewhere by [`Queue::disperse`].
    pub fn enter(&self, rank: Rank, ticket: Arc<Ticket>, bound: bool, most: u32) -> Option<Key> {
        let mut line = lock(&self.waiting);
        if most > 0 && line.tickets.len() >= most as usize {
            return None;
        }
        line.arrivals += 1;
        let key = Key {
            rank,
            arrival: line.arrivals,
        };
        line.tickets.insert(key, Entry { ticket, bound });
        self.length.inc();
        Some(key)
    }

    /// Leaves the queue; false if it was taken out already.
    pub fn leave(&self, key: Key) -> bool {
        self.take(&mut lock(&self.waiting), key).is_some()
    }

    /// The rank of the one to go next.
    pub fn next(&self) -> Option<Rank> {
        let line = lock(&self.waiting);
        line.tickets.first_key_value().map(|(key, _)| key.rank)
    }

    /// Takes out the one to go next.
    pub fn pop(&self) -> Option<Arc<Ticket>> {
        let mut line = lock(&self.waiting);
        let key = *line.tickets.first_key_value()?.0;
        let entry = self.take(&mut line, key)?;
        self.called.fetch_add(1, SeqCst);
        Some(entry.ticket)
    }

    /// Sends all that may go elsewhere away to choose again; answers how many.
    pub fn disperse(&self) -> u32 {
        let mut line = lock(&self.waiting);
        let free: Vec<Key> = line
            .tickets
            .iter()
            .filter(|(_, entry)| !entry.bound)
            .map(|(&key, _)| key)
            .collect();
        let mut sent = 0;
        for key in free {
            if let Some(entry) = self.take(&mut line, key) {
                sent += u32::from(entry.ticket.call(Call::ChooseAgain).is_ok());
            }
        }
        sent
    }

    fn take(&self, line: &mut Line, key: Key) -> Option<Entry> {
        let entry = line.tickets.remove(&key)?;
        self.length.dec();
        Some(entry)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(class: i32, due_ms: i64) -> Rank {
        Rank { class, due_ms }
    }

    fn heard(ticket: &Ticket) -> bool {
        let context = Context::from_waker(Waker::noop());
        ticket.poll(&context).is_ready()
    }

    #[test]
    fn class_goes_before_time_and_time_before_arrival() {
        let queue = Queue::default();
        let ranks = [(0, 50), (0, 20), (1, 0), (-5, 90), (0, 20)];
        let tickets = ranks.map(|(class, due)| {
            let ticket = Arc::new(Ticket::default());
            queue
                .enter(rank(class, due), ticket.clone(), false, 0)
                .unwrap();
            ticket
        });
        assert_eq!(queue.load(), 5);
        for next in [3, 1, 4, 0, 2] {
            assert!(Arc::ptr_eq(&queue.pop().unwrap(), &tickets[next]), "{next}");
        }
        assert!(queue.pop().is_none());
        assert_eq!((queue.load(), queue.max(), queue.called()), (0, 5, 5));
    }

    #[test]
    fn a_full_queue_lets_nobody_in() {
        let queue = Queue::default();
        let enter = || queue.enter(rank(0, 0), Arc::default(), false, 2);
        let first = enter().unwrap();
        assert!(enter().is_some());
        assert!(enter().is_none());
        assert!(queue.leave(first));
        assert!(!queue.leave(first));
        assert!(enter().is_some());
        assert_eq!(queue.load(), 2);
    }

    #[test]
    fn a_call_is_heard_once_or_given_back() {
        let server = || Call::Serve(Arc::new(Server::new("b", "s", 1)));
        let ticket = Ticket::default();
        assert!(!heard(&ticket));
        assert!(ticket.call(server()).is_ok());
        assert!(ticket.call(server()).is_err());
        assert!(heard(&ticket));
        assert!(!heard(&ticket));
        let left = Ticket::default();
        assert!(left.call(server()).is_ok());
        assert!(matches!(left.give_up(), Some(Call::Serve(_))));
        assert!(left.give_up().is_none());
        assert!(left.call(Call::ChooseAgain).is_err());
    }

    #[test]
    fn those_bound_to_a_server_stay_when_the_others_are_sent_away() {
        let queue = Queue::default();
        let (free, bound) = (Arc::new(Ticket::default()), Arc::new(Ticket::default()));
        queue.enter(rank(0, 0), free.clone(), false, 0).unwrap();
        queue.enter(rank(0, 0), bound.clone(), true, 0).unwrap();
        assert_eq!(queue.disperse(), 1);
        assert!(heard(&free));
        assert!(!heard(&bound));
        assert_eq!((queue.load(), queue.called()), (1, 0));
    }
}
