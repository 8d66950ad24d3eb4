//! Administrative states: maintenance, drain, and what trackers inherit.

use super::*;

impl Change<'_> {
    pub(super) fn set_admin(&mut self, place: Place, bit: u8) {
        let (_, state) = self.server(place);
        let before = state.admin();
        if before.0 & bit != 0 {
            return;
        }
        state.change_admin(bit, 0);
        self.announce(place, before);
        self.pass_on(place, bit, before.maint(), before.drain(), Self::set_admin);
    }

    pub(super) fn clear_admin(&mut self, place: Place, bit: u8) {
        let (_, state) = self.server(place);
        let before = state.admin();
        if before.0 & bit == 0 {
            return;
        }
        state.change_admin(0, bit);
        self.announce(place, before);
        let after = state.admin();
        self.pass_on(place, bit, after.maint(), after.drain(), Self::clear_admin);
    }

    /// Hands a flag to the servers that track this one, unless another flag of its kind holds it.
    pub(super) fn pass_on(
        &mut self,
        place: Place,
        bit: u8,
        maint: bool,
        drain: bool,
        step: fn(&mut Self, Place, u8),
    ) {
        let drains = bit & (Admin::FORCED_DRAIN | Admin::INHERITED_DRAIN) != 0;
        if (drains && drain) || (!drains && maint) {
            return;
        }
        let inherited = if drains {
            Admin::INHERITED_DRAIN
        } else {
            Admin::INHERITED_MAINT
        };
        for tracker in self.trackers(place) {
            step(self, tracker, inherited);
        }
    }

    /// Does and says what follows from a changed admin state.
    pub(super) fn announce(&mut self, place: Place, before: Admin) {
        let (_, state) = self.server(place);
        let after = state.admin();
        match (before.maint(), after.maint()) {
            (false, true) => return self.enter_maintenance(place, after),
            (true, false) => self.leave_maintenance(place, before, after),
            (true, true) => {
                let forced =
                    before.0 & Admin::FORCED_MAINT != 0 && after.0 & Admin::FORCED_MAINT == 0;
                let inherited =
                    before.0 & Admin::INHERITED_MAINT != 0 && after.0 & Admin::INHERITED_MAINT == 0;
                let resolved =
                    before.0 & Admin::RESOLVER_MAINT != 0 && after.0 & Admin::RESOLVER_MAINT == 0;
                if resolved {
                    let name = self.followed(place);
                    let text = format!("({name}) resolves again but remains in maintenance.");
                    self.remark(place, &text);
                } else if forced {
                    self.remark(
                        place,
                        "is leaving forced maintenance but remains in maintenance.",
                    );
                } else if inherited {
                    self.remark(place, "remains in forced maintenance.");
                }
                return;
            }
            (false, false) => {}
        }
        match (before.drain(), after.drain()) {
            (false, true) => self.enter_drain(place),
            (true, false) => {
                let up = if state.operational() == Operational::Stopped {
                    "DOWN"
                } else {
                    "UP"
                };
                self.notify(place);
                self.remark(place, &format!("is {up} (leaving forced drain)."));
            }
            (true, true) if after.0 & Admin::FORCED_DRAIN != 0 => {
                self.remark(place, "remains in forced drain mode.");
            }
            (true, true) => {
                self.remark(place, "is leaving forced drain but remains in drain mode.")
            }
            (false, false) => {}
        }
    }

    pub(super) fn remark(&mut self, place: Place, what: &str) {
        let proxy = self.proxy(place);
        let (server, _) = self.server(place);
        let text = format!("{} {what}", message::subject(&proxy, &server));
        self.say(&proxy, level::NOTICE, &text);
    }

    pub(super) fn enter_maintenance(&mut self, place: Place, after: Admin) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        {
            let mut health = state.health();
            health.counter = 0;
        }
        if state.operational() == Operational::Stopped {
            let via = match after.0 & Admin::INHERITED_MAINT != 0 {
                true => self.via(place).map(|via| format!(" via {via}")),
                false => None,
            };
            let (cause, via) = (self.cause.clone(), via.unwrap_or_default());
            let text = format!("was DOWN and now enters maintenance{cause}{via}.");
            return self.remark(place, &text);
        }
        let before = usable(&proxy);
        let was = state.set_operational(Operational::Stopped);
        self.stamp(&state, was, Operational::Stopped);
        self.end_sessions(&proxy, &server, &state, Operational::Stopped);
        let moved = self.notify(place);
        let inherited = after.0 & Admin::INHERITED_MAINT != 0;
        let via = self.via(place).filter(|_| inherited);
        let left = self.left(place, moved);
        let tail = message::tail(Operational::Stopped, via.as_deref(), Why::Silent, left);
        let subject = message::subject(&proxy, &server);
        self.say(
            &proxy,
            level::ALERT,
            &format!(
                "{subject} is going DOWN for maintenance{}{tail}",
                self.cause
            ),
        );
        self.mourn(place, before);
    }

    pub(super) fn leave_maintenance(&mut self, place: Place, before: Admin, after: Admin) {
        let (server, state) = self.server(place);
        let tracked = self.current.tracked.get(&place).copied();
        let to = match tracked.map(|to| self.server(to).1.operational()) {
            Some(Operational::Stopped) => Operational::Stopped,
            Some(Operational::Stopping) => Operational::Stopping,
            _ => starting(&server),
        };
        health::reset(&mut state.health());
        let was = state.set_operational(to);
        self.stamp(&state, was, to);
        self.recompute(place);
        self.end_sessions(&self.proxy(place), &server, &state, to);
        self.notify(place);
        let up = if to == Operational::Stopped {
            "DOWN"
        } else {
            "UP"
        };
        let how = if after.drain() { "DRAIN" } else { "READY" };
        if before.0 & Admin::RESOLVER_MAINT != 0 {
            let name = self.followed(place);
            return self.remark(place, &format!("({name}) is {up}/{how} (resolves again)."));
        }
        let forced = if before.0 & Admin::FORCED_MAINT != 0 {
            "forced "
        } else {
            ""
        };
        self.remark(
            place,
            &format!("is {up}/{how} (leaving {forced}maintenance)."),
        );
    }

    pub(super) fn enter_drain(&mut self, place: Place) {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        let before = usable(&proxy);
        let moved = self.notify(place);
        let via = self.via(place);
        let left = self.left(place, moved);
        let tail = message::tail(state.operational(), via.as_deref(), Why::Silent, left);
        let subject = message::subject(&proxy, &server);
        self.say(
            &proxy,
            level::NOTICE,
            &format!("{subject} enters drain state{tail}"),
        );
        self.mourn(place, before);
    }
}
