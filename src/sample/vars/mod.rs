//! Variables (`set-var`, `var()`), stored by a number that the load gives each name (manual 2.8).

mod room;
mod store;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

pub use room::Limits;
use room::{Level, Used, VARIABLE};
pub use store::{ProcessVars, Vars};

use super::scope::Scope;
use super::value::Value;
use crate::diag::suggest;

/// Scope of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VarScope {
    /// The whole process.
    Proc,
    /// The client's connection.
    Sess,
    /// Request and response.
    Txn,
    /// Until the response begins.
    Req,
    /// From the response on.
    Res,
    /// A health check.
    Check,
}

/// Names of variables to numbers, and the process's own variables: the same for the life of the process.
#[derive(Debug, Default)]
pub struct VarNames {
    names: Mutex<HashMap<String, u32>>,
    process: Arc<ProcessVars>,
}

impl VarNames {
    /// The number of this name (without its scope), given at first use.
    pub fn id(&self, name: &str) -> u32 {
        let mut map = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let next = map.len() as u32;
        *map.entry(name.to_owned()).or_insert(next)
    }
    /// The number of this name, if anything has used it.
    pub fn known(&self, name: &str) -> Option<u32> {
        let map = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(name).copied()
    }

    /// The process's variables.
    pub fn process(&self) -> &Arc<ProcessVars> {
        &self.process
    }
}

/// A variable's checked name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarName {
    /// Its scope.
    pub scope: VarScope,
    /// The rest of the name.
    pub name: String,
}

impl VarName {
    /// Reads `scope.name`.
    ///
    /// # Errors
    /// What is wrong with the name, in HAProxy's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty variable name cannot be accepted".to_owned());
        }
        let scope = match text.split_once('.') {
            Some(("proc", name)) => Some((VarScope::Proc, name)),
            Some(("sess", name)) => Some((VarScope::Sess, name)),
            Some(("txn", name)) => Some((VarScope::Txn, name)),
            Some(("req", name)) => Some((VarScope::Req, name)),
            Some(("res", name)) => Some((VarScope::Res, name)),
            Some(("check", name)) => Some((VarScope::Check, name)),
            _ => None,
        };
        let Some((scope, name)) = scope else {
            return Err(format!(
                "invalid variable name '{text}'. A variable name must be start by its scope. The scope can be \
                 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
            ));
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if name.is_empty() || !name.chars().all(fits) {
            return Err(format!(
                "invalid syntax at char in '{text}': a name holds letters, digits, '.' and '_' only"
            ));
        }
        Ok(Self {
            scope,
            name: name.to_owned(),
        })
    }

    /// Resolves it.
    pub fn link(&self, names: &VarNames) -> Variable {
        Variable {
            scope: self.scope,
            id: names.id(&self.name),
            process: names.process().clone(),
        }
    }
}

/// How a name was probably meant: with a dot behind its scope, and with a scope that there is.
pub(super) fn advice(name: &str) -> Option<String> {
    const SCOPES: [&str; 6] = ["proc", "sess", "txn", "req", "res", "check"];
    let (scope, rest) = name.split_once(['.', '-', '_', ':'])?;
    let scope = SCOPES
        .into_iter()
        .find(|known| *known == scope)
        .or_else(|| suggest::closest(scope, SCOPES))?;
    let letters = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '.' => c,
        _ => '_',
    };
    let rest: String = rest.chars().map(letters).collect();
    Some(format!("did you mean `{scope}.{rest}`?"))
}

/// A variable that can be read and set.
#[derive(Debug, Clone)]
pub struct Variable {
    scope: VarScope,
    id: u32,
    process: Arc<ProcessVars>,
}

impl Variable {
    /// Its value now. A variable whose scope is not there (a check's, in traffic) has none.
    pub fn value(&self, scope: &Scope<'_>) -> Option<Value<'static>> {
        match self.place(scope) {
            Some(vars) => vars.find(self.id),
            None if self.scope == VarScope::Proc => self.process.find(self.id),
            None => None,
        }
    }

    /// Whether it exists, set or not. Those of the process do from the load on, as in HAProxy.
    pub fn exists(&self, scope: &Scope<'_>) -> bool {
        self.scope == VarScope::Proc || self.value(scope).is_some()
    }

    /// Sets it (`None`: removes it), even while samples are borrowed.
    ///
    /// Where there is no room for another variable (`tune.vars.*`) nothing happens; where there is none for its
    /// value it becomes zero.
    pub fn set(&self, scope: &Scope<'_>, value: Option<Value<'static>>) {
        match value {
            Some(value) if self.process.room.limited() => self.set_within(scope, value),
            value => self.put(scope, value),
        }
    }

    fn put(&self, scope: &Scope<'_>, value: Option<Value<'static>>) {
        match self.place(scope) {
            Some(vars) => vars.set(self.id, value),
            None if self.scope == VarScope::Proc => self.process.set(self.id, value),
            None => {}
        }
    }

    /// Whether it lives with a stream, and there is none yet (`tcp-request session`): then it can be neither set nor
    /// replaced by a default.
    pub fn is_homeless(&self, scope: &Scope<'_>) -> bool {
        matches!(self.scope, VarScope::Txn | VarScope::Req | VarScope::Res)
            && scope.txn.timers.began.is_none()
    }

    #[cold]
    fn set_within(&self, scope: &Scope<'_>, value: Value<'static>) {
        let place = self.place(scope);
        if let Some(vars) = place.filter(|_| self.process.room.counts()) {
            vars.count_in(&self.process);
        }
        let fits = |more| self.process.room.fits(self.level(), used(scope), more);
        let old = self.value(scope);
        let (new, room) = match &old {
            Some(old) => (0, -room::data(old)),
            None => (VARIABLE, 0),
        };
        if old.is_none() && !fits(new) {
            return;
        }
        let value = match fits(new + room + room::data(&value)) {
            true => value,
            false => Value::Int(0),
        };
        self.put(scope, Some(value));
    }

    fn level(&self) -> Level {
        match self.scope {
            VarScope::Proc => Level::Process,
            VarScope::Sess => Level::Session,
            VarScope::Txn => Level::Transaction,
            VarScope::Req | VarScope::Res => Level::Message,
            VarScope::Check => Level::Check,
        }
    }

    fn place<'s>(&self, scope: &'s Scope<'_>) -> Option<&'s Vars> {
        let check = scope.session.check_vars.as_ref();
        let answering = scope.txn.has_response || scope.txn.answering;
        match self.scope {
            VarScope::Sess => Some(scope.session.vars()),
            // A check is no stream.
            VarScope::Txn | VarScope::Req | VarScope::Res if check.is_some() => None,
            VarScope::Txn => Some(&scope.txn.txn_vars),
            // A request's variables end where the response begins, and those of the response begin there.
            VarScope::Req if answering => None,
            VarScope::Req => Some(&scope.txn.req_vars),
            VarScope::Res if !answering => None,
            VarScope::Res => Some(&scope.txn.res_vars),
            VarScope::Check => check,
            VarScope::Proc => None,
        }
    }
}

/// What the variables of a stream take now.
fn used(scope: &Scope<'_>) -> Used {
    let (session, txn) = (&*scope.session, &*scope.txn);
    Used {
        message: txn.req_vars.size() + txn.res_vars.size(),
        transaction: txn.txn_vars.size(),
        session: session.vars().size(),
        check: session.check_vars.as_ref().map_or(0, Vars::size),
    }
}

#[cfg(test)]
mod tests;
