//! Samples: the typed values that fetches give and converters take (manual 7.3).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The type of a sample, as the manual names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Anything; for converters that take every type.
    Any,
    /// `boolean`
    Bool,
    /// `integer`, signed 64 bits
    Int,
    /// `ipv4` or `ipv6`
    Addr,
    /// `ipv4`
    Ipv4,
    /// `ipv6`
    Ipv6,
    /// `string`
    Str,
    /// `binary`
    Bin,
    /// `method`
    Meth,
}

/// A sample. Text and bytes are slices of the message wherever they can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address.
    Ipv6(Ipv6Addr),
    /// Text; any bytes.
    Str(Cow<'a, [u8]>),
    /// Bytes.
    Bin(Cow<'a, [u8]>),
    /// An HTTP method.
    Meth(Cow<'a, [u8]>),
}
