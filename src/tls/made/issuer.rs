//! Who signs certificates that are made (manual 5.1 `ca-sign-file`, `ca-sign-pass`).

use std::path::Path;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::pki_types::{AlgorithmIdentifier, CertificateDer, alg_id};
use rustls::sign::SigningKey;
use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::super::certificate::Unusable;
use super::super::der::{BITS, SEQUENCE, element};
use super::super::{Beside, Certificate};
use super::draft::{Above, draft};
use super::sealed;

/// Bytes of a serial number: with so many of them by chance no two are the same (RFC 5280 4.1.2.2).
const SERIAL: usize = 16;

/// The ways to sign, the first that the key knows. OpenSSL signs with SHA-256 whatever the curve; here it is the curve's own.
const WAYS: [(SignatureScheme, AlgorithmIdentifier); 5] = [
    (SignatureScheme::ECDSA_NISTP256_SHA256, alg_id::ECDSA_SHA256),
    (SignatureScheme::ECDSA_NISTP384_SHA384, alg_id::ECDSA_SHA384),
    (SignatureScheme::ECDSA_NISTP521_SHA512, alg_id::ECDSA_SHA512),
    (SignatureScheme::RSA_PKCS1_SHA256, alg_id::RSA_PKCS1_SHA256),
    (SignatureScheme::ED25519, alg_id::ED25519),
];

/// An authority with its key.
#[derive(Debug)]
pub struct Issuer {
    above: Above,
    key: Arc<dyn SigningKey>,
    chain: Vec<CertificateDer<'static>>,
}

impl Issuer {
    /// Reads a PEM file: the authority's certificate, those above it, and its key, which may be sealed with a passphrase.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(path: &Path, beside: &Beside, pass: Option<&str>) -> Result<Self, Unusable> {
        let read = match (Certificate::read(path, beside), pass) {
            (Err(Unusable::NoKey(name)), Some(pass)) => {
                let sealed = || {
                    let pem = std::fs::read(path).ok()?;
                    let own = sealed::open(&pem, pass);
                    own.or_else(|| {
                        let pem = beside.read(beside.key.as_ref()).ok()??;
                        sealed::open(&pem, pass)
                    })
                };
                let key = sealed().ok_or(Unusable::NoKey(name))?;
                Certificate::with_key(path, &key)
            }
            (read, _) => read,
        }?;
        Self::of(&read).ok_or_else(|| Unusable::NoCertificate(path.display().to_string()))
    }

    /// Of a certificate; nothing if it cannot be read.
    pub(super) fn of(read: &Certificate) -> Option<Self> {
        let served = read.served();
        let (_, own) = X509Certificate::from_der(served.cert.first()?).ok()?;
        let key = own
            .extensions()
            .iter()
            .find_map(|one| match one.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
                _ => None,
            });
        let above = Above {
            subject: own.subject().as_raw().to_vec(),
            issuer: own.issuer().as_raw().to_vec(),
            serial: own.raw_serial().to_vec(),
            key,
        };
        Some(Self {
            above,
            key: served.key.clone(),
            chain: served.cert.clone(),
        })
    }

    /// Its certificate and those above it, which are sent behind what it signs.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Signs a certificate for a name and a key.
    pub(super) fn issue(
        &self,
        name: &str,
        key: &dyn SigningKey,
        now: u64,
    ) -> Option<CertificateDer<'static>> {
        let (signer, way) = WAYS
            .iter()
            .find_map(|(scheme, way)| Some((self.key.choose_scheme(&[*scheme])?, way)))?;
        let algorithm = element(SEQUENCE, &[way.as_ref()]);
        let public = key.public_key()?;
        let mut serial = [0; SERIAL];
        aws_lc_rs::rand::fill(&mut serial).ok()?;
        // Positive, and none shorter than others.
        serial[0] = serial[0] & 0x7f | 0x40;
        let draft = draft(
            &self.above,
            name,
            (&serial, public.as_ref()),
            (&algorithm, now),
        )?;
        let signature = signer.sign(&draft).ok()?;
        let signed = element(
            SEQUENCE,
            &[&draft, &algorithm, &element(BITS, &[&[0], &signature])],
        );
        Some(CertificateDer::from(signed))
    }
}
