//! Addresses as `bind`, `server`, `log` and others write them (manual 11).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::settings::{Endpoint, Family, Host};
use crate::syntax::Env;

/// What kind of address a place takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// `bind`, `stats socket`: a stream to listen on; a port is needed.
    Listen,
    /// `server` and the like: a stream to connect to; ports may be missing or offsets.
    Connect,
    /// `source`: an address to connect from, with an optional port range.
    Source,
    /// `log`: datagrams.
    Datagram,
}

/// Replaces `$NAME` and `${NAME}`: addresses read variables also without quotes around them.
pub(super) fn expand(text: &str, env: &Env) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, behind) = match after
            .strip_prefix('{')
            .and_then(|text| text.split_once('}'))
        {
            Some(braced) => braced,
            None => {
                let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                after.split_at(end.unwrap_or(after.len()))
            }
        };
        if let Some(value) = env.get(name.as_bytes()) {
            out.push_str(&String::from_utf8_lossy(value));
        }
        rest = behind;
    }
    out + rest
}

/// Reads one address. The error is HAProxy's words for what is wrong.
pub(super) fn endpoint(text: &str, wanted: For) -> Result<Endpoint, String> {
    let (prefix, rest) = match text.split_once('@') {
        Some((prefix, rest)) => (Some(prefix), rest),
        None => (None, text),
    };
    match prefix {
        None if rest.starts_with('/') => Ok(Endpoint::Unix(rest.to_owned())),
        None => ip(rest, text, Family::Any, wanted),
        Some("ipv4") => ip(rest, text, Family::V4, wanted),
        Some("ipv6") => ip(rest, text, Family::V6, wanted),
        Some("tcp" | "tcp4" | "tcp6") if wanted == For::Datagram => {
            Err(format!("stream-type address not acceptable in '{text}'"))
        }
        Some("tcp") => ip(rest, text, Family::Any, wanted),
        Some("tcp4") => ip(rest, text, Family::V4, wanted),
        Some("tcp6") => ip(rest, text, Family::V6, wanted),
        Some("udp" | "udp4" | "udp6") if wanted != For::Datagram => {
            Err(format!("dgram-type address not acceptable in '{text}'"))
        }
        Some("udp") => ip(rest, text, Family::Any, wanted),
        Some("udp4") => ip(rest, text, Family::V4, wanted),
        Some("udp6") => ip(rest, text, Family::V6, wanted),
        Some("quic4" | "quic6") => Err(format!("QUIC is not available yet in '{text}'")),
        Some("rhttp") => Err(format!("reverse HTTP is not available yet in '{text}'")),
        Some("mptcp" | "mptcp4" | "mptcp6") => {
            Err(format!("MPTCP is not available yet in '{text}'"))
        }
        Some("unix" | "uxst" | "uxdg") => Ok(Endpoint::Unix(rest.to_owned())),
        Some("abns") => Ok(Endpoint::Abstract(rest.to_owned())),
        Some("abnsz") => Err(format!("'abnsz@' is not available yet in '{text}'")),
        Some("fd" | "sockpair") if wanted == For::Connect && prefix == Some("fd") => Err(format!(
            "a file descriptor is not acceptable here in '{text}'"
        )),
        Some("sockpair") if wanted == For::Listen => Err(format!(
            "listening on a socket pair is not available yet in '{text}'"
        )),
        Some(kind @ ("fd" | "sockpair")) => match rest.parse() {
            Ok(fd) if fd >= 0 && kind == "fd" => Ok(Endpoint::Fd(fd)),
            Ok(fd) if fd >= 0 => Ok(Endpoint::SockPair(fd)),
            _ => Err(format!(
                "file descriptor '{rest}' is not a valid integer in '{text}'"
            )),
        },
        Some(other) => Err(format!("unknown address family '{other}@' in '{text}'")),
    }
}

/// An IP address or name with its port.
fn ip(rest: &str, whole: &str, family: Family, wanted: For) -> Result<Endpoint, String> {
    let (host, port) = split_port(rest);
    let ports = ports(port, whole, wanted)?;
    let host = self::host(host, whole, family, wanted)?;
    let Ports {
        port,
        last_port,
        port_offset,
    } = ports;
    Ok(Endpoint::Tcp {
        host,
        family,
        port,
        last_port,
        port_offset,
    })
}

/// Host and port; the port begins behind the last colon, unless that is inside of brackets.
fn split_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((_, port)) if port.ends_with(']') => (text, None),
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    }
}

struct Ports {
    port: u16,
    last_port: u16,
    port_offset: Option<i32>,
}

fn ports(text: Option<&str>, whole: &str, wanted: For) -> Result<Ports, String> {
    let plain = |port| Ports {
        port,
        last_port: port,
        port_offset: None,
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return match wanted {
            For::Listen => Err(format!("missing port specification in '{whole}'")),
            For::Datagram => Ok(plain(514)),
            _ => Ok(plain(0)),
        };
    };
    if let Some(bad) = text
        .chars()
        .find(|c| !c.is_ascii_digit() && !matches!(c, '-' | '+'))
    {
        return Err(format!(
            "invalid character '{bad}' in port number '{text}' in '{whole}'"
        ));
    }
    let number = |part: &str| match part.parse::<u32>() {
        Ok(port) if port <= 65_535 => Ok(port as u16),
        _ => Err(format!("invalid port '{part}'")),
    };
    if text.starts_with(['+', '-']) {
        if wanted != For::Connect {
            return Err(format!("port offset not permitted here in '{whole}'"));
        }
        let offset: i32 = text.parse().map_err(|_| format!("invalid port '{text}'"))?;
        if offset.abs() > 65_535 {
            return Err(format!("invalid port '{text}'"));
        }
        return Ok(Ports {
            port: 0,
            last_port: 0,
            port_offset: Some(offset),
        });
    }
    match text.split_once('-') {
        None => match number(text)? {
            0 if wanted == For::Listen => Err("invalid port '0'".to_owned()),
            port => Ok(plain(port)),
        },
        Some(_) if !matches!(wanted, For::Listen | For::Source) => {
            Err(format!("port range not permitted here in '{whole}'"))
        }
        Some((low, high)) => match (number(low)?, number(high)?) {
            (port, last_port) if port > 0 && port <= last_port => Ok(Ports {
                port,
                last_port,
                port_offset: None,
            }),
            _ => Err(format!("invalid port range '{text}'")),
        },
    }
}

fn host(text: &str, whole: &str, family: Family, wanted: For) -> Result<Host, String> {
    let bare = text
        .strip_prefix('[')
        .and_then(|t| t.strip_suffix(']'))
        .unwrap_or(text);
    if bare.is_empty() || bare == "*" {
        return Ok(Host::Wildcard);
    }
    let v4 = bare.parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    let v6 = bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let literal = match family {
        Family::Any => v4.or(v6),
        Family::V4 => v4,
        Family::V6 => v6,
    };
    match literal {
        Some(address) => Ok(Host::Ip(address)),
        None if v4.is_none() && v6.is_none() && is_name(bare) => Ok(Host::Name(bare.to_owned())),
        None if wanted == For::Connect => Err(format!("could not resolve address '{bare}'.")),
        None => Err(format!("invalid address: '{bare}' in '{whole}'")),
    }
}

/// Whether this can be the name of a host: not one that a typing error made of an address.
fn is_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.chars().all(legal) && text.chars().any(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: Host, port: u16, last_port: u16) -> Endpoint {
        Endpoint::Tcp {
            host,
            family: Family::Any,
            port,
            last_port,
            port_offset: None,
        }
    }

    fn ip4(a: u8, b: u8, c: u8, d: u8) -> Host {
        Host::Ip(IpAddr::V4(Ipv4Addr::new(a, b, c, d)))
    }

    #[test]
    fn every_form_of_a_listening_address() {
        let any6 = Host::Ip(IpAddr::V6(Ipv6Addr::UNSPECIFIED));
        for (text, wanted) in [
            (":80", Ok(tcp(Host::Wildcard, 80, 80))),
            ("*:80", Ok(tcp(Host::Wildcard, 80, 80))),
            ("1.2.3.4:80-90", Ok(tcp(ip4(1, 2, 3, 4), 80, 90))),
            ("[::]:80", Ok(tcp(any6.clone(), 80, 80))),
            (":::80", Ok(tcp(any6, 80, 80))),
            (
                "localhost:80",
                Ok(tcp(Host::Name("localhost".into()), 80, 80)),
            ),
            ("/run/x", Ok(Endpoint::Unix("/run/x".into()))),
            ("unix@/run/x", Ok(Endpoint::Unix("/run/x".into()))),
            ("abns@x", Ok(Endpoint::Abstract("x".into()))),
            ("fd@5", Ok(Endpoint::Fd(5))),
            (
                "sockpair@5",
                Err("listening on a socket pair is not available yet in 'sockpair@5'"),
            ),
            ("foo", Err("missing port specification in 'foo'")),
            (
                ":x",
                Err("invalid character 'x' in port number 'x' in ':x'"),
            ),
            (":0", Err("invalid port '0'")),
            (":70000", Err("invalid port '70000'")),
            (":80-70", Err("invalid port range '80-70'")),
            ("::80", Err("invalid address: ':' in '::80'")),
            (
                "1.2.3.4.5:80",
                Err("invalid address: '1.2.3.4.5' in '1.2.3.4.5:80'"),
            ),
            (
                "fd@x",
                Err("file descriptor 'x' is not a valid integer in 'fd@x'"),
            ),
            (
                "udp@:80",
                Err("dgram-type address not acceptable in 'udp@:80'"),
            ),
            (
                "quic4@:443",
                Err("QUIC is not available yet in 'quic4@:443'"),
            ),
        ] {
            assert_eq!(
                endpoint(text, For::Listen),
                wanted.map_err(str::to_owned),
                "{text}"
            );
        }
    }

    #[test]
    fn variables_are_read_without_quotes() {
        let mut env = Env::default();
        env.set("PORT", "80");
        env.set("A", "1.2.3.4");
        for (text, wanted) in [
            ("*:$PORT", "*:80"),
            ("${A}:$PORT,$A:81", "1.2.3.4:80,1.2.3.4:81"),
            ("*:$NO", "*:"),
            ("x", "x"),
        ] {
            assert_eq!(expand(text, &env), wanted);
        }
    }

    #[test]
    fn servers_may_lack_a_port_or_shift_it() {
        for (text, wanted) in [
            ("1.2.3.4", Ok(tcp(ip4(1, 2, 3, 4), 0, 0))),
            (
                "[::1]",
                Ok(tcp(Host::Ip(IpAddr::V6(Ipv6Addr::LOCALHOST)), 0, 0)),
            ),
            (
                "::1:80",
                Ok(tcp(Host::Ip(IpAddr::V6(Ipv6Addr::LOCALHOST)), 80, 80)),
            ),
            (
                "web_1.local:80",
                Ok(tcp(Host::Name("web_1.local".into()), 80, 80)),
            ),
            (
                "1.2.3.4:80-90",
                Err("port range not permitted here in '1.2.3.4:80-90'"),
            ),
            (
                "fd@5",
                Err("a file descriptor is not acceptable here in 'fd@5'"),
            ),
            (
                "ipv6@1.1.1.1:80",
                Err("could not resolve address '1.1.1.1'."),
            ),
        ] {
            assert_eq!(
                endpoint(text, For::Connect),
                wanted.map_err(str::to_owned),
                "{text}"
            );
        }
        let shifted = endpoint("1.2.3.4:-10", For::Connect);
        assert!(matches!(
            shifted,
            Ok(Endpoint::Tcp {
                port_offset: Some(-10),
                ..
            })
        ));
        let log = endpoint("127.0.0.1", For::Datagram);
        assert!(matches!(log, Ok(Endpoint::Tcp { port: 514, .. })));
    }
}
