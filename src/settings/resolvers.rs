//! What a `resolvers` section sets (manual 5.3.2).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::state::Asked;

/// Name servers, and how they are asked. Times in milliseconds.
#[derive(Debug, Clone)]
pub struct Resolvers {
    /// The section's name.
    pub name: String,
    /// In order.
    pub nameservers: Vec<Nameserver>,
    /// `resolve_retries`: how often a query is sent before it is given up.
    pub retries: u32,
    /// `timeout resolve`: how long nothing is asked again while servers follow a name.
    pub resolve: u64,
    /// `timeout retry`: how long an answer is waited for.
    pub retry: u64,
    /// `accepted_payload_size`, bytes.
    pub payload: u16,
    /// `hold`
    pub hold: Hold,
}

/// `hold`: how long what was learned of a name is kept, by what the last answer was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold {
    /// Addresses.
    pub valid: u64,
    /// There is no such name.
    pub nx: u64,
    /// The question was refused.
    pub refused: u64,
    /// No answer.
    pub timeout: u64,
    /// Any other error.
    pub other: u64,
    /// An address that is no longer among the answers.
    pub obsolete: u64,
}

/// A name server.
#[derive(Debug, Clone)]
pub struct Nameserver {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// It is asked over TCP only.
    pub stream: bool,
    /// What became of questions to it since this configuration was read.
    pub asked: Arc<Asked>,
}

/// The family that is asked for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Prefer {
    /// IPv4
    V4,
    /// IPv6
    #[default]
    V6,
}

/// How a server follows its name while traffic flows (`resolvers` and the words around it, manual 5.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolving {
    /// `resolvers`: the section whose name servers are asked. `None`: its name is resolved at start only.
    pub section: Option<String>,
    /// `resolve-prefer`
    pub prefer: Prefer,
    /// `resolve-net`
    pub nets: Vec<Net>,
    /// `resolve-opts allow-dup-ip`
    pub allow_duplicates: bool,
    /// `resolve-opts ignore-weight`
    pub ignore_weight: bool,
}

/// A network: an address and how many of its first bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net(pub IpAddr, pub u8);

impl Net {
    /// From `<ip>[/<bits>]`. `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (ip, bits) = match text.split_once('/') {
            Some((ip, bits)) => (ip, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        let ip: IpAddr = ip.parse().ok()?;
        let most = if ip.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self(ip, bits))
    }

    /// True for its addresses.
    pub fn contains(&self, ip: IpAddr) -> bool {
        fn same(a: u128, b: u128, differing: u32) -> bool {
            (a ^ b).checked_shr(differing).unwrap_or(0) == 0
        }
        let bits = u32::from(self.1);
        match (self.0, ip) {
            (IpAddr::V4(own), IpAddr::V4(ip)) => same(
                u128::from(own.to_bits()),
                u128::from(ip.to_bits()),
                32_u32.saturating_sub(bits),
            ),
            (IpAddr::V6(own), IpAddr::V6(ip)) => {
                same(own.to_bits(), ip.to_bits(), 128_u32.saturating_sub(bits))
            }
            _ => false,
        }
    }
}

impl Resolvers {
    /// A section with nothing said.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            nameservers: Vec::new(),
            retries: 3,
            resolve: 1_000,
            retry: 1_000,
            payload: 512,
            hold: Hold {
                valid: 10_000,
                nx: 30_000,
                refused: 30_000,
                timeout: 30_000,
                other: 30_000,
                obsolete: 0,
            },
        }
    }

    /// Adds the name servers of a `resolv.conf`. Lines that are none are passed over.
    pub fn add_system(&mut self, text: &str) {
        for line in text.lines() {
            let mut words = line.split_ascii_whitespace();
            if words.next() != Some("nameserver") {
                continue;
            }
            let Some(word) = words.next() else { continue };
            // An address may carry a zone, which HAProxy passes over too.
            let Ok(ip) = word.split('%').next().unwrap_or_default().parse() else {
                continue;
            };
            let known = self.nameservers.iter().any(|known| known.name == word);
            if !known {
                self.nameservers.push(Nameserver {
                    name: word.to_owned(),
                    address: SocketAddr::new(ip, 53),
                    stream: false,
                    asked: Arc::default(),
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_what_shares_their_bits() {
        for (net, ip, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("127.0.0.0/30", "127.0.0.3", true),
            ("127.0.0.0/30", "127.0.0.4", false),
            ("0.0.0.0/0", "9.9.9.9", true),
            ("::/0", "9.9.9.9", false),
            ("::/0", "::1", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("10.1.1.1", "10.1.1.1", true),
            ("10.1.1.1", "10.1.1.2", false),
        ] {
            let net = Net::parse(net).expect("a network");
            assert_eq!(
                net.contains(ip.parse().expect("an address")),
                inside,
                "{net:?} {ip}"
            );
        }
        for bad in [
            "",
            "foo",
            "10.0.0.0/33",
            "::1/129",
            "10.0.0.0/",
            "10.0.0.0/8/8",
        ] {
            assert!(Net::parse(bad).is_none(), "{bad}");
        }
    }
}
