//! DNS messages (RFC 1035, RFC 6891): a query for addresses, and the addresses in its answer. No socket, no clock.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kind of record that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    A,
    Aaaa,
}

impl Kind {
    fn number(self) -> u16 {
        match self {
            Self::A => 1,
            Self::Aaaa => 28,
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
    /// The first address; `None` if there is none, for whatever reason.
    Address(Option<IpAddr>),
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
    if flags & 0x000f != 0 {
        return Answer::Address(None);
    }
    Answer::Address(address(query, bytes))
}

/// Names are equal whatever the case of their letters.
fn same_question(query: &Query, bytes: &[u8]) -> bool {
    let asked = query.bytes.get(HEAD..query.end).unwrap_or_default();
    let told = bytes.get(HEAD..query.end).unwrap_or_default();
    asked.eq_ignore_ascii_case(told)
}

fn address(query: &Query, bytes: &[u8]) -> Option<IpAddr> {
    let count = number(bytes, 6)?;
    let mut at = query.end;
    for _ in 0..count {
        at = after_name(bytes, at)?;
        let (kind, class) = (number(bytes, at)?, number(bytes, at + 2)?);
        let length = usize::from(number(bytes, at + 8)?);
        let data = bytes.get(at + 10..at + 10 + length)?;
        at += 10 + length;
        if class != CLASS_IN || kind == CNAME || kind != query.kind.number() {
            // The records of the name that an alias leads to follow in the same answer.
            continue;
        }
        return match query.kind {
            Kind::A => <[u8; 4]>::try_from(data)
                .ok()
                .map(Ipv4Addr::from)
                .map(IpAddr::V4),
            Kind::Aaaa => <[u8; 16]>::try_from(data)
                .ok()
                .map(Ipv6Addr::from)
                .map(IpAddr::V6),
        };
    }
    None
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
        assert_eq!(answer(&query, &full), Answer::Address(Some(ip)));
        assert_eq!(
            answer(&query, &reply(&query, 0, &[(28, &[0; 16])])),
            Answer::Address(None)
        );
        assert_eq!(
            answer(&query, &reply(&query, 3, &[])),
            Answer::Address(None)
        );
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
                matches!(cut, Answer::Foreign | Answer::Address(None)) || end > 50,
                "{end}"
            );
        }
    }
}
