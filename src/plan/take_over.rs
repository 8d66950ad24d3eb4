//! The moment a plan becomes the one that runs: what is living is brought in line with it.
//!
//! Linking changes nothing that lives, so that a bad file leaves everything as it was. This runs once
//! linking has succeeded.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Instant, SystemTime};

use crate::action::Action;
use crate::balance::WEIGHT_SCALE;
use crate::sample::{Now, Scope, Session, Transaction, millis};
use crate::state::Admin;

use super::link::Fresh;
use super::server::Located;
use super::{Plan, Server, follow};

impl Plan {
    /// Brings the living state in line: addresses, weights and administrative state of servers that
    /// are new or whose configuration changed. What an operator or the checks changed stays.
    pub(super) fn settle(&self, fresh: &Fresh, old: Option<&Plan>) {
        for (proxy, located) in self.proxies.iter().zip(&fresh.located) {
            for (server, place) in proxy.servers.iter().zip(located) {
                let before =
                    old.and_then(|old| old.server_named(&proxy.name, &server.settings.name));
                settle_weight(server, before);
                settle_limits(server);
                settle_disabled(server, before);
                settle_place(server, place);
            }
            proxy.start_balancing();
        }
        self.state.keep_tables(&self.tables);
        set_variables(&fresh.variables);
        self.vars.process().limit(self.global.vars_room);
    }

    /// A server by the names of its backend and itself.
    pub fn server_named(&self, backend: &str, name: &str) -> Option<&Server> {
        let proxy = self.proxies.get(*self.backends.get(backend)?)?;
        proxy
            .servers
            .iter()
            .map(|server| &**server)
            .find(|server| server.settings.name == name)
    }
}

/// Runs the `set-var` lines of `global`. They see no stream, only time and chance.
fn set_variables(actions: &[Action]) {
    let (date, instant) = (SystemTime::now(), Instant::now());
    let random = Cell::new(millis(date) ^ u64::from(std::process::id()));
    let mut session = Session::nobody(Arc::default(), 0, date, instant);
    let mut scope = Scope {
        session: &mut session,
        txn: &mut Transaction::default(),
        now: Now {
            instant,
            date,
            random: &random,
            thread: 0,
        },
        waiting: Cell::new(false),
    };
    for action in actions {
        // Only variables change here, so there is no flow to follow.
        let _ = action.run(&mut scope);
    }
}

fn settle_weight(server: &Server, before: Option<&Server>) {
    let weight = server.settings.weight.unwrap_or(1);
    if before.is_none_or(|before| before.settings.weight.unwrap_or(1) != weight) {
        server.state.user_weight.store(weight, Relaxed);
        server
            .state
            .effective_weight
            .store(weight * WEIGHT_SCALE, Relaxed);
    }
}

/// What the language may ask of a server.
fn settle_limits(server: &Server) {
    let (state, settings) = (&server.state, &server.settings);
    let weight = settings.weight.unwrap_or(1);
    state.initial_weight.store(weight, Relaxed);
    state.maxconn.store(settings.maxconn, Relaxed);
    state.maxqueue.store(settings.maxqueue, Relaxed);
}

fn settle_disabled(server: &Server, before: Option<&Server>) {
    let (mut set, mut clear) = (0, 0);
    let disabled = server.settings.disabled;
    if before.map_or(disabled, |before| before.settings.disabled != disabled) {
        let bits = Admin::CONFIG_MAINT | Admin::FORCED_MAINT;
        *(if disabled { &mut set } else { &mut clear }) |= bits;
    }
    server.state.change_admin(set, clear);
}

fn settle_place(server: &Server, place: &Located) {
    let (state, follow) = (&server.state, server.follow.as_deref());
    if place.goes_on {
        return follow.into_iter().for_each(|follow| follow.go_on(state));
    }
    follow::begin(follow, state);
    let (set, clear) = match place.unresolved {
        true => (Admin::RESOLVER_MAINT, 0),
        false => (0, Admin::RESOLVER_MAINT),
    };
    state.change_admin(set, clear);
    if place.address.is_some() || place.unresolved {
        state.set_address(place.address);
    }
}
