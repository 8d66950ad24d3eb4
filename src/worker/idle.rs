//! Idle server connections of one worker.

use std::cell::RefCell;
use std::sync::Arc;

use crate::backend::{Idle, Own};
use crate::net::Stream;
use crate::plan::{Proxy, Server};
use crate::settings::HttpReuse;

/// Idle connections by server.
#[derive(Debug, Default)]
pub struct IdlePool {
    by_server: RefCell<Vec<Vec<Idle>>>,
}

impl IdlePool {
    /// Keeps a connection if the settings allow it, else closes it.
    pub fn keep(
        &self,
        backend: &Proxy,
        server: Arc<Server>,
        stream: Stream,
        requests: u32,
        own: &mut Own,
    ) {
        let limits = &server.settings;
        if limits.max_reuse.is_some_and(|max| requests > max) {
            return;
        }
        let idle = Idle {
            stream,
            server,
            requests,
        };
        if backend.settings.reuse == HttpReuse::Never {
            own.keep(idle);
        } else {
            self.push(idle);
        }
    }

    fn push(&self, idle: Idle) {
        let server = idle.server.clone();
        let limit = server.settings.pool_max_conn;
        if limit.is_some_and(|max| server.state.idle.load() >= max) {
            return;
        }
        let mut all = self.by_server.borrow_mut();
        let number = server.state.number as usize;
        if all.len() <= number {
            all.resize_with(number + 1, Vec::new);
        }
        if let Some(list) = all.get_mut(number) {
            server.state.idle.inc();
            list.push(idle);
        }
    }

    /// Takes the connection that was used last, of those that still lead where the server is now and
    /// that the server has not closed.
    pub fn take(&self, server: &Server) -> Option<Idle> {
        let mut all = self.by_server.borrow_mut();
        let list = all.get_mut(server.state.number as usize)?;
        while let Some(idle) = list.pop() {
            server.state.idle.dec();
            if idle.stream.noticed().is_none() {
                return Some(idle);
            }
        }
        None
    }
}
