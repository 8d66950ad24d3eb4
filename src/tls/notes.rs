//! What the callbacks of a handshake learn: which certificate was served, how the peer's was judged.
//!
//! rustls calls them while it takes in a peer's bytes and lets nothing of the kind out. A step of a handshake is one
//! call on one thread; who makes it takes the notes right behind it, before another session's step can write its own.

use std::cell::RefCell;
use std::sync::Arc;

use super::Certificate;
use super::verdict::Verdict;

/// A secret: its name in key logs, the client's random bytes, and it itself.
pub type Secret = (String, Vec<u8>, Vec<u8>);

/// Notes of one step.
#[derive(Debug, Default)]
pub struct Notes {
    /// The certificate served.
    pub served: Option<Arc<Certificate>>,
    /// How the peer's certificate was judged, if anything was wrong with it.
    pub verdict: Option<Verdict>,
    /// Secrets, if they are kept.
    pub secrets: Vec<Secret>,
}

thread_local! {
    static NOTES: RefCell<Notes> = RefCell::default();
}

/// The notes since they were last taken.
pub fn take() -> Notes {
    NOTES.take()
}

/// Puts notes back that somebody else still wants.
pub fn give_back(notes: Notes) {
    NOTES.set(notes);
}

pub(super) fn note(write: impl FnOnce(&mut Notes)) {
    NOTES.with_borrow_mut(write);
}

/// Notes secrets, for `tune.ssl.keylog`.
#[derive(Debug)]
pub(super) struct Secrets;

impl rustls::KeyLog for Secrets {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        note(|notes| {
            // A handshake has a handful; a row of them without a reader would be a leak.
            if notes.secrets.len() < 16 {
                let entry = (label.to_owned(), client_random.to_vec(), secret.to_vec());
                notes.secrets.push(entry);
            }
        });
    }
}
