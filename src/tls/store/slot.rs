//! A name, and what stands under it now.

use std::sync::Arc;

use arc_swap::ArcSwapOption;

/// Something that has a name and can be replaced while it is used.
#[derive(Debug)]
pub struct Slot<T> {
    /// The name: a file's as it was written, behind `crt-base` or `ca-base`.
    pub name: String,
    now: ArcSwapOption<T>,
}

impl<T> Slot<T> {
    /// One with something in it, or with nothing yet (`new ssl cert`).
    pub fn new(name: &str, first: Option<Arc<T>>) -> Self {
        Self {
            name: name.to_owned(),
            now: ArcSwapOption::new(first),
        }
    }

    /// What stands there now.
    pub fn current(&self) -> Option<Arc<T>> {
        self.now.load_full()
    }

    /// Puts something else there. Who made terms of it before keeps them until it is told to look again.
    pub fn replace(&self, next: Arc<T>) {
        self.now.store(Some(next));
    }

    /// Puts back what stood there before, which may be nothing.
    pub fn put_back(&self, before: Option<Arc<T>>) {
        self.now.store(before);
    }
}
