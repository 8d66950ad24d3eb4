//! A sample as the matching methods want it, without the heap.

use std::io::Write;

use crate::sample::Value;

/// True if the sample, as a number, is not zero (`-m bool`).
pub(super) fn truth(value: &Value<'_>) -> bool {
    value.int().is_some_and(|n| n != 0)
}

/// Gives the sample's bytes (numbers and addresses: as text) to a function.
pub(crate) fn with_bytes<R>(value: &Value<'_>, then: impl FnOnce(&[u8]) -> R) -> R {
    let mut buf = [0; 48];
    let written = match value {
        Value::Str(bytes) | Value::Bin(bytes) | Value::Meth(bytes) => return then(bytes),
        Value::Bool(b) => return then(if *b { b"1" } else { b"0" }),
        Value::Int(n) => print(&mut buf, n),
        Value::Ipv4(ip) => print(&mut buf, ip),
        Value::Ipv6(ip) => print(&mut buf, ip),
    };
    then(buf.get(..written).unwrap_or_default())
}

fn print(buf: &mut [u8; 48], what: impl std::fmt::Display) -> usize {
    let mut left: &mut [u8] = buf;
    let all = left.len();
    // 48 bytes hold every number and address.
    let _ = write!(left, "{what}");
    all - left.len()
}
