//! Who uses what: the `bind` lines and servers of a plan, and how often each has a certificate.

use std::sync::Arc;

use crate::plan::{Listener, Plan, Server};
use crate::tls::{Certificate, Front, FrontSettings, List, Slot, Source, Trust, Verify};

/// A `bind` line: all listeners that were made of it, one for each of its addresses.
pub(super) struct Line<'p> {
    /// The proxy's name.
    pub proxy: &'p str,
    /// The listeners.
    pub listeners: Vec<&'p Listener>,
}

impl<'p> Line<'p> {
    /// The terms of its listeners.
    pub(super) fn fronts(&self) -> impl Iterator<Item = &'p Front> {
        self.listeners.iter().filter_map(|one| one.tls.as_ref())
    }

    /// What its listeners' terms are made of; they are all alike.
    pub(super) fn settings(&self) -> Option<Arc<FrontSettings>> {
        self.fronts().next().map(Front::settings)
    }

    /// Where it stands: `file:line`.
    pub(super) fn place(&self) -> &'p str {
        self.listeners.first().map_or("", |one| &one.bind.place)
    }

    /// Its first address as it is written.
    pub(super) fn text(&self) -> &'p str {
        self.listeners.first().map_or("", |one| &one.bind.text)
    }
}

/// Every `bind` line that speaks TLS.
pub(super) fn lines(plan: &Plan) -> Vec<Line<'_>> {
    let mut all: Vec<Line<'_>> = Vec::new();
    for proxy in &plan.proxies {
        for listener in proxy.listeners.iter().filter(|one| one.tls.is_some()) {
            // Settings are equal if they were read together.
            let same = |line: &&mut Line<'_>| {
                let mut others = line.listeners.iter();
                others.any(|other| other.bind.tls == listener.bind.tls)
            };
            match all.iter_mut().find(same) {
                Some(line) => line.listeners.push(listener),
                None => all.push(Line {
                    proxy: &proxy.name,
                    listeners: vec![listener],
                }),
            }
        }
    }
    all
}

/// Every server that TLS is spoken with.
pub(super) fn servers(plan: &Plan) -> impl Iterator<Item = &Server> {
    let servers = plan.proxies.iter().flat_map(|proxy| &proxy.servers);
    servers
        .map(|server| &**server)
        .filter(|server| server.tls.is_some())
}

/// How often listeners and servers have this certificate.
pub(super) fn of_certificate(plan: &Plan, slot: &Arc<Slot<Certificate>>) -> usize {
    let of_line = |line: &Line<'_>| {
        let settings = line.settings();
        settings.map_or(0, |settings| {
            let places = settings.places();
            places
                .iter()
                .filter(|(one, _)| Arc::ptr_eq(one, slot))
                .count()
        })
    };
    let on_lines: usize = lines(plan).iter().map(of_line).sum();
    let by_servers = servers(plan).filter(|server| has(server, slot)).count();
    on_lines + by_servers
}

/// Whether a server is shown this certificate.
pub(super) fn has(server: &Server, slot: &Arc<Slot<Certificate>>) -> bool {
    let own = server
        .tls
        .as_ref()
        .and_then(|back| back.settings().certificate.as_ref());
    own.is_some_and(|own| Arc::ptr_eq(own, slot))
}

/// How often certificates of listeners, and servers, are used with something that peers are judged by.
pub(super) fn of_trust(plan: &Plan, held: &dyn Fn(&Trust) -> bool) -> usize {
    let of_line = |line: &Line<'_>| {
        let settings = line.settings();
        settings.map_or(0, |settings| {
            let places = settings.places();
            let judged = |own: &FrontSettings| own.verify != Verify::None && held(&own.trust);
            places.iter().filter(|(_, own)| judged(own)).count()
        })
    };
    let on_lines: usize = lines(plan).iter().map(of_line).sum();
    let by_servers = servers(plan).filter(|server| judged_by(server, held));
    on_lines + by_servers.count()
}

/// Whether a server is judged by this.
pub(super) fn judged_by(server: &Server, held: &dyn Fn(&Trust) -> bool) -> bool {
    let settings = server.tls.as_ref().map(|back| back.settings());
    settings.is_some_and(|settings| settings.verify && held(&settings.trust))
}

/// The lines that have this list.
pub(super) fn of_list<'p>(plan: &'p Plan, list: &Arc<List>) -> Vec<Line<'p>> {
    let has = |source: &Source| match source {
        Source::List(one) => Arc::ptr_eq(one, list),
        Source::One(_) => false,
    };
    let mut all = lines(plan);
    all.retain(|line| {
        line.settings()
            .is_some_and(|settings| settings.sources.iter().any(has))
    });
    all
}

/// Has every listener look again at its certificates.
pub(super) fn refresh<'p>(lines: impl IntoIterator<Item = Line<'p>>) {
    for line in lines {
        line.fronts().for_each(Front::refresh);
    }
}
