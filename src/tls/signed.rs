//! Signatures of handshakes: which algorithms a peer may use (manual 5.1 `sigalgs`, `client-sigalgs`), and keys from
//! certificates of X.509 version 1, which webpki does not read and OpenSSL does.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};
use x509_parser::asn1_rs::Any;
use x509_parser::prelude::{FromDer, X509Certificate, X509Version};

/// What peers may sign handshakes with.
#[derive(Debug)]
pub(super) struct Signed {
    pub provider: Arc<CryptoProvider>,
    /// `None`: all that is spoken.
    pub accepted: Option<Arc<[SignatureScheme]>>,
}

impl Signed {
    /// What a peer is told of.
    pub fn schemes(&self) -> Vec<SignatureScheme> {
        let all = self
            .provider
            .signature_verification_algorithms
            .supported_schemes();
        match &self.accepted {
            Some(list) => list
                .iter()
                .copied()
                .filter(|scheme| all.contains(scheme))
                .collect(),
            None => all,
        }
    }

    fn allows(&self, scheme: SignatureScheme) -> Result<(), Error> {
        match &self.accepted {
            Some(list) if !list.contains(&scheme) => {
                Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into())
            }
            _ => Ok(()),
        }
    }

    /// Of TLS 1.2.
    pub fn of_tls12(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.allows(dss.scheme)?;
        let algorithms = &self.provider.signature_verification_algorithms;
        let Some(key) = key_of_version_1(cert) else {
            return verify_tls12_signature(message, cert, dss, algorithms);
        };
        let mapped = algorithms
            .mapping
            .iter()
            .find(|(scheme, _)| *scheme == dss.scheme);
        let candidates = mapped.map_or(&[][..], |(_, candidates)| candidates);
        let good = candidates
            .iter()
            .any(|one| verifies(*one, &key, message, dss.signature()));
        match good {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(CertificateError::BadSignature.into()),
        }
    }

    /// Of TLS 1.3.
    pub fn of_tls13(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.allows(dss.scheme)?;
        let algorithms = &self.provider.signature_verification_algorithms;
        match key_of_version_1(cert) {
            None => verify_tls13_signature(message, cert, dss, algorithms),
            Some(key) => verify_tls13_signature_with_raw_key(
                message,
                &SubjectPublicKeyInfoDer::from(key),
                dss,
                algorithms,
            ),
        }
    }
}

/// Whether this is the signature of a message by a key, under this algorithm.
pub(super) fn verifies(
    algorithm: &dyn rustls::pki_types::SignatureVerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let fits = |key: &[u8]| {
        let (_, whole) = Any::from_der(key).ok()?;
        let (_, kind) = Any::from_der(whole.data).ok()?;
        let (_, read) = x509_parser::x509::SubjectPublicKeyInfo::from_der(key).ok()?;
        let same = kind.data == algorithm.public_key_alg_id().as_ref();
        let bits = &read.subject_public_key.data;
        (same && algorithm.verify_signature(bits, message, signature).is_ok()).then_some(())
    };
    fits(key).is_some()
}

/// The public key (SubjectPublicKeyInfo, DER) of a certificate of version 1.
fn key_of_version_1(cert: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, read) = X509Certificate::from_der(cert).ok()?;
    (read.version() == X509Version::V1).then(|| read.public_key().raw.to_vec())
}
