//! A server changes state: trackers, sessions, queues, totals and messages follow.

use super::*;

impl Change<'_> {
    pub(super) fn stop(&mut self, place: Place, why: Why<'_>) {
        let (_, state) = self.server(place);
        if state.admin().maint() || state.operational() == Operational::Stopped {
            return;
        }
        self.transition(place, Operational::Stopped, why);
        for tracker in self.trackers(place) {
            self.stop(tracker, Why::Silent);
        }
    }

    pub(super) fn stopping(&mut self, place: Place, why: Why<'_>) {
        let (_, state) = self.server(place);
        if state.admin().maint() || state.operational() == Operational::Stopping {
            return;
        }
        self.transition(place, Operational::Stopping, why);
        for tracker in self.trackers(place) {
            self.stopping(tracker, Why::Silent);
        }
    }

    pub(super) fn run(&mut self, place: Place, why: Why<'_>) {
        let (server, state) = self.server(place);
        let now = state.operational();
        if state.admin().maint() || matches!(now, Operational::Starting | Operational::Running) {
            return;
        }
        self.transition(place, starting(&server), why);
        for tracker in self.trackers(place) {
            self.run(tracker, Why::Silent);
        }
    }

    /// Moves a server from one state to another, with all that follows.
    pub(super) fn transition(&mut self, place: Place, to: Operational, why: Why<'_>) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        let before = usable(&proxy);
        let was = state.set_operational(to);
        self.stamp(&state, was, to);
        self.recompute(place);
        self.end_sessions(&proxy, &server, &state, to);
        let moved = self.notify(place);
        let (verb, level) = match to {
            Operational::Stopped => ("is DOWN", level::ALERT),
            Operational::Stopping => ("is stopping", level::NOTICE),
            _ => ("is UP", level::NOTICE),
        };
        let via = self.via(place);
        let tail = message::tail(to, via.as_deref(), why, self.left(place, moved));
        let text = format!("{} {verb}{tail}", message::subject(&proxy, &server));
        self.say(&proxy, level, &text);
        self.mourn(place, before);
    }

    /// Dates a change and counts downtime.
    pub(super) fn stamp(&self, state: &state::Server, was: Operational, to: Operational) {
        let mut health = state.health();
        if was == Operational::Stopped && to != Operational::Stopped {
            health.downtime += self.now.saturating_sub(health.last_change);
        }
        if was != Operational::Stopped && to == Operational::Stopped {
            health.down_transitions += 1;
        }
        health.last_change = self.now;
    }

    pub(super) fn end_sessions(
        &self,
        proxy: &plan::Proxy,
        server: &plan::Server,
        state: &state::Server,
        to: Operational,
    ) {
        let check = &server.settings.check;
        match to {
            Operational::Stopped if check.on_marked_down == OnMarkedDown::ShutdownSessions => {
                self.hooks.shut_sessions(proxy, server, Cause::Down);
            }
            Operational::Running | Operational::Starting
                if check.on_marked_up == OnMarkedUp::ShutdownBackupSessions
                    && !server.settings.backup
                    && state.effective_weight.load(Relaxed) > 0 =>
            {
                for backup in proxy.servers.iter().filter(|s| s.settings.backup) {
                    self.hooks.shut_sessions(proxy, backup, Cause::Up);
                }
            }
            _ => {}
        }
    }
}
