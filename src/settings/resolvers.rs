//! What a `resolvers` section sets (manual 5.3.2).

use std::net::SocketAddr;

/// Name servers, and how they are asked. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nameserver {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: SocketAddr,
    /// It is asked over TCP only.
    pub stream: bool,
}

/// The family that `do-resolve` asks for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prefer {
    /// IPv4
    V4,
    /// IPv6
    V6,
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
                });
            }
        }
    }
}
