//! Persistence by stick tables: whose server a request's keys name, and which keys are kept with the server
//! that answered (manual 4.2 `stick match`, `stick on`, `stick store-request`, `stick store-response`).

use std::rc::Rc;
use std::sync::Arc;

use crate::acl::Outcome;
use crate::plan::{Proxy, Server, Stick};
use crate::sample::{Scope, key};
use crate::state::table::{Data, Key, SrvKey, Table, tick};
use crate::worker::Worker;

use super::persist::available;
use super::place::scope;
use super::{Ask, Lease};

/// Most keys that one stream stores, as in HAProxy.
const MOST: usize = 8;

/// Looks at a request's keys, once, when its server is to be chosen: the server that the first entry with a
/// server to go to names. Keys to store are noted with the request. `assigned`: the server is known already;
/// entries that match stay young nevertheless.
pub(super) fn request(
    worker: &Rc<Worker>,
    ask: &mut Ask<'_>,
    assigned: bool,
) -> Option<Arc<Server>> {
    let backend = ask.backend;
    if backend.stick.is_empty() {
        return None;
    }
    let mut noted = std::mem::take(&mut ask.txn.stick);
    noted.clear();
    let mut found = None;
    let persistence = ask.txn.persistence;
    let scope = scope(worker, ask);
    let now = tick(scope.now.instant);
    for rule in &backend.stick.request {
        let (matches, mut stores) = (rule.way.matches(), rule.way.stores_request());
        // Also `stick on` is passed over then, though it would match.
        if stores && notes(&noted, &rule.table) {
            continue;
        }
        stores &= noted.len() < MOST;
        if !matches && !stores {
            continue;
        }
        let Some(key) = applies(rule, &scope) else {
            continue;
        };
        if matches {
            let entry = rule.table.refresh(&key, now, |row| {
                (row.read(Data::ServerKey, 0), row.read(Data::ServerId, 0))
            });
            if let Some((name, id)) = entry
                && !assigned
                && found.is_none()
            {
                found = named(backend, &rule.table, name.unwrap_or(0), id.unwrap_or(0))
                    .filter(|server| available(backend, server, &persistence));
            }
        }
        if stores {
            noted.push((rule.table.clone(), key));
        }
    }
    ask.txn.stick = noted;
    found
}

/// Stores the keys that were noted, and the response's, with the server that answers. To be called once it
/// has: its response's head is there, or in TCP mode its connection.
pub fn store(lease: &Lease, scope: &mut Scope<'_>) {
    let rules = &lease.backend().stick;
    if rules.is_empty() {
        return;
    }
    let mut noted = std::mem::take(&mut scope.txn.stick);
    let requests = noted.len();
    for rule in &rules.response {
        let own = noted.get(requests..).unwrap_or_default();
        if noted.len() < MOST
            && !notes(own, &rule.table)
            && let Some(key) = applies(rule, scope)
        {
            noted.push((rule.table.clone(), key));
        }
    }
    let server = lease.server();
    if server.settings.non_stick || !lease.backend().lists(server) {
        noted.clear();
    }
    let now = tick(scope.now.instant);
    for (table, key) in noted.drain(..) {
        let name = number(&table, server);
        table.change(&key, now, |row| {
            row.set(Data::ServerId, 0, u64::from(server.id));
            row.set(Data::ServerKey, 0, u64::from(name));
        });
    }
    scope.txn.stick = noted;
}

/// Whether there is a key for this table.
fn notes(noted: &[(Arc<Table>, Key)], table: &Arc<Table>) -> bool {
    noted.iter().any(|(other, _)| Arc::ptr_eq(other, table))
}

/// The key, if the rule applies.
fn applies(rule: &Stick, scope: &Scope<'_>) -> Option<Key> {
    let cond = rule.cond.as_ref();
    if cond.is_some_and(|cond| cond.test(scope) != Outcome::Pass) {
        return None;
    }
    key(&rule.table, rule.sample.eval(scope)?)
}

/// The server that an entry means: by its name or address, and where none has that, by its number.
fn named(backend: &Proxy, table: &Table, name: u64, id: u64) -> Option<Arc<Server>> {
    let has_id = |server: &&Arc<Server>| u64::from(server.id) == id;
    let by_id = backend.servers.iter().find(has_id);
    let Some(name) = table.name_of(name) else {
        return by_id.cloned();
    };
    let called = |server: &&Arc<Server>| match table.shape.srvkey {
        SrvKey::Name => server.settings.name == *name,
        SrvKey::Addr => address(server).as_deref() == Some(&*name),
    };
    // Mostly it is both.
    let both = by_id.filter(called);
    let found = both.or_else(|| backend.servers.iter().find(called));
    found.or(by_id).cloned()
}

/// What stands for the server in the table's entries.
fn number(table: &Table, server: &Server) -> u32 {
    match table.shape.srvkey {
        SrvKey::Name => table.number_of(&server.settings.name),
        SrvKey::Addr => address(server).map_or(0, |address| table.number_of(&address)),
    }
}

fn address(server: &Server) -> Option<String> {
    let address = server.state.address()?;
    Some(format!("{}:{}", address.ip(), address.port()))
}
