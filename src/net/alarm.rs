//! One lazily re-armed timer per connection.
//!
//! Moving the deadline is a store. The runtime's timer is only touched when the deadline comes nearer
//! than it is armed for, or when it fires and finds that the deadline has moved away.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use tokio::time::Sleep;

/// The deadline passed before the operation was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired;

/// Ends a wait from outside: once called, the alarm that heeds it has always expired.
#[derive(Debug, Default)]
pub struct Summons {
    called: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Summons {
    /// Calls whoever waits now or later.
    pub fn call(&self) {
        self.called.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Ready once it was called.
    pub fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        if self.called.get() {
            return Poll::Ready(());
        }
        let mut waker = self.waker.borrow_mut();
        if !waker.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
            *waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

/// A connection's timer. One task polls it.
#[derive(Debug, Default)]
pub struct Alarm {
    deadline: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    /// Whom the armed timer wakes: it need not be told again at every look.
    armed_for: Option<Waker>,
    summons: Option<Rc<Summons>>,
}

impl Alarm {
    /// A timer without a deadline.
    pub fn new() -> Self {
        Self::default()
    }

    /// A timer without a deadline that expires when it is called.
    pub fn heeding(summons: Rc<Summons>) -> Self {
        Self {
            summons: Some(summons),
            ..Self::default()
        }
    }

    /// Moves the deadline; `None` waits for ever.
    pub fn set(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Moves the deadline to `ms` milliseconds after `now`; `None` waits for ever.
    pub fn after(&mut self, now: Instant, ms: Option<u64>) {
        self.deadline = ms.and_then(|ms| now.checked_add(std::time::Duration::from_millis(ms)));
    }

    /// The deadline.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Ready once the deadline has passed.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(summons) = &self.summons
            && summons.poll(cx).is_ready()
        {
            return Poll::Ready(());
        }
        let Some(deadline) = self.deadline else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline.into())));
        if sleep.deadline().into_std() > deadline {
            sleep.as_mut().reset(deadline.into());
        } else if let Some(waker) = &self.armed_for
            && waker.will_wake(cx.waker())
            && !sleep.is_elapsed()
        {
            return Poll::Pending;
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if sleep.deadline().into_std() >= deadline || Instant::now() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline.into());
        }
        if !self
            .armed_for
            .as_ref()
            .is_some_and(|w| w.will_wake(cx.waker()))
        {
            self.armed_for = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Runs `poll` until it is ready or the deadline passes. `poll` may move the deadline only through
    /// the caller's own alarm between calls.
    ///
    /// # Errors
    /// [`Expired`]
    pub async fn until<T>(
        &mut self,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, Expired> {
        poll_fn(|cx| {
            if let Poll::Ready(value) = poll(cx) {
                return Poll::Ready(Ok(value));
            }
            self.poll(cx).map(|()| Err(Expired))
        })
        .await
    }

    /// Runs a future until it is done or the deadline passes.
    ///
    /// # Errors
    /// [`Expired`]
    pub async fn run<F: Future>(&mut self, future: F) -> Result<F::Output, Expired> {
        let mut future = pin!(future);
        self.until(|cx| future.as_mut().poll(cx)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn paused(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(test);
    }

    #[test]
    fn a_past_deadline_expires_at_once_and_none_never_does() {
        paused(async {
            let mut alarm = Alarm::new();
            alarm.set(Instant::now().checked_sub(Duration::from_secs(1)));
            let never = std::future::pending::<()>();
            assert_eq!(alarm.run(never).await, Err(Expired));
            alarm.set(None);
            assert_eq!(alarm.run(async { 7 }).await, Ok(7));
        });
    }

    #[test]
    fn a_call_ends_a_wait_without_a_deadline() {
        paused(async {
            let summons = Rc::new(Summons::default());
            let mut alarm = Alarm::heeding(summons.clone());
            let called = async {
                tokio::task::yield_now().await;
                summons.call();
            };
            let (waited, ()) = tokio::join!(alarm.run(std::future::pending::<()>()), called);
            assert_eq!(waited, Err(Expired));
            assert_eq!(alarm.run(async { 7 }).await, Ok(7));
        });
    }

    #[test]
    fn a_deadline_that_moved_away_is_not_expired_by_the_old_timer() {
        paused(async {
            let mut alarm = Alarm::new();
            let start = Instant::now();
            alarm.after(start, Some(1));
            let _ = alarm.until(|_| Poll::<()>::Pending).await;
            alarm.after(start, Some(3_600_000));
            let slept = alarm
                .run(tokio::time::sleep(Duration::from_millis(5)))
                .await;
            assert_eq!(slept, Ok(()));
        });
    }

    #[test]
    fn a_deadline_that_came_nearer_is_kept() {
        paused(async {
            let mut alarm = Alarm::new();
            alarm.after(Instant::now(), Some(3_600_000));
            assert_eq!(alarm.run(async { 1 }).await, Ok(1));
            let polled = poll_fn(|cx| Poll::Ready(alarm.poll(cx).is_ready())).await;
            assert!(!polled);
            alarm.after(Instant::now(), Some(1));
            assert_eq!(alarm.run(std::future::pending::<()>()).await, Err(Expired));
        });
    }
}
