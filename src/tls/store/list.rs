//! A `crt-list`, or a directory, which is one without options and filters (manual 5.1 `crt`, `crt-list`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Slot;
use crate::tls::Certificate;

/// The lines of a list in memory.
#[derive(Debug)]
pub struct List {
    /// The file, or the directory.
    pub name: String,
    /// Whether it is a directory.
    pub directory: bool,
    lines: Mutex<Lines>,
}

#[derive(Debug, Default)]
struct Lines {
    all: Vec<Arc<Line>>,
    /// The number of the last line that was ever there.
    last: u32,
}

/// A line.
#[derive(Debug)]
pub struct Line {
    /// Its number in the file, from 1; 0 in a directory. A line that names a set of files stands once for each.
    pub number: u32,
    /// Its certificate.
    pub certificate: Arc<Slot<Certificate>>,
    /// What stands in brackets, if there are any: words of `bind` lines that hold for these names only.
    pub options: Option<String>,
    /// The names it is for; without any, those of the certificate.
    pub filters: Vec<String>,
}

impl List {
    /// A list of these lines.
    pub fn new(name: &str, directory: bool, lines: Vec<Arc<Line>>) -> Self {
        let last = lines.iter().map(|line| line.number).max();
        Self {
            name: name.to_owned(),
            directory,
            lines: Mutex::new(Lines {
                last: last.unwrap_or_default(),
                all: lines,
            }),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its lines, in order.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        self.locked().all.clone()
    }

    /// Adds a line at the end, with the next number.
    pub fn add(
        &self,
        certificate: Arc<Slot<Certificate>>,
        options: Option<String>,
        filters: Vec<String>,
    ) {
        let mut lines = self.locked();
        lines.last += 1;
        let number = lines.last;
        lines.all.push(Arc::new(Line {
            number,
            certificate,
            options,
            filters,
        }));
    }

    /// Removes this line.
    pub fn remove(&self, line: &Arc<Line>) {
        self.locked().all.retain(|other| !Arc::ptr_eq(other, line));
    }
}

impl Line {
    /// The words in brackets; none are as good as no brackets.
    pub fn words(&self) -> &str {
        self.options.as_deref().unwrap_or_default().trim()
    }
}
