//! Addresses and networks: how patterns write them, and a table that finds the narrowest (manual 7.1.6).

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::ops::BitAnd;

use super::hash::Seed;
use super::keys::Keys;

/// Networks of both families.
#[derive(Debug, Clone, Default)]
pub(super) struct Networks {
    v4: Family<u32>,
    v6: Family<u128>,
    /// Those whose mask has a hole: address, mask and entry. They are asked last, in order.
    holed: Vec<(u32, u32, u32)>,
    /// Those that were written as names: they are not asked for twice.
    named: HashMap<u32, Network>,
}

/// Networks of one family: a table per mask, the narrowest mask first, and a sieve that tells which
/// masks occur around an address, so that a lookup costs a few probes whatever the size.
#[derive(Debug, Clone, Default)]
struct Family<T> {
    masks: Vec<(T, Keys<T>)>,
    sieve: Sieve,
}

/// For the hash of an address's first bits, the lengths of the networks there are, as bits.
#[derive(Debug, Clone, Default)]
struct Sieve {
    seed: Seed,
    /// Of networks wider than the first bits that are looked at.
    wide: u128,
    /// Empty while there are few networks: then all masks are tried.
    near: Vec<u128>,
    count: usize,
}

/// From this many networks on, the sieve is used.
const SIEVED: usize = 256;
/// Places of the sieve.
const PLACES: usize = 1 << 16;

impl Sieve {
    #[inline]
    fn place(&self, first: u64) -> usize {
        self.seed.number(first) as usize % PLACES
    }
    fn add(&mut self, first: Option<u64>, len: u32) {
        let bit = 1_u128.checked_shl(len.saturating_sub(1)).unwrap_or(0);
        match first {
            None => self.wide |= bit,
            Some(first) => {
                let at = self.place(first);
                if let Some(bits) = self.near.get_mut(at) {
                    *bits |= bit;
                }
            }
        }
    }
    #[inline]
    fn lengths(&self, first: u64) -> u128 {
        match self.near.get(self.place(first)) {
            Some(near) => near | self.wide,
            None => u128::MAX,
        }
    }
}

/// What a family needs to know of its addresses.
trait Bits: Copy + Eq + Ord + Hash + BitAnd<Output = Self> {
    /// How many bits the sieve looks at.
    const FIRST: u32;
    /// Those bits.
    fn first(self) -> u64;
    /// Bits set.
    fn len(self) -> u32;
}

impl Bits for u32 {
    const FIRST: u32 = 16;
    fn first(self) -> u64 {
        u64::from(self >> 16)
    }
    fn len(self) -> u32 {
        self.count_ones()
    }
}

impl Bits for u128 {
    const FIRST: u32 = 32;
    fn first(self) -> u64 {
        (self >> 96) as u64
    }
    fn len(self) -> u32 {
        self.count_ones()
    }
}

impl<T: Bits> Family<T> {
    fn insert(&mut self, address: T, mask: T, slot: u32) {
        let at = match self.masks.binary_search_by(|(known, _)| mask.cmp(known)) {
            Ok(at) => at,
            Err(at) => {
                self.masks.insert(at, (mask, Keys::default()));
                at
            }
        };
        if let Some((_, networks)) = self.masks.get_mut(at) {
            networks.insert(address & mask, slot);
        }
        self.sieve.count += 1;
        if self.sieve.count >= SIEVED && self.sieve.near.is_empty() {
            self.sieve.near = vec![0; PLACES];
            for (mask, networks) in &self.masks {
                for network in networks.keys() {
                    self.sieve.add(Self::first(*network, *mask), mask.len());
                }
            }
        }
        self.sieve.add(Self::first(address, mask), mask.len());
    }

    fn first(address: T, mask: T) -> Option<u64> {
        (mask.len() >= T::FIRST).then(|| address.first())
    }

    fn remove(&mut self, address: T, mask: T, slot: u32) {
        if let Ok(at) = self.masks.binary_search_by(|(known, _)| mask.cmp(known))
            && let Some((_, networks)) = self.masks.get_mut(at)
        {
            networks.remove(address & mask, slot);
            if networks.is_empty() {
                self.masks.remove(at);
            }
        }
    }

    #[inline]
    fn find(&self, address: T) -> Option<u32> {
        let lengths = self.sieve.lengths(address.first());
        self.masks.iter().find_map(|(mask, networks)| {
            let len = mask.len();
            let may = len == 0 || lengths >> (len - 1) & 1 == 1;
            may.then(|| networks.find(&(address & *mask))).flatten()
        })
    }
}

/// A pattern: an address and its mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    V4(Ipv4Addr, u32),
    V6(Ipv6Addr, u128),
}

impl Networks {
    /// Adds what [`parse`] read from the text of an entry.
    pub(super) fn insert(&mut self, network: Network, text: &[u8], slot: u32) {
        if of(text).is_none() {
            self.named.insert(slot, network);
        }
        match network {
            Network::V4(ip, mask) if holed(mask) => {
                self.holed.push((u32::from(ip) & mask, mask, slot));
            }
            Network::V4(ip, mask) => self.v4.insert(ip.into(), mask, slot),
            Network::V6(ip, mask) => self.v6.insert(ip.into(), mask, slot),
        }
    }

    pub(super) fn remove(&mut self, text: &[u8], slot: u32) {
        let network = self.named.remove(&slot).or_else(|| of(text));
        match network {
            Some(Network::V4(_, mask)) if holed(mask) => {
                self.holed.retain(|(_, _, known)| *known != slot);
            }
            Some(Network::V4(ip, mask)) => self.v4.remove(ip.into(), mask, slot),
            Some(Network::V6(ip, mask)) => self.v6.remove(ip.into(), mask, slot),
            None => {}
        }
    }

    /// True if the entry's mask has a hole.
    pub(super) fn is_holed(&self, slot: u32) -> bool {
        self.holed.iter().any(|(_, _, known)| *known == slot)
    }

    /// The narrowest network the address is in; an address is tried in the other family's form too.
    pub(super) fn find(&self, address: IpAddr) -> Option<u32> {
        let (v4, v6) = match address {
            IpAddr::V4(ip) => (Some(ip), ip.to_ipv6_mapped()),
            IpAddr::V6(ip) => (embedded(ip), ip),
        };
        let in_v4 = || self.v4.find(v4?.into());
        let in_v6 = || self.v6.find(v6.into());
        let found = match address {
            IpAddr::V4(_) => in_v4().or_else(in_v6),
            IpAddr::V6(_) => in_v6().or_else(in_v4),
        };
        found.or_else(|| {
            let ip = u32::from(v4?);
            let mut holed = self.holed.iter();
            let found = holed.find(|(address, mask, _)| ip & mask == *address);
            found.map(|(_, _, slot)| *slot)
        })
    }
}

/// True if a one stands behind a zero.
fn holed(mask: u32) -> bool {
    mask.leading_ones() + mask.trailing_zeros() < 32
}

/// The network of a text without names.
fn of(text: &[u8]) -> Option<Network> {
    parse(std::str::from_utf8(text).ok()?, false)
}

/// The IPv4 address inside `::ffff:a.b.c.d`, `::a.b.c.d` or `2002:aabb:ccdd::`.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = u128::from(ip);
    match (bits >> 32, bits >> 112) {
        (0 | 0xffff, _) => Some(Ipv4Addr::from(bits as u32)),
        (_, 0x2002) => Some(Ipv4Addr::from((bits >> 80) as u32)),
        _ => None,
    }
}

/// Reads a pattern; short forms (`10.1`) and names only if `resolve`.
pub(super) fn parse(text: &str, resolve: bool) -> Option<Network> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    if address.contains(':') {
        let ip: Ipv6Addr = address.parse().ok()?;
        let len = mask.map_or(Some(128), |m| bits(m, 128))?;
        let mask = u128::MAX.checked_shl(128 - len).unwrap_or(0);
        return Some(Network::V6(ip, mask));
    }
    let mask = match mask {
        None => u32::MAX,
        Some(mask) if mask.contains('.') => mask.parse::<Ipv4Addr>().ok()?.into(),
        Some(mask) => u32::MAX.checked_shl(32 - bits(mask, 32)?).unwrap_or(0),
    };
    // Short forms are names to HAProxy: the system's resolver reads them.
    let resolved = || dotted(address).or_else(|| lookup(address));
    let whole = address.parse().ok();
    let ip = whole.or_else(|| resolve.then(resolved).flatten())?;
    Some(Network::V4(ip, mask))
}

fn bits(text: &str, most: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits
        .then(|| text.parse().ok())
        .flatten()
        .filter(|n| *n <= most)
}

/// `a.b.c.d`, or fewer parts where the last one fills what is left: `127.1` is 127.0.0.1.
fn dotted(text: &str) -> Option<Ipv4Addr> {
    let mut parts = Vec::with_capacity(4);
    for part in text.split('.') {
        parts.push(bits(part, u32::MAX)?);
    }
    let (last, head) = parts.split_last()?;
    if head.len() > 3 || head.iter().any(|p| *p > 255) {
        return None;
    }
    let room = 32 - 8 * head.len() as u32;
    if room < 32 && *last >> room != 0 {
        return None;
    }
    let high = head.iter().fold(0_u32, |ip, part| (ip << 8) | part);
    Some(Ipv4Addr::from(high.checked_shl(room).unwrap_or(0) | last))
}

/// The first IPv4 address of a host name; asked of the system while the configuration loads.
fn lookup(name: &str) -> Option<Ipv4Addr> {
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    if name.is_empty()
        || !name.bytes().all(letters)
        || !name.bytes().any(|b| b.is_ascii_alphabetic())
    {
        return None;
    }
    let mut addresses = (name, 0).to_socket_addrs().ok()?;
    addresses.find_map(|address| match address.ip() {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, address, mask) in [
            ("192.168.0.1", "192.168.0.1", u32::MAX),
            ("192.168.1", "192.168.0.1", u32::MAX),
            ("10.12", "10.0.0.12", u32::MAX),
            ("127.1/8", "127.0.0.1", 0xff00_0000),
            ("10.0.0.0/255.255.0.0", "10.0.0.0", 0xffff_0000),
            ("0.0.0.0/0", "0.0.0.0", 0),
        ] {
            let expected = address.parse().map(|ip| Network::V4(ip, mask)).ok();
            assert_eq!(parse(text, true), expected, "{text}");
            let whole = text.starts_with(address);
            assert_eq!(parse(text, false), expected.filter(|_| whole), "{text}");
        }
        assert_eq!(
            parse("::1", false),
            Some(Network::V6(Ipv6Addr::LOCALHOST, u128::MAX))
        );
        for bad in [
            "10.0.0.0/99",
            "1.2.3.4-5",
            "abc",
            "fe80::%eth0",
            "1.2.3.4.5",
            "",
            "1.256.1",
            "::1/129",
        ] {
            assert_eq!(parse(bad, false), None, "{bad}");
        }
    }

    #[test]
    fn narrowest_and_across_families() {
        let mut table = Networks::default();
        for (id, text) in [
            "10.0.0.0/8",
            "10.1.0.0/16",
            "2001:db8::/32",
            "::ffff:9.0.0.0/104",
        ]
        .iter()
        .enumerate()
        {
            if let Some(network) = parse(text, false) {
                table.insert(network, text.as_bytes(), id as u32);
            }
        }
        let find = |ip: &str| ip.parse().ok().and_then(|ip| table.find(ip));
        assert_eq!(find("10.2.3.4"), Some(0));
        assert_eq!(find("10.1.3.4"), Some(1));
        assert_eq!(find("::ffff:10.1.3.4"), Some(1));
        assert_eq!(find("2002:0a01:0203::"), Some(1));
        assert_eq!(find("2001:db8::7"), Some(2));
        assert_eq!(find("9.8.7.6"), Some(3));
        assert_eq!(find("11.0.0.1"), None);
    }
}
