//! Addresses as configurations write them (manual 11).

use std::net::IpAddr;

/// Which address family a prefix (`ipv4@`, `ipv6@`) or the text itself asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// Either.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// The host part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// `*` or nothing: every address of the family.
    Wildcard,
    /// A literal address.
    Ip(IpAddr),
    /// A name, to be resolved.
    Name(String),
}

/// Where to listen or to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// TCP over IP.
    Tcp {
        /// The host.
        host: Host,
        /// Which family is wanted.
        family: Family,
        /// First port; 0 where none was given.
        port: u16,
        /// Last port of a range; equal to `port` without one.
        last_port: u16,
        /// For servers: `+N` / `-N`, an offset added to the port the client asked for.
        port_offset: Option<i32>,
    },
    /// A unix socket by path.
    Unix(String),
    /// An abstract unix socket.
    Abstract(String),
    /// An inherited descriptor.
    Fd(i32),
    /// One end of an inherited socket pair.
    SockPair(i32),
}
