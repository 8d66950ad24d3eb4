//! Servers that follow names while traffic flows (manual 5.3): asks for every name again and again, and gives servers the
//! addresses, ports and weights that the answers say.
//!
//! `process` runs it on the control thread. It asks through `resolve` and changes servers through `check`, so that a change is
//! logged like any other. All servers of one name share one question. Must not know streams or configuration words.

mod book;
mod choice;
mod known;
#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::check::Checks;
use crate::plan::Plan;
use crate::resolve::{Failure, Found, Numbers, lookup};

use book::{Book, Key};

/// Where others say that a server follows another host (`set server … fqdn`).
#[derive(Debug, Default)]
pub struct Renamed(Notify);

impl Renamed {
    /// Some server does.
    pub fn tell(&self) {
        self.0.notify_one();
    }
}

/// Follows the names of the plan, and of each plan that comes after it, until the sender is gone. Must run in a `LocalSet`.
pub async fn run(
    checks: Arc<Checks>,
    renamed: Arc<Renamed>,
    mut plans: watch::Receiver<Arc<Plan>>,
) {
    let numbers = Rc::new(Numbers::default());
    let mut asking: JoinSet<(Key, Result<Found, Failure>)> = JoinSet::new();
    let plan = plans.borrow_and_update().clone();
    let mut book = Book::new(checks, &plan, Instant::now());
    loop {
        let now = Instant::now();
        for (key, resolvers) in book.due(now) {
            let numbers = numbers.clone();
            asking.spawn_local(async move {
                let found = lookup(&resolvers, &key.name, key.wanted, &numbers).await;
                (key, found)
            });
        }
        let next = book.next();
        tokio::select! {
            Some(done) = asking.join_next() => {
                // A question that broke off is asked again when nothing else is known of it.
                if let Ok((key, told)) = done {
                    book.told(&key, told, Instant::now());
                }
            }
            () = sleep_until(next.unwrap_or(now)), if next.is_some() => {}
            () = renamed.0.notified() => book.subscribe(Instant::now()),
            changed = plans.changed() => {
                if changed.is_err() {
                    return;
                }
                let plan = plans.borrow_and_update().clone();
                book.replace(&plan, Instant::now());
            }
        }
    }
}
