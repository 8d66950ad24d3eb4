//! Futures of live transactions, in memory that is used again.
//!
//! The future that handles requests is large, and a connection that waits for one must not hold it. So it lives in a box of
//! its own, and the worker keeps the boxes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{Connection, Next, exchange};
use crate::worker::Worker;

/// Free boxes kept by a worker.
const KEPT: usize = 1024;

type Done = (Box<Connection>, Next);

/// A box that can run one transaction after the other.
trait Run {
    fn start(&mut self, worker: Rc<Worker>, connection: Box<Connection>);
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done>;
}

struct Slot<F, M> {
    future: Pin<Box<Option<F>>>,
    make: M,
}

impl<F, M> Run for Slot<F, M>
where
    F: Future<Output = Done>,
    M: Fn(Rc<Worker>, Box<Connection>) -> F,
{
    fn start(&mut self, worker: Rc<Worker>, connection: Box<Connection>) {
        let future = (self.make)(worker, connection);
        self.future.set(Some(future));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Done> {
        let Some(future) = self.future.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let done = future.poll(cx);
        if done.is_ready() {
            self.future.set(None);
        }
        done
    }
}

/// The free boxes of a worker.
#[derive(Default)]
pub struct Runners(RefCell<Vec<Box<dyn Run>>>);

impl std::fmt::Debug for Runners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runners({})", self.0.borrow().len())
    }
}

impl Runners {
    fn take(&self) -> Box<dyn Run> {
        let free = self.0.borrow_mut().pop();
        free.unwrap_or_else(|| {
            Box::new(Slot {
                future: Box::pin(None),
                make: exchange::serve,
            })
        })
    }

    fn keep(&self, runner: Box<dyn Run>) {
        let mut free = self.0.borrow_mut();
        if free.len() < KEPT {
            free.push(runner);
        }
    }
}

/// Serves the requests that have begun to come, until the connection falls idle or ends.
pub(super) async fn run(worker: &Rc<Worker>, connection: Box<Connection>) -> Done {
    let mut runner = worker.runners.take();
    runner.start(worker.clone(), connection);
    let done = poll_fn(|cx| runner.poll(cx)).await;
    worker.runners.keep(runner);
    done
}
