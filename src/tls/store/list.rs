//! A `crt-list`, or a directory, which is one without options and filters (manual 5.1 `crt`, `crt-list`).

use std::sync::{Arc, Mutex, PoisonError};

use super::Slot;
use crate::tls::Certificate;

/// The lines of a list in memory.
#[derive(Debug)]
pub struct List {
    /// The file, or the directory.
    pub name: String,
    lines: Mutex<Vec<Arc<Line>>>,
}

/// A line.
#[derive(Debug)]
pub struct Line {
    /// Its number in the file, from 1; 0 in a directory. A line that names a set of files stands once for each.
    pub number: u32,
    /// Its certificate.
    pub certificate: Arc<Slot<Certificate>>,
    /// What stands in brackets: words of `bind` lines that hold for these names only.
    pub options: String,
    /// The names it is for; without any, those of the certificate.
    pub filters: Vec<String>,
}

impl List {
    /// A list of these lines.
    pub fn new(name: &str, lines: Vec<Arc<Line>>) -> Self {
        Self {
            name: name.to_owned(),
            lines: Mutex::new(lines),
        }
    }

    /// Its lines, in order.
    pub fn lines(&self) -> Vec<Arc<Line>> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.clone()
    }

    /// Puts these in their place.
    pub fn replace(&self, lines: Vec<Arc<Line>>) {
        *self.lines.lock().unwrap_or_else(PoisonError::into_inner) = lines;
    }
}
