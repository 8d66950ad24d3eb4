//! The name that an authority and OCSP have for a certificate (RFC 6960 4.1.1 `CertID`).

use aws_lc_rs::digest;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::der::{Der, INTEGER, NULL, OCTETS, OID, SEQUENCE, element};

/// The OID of SHA-1.
pub(super) const SHA1: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1a];

/// A certificate's id: digests of its issuer's name and key, and its serial number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// The OID of the digest.
    hash: Vec<u8>,
    /// Of the issuer's name.
    pub name: Vec<u8>,
    /// Of the issuer's key.
    pub key: Vec<u8>,
    /// The serial number, as DER has it.
    pub serial: Vec<u8>,
}

impl Id {
    /// Of this certificate from this issuer.
    pub fn new(own: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> Self {
        let sha1 = |bytes: &[u8]| {
            let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
            digest.as_ref().to_vec()
        };
        Self {
            hash: SHA1.to_vec(),
            name: sha1(own.issuer().as_raw()),
            key: sha1(&issuer.public_key().subject_public_key.data),
            serial: own.raw_serial().to_vec(),
        }
    }

    /// Of a chain: the certificate, and those above it, one of which has issued it; else `issuer` has.
    pub fn of(chain: &[impl AsRef<[u8]>], issuer: Option<&[u8]>) -> Option<Self> {
        let (own, above) = chain.split_first()?;
        let (_, own) = X509Certificate::from_der(own.as_ref()).ok()?;
        let above = above.iter().map(AsRef::as_ref).chain(issuer);
        let mut read = above.filter_map(|der| X509Certificate::from_der(der).ok());
        let (_, issuer) = read.find(|(_, issuer)| has_issued(issuer, &own))?;
        Some(Self::new(&own, &issuer))
    }

    /// Reads one; the rest of `der` stays.
    pub(super) fn read(der: &mut Der<'_>) -> Option<Self> {
        let mut fields = der.enter(SEQUENCE)?;
        let hash = fields.enter(SEQUENCE)?.take(OID)?.to_vec();
        Some(Self {
            hash,
            name: fields.take(OCTETS)?.to_vec(),
            key: fields.take(OCTETS)?.to_vec(),
            serial: fields.take(INTEGER)?.to_vec(),
        })
    }

    /// In DER.
    pub fn der(&self) -> Vec<u8> {
        let hash = element(OID, &[&self.hash]);
        let hash = element(SEQUENCE, &[&hash, &element(NULL, &[])]);
        let parts = [
            hash,
            element(OCTETS, &[&self.name]),
            element(OCTETS, &[&self.key]),
            element(INTEGER, &[&self.serial]),
        ];
        element(SEQUENCE, &parts.each_ref().map(Vec::as_slice))
    }

    /// Its digest's name.
    pub(super) fn hash_name(&self) -> &'static str {
        match &self.hash[..] {
            SHA1 => "sha1",
            [.., 4, 2, 1] => "sha256",
            [.., 4, 2, 2] => "sha384",
            [.., 4, 2, 3] => "sha512",
            _ => "UNDEF",
        }
    }
}

/// Whether a certificate says that this one has issued it: names agree, and keys where they are named.
pub fn has_issued(issuer: &X509Certificate<'_>, own: &X509Certificate<'_>) -> bool {
    use x509_parser::extensions::ParsedExtension;
    let named = own
        .iter_extensions()
        .find_map(|one| match one.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                id.key_identifier.as_ref().map(|id| id.0)
            }
            _ => None,
        });
    let known = issuer
        .iter_extensions()
        .find_map(|one| match one.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0),
            _ => None,
        });
    let keys = match (named, known) {
        (Some(named), Some(known)) => named == known,
        _ => true,
    };
    keys && own.issuer().as_raw() == issuer.subject().as_raw()
}
