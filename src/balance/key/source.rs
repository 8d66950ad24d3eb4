//! `balance source`: the client's address.

use std::net::IpAddr;

/// The hash of an address, before the avalanche modifier: its 32-bit words in network order, xored.
/// The hash function of `hash-type` plays no part.
pub fn hash(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(address) => address.to_bits(),
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [96, 64, 32, 0]
                .iter()
                .fold(0, |hash, shift| hash ^ (bits >> shift) as u32)
        }
    }
}
