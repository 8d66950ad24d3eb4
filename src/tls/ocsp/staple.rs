//! What a certificate has of OCSP: its id, and the response in force.

use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwapOption;

use super::{Id, Response};

/// What a certificate has of OCSP. Without any, it is as if OCSP did not exist.
#[derive(Debug, Default)]
pub struct Staple {
    /// There is a file for it, or something was stapled: the Runtime API tells of it.
    active: AtomicBool,
    id: OnceLock<Option<Id>>,
    response: ArcSwapOption<Response>,
    /// When the response has to be looked at again, seconds since 1970; 0: not any more.
    until: AtomicU64,
}

impl Staple {
    /// From now on it is told of, whether there is a response or not.
    pub fn activate(&self) {
        self.active.store(true, Relaxed);
    }

    /// Whether it is told of.
    pub fn is_active(&self) -> bool {
        self.active.load(Relaxed)
    }

    /// The certificate's id, which `find` finds.
    pub(in crate::tls) fn id(&self, find: impl FnOnce() -> Option<Id>) -> Option<&Id> {
        self.id.get_or_init(find).as_ref()
    }

    /// The last response, be it stapled still or not.
    pub fn response(&self) -> Option<Arc<Response>> {
        self.response.load_full()
    }

    /// Another response.
    pub(in crate::tls) fn take(&self, response: Arc<Response>) {
        let until = response.stapled_until();
        self.response.store(Some(response));
        self.until.store(until, SeqCst);
        self.activate();
    }

    /// The response that may be stapled at this time.
    pub(in crate::tls) fn in_force(&self, now: u64) -> Option<Vec<u8>> {
        let response = self.response.load();
        let response = response.as_ref()?;
        (now <= response.stapled_until()).then(|| response.der.clone())
    }

    /// Whether the response that is stapled is to go at this time. True once only.
    pub(in crate::tls) fn ends(&self, now: impl FnOnce() -> u64) -> bool {
        let until = self.until.load(Relaxed);
        until != 0
            && now() > until
            && self
                .until
                .compare_exchange(until, 0, SeqCst, Relaxed)
                .is_ok()
    }
}
