//! Variables (`set-var`, `var()`), stored by a number that the load gives each name (manual 2.8).

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

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

/// Variables of one scope: few, so a list. They change while samples are borrowed from their scope (the
/// `set-var` converter), so that reading gives copies.
#[derive(Debug, Default)]
pub struct Vars(RefCell<Vec<(u32, Value<'static>)>>);

impl Vars {
    /// A copy of the variable of this number.
    pub fn find(&self, id: u32) -> Option<Value<'static>> {
        let list = self.0.borrow();
        let found = list.iter().find(|(key, _)| *key == id);
        found.map(|(_, value)| value.clone())
    }
    /// Sets or removes it.
    pub fn set(&self, id: u32, value: Option<Value<'static>>) {
        let mut list = self.0.borrow_mut();
        let place = list.iter().position(|(key, _)| *key == id);
        match (place, value) {
            (Some(at), Some(value)) => list[at].1 = value,
            (Some(at), None) => drop(list.swap_remove(at)),
            (None, Some(value)) => list.push((id, value)),
            (None, None) => {}
        }
    }
    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.0.get_mut().clear();
    }
}

/// Variables of the whole process, shared by all threads.
#[derive(Debug, Default)]
pub struct ProcessVars(RwLock<HashMap<u32, Value<'static>>>);

impl ProcessVars {
    /// A copy of the variable of this number.
    pub fn find(&self, id: u32) -> Option<Value<'static>> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        map.get(&id).cloned()
    }
    /// Sets or removes it.
    pub fn set(&self, id: u32, value: Option<Value<'static>>) {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match value {
            Some(value) => map.insert(id, value),
            None => map.remove(&id),
        };
    }
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

    /// Sets it (`None`: removes it), even while samples are borrowed.
    pub fn set(&self, scope: &Scope<'_>, value: Option<Value<'static>>) {
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

    fn place<'s>(&self, scope: &'s Scope<'_>) -> Option<&'s Vars> {
        match self.scope {
            VarScope::Sess => Some(&scope.session.vars),
            // A check has no transaction.
            VarScope::Txn | VarScope::Req | VarScope::Res if scope.session.check_vars.is_some() => {
                None
            }
            VarScope::Txn => Some(&scope.txn.txn_vars),
            // A request's variables end where the response begins.
            VarScope::Req if scope.txn.has_response => None,
            VarScope::Req => Some(&scope.txn.req_vars),
            VarScope::Res => Some(&scope.txn.res_vars),
            VarScope::Check => scope.session.check_vars.as_ref(),
            VarScope::Proc => None,
        }
    }
}
