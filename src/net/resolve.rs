//! Names to addresses, by the system's resolver, while configuration is loaded.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};

use crate::settings::Family;

/// The first address of a name, of the family that is wanted. Blocks; for load time only.
///
/// # Errors
/// The resolver's, or none of the family.
pub fn resolve(name: &str, family: Family) -> io::Result<IpAddr> {
    (name, 0)
        .to_socket_addrs()?
        .map(|address| address.ip())
        .find(|ip| match family {
            Family::Any => true,
            Family::V4 => ip.is_ipv4(),
            Family::V6 => ip.is_ipv6(),
        })
        .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}
