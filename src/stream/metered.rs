//! A task whose calls are measured, for expressions that ask what a request takes of the processor.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Instant;

use crate::sample::Meter;

/// Runs the future, and enters each of its calls.
pub(super) async fn run(meter: Arc<Meter>, future: impl Future<Output = ()>) {
    let mut future = Box::pin(future);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(bell.clone());
    poll_fn(|cx| {
        let began = Instant::now();
        let rung = bell.answer(cx.waker()).unwrap_or(began);
        meter.called(began.saturating_duration_since(rung));
        let done = future.as_mut().poll(&mut Context::from_waker(&waker));
        meter.returned(began.elapsed());
        done
    })
    .await;
}

/// Wakes a task, and notes when.
#[derive(Default)]
struct Bell(Mutex<(Option<Waker>, Option<Instant>)>);

impl Bell {
    /// When it was rung first since this was asked last. From now on it wakes this task.
    fn answer(&self, task: &Waker) -> Option<Instant> {
        let mut bell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bell.0.get_or_insert_with(|| task.clone()).clone_from(task);
        bell.1.take()
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut bell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bell.1.get_or_insert_with(Instant::now);
        let task = bell.0.clone();
        drop(bell);
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    #[test]
    fn calls_are_counted_and_timed() {
        let meter = Arc::new(Meter::default());
        let mut left = 3;
        let future = poll_fn(move |cx| {
            left -= 1;
            cx.waker().wake_by_ref();
            match left {
                0 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        });
        let mut run = Box::pin(run(meter.clone(), future));
        let mut cx = Context::from_waker(Waker::noop());
        while run.as_mut().poll(&mut cx).is_pending() {}
        assert_eq!(meter.calls(), 3);
        assert!(meter.busy() > 0, "the clock goes on");
        assert!(meter.late() > 0, "woken before it was called");
        meter.restart();
        assert_eq!((meter.calls(), meter.busy(), meter.late()), (1, 0, 0));
    }
}
