//! Linked `stick` lines (manual 4.2 `stick match`, `stick store-request`, `stick store-response`).

use std::sync::Arc;

use crate::acl::Cond;
use crate::config;
use crate::diag::{Diagnostic, Lead};
use crate::sample::{self, Linker, Sample};
use crate::settings::StickWay;
use crate::state::table::Table;

/// A `stick` rule.
#[derive(Debug)]
pub struct Stick {
    /// What it does.
    pub way: StickWay,
    /// Where keys are looked for and stored.
    pub table: Arc<Table>,
    /// What makes the key.
    pub sample: Sample,
    /// When it applies.
    pub cond: Option<Cond>,
}

/// The rules of a backend, by the time they are looked at.
#[derive(Debug, Default)]
pub struct Sticks {
    /// On a request, once its server is to be chosen.
    pub request: Vec<Stick>,
    /// On what the server says first.
    pub response: Vec<Stick>,
}

impl Sticks {
    /// Adds a rule.
    pub(super) fn add(&mut self, rule: Stick) {
        match rule.way {
            StickWay::StoreResponse => self.response.push(rule),
            _ => self.request.push(rule),
        }
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.request.is_empty() && self.response.is_empty()
    }
}

/// Links a rule.
pub(super) fn link(
    line: &config::Stick,
    linker: &mut Linker<'_>,
) -> Result<Stick, Box<Diagnostic>> {
    let proxy = linker.proxy;
    let name = line.table.as_deref().unwrap_or(proxy);
    let refuse = |what: String| {
        let message = format!("Proxy '{proxy}': {what} '{name}'.");
        Box::new(Diagnostic::alert(line.span, message).lead(Lead::Bare))
    };
    let table = linker.names.table(name);
    let table = table.ok_or_else(|| refuse("unable to find stick-table".to_owned()))?;
    if !line.expr.ty.casts_to(sample::type_of_key(table.shape.key)) {
        let what = "type of fetch not usable with type of stick-table";
        return Err(refuse(what.to_owned()));
    }
    Ok(Stick {
        way: line.way,
        table,
        sample: line.expr.sample.link(linker)?,
        cond: line
            .cond
            .as_ref()
            .map(|cond| cond.link(linker))
            .transpose()?,
    })
}
