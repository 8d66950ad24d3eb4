//! Keys that are sealed with a passphrase: PBES2 of PBKDF2 and AES-CBC, which OpenSSL writes (RFC 8018, RFC 5958 3).

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::pbkdf2;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::super::der::{Der, INTEGER, OCTETS, OID, SEQUENCE};

/// More rounds would hold up the start without end.
const MOST_ROUNDS: u32 = 10_000_000;

const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// What HMACs have in common (RFC 8018 B.1.2); the last byte tells which.
const HMAC: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02];
/// What modes of AES have in common; the last byte tells which.
const AES: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01];

/// The key of a PEM file, opened with its passphrase. Nothing where there is none, the passphrase is another, or it is
/// sealed in another way.
pub(super) fn open(pem: &[u8], pass: &str) -> Option<PrivateKeyDer<'static>> {
    let text = std::str::from_utf8(pem).ok()?;
    // Readers of PEM pass over what is sealed; its contents are DER as any other's.
    let text = text.replace("ENCRYPTED PRIVATE KEY", "PRIVATE KEY");
    let sealed = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).ok()?;
    let opened = unseal(sealed.secret_pkcs8_der(), pass.as_bytes())?;
    Some(PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(opened)))
}

fn unseal(sealed: &[u8], pass: &[u8]) -> Option<Vec<u8>> {
    let mut info = Der(sealed).enter(SEQUENCE)?;
    let mut way = info.enter(SEQUENCE)?;
    let mut contents = info.take(OCTETS)?.to_vec();
    if way.take(OID)? != PBES2 {
        return None;
    }
    let mut ways = way.enter(SEQUENCE)?;
    let (mut derived, mut cipher) = (ways.enter(SEQUENCE)?, ways.enter(SEQUENCE)?);
    let (algorithm, size) = aes(cipher.take(OID)?)?;
    let iv: [u8; 16] = cipher.take(OCTETS)?.try_into().ok()?;
    let mut key = [0; 32];
    let key = key.get_mut(..size)?;
    derive(&mut derived, pass, key)?;
    let key = UnboundCipherKey::new(algorithm, key).ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let context = DecryptionContext::Iv128(iv.into());
    let opened = key.decrypt(&mut contents, context).ok()?;
    Some(opened.to_vec())
}

fn aes(id: &[u8]) -> Option<(&'static Algorithm, usize)> {
    match id.strip_prefix(AES)? {
        [2] => Some((&AES_128, 16)),
        [22] => Some((&AES_192, 24)),
        [42] => Some((&AES_256, 32)),
        _ => None,
    }
}

/// The key that a passphrase gives.
fn derive(way: &mut Der<'_>, pass: &[u8], key: &mut [u8]) -> Option<()> {
    if way.take(OID)? != PBKDF2 {
        return None;
    }
    let mut with = way.enter(SEQUENCE)?;
    let salt = with.take(OCTETS)?;
    let rounds = with.take(INTEGER)?;
    let rounds = (rounds.len() <= 4)
        .then(|| rounds.iter().fold(0, |n, byte| n << 8 | u32::from(*byte)))
        .and_then(NonZeroU32::new)
        .filter(|rounds| rounds.get() <= MOST_ROUNDS)?;
    with.optional(INTEGER);
    let hash = match with.optional(SEQUENCE) {
        None => 7,
        Some(hash) => match Der(hash).take(OID)?.strip_prefix(HMAC)? {
            [hash] => *hash,
            _ => return None,
        },
    };
    let hash = match hash {
        7 => pbkdf2::PBKDF2_HMAC_SHA1,
        9 => pbkdf2::PBKDF2_HMAC_SHA256,
        10 => pbkdf2::PBKDF2_HMAC_SHA384,
        11 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    };
    pbkdf2::derive(hash, rounds, salt, pass, key);
    Some(())
}
