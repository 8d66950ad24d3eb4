//! Certificates for names that no file has one for, made while a client waits (manual 5.1 `generate-certificates`).
//!
//! A listener's resolver asks [`Maker`] where none of its certificates is for a name; an [`Issuer`] signs. Resolvers are
//! synchronous, so the worker signs at once: a name that is new costs 0.2 ms of a processor with an authority's P-256
//! key and 0.6 ms with RSA 2048 (debug build), while the other connections of that worker wait. What is made carries the
//! key of the listener's own certificate: none is made.
//! Knows no lists and no listeners.

mod draft;
mod issuer;
mod recent;
mod sealed;

use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;

use super::Certificate;
pub use issuer::Issuer;
use recent::Recent;

/// What a `bind` line says of it.
#[derive(Debug, Clone)]
pub struct MadeSettings {
    /// `generate-certificates`.
    pub wanted: bool,
    /// `ca-sign-file`, as written, behind `ca-base`.
    pub file: Option<String>,
    /// `ca-sign-pass`, until the file is read.
    pub pass: Option<String>,
    /// What was read from the file, where certificates are wanted.
    pub issuer: Option<Arc<Issuer>>,
    /// `tune.ssl.ssl-ctx-cache-size`: how many are kept for each line.
    pub kept: usize,
}

impl Default for MadeSettings {
    fn default() -> Self {
        /// The manual's default of `tune.ssl.ssl-ctx-cache-size`.
        const KEPT: usize = 1_000;
        Self {
            wanted: false,
            file: None,
            pass: None,
            issuer: None,
            kept: KEPT,
        }
    }
}

/// Which certificate it is: its name, and the listener's own one that it has the key of.
type Wanted = (String, Arc<[u8]>);

/// Makes certificates, and keeps those that were asked for last.
#[derive(Debug)]
pub(super) struct Maker {
    issuer: Arc<Issuer>,
    recent: Mutex<Recent<Wanted, Arc<Certificate>>>,
}

impl Maker {
    /// Of a line that wants certificates made; without its issuer there is none.
    pub fn new(settings: &MadeSettings) -> Option<Self> {
        let issuer = settings.issuer.as_ref().filter(|_| settings.wanted)?;
        Some(Self {
            issuer: issuer.clone(),
            recent: Mutex::new(Recent::new(settings.kept)),
        })
    }

    /// Forgets what it has made: of certificates that were replaced nothing is asked for again.
    pub fn forget(&self) {
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// A certificate for a name, with the key of the listener's own. Nothing where the issuer cannot sign.
    pub fn certificate(&self, name: &str, own: &Certificate) -> Option<Arc<Certificate>> {
        self.at(UnixTime::now().as_secs(), name, own)
    }

    fn at(&self, now: u64, name: &str, own: &Certificate) -> Option<Arc<Certificate>> {
        let wanted = (name.to_ascii_lowercase(), own.leaf.clone());
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = recent().find(&wanted, now) {
            return Some(known);
        }
        // Signing takes its time: not under the lock. Of two that make the same, the later one is kept.
        let key = own.served().key.clone();
        let leaf = self.issuer.issue(&wanted.0, &*key, now)?;
        let mut chain = vec![leaf];
        chain.extend_from_slice(self.issuer.chain());
        let made = Arc::new(Certificate::ready(CertifiedKey::new(chain, key), None));
        recent().put(wanted, made.clone(), now + draft::LASTS);
        Some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Beside;
    use super::super::certificate::tests::pem;
    use super::*;

    fn maker(kept: usize) -> (Maker, Certificate) {
        let dir = tempfile::tempdir().unwrap();
        let read = |names: &[&str]| {
            let path = dir.path().join("file");
            std::fs::write(&path, pem(names)).unwrap();
            Certificate::read(&path, &Beside::default()).unwrap()
        };
        let settings = MadeSettings {
            wanted: true,
            issuer: Issuer::of(&read(&["ca.test"])).map(Arc::new),
            kept,
            ..MadeSettings::default()
        };
        (Maker::new(&settings).unwrap(), read(&["own.test"]))
    }

    #[test]
    fn what_was_made_is_kept_within_bounds_and_not_past_its_time() {
        let (maker, own) = maker(2);
        let now = 1_800_000_000;
        let leaf = |name: &str, now| maker.at(now, name, &own).unwrap().leaf.clone();
        let first = leaf("A.test", now);
        assert_eq!(first, leaf("a.test", now));
        let (b, _) = (leaf("b.test", now), leaf("a.test", now));
        leaf("c.test", now);
        assert_eq!(first, leaf("a.test", now), "asked for later than b.test");
        assert_ne!(b, leaf("b.test", now), "there is room for two");
        assert_ne!(first, leaf("a.test", now + draft::LASTS));
        let again = leaf("a.test", now);
        maker.forget();
        assert_ne!(again, leaf("a.test", now));
    }

    #[test]
    fn another_own_certificate_gives_another_key() {
        let ((maker, own), (_, next)) = (maker(2), maker(2));
        for own in [&own, &next] {
            let made = maker.at(1_800_000_000, "a.test", own).unwrap().served();
            let key = &*own.served().key;
            assert!(super::super::certificate::fits(&made.cert[0], key));
        }
    }

    #[test]
    fn without_room_each_is_made_anew() {
        let (maker, own) = maker(0);
        let [one, other] = [0, 0].map(|now| maker.at(now, "a.test", &own).unwrap().leaf.clone());
        assert_ne!(one, other);
    }

    #[test]
    fn it_is_for_its_name_with_the_key_of_the_own_and_signed() {
        let (maker, own) = maker(1);
        let made = maker.at(1_800_000_000, "some.test", &own).unwrap();
        assert_eq!(made.names, ["some.test", "rcgen self signed cert"]);
        let served = made.served();
        assert!(super::super::certificate::fits(
            &served.cert[0],
            &*own.served().key
        ));
        let (_, issuer) = x509_parser::parse_x509_certificate(&served.cert[1]).unwrap();
        let (_, leaf) = x509_parser::parse_x509_certificate(&served.cert[0]).unwrap();
        assert_eq!(leaf.issuer().as_raw(), issuer.subject().as_raw());
        assert_eq!(leaf.validity().not_before.timestamp(), 1_799_913_600);
        assert_eq!(leaf.validity().not_after.timestamp(), 1_831_536_000);
    }
}
