//! Variables (`set-var`, `var()`), stored by a number that the load gives each name (manual 2.8).

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::scope::Scope;
use super::value::Value;

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

/// Variables of one scope: few, so a list.
#[derive(Debug, Default)]
pub struct Vars {
    list: Vec<(u32, Value<'static>)>,
    /// What expressions (the `set-var` converter) changed while samples were borrowed from the list.
    late: RefCell<Vec<(u32, Option<Value<'static>>)>>,
}

impl Vars {
    /// The variable of this number.
    pub fn find(&self, id: u32) -> Option<Value<'_>> {
        let late = self.late.borrow();
        if let Some((_, value)) = late.iter().rev().find(|(key, _)| *key == id) {
            return value.clone();
        }
        self.list
            .iter()
            .find(|(key, _)| *key == id)
            .map(|(_, value)| value.borrowed())
    }
    /// Sets it.
    pub fn set(&mut self, id: u32, value: Value<'static>) {
        self.settle();
        self.put(id, value);
    }
    /// Removes it.
    pub fn unset(&mut self, id: u32) {
        self.settle();
        self.list.retain(|(key, _)| *key != id);
    }
    /// Sets or removes it while samples may be borrowed from here.
    pub fn set_late(&self, id: u32, value: Option<Value<'static>>) {
        let mut late = self.late.borrow_mut();
        late.retain(|(key, _)| *key != id);
        late.push((id, value));
    }
    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.list.clear();
        self.late.get_mut().clear();
    }

    fn put(&mut self, id: u32, value: Value<'static>) {
        match self.list.iter_mut().find(|(key, _)| *key == id) {
            Some(slot) => slot.1 = value,
            None => self.list.push((id, value)),
        }
    }

    fn settle(&mut self) {
        for (id, value) in std::mem::take(self.late.get_mut()) {
            match value {
                Some(value) => self.put(id, value),
                None => self.list.retain(|(key, _)| *key != id),
            }
        }
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

/// A variable that can be read and set.
#[derive(Debug, Clone)]
pub struct Variable {
    scope: VarScope,
    id: u32,
    process: Arc<ProcessVars>,
}

impl Variable {
    /// Its value now. A variable whose scope is not there (a check's, in traffic) has none.
    pub fn value<'s>(&self, scope: &'s Scope<'_>) -> Option<Value<'s>> {
        match self.place(scope) {
            Some(vars) => vars.find(self.id),
            None if self.scope == VarScope::Proc => self.process.find(self.id),
            None => None,
        }
    }

    /// Sets it (`None`: removes it), even while samples are borrowed.
    pub fn set(&self, scope: &Scope<'_>, value: Option<Value<'static>>) {
        match self.place(scope) {
            Some(vars) => vars.set_late(self.id, value),
            None if self.scope == VarScope::Proc => self.process.set(self.id, value),
            None => {}
        }
    }

    fn place<'s>(&self, scope: &'s Scope<'_>) -> Option<&'s Vars> {
        match self.scope {
            VarScope::Sess => Some(&scope.session.vars),
            VarScope::Txn => Some(&scope.txn.txn_vars),
            // A request's variables end where the response begins.
            VarScope::Req if scope.txn.has_response => None,
            VarScope::Req => Some(&scope.txn.req_vars),
            VarScope::Res => Some(&scope.txn.res_vars),
            VarScope::Proc | VarScope::Check => None,
        }
    }
}
