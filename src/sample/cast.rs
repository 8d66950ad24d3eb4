//! Casts between the steps of an expression (manual 7.3: what a converter takes, from what it gets).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::value::{Type, Value};

impl Type {
    /// Whether samples of this type can be turned into `to` at all. What an actual sample says is
    /// another matter: text may hold no address.
    pub fn casts_to(self, to: Type) -> bool {
        use Type::*;
        if self == to || self == Any || to == Any {
            return true;
        }
        match self {
            Any => true,
            Bool => matches!(to, Int | Str | Bin),
            Int => !matches!(to, Meth),
            Addr => matches!(to, Str | Bin | Ipv4 | Ipv6 | Int),
            Ipv4 => matches!(to, Int | Addr | Ipv6 | Str | Bin),
            Ipv6 => matches!(to, Addr | Ipv4 | Str | Bin),
            Str => true,
            Bin => matches!(to, Str | Meth),
            Meth => matches!(to, Str | Bin),
        }
    }
}

impl<'a> Value<'a> {
    /// The sample as the other type, if this one can be seen so.
    pub fn cast(self, to: Type) -> Option<Value<'a>> {
        match to {
            Type::Any => Some(self),
            Type::Bool => match self {
                Self::Ipv4(_) => None,
                other => other.int().map(|n| Value::Bool(n != 0)),
            },
            Type::Int => self.int().map(Value::Int),
            Type::Addr => self.addr().map(Value::address),
            Type::Ipv4 => match self.addr()? {
                IpAddr::V4(v4) => Some(Value::Ipv4(v4)),
                IpAddr::V6(v6) => v6_to_v4(v6).map(Value::Ipv4),
            },
            Type::Ipv6 => match self.addr()? {
                IpAddr::V4(v4) => Some(Value::Ipv6(v4.to_ipv6_mapped())),
                IpAddr::V6(v6) => Some(Value::Ipv6(v6)),
            },
            Type::Str => Some(Value::Str(self.into_text())),
            Type::Bin => Some(Value::Bin(self.into_bytes())),
            Type::Meth => match self {
                Value::Str(s) | Value::Bin(s) | Value::Meth(s) => Some(Value::Meth(s)),
                _ => None,
            },
        }
    }

    /// The sample as an integer. Text gives the number it begins with, 0 if it begins with none;
    /// empty text gives none.
    pub fn int(&self) -> Option<i64> {
        match self {
            Self::Bool(b) => Some(i64::from(*b)),
            Self::Int(n) => Some(*n),
            Self::Ipv4(a) => Some(i64::from(u32::from(*a))),
            Self::Str(s) if !s.is_empty() => Some(leading_int(s)),
            _ => None,
        }
    }

    /// The sample as an address.
    pub fn addr(&self) -> Option<IpAddr> {
        match self {
            Self::Ipv4(a) => Some(IpAddr::V4(*a)),
            Self::Ipv6(a) => Some(IpAddr::V6(*a)),
            Self::Int(n) => Some(IpAddr::V4(Ipv4Addr::from(*n as u32))),
            Self::Str(s) => address(s),
            _ => None,
        }
    }

    /// The sample as bytes: numbers in network byte order, 64 bits.
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bool(b) => Cow::Owned(i64::from(b).to_be_bytes().to_vec()),
            Self::Int(n) => Cow::Owned(n.to_be_bytes().to_vec()),
            Self::Ipv4(a) => Cow::Owned(a.octets().to_vec()),
            Self::Ipv6(a) => Cow::Owned(a.octets().to_vec()),
            Self::Str(s) | Self::Bin(s) | Self::Meth(s) => s,
        }
    }
}

/// The address that text holds. As in HAProxy an IPv4 address may have leading zeros and be followed by
/// anything that does not continue it (a port); an IPv6 address stands alone.
pub fn address(text: &[u8]) -> Option<IpAddr> {
    if let Some((v4, _)) = leading_ipv4(text) {
        return Some(IpAddr::V4(v4));
    }
    std::str::from_utf8(text).ok()?.parse().ok().map(IpAddr::V6)
}

/// The IPv4 address that text begins with, and how many bytes it takes.
pub fn leading_ipv4(text: &[u8]) -> Option<(Ipv4Addr, usize)> {
    let mut octets = [0u8; 4];
    let mut at = 0;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            if text.get(at) != Some(&b'.') {
                return None;
            }
            at += 1;
        }
        let digits = text.get(at..)?;
        let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        if len == 0 {
            return None;
        }
        let number = digits.get(..len)?.iter().try_fold(0u32, |n, digit| {
            let n = n * 10 + u32::from(digit - b'0');
            (n < 256).then_some(n)
        })?;
        *octet = number as u8;
        at += len;
    }
    Some((Ipv4Addr::from(octets), at))
}

/// The IPv4 address that an IPv6 address carries, if it is of a form that does.
pub fn v6_to_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    v6.to_ipv4_mapped()
}

/// Bytes up to the first NUL, where text ends.
pub fn cut_at_nul(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let Some(end) = memchr::memchr(0, &bytes) else {
        return bytes;
    };
    match bytes {
        Cow::Borrowed(b) => Cow::Borrowed(b.get(..end).unwrap_or_default()),
        Cow::Owned(mut v) => {
            v.truncate(end);
            Cow::Owned(v)
        }
    }
}

/// The number that header, cookie and parameter values are to HAProxy: 32 bits that wrap around, ended by
/// a byte above the digits; bytes below them count as negative digits.
pub fn loose_int(text: &[u8]) -> i64 {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    };
    let number = digits
        .iter()
        .map(|byte| i32::from(*byte as i8) - i32::from(b'0'))
        .take_while(|digit| *digit <= 9)
        .fold(0i32, |n, digit| n.wrapping_mul(10).wrapping_add(digit));
    i64::from(if negative {
        number.wrapping_neg()
    } else {
        number
    })
}

/// The signed decimal number that text begins with, 0 if none; held at the ends of the 64-bit range.
pub fn leading_int(text: &[u8]) -> i64 {
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    };
    let mut n: i64 = 0;
    for &byte in digits.iter().take_while(|b| b.is_ascii_digit()) {
        let digit = i64::from(byte - b'0');
        let digit = if negative { -digit } else { digit };
        n = n.saturating_mul(10).saturating_add(digit);
    }
    n
}
