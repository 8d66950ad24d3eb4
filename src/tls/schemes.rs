//! Signature algorithms in OpenSSL's words (manual 5.1 `sigalgs`, `client-sigalgs`): IANA's names, or a kind of key and a
//! digest with `+` between them.

use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use super::agree::Reading;

/// Names, the other way to write them, and what of them is spoken.
const SCHEMES: &[(&str, &str, Option<SignatureScheme>)] = &[
    (
        "ecdsa_secp256r1_sha256",
        "ECDSA+SHA256",
        Some(SignatureScheme::ECDSA_NISTP256_SHA256),
    ),
    (
        "ecdsa_secp384r1_sha384",
        "ECDSA+SHA384",
        Some(SignatureScheme::ECDSA_NISTP384_SHA384),
    ),
    (
        "ecdsa_secp521r1_sha512",
        "ECDSA+SHA512",
        Some(SignatureScheme::ECDSA_NISTP521_SHA512),
    ),
    ("ed25519", "ed25519", Some(SignatureScheme::ED25519)),
    ("ed448", "ed448", None),
    (
        "rsa_pss_rsae_sha256",
        "RSA-PSS+SHA256",
        Some(SignatureScheme::RSA_PSS_SHA256),
    ),
    (
        "rsa_pss_rsae_sha384",
        "RSA-PSS+SHA384",
        Some(SignatureScheme::RSA_PSS_SHA384),
    ),
    (
        "rsa_pss_rsae_sha512",
        "RSA-PSS+SHA512",
        Some(SignatureScheme::RSA_PSS_SHA512),
    ),
    ("rsa_pss_pss_sha256", "PSS+SHA256", None),
    ("rsa_pss_pss_sha384", "PSS+SHA384", None),
    ("rsa_pss_pss_sha512", "PSS+SHA512", None),
    (
        "rsa_pkcs1_sha256",
        "RSA+SHA256",
        Some(SignatureScheme::RSA_PKCS1_SHA256),
    ),
    (
        "rsa_pkcs1_sha384",
        "RSA+SHA384",
        Some(SignatureScheme::RSA_PKCS1_SHA384),
    ),
    (
        "rsa_pkcs1_sha512",
        "RSA+SHA512",
        Some(SignatureScheme::RSA_PKCS1_SHA512),
    ),
    ("mldsa44", "mldsa44", Some(SignatureScheme::ML_DSA_44)),
    ("mldsa65", "mldsa65", Some(SignatureScheme::ML_DSA_65)),
    ("mldsa87", "mldsa87", Some(SignatureScheme::ML_DSA_87)),
    ("ecdsa_sha1", "ECDSA+SHA1", None),
    ("ecdsa_sha224", "ECDSA+SHA224", None),
    ("rsa_pkcs1_sha1", "RSA+SHA1", None),
    ("rsa_pkcs1_sha224", "RSA+SHA224", None),
    ("dsa_sha1", "DSA+SHA1", None),
    ("dsa_sha224", "DSA+SHA224", None),
    ("dsa_sha256", "DSA+SHA256", None),
    ("dsa_sha384", "DSA+SHA384", None),
    ("dsa_sha512", "DSA+SHA512", None),
];

type Entry = &'static (&'static str, &'static str, Option<SignatureScheme>);

fn entries(list: &str) -> impl Iterator<Item = (&str, Option<Entry>)> {
    list.split(':').map(|name| {
        // Since OpenSSL 3.3 a mark says that a name may be unknown.
        let bare = name.strip_prefix('?').unwrap_or(name);
        let found = SCHEMES
            .iter()
            .find(|(iana, pair, _)| bare == *iana || bare == *pair);
        (name, found)
    })
}

/// Reads a list. `None` where OpenSSL refuses it.
pub fn read(list: &str) -> Option<Reading> {
    let mut reading = Reading::default();
    for (name, entry) in entries(list) {
        match entry {
            Some((.., Some(_))) => reading.left = true,
            Some(_) => reading.unspoken.push(name.to_owned()),
            None if name.starts_with('?') => {}
            None => return None,
        }
    }
    Some(reading)
}

/// The algorithms that a list leaves, in its order. `None`: all.
pub(super) fn chosen(list: Option<&str>) -> Option<Arc<[SignatureScheme]>> {
    let schemes = entries(list?).filter_map(|(_, entry)| entry.and_then(|(.., scheme)| *scheme));
    let schemes: Vec<SignatureScheme> = schemes.collect();
    (!schemes.is_empty()).then(|| schemes.into())
}

/// A key that signs with some of its algorithms only; our order counts.
#[derive(Debug)]
struct Restricted {
    key: Arc<dyn SigningKey>,
    schemes: Arc<[SignatureScheme]>,
}

impl SigningKey for Restricted {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let both = self
            .schemes
            .iter()
            .filter(|scheme| offered.contains(scheme));
        both.filter_map(|scheme| self.key.choose_scheme(&[*scheme]))
            .next()
    }

    fn public_key(&self) -> Option<rustls::pki_types::SubjectPublicKeyInfoDer<'_>> {
        self.key.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

fn restricted(key: &CertifiedKey, schemes: &Arc<[SignatureScheme]>) -> CertifiedKey {
    CertifiedKey {
        cert: key.cert.clone(),
        key: Arc::new(Restricted {
            key: key.key.clone(),
            schemes: schemes.clone(),
        }),
        ocsp: key.ocsp.clone(),
    }
}

/// A source of certificates whose keys sign with some algorithms only (`sigalgs`, and `client-sigalgs` on a `server` line).
#[derive(Debug)]
struct Signing<T> {
    inner: T,
    schemes: Arc<[SignatureScheme]>,
}

impl ResolvesServerCert for Signing<Arc<dyn ResolvesServerCert>> {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let key = self.inner.resolve(hello)?;
        Some(Arc::new(restricted(&key, &self.schemes)))
    }
}

impl ResolvesClientCert for Signing<Arc<dyn ResolvesClientCert>> {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let key = self.inner.resolve(hints, schemes)?;
        Some(Arc::new(restricted(&key, &self.schemes)))
    }

    fn has_certs(&self) -> bool {
        self.inner.has_certs()
    }
}

/// Lets a listener's certificates be used with a list's algorithms only.
pub(super) fn of_server(
    inner: Arc<dyn ResolvesServerCert>,
    list: Option<&str>,
) -> Arc<dyn ResolvesServerCert> {
    match chosen(list) {
        Some(schemes) => Arc::new(Signing { inner, schemes }),
        None => inner,
    }
}

/// The same for the certificate that servers are shown.
pub(super) fn of_client(
    inner: Arc<dyn ResolvesClientCert>,
    list: Option<&str>,
) -> Arc<dyn ResolvesClientCert> {
    match chosen(list) {
        Some(schemes) => Arc::new(Signing { inner, schemes }),
        None => inner,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_in_either_spelling() {
        let two = [
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::ECDSA_NISTP256_SHA256,
        ];
        for list in [
            "RSA-PSS+SHA256:ECDSA+SHA256",
            "rsa_pss_rsae_sha256:RSA+SHA1:ecdsa_secp256r1_sha256",
        ] {
            assert_eq!(&*chosen(Some(list)).unwrap(), two, "{list}");
        }
        assert_eq!(read("RSA+SHA1").unwrap().unspoken, ["RSA+SHA1"]);
        assert!(!read("RSA+SHA1").unwrap().left);
        assert!(chosen(Some("RSA+SHA1")).is_none());
        assert!(read("RSA+SHA256:bogus").is_none() && read("").is_none());
        assert!(read("RSA+SHA256:?bogus").unwrap().left);
    }

    #[test]
    fn a_key_signs_with_what_is_left() {
        let made = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
        let key =
            rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).unwrap();
        let offered = [
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
        ];
        for (list, signs) in [("ECDSA+SHA256", true), ("RSA+SHA256", false)] {
            let schemes = chosen(Some(list)).unwrap();
            let key = Restricted {
                key: key.clone(),
                schemes,
            };
            assert_eq!(key.choose_scheme(&offered).is_some(), signs, "{list}");
        }
    }
}
