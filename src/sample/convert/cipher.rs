//! AES (manual 7.3.1: aes_gcm_*, aes_cbc_*). Nonces, keys and tags are base64, or variables that hold it.

use std::borrow::Cow;

use aws_lc_rs::{aead, cipher, iv::FixedLength};

use super::*;
use crate::sample::args::{Arg, Args};
use crate::sample::codec;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const BITS: Param = need(Kind::OneOf(&[128, 192, 256]));
const SECRET: Kind = Kind::Base64OrVar;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("aes_cbc_dec", &[BITS, need(SECRET), need(SECRET)], Type::Bin, Convert::Bin(cbc_dec), "decrypted with AES-CBC: bits, initial vector, key"),
    entry("aes_cbc_enc", &[BITS, need(SECRET), need(SECRET)], Type::Bin, Convert::Bin(cbc_enc), "encrypted with AES-CBC: bits, initial vector, key"),
    entry("aes_gcm_dec", &[BITS, need(Kind::Nonce), need(SECRET), need(SECRET), may(SECRET)], Type::Bin, Convert::Bin(gcm_dec), "decrypted with AES-GCM: bits, nonce, key, tag, further data that the tag covers"),
    entry("aes_gcm_enc", &[BITS, need(Kind::Nonce), need(SECRET), need(Kind::Var), may(SECRET)], Type::Bin, Convert::Bin(gcm_enc), "encrypted with AES-GCM: bits, nonce, key, variable for the tag, further data that the tag covers"),
];

/// The bytes of a base64 argument or variable; none for a variable that is not there or holds something else.
pub(super) fn secret<'s>(args: &'s Args, at: usize, scope: &Scope<'_>) -> Option<Cow<'s, [u8]>> {
    match args.at(at) {
        Arg::Var(var) => {
            let text = var.value(scope)?.into_text();
            codec::decode_base64(&text).map(Cow::Owned)
        }
        _ => Some(Cow::Borrowed(args.text(at))),
    }
}

fn gcm(args: &Args, scope: &Scope<'_>) -> Option<(aead::LessSafeKey, aead::Nonce)> {
    let algorithm = match args.int(0)? {
        128 => &aead::AES_128_GCM,
        192 => &aead::AES_192_GCM,
        _ => &aead::AES_256_GCM,
    };
    let nonce = aead::Nonce::try_assume_unique_for_key(&secret(args, 1, scope)?).ok()?;
    let key = aead::UnboundKey::new(algorithm, &secret(args, 2, scope)?).ok()?;
    Some((aead::LessSafeKey::new(key), nonce))
}

fn gcm_dec<'s>(text: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let (key, nonce) = gcm(args, scope)?;
    let tag = secret(args, 3, scope)?;
    let aad = aead::Aad::from(secret(args, 4, scope)?);
    let mut out = vec![0; text.len()];
    key.open_separate_gather(nonce, aad, &text, &tag, &mut out)
        .ok()?;
    Some(Value::Bin(Cow::Owned(out)))
}

fn gcm_enc<'s>(text: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let (key, nonce) = gcm(args, scope)?;
    let aad = aead::Aad::from(secret(args, 4, scope)?);
    let mut out = text.into_owned();
    let tag = key.seal_in_place_separate_tag(nonce, aad, &mut out).ok()?;
    let tag = Value::owned(codec::encode_base64(tag.as_ref()));
    args.var(3)?.set(scope, Some(tag));
    Some(Value::Bin(Cow::Owned(out)))
}

fn cbc(args: &Args, scope: &Scope<'_>) -> Option<(cipher::UnboundCipherKey, FixedLength<16>)> {
    let algorithm = match args.int(0)? {
        128 => &cipher::AES_128,
        192 => &cipher::AES_192,
        _ => &cipher::AES_256,
    };
    let iv: [u8; 16] = secret(args, 1, scope)?.as_ref().try_into().ok()?;
    let key = cipher::UnboundCipherKey::new(algorithm, &secret(args, 2, scope)?).ok()?;
    Some((key, FixedLength::from(iv)))
}

fn cbc_dec<'s>(text: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let (key, iv) = cbc(args, scope)?;
    let key = cipher::PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let mut out = text.into_owned();
    let len = key
        .decrypt(&mut out, cipher::DecryptionContext::Iv128(iv))
        .ok()?
        .len();
    out.truncate(len);
    Some(Value::Bin(Cow::Owned(out)))
}

fn cbc_enc<'s>(text: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let (key, iv) = cbc(args, scope)?;
    let key = cipher::PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
    let mut out = text.into_owned();
    key.less_safe_encrypt(&mut out, cipher::EncryptionContext::Iv128(iv))
        .ok()?;
    Some(Value::Bin(Cow::Owned(out)))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Stream, linked};
    use crate::sample::Place;

    fn eval(text: &str) -> Option<String> {
        Stream::request("GET / HTTP/1.1").eval(text)
    }

    /// NIST's vectors: SP 800-38A F.2 (one block, then what PKCS #7 adds) and the GCM specification's case 4.
    #[test]
    fn aes_is_aes() {
        let plain = "6bc1bee22e409f96e93d7e117393172a";
        let (iv, key) = ("AAECAwQFBgcICQoLDA0ODw==", "K34VFiiu0qar9xWICc9PPA==");
        let sealed = eval(&format!("bin({plain}),aes_cbc_enc(128,{iv},{key}),hex")).unwrap();
        assert!(sealed.starts_with("7649ABAC8119B246CEE98E9B12E9197D"));
        assert_eq!(sealed.len(), 64);
        let opened = eval(&format!("bin({sealed}),aes_cbc_dec(128,{iv},{key}),hex"));
        assert_eq!(opened.unwrap(), plain.to_uppercase());
        let (nonce, key) = ("yv66vvrO263eyviI", "/v/pkoZlcxxtao+UZzCDCA==");
        let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24\
            49a6b525b16aedf5aa0de657ba637b39";
        let aad = "/u36zt6tvu/+7frO3q2+76ut2tI=";
        let tag = "W8lPvDIhpduU+ula5xIaRw==";
        let sealed = "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac\
            84aa051ba30b396a0aac973d58e091";
        let text = format!(
            "bin({plain}),aes_gcm_enc(128,{nonce},{key},txn.tag,{aad}),hex,concat(.,txn.tag)"
        );
        assert_eq!(
            eval(&text).unwrap(),
            format!("{}.{tag}", sealed.to_uppercase())
        );
        let text = format!("bin({sealed}),aes_gcm_dec(128,{nonce},{key},{tag},{aad}),hex");
        assert_eq!(eval(&text).unwrap(), plain.to_uppercase());
    }

    #[test]
    fn what_is_not_whole_gives_nothing() {
        let key = "Zm9vb2Zvb29mb29wZm9vbw==";
        for text in [
            format!("bin(00),aes_gcm_dec(128,AAAAAAAAAAAAAAAA,{key},{key})"),
            format!("bin(00),aes_gcm_dec(256,AAAAAAAAAAAAAAAA,{key},{key})"),
            format!("bin(00),aes_gcm_dec(128,txn.none,{key},{key})"),
            format!("bin(00),aes_cbc_dec(128,{key},{key})"),
            format!("bin(00),aes_cbc_enc(128,AAAA,{key})"),
        ] {
            assert_eq!(eval(&text), None, "{text}");
        }
        for text in [
            format!("bin(00),aes_gcm_dec(100,AAAAAAAAAAAAAAAA,{key},{key})"),
            format!("bin(00),aes_gcm_dec(128,AAAA,{key},{key})"),
            format!("bin(00),aes_gcm_dec(128,AAAAAAAAAAAAAAAA,!,{key})"),
            format!("bin(00),aes_gcm_enc(128,AAAAAAAAAAAAAAAA,{key},{key})"),
        ] {
            assert!(linked(&text, Place::Acl).is_err(), "{text}");
        }
    }
}
