//! What a certificate is made of, while the Runtime API puts one together (management guide 9.3 `set ssl cert`).

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Certificate;
use super::certificate::fits;

/// The parts: any of them may be missing yet.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The certificate and those above it.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its key.
    key: Option<Arc<dyn SigningKey>>,
    /// `.issuer`.
    pub issuer: Option<CertificateDer<'static>>,
    /// `.ocsp`: the response to be stapled, DER.
    pub ocsp: Option<Vec<u8>>,
}

/// Why parts make no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// Certificate or key are missing.
    Incomplete,
    /// They are not a pair.
    Mismatch,
    /// There is an OCSP response, and no issuer that it could be from.
    NoIssuer,
}

impl Parts {
    /// Those of a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let served = certificate.served();
        Self {
            chain: served.cert.clone(),
            key: Some(served.key.clone()),
            issuer: certificate.issuer.clone(),
            ocsp: certificate.staple.response().map(|one| one.der.clone()),
        }
    }

    /// Takes certificate, chain and key of a PEM file; without a key in it there is none any more, nor is there an OCSP
    /// response. False: there is no certificate in it, or nothing that can be read, and nothing was taken.
    pub fn take_pem(&mut self, pem: &[u8]) -> bool {
        let Some(chain) = certificates(pem).filter(|chain| !chain.is_empty()) else {
            return false;
        };
        let key = match PrivateKeyDer::from_pem_slice(pem) {
            Ok(key) => match any_supported_type(&key) {
                Ok(key) => Some(key),
                Err(_) => return false,
            },
            Err(_) => None,
        };
        // A response is about the certificate that was.
        (self.chain, self.key, self.ocsp) = (chain, key, None);
        true
    }

    /// Takes a key. False: there is none that can be used.
    pub fn take_key(&mut self, pem: &[u8]) -> bool {
        let key = PrivateKeyDer::from_pem_slice(pem).ok();
        match key.and_then(|key| any_supported_type(&key).ok()) {
            Some(key) => self.key = Some(key),
            None => return false,
        }
        true
    }

    /// Takes the issuer's certificate. False: there is none.
    pub fn take_issuer(&mut self, pem: &[u8]) -> bool {
        match certificates(pem).and_then(|all| all.into_iter().next()) {
            Some(issuer) => self.issuer = Some(issuer),
            None => return false,
        }
        true
    }

    /// The certificate that they are.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn finish(&self) -> Result<Certificate, Unfinished> {
        let key = self.key.clone().ok_or(Unfinished::Incomplete)?;
        let leaf = self.chain.first().ok_or(Unfinished::Incomplete)?;
        if !fits(leaf, &*key) {
            return Err(Unfinished::Mismatch);
        }
        let served = CertifiedKey::new(self.chain.clone(), key);
        let made = Certificate::ready(served, self.issuer.clone());
        match &self.ocsp {
            Some(response) if !made.take_answer(response) => Err(Unfinished::NoIssuer),
            _ => Ok(made),
        }
    }
}

/// All certificates of a PEM file, if they can be read.
fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let all: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .ok()?;
    let readable = |der: &CertificateDer<'_>| X509Certificate::from_der(der).is_ok();
    all.iter().all(readable).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::super::certificate::tests::pem;
    use super::*;

    #[test]
    fn parts_come_one_by_one_and_must_fit() {
        let (one, two) = (pem(&["a.test"]), pem(&["b.test"]));
        let key = |pem: &str| pem[pem.find("-----BEGIN PRIVATE").unwrap()..].to_owned();
        let bare = |pem: &str| pem.replace(&key(pem), "");
        let mut parts = Parts::default();
        assert_eq!(parts.finish().unwrap_err(), Unfinished::Incomplete);
        assert!(!parts.take_pem(b"garbage"));
        assert!(!parts.take_pem(key(&one).as_bytes()));
        assert!(parts.take_pem(bare(&one).as_bytes()));
        assert_eq!(parts.finish().unwrap_err(), Unfinished::Incomplete);
        assert!(!parts.take_key(bare(&one).as_bytes()));
        assert!(parts.take_key(key(&two).as_bytes()));
        assert_eq!(parts.finish().unwrap_err(), Unfinished::Mismatch);
        assert!(parts.take_key(key(&one).as_bytes()));
        assert!(!parts.take_issuer(key(&one).as_bytes()));
        parts.ocsp = Some(b"an answer".to_vec());
        assert_eq!(parts.finish().unwrap_err(), Unfinished::NoIssuer);
        parts.ocsp = None;
        assert!(parts.take_issuer(two.as_bytes()));
        let made = parts.finish().unwrap();
        assert!(made.names.contains(&"a.test".to_owned()));
        let again = Parts::of(&made);
        assert!(again.issuer.is_some());
        assert!(again.finish().is_ok());
        // A PEM file without a key leaves none: the old one is not the new certificate's, nor is the response.
        parts.ocsp = Some(b"an answer".to_vec());
        assert!(parts.take_pem(bare(&one).as_bytes()));
        assert_eq!(parts.finish().unwrap_err(), Unfinished::Incomplete);
        assert_eq!(parts.ocsp, None);
    }
}
