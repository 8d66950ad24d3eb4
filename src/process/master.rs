//! The master of master-worker mode (`-W`, `-Ws`; management guide 4, 9.4): it keeps a worker running,
//! replaces it on reload, and ends with it.
//!
//! A reload starts a second worker, which listens beside the first; when it is ready the first is told
//! to finish. The master keeps the rights it was started with, so a worker locked into a `chroot` can
//! be replaced.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitCode, ExitStatus};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};

use crate::api::{self, master::Office};
use crate::net::listen::Listener;

use super::notify::Notify;
use super::respawn::{Caller, Leash};
use super::roll::Roll;
use super::say::Say;

/// Runs the master until its workers are gone. `ready` is called once, when the first worker is.
/// `exit_on_failure`: whether a worker that fails takes the others with it.
pub(super) fn run(
    caller: &Caller,
    say: &Say,
    notify: &Notify,
    sockets: Vec<Arc<OwnedFd>>,
    exit_on_failure: bool,
    ready: impl FnOnce(),
) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let work = supervise(caller, say, notify, sockets, exit_on_failure, ready);
    let code = runtime.and_then(|runtime| LocalSet::new().block_on(&runtime, work));
    match code {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say.alert(&format!(
                "[haproxy.main()] Cannot run the master ({error})."
            ));
            ExitCode::FAILURE
        }
    }
}

/// What happens to a master.
enum Event {
    /// A worker says it is ready.
    Ready(i32),
    /// A worker ended.
    Exited(i32, ExitStatus),
    /// SIGUSR2, SIGHUP.
    Reload,
    /// A signal that ends everything.
    Stop(Signal),
}

struct Master<'a> {
    caller: &'a Caller,
    say: &'a Say,
    notify: &'a Notify,
    events: mpsc::Sender<Event>,
    /// The worker that has the traffic.
    current: Option<i32>,
    /// The worker that is getting ready to take over.
    next: Option<i32>,
    /// Workers that finish.
    former: Vec<i32>,
    /// A reload was asked for while one was going on.
    again: bool,
    stopping: bool,
    /// A worker that fails takes the others with it.
    exit_on_failure: bool,
    /// Reloads asked for, and those that failed.
    reloads: u32,
    failed: u32,
    code: u8,
}

async fn supervise(
    caller: &Caller,
    say: &Say,
    notify: &Notify,
    sockets: Vec<Arc<OwnedFd>>,
    exit_on_failure: bool,
    ready: impl FnOnce(),
) -> io::Result<u8> {
    let (events, mut inbox) = mpsc::channel(64);
    let roll = Rc::<RefCell<Roll>>::default();
    let office = Rc::new(Office {
        reload: {
            let events = events.clone();
            // A full channel holds a reload already.
            Box::new(move || drop(events.try_send(Event::Reload)))
        },
        processes: {
            let roll = roll.clone();
            Box::new(move || roll.borrow().table(Instant::now()))
        },
    });
    for socket in sockets {
        spawn_local(api::master::serve(office.clone(), Listener::new(socket)?));
    }
    for (kind, event) in signals() {
        listen(kind, event, events.clone())?;
    }
    let mut master = Master {
        caller,
        say,
        notify,
        events,
        current: None,
        next: None,
        former: Vec::new(),
        again: false,
        stopping: false,
        exit_on_failure,
        reloads: 0,
        failed: 0,
        code: 0,
    };
    master.fork(false)?;
    let mut ready = Some(ready);
    while let Some(event) = inbox.recv().await {
        match event {
            Event::Ready(pid) => {
                master.promote(pid);
                if let Some(ready) = ready.take() {
                    ready();
                }
            }
            Event::Exited(pid, status) => {
                if master.bury(pid, status) {
                    break;
                }
            }
            Event::Reload => master.reload(),
            Event::Stop(signal) => master.stop(signal),
        }
        roll.borrow_mut().note(
            master.current,
            &master.former,
            (master.reloads, master.failed),
        );
    }
    Ok(master.code)
}

fn signals() -> [(SignalKind, fn() -> Event); 5] {
    [
        (SignalKind::user_defined2(), || Event::Reload),
        (SignalKind::hangup(), || Event::Reload),
        (SignalKind::terminate(), || Event::Stop(Signal::SIGTERM)),
        (SignalKind::interrupt(), || Event::Stop(Signal::SIGINT)),
        (SignalKind::user_defined1(), || Event::Stop(Signal::SIGUSR1)),
    ]
}

fn listen(kind: SignalKind, event: fn() -> Event, to: mpsc::Sender<Event>) -> io::Result<()> {
    let mut stream = signal(kind)?;
    tokio::spawn(async move {
        while stream.recv().await.is_some() {
            if to.send(event()).await.is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Reports when the worker is ready, and when it is over.
fn watch(mut child: Child, leash: Leash, to: mpsc::Sender<Event>) -> io::Result<()> {
    let pid = child.id().cast_signed();
    let leash = leash.into_stream()?;
    let ready_to = to.clone();
    tokio::spawn(async move {
        let mut byte = [0];
        loop {
            if leash.readable().await.is_err() {
                return;
            }
            match leash.try_read(&mut byte) {
                Ok(1) => break,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                _ => return,
            }
        }
        let _ = ready_to.send(Event::Ready(pid)).await;
        // Held open: its end would tell the worker that the master is gone.
        ready_to.closed().await;
        drop(leash);
    });
    // A thread of its own waits for the child: one per worker, and workers are few.
    std::thread::Builder::new()
        .name("wait".into())
        .spawn(move || {
            if let Ok(status) = child.wait() {
                let _ = to.blocking_send(Event::Exited(pid, status));
            }
        })?;
    Ok(())
}

impl Master<'_> {
    /// Starts a worker; a successor says what is wrong with the configuration, which nobody has read
    /// before it.
    fn fork(&mut self, successor: bool) -> io::Result<()> {
        let (child, leash) = self.caller.worker(successor)?;
        let pid = child.id().cast_signed();
        watch(child, leash, self.events.clone())?;
        self.next = Some(pid);
        Ok(())
    }

    /// A worker is ready: it takes over.
    fn promote(&mut self, pid: i32) {
        if self.next != Some(pid) {
            return;
        }
        self.next = None;
        self.say.notice(&format!("New worker ({pid}) forked"));
        self.say.notice("Loading success.");
        self.notify.ready("Ready.");
        if let Some(old) = self.current.replace(pid) {
            self.former.push(old);
            tell(old, Signal::SIGUSR1);
        }
        if self.stopping {
            tell(pid, Signal::SIGTERM);
        } else if std::mem::take(&mut self.again) {
            self.reload();
        }
    }

    fn reload(&mut self) {
        if self.stopping {
            return;
        }
        if self.next.is_some() {
            self.again = true;
            return;
        }
        self.reloads += 1;
        self.say.notice("Reloading HAProxy");
        self.notify.reloading();
        if let Err(error) = self.fork(true) {
            self.fail(&format!("Cannot start a new worker ({error})."));
        }
    }

    fn fail(&mut self, why: &str) {
        self.failed += 1;
        self.say.warning(why);
        self.notify.ready("Reload failed!");
    }

    fn stop(&mut self, signal: Signal) {
        self.stopping = true;
        self.say.warning("Exiting Master process...");
        self.notify.stopping();
        self.tell_all(signal);
    }

    fn tell_all(&self, signal: Signal) {
        for pid in self.former.iter().chain(&self.current).chain(&self.next) {
            tell(*pid, signal);
        }
    }

    /// A worker ended. True if none is left and the master may go.
    fn bury(&mut self, pid: i32, status: ExitStatus) -> bool {
        let code = exit_code(status);
        if self.next == Some(pid) {
            self.next = None;
            if self.current.is_none() && self.former.is_empty() {
                // It has said itself why it could not start.
                self.code = if code == 0 { 1 } else { code };
                return true;
            }
            self.fail("Loading failure!");
            if std::mem::take(&mut self.again) {
                self.reload();
            }
        } else {
            let is_current = self.current == Some(pid);
            self.obituary(pid, status, code, is_current);
            self.former.retain(|old| *old != pid);
            if is_current {
                self.current = None;
                self.code = if code == TERMINATED { 0 } else { code };
                let failed = self.code != 0 && !self.stopping;
                if failed && self.exit_on_failure {
                    self.say
                        .alert("exit-on-failure: killing every processes with SIGTERM");
                    self.tell_all(Signal::SIGTERM);
                }
                // Otherwise workers that still finish may do so, and a reload may start another.
                self.stopping |= self.exit_on_failure || !failed;
            }
        }
        let left = self.current.is_some() || self.next.is_some() || !self.former.is_empty();
        if !left {
            let code = self.code;
            self.say
                .warning(&format!("All workers exited. Exiting... ({code})"));
        }
        !left
    }

    fn obituary(&self, pid: i32, status: ExitStatus, code: u8, is_current: bool) {
        let which = if is_current { "Current" } else { "Former" };
        let how = status
            .signal()
            .and_then(|number| Signal::try_from(number).ok())
            .map_or("Exit", describe);
        let text = format!("{which} worker ({pid}) exited with code {code} ({how})");
        if is_current && code != 0 {
            self.say.alert(&text);
        } else {
            self.say.warning(&text);
        }
    }
}

/// 128 + SIGTERM: a worker that was told to stop.
const TERMINATED: u8 = 143;

fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
}

fn tell(pid: i32, signal: Signal) {
    // A worker that is gone has been, or will be, waited for.
    let _ = kill(Pid::from_raw(pid), signal);
}

/// The system's words for a signal.
fn describe(signal: Signal) -> &'static str {
    match signal {
        Signal::SIGTERM => "Terminated",
        Signal::SIGINT => "Interrupt",
        Signal::SIGKILL => "Killed",
        Signal::SIGSEGV => "Segmentation fault",
        Signal::SIGABRT => "Aborted",
        Signal::SIGBUS => "Bus error",
        Signal::SIGILL => "Illegal instruction",
        Signal::SIGFPE => "Floating point exception",
        Signal::SIGHUP => "Hangup",
        Signal::SIGQUIT => "Quit",
        Signal::SIGUSR1 => "User defined signal 1",
        Signal::SIGUSR2 => "User defined signal 2",
        other => other.as_str(),
    }
}
