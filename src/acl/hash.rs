//! Hashes of text for the tables of patterns: keyed, so that nobody can choose keys that collide, and cheap.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// Odd, without a pattern in its bits.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// The secret of this process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one(MULTIPLIER));
        Self(*SEED)
    }
}

/// Both halves of the product: every bit of it depends on every bit of both.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

impl Seed {
    /// The hash of a whole text; small letters count as capitals do if `icase`.
    #[inline]
    pub(super) fn text(self, text: &[u8], icase: bool) -> u64 {
        let mut hash = self.0 ^ text.len() as u64;
        let (chunks, rest) = text.as_chunks::<8>();
        for chunk in chunks {
            hash = self.mix(hash, *chunk, icase);
        }
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        self.mix(hash, last, icase)
    }

    #[inline]
    fn mix(self, hash: u64, mut chunk: [u8; 8], icase: bool) -> u64 {
        if icase {
            chunk.make_ascii_lowercase();
        }
        fold(
            hash ^ u64::from_le_bytes(chunk),
            MULTIPLIER ^ self.0.rotate_left(17),
        )
    }

    /// The hash of a number.
    #[inline]
    pub(super) fn number(self, n: u64) -> u64 {
        fold(n ^ self.0, MULTIPLIER)
    }

    /// Where a hash that grows byte by byte begins.
    #[inline]
    pub(super) fn start(self) -> u64 {
        self.0 ^ MULTIPLIER
    }

    /// A growing hash with one byte more.
    #[inline]
    pub(super) fn grown(self, hash: u64, byte: u8, icase: bool) -> u64 {
        let byte = if icase {
            byte.to_ascii_lowercase()
        } else {
            byte
        };
        fold(hash ^ u64::from(byte), MULTIPLIER ^ self.0)
    }
}

/// Spreads keys that are numbers or hashes already over a table.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spread(Seed);

impl BuildHasher for Spread {
    type Hasher = Spreader;
    #[inline]
    fn build_hasher(&self) -> Spreader {
        Spreader(self.0.0)
    }
}

/// The hasher of [`Spread`].
pub(super) struct Spreader(u64);

impl Hasher for Spreader {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }
    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.0 = fold(self.0 ^ n, MULTIPLIER);
    }
    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    #[inline]
    fn write_i64(&mut self, n: i64) {
        self.write_u64(n as u64);
    }
    #[inline]
    fn write_u128(&mut self, n: u128) {
        self.write_u64(n as u64);
        self.write_u64((n >> 64) as u64);
    }
}
