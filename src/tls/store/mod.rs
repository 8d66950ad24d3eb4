//! The certificates, authorities and revocation lists in memory, by the names that files and the Runtime API give
//! them (management guide 9.3 `show ssl cert`, `show ssl ca-file`, `show ssl crt-list`).
//!
//! `config` fills it while it reads lines; listeners and servers hold [`Slot`]s of it and make their terms of what
//! stands there. A change at run time puts something else into a slot and has those terms made anew
//! ([`super::Front::refresh`], [`super::Back::refresh`]). A reload begins with an empty store: files are read again.
//! It reads no clock and no sockets.
//!
//! What a certificate costs, measured with 10,000 of two names each, their issuer behind them: 4.2 kB with a P-256 key
//! and 6.2 kB with RSA 2048, where HAProxy 2.6 takes 25 kB. Reading them takes 0.03 ms and 0.15 ms of a processor
//! each, HAProxy's 0.7 ms.

mod list;
mod slot;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub use list::{Line, List};
pub use slot::Slot;

use super::{Authorities, Certificate, Parts, Revocations};

type Shelf<T> = Mutex<BTreeMap<String, Arc<T>>>;

/// All of them.
#[derive(Debug, Default)]
pub struct Store {
    /// Certificates by file.
    pub certificates: Tray<Slot<Certificate>>,
    /// Files and directories of authorities.
    pub authorities: Tray<Slot<Authorities>>,
    /// Files of revocation lists.
    pub revocations: Tray<Slot<Revocations>>,
    /// Lists and directories of certificates.
    pub lists: Tray<List>,
    /// Changes that are not committed yet.
    /// `ocsp-update` of `crt-store` sections.
    fresh: Mutex<BTreeMap<String, bool>>,
    /// Where names begin.
    pub bases: OnceLock<Bases>,
    open: Mutex<Open>,
}

/// Where names begin that files and lists write.
#[derive(Debug, Default)]
pub struct Bases {
    /// `crt-base`.
    pub certificates: Option<PathBuf>,
    /// `ca-base`.
    pub authorities: Option<PathBuf>,
}

/// A name as it was written, behind its base: what the Runtime API calls the file.
pub fn full_name(base: Option<&PathBuf>, name: &str) -> String {
    match base {
        Some(base) => base.join(name).display().to_string(),
        None => name.to_owned(),
    }
}

/// Changes that are not committed yet: one of each kind at a time, with the name it is about.
#[derive(Debug, Default)]
pub struct Open {
    /// `set ssl cert`.
    pub certificate: Option<(String, Parts)>,
    /// `set ssl ca-file`.
    pub authorities: Option<(String, Authorities)>,
    /// `set ssl crl-file`.
    pub revocations: Option<(String, Revocations)>,
}

impl Store {
    /// Notes whether the OCSP response of this certificate is to be kept fresh, whoever uses it.
    pub fn keep_fresh(&self, name: &str, fresh: bool) {
        let mut all = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), fresh);
    }

    /// Whether it is to be, if anything was said of that.
    pub fn kept_fresh(&self, name: &str) -> Option<bool> {
        let all = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(name).copied()
    }

    /// Changes that are not committed yet.
    pub fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Things of one kind by name, in the order of their names.
#[derive(Debug)]
pub struct Tray<T>(Shelf<T>);

impl<T> Default for Tray<T> {
    fn default() -> Self {
        Self(Shelf::default())
    }
}

impl<T> Tray<T> {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<String, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one of this name.
    pub fn find(&self, name: &str) -> Option<Arc<T>> {
        self.locked().get(name).cloned()
    }

    /// Enters one; what had its name before is forgotten here, and lives on with who holds it.
    pub fn enter(&self, name: &str, one: Arc<T>) {
        self.locked().insert(name.to_owned(), one);
    }

    /// Forgets the one of this name.
    pub fn forget(&self, name: &str) {
        self.locked().remove(name);
    }

    /// All, by name.
    pub fn all(&self) -> Vec<Arc<T>> {
        self.locked().values().cloned().collect()
    }
}
