//! Reloading in place: a new plan against the living state (`SIGUSR2`, `SIGHUP`, the `reload` command).

use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

use crate::diag::{Severity, has_alert};
use crate::log::{self, Logger};
use crate::peers;
use crate::plan::Plan;
use crate::worker::{self, Fleet, Sockets};

use super::Launch;
use super::blueprint::Blueprint;
use super::serve::texts;

/// Changes the plan that everyone runs on.
pub(super) struct Reloader {
    pub(super) launch: Arc<Launch>,
    pub(super) fleet: Arc<Fleet>,
    /// Tells those who share tables.
    pub(super) sharing: watch::Sender<peers::Wanted>,
    /// Tells the checks.
    pub(super) plans: watch::Sender<Arc<Plan>>,
}

impl Reloader {
    /// Reads the configuration again and runs it. If anything is wrong with it nothing changes, and
    /// the answer says why; the standard error and the log have been told.
    pub(super) fn reload(&self) -> Result<(), String> {
        let old = self.fleet.plan();
        let logger = old.log.process();
        let say = &self.launch.say;
        let made = Blueprint::make(&self.launch.invocation, &self.fleet.state, Some(&old));
        let why = match made {
            Ok(blueprint) => {
                say.rendered(&blueprint.said);
                match self.replace(blueprint.plan) {
                    Ok(()) => {
                        self.launch
                            .tell(&logger, log::NOTICE, "Configuration reloaded.");
                        return Ok(());
                    }
                    Err(failures) => {
                        for failure in &failures {
                            self.launch.tell(&logger, log::ALERT, failure);
                        }
                        failures.join("\n")
                    }
                }
            }
            Err(exit) => {
                say.rendered(&exit.err);
                for line in exit.err.lines().filter(|line| line.starts_with("[ALERT]")) {
                    logger.send(SystemTime::now(), log::ALERT, line.as_bytes());
                }
                exit.err
            }
        };
        if let Some(root) = &old.global.chroot {
            say.notice(&format!(
                "this process is locked into {root} and sees no file outside: \
                 run it under a master (-W) to reload it"
            ));
        }
        let text = "Reload failed: the configuration that was running goes on.";
        self.launch.tell(&logger, log::WARNING, text);
        Err(why)
    }

    /// Hands the workers a new plan, once all its listeners are open.
    fn replace(&self, plan: Arc<Plan>) -> Result<(), Vec<String>> {
        let (old, workers) = (self.fleet.sockets(), worker::size(&self.fleet.plan()));
        let (sockets, found) = Sockets::open(&plan, workers, Some(&old));
        if has_alert(&found) {
            return Err(texts(&found, Severity::Alert));
        }
        let doors = self.sharing.borrow().doors.clone();
        let (doors, found) = peers::Doors::open(&plan, Some(&doors));
        if has_alert(&found) {
            return Err(texts(&found, Severity::Alert));
        }
        self.fleet.reload(plan.clone(), sockets);
        self.sharing.send_modify(|wanted| {
            (wanted.plan, wanted.doors) = (plan.clone(), doors.into());
        });
        self.plans.send_replace(plan);
        Ok(())
    }
}

impl Launch {
    /// Says something to the standard error and to the log.
    pub(super) fn tell(&self, logger: &Logger, level: u8, text: &str) {
        if level <= log::ALERT {
            self.say.alert(text);
        } else if level <= log::WARNING {
            self.say.warning(text);
        } else {
            self.say.notice(text);
        }
        logger.send(SystemTime::now(), level, text.as_bytes());
    }
}
