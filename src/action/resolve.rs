//! `do-resolve`: a name into an address, by the servers of a `resolvers` section.

use std::sync::Arc;

use super::read::Words;
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::diag::Diagnostic;
use crate::sample::{Pending, VarName, Variable};
use crate::settings::{Prefer, Resolvers};

pub(super) static DO_RESOLVE: Entry = Entry::open(
    "do-resolve",
    "(<var>,<resolvers>[,{ ipv4 | ipv6 }]) <expr>",
    "resolves a name and keeps its address in a variable",
    read,
);

/// What `do-resolve` asks.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// The servers to ask.
    pub resolvers: Arc<Resolvers>,
    /// The name.
    pub name: Vec<u8>,
    /// The family to ask for first.
    pub prefer: Prefer,
    /// Where the address goes. It is left as it is where there is none.
    pub variable: Variable,
}

fn read(words: &mut Words<'_, '_, '_>) -> Read {
    const EXPECTS: &str = "Can't parse 'do-resolve'. Expects \
                           'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'";
    let span = words.name.span;
    let inner = words.argument("do-resolve").unwrap_or_default();
    let mut parts = inner.split(',').map(str::trim);
    let (Some(variable), Some(section)) = (parts.next(), parts.next()) else {
        return Err(words.refuse_at(span, EXPECTS));
    };
    if variable.is_empty() || section.is_empty() {
        return Err(words.refuse_at(span, EXPECTS));
    }
    let mut prefer = Prefer::V6;
    for option in parts {
        prefer = match option {
            "ipv4" => Prefer::V4,
            "ipv6" => Prefer::V6,
            _ => return Err(words.refuse_at(span, EXPECTS)),
        };
    }
    let variable = VarName::parse(variable).map_err(|error| words.refuse_at(span, error))?;
    let section = section.to_owned();
    let expr = words.expr()?;
    Ok(Pending::new(move |linker| {
        let Some(resolvers) = linker.names.resolvers(&section) else {
            let proxy = linker.proxy;
            let message = format!(
                "Proxy '{proxy}': Can't find resolvers section '{section}' for do-resolve action."
            );
            return Err(Box::new(Diagnostic::alert(span, message)));
        };
        let variable = variable.link(linker.vars);
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            let Some(name) = sample.eval(scope).map(|value| value.into_text().to_vec()) else {
                return Flow::Continue;
            };
            Flow::Resolve(Box::new(Lookup {
                resolvers: resolvers.clone(),
                name,
                prefer,
                variable: variable.clone(),
            }))
        })))
    }))
}
