//! Numbers of few bytes (peers protocol 2.1, "Encoding").

use super::fault::Fault;

/// Below this a number is one byte.
const SHORT: u64 = 0xf0;

/// Writes a number.
pub(super) fn write(mut n: u64, out: &mut Vec<u8>) {
    if n < SHORT {
        out.push(n as u8);
        return;
    }
    out.push(n as u8 | SHORT as u8);
    n = (n - SHORT) >> 4;
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n = (n - 0x80) >> 7;
    }
    out.push(n as u8);
}

/// Reads a number off the front; `None` if it is not all there.
///
/// # Errors
/// It does not fit 64 bits.
pub(super) fn read(bytes: &mut &[u8]) -> Result<Option<u64>, Fault> {
    let mut rest = *bytes;
    let Some(first) = take(&mut rest) else {
        return Ok(None);
    };
    let mut n = u64::from(first);
    if n >= SHORT {
        let mut shift = 4;
        loop {
            let Some(byte) = take(&mut rest) else {
                return Ok(None);
            };
            let part = u64::from(byte);
            if shift > 63 || part << shift >> shift != part {
                return Err(Fault::Number);
            }
            n = n.checked_add(part << shift).ok_or(Fault::Number)?;
            if byte < 0x80 {
                break;
            }
            shift += 7;
        }
    }
    *bytes = rest;
    Ok(Some(n))
}

fn take(bytes: &mut &[u8]) -> Option<u8> {
    let (first, rest) = bytes.split_first()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_the_protocols() {
        for (n, bytes) in [
            (0, &[0][..]),
            (0xef, &[0xef]),
            (0xf0, &[0xf0, 0]),
            // The description's example, and what HAProxy sent.
            (0x1234, &[0xf4, 0x94, 0x01]),
            (0x80005, &[0xf5, 0xf1, 0xfe, 0x00]),
            (5_000_000_000, &[0xf0, 0x91, 0xbd, 0x80, 0x94, 0x00]),
        ] {
            let mut out = Vec::new();
            write(n, &mut out);
            assert_eq!(out, bytes, "{n}");
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let mut endless = &[0xff; 12][..];
        assert!(matches!(read(&mut endless), Err(Fault::Number)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(n: u64, more: Vec<u8>) {
            let mut out = Vec::new();
            write(n, &mut out);
            for cut in 0..out.len() {
                prop_assert_eq!(read(&mut &out[..cut]).unwrap(), None);
            }
            out.extend(&more);
            let mut rest = &out[..];
            prop_assert_eq!(read(&mut rest).unwrap(), Some(n));
            prop_assert_eq!(rest, &more[..]);
        }
    }
}
