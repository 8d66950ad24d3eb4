//! Whether a response is the authority's (RFC 6960 4.2.2.2): signed by the issuer, or by a certificate that the issuer made
//! for that.

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::SignatureVerificationAlgorithm;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::der::{Der, OCTETS};
use super::id::has_issued;
use super::response::Parts;
use super::{Response, SKEW};

/// Why a response is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// Neither the issuer nor one whom it has allowed to has signed it.
    #[error("no certificate of the responder is known that the issuer stands for")]
    Stranger,
    /// The signature is wrong, or of an unknown kind.
    #[error("the signature of the response is wrong")]
    Signature,
}

impl Response {
    /// Whether the issuer stands for it, at this time.
    ///
    /// # Errors
    /// Why not.
    pub fn verified(&self, issuer: &[u8], now: u64) -> Result<(), Unverified> {
        let parts = Parts::read(&self.der).map_err(|_| Unverified::Signature)?;
        let (_, issuer) = X509Certificate::from_der(issuer).map_err(|_| Unverified::Stranger)?;
        let signed = |by: &X509Certificate<'_>| {
            let key = (
                by.public_key().raw,
                &*by.public_key().subject_public_key.data,
            );
            is_signed(parts.signed, parts.algorithm, parts.signature, key)
        };
        if is(&parts, &issuer) {
            return match signed(&issuer) {
                true => Ok(()),
                false => Err(Unverified::Signature),
            };
        }
        for der in &parts.certificates {
            let Ok((_, one)) = X509Certificate::from_der(der) else {
                continue;
            };
            if is(&parts, &one) && is_allowed(&one, &issuer, now) {
                return match signed(&one) {
                    true => Ok(()),
                    false => Err(Unverified::Signature),
                };
            }
        }
        Err(Unverified::Stranger)
    }
}

/// Whether the response says that it is this one's.
fn is(parts: &Parts<'_>, one: &X509Certificate<'_>) -> bool {
    match parts.by {
        (0xa1, name) => one.subject().as_raw() == name,
        (0xa2, key) => {
            let own = &one.public_key().subject_public_key.data;
            let digest =
                ::aws_lc_rs::digest::digest(&::aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, own);
            Der(key).take(OCTETS) == Some(digest.as_ref())
        }
        _ => false,
    }
}

/// Whether the issuer has made this certificate for signing responses.
fn is_allowed(one: &X509Certificate<'_>, issuer: &X509Certificate<'_>, now: u64) -> bool {
    let usage = one.extended_key_usage().ok().flatten();
    let (from, to) = (
        one.validity().not_before.timestamp(),
        one.validity().not_after.timestamp(),
    );
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let skew = SKEW as i64;
    let key = (
        issuer.public_key().raw,
        &*issuer.public_key().subject_public_key.data,
    );
    usage.is_some_and(|usage| usage.value.ocsp_signing)
        && from <= now + skew
        && now <= to + skew
        && has_issued(issuer, one)
        && algorithm(one.as_raw()).is_some_and(|of| {
            is_signed(
                one.tbs_certificate.as_ref(),
                of,
                &one.signature_value.data,
                key,
            )
        })
}

/// The algorithm's identifier of a certificate's signature, without its tag.
fn algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let mut fields = Der(certificate).enter(super::super::der::SEQUENCE)?;
    fields.element()?;
    fields.take(super::super::der::SEQUENCE)
}

/// Whether this signature by this algorithm is that of the key: its SubjectPublicKeyInfo, and the key in there.
fn is_signed(message: &[u8], by: &[u8], signature: &[u8], key: (&[u8], &[u8])) -> bool {
    let Some(kind) = Der(key.0)
        .enter(super::super::der::SEQUENCE)
        .and_then(|mut info| info.take(super::super::der::SEQUENCE))
    else {
        return false;
    };
    let known = aws_lc_rs::default_provider().signature_verification_algorithms;
    let fits = |one: &&&dyn SignatureVerificationAlgorithm| {
        one.signature_alg_id().as_ref() == by && one.public_key_alg_id().as_ref() == kind
    };
    let mut fitting = known.all.iter().filter(fits);
    fitting.any(|one| one.verify_signature(key.1, message, signature).is_ok())
}
