//! Taking a plan over: what is new is set up, what is known stays as it is.

use super::*;

impl Change<'_> {
    pub(super) fn adopt(&mut self) {
        let plan = self.current.plan.clone();
        for (proxy, p) in plan.proxies.iter().enumerate() {
            for server in 0..p.servers.len() {
                self.adopt_server(Place { proxy, server });
            }
        }
        let pairs: Vec<_> = self.current.tracked.iter().map(|(a, b)| (*a, *b)).collect();
        for (place, to) in pairs {
            self.inherit(place, to);
        }
        for p in &plan.proxies {
            for server in &p.servers {
                backend::server_changed(p, server);
            }
            if p.state.last_change.load(Relaxed) == 0 {
                p.state.last_change.store(self.now, Relaxed);
            }
        }
    }

    pub(super) fn adopt_server(&mut self, place: Place) {
        let (server, state) = self.server(place);
        let check = &server.settings.check;
        let mut health = state.health();
        let new = health.rise == 0;
        health.rise = check.rise.unwrap_or(2).max(1);
        health.fall = check.fall.unwrap_or(3).max(1);
        health.checked = configured(&server);
        if new {
            health.last_change = self.now;
            health::reset(&mut health);
            if health.checked {
                health.last.status = Code::Initializing.short();
            }
        }
        let full = health::full(&health);
        health.counter = health.counter.min(full);
        let well = !health.checked || health.counter >= health.rise;
        drop(health);
        if state.admin().maint() {
            state.set_operational(Operational::Stopped);
        } else if well && state.operational() == Operational::Stopped {
            // Its maintenance or its checks went away with the old configuration.
            health::reset(&mut state.health());
            state.set_operational(Operational::Running);
        }
        self.recompute(place);
    }

    /// A tracking server starts as the server it tracks stands.
    pub(super) fn inherit(&mut self, place: Place, to: Place) {
        let (_, mine) = self.server(place);
        let (_, theirs) = self.server(to);
        let admin = theirs.admin();
        let flag = |on: bool, bit: u8| if on { (bit, 0) } else { (0, bit) };
        let (set, clear) = flag(admin.maint(), Admin::INHERITED_MAINT);
        mine.change_admin(set, clear);
        let (set, clear) = flag(admin.drain(), Admin::INHERITED_DRAIN);
        mine.change_admin(set, clear);
        if !mine.admin().maint() || admin.maint() {
            mine.set_operational(theirs.operational());
        }
    }
}
