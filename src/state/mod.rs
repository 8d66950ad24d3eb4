//! What outlives a reload: counters, stick tables, servers' health and weight, listeners' totals, process variables.
//!
//! Everything is found by name and shared by `Arc`; `plan` takes the handles over, the engine, checks,
//! stats and the language read and write through them. A leaf: knows no configuration, no sockets,
//! reads no clock.

mod asked;
pub mod counter;
mod listener;
mod proxy;
pub mod queue;
mod secured;
mod server;
pub mod table;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use crate::tls::Resumption;

pub use asked::Asked;
pub use listener::Listener;
pub use proxy::{Proxy, Side};
pub use queue::Queue;
pub use secured::{Counted, Secured};
pub use server::{Admin, CheckResult, Health, Naming, Operational, Server};

/// The living state of the process.
#[derive(Debug, Default)]
pub struct State {
    proxies: Mutex<HashMap<String, Arc<Proxy>>>,
    servers: Mutex<HashMap<(String, String), Arc<Server>>>,
    listeners: Mutex<HashMap<(String, String), Arc<Listener>>>,
    tables: Mutex<Vec<Arc<table::Table>>>,
    /// TLS sessions that may go on later.
    pub resumption: Arc<Resumption>,
    /// Totals of the process.
    pub process: Arc<Process>,
}

/// Totals of the whole process (`show info`).
#[derive(Debug, Default)]
pub struct Process {
    /// Client connections now, against the global `maxconn`.
    pub conns: counter::Gauge,
    /// Client connections accepted.
    pub accepted: counter::Counter,
    /// Connections accepted per second.
    pub conn_rate: counter::Rate,
    /// Sessions per second.
    pub sess_rate: counter::Rate,
    /// TLS connections.
    pub secured: Secured,
    /// HTTP requests.
    pub requests: counter::Counter,
    /// Whether an expression asks what requests take of the processor.
    pub measures: AtomicBool,
    /// When it began.
    pub began: OnceLock<Instant>,
    /// Peers with which a connection is up or under way, and those with which a session is.
    pub connected_peers: counter::Gauge,
    /// See `connected_peers`.
    pub active_peers: counter::Gauge,
    /// Log messages dropped because a sink was slow or gone.
    pub dropped_logs: counter::Counter,
}

impl State {
    /// The proxy of this name, made where it is not there yet.
    pub fn proxy(&self, name: &str) -> Arc<Proxy> {
        let mut map = self.proxies.lock().unwrap_or_else(PoisonError::into_inner);
        map.entry(name.to_owned())
            .or_insert_with(|| Arc::new(Proxy::new(name)))
            .clone()
    }

    /// The server of this name in this proxy, made where it is not there yet.
    pub fn server(&self, proxy: &str, name: &str) -> Arc<Server> {
        let mut map = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (proxy.to_owned(), name.to_owned());
        // Servers are never removed from the map, so its length is a number that is not given yet.
        let number = map.len() as u32;
        map.entry(key)
            .or_insert_with(|| Arc::new(Server::new(proxy, name, number)))
            .clone()
    }

    /// The stick table of this name and shape: the living one, or an empty one that nobody else knows yet.
    pub fn table(&self, name: &str, shape: &table::Shape) -> Arc<table::Table> {
        let all = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let mut same = all
            .iter()
            .filter(|table| table.name == name && table.shape == *shape);
        match same.next() {
            Some(table) => table.clone(),
            None => Arc::new(table::Table::new(name, shape.clone())),
        }
    }

    /// From now on these are the living tables; others end with those who still use them.
    pub fn keep_tables(&self, tables: &[Arc<table::Table>]) {
        let mut all = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        all.clear();
        all.extend(tables.iter().cloned());
    }

    /// The listener of this name, or without one of this address, in this proxy; made where it is not there yet.
    pub fn listener(&self, proxy: &str, name: Option<&str>, address: &str) -> Arc<Listener> {
        let mut map = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let key = (proxy.to_owned(), name.unwrap_or(address).to_owned());
        map.entry(key)
            .or_insert_with(|| Arc::new(Listener::new(name)))
            .clone()
    }
}
