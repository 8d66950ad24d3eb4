//! Passwords held against what a `userlist` keeps of them (manual 3.4; crypt(3), crypt(5)).
//!
//! A hash is made to be slow, and the worker waits for it as HAProxy's thread does. So each thread remembers
//! which passwords it has found right: not the passwords, but digests under a key of its own. What is
//! remembered can not get old, since the hash itself is part of the digest: a reload with other hashes asks anew.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use yescrypt::{PasswordVerifier, Yescrypt};

use crate::settings::Secret;

/// crypt(3) takes no longer passwords: nobody shall make it hash a whole header.
const LONGEST: usize = 511;
/// Sets of remembered digests, each of [`WAYS`].
const SETS: usize = 64;
const WAYS: usize = 4;

/// What a hash in a `password` is to crypt(3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// One that is verified here: md5, sha256, sha512, sha1, bcrypt, yescrypt, DES.
    Known,
    /// One that crypt(3) has and this program has not.
    Absent,
    /// None: no password will ever fit it.
    None,
}

/// Which scheme this hash is of.
pub fn scheme(hash: &str) -> Scheme {
    let base64 = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'))
    };
    let name = hash
        .strip_prefix('$')
        .and_then(|rest| rest.split('$').next());
    match name {
        Some("1" | "5" | "6" | "sha1" | "2a" | "2b" | "2y" | "y") => Scheme::Known,
        Some("2x" | "3" | "7" | "gy" | "md5") => Scheme::Absent,
        Some(_) => Scheme::None,
        None if hash.len() == 13 && base64(hash) => Scheme::Known,
        None if hash.len() == 20 && hash.strip_prefix('_').is_some_and(base64) => Scheme::Known,
        None => Scheme::None,
    }
}

/// Whether this is the password, in a time that does not tell where it differs.
pub(super) fn is_right(secret: &Secret, user: &[u8], password: &[u8]) -> bool {
    let password = text(password);
    match secret {
        Secret::Plain(plain) => same(plain.as_bytes(), password),
        Secret::Locked | Secret::Undeclared => false,
        Secret::Crypt(hash) => MEMORY.with_borrow_mut(|memory| {
            let digest = memory.digest(hash, user, password);
            if memory.knows(&digest) {
                return true;
            }
            let right = crypt(hash, password);
            if right {
                memory.keep(digest);
            }
            right
        }),
    }
}

/// What C takes for the text: up to the first zero byte.
pub(super) fn text(bytes: &[u8]) -> &[u8] {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}

fn crypt(hash: &str, password: &[u8]) -> bool {
    if password.len() > LONGEST {
        return false;
    }
    if hash.starts_with("$y$") {
        return Yescrypt::default().verify_password(password, hash).is_ok();
    }
    pwhash::unix::verify(password, hash)
}

/// Compares in a time that does not tell where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |bits, (a, b)| bits | (a ^ b)) == 0
}

type Digest = [u8; 32];

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::new(Memory::new());
}

/// Digests of what was found right lately.
struct Memory {
    key: Hmac<Sha256>,
    sets: Box<[[Digest; WAYS]]>,
    next: usize,
}

impl Memory {
    fn new() -> Self {
        // The standard library's hash keys come from the system's random numbers.
        let mut key = [0; 64];
        for part in key.chunks_exact_mut(8) {
            let word = RandomState::new().hash_one(&part);
            part.copy_from_slice(&word.to_ne_bytes());
        }
        Self {
            key: Hmac::new(&key.into()),
            sets: Box::default(),
            next: 0,
        }
    }

    fn digest(&self, hash: &str, user: &[u8], password: &[u8]) -> Digest {
        let mut mac = self.key.clone();
        for part in [hash.as_bytes(), user, password] {
            mac.update(&(part.len() as u64).to_ne_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn set(digest: &Digest) -> usize {
        usize::from(digest[0]) % SETS
    }

    fn knows(&self, digest: &Digest) -> bool {
        let set = self.sets.get(Self::set(digest));
        set.is_some_and(|set| set.iter().any(|known| same(known, digest)))
    }

    fn keep(&mut self, digest: Digest) {
        if self.sets.is_empty() {
            self.sets = vec![[[0; 32]; WAYS]; SETS].into();
        }
        self.next = self.next.wrapping_add(1);
        let way = self.next % WAYS;
        if let Some(set) = self.sets.get_mut(Self::set(&digest)) {
            set[way] = digest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What crypt(3) of Debian 12 makes of `secret`.
    const HASHES: &[&str] = &[
        "abNANd1rDfiNc",
        "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1",
        "$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7",
        "$2a$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
        "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
        "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
        "$sha1$4$abcdefgh$doUTR6dgNweX0TRPEBmODsTdy3bT",
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$GmcwIgvdUC9qLWcKCi6gklUa1dM3ziD43YxYNURLKy0",
        "_J9..abcd/H6HLCcf7nw",
    ];

    #[test]
    fn hashes_of_crypt() {
        for hash in HASHES {
            assert_eq!(scheme(hash), Scheme::Known, "{hash}");
            let secret = Secret::Crypt((*hash).to_owned());
            // The second time it is remembered; what is wrong stays wrong.
            for _ in 0..2 {
                assert!(is_right(&secret, b"joe", b"secret"), "{hash}");
                assert!(!is_right(&secret, b"joe", b"secreT"), "{hash}");
                assert!(!is_right(&secret, b"joe", b""), "{hash}");
            }
        }
        let plain = Secret::Plain("secret".to_owned());
        assert!(is_right(&plain, b"joe", b"secret") && !is_right(&plain, b"joe", b"secre"));
    }

    #[test]
    fn what_is_no_hash_fits_nothing() {
        for (hash, expected) in [
            ("xyz", Scheme::None),
            ("", Scheme::None),
            ("$9$abc$def", Scheme::None),
            ("$7$CU..../....abcdefgh$XWs9", Scheme::Absent),
            ("$gy$j9T$F5Jx5f$uE5", Scheme::Absent),
            ("$1$abc$", Scheme::Known),
        ] {
            assert_eq!(scheme(hash), expected, "{hash}");
            for password in [&b""[..], b"xyz", hash.as_bytes()] {
                assert!(!crypt(hash, password), "{hash}");
            }
        }
        let long = vec![b'a'; LONGEST + 1];
        let hash = pwhash::unix::crypt(&long, "$1$abcdefgh$").unwrap();
        assert!(!crypt(&hash, &long));
    }

    #[test]
    fn memory_is_bounded_and_of_its_own_key() {
        let (mut one, two) = (Memory::new(), Memory::new());
        let digest = |memory: &Memory, n: u32| memory.digest("$1$", b"u", &n.to_ne_bytes());
        assert_ne!(digest(&one, 1), digest(&two, 1));
        assert_ne!(one.digest("a", b"bc", b""), one.digest("ab", b"c", b""));
        assert!(!one.knows(&[0; 32]));
        for n in 0..10_000 {
            let digest = digest(&one, n);
            assert!(!one.knows(&digest));
            one.keep(digest);
            assert!(one.knows(&digest));
        }
        let kept = (0..10_000).filter(|n| one.knows(&digest(&one, *n))).count();
        assert!(kept <= SETS * WAYS, "{kept}");
    }
}
