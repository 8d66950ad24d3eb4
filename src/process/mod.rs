//! The process: how it starts, runs a worker or goes to the background, reloads and ends
//! (management guide 3, 4, 5).
//!
//! `main` calls [`run`]. This module puts the others together: it loads and links the configuration,
//! starts workers, checks and the runtime API, and owns signals, privileges and limits. It must not
//! know how any traffic is carried.

mod blueprint;
mod control;
mod daemon;
mod limits;
mod master;
mod master_cli;
mod notify;
mod pidfile;
mod predecessors;
mod privileges;
mod reload;
mod respawn;
mod roll;
mod say;
mod serve;
mod signals;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::cmdline::{self, Exit, Invocation, MasterWorker};
use crate::state::State;
use crate::syntax::Env;

use blueprint::Blueprint;
use daemon::Void;
use notify::Notify;
use respawn::{Caller, Leash, Role};
use say::Say;

/// Runs the program as its arguments say.
pub fn run() -> ExitCode {
    let caller = Caller::new();
    let role = Role::find();
    let args: Vec<String> = std::env::args_os()
        .map(|arg| arg.to_string_lossy().into_owned())
        .collect();
    let invocation = match cmdline::parse(&args) {
        Ok(invocation) => invocation,
        Err(exit) => return leave(&exit),
    };
    if let Some(exit) = answer(&invocation) {
        return leave(&exit);
    }
    if let Some(exit) = lists(&invocation) {
        return exit;
    }
    let say = Say::new(invocation.quiet && !invocation.verbose);
    // A child was started in the right directory.
    if let (Role::Primary, Some(directory)) = (&role, &invocation.directory)
        && let Err(error) = std::env::set_current_dir(directory)
    {
        let directory = directory.display();
        let why = crate::net::listen::words(&error);
        say.alert(&format!(
            "Could not change to directory {directory} : {why}"
        ));
        return ExitCode::FAILURE;
    }
    let state = Arc::<State>::default();
    // What there is to say about the configuration has been said by the parent.
    let speaks = matches!(role, Role::Primary | Role::Successor(_));
    let blueprint = match Blueprint::make(&invocation, &state, None) {
        Ok(blueprint) => blueprint,
        Err(exit) if speaks => return leave(&exit),
        Err(exit) => return ExitCode::from(exit.code),
    };
    if speaks {
        say.rendered(&blueprint.said);
    }
    let launch = Launch {
        invocation,
        say,
        caller,
    };
    start(&Arc::new(launch), role, blueprint)
}

/// What does not change while the process lives.
struct Launch {
    invocation: Invocation,
    say: Say,
    caller: Caller,
}

impl Launch {
    fn daemon(&self, blueprint: &Blueprint) -> bool {
        let global = &blueprint.plan.global;
        let stays = self.invocation.foreground || self.invocation.debug || global.debug;
        (self.invocation.daemon || global.daemon) && !stays
    }

    fn master_worker(&self, blueprint: &Blueprint) -> bool {
        self.invocation.master_worker != MasterWorker::Off || blueprint.plan.global.master_worker
    }

    fn pid_file(&self, blueprint: &Blueprint) -> Option<PathBuf> {
        let configured = blueprint.plan.global.pidfile.as_ref().map(PathBuf::from);
        self.invocation.pid_file.clone().or(configured)
    }
}

/// Prints and gives the exit code.
fn leave(exit: &Exit) -> ExitCode {
    let _ = std::io::stdout().write_all(exit.out.as_bytes());
    let _ = std::io::stderr().write_all(exit.err.as_bytes());
    ExitCode::from(exit.code)
}

/// Prints the lists of `-dK` and `-dL`. Gives an exit code if nothing else was asked for.
fn lists(invocation: &Invocation) -> Option<ExitCode> {
    let mut out = cmdline::keywords::dump(&invocation.keywords);
    if invocation.libraries {
        let executable = std::env::current_exe().unwrap_or_default();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        out += &cmdline::keywords::libraries(&executable.display().to_string(), &maps);
    }
    let _ = std::io::stdout().write_all(out.as_bytes());
    let alone = invocation.files.is_empty() && !invocation.keywords.is_empty();
    alone.then_some(ExitCode::SUCCESS)
}

/// What needs no configuration: versions, conditions.
fn answer(invocation: &Invocation) -> Option<Exit> {
    let says = |out| Exit {
        code: 0,
        out,
        err: String::new(),
    };
    match (&invocation.condition, invocation.version) {
        (Some(text), _) => {
            let env = Env::from_process();
            Some(cmdline::check_condition(text, &env, &invocation.enabled()))
        }
        (None, 0) => None,
        (None, 1) => Some(says(cmdline::banner())),
        (None, _) => Some(says(cmdline::details())),
    }
}

/// Starts what this process is to be: the one that goes, the master, or the one that serves.
fn start(launch: &Arc<Launch>, role: Role, blueprint: Blueprint) -> ExitCode {
    let say = &launch.say;
    let daemon = launch.daemon(&blueprint);
    let master = launch.master_worker(&blueprint);
    if daemon && matches!(role, Role::Primary) {
        return daemon::launch(&launch.caller, say);
    }
    let succeeds = matches!(role, Role::Successor(_)) || launch.invocation.replaces.is_some();
    let (leash, worker) = match role {
        Role::Primary => (None, false),
        Role::Daemon(leash) => (Some(leash), false),
        Role::Worker(leash) | Role::Successor(leash) => (Some(leash), true),
    };
    let void = match background(daemon, worker) {
        Ok(void) => void,
        Err(error) => {
            say.alert(&format!(
                "[haproxy.main()] Cannot go to the background ({error})."
            ));
            return ExitCode::FAILURE;
        }
    };
    let keeps_pid = !worker && (daemon || master);
    if let Some(path) = launch.pid_file(&blueprint).filter(|_| keeps_pid)
        && !write_pid(&path, say)
    {
        return ExitCode::FAILURE;
    }
    if master && !worker {
        let exit_on_failure = blueprint.plan.global.exit_on_failure;
        return lead(launch, exit_on_failure, leash.as_ref(), void.as_ref());
    }
    let post = serve::Post {
        leash,
        void,
        under_master: worker,
        succeeds,
    };
    serve::run(launch, blueprint, post)
}

fn background(daemon: bool, worker: bool) -> std::io::Result<Option<Void>> {
    if !daemon {
        return Ok(None);
    }
    if !worker {
        daemon::leave_session()?;
    }
    Void::open().map(Some)
}

fn write_pid(path: &Path, say: &Say) -> bool {
    let written = pidfile::write(path);
    if written.is_err() {
        let path = path.display();
        say.alert(&format!("[haproxy.main()] Cannot create pidfile {path}"));
    }
    written.is_ok()
}

fn lead(
    launch: &Launch,
    exit_on_failure: bool,
    leash: Option<&Leash>,
    void: Option<&Void>,
) -> ExitCode {
    let mut sockets = Vec::new();
    for address in &launch.invocation.master_cli {
        match master_cli::open(address) {
            Ok(opened) => sockets.extend(opened),
            Err(why) => {
                let text = format!(
                    "[haproxy.main()] Cannot open the master's socket '{address}' ({why})."
                );
                launch.say.alert(&text);
                return ExitCode::FAILURE;
            }
        }
    }
    let systemd = launch.invocation.master_worker == MasterWorker::Systemd;
    let notify = Notify::new(systemd);
    let say = &launch.say;
    master::run(
        &launch.caller,
        say,
        &notify,
        sockets,
        exit_on_failure,
        || {
            if let Some(void) = void {
                void.swallow();
            }
            if let Some(leash) = leash {
                leash.ready();
            }
        },
    )
}
