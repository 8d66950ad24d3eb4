//! Addresses and networks: how patterns write them, and a table that finds the narrowest (manual 7.1.6).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};

use super::keys::Keys;

/// Networks of both families, each with the number of its pattern.
#[derive(Debug, Default)]
pub(super) struct Networks {
    v4: Family<u32>,
    v6: Family<u128>,
}

/// Networks of one family: a hash per mask, the narrowest mask first. Few masks are ever in use, so a
/// lookup costs a handful of probes whatever the size.
#[derive(Debug, Default)]
struct Family<T> {
    masks: Vec<(T, Keys<T>)>,
}

impl<T: Copy + Eq + Ord + std::hash::Hash + std::ops::BitAnd<Output = T>> Family<T> {
    fn insert(&mut self, address: T, mask: T, id: u32) {
        let at = match self.masks.binary_search_by(|(known, _)| mask.cmp(known)) {
            Ok(at) => at,
            Err(at) => {
                self.masks.insert(at, (mask, Keys::default()));
                at
            }
        };
        if let Some((_, networks)) = self.masks.get_mut(at) {
            networks.insert(address & mask, id);
        }
    }
    fn remove(&mut self, id: u32) {
        for (_, networks) in &mut self.masks {
            networks.remove(id);
        }
        self.masks.retain(|(_, networks)| !networks.is_empty());
    }
    fn find(&self, address: T) -> Option<u32> {
        self.masks
            .iter()
            .find_map(|(mask, networks)| networks.find(&(address & *mask)))
    }
}

/// A pattern: an address and its mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    V4(Ipv4Addr, u32),
    V6(Ipv6Addr, u128),
}

impl Networks {
    pub(super) fn insert(&mut self, network: Network, id: u32) {
        match network {
            Network::V4(ip, mask) => self.v4.insert(ip.into(), mask, id),
            Network::V6(ip, mask) => self.v6.insert(ip.into(), mask, id),
        }
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.v4.remove(id);
        self.v6.remove(id);
    }

    /// The narrowest network the address is in; an address is tried in the other family's form too.
    pub(super) fn find(&self, address: IpAddr) -> Option<u32> {
        match address {
            IpAddr::V4(ip) => self
                .v4
                .find(ip.into())
                .or_else(|| self.v6.find(ip.to_ipv6_mapped().into())),
            IpAddr::V6(ip) => self
                .v6
                .find(ip.into())
                .or_else(|| self.v4.find(embedded(ip)?.into())),
        }
    }
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

/// Reads a pattern; a name is resolved unless `resolve` is false.
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
    let ip = dotted(address).or_else(|| resolve.then(|| lookup(address)).flatten())?;
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
            assert_eq!(parse(text, false), expected, "{text}");
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
                table.insert(network, id as u32);
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
