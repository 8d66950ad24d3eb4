//! Headers that clients send.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;

use super::{AUTHORITY, CRC32C, Ends, FIXED, Parsed, SIGNATURE, UNIQUE_ID};
use crate::hash::crc32c;

/// The longest line of version 1, its end included.
const LONGEST_LINE: usize = 107;
/// The most that one version 2 header may take, its TLVs included.
pub const LONGEST: usize = 16 * 1024;
/// What nearly all take.
pub const USUAL: usize = 512;
/// The longest values of the entries that become names and ids (proxy-protocol.txt 2.2.2, 2.2.5; HAProxy's bounds).
const BOUNDED: [(u8, usize); 2] = [(AUTHORITY, 255), (UNIQUE_ID, 128)];

/// Reads a header at the start of what a client sent.
pub fn parse(bytes: &[u8]) -> Parsed {
    let common = bytes.len().min(SIGNATURE.len());
    if bytes.get(..common) == SIGNATURE.get(..common) && bytes.first() != Some(&b'P') {
        return if common < SIGNATURE.len() {
            Parsed::More
        } else {
            version_2(bytes)
        };
    }
    let start = b"PROXY ";
    let common = bytes.len().min(start.len());
    if bytes.get(..common) != start.get(..common) {
        return Parsed::Bad;
    }
    let window = bytes
        .get(..bytes.len().min(LONGEST_LINE))
        .unwrap_or_default();
    match memchr::memchr(b'\n', window) {
        Some(end) => match line(window.get(..end).unwrap_or_default()) {
            Some(ends) => Parsed::Header(end + 1, ends),
            None => Parsed::Bad,
        },
        None if window.len() < LONGEST_LINE => Parsed::More,
        None => Parsed::Bad,
    }
}

/// The line without its LF; it must end with a CR.
fn line(line: &[u8]) -> Option<Ends> {
    let text = std::str::from_utf8(line.strip_suffix(b"\r")?).ok()?;
    let rest = text.strip_prefix("PROXY ")?;
    if rest == "UNKNOWN" || rest.starts_with("UNKNOWN ") {
        return Some(None);
    }
    let mut words = rest.split(' ');
    let family = words.next()?;
    let (source, destination) = (words.next()?, words.next()?);
    let (source_port, destination_port) = (port(words.next()?)?, port(words.next()?)?);
    if words.next().is_some() {
        return None;
    }
    let ip = |word: &str| -> Option<IpAddr> {
        match family {
            "TCP4" => word.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
            "TCP6" => word.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
            _ => None,
        }
    };
    Some(Some((
        SocketAddr::new(ip(source)?, source_port),
        SocketAddr::new(ip(destination)?, destination_port),
    )))
}

/// A port in decimal, without sign or leading zeros.
fn port(word: &str) -> Option<u16> {
    let plain = word.bytes().all(|b| b.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    plain.then(|| word.parse().ok()).flatten()
}

fn version_2(bytes: &[u8]) -> Parsed {
    let Some(fixed) = bytes.get(..FIXED) else {
        return Parsed::More;
    };
    let &[.., command, family, high, low] = fixed else {
        return Parsed::Bad;
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if command >> 4 != 2 || command & 0xf > 1 || FIXED + length > LONGEST {
        return Parsed::Bad;
    }
    let Some(rest) = bytes.get(FIXED..FIXED + length) else {
        return Parsed::More;
    };
    if command & 0xf == 0 {
        return Parsed::Header(FIXED + length, None);
    }
    let (ends, size) = match family {
        0x11 => (addresses::<4>(rest), 12),
        0x21 => (addresses::<16>(rest), 36),
        // Unspecified, datagrams and unix sockets: HAProxy believes none of them.
        _ => return Parsed::Bad,
    };
    let whole = bytes.get(..FIXED + length).unwrap_or_default();
    let fits = |(kind, value): (u8, &[u8])| {
        let bound = BOUNDED.iter().find(|(bounded, _)| *bounded == kind);
        bound.is_none_or(|(_, most)| value.len() <= *most)
    };
    let sound = whole_tlvs(rest.get(size..).unwrap_or_default()) && entries(whole).all(fits);
    if !sound || !sums_up(whole) {
        return Parsed::Bad;
    }
    match ends {
        Some(ends) => Parsed::Header(FIXED + length, Some(ends)),
        None => Parsed::Bad,
    }
}

/// False if a header has a checksum (proxy-protocol.txt 2.2.3) and it is not its own.
fn sums_up(header: &[u8]) -> bool {
    let Some((_, at)) = places(header).find(|(kind, _)| *kind == CRC32C) else {
        return true;
    };
    // It is made over the header with four zeros in its place.
    let mut blank = header.to_vec();
    let place = blank.get_mut(at).unwrap_or_default();
    let Ok(sum) = <[u8; 4]>::try_from(&*place) else {
        return false;
    };
    place.fill(0);
    crc32c(&blank) == u32::from_be_bytes(sum)
}

/// The entries of a header of version 2 that [`parse`] has found whole: types and values, in their order. None of a
/// header that speaks of no client.
pub fn entries(header: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    places(header).filter_map(|(kind, place)| Some((kind, header.get(place)?)))
}

/// Where the values are.
fn places(header: &[u8]) -> impl Iterator<Item = (u8, Range<usize>)> {
    let command = header
        .starts_with(SIGNATURE)
        .then(|| header.get(SIGNATURE.len()));
    let speaks = command.flatten().is_some_and(|command| command & 0xf != 0);
    let addresses = match header.get(SIGNATURE.len() + 1) {
        Some(0x11) if speaks => Some(12),
        Some(0x21) if speaks => Some(36),
        _ => None,
    };
    let mut at = addresses.map(|size| FIXED + size);
    std::iter::from_fn(move || {
        let (&[kind, high, low], _) = header.get(at?..)?.split_first_chunk::<3>()?;
        let start = at? + 3;
        let end = start + usize::from(u16::from_be_bytes([high, low]));
        at = Some(end);
        Some((kind, start..end))
    })
}

/// True if what follows the addresses is a row of type-length-value entries, none of which claims more than there is.
fn whole_tlvs(mut rest: &[u8]) -> bool {
    while let Some((&[_, high, low], value)) = rest.split_first_chunk::<3>() {
        match value.get(usize::from(u16::from_be_bytes([high, low]))..) {
            Some(next) => rest = next,
            None => return false,
        }
    }
    rest.is_empty()
}

fn addresses<const N: usize>(bytes: &[u8]) -> Option<(SocketAddr, SocketAddr)>
where
    IpAddr: From<[u8; N]>,
{
    let (source, rest) = bytes.split_first_chunk::<N>()?;
    let (destination, rest) = rest.split_first_chunk::<N>()?;
    let (ports, _) = rest.split_first_chunk::<4>()?;
    let [a, b, c, d] = *ports;
    Some((
        SocketAddr::new(IpAddr::from(*source), u16::from_be_bytes([a, b])),
        SocketAddr::new(IpAddr::from(*destination), u16::from_be_bytes([c, d])),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(source: &str, destination: &str) -> Ends {
        Some((source.parse().unwrap(), destination.parse().unwrap()))
    }

    #[test]
    fn lines_of_version_1() {
        let good: [(&[u8], Ends); 4] = [
            (
                b"PROXY TCP4 192.0.2.1 198.51.100.9 56324 443\r\n",
                ends("192.0.2.1:56324", "198.51.100.9:443"),
            ),
            (
                b"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n",
                ends("[2001:db8::1]:1", "[::1]:65535"),
            ),
            (b"PROXY UNKNOWN\r\n", None),
            (b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n", None),
        ];
        for (bytes, ends) in good {
            assert_eq!(parse(bytes), Parsed::Header(bytes.len(), ends));
            for cut in 0..bytes.len() {
                assert_eq!(parse(&bytes[..cut]), Parsed::More, "{cut}");
            }
        }
        let followed = b"PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n";
        assert_eq!(parse(followed), Parsed::Header(15, None));
    }

    #[test]
    fn what_is_no_header() {
        let too_long = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 93]].concat();
        let bad: [&[u8]; 14] = [
            b"GET / HTTP/1.1\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.9 56324 443\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.9 56324\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.9 56324 443 \r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.9 56324 65536\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.9 056324 443\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.9 +1 443\r\n",
            b"PROXY TCP4 192.0.2.1  198.51.100.9 1 443\r\n",
            b"PROXY TCP4 ::1 ::1 1 443\r\n",
            b"PROXY TCP6 1.1.1.1 1.1.1.1 1 443\r\n",
            b"PROXY TCP5 1.1.1.1 1.1.1.1 1 443\r\n",
            b"PROXYTCP4",
            b"PROXY UNKNOWNX\r\n",
            &too_long,
        ];
        for bytes in bad {
            assert_eq!(parse(bytes), Parsed::Bad, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn a_checksum_holds_or_the_header_is_none() {
        // As HAProxy 2.6 sends it with `proxy-v2-options crc32c`.
        let mut header = v2(
            0x21,
            0x11,
            &[
                127, 0, 0, 1, 127, 0, 0, 1, 0x78, 0x50, 0x77, 0x3c, CRC32C, 0, 4, 0x5a, 0x4d, 0x07,
                0x2c,
            ],
        );
        let whole = Parsed::Header(header.len(), ends("127.0.0.1:30800", "127.0.0.1:30524"));
        assert_eq!(parse(&header), whole);
        *header.last_mut().unwrap() ^= 1;
        assert_eq!(parse(&header), Parsed::Bad);
        let short = [127, 0, 0, 1, 127, 0, 0, 1, 0, 1, 0, 2, CRC32C, 0, 1, 0];
        assert_eq!(parse(&v2(0x21, 0x11, &short)), Parsed::Bad);
    }

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = (rest.len() as u16).to_be_bytes();
        [SIGNATURE, &[command, family], &length, rest].concat()
    }

    #[test]
    fn headers_of_version_2() {
        let four = [192, 0, 2, 1, 198, 51, 100, 9, 0xdc, 4, 1, 0xbb];
        let with_tlv = [four.as_slice(), &[4, 0, 1, 0]].concat();
        let mut six = vec![0u8; 36];
        six[15] = 1;
        six[31] = 2;
        six[33] = 80;
        six[35] = 90;
        let good = [
            (
                v2(0x21, 0x11, &four),
                ends("192.0.2.1:56324", "198.51.100.9:443"),
            ),
            (
                v2(0x21, 0x11, &with_tlv),
                ends("192.0.2.1:56324", "198.51.100.9:443"),
            ),
            (v2(0x21, 0x21, &six), ends("[::1]:80", "[::2]:90")),
            (v2(0x20, 0, &[]), None),
            (v2(0x20, 0x31, &[0; 216]), None),
        ];
        for (bytes, ends) in good {
            assert_eq!(parse(&bytes), Parsed::Header(bytes.len(), ends));
            for cut in 1..bytes.len() {
                assert_eq!(parse(&bytes[..cut]), Parsed::More, "{cut}");
            }
        }
        for bad in [
            v2(0x11, 0x11, &four),
            v2(0x22, 0x11, &four),
            v2(0x21, 0x11, &four[..11]),
            v2(0x21, 0x21, &four),
            v2(0x21, 0x11, &[0; 17_000]),
            v2(0x21, 0x31, &[0; 216]),
            v2(0x21, 0, &[]),
            v2(0x21, 0x11, &[four.as_slice(), &[4, 0, 2, 0]].concat()),
            v2(0x21, 0x11, &[four.as_slice(), &[4, 0]].concat()),
            v2(0x21, 0x21, &[six.as_slice(), &[1, 0xff, 0xff]].concat()),
        ] {
            assert_eq!(parse(&bad), Parsed::Bad);
        }
    }

    #[test]
    fn entries_are_found_by_their_type() {
        let mut header = SIGNATURE.to_vec();
        header.extend_from_slice(&[0x21, 0x11, 0, 12 + 5 + 4]);
        header.extend_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8, 0, 11, 0, 22]);
        header.extend_from_slice(&[AUTHORITY, 0, 2, b'a', b'b', UNIQUE_ID, 0, 1, b'u']);
        assert!(matches!(parse(&header), Parsed::Header(37, Some(_))));
        let all: Vec<_> = entries(&header).collect();
        assert_eq!(all, [(AUTHORITY, b"ab".as_slice()), (UNIQUE_ID, b"u")]);
        assert_eq!(entries(b"PROXY UNKNOWN\r\n").count(), 0);
        for cut in 0..header.len() {
            assert!(entries(&header[..cut]).count() < 2);
        }
    }

    #[test]
    fn names_and_ids_have_their_bounds_and_long_headers_are_read() {
        for (kind, length, good) in [
            (AUTHORITY, 255, true),
            (AUTHORITY, 256, false),
            (UNIQUE_ID, 128, true),
            (UNIQUE_ID, 129, false),
            (0xE0, 10_000, true),
            (0xE0, 17_000, false),
        ] {
            let length: u16 = length;
            let mut rest = vec![1, 2, 3, 4, 5, 6, 7, 8, 0, 11, 0, 22, kind];
            rest.extend_from_slice(&length.to_be_bytes());
            rest.resize(rest.len() + usize::from(length), b'x');
            let read = parse(&v2(0x21, 0x11, &rest));
            assert_eq!(matches!(read, Parsed::Header(..)), good, "{kind} {length}");
        }
    }
}
