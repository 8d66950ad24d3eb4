//! Samples: the typed values that fetches give and converters take (manual 7.3).

use std::borrow::Cow;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

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

impl Type {
    /// The name in the `-dK` dumps.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Int => "sint",
            Self::Addr => "addr",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Str => "str",
            Self::Bin => "bin",
            Self::Meth => "meth",
        }
    }
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

impl<'a> Value<'a> {
    /// Text that is there already.
    #[inline]
    pub fn text(bytes: &'a [u8]) -> Self {
        Self::Str(Cow::Borrowed(bytes))
    }

    /// Text made for this sample.
    pub fn owned(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Str(Cow::Owned(bytes.into()))
    }

    /// Bytes that are there already.
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self::Bin(Cow::Borrowed(bytes))
    }

    /// An address of either family.
    pub fn address(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(v4) => Self::Ipv4(v4),
            IpAddr::V6(v6) => Self::Ipv6(v6),
        }
    }

    /// The type of this very sample; never [`Type::Any`] or [`Type::Addr`].
    pub fn ty(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Ipv4(_) => Type::Ipv4,
            Self::Ipv6(_) => Type::Ipv6,
            Self::Str(_) => Type::Str,
            Self::Bin(_) => Type::Bin,
            Self::Meth(_) => Type::Meth,
        }
    }

    /// The same sample with memory of its own, to be kept in a variable.
    pub fn into_static(self) -> Value<'static> {
        match self {
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(n),
            Self::Ipv4(a) => Value::Ipv4(a),
            Self::Ipv6(a) => Value::Ipv6(a),
            Self::Str(s) => Value::Str(Cow::Owned(s.into_owned())),
            Self::Bin(s) => Value::Bin(Cow::Owned(s.into_owned())),
            Self::Meth(s) => Value::Meth(Cow::Owned(s.into_owned())),
        }
    }

    /// The same sample, borrowed.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(n) => Value::Int(*n),
            Self::Ipv4(a) => Value::Ipv4(*a),
            Self::Ipv6(a) => Value::Ipv6(*a),
            Self::Str(s) => Value::Str(Cow::Borrowed(s)),
            Self::Bin(s) => Value::Bin(Cow::Borrowed(s)),
            Self::Meth(s) => Value::Meth(Cow::Borrowed(s)),
        }
    }

    /// The sample as text: what a log-format string or a header shows (binary is cut at a NUL byte, as
    /// in a cast to `string`).
    pub fn into_text(self) -> Cow<'a, [u8]> {
        match self {
            Self::Str(s) | Self::Meth(s) => s,
            Self::Bin(s) => super::cast::cut_at_nul(s),
            other => {
                let mut out = Vec::with_capacity(40);
                other.write_to(&mut out);
                Cow::Owned(out)
            }
        }
    }

    /// Appends the sample as text.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail.
        let _ = match self {
            Self::Bool(b) => {
                out.push(b'0' + u8::from(*b));
                Ok(())
            }
            Self::Int(n) => write!(out, "{n}"),
            Self::Ipv4(a) => write!(out, "{a}"),
            Self::Ipv6(a) => write_v6(*a, out),
            Self::Str(s) | Self::Meth(s) => {
                out.extend_from_slice(s);
                Ok(())
            }
            Self::Bin(s) => {
                let end = memchr::memchr(0, s).unwrap_or(s.len());
                out.extend_from_slice(s.get(..end).unwrap_or_default());
                Ok(())
            }
        };
    }

    /// The sample as a condition sees it: false for `false`, 0, and whatever is no number.
    pub fn truth(&self) -> bool {
        match self {
            Self::Bool(b) => *b,
            Self::Int(n) => *n != 0,
            _ => false,
        }
    }
}

/// As the C library writes addresses: the old IPv4-compatible ones end in dots.
fn write_v6(addr: Ipv6Addr, out: &mut Vec<u8>) -> std::io::Result<()> {
    match addr.segments() {
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
            let v4 = Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
            write!(out, "::{v4}")
        }
        _ => write!(out, "{addr}"),
    }
}
