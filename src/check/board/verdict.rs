//! Results of checks, and errors that `observe` saw.

use super::*;

impl Change<'_> {
    pub(super) fn checked(&mut self, place: Place, finding: &Finding) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        if state.admin().maint() {
            state.health().last.in_progress = false;
            return;
        }
        let logged = proxy.settings.options.contains(Options::LOG_HEALTH_CHECKS);
        let mut health = state.health();
        let step = health::apply(&mut health, finding.code.verdict());
        let news = step == health::Step::Moved || health.last.status != finding.code.short();
        health.last = CheckResult {
            status: finding.code.short(),
            code: finding.number,
            duration_ms: finding.duration_ms,
            description: finding.info.clone(),
            in_progress: false,
        };
        let weight = state.user_weight.load(Relaxed);
        let line = (logged && news)
            .then(|| message::check_line(&proxy, &server, &health, weight, finding));
        let (counter, rise) = (health.counter, health.rise);
        drop(health);
        if let Some(line) = line {
            self.say(&proxy, level::NOTICE, &line);
        }
        let why = if logged {
            Why::Silent
        } else {
            Why::Check(finding)
        };
        match finding.code.verdict() {
            Verdict::Failed if counter == 0 => self.stop(place, why),
            Verdict::Passed if counter >= rise => self.run(place, why),
            Verdict::Conditional if counter >= rise => self.stopping(place, why),
            _ => {}
        }
    }

    pub(super) fn observed(&mut self, place: Place, limit: u32, last: &str) {
        use crate::settings::OnError;
        let (server, state) = self.server(place);
        if state.admin().maint() {
            return;
        }
        state.observed_failures.inc();
        let mut health = state.health();
        match server.settings.check.on_error {
            OnError::FastInter => return,
            OnError::FailCheck => {}
            OnError::SuddenDeath => health.counter = health.counter.min(health.rise + 1),
            OnError::MarkDown => health.counter = health.counter.min(health.rise),
        }
        drop(health);
        let text = format!("Detected {limit} consecutive errors, last one was: {last}");
        self.checked(place, &Finding::new(Code::Observed, text));
    }
}
