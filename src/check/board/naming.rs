//! Servers that follow names: their addresses, and the maintenance of those that have none.

use std::net::SocketAddr;

use crate::state::Naming;

use super::*;

impl Board {
    /// The name of a server has this address now, as this source says. True if it had another one.
    pub fn found(&self, place: Place, to: SocketAddr, by: &str, now: u64) -> bool {
        let mut change = self.change(now);
        let moved = change.moved(place, to, by);
        let (_, state) = change.server(place);
        if state.admin().0 & Admin::RESOLVER_MAINT != 0 {
            change.clear_admin(place, Admin::RESOLVER_MAINT);
            change.remark(place, "administratively READY thanks to valid DNS answer.");
        }
        moved
    }

    /// The name of a server has no address any more, for this reason.
    pub fn lost(&self, place: Place, why: &str, now: u64) {
        let mut change = self.change(now);
        change.cause = format!(" ({why})");
        let (_, state) = change.server(place);
        if state.address().is_some() {
            state.set_address(None);
        }
        let naming = state.naming();
        let renamed = naming.host.is_some_and(|host| host != naming.origin);
        change.set_admin(place, Admin::RESOLVER_MAINT);
        if renamed {
            state.change_admin(Admin::NAMED, 0);
        }
    }

    /// A server follows another host from now on, or none. Answers what is to be said of it.
    pub fn rename(
        &self,
        place: Place,
        host: Option<&str>,
        port: u16,
        by: &str,
        now: u64,
    ) -> String {
        let change = self.change(now);
        let (server, state) = change.server(place);
        let proxy = change.proxy(place);
        let naming = state.naming();
        let old = naming.host.as_deref().unwrap_or("(null)");
        let new = host.unwrap_or("(null)");
        let subject = format!("{}/{}", proxy.name, server.settings.name);
        let text = format!("{subject} changed its FQDN from {old} to {new} by '{by}'");
        state.set_naming(Naming {
            host: host.map(str::to_owned),
            port,
            origin: naming.origin,
        });
        // HAProxy marks servers only while they have no address.
        if state.admin().0 & Admin::RESOLVER_MAINT != 0 {
            state.change_admin(Admin::NAMED, 0);
        }
        if host.is_some() {
            change.log(&proxy, level::NOTICE, &text);
        }
        text
    }
}

impl Change<'_> {
    fn moved(&self, place: Place, to: SocketAddr, by: &str) -> bool {
        let proxy = self.proxy(place);
        let (server, state) = self.server(place);
        let old = state.address();
        if old == Some(to) {
            return false;
        }
        state.set_address(Some(to));
        let was = old.map_or_else(|| "(none)".to_owned(), |old| old.ip().to_string());
        if was != to.ip().to_string() {
            let (proxy_name, name, ip) = (&proxy.name, &server.settings.name, to.ip());
            let text = format!("{proxy_name}/{name} changed its IP from {was} to {ip} by {by}.");
            self.say(&proxy, level::NOTICE, &text);
        }
        true
    }

    /// The host whose address a server has, in quotes.
    pub(super) fn followed(&self, place: Place) -> String {
        let (_, state) = self.server(place);
        format!("'{}'", state.naming().host.unwrap_or_default())
    }
}
