//! The process that carries traffic: open, lock up, start, tell.

use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::Arc;

use crate::api::Level;
use crate::diag::{Diagnostic, Severity, has_alert};
use crate::net::listen::{self, words};
use crate::peers::Doors;
use crate::plan::Plan;
use crate::settings::Bind;
use crate::worker::{self, Sockets};

use super::blueprint::Blueprint;
use super::control::{self, End, Watch};
use super::daemon::Void;
use super::respawn::Leash;
use super::{Launch, limits, predecessors, privileges};

/// What was opened while it could be.
pub(super) struct Opened {
    /// Listeners.
    pub(super) sockets: Sockets,
    /// Where peers are awaited.
    pub(super) doors: Doors,
    /// Sockets of the runtime API, and what their sessions may do.
    pub(super) api: Vec<(Arc<OwnedFd>, Level)>,
    /// Descriptors the process may have.
    pub(super) descriptors: u64,
}

/// Where this process stands among others.
pub(super) struct Post {
    /// The way to the parent that waits for us.
    pub(super) leash: Option<Leash>,
    /// Where standard streams lead to once all is well, for a daemon.
    pub(super) void: Option<Void>,
    /// A master supervises us: it reloads by starting another worker, and we end when it does.
    pub(super) under_master: bool,
    /// It replaces a process that goes on until this one is there.
    pub(super) succeeds: bool,
}

/// Serves until the end; answers the exit code.
pub(super) fn run(launch: &Arc<Launch>, blueprint: Blueprint, post: Post) -> ExitCode {
    let plan = blueprint.plan;
    let watch = match Watch::new() {
        Ok(watch) => watch,
        Err(error) => return cannot_run(launch, &error),
    };
    let opened = match open(launch, &plan) {
        Ok(opened) => opened,
        Err(alerts) => {
            for alert in alerts {
                launch.say.alert(&alert);
            }
            return ExitCode::FAILURE;
        }
    };
    match control::run(launch.clone(), plan, opened, post, watch) {
        Ok(End::Finished) => ExitCode::SUCCESS,
        Ok(End::Orphaned) => ExitCode::FAILURE,
        Ok(End::Signal(number)) => {
            // Ends by the signal itself, as HAProxy does: that is what a service manager looks for.
            let _ = signal_hook::low_level::emulate_default_handler(number);
            ExitCode::from(128 + number as u8)
        }
        Err(error) => cannot_run(launch, &error),
    }
}

fn cannot_run(launch: &Launch, error: &std::io::Error) -> ExitCode {
    let why = words(error);
    launch
        .say
        .alert(&format!("[haproxy.main()] Cannot run ({why})."));
    ExitCode::FAILURE
}

/// Takes what the process needs while it still may, then gives up its rights.
fn open(launch: &Launch, plan: &Arc<Plan>) -> Result<Opened, Vec<String>> {
    let one = |alert| vec![alert];
    let workers = worker::size(plan);
    if let Some(mebibytes) = launch.invocation.memory.filter(|m| *m > 0) {
        limits::memory(mebibytes).map_err(one)?;
    }
    let wanted = limits::descriptors(plan, workers);
    for warning in limits::raise(plan, wanted).map_err(one)? {
        launch.say.warning(&warning);
    }
    if let Some(socket) = &launch.invocation.take_over
        && !predecessors::reachable(socket)
    {
        let socket = socket.display();
        launch.say.warning(&format!(
            "Failed to connect to the old process socket '{socket}'"
        ));
        return Err(one("Failed to get the sockets from the old process!".into()));
    }
    let (sockets, found) = Sockets::open(plan, workers, None);
    for warning in texts(&found, Severity::Warning) {
        launch.say.warning(&warning);
    }
    if has_alert(&found) {
        let mut alerts = texts(&found, Severity::Alert);
        alerts.push(
            "[haproxy.main()] Some protocols failed to start their listeners! Exiting.".into(),
        );
        return Err(alerts);
    }
    let (doors, found) = Doors::open(plan, None);
    if has_alert(&found) {
        let mut alerts = texts(&found, Severity::Alert);
        alerts.push(
            "[haproxy.main()] Some protocols failed to start their listeners! Exiting.".into(),
        );
        return Err(alerts);
    }
    let api = open_api(plan).map_err(one)?;
    privileges::drop(&plan.global).map_err(one)?;
    if let Some((farewell, pids)) = &launch.invocation.replaces {
        predecessors::dismiss(*farewell, pids);
    }
    Ok(Opened {
        sockets,
        doors,
        api,
        descriptors: wanted,
    })
}

/// Opens the `stats socket` lines.
fn open_api(plan: &Plan) -> Result<Vec<(Arc<OwnedFd>, Level)>, String> {
    let mut all = Vec::new();
    for socket in &plan.global.stats_sockets {
        let bind = Bind {
            endpoint: Some(socket.endpoint.clone()),
            owner: socket.owner,
            ..Bind::default()
        };
        let options = listen::Options {
            backlog: plan.global.stats_maxconn,
            ..listen::Options::default()
        };
        let opened = listen::open(&bind, options, 1)
            .map_err(|error| format!("Binding for frontend GLOBAL: {error}"))?;
        let level = Level::from_number(socket.level);
        all.extend(opened.sockets.into_iter().map(|fd| (fd, level)));
    }
    Ok(all)
}

/// The messages of one severity.
pub(super) fn texts(found: &[Diagnostic], severity: Severity) -> Vec<String> {
    let those = found.iter().filter(|d| d.severity == severity);
    those.map(|d| d.message.clone()).collect()
}
