//! What is wrong with a peer's certificate, in OpenSSL's numbers (X509_STORE_CTX_get_error(3ssl)), and which of it does
//! not matter (manual 5.1 `crt-ignore-err`, `ca-ignore-err`).

use rustls::pki_types::CertificateDer;
use rustls::{CertificateError, Error};
use x509_parser::prelude::{FromDer, X509Certificate};

/// What is wrong, and how high in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The first error.
    pub first: u8,
    /// The last one, where a second follows from the first.
    pub last: u8,
    /// 0 is the certificate itself, 1 its issuer.
    pub depth: u8,
}

pub(super) const UNSPECIFIED: u8 = 1;
pub(super) const UNABLE_TO_GET_CRL: u8 = 3;
pub(super) const SIGNATURE: u8 = 7;
pub(super) const NOT_YET: u8 = 9;
pub(super) const EXPIRED: u8 = 10;
pub(super) const CRL_EXPIRED: u8 = 12;
pub(super) const SELF_SIGNED: u8 = 18;
pub(super) const SELF_SIGNED_ABOVE: u8 = 19;
pub(super) const NO_ISSUER: u8 = 20;
pub(super) const UNVERIFIED: u8 = 21;
pub(super) const REVOKED: u8 = 23;
pub(super) const NO_AUTHORITY: u8 = 79;
pub(super) const TOO_LONG: u8 = 25;
pub(super) const PURPOSE: u8 = 26;

impl Verdict {
    /// This error, so high in the chain.
    pub(super) fn at(error: u8, depth: u8) -> Self {
        Self {
            first: error,
            last: error,
            depth,
        }
    }

    /// This error of the certificate itself.
    pub(super) fn of_own(error: u8) -> Self {
        Self::at(error, 0)
    }

    /// Of rustls's error about this chain.
    pub(super) fn new(error: &CertificateError, chain: &[&CertificateDer<'_>]) -> Self {
        let own = Self::of_own;
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => own(EXPIRED),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                own(NOT_YET)
            }
            CertificateError::Revoked => own(REVOKED),
            CertificateError::UnknownRevocationStatus => own(UNABLE_TO_GET_CRL),
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => own(CRL_EXPIRED),
            CertificateError::BadSignature => own(SIGNATURE),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                own(PURPOSE)
            }
            CertificateError::UnknownIssuer => {
                match chain.iter().position(|der| signs_itself(der)) {
                    Some(0) => own(SELF_SIGNED),
                    Some(depth) => {
                        Self::at(SELF_SIGNED_ABOVE, u8::try_from(depth).unwrap_or(u8::MAX))
                    }
                    None => Self {
                        last: UNVERIFIED,
                        ..own(NO_ISSUER)
                    },
                }
            }
            // webpki's word for an authority's own certificate, which is one that nobody else vouches for.
            CertificateError::Other(_) if chain.first().is_some_and(|der| signs_itself(der)) => {
                own(SELF_SIGNED)
            }
            _ => own(UNSPECIFIED),
        }
    }
}

fn signs_itself(der: &CertificateDer<'_>) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, read)| read.issuer() == read.subject())
}

impl Verdict {
    /// As a handshake fails by it.
    pub(super) fn error(self) -> Error {
        Error::InvalidCertificate(match self.first {
            EXPIRED => CertificateError::Expired,
            NOT_YET => CertificateError::NotValidYet,
            REVOKED => CertificateError::Revoked,
            UNABLE_TO_GET_CRL => CertificateError::UnknownRevocationStatus,
            PURPOSE => CertificateError::InvalidPurpose,
            SIGNATURE => CertificateError::BadSignature,
            _ => CertificateError::UnknownIssuer,
        })
    }
}

/// Errors that do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ignored {
    /// `all`.
    pub all: bool,
    /// These numbers.
    pub numbers: Vec<u8>,
}

impl Ignored {
    /// Whether nothing is ignored.
    pub fn is_empty(&self) -> bool {
        !self.all && self.numbers.is_empty()
    }

    /// Whether this error does not matter.
    pub(super) fn has(&self, error: u8) -> bool {
        self.all || self.numbers.contains(&error)
    }
}
