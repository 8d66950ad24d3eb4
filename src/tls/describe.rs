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
        assert!(common_name(&der).is_some());
        assert_eq!(key(b"no certificate"), None);
    }
}
