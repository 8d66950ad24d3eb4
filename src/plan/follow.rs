//! Servers that follow names while traffic flows (`resolvers` on a `server` line, manual 5.3).

use std::sync::Arc;

use crate::diag::{Diagnostic, Lead, Span};
use crate::sample::Linker;
use crate::settings::{self, Endpoint, Host, Resolvers};
use crate::state::{self, Admin, Naming};

/// What a server follows.
#[derive(Debug, Clone)]
pub struct Follow {
    /// Who is asked.
    pub resolvers: Arc<Resolvers>,
    /// The name, as the configuration has it.
    pub name: String,
    /// It names a service (`_http._tcp.…`), whose records say host, port and weight.
    pub service: bool,
    /// The port of the configuration; means nothing for services.
    pub port: u16,
}

/// What a server is to follow, if its line says so and it has a name.
pub(super) fn link(
    settings: &settings::Server,
    linker: &Linker<'_>,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Arc<Follow>> {
    let section = settings.resolving.section.as_ref()?;
    let Some(resolvers) = linker.names.resolvers(section) else {
        let text = format!(
            "backend '{}', server '{}': unable to find required resolvers '{section}'",
            linker.proxy, settings.name
        );
        diagnostics.push(Diagnostic::alert(span, text).lead(Lead::Bare));
        return None;
    };
    let Some(Endpoint::Tcp {
        host: Host::Name(name),
        port,
        ..
    }) = &settings.endpoint
    else {
        return None;
    };
    Some(Arc::new(Follow {
        resolvers,
        name: name.clone(),
        service: is_service(name),
        port: *port,
    }))
}

/// True for the names of services (RFC 2782).
pub(super) fn is_service(name: &str) -> bool {
    name.starts_with('_')
}

impl Follow {
    /// True if the living server follows this already: what it has learned stays.
    pub(super) fn goes_on(&self, state: &state::Server) -> bool {
        state.naming().origin == self.name
    }

    /// The living server goes on following this, perhaps with another port.
    pub(super) fn go_on(&self, state: &state::Server) {
        let mut naming = state.naming();
        if !self.service && naming.port != self.port {
            naming.port = self.port;
            state.set_naming(naming);
            let moved = state.address().map(|address| (address.ip(), self.port));
            state.set_address(moved.map(Into::into));
        }
    }
}

/// The living server begins to follow this, or to follow nothing.
pub(super) fn begin(follow: Option<&Follow>, state: &state::Server) {
    state.set_naming(match follow {
        None => Naming::default(),
        Some(follow) => Naming {
            origin: follow.name.clone(),
            host: (!follow.service).then(|| follow.name.clone()),
            port: if follow.service { 0 } else { follow.port },
        },
    });
    state.change_admin(0, Admin::NAMED);
}
