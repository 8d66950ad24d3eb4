//! Headers for servers.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::{ALPN, AUTHORITY, CRC32C, Ends, FIXED, SIGNATURE, SSL, UNIQUE_ID};
use crate::hash::crc32c;

/// The version 1 line for a client; `UNKNOWN` where it has no IP address. Mixed families become IPv6.
pub fn version_1(source: Option<SocketAddr>, destination: Option<SocketAddr>) -> Vec<u8> {
    let (Some(source), Some(destination)) = (source, destination) else {
        return b"PROXY UNKNOWN\r\n".to_vec();
    };
    let (from, to) = (source.ip(), destination.ip());
    let ports = (source.port(), destination.port());
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            format!("PROXY TCP4 {from} {to} {} {}\r\n", ports.0, ports.1)
        }
        _ => {
            let (from, to) = (wide(from), wide(to));
            format!("PROXY TCP6 {from} {to} {} {}\r\n", ports.0, ports.1)
        }
    }
    .into_bytes()
}

/// What a header of version 2 says beside the addresses (proxy-protocol.txt 2.2).
#[derive(Debug, Default)]
pub struct Entries<'a> {
    /// A checksum of the header goes with it.
    pub checksum: bool,
    /// The protocol agreed on with the client.
    pub alpn: Option<&'a [u8]>,
    /// The name that the client asked for.
    pub authority: Option<&'a [u8]>,
    /// The connection's unique id.
    pub unique_id: Option<&'a [u8]>,
    /// About TLS.
    pub tls: Option<Tls<'a>>,
    /// What the server's line adds (`set-proxy-v2-tlv-fmt`).
    pub own: &'a [(u8, Vec<u8>)],
}

/// What a header of version 2 says about the client's TLS (proxy-protocol.txt 2.2.6).
#[derive(Debug, Default)]
pub struct Tls<'a> {
    /// The client speaks it.
    pub spoken: bool,
    /// It gave a certificate on this connection.
    pub certified: bool,
    /// It gave one in the session that the connection belongs to.
    pub known: bool,
    /// How its certificate was judged, OpenSSL's number; 0 is good.
    pub verdict: u8,
    /// Its version.
    pub version: Option<&'a [u8]>,
    /// The common name in the client's certificate.
    pub common_name: Option<&'a [u8]>,
    /// The kind of key of our certificate.
    pub key: Option<&'a [u8]>,
    /// How our certificate is signed.
    pub signature: Option<&'a [u8]>,
    /// The cipher suite.
    pub cipher: Option<&'a [u8]>,
}

impl Tls<'_> {
    fn write_to(&self, out: &mut Vec<u8>) {
        let client =
            u8::from(self.spoken) | u8::from(self.certified) << 1 | u8::from(self.known) << 2;
        let mut value = vec![client];
        value.extend_from_slice(&u32::from(self.verdict).to_be_bytes());
        let facts = [
            (0x21, self.version),
            (0x22, self.common_name),
            (0x25, self.key),
            (0x24, self.signature),
            (0x23, self.cipher),
        ];
        for (kind, fact) in facts {
            push(&mut value, kind, fact);
        }
        push(out, SSL, Some(&value));
    }
}

/// A header of version 2, its entries in HAProxy's order. Without ends that have IP addresses it speaks of no client
/// (`LOCAL`).
pub fn version_2(ends: Ends, entries: &Entries<'_>) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    match ends {
        None => header.extend_from_slice(&[0x20, 0, 0, 0]),
        Some((source, destination)) => {
            let family = match (source.ip(), destination.ip()) {
                (IpAddr::V4(_), IpAddr::V4(_)) => 0x11,
                _ => 0x21,
            };
            header.extend_from_slice(&[0x21, family, 0, 0]);
            for ip in [source.ip(), destination.ip()] {
                match ip {
                    IpAddr::V4(ip) if family == 0x11 => header.extend_from_slice(&ip.octets()),
                    ip => header.extend_from_slice(&wide(ip).octets()),
                }
            }
            header.extend_from_slice(&source.port().to_be_bytes());
            header.extend_from_slice(&destination.port().to_be_bytes());
        }
    }
    let sum_at = header.len() + 3;
    push(&mut header, CRC32C, entries.checksum.then_some(&[0; 4]));
    push(&mut header, ALPN, entries.alpn);
    push(&mut header, AUTHORITY, entries.authority);
    push(&mut header, UNIQUE_ID, entries.unique_id);
    if let Some(tls) = &entries.tls {
        tls.write_to(&mut header);
    }
    for (kind, value) in entries.own {
        push(&mut header, *kind, Some(value));
    }
    let length = u16::try_from(header.len() - FIXED).unwrap_or(u16::MAX);
    put(&mut header, FIXED - 2, &length.to_be_bytes());
    if entries.checksum {
        let sum = crc32c(&header).to_be_bytes();
        put(&mut header, sum_at, &sum);
    }
    header
}

fn put(header: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = header.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

/// The longest value of an entry, and the longest header: it must stay one that everybody reads.
const LONGEST_VALUE: usize = 1024;
const LONGEST_HEADER: usize = 8 * 1024;

fn push(out: &mut Vec<u8>, kind: u8, value: Option<&[u8]>) {
    if let Some(value) = value
        .filter(|value| value.len() <= LONGEST_VALUE && out.len() + value.len() <= LONGEST_HEADER)
    {
        out.push(kind);
        out.extend_from_slice(&(value.len() as u16).to_be_bytes());
        out.extend_from_slice(value);
    }
}

fn wide(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Parsed, parse};
    use super::*;

    fn ends(source: &str, destination: &str) -> Ends {
        Some((source.parse().unwrap(), destination.parse().unwrap()))
    }

    #[test]
    fn what_we_say_is_what_we_read() {
        for (source, destination) in [
            ("1.2.3.4:5", "6.7.8.9:10"),
            ("[2001:db8::1]:5", "[::1]:65535"),
        ] {
            let ends = ends(source, destination);
            let line = version_1(ends.map(|e| e.0), ends.map(|e| e.1));
            assert_eq!(parse(&line), Parsed::Header(line.len(), ends));
            let entries = Entries {
                checksum: true,
                authority: Some(b"a.example"),
                tls: Some(Tls::default()),
                ..Entries::default()
            };
            let header = version_2(ends, &entries);
            assert_eq!(parse(&header), Parsed::Header(header.len(), ends));
        }
        assert_eq!(version_1(None, None), b"PROXY UNKNOWN\r\n");
        let local = version_2(None, &Entries::default());
        assert_eq!(parse(&local), Parsed::Header(16, None));
    }

    /// As HAProxy 2.6 sent it.
    #[test]
    fn entries_have_haproxys_order_and_bytes() {
        let entries = Entries {
            checksum: true,
            authority: Some(b"sni.example"),
            unique_id: Some(b"id-1-7F000001"),
            tls: Some(Tls {
                spoken: true,
                certified: true,
                known: true,
                verdict: 0,
                version: Some(b"TLSv1.2"),
                common_name: Some(b"client one"),
                key: Some(b"RSA2048"),
                signature: Some(b"RSA-SHA256"),
                cipher: Some(b"ECDHE-RSA-AES128-GCM-SHA256"),
            }),
            ..Entries::default()
        };
        let header = version_2(ends("127.0.0.1:30800", "127.0.0.1:30520"), &entries);
        let observed = b"\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x85\x7f\x00\x00\x01\x7f\x00\x00\x01xPw8\x03\x00\x04\xc2\xd5\xe3\xdb\x02\x00\x0bsni.example\x05\x00\rid-1-7F000001 \x00Q\x07\x00\x00\x00\x00!\x00\x07TLSv1.2\"\x00\nclient one%\x00\x07RSA2048$\x00\nRSA-SHA256#\x00\x1bECDHE-RSA-AES128-GCM-SHA256";
        assert_eq!(
            header.escape_ascii().to_string(),
            observed.escape_ascii().to_string()
        );
    }
}
