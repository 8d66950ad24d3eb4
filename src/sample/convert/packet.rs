//! Headers of packets, as `fc_saved_syn` gives them (manual 7.3.1: eth.*, ip.*, tcp.*; RFC 791, 8200, 9293).
//!
//! Ethernet converters take a frame, `ip.*` what `eth.data` leaves, `tcp.*` what `ip.data` leaves.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::text::part;
use super::*;
use crate::sample::args::Args;
use crate::sample::scope::Scope;
use crate::sample::table::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("eth.data", &[], Type::Bin, Convert::Bin(|b, _, _| cut(b, |b| Some(frame(b)?.len..b.len()))), "what is behind an Ethernet header and its VLAN tags"),
    entry("eth.dst", &[], Type::Bin, Convert::Bin(|b, _, _| cut(b, |b| frame(b).map(|_| 0..6))), "the address an Ethernet frame goes to"),
    entry("eth.hdr", &[], Type::Bin, Convert::Bin(|b, _, _| cut(b, |b| Some(0..frame(b)?.len))), "an Ethernet header with its VLAN tags"),
    entry("eth.proto", &[], Type::Int, Convert::Bin(|b, _, _| number(frame(&b)?.proto)), "the protocol of an Ethernet frame, behind VLAN tags"),
    entry("eth.src", &[], Type::Bin, Convert::Bin(|b, _, _| cut(b, |b| frame(b).map(|_| 6..12))), "the address an Ethernet frame comes from"),
    entry("eth.vlan", &[], Type::Int, Convert::Bin(|b, _, _| number(frame(&b)?.vlan?)), "the VLAN of an Ethernet frame that is tagged"),
    entry("ip.data", &[], Type::Bin, Convert::Bin(|b, _, _| cut(b, |b| Some(packet(b)?.len..b.len()))), "what is behind an IP header, its options and extensions"),
    entry("ip.df", &[], Type::Int, Convert::Bin(ip_df), "1 if an IP packet may not be fragmented"),
    entry("ip.dst", &[], Type::Addr, Convert::Bin(|b, _, _| address(&b, 16, 24)), "the address an IP packet goes to"),
    entry("ip.hdr", &[], Type::Bin, Convert::Bin(|b, _, _| cut(b, |b| Some(0..packet(b)?.len))), "an IP header, its options and extensions"),
    entry("ip.proto", &[], Type::Int, Convert::Bin(|b, _, _| number(packet(&b)?.proto)), "the protocol an IP packet carries"),
    entry("ip.src", &[], Type::Addr, Convert::Bin(|b, _, _| address(&b, 12, 8)), "the address an IP packet comes from"),
    entry("ip.tos", &[], Type::Int, Convert::Bin(ip_tos), "the TOS or traffic class of an IP packet"),
    entry("ip.ttl", &[], Type::Int, Convert::Bin(ip_ttl), "the TTL or hop limit of an IP packet"),
    entry("ip.ver", &[], Type::Int, Convert::Bin(|b, _, _| number(b.first()? >> 4)), "the version of an IP packet"),
    entry("tcp.dst", &[], Type::Int, Convert::Bin(|b, _, _| number(pair(&b, 2)?)), "the port a TCP segment goes to"),
    entry("tcp.flags", &[], Type::Int, Convert::Bin(|b, _, _| number(*b.get(13)?)), "the flags of a TCP segment"),
    entry("tcp.options.mss", &[], Type::Int, Convert::Bin(|b, _, _| optional(&b, MSS, |v| number(pair(v, 0)?))), "the MSS that a TCP segment offers, 0 if none"),
    entry("tcp.options.sack", &[], Type::Int, Convert::Bin(|b, _, _| optional(&b, SACK, |_| number(1u8))), "1 if a TCP segment allows selective acknowledgments"),
    entry("tcp.options.tsopt", &[], Type::Int, Convert::Bin(|b, _, _| optional(&b, TIMESTAMP, |_| number(1u8))), "1 if a TCP segment has a timestamp"),
    entry("tcp.options.tsval", &[], Type::Int, Convert::Bin(|b, _, _| optional(&b, TIMESTAMP, |v| number(quad(v, 0)?))), "the timestamp of a TCP segment, 0 if none"),
    entry("tcp.options.wscale", &[], Type::Int, Convert::Bin(|b, _, _| optional(&b, SCALE, |v| number(*v.first()?))), "the window scale of a TCP segment, 0 if none"),
    entry("tcp.options.wsopt", &[], Type::Int, Convert::Bin(|b, _, _| optional(&b, SCALE, |_| number(1u8))), "1 if a TCP segment has a window scale"),
    entry("tcp.options_list", &[], Type::Bin, Convert::Bin(|b, _, _| Some(Value::Bin(Cow::Owned(options(&b)?.map(|(kind, _)| kind).collect())))), "the kinds of a TCP segment's options, in order"),
    entry("tcp.seq", &[], Type::Int, Convert::Bin(|b, _, _| number(quad(&b, 4)?)), "the sequence number of a TCP segment"),
    entry("tcp.src", &[], Type::Int, Convert::Bin(|b, _, _| number(pair(&b, 0)?)), "the port a TCP segment comes from"),
    entry("tcp.win", &[], Type::Int, Convert::Bin(|b, _, _| number(pair(&b, 14)?)), "the window of a TCP segment, not scaled"),
];

const MSS: u8 = 2;
const SCALE: u8 = 3;
const SACK: u8 = 4;
const TIMESTAMP: u8 = 8;

fn number<'s>(n: impl Into<i64>) -> Option<Value<'s>> {
    Some(Value::Int(n.into()))
}

fn pair(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn quad(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A part of the bytes, if there is one.
fn cut<'s>(
    bytes: Text<'s>,
    range: fn(&[u8]) -> Option<std::ops::Range<usize>>,
) -> Option<Value<'s>> {
    let range = range(&bytes)?;
    (range.start <= range.end && range.end <= bytes.len()).then(|| Value::Bin(part(bytes, range)))
}

/// An Ethernet header.
struct Frame {
    len: usize,
    proto: u16,
    vlan: Option<u16>,
}

/// Two addresses, VLAN tags (802.1Q, 802.1ad), the protocol. The innermost tag tells the VLAN.
fn frame(bytes: &[u8]) -> Option<Frame> {
    let mut at = 12;
    let mut vlan = None;
    loop {
        match pair(bytes, at)? {
            0x8100 | 0x88a8 => {
                vlan = Some(pair(bytes, at + 2)? & 0x0fff);
                at += 4;
            }
            proto => {
                let len = at + 2;
                return Some(Frame { len, proto, vlan });
            }
        }
    }
}

/// An IP header with what belongs to it.
struct Packet {
    len: usize,
    proto: u8,
}

fn packet(bytes: &[u8]) -> Option<Packet> {
    match bytes.first()? >> 4 {
        4 => {
            let len = usize::from(bytes.first()? & 15) * 4;
            let fits = len >= 20 && len <= bytes.len();
            fits.then_some(Packet {
                len,
                proto: *bytes.get(9)?,
            })
        }
        6 => extensions(bytes),
        _ => None,
    }
}

/// Behind the fixed 40 bytes: hop-by-hop options, routing, fragments, destination options (RFC 8200 4).
fn extensions(bytes: &[u8]) -> Option<Packet> {
    let mut proto = *bytes.get(6)?;
    let mut len = 40;
    while matches!(proto, 0 | 43 | 44 | 60) {
        let [next, units] = *bytes.get(len..)?.first_chunk::<2>()?;
        len += if proto == 44 {
            8
        } else {
            8 * (usize::from(units) + 1)
        };
        proto = next;
    }
    (len <= bytes.len()).then_some(Packet { len, proto })
}

fn address<'s>(bytes: &[u8], v4: usize, v6: usize) -> Option<Value<'s>> {
    match bytes.first()? >> 4 {
        4 => Some(Value::Ipv4(Ipv4Addr::from(quad(bytes, v4)?))),
        6 => {
            let octets: [u8; 16] = *bytes.get(v6..)?.first_chunk()?;
            Some(Value::Ipv6(Ipv6Addr::from(octets)))
        }
        _ => None,
    }
}

/// IPv6 packets are never fragmented on their way.
fn ip_df<'s>(bytes: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match bytes.first()? >> 4 {
        4 => number(bytes.get(6)? >> 6 & 1),
        6 => number(1u8),
        _ => None,
    }
}

fn ip_tos<'s>(bytes: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match bytes.first()? >> 4 {
        4 => number(*bytes.get(1)?),
        6 => number(pair(&bytes, 0)? >> 4 & 0xff),
        _ => None,
    }
}

fn ip_ttl<'s>(bytes: Text<'s>, _: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    match bytes.first()? >> 4 {
        4 => number(*bytes.get(8)?),
        6 => number(*bytes.get(7)?),
        _ => None,
    }
}

/// A TCP segment's options, each with its value, up to the end-of-options mark or the first broken one.
fn options(bytes: &[u8]) -> Option<impl Iterator<Item = (u8, &[u8])>> {
    let len = usize::from(bytes.get(12)? >> 4) * 4;
    let mut rest = bytes.get(20..len)?;
    Some(std::iter::from_fn(move || {
        let (&kind, tail) = rest.split_first()?;
        match kind {
            0 => None,
            1 => {
                rest = tail;
                Some((1, &[][..]))
            }
            _ => {
                let len = usize::from(*tail.first()?);
                let value = rest.get(2..len)?;
                rest = rest.get(len..)?;
                Some((kind, value))
            }
        }
    }))
}

/// What an option says; 0 where it is not there.
fn optional<'s>(
    bytes: &[u8],
    wanted: u8,
    read: impl Fn(&[u8]) -> Option<Value<'s>>,
) -> Option<Value<'s>> {
    match options(bytes)?.find(|(kind, _)| *kind == wanted) {
        Some((_, value)) => read(value),
        None => number(0u8),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::Stream;

    /// A SYN as Linux sends it, in a frame with a VLAN tag.
    const SYN: &str = "02000000000102000000000281000064080045100040abcd400040060000c0000201c6336402\
        303900501122334400000000b002faf000000000020405b4010303070402080a000000050000000001010000";
    const SIX: &str = "60a00000001c2bff20010db800000000000000000000000120010db8000000000000000000000002\
        0600000000000000303900501122334400000000500210000000000000";

    #[test]
    fn headers_are_taken_apart() {
        for (chain, gives) in [
            ("eth.dst,hex", "020000000001"),
            ("eth.src,hex", "020000000002"),
            ("eth.vlan", "100"),
            ("eth.proto", "2048"),
            ("eth.hdr,hex", "020000000001020000000002810000640800"),
            ("eth.data,ip.ver", "4"),
            ("eth.data,ip.tos", "16"),
            ("eth.data,ip.df", "1"),
            ("eth.data,ip.ttl", "64"),
            ("eth.data,ip.proto", "6"),
            ("eth.data,ip.src", "192.0.2.1"),
            ("eth.data,ip.dst", "198.51.100.2"),
            (
                "eth.data,ip.hdr,hex",
                "45100040ABCD400040060000C0000201C6336402",
            ),
            ("eth.data,ip.data,tcp.src", "12345"),
            ("eth.data,ip.data,tcp.dst", "80"),
            ("eth.data,ip.data,tcp.seq", "287454020"),
            ("eth.data,ip.data,tcp.flags", "2"),
            ("eth.data,ip.data,tcp.win", "64240"),
            ("eth.data,ip.data,tcp.options.mss", "1460"),
            ("eth.data,ip.data,tcp.options.wscale", "7"),
            ("eth.data,ip.data,tcp.options.wsopt", "1"),
            ("eth.data,ip.data,tcp.options.sack", "1"),
            ("eth.data,ip.data,tcp.options.tsopt", "1"),
            ("eth.data,ip.data,tcp.options.tsval", "5"),
            ("eth.data,ip.data,tcp.options_list,hex", "02010304080101"),
        ] {
            let text = format!("bin({SYN}),{chain}");
            let got = Stream::request("GET / HTTP/1.1").eval(&text);
            assert_eq!(got.as_deref(), Some(gives), "{chain}");
        }
        for (chain, gives) in [
            ("ip.ver", "6"),
            ("ip.tos", "10"),
            ("ip.ttl", "255"),
            ("ip.df", "1"),
            ("ip.proto", "6"),
            ("ip.src", "2001:db8::1"),
            ("ip.dst", "2001:db8::2"),
            ("ip.data,tcp.dst", "80"),
            ("ip.data,tcp.options.mss", "0"),
            ("ip.data,tcp.options_list,hex", ""),
        ] {
            let text = format!("bin({SIX}),{chain}");
            let got = Stream::request("GET / HTTP/1.1").eval(&text);
            assert_eq!(got.as_deref(), Some(gives), "{chain}");
        }
    }

    #[test]
    fn what_is_cut_short_gives_nothing() {
        for text in [
            "bin(0200),eth.data",
            "bin(02),eth.src",
            "bin(45),ip.data",
            "bin(45),ip.src",
            "bin(60),ip.data",
            "bin(30),ip.data",
            "bin(0001),tcp.dst",
            "bin(00010002000000000000000060),tcp.options.mss",
        ] {
            assert_eq!(Stream::request("GET / HTTP/1.1").eval(text), None, "{text}");
        }
    }
}
