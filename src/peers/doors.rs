//! Where peers are awaited: opened at start, kept over reloads as long as the address and its options stay the same.

use std::sync::Arc;

use crate::diag::{Diagnostic, Severity};
use crate::net::listen::{self, Opened, Options};
use crate::plan::Plan;
use crate::settings::Bind;
use crate::worker::identity;

/// The listening sockets of all sections.
#[derive(Debug, Default)]
pub struct Doors {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    /// Place of the section in the plan, and of the listener in the section.
    place: (usize, usize),
    key: (Bind, Options),
    opened: Arc<Opened>,
}

impl Doors {
    /// Opens what the sections of a plan listen on, taking over from `old` what is the same. An alert among the diagnostics
    /// means that some could not be opened.
    pub fn open(plan: &Plan, old: Option<&Self>) -> (Self, Vec<Diagnostic>) {
        let mut entries = Vec::new();
        let mut diagnostics = Vec::new();
        for (section, peers) in plan.peers.iter().enumerate() {
            for (at, listener) in peers.listeners.iter().enumerate() {
                let key = (identity(&listener.bind), listener.options);
                let mut before = old.into_iter().flat_map(|old| &old.entries);
                let opened = match before.find(|entry| entry.key == key) {
                    Some(same) => same.opened.clone(),
                    None => match listen::open(&listener.bind, listener.options, 1) {
                        Ok(opened) => Arc::new(opened),
                        Err(error) => {
                            let text = format!(
                                "Binding [{}] for proxy {}: {error}",
                                listener.bind.place, peers.settings.local
                            );
                            diagnostics.push(Diagnostic::new(Severity::Alert, None, text));
                            continue;
                        }
                    },
                };
                entries.push(Entry {
                    place: (section, at),
                    key,
                    opened,
                });
            }
        }
        (Self { entries }, diagnostics)
    }

    /// The sockets of one section, with the places of their listeners.
    pub(super) fn of(&self, section: usize) -> impl Iterator<Item = (usize, &Arc<Opened>)> {
        let here = self
            .entries
            .iter()
            .filter(move |entry| entry.place.0 == section);
        here.map(|entry| (entry.place.1, &entry.opened))
    }
}
