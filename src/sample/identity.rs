//! The unique id of a request (manual 4.2 `unique-id-format`): made when it is first asked for.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::scope::Scope;

/// The most bytes of an id: HAProxy keeps 128 with the zero at the end.
const LONGEST: usize = 127;

type Make = dyn Fn(&Scope<'_>, &mut Vec<u8>) + Send + Sync;

/// How a frontend makes unique ids. Cheap to clone.
#[derive(Clone)]
pub struct Identify(Arc<Make>);

impl std::fmt::Debug for Identify {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identify")
    }
}

impl Identify {
    /// Ids that this writes.
    pub fn new(make: impl Fn(&Scope<'_>, &mut Vec<u8>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(make))
    }
}

/// A request's unique id, or the room for it.
#[derive(Debug, Default)]
pub struct UniqueId {
    made: OnceCell<Box<[u8]>>,
    /// It is being made: a format that names itself sees nothing. Or there is none.
    making: Cell<bool>,
}

impl UniqueId {
    /// The id, if it was made.
    pub fn made(&self) -> Option<&[u8]> {
        self.made.get().map(|made| &**made)
    }

    /// Nothing came that could have one.
    pub fn forgo(&mut self) {
        self.making.set(true);
    }

    /// Forgets it.
    pub fn clear(&mut self) {
        self.made.take();
        self.making.set(false);
    }
}

impl Scope<'_> {
    /// The request's unique id, made now if it was not; `None` where the frontend has no `unique-id-format`.
    pub fn unique_id(&self) -> Option<&[u8]> {
        let id = &self.txn.unique_id;
        if let Some(made) = id.made() {
            return Some(made);
        }
        let identify = self.session.identify.as_ref()?;
        if id.making.replace(true) {
            return None;
        }
        let mut bytes = Vec::new();
        (identify.0)(self, &mut bytes);
        bytes.truncate(LONGEST);
        id.making.set(false);
        Some(id.made.get_or_init(|| bytes.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::testing::Stream;

    #[test]
    fn made_once_and_blind_to_itself() {
        let mut stream = Stream::new();
        assert_eq!(
            stream.scope(|scope| scope.unique_id().map(<[u8]>::to_vec)),
            None
        );
        stream.session.identify = Some(Identify::new(|scope, out| {
            assert_eq!(scope.unique_id(), None);
            out.extend_from_slice(format!("id-{}", scope.session.requests).as_bytes());
        }));
        let id = |stream: &mut Stream| stream.scope(|scope| scope.unique_id().map(<[u8]>::to_vec));
        assert_eq!(id(&mut stream).as_deref(), Some(&b"id-0"[..]));
        stream.session.requests = 1;
        assert_eq!(id(&mut stream).as_deref(), Some(&b"id-0"[..]));
        stream.txn.clear();
        assert_eq!(id(&mut stream).as_deref(), Some(&b"id-1"[..]));
    }
}
