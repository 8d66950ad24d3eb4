//! A certificate with its chain and its key, as read from a PEM file (manual 5.1 `crt`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ocsp::Staple;
use arc_swap::ArcSwap;
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The kind of its key: a client may want one or the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// ECDSA.
    Ecdsa,
    /// RSA.
    Rsa,
    /// Ed25519.
    Ed25519,
}

/// A certificate that can be served.
#[derive(Debug)]
pub struct Certificate {
    /// Chain, key and stapled answer, ready to be used.
    served: ArcSwap<CertifiedKey>,
    /// The names it is for, lower-case: its common name and its alternative DNS names.
    pub names: Vec<String>,
    /// What its key is.
    pub algorithm: Algorithm,
    /// The certificate itself, DER.
    pub leaf: Arc<[u8]>,
    /// Its issuer's certificate where the chain has none (`<file>.issuer`).
    pub issuer: Option<CertificateDer<'static>>,
    /// What it has of OCSP.
    pub staple: Staple,
}

/// Why a file gives no certificate.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unusable {
    /// The file cannot be read.
    #[error("unable to stat SSL certificate from file '{0}' : {1}")]
    Unreadable(String, String),
    /// There is no certificate in it.
    #[error("unable to load certificate from file '{0}'")]
    NoCertificate(String),
    /// Neither it nor the file beside it holds a key.
    #[error("No Private Key found in '{0}' or '{0}.key'")]
    NoKey(String),
    /// The key is of no known kind, or broken.
    #[error("unable to load private key from file '{0}': {1}")]
    BadKey(String, String),
    /// Key and certificate are not a pair.
    #[error("inconsistencies between private key and certificate loaded '{0}'")]
    Mismatch(String),
    /// `<file>.issuer` is no certificate.
    #[error("'{0}' cannot be read or parsed'")]
    BadIssuer(String),
    /// `<file>.issuer` has not issued it.
    #[error(" '{0}' is not an issuer'")]
    NotIssuer(String),
    /// There is a file with a response, but nobody knows who has issued the certificate.
    #[error(
        " '{0}' is present and activates OCSP but it is impossible to compute the OCSP certificate ID (maybe the issuer could not be found)'"
    )]
    NoOcspId(String),
}

/// Which files beside a certificate's are read too (manual 3.1 `ssl-load-extra-files`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extras {
    /// `bundle`: `<file>.rsa` and `<file>.ecdsa` stand for `<file>`.
    pub bundle: bool,
    /// `<file>.key`.
    pub key: bool,
    /// `<file>.issuer`.
    pub issuer: bool,
    /// `<file>.ocsp`.
    pub ocsp: bool,
    /// `ssl-load-extra-del-ext`: their endings come instead of the file's own.
    pub instead: bool,
}

impl Default for Extras {
    fn default() -> Self {
        Self {
            bundle: true,
            key: true,
            issuer: true,
            ocsp: true,
            instead: false,
        }
    }
}

/// Where the files beside a certificate's own are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Its key, if its own file has none.
    pub key: Option<PathBuf>,
    /// Its issuer's certificate.
    pub issuer: Option<PathBuf>,
    /// Its OCSP response.
    pub ocsp: Option<PathBuf>,
    /// They were named: one that is not there is missed.
    pub named: bool,
}

impl Extras {
    /// Where files beside this one would be.
    pub fn beside(self, path: &Path) -> Beside {
        let replaced = match self.instead {
            true => path.with_extension(""),
            false => path.to_owned(),
        };
        let file = |wanted: bool, ending: &str| {
            wanted.then(|| {
                let mut name = replaced.as_os_str().to_owned();
                name.push(".");
                name.push(ending);
                PathBuf::from(name)
            })
        };
        Beside {
            key: file(self.key, "key"),
            issuer: file(self.issuer, "issuer"),
            ocsp: file(self.ocsp, "ocsp"),
            named: false,
        }
    }
}

impl Beside {
    /// What is in one of its files, if it is there or has to be.
    pub(super) fn read(&self, path: Option<&PathBuf>) -> Result<Option<Vec<u8>>, Unusable> {
        let Some(path) = path else {
            return Ok(None);
        };
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if self.named => Err(unreadable(&path.display().to_string(), &error)),
            Err(_) => Ok(None),
        }
    }
}

impl Certificate {
    /// Reads a PEM file: the certificate, those above it, and the key, or the key from the file beside it.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(path: &Path, beside: &Beside) -> Result<Self, Unusable> {
        let name = path.display().to_string();
        let pem = std::fs::read(path).map_err(|error| unreadable(&name, &error))?;
        let chain = chain_of(&pem, &name)?;
        let key = match PrivateKeyDer::from_pem_slice(&pem) {
            Ok(key) => key,
            Err(_) => beside
                .read(beside.key.as_ref())?
                .and_then(|pem| PrivateKeyDer::from_pem_slice(&pem).ok())
                .ok_or_else(|| Unusable::NoKey(name.clone()))?,
        };
        Self::new(path, chain, &key)
    }

    /// Of the certificates of a PEM file, and a key from elsewhere.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub(super) fn with_key(path: &Path, key: &PrivateKeyDer<'static>) -> Result<Self, Unusable> {
        let name = path.display().to_string();
        let pem = std::fs::read(path).map_err(|error| unreadable(&name, &error))?;
        Self::new(path, chain_of(&pem, &name)?, key)
    }

    /// Of a chain and a key.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub fn new(
        path: &Path,
        mut chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'static>,
    ) -> Result<Self, Unusable> {
        let name = path.display().to_string();
        let bad = |error: rustls::Error| Unusable::BadKey(name.clone(), error.to_string());
        let signing = any_supported_type(key).map_err(bad)?;
        // The key may stand with the chain in any order: the one it fits is the certificate.
        let at = match chain.iter().position(|leaf| fits(leaf, &*signing)) {
            Some(at) => at,
            None if chain.is_empty() => return Err(Unusable::NoCertificate(name)),
            None => return Err(Unusable::Mismatch(name)),
        };
        chain.swap(0, at);
        Ok(Self::ready(CertifiedKey::new(chain, signing), None))
    }

    /// Of a chain and the key that fits its first certificate.
    pub(super) fn ready(served: CertifiedKey, issuer: Option<CertificateDer<'static>>) -> Self {
        let leaf = served.cert.first();
        Self {
            names: leaf.map(names_of).unwrap_or_default(),
            algorithm: match served.key.algorithm() {
                rustls::SignatureAlgorithm::RSA => Algorithm::Rsa,
                rustls::SignatureAlgorithm::ED25519 => Algorithm::Ed25519,
                _ => Algorithm::Ecdsa,
            },
            leaf: leaf.map_or(&b""[..], |leaf| leaf.as_ref()).into(),
            issuer,
            staple: Staple::default(),
            served: ArcSwap::from_pointee(served),
        }
    }

    /// Chain, key and stapled answer as handshakes take them now.
    pub fn served(&self) -> Arc<CertifiedKey> {
        self.expire();
        self.served.load_full()
    }

    /// Changes what handshakes take from the next one on.
    pub(super) fn swap(&self, change: impl Fn(&mut CertifiedKey)) {
        self.served.rcu(|now| {
            let mut next = (**now).clone();
            change(&mut next);
            next
        });
    }

    /// Whether it can sign in one of these ways.
    pub fn signs(&self, schemes: &[SignatureScheme]) -> bool {
        self.served.load().key.choose_scheme(schemes).is_some()
    }
}

/// The certificates of a PEM file.
fn chain_of(pem: &[u8], name: &str) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|_| Unusable::NoCertificate(name.to_owned()))
}

/// Whether a key is a certificate's; of version 1, too, which rustls does not read.
pub(super) fn fits(leaf: &CertificateDer<'_>, key: &dyn SigningKey) -> bool {
    let own = X509Certificate::from_der(leaf).ok();
    let own = own.as_ref().map(|(_, read)| read.public_key().raw);
    let public = key.public_key();
    own.is_some() && own == public.as_ref().map(|key| key.as_ref())
}

fn unreadable(name: &str, error: &std::io::Error) -> Unusable {
    let why = match error.kind() {
        std::io::ErrorKind::NotFound => "No such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "Permission denied".to_owned(),
        _ => error.to_string(),
    };
    Unusable::Unreadable(name.to_owned(), why)
}

/// Common name and alternative names, lower-case, each once.
fn names_of(leaf: &CertificateDer<'static>) -> Vec<String> {
    let Ok((_, leaf)) = X509Certificate::from_der(leaf) else {
        return Vec::new();
    };
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        let name = name.to_ascii_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    };
    if let Ok(Some(alternative)) = leaf.subject_alternative_name() {
        for name in &alternative.value.general_names {
            if let GeneralName::DNSName(name) = name {
                add(name);
            }
        }
    }
    for common in leaf.subject().iter_common_name() {
        if let Ok(name) = common.as_str() {
            add(name);
        }
    }
    names
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file with a certificate for these names and its key; RSA keys are too slow to make in tests.
    pub fn pem(names: &[&str]) -> String {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        made.cert.pem() + &made.signing_key.serialize_pem()
    }

    #[test]
    fn a_file_holds_certificate_and_key_in_either_order_or_the_key_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["A.test".to_owned()]).unwrap();
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("one"), cert.clone() + &key).unwrap();
        std::fs::write(at("two"), key.clone() + &cert).unwrap();
        std::fs::write(at("three"), &cert).unwrap();
        std::fs::write(at("three.key"), &key).unwrap();
        for name in ["one", "two", "three"] {
            let read = Certificate::read(&at(name), &Extras::default().beside(&at(name))).unwrap();
            assert!(
                read.names.contains(&"a.test".to_owned()),
                "{:?}",
                read.names
            );
            assert_eq!(read.algorithm, Algorithm::Ecdsa);
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let (one, two) = (pem(&["a.test"]), pem(&["b.test"]));
        let key = |pem: &str| pem.find("-----BEGIN PRIVATE").unwrap();
        std::fs::write(at("no-key"), &one[..key(&one)]).unwrap();
        std::fs::write(at("no-cert"), &one[key(&one)..]).unwrap();
        std::fs::write(at("mixed"), one[..key(&one)].to_owned() + &two[key(&two)..]).unwrap();
        let told = |name: &str| {
            Certificate::read(&at(name), &Extras::default().beside(&at(name)))
                .unwrap_err()
                .to_string()
        };
        assert!(told("none").contains("No such file"), "{}", told("none"));
        assert!(told("no-key").contains("No Private Key"));
        assert!(told("no-cert").contains("unable to load certificate"));
        assert!(told("mixed").contains("inconsistencies"));
    }
}
