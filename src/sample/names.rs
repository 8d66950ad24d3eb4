//! Names in arguments to what they name: the second step, at link. A name that nothing has is refused with the
//! nearest that there is.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::args::{Arg, Args, Backend, Kind, Loose};
use super::{Linker, Names};
use crate::diag::{Diagnostic, Lead, Span, suggest};

/// Arguments that wait for names to be resolved, each with its place for messages.
#[derive(Debug, Clone)]
pub(super) struct Unlinked {
    pub args: Vec<(Loose, Span)>,
    /// What they belong to, for messages: `sample fetch keyword 'nbsrv'`.
    pub owner: String,
}

impl Unlinked {
    pub fn link(&self, linker: &Linker<'_>) -> Result<Args, Box<Diagnostic>> {
        let mut out = Vec::with_capacity(self.args.len());
        for (at, (loose, span)) in self.args.iter().enumerate() {
            let arg = match loose {
                Loose::Ready(arg) => arg.clone(),
                Loose::Var(name) => Arg::Var(name.link(linker.vars)),
                Loose::Name(kind, name) => resolve(*kind, name, linker).map_err(|message| {
                    let owner = &self.owner;
                    let proxy = linker.proxy;
                    let message =
                        format!("{message} in arg {} of {owner} in proxy '{proxy}'.", at + 1);
                    let mut alert = Diagnostic::alert(*span, message).lead(Lead::Reading);
                    alert.help.extend(nearest(*kind, name, linker));
                    alert
                })?,
            };
            out.push(arg);
        }
        Ok(Args::new(out))
    }
}

/// The name that was probably meant, of those there are.
fn nearest(kind: Kind, name: &str, linker: &Linker<'_>) -> Option<String> {
    let names = linker.names;
    let known = match kind {
        Kind::Frontend => names.frontends(),
        Kind::Backend => names.backends(),
        Kind::Users => names.userlists(),
        Kind::Server => match name.split_once('/') {
            Some((backend, _)) if !names.backend(backend) => {
                let found = names.backends();
                return suggest::did_you_mean(backend, found.iter().map(String::as_str));
            }
            Some((backend, _)) => {
                let servers = names.server_names(backend);
                let whole = |server: String| format!("{backend}/{server}");
                servers.into_iter().map(whole).collect()
            }
            None => names.server_names(linker.proxy),
        },
        _ => return None,
    };
    suggest::did_you_mean(name, known.iter().map(String::as_str))
}

fn resolve(kind: Kind, name: &str, linker: &Linker<'_>) -> Result<Arg, String> {
    let names: &dyn Names = linker.names;
    let named = if name.is_empty() { linker.proxy } else { name };
    match kind {
        Kind::Frontend if names.frontend(named) => Ok(Arg::Frontend(linker.state.proxy(named))),
        Kind::Frontend if name.is_empty() => Err(format!(
            "proxy '{named}', which has no frontend capability, is referenced"
        )),
        Kind::Frontend => Err(format!("unable to find frontend '{named}' referenced")),
        Kind::Backend if names.backend(named) => Ok(Arg::Backend(Arc::new(Backend {
            proxy: linker.state.proxy(named),
            servers: names.servers(named),
        }))),
        Kind::Backend if name.is_empty() => Err(format!(
            "proxy '{named}', which has no backend capability, is referenced"
        )),
        Kind::Backend => Err(format!("unable to find backend '{named}' referenced")),
        Kind::Backends => {
            let all = names.backends().into_iter().map(|name| {
                let backend = Backend {
                    proxy: linker.state.proxy(&name),
                    servers: names.servers(&name),
                };
                (name.into_bytes().into_boxed_slice(), backend)
            });
            Ok(Arg::Backends(
                Arc::new(all.collect()),
                Arc::from(linker.proxy),
            ))
        }
        Kind::Frontends => {
            let all = names.frontends().into_iter();
            let all = all.map(|name| name.into_bytes().into_boxed_slice());
            Ok(Arg::Frontends(Arc::new(all.collect())))
        }
        Kind::Process => Ok(Arg::Process(linker.state.process.clone())),
        Kind::Meter => {
            linker.state.process.measures.store(true, Relaxed);
            Ok(Arg::None)
        }
        Kind::RequestSlot => Ok(slot(name, &linker.captures.request)),
        Kind::ResponseSlot => Ok(slot(name, &linker.captures.response)),
        Kind::Table => match names.table(named) {
            Some(table) => Ok(Arg::Table(table)),
            None => Err(format!("unable to find table '{named}' referenced")),
        },
        Kind::Server if name.is_empty() => Err("missing server name".to_owned()),
        Kind::Server => {
            let (backend, server) = name.split_once('/').unwrap_or((linker.proxy, name));
            if !names.backend(backend) {
                return Err(format!("unable to find proxy '{backend}' referenced"));
            }
            if !names.server(backend, server) {
                return Err(format!(
                    "unable to find server '{server}' in proxy '{backend}', referenced"
                ));
            }
            Ok(Arg::Server(linker.state.server(backend, server)))
        }
        Kind::Users if name.is_empty() => Err("missing userlist name".to_owned()),
        Kind::Users => names
            .userlist(name)
            .map(Arg::Users)
            .ok_or_else(|| format!("unable to find userlist '{name}' referenced")),
        // The environment as the configuration left it does not change any more.
        _ => Ok(match names.environment(name.as_bytes()) {
            Some(value) => Arg::Text(value.into()),
            None => Arg::None,
        }),
    }
}

/// A capture slot by its number. A backend's line means a slot of whatever frontend the request came by.
fn slot(name: &str, slots: &[(String, usize)]) -> Arg {
    let Ok(at) = name.parse::<usize>() else {
        return Arg::None;
    };
    Arg::Slot(at, slots.get(at).map(|(_, len)| *len))
}
