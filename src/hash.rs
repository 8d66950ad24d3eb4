//! Hash functions whose results users can see: the ones of `hash-type` and of the converters of the
//! same names.
//!
//! A leaf: bytes in, 32 bits out. Every function is the published one; the constants are checked
//! against a running HAProxy by the oracle tests.

/// The hash of the sdbm database library (`sdbm`).
pub fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash: u32, &byte| {
        u32::from(byte)
            .wrapping_add(hash << 6)
            .wrapping_add(hash << 16)
            .wrapping_sub(hash)
    })
}

/// Bernstein's hash, times 33 (`djb2`).
pub fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, &byte| {
        hash.wrapping_mul(33).wrapping_add(u32::from(byte))
    })
}

/// HAProxy's own hash, two words that rotate each other (`wt6`).
pub fn wt6(bytes: &[u8]) -> u32 {
    let (mut left, mut right) = (0xa53c_965a_u32, 0x5ca6_953a_u32);
    let (mut first, mut second) = (6, 18);
    for &byte in bytes {
        let byte = u32::from(byte);
        let mixed = !(left ^ byte);
        let added = !right.wrapping_add(byte);
        left = added.rotate_left(first);
        right = mixed.rotate_left(second);
        let steps = ((left >> 16) ^ right) & 0xffff;
        first = steps & 0x1f;
        second = steps >> 11;
    }
    left ^ right
}

/// The CRC of Ethernet, gzip and PNG (`crc32`).
pub fn crc32(bytes: &[u8]) -> u32 {
    crc(&CRC32, bytes)
}

/// Castagnoli's CRC, of SCTP and the PROXY protocol (`crc32c`).
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc(&CRC32C, bytes)
}

/// Bob Jenkins' full-avalanche integer hash with the multiplication by a prime near three quarters of
/// the range that HAProxy adds: the `avalanche` modifier, and the place of a node on the consistent
/// ring.
pub fn avalanche(value: u32) -> u32 {
    let mut a = value;
    a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    a = a ^ 0xc761_c23c ^ (a >> 19);
    a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    a = a ^ 0xb55a_4f09 ^ (a >> 16);
    a.wrapping_mul(3_221_225_473)
}

/// The place on the 32-bit ring of one of a server's nodes, from the server's numeric id.
pub fn ring_node(id: u32, node: u32) -> u32 {
    avalanche(id.wrapping_mul(RING_STRIDE).wrapping_add(node))
}

/// Nodes a server may have at most: weight 256 in sixteenths.
const RING_STRIDE: u32 = 256 * 16;

/// The digits at the start of the key, as a number (`none`): no hash, the configuration made one.
/// A key that does not start with digits is 0; an optional minus is honoured, as in a C `int64`.
pub fn none(bytes: &[u8]) -> u32 {
    let (negative, digits) = match bytes.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, bytes),
    };
    let value =
        digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .fold(0_u64, |value, byte| {
                value
                    .saturating_mul(10)
                    .saturating_add(u64::from(byte - b'0'))
            });
    if negative {
        (value.min(1 << 63) as u32).wrapping_neg()
    } else {
        value.min(i64::MAX as u64) as u32
    }
}

static CRC32: [u32; 256] = crc_table(0xedb8_8320);
static CRC32C: [u32; 256] = crc_table(0x82f6_3b78);

fn crc(table: &[u32; 256], bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc: u32, &byte| {
        (crc >> 8) ^ table[((crc ^ u32::from(byte)) & 0xff) as usize]
    })
}

/// The table of a reflected CRC-32 with this polynomial.
const fn crc_table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                (crc >> 1) ^ polynomial
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crcs_give_the_check_values_of_their_catalogue() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    /// What HAProxy 2.6 answers for `%[path,sdbm]`, `djb2`, `wt6`, `crc32`, `crc32c`, and with `(1)`
    /// (avalanche) for all but djb2.
    #[test]
    fn hashes_are_the_ones_of_haproxy() {
        type Row = (&'static str, [u32; 5], [u32; 4]);
        let rows: [Row; 3] = [
            (
                "/",
                [47, 177620, 1886637733, 2043925204, 752083371],
                [2118074832, 2250254464, 2724628003, 2911134336],
            ),
            (
                "/abc/def",
                [2488103721, 4065257624, 1161081544, 4174367765, 945701949],
                [757406733, 504080950, 3240142830, 3935928377],
            ),
            (
                "/%C3%A9zzzzzzzzzzzzz",
                [4198511427, 1036370336, 2268631036, 3526882700, 2286908653],
                [2894100037, 2664396141, 917643725, 601694189],
            ),
        ];
        for (key, plain, mixed) in rows {
            let key = key.as_bytes();
            let got = [sdbm(key), djb2(key), wt6(key), crc32(key), crc32c(key)];
            assert_eq!(got, plain);
            let got = [sdbm(key), wt6(key), crc32(key), crc32c(key)].map(avalanche);
            assert_eq!(got, mixed);
        }
    }

    #[test]
    fn a_key_that_is_a_number_is_its_own_hash() {
        for (key, hash) in [
            ("0", 0),
            ("17", 17),
            ("17x", 17),
            ("x17", 0),
            ("", 0),
            ("4294967297", 1),
            ("-1", u32::MAX),
        ] {
            assert_eq!(none(key.as_bytes()), hash, "{key}");
        }
    }
}
