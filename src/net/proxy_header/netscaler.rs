//! NetScaler's client IP insertion: the IP and TCP headers of the client's last packet, behind a magic number that both
//! sides agree on.

use std::net::{IpAddr, SocketAddr};

use super::Parsed;

/// Reads such a header, of either of its two forms, at the start of what a client sent.
pub fn parse(bytes: &[u8], magic: u32) -> Parsed {
    let common = bytes.len().min(4);
    if bytes.get(..common) != magic.to_be_bytes().get(..common) {
        return Parsed::Bad;
    }
    let (Some(second), Some(third)) = (word(bytes, 4), word(bytes, 8)) else {
        return Parsed::More;
    };
    // The newer form has a type, always 1, and a second length; the older one begins with the packet at once.
    let (start, length) = match third >> 16 {
        1 => (12, (third & 0xffff) as usize),
        _ => (8, second as usize),
    };
    if length > LONGEST {
        return Parsed::Bad;
    }
    let Some(packet) = bytes.get(start..start + length) else {
        return Parsed::More;
    };
    match ends(packet) {
        Some(ends) => Parsed::Header(start + length, Some(ends)),
        None => Parsed::Bad,
    }
}

/// An IP and a TCP header with all their options take less.
const LONGEST: usize = 160;

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at + 4)?;
    Some(u32::from_be_bytes(word.try_into().ok()?))
}

/// The two ends of a packet that begins with its IP header (RFC 791 3.1, RFC 8200 3) and goes on with TCP's.
fn ends(packet: &[u8]) -> Option<(SocketAddr, SocketAddr)> {
    let first = packet.first()?;
    let (source, destination, tcp) = match first >> 4 {
        4 => {
            let tcp = packet.get(usize::from(first & 15) * 4..)?;
            if first & 15 < 5 || packet.get(9) != Some(&TCP) {
                return None;
            }
            let address = |at: usize| -> Option<IpAddr> {
                Some(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?.into())
            };
            (address(12)?, address(16)?, tcp)
        }
        6 => {
            if packet.get(6) != Some(&TCP) {
                return None;
            }
            let address = |at: usize| -> Option<IpAddr> {
                Some(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?.into())
            };
            (address(8)?, address(24)?, packet.get(40..)?)
        }
        _ => return None,
    };
    let (&[a, b, c, d], _) = tcp.get(..20)?.split_first_chunk::<4>()?;
    Some((
        SocketAddr::new(source, u16::from_be_bytes([a, b])),
        SocketAddr::new(destination, u16::from_be_bytes([c, d])),
    ))
}

const TCP: u8 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(six: bool) -> Vec<u8> {
        let mut packet = if six { vec![0; 60] } else { vec![0; 40] };
        if six {
            packet[0] = 0x60;
            packet[6] = TCP;
            packet[23] = 1;
            packet[39] = 2;
            packet[41] = 80;
            packet[43] = 90;
        } else {
            packet[0] = 0x45;
            packet[9] = TCP;
            packet[12..20].copy_from_slice(&[192, 0, 2, 1, 198, 51, 100, 9]);
            packet[21] = 80;
            packet[23] = 90;
        }
        packet
    }

    fn header(new: bool, packet: &[u8]) -> Vec<u8> {
        let mut bytes = 0xcafe_u32.to_be_bytes().to_vec();
        let length = packet.len() as u32;
        if new {
            bytes.extend_from_slice(&(length + 12).to_be_bytes());
            bytes.extend_from_slice(&(1 << 16 | length).to_be_bytes());
        } else {
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        bytes.extend_from_slice(packet);
        bytes
    }

    #[test]
    fn both_forms_and_families() {
        for (six, ends) in [
            (false, ("192.0.2.1:80", "198.51.100.9:90")),
            (true, ("[::1]:80", "[::2]:90")),
        ] {
            let ends = (ends.0.parse().unwrap(), ends.1.parse().unwrap());
            for new in [true, false] {
                let bytes = header(new, &packet(six));
                assert_eq!(
                    parse(&bytes, 0xcafe),
                    Parsed::Header(bytes.len(), Some(ends))
                );
                for cut in 0..bytes.len() {
                    assert_eq!(parse(&bytes[..cut], 0xcafe), Parsed::More, "{cut}");
                }
                assert_eq!(parse(&bytes, 0xcaff), Parsed::Bad);
            }
        }
    }

    #[test]
    fn what_is_no_such_header() {
        let mut udp = packet(false);
        udp[9] = 17;
        let mut five = packet(false);
        five[0] = 0x55;
        for bad in [
            header(true, &udp),
            header(true, &five),
            header(false, &packet(false)[..30]),
            header(true, &[0x45; 161]),
            header(true, &[]),
        ] {
            assert_eq!(parse(&bad, 0xcafe), Parsed::Bad);
        }
    }
}
