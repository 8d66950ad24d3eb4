//! Public keys of signatures (`jwt_verify`): read from PEM files at load, out of certificates too.

use std::path::Path;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::codec;

/// A public key, RSA or elliptic curve, in DER.
#[derive(Debug)]
pub struct PublicKey(Box<[u8]>);

/// The names of algorithms that verify with a public key (RFC 7518 3.1), and what they are.
const ALGORITHMS: [(&str, &dyn VerificationAlgorithm); 9] = [
    ("ES256", &signature::ECDSA_P256_SHA256_FIXED),
    ("ES384", &signature::ECDSA_P384_SHA384_FIXED),
    ("ES512", &signature::ECDSA_P521_SHA512_FIXED),
    ("PS256", &signature::RSA_PSS_2048_8192_SHA256),
    ("PS384", &signature::RSA_PSS_2048_8192_SHA384),
    ("PS512", &signature::RSA_PSS_2048_8192_SHA512),
    ("RS256", &signature::RSA_PKCS1_2048_8192_SHA256),
    ("RS384", &signature::RSA_PKCS1_2048_8192_SHA384),
    ("RS512", &signature::RSA_PKCS1_2048_8192_SHA512),
];

/// Whether this algorithm takes a public key.
pub fn takes_public_key(algorithm: &[u8]) -> bool {
    ALGORITHMS
        .iter()
        .any(|(name, _)| name.as_bytes() == algorithm)
}

impl PublicKey {
    /// Reads the first public key or certificate of a PEM file.
    ///
    /// # Errors
    /// It cannot be read, or has neither in it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text =
            std::fs::read(path).map_err(|error| format!("cannot read '{shown}': {error}"))?;
        let key = pem(&text).and_then(|(label, der)| match label {
            b"PUBLIC KEY" | b"RSA PUBLIC KEY" => Some(der),
            b"CERTIFICATE" => certified(&der).map(<[u8]>::to_vec),
            _ => None,
        });
        let key = key.ok_or_else(|| format!("no public key and no certificate in '{shown}'"))?;
        Ok(Self(key.into_boxed_slice()))
    }

    /// Whether the signature over the text is right, by the algorithm of this name.
    pub fn verifies(&self, algorithm: &[u8], text: &[u8], signature: &[u8]) -> bool {
        let known = ALGORITHMS
            .iter()
            .find(|(name, _)| name.as_bytes() == algorithm);
        known.is_some_and(|(_, algorithm)| {
            let key = UnparsedPublicKey::new(*algorithm, &self.0);
            key.verify(text, signature).is_ok()
        })
    }
}

/// The first block of a PEM file (RFC 7468): its label and its bytes.
fn pem(text: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let text = text.get(memchr::memmem::find(text, BEGIN)? + BEGIN.len()..)?;
    let (label, text) = text.split_at_checked(memchr::memmem::find(text, b"-----")?)?;
    let text = text.get(5..)?;
    let body = text.get(..memchr::memmem::find(text, b"-----END ")?)?;
    let body: Vec<u8> = body
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    Some((label, codec::decode_base64(&body)?))
}

/// An element of DER (X.690 8.1): its tag, all of it, its contents, what follows.
type Element<'b> = (u8, &'b [u8], &'b [u8], &'b [u8]);

fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let (&[tag, first], rest) = bytes.split_first_chunk::<2>()?;
    let (len, head) = match first {
        0..=0x7f => (usize::from(first), 2),
        0x81..=0x84 => {
            let digits = rest.get(..usize::from(first & 15))?;
            let len = digits.iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
            (len, 2 + digits.len())
        }
        _ => return None,
    };
    let end = head.checked_add(len)?;
    Some((
        tag,
        bytes.get(..end)?,
        bytes.get(head..end)?,
        bytes.get(end..)?,
    ))
}

/// The key of a certificate (RFC 5280 4.1): behind version, serial number, algorithm, issuer, validity and
/// subject.
fn certified(certificate: &[u8]) -> Option<&[u8]> {
    let (_, _, inside, _) = element(certificate)?;
    let (_, _, mut fields, _) = element(inside)?;
    if let (0xa0, _, _, rest) = element(fields)? {
        fields = rest;
    }
    for _ in 0..5 {
        fields = element(fields)?.3;
    }
    element(fields).map(|(_, key, _, _)| key)
}
