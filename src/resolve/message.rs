//! DNS messages (RFC 1035, RFC 2782, RFC 6891): a query, and the records in its answer. No socket, no clock.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of record that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    A,
    Aaaa,
    Srv,
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
            Self::Srv => SRV,
        }
    }
}

/// A query: its bytes, and what an answer must repeat.
#[derive(Debug)]
pub(super) struct Query {
    pub bytes: Vec<u8>,
    kind: Kind,
    /// Where the question ends.
    end: usize,
}

const HEAD: usize = 12;
const CLASS_IN: u16 = 1;
const CNAME: u16 = 5;
const SRV: u16 = 33;
const OPT: u16 = 41;
/// The longest label, and the longest name.
const LABEL: usize = 63;
const NAME: usize = 253;

/// Makes a query. `None` for what is no host name.
pub(super) fn query(id: u16, name: &[u8], kind: Kind, payload: u16) -> Option<Query> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() || name.len() > NAME {
        return None;
    }
    let mut bytes = Vec::with_capacity(HEAD + name.len() + 17);
    bytes.extend_from_slice(&id.to_be_bytes());
    // Recursion is desired; one question, one additional record.
    bytes.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.split(|b| *b == b'.') {
        let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if label.is_empty() || label.len() > LABEL || !label.iter().all(fits) {
            return None;
        }
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label);
    }
    bytes.push(0);
    bytes.extend_from_slice(&kind.number().to_be_bytes());
    bytes.extend_from_slice(&CLASS_IN.to_be_bytes());
    let end = bytes.len();
    // The size of answers that fit (EDNS): a record of the root without data.
    bytes.push(0);
    bytes.extend_from_slice(&OPT.to_be_bytes());
    bytes.extend_from_slice(&payload.to_be_bytes());
    bytes.extend_from_slice(&[0; 6]);
    Some(Query { bytes, kind, end })
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It belongs to no question of ours.
    Foreign,
    /// It did not fit a datagram: the question is to be asked over TCP.
    Truncated,
    /// There are records of the kind that was asked for.
    Records(Records),
    /// There are none.
    No(No),
}

/// Why there is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum No {
    /// There is no such name.
    Name,
    /// The server refused.
    Refused,
    /// The name has none of this kind, only an alias if `true`.
    Record(bool),
    /// Another failure.
    Other,
}

/// The records of an answer, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Addresses of the name.
    pub addresses: Vec<IpAddr>,
    /// Places where the service is offered.
    pub services: Vec<Service>,
}

/// An SRV record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The host, in small letters.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The weight, relative to others of the same priority.
    pub weight: u16,
    /// The host's address, where the answer brought it along.
    pub address: Option<IpAddr>,
}

/// Reads an answer to this query.
pub(super) fn answer(query: &Query, bytes: &[u8]) -> Answer {
    let same = |range: std::ops::Range<usize>| bytes.get(range.clone()) == query.bytes.get(range);
    let flags = number(bytes, 2).unwrap_or_default();
    let response = flags & 0x8000 != 0;
    let (one, asked) = (number(bytes, 4) == Some(1), same_question(query, bytes));
    if !response || !one || !same(0..2) || !asked {
        return Answer::Foreign;
    }
    if flags & 0x0200 != 0 {
        return Answer::Truncated;
    }
    match flags & 0x000f {
        0 => records(query, bytes),
        3 => Answer::No(No::Name),
        5 => Answer::No(No::Refused),
        _ => Answer::No(No::Other),
    }
}

/// Names are equal whatever the case of their letters.
fn same_question(query: &Query, bytes: &[u8]) -> bool {
    let asked = query.bytes.get(HEAD..query.end).unwrap_or_default();
    let told = bytes.get(HEAD..query.end).unwrap_or_default();
    asked.eq_ignore_ascii_case(told)
}

fn records(query: &Query, bytes: &[u8]) -> Answer {
    let mut found = Records::default();
    let (mut alias, mut at) = (false, query.end);
    for _ in 0..number(bytes, 6).unwrap_or_default() {
        let Some(record) = record(bytes, at) else {
            return Answer::No(No::Other);
        };
        at = record.end;
        match (record.kind, query.kind) {
            // The records of the name that an alias leads to follow in the same answer.
            (CNAME, _) => alias = true,
            (kind, asked) if kind != asked.number() => {}
            (_, Kind::Srv) => found.services.extend(record.service(bytes)),
            _ => found.addresses.extend(record.address(bytes)),
        }
    }
    if query.kind == Kind::Srv {
        add_addresses(&mut found.services, bytes, at);
    }
    match found == Records::default() {
        true => Answer::No(No::Record(alias)),
        false => Answer::Records(found),
    }
}

/// Addresses of the hosts that services are on: additional records, which may be cut off anywhere.
fn add_addresses(services: &mut [Service], bytes: &[u8], mut at: usize) {
    let authorities = number(bytes, 8).unwrap_or_default();
    let additional = number(bytes, 10).unwrap_or_default();
    for index in 0..u32::from(authorities) + u32::from(additional) {
        let start = at;
        let Some(record) = record(bytes, at) else {
            return;
        };
        at = record.end;
        if index < u32::from(authorities) {
            continue;
        }
        let (Some(address), Some(host)) = (record.address(bytes), name(bytes, start)) else {
            continue;
        };
        for service in services.iter_mut().filter(|service| service.host == host) {
            service.address = service.address.or(Some(address));
        }
    }
}

/// A record: its kind, and where its data stand.
struct Record {
    kind: u16,
    data: usize,
    end: usize,
}

fn record(bytes: &[u8], at: usize) -> Option<Record> {
    let at = after_name(bytes, at)?;
    let (kind, class) = (number(bytes, at)?, number(bytes, at + 2)?);
    let length = usize::from(number(bytes, at + 8)?);
    let data = at + 10;
    bytes.get(data..data + length)?;
    // A record of another class is of no kind that is known here.
    let plain = kind == OPT || class == CLASS_IN;
    Some(Record {
        kind: if plain { kind } else { 0 },
        data,
        end: data + length,
    })
}

impl Record {
    fn address(&self, bytes: &[u8]) -> Option<IpAddr> {
        let data = bytes.get(self.data..self.end)?;
        match self.kind {
            1 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
            28 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
            _ => None,
        }
    }

    /// Priority, weight, port, host. The priority is not looked at, as in HAProxy.
    fn service(&self, bytes: &[u8]) -> Option<Service> {
        let fields = 6;
        if self.end - self.data <= fields {
            return None;
        }
        let host = name(bytes, self.data + fields)?;
        // The root: the service is not offered here.
        (!host.is_empty()).then_some(Service {
            weight: number(bytes, self.data + 2)?,
            port: number(bytes, self.data + 4)?,
            host,
            address: None,
        })
    }
}

/// The name that starts here, in small letters. `None` for one that is no host name.
fn name(bytes: &[u8], mut at: usize) -> Option<String> {
    let mut out = String::new();
    loop {
        match *bytes.get(at)? {
            0 => return Some(out),
            length @ 1..=63 => {
                let label = bytes.get(at + 1..at + 1 + usize::from(length))?;
                let fits = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
                if !label.iter().all(fits) || out.len() + label.len() >= NAME {
                    return None;
                }
                if !out.is_empty() {
                    out.push('.');
                }
                out.extend(label.iter().map(|b| char::from(b.to_ascii_lowercase())));
                at += 1 + usize::from(length);
            }
            192.. => {
                // Pointers lead backwards only, so that no chain of them goes in circles.
                let to = usize::from(number(bytes, at)? & 0x3fff);
                if to >= at {
                    return None;
                }
                at = to;
            }
            _ => return None,
        }
    }
}

/// Where a name ends that starts here. What a pointer leads to is not looked at.
fn after_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + usize::from(length),
            192.. => return Some(at + 2),
            _ => return None,
        }
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(pair.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(query: &Query, flags: u16, records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut out = query.bytes[..query.end].to_vec();
        out[2..4].copy_from_slice(&(0x8180 | flags).to_be_bytes());
        out[6..8].copy_from_slice(&(records.len() as u16).to_be_bytes());
        out[10..12].fill(0);
        for (kind, data) in records {
            out.extend_from_slice(&[0xc0, 12]);
            out.extend_from_slice(&kind.to_be_bytes());
            out.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
            out.extend_from_slice(&(data.len() as u16).to_be_bytes());
            out.extend_from_slice(data);
        }
        out
    }

    #[test]
    fn queries_are_those_of_the_rfc() {
        let query = query(0x1234, b"ab.c", Kind::A, 512).expect("a name");
        assert_eq!(
            query.bytes,
            [
                0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, b'a', b'b', 1, b'c', 0, 0, 1, 0, 1, 0,
                0, 41, 2, 0, 0, 0, 0, 0, 0, 0
            ]
        );
        for bad in [&b""[..], b".", b"a..b", b"a b", &[b'x'; 64], &[b'x'; 300]] {
            assert!(super::query(1, bad, Kind::A, 512).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn addresses_are_found_behind_aliases() {
        let query = query(7, b"h.test", Kind::A, 512).expect("a name");
        let ip = IpAddr::from([10, 0, 0, 1]);
        let full = reply(
            &query,
            0,
            &[(5, b"\x01x\0"), (1, &[10, 0, 0, 1]), (1, &[9, 9, 9, 9])],
        );
        let found = Records {
            addresses: vec![ip, IpAddr::from([9, 9, 9, 9])],
            services: Vec::new(),
        };
        assert_eq!(answer(&query, &full), Answer::Records(found.clone()));
        for (flags, records, no) in [
            (0, &[(28, &[0; 16][..])][..], No::Record(false)),
            (0, &[(5, &b"\x01x\0"[..])], No::Record(true)),
            (2, &[], No::Other),
            (3, &[], No::Name),
            (5, &[], No::Refused),
        ] {
            let told = reply(&query, flags, records);
            assert_eq!(answer(&query, &told), Answer::No(no), "{flags}");
        }
        assert_eq!(
            answer(&query, &reply(&query, 0x200, &[])),
            Answer::Truncated
        );
        let mut other = full.clone();
        other[0] ^= 1;
        assert_eq!(answer(&query, &other), Answer::Foreign, "another number");
        let mut other = full.clone();
        other[13] ^= 1;
        assert_eq!(answer(&query, &other), Answer::Foreign, "another name");
        for end in 0..full.len() {
            // Cut anywhere it must not be taken for more than it is.
            let cut = answer(&query, &full[..end]);
            assert!(
                matches!(cut, Answer::Foreign | Answer::No(No::Other)),
                "{end}: {cut:?}"
            );
        }
    }

    fn srv(weight: u16, port: u16, host: &[u8]) -> Vec<u8> {
        [
            &[0, 1],
            &weight.to_be_bytes()[..],
            &port.to_be_bytes(),
            host,
        ]
        .concat()
    }

    #[test]
    fn services_come_with_their_hosts_and_addresses() {
        let query = query(7, b"_a._tcp.t", Kind::Srv, 512).expect("a name");
        // The second host is a label and a pointer to the question's last one.
        let last = 12 + 3 + 5;
        let hosts = [&b"\x01H\x01t\0"[..], &[1, b'i', 0xc0, last]];
        let records = [
            srv(10, 80, hosts[0]),
            srv(20, 81, hosts[1]),
            srv(1, 82, b"\0"),
        ];
        let records = records.each_ref().map(|data| (33, data.as_slice()));
        let mut told = reply(&query, 0, &records);
        told[11] = 1;
        told.extend_from_slice(b"\x01i\x01t\0\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x09");
        let service = |host: &str, port, weight, address| Service {
            host: host.into(),
            port,
            weight,
            address,
        };
        let expected = Records {
            addresses: Vec::new(),
            services: vec![
                service("h.t", 80, 10, None),
                service("i.t", 81, 20, Some([10, 0, 0, 9].into())),
            ],
        };
        assert_eq!(answer(&query, &told), Answer::Records(expected));
    }

    #[test]
    fn pointers_that_lead_in_circles_end() {
        let query = query(7, b"a.t", Kind::Srv, 512).expect("a name");
        for host in [[0xc0, 12 + 9 + 12 + 6], [0xc0, 0xff]] {
            let told = reply(&query, 0, &[(33, &srv(1, 80, &host))]);
            assert_eq!(answer(&query, &told), Answer::No(No::Record(false)));
        }
    }
}
