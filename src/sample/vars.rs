//! Variables (`set-var`, `var()`), stored by a number that the load gives each name (manual 2.8).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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
pub struct Vars(Vec<(u32, Value<'static>)>);

impl Vars {
    /// The variable of this number.
    pub fn find(&self, id: u32) -> Option<&Value<'static>> {
        self.0
            .iter()
            .find(|(key, _)| *key == id)
            .map(|(_, value)| value)
    }
    /// Sets it.
    pub fn set(&mut self, id: u32, value: Value<'static>) {
        match self.0.iter_mut().find(|(key, _)| *key == id) {
            Some(slot) => slot.1 = value,
            None => self.0.push((id, value)),
        }
    }
    /// Removes it.
    pub fn unset(&mut self, id: u32) {
        self.0.retain(|(key, _)| *key != id);
    }
    /// Removes all, keeping the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Names of variables to numbers, the same for the life of the process.
#[derive(Debug, Default)]
pub struct VarNames(Mutex<HashMap<String, u32>>);

impl VarNames {
    /// The number of this name (without its scope), given at first use.
    pub fn id(&self, name: &str) -> u32 {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = map.len() as u32;
        *map.entry(name.to_owned()).or_insert(next)
    }
}
