//! The environment as the configuration leaves it (`setenv`, `HAPROXY_LOCALPEER` …), for `env()` and
//! `show env`.
//!
//! A fact of the whole process, like the system's environment itself, which a program with threads
//! must not change. `process` sets it before a configuration is linked.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStringExt;
use std::sync::{PoisonError, RwLock};

/// Variables by name.
pub type Variables = BTreeMap<Vec<u8>, Vec<u8>>;

static VARIABLES: RwLock<Option<Variables>> = RwLock::new(None);

/// Sets the environment and gives back the one before; `None` stands for the system's.
pub fn swap(variables: Option<Variables>) -> Option<Variables> {
    let mut now = VARIABLES.write().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut now, variables)
}

/// The value of a variable.
pub fn variable(name: &[u8]) -> Option<Vec<u8>> {
    let now = VARIABLES.read().unwrap_or_else(PoisonError::into_inner);
    match &*now {
        Some(variables) => variables.get(name).cloned(),
        None => std::env::var_os(std::str::from_utf8(name).ok()?).map(OsStringExt::into_vec),
    }
}

/// All variables.
pub fn all() -> Variables {
    let now = VARIABLES.read().unwrap_or_else(PoisonError::into_inner);
    now.clone().unwrap_or_else(|| {
        std::env::vars_os()
            .map(|(name, value)| (name.into_vec(), value.into_vec()))
            .collect()
    })
}
