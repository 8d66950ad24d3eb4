//! A question about a certificate (RFC 6960 4.1), and whom to ask.

use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::OID_PKIX_ACCESS_DESCRIPTOR_OCSP;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::der::{SEQUENCE, element};
use super::Id;

/// The question, in DER. Without a nonce: responders give out what they have prepared.
pub fn request(id: &Id) -> Vec<u8> {
    let one = element(SEQUENCE, &[&id.der()]);
    let list = element(SEQUENCE, &[&one]);
    let asked = element(SEQUENCE, &[&list]);
    element(SEQUENCE, &[&asked])
}

/// Where a certificate says that it can be asked about: the first such address.
pub fn responder(leaf: &[u8]) -> Option<String> {
    let (_, leaf) = X509Certificate::from_der(leaf).ok()?;
    let mut all = leaf.iter_extensions();
    all.find_map(|one| match one.parsed_extension() {
        ParsedExtension::AuthorityInfoAccess(access) => {
            access.iter().find_map(|one| match &one.access_location {
                GeneralName::URI(uri) if one.access_method == OID_PKIX_ACCESS_DESCRIPTOR_OCSP => {
                    Some((*uri).to_owned())
                }
                _ => None,
            })
        }
        _ => None,
    })
}
