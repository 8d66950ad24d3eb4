//! Addresses.

use std::net::{IpAddr, Ipv6Addr};

use super::*;
use crate::sample::args::{Arg, Args};
use crate::sample::scope::Scope;

#[rustfmt::skip]
pub(super) const TABLE: &[Converter] = &[
    entry("ipmask", &[need(Kind::Mask4), may(Kind::Mask6)], Type::Addr, Convert::Addr(ipmask), "the network of an address"),
];

fn ipmask<'s>(addr: IpAddr, args: &'s Args, _: &'s Scope<'_>) -> Option<Value<'s>> {
    let v4 = match addr {
        IpAddr::V4(v4) => Some(v4),
        IpAddr::V6(v6) => v6.to_ipv4_mapped(),
    };
    match (v4, args.at(0), args.at(1), addr) {
        (Some(v4), Arg::Ipv4(mask), _, _) => Some(Value::Ipv4(v4 & *mask)),
        (None, _, Arg::Ipv6(mask), IpAddr::V6(v6)) => Some(Value::Ipv6(Ipv6Addr::from(
            u128::from(v6) & u128::from(*mask),
        ))),
        _ => None,
    }
}
