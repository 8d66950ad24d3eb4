//! Hashes and digests.

use std::borrow::Cow;

use blake2::{Blake2b512, Blake2s256};
use hmac::{Hmac, KeyInit, Mac, SimpleHmac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sha3::{Sha3_224, Sha3_256, Sha3_384, Sha3_512};
use xxhash_rust::{xxh3::xxh3_64_with_seed, xxh32::xxh32, xxh64::xxh64};

use super::*;
use crate::hash;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

const FLAG: &[Param] = &[may(Kind::Int)];
const DIGEST: Kind = Kind::Name(&[
    "md5",
    "sha1",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sha512-224",
    "sha512-256",
    "sha3-224",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "blake2b512",
    "blake2s256",
]);

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("crc32", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(mixed(hash::crc32(&bytes), args))), "the CRC of Ethernet and gzip"),
    entry("crc32c", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(mixed(hash::crc32c(&bytes), args))), "Castagnoli's CRC"),
    entry("digest", &[need(DIGEST)], Type::Bin, Convert::Bin(|bytes, args, _| Some(Value::Bin(Cow::Owned(digest(args.int(0)?, &bytes))))), "a message digest by name"),
    entry("djb2", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(mixed(hash::djb2(&bytes), args))), "the djb2 hash"),
    entry("hmac", &[need(DIGEST), need(Kind::Base64OrVar)], Type::Bin, Convert::Bin(hmac), "a message authentication code with a key in base64"),
    entry("sdbm", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(mixed(hash::sdbm(&bytes), args))), "the sdbm hash"),
    entry("sha1", &[], Type::Bin, Convert::Bin(|bytes, _, _| Some(Value::Bin(Cow::Owned(digest(1, &bytes))))), "the SHA-1 digest"),
    entry("sha2", &[may(Kind::OneOf(&[224, 256, 384, 512]))], Type::Bin, Convert::Bin(sha2), "a SHA-2 digest of so many bits"),
    entry("wt6", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(mixed(hash::wt6(&bytes), args))), "the wt6 hash"),
    entry("xxh3", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(Value::Int(xxh3_64_with_seed(&bytes, args.int_or(0, 0) as u64) as i64))), "the 64-bit XXH3 hash"),
    entry("xxh32", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(Value::Int(i64::from(xxh32(&bytes, args.int_or(0, 0) as u32))))), "the 32-bit xxHash"),
    entry("xxh64", FLAG, Type::Int, Convert::Bin(|bytes, args, _| Some(Value::Int(xxh64(&bytes, args.int_or(0, 0) as u64) as i64))), "the 64-bit xxHash"),
];

/// The hash, with a full avalanche if the argument is not 0.
fn mixed(hash: u32, args: &Args) -> Value<'static> {
    let hash = match args.int_or(0, 0) {
        0 => hash,
        _ => hash::avalanche(hash),
    };
    Value::Int(i64::from(hash))
}

/// The digest of this number in the list of names.
fn digest(name: i64, bytes: &[u8]) -> Vec<u8> {
    match name {
        0 => Md5::digest(bytes).to_vec(),
        1 => Sha1::digest(bytes).to_vec(),
        2 => Sha224::digest(bytes).to_vec(),
        3 => Sha256::digest(bytes).to_vec(),
        4 => Sha384::digest(bytes).to_vec(),
        5 => Sha512::digest(bytes).to_vec(),
        6 => Sha512_224::digest(bytes).to_vec(),
        7 => Sha512_256::digest(bytes).to_vec(),
        8 => Sha3_224::digest(bytes).to_vec(),
        9 => Sha3_256::digest(bytes).to_vec(),
        10 => Sha3_384::digest(bytes).to_vec(),
        11 => Sha3_512::digest(bytes).to_vec(),
        12 => Blake2b512::digest(bytes).to_vec(),
        _ => Blake2s256::digest(bytes).to_vec(),
    }
}

fn sha2<'s>(bytes: Text<'s>, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let name = match args.int_or(0, 256) {
        224 => 2,
        384 => 4,
        512 => 5,
        _ => 3,
    };
    Some(Value::Bin(Cow::Owned(digest(name, &bytes))))
}

/// The authentication code of some bytes under a key.
pub(super) fn code(name: i64, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    fn run<M: Mac + KeyInit>(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        let mut mac = <M as KeyInit>::new_from_slice(key).ok()?;
        mac.update(bytes);
        Some(mac.finalize().into_bytes().to_vec())
    }
    match name {
        0 => run::<Hmac<Md5>>(key, bytes),
        1 => run::<Hmac<Sha1>>(key, bytes),
        2 => run::<Hmac<Sha224>>(key, bytes),
        3 => run::<Hmac<Sha256>>(key, bytes),
        4 => run::<Hmac<Sha384>>(key, bytes),
        5 => run::<Hmac<Sha512>>(key, bytes),
        6 => run::<Hmac<Sha512_224>>(key, bytes),
        7 => run::<Hmac<Sha512_256>>(key, bytes),
        8 => run::<SimpleHmac<Sha3_224>>(key, bytes),
        9 => run::<SimpleHmac<Sha3_256>>(key, bytes),
        10 => run::<SimpleHmac<Sha3_384>>(key, bytes),
        11 => run::<SimpleHmac<Sha3_512>>(key, bytes),
        12 => run::<SimpleHmac<Blake2b512>>(key, bytes),
        _ => run::<SimpleHmac<Blake2s256>>(key, bytes),
    }
}

fn hmac<'s>(bytes: Text<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let key = super::cipher::secret(args, 1, scope)?;
    code(args.int(0)?, &key, &bytes).map(|code| Value::Bin(Cow::Owned(code)))
}
