//! Two steps to anything compiled: checked when its line is read, finished when all names are known.
//!
//! Reading a line checks words, types and arguments at once and yields a [`Pending`]; linking it
//! against the [`Linker`] resolves names (backends, servers, userlists, maps, variables) and gives the
//! compiled thing. A `Pending` is cloned when a `defaults` section hands its rules on.

use std::sync::Arc;

use crate::diag::Diagnostic;
use crate::state::State;

use super::parse::Captures;
use super::vars::VarNames;

/// What linking may ask for.
pub struct Linker<'a> {
    /// The living state: handles by name.
    pub state: &'a State,
    /// Numbers of variables.
    pub vars: &'a VarNames,
    /// The proxy whose line is linked (names without a proxy mean this one).
    pub proxy: &'a str,
    /// ACL and map files by name (`set-map`, `add-acl`).
    pub files: &'a crate::acl::Files,
    /// Whether a proxy of this name exists, and as what.
    pub names: &'a dyn Names,
    /// Capture slots of that proxy, all of its lines read.
    pub captures: Captures,
    /// Warnings found while linking (late: shadowed patterns, unused names).
    pub warnings: Vec<Diagnostic>,
}

/// What exists in the configuration, by name.
pub trait Names {
    /// A proxy with frontend capability exists.
    fn frontend(&self, name: &str) -> bool;
    /// A proxy with backend capability exists.
    fn backend(&self, name: &str) -> bool;
    /// The names of all proxies with backend capability.
    fn backends(&self) -> Vec<String>;
    /// The names of all proxies with frontend capability.
    fn frontends(&self) -> Vec<String>;
    /// The names of all userlists.
    fn userlists(&self) -> Vec<String>;
    /// The names of the servers of this backend.
    fn server_names(&self, backend: &str) -> Vec<String>;
    /// A server exists in this backend.
    fn server(&self, backend: &str, name: &str) -> bool;
    /// The environment variable of this name, after all `setenv` and kin.
    fn environment(&self, name: &[u8]) -> Option<&[u8]>;
    /// The userlist of this name.
    fn userlist(&self, name: &str) -> Option<Arc<crate::settings::Userlist>>;
    /// Replies of the `http-errors` section of this name, by status.
    fn http_errors(&self, name: &str) -> Option<Arc<crate::settings::ErrorFiles>>;
    /// The stick table of this name: of a proxy, or `<peers>/<table>`.
    fn table(&self, name: &str) -> Option<Arc<crate::state::table::Table>>;
    /// The `resolvers` section of this name.
    fn resolvers(&self, name: &str) -> Option<Arc<crate::settings::Resolvers>>;
    /// Ids and sizes of what expressions can ask of a backend (`nbsrv`, `connslots`, …): its servers.
    fn servers(&self, backend: &str) -> Vec<Arc<crate::state::Server>>;
}

type Finish<T> = Arc<dyn Fn(&mut Linker<'_>) -> Result<T, Box<Diagnostic>> + Send + Sync>;

/// Something checked that still has to be linked.
pub struct Pending<T>(Finish<T>);

impl<T> Clone for Pending<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> std::fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pending")
    }
}

impl<T: 'static> Pending<T> {
    /// The step that is left to do.
    ///
    /// Threads share it: settings that hold one become part of the plan.
    pub fn new(
        finish: impl Fn(&mut Linker<'_>) -> Result<T, Box<Diagnostic>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(finish))
    }
    /// Does it. May be called more than once (a `defaults` rule, once per proxy).
    ///
    /// # Errors
    /// A name that does not exist, or exists as something else.
    pub fn link(&self, linker: &mut Linker<'_>) -> Result<T, Box<Diagnostic>> {
        (self.0)(linker)
    }
}
