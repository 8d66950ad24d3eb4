//! What a certificate says of itself, in OpenSSL's words.

use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

/// The first common name of its subject, as it stands there.
pub fn common_name(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    Some(name.as_slice().to_vec())
}

/// The kind and size of its key: `RSA2048`, `EC256`.
pub fn key(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    match certificate.public_key().parsed().ok()? {
        PublicKey::RSA(key) => Some(format!("RSA{}", key.key_size())),
        // Points are in whole bytes; of the curves in use only P-521 does not fill them.
        PublicKey::EC(point) => match point.key_size() {
            528 => Some("EC521".into()),
            bits => Some(format!("EC{bits}")),
        },
        _ => None,
    }
}

/// OpenSSL's short names of the algorithms that certificates are signed with, by their object identifiers (RFC 3279 2.2, RFC 4055
/// 5, RFC 5758 3.2, RFC 8410 3).
const SIGNATURES: [(&str, &str); 13] = [
    ("1.2.840.113549.1.1.4", "RSA-MD5"),
    ("1.2.840.113549.1.1.5", "RSA-SHA1"),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS"),
    ("1.2.840.113549.1.1.11", "RSA-SHA256"),
    ("1.2.840.113549.1.1.12", "RSA-SHA384"),
    ("1.2.840.113549.1.1.13", "RSA-SHA512"),
    ("1.2.840.113549.1.1.14", "RSA-SHA224"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
    ("1.3.101.112", "ED25519"),
    ("1.3.101.113", "ED448"),
];

/// How it is signed: `RSA-SHA256`.
pub fn signature(der: &[u8]) -> Option<&'static str> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let id = certificate.signature_algorithm.algorithm.to_id_string();
    let known = SIGNATURES.iter().find(|(known, _)| *known == id);
    known.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::super::certificate::tests::pem;
    use super::*;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    #[test]
    fn of_a_certificate_that_was_just_made() {
        let der = CertificateDer::from_pem_slice(pem(&["a.example"]).as_bytes()).unwrap();
        assert_eq!(key(&der).as_deref(), Some("EC256"));
        assert_eq!(signature(&der), Some("ecdsa-with-SHA256"));
        assert!(common_name(&der).is_some());
        assert_eq!(key(b"no certificate"), None);
    }
}
