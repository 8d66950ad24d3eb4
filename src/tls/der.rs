//! DER, as far as OCSP and the making of certificates need it: tags of one byte, lengths that are known.

pub const INTEGER: u8 = 0x02;
pub const BITS: u8 = 0x03;
pub const OCTETS: u8 = 0x04;
pub const NULL: u8 = 0x05;
pub const OID: u8 = 0x06;
pub const ENUMERATED: u8 = 0x0a;
pub const TIME: u8 = 0x18;
pub const SEQUENCE: u8 = 0x30;

/// `[n]`, explicit or of several parts.
pub const fn context(n: u8) -> u8 {
    0xa0 | n
}

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub struct Der<'d>(pub &'d [u8]);

impl<'d> Der<'d> {
    /// The next element: its tag, its contents, and all of it.
    pub fn element(&mut self) -> Option<(u8, &'d [u8], &'d [u8])> {
        let all = self.0;
        let (&[tag, first], rest) = all.split_first_chunk()?;
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (size, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let size = bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
                (size, rest)
            }
            _ => return None,
        };
        let (contents, rest) = rest.split_at_checked(size)?;
        self.0 = rest;
        Some((tag, contents, all.get(..all.len() - rest.len())?))
    }

    /// The contents of the next element, which has this tag.
    pub fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let (found, contents, _) = self.element()?;
        (found == tag).then_some(contents)
    }

    /// As [`Self::take`], to be read on.
    pub fn enter(&mut self, tag: u8) -> Option<Der<'d>> {
        self.take(tag).map(Der)
    }

    /// The contents of the next element if it has this tag; otherwise nothing is taken.
    pub fn optional(&mut self, tag: u8) -> Option<&'d [u8]> {
        match self.0.first() {
            Some(found) if *found == tag => self.take(tag),
            _ => None,
        }
    }

    /// Whether all is read.
    pub fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}

/// An element with these contents.
pub fn element(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let size: usize = contents.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(size + 6);
    out.push(tag);
    match size {
        0..=0x7f => out.push(size as u8),
        0x80..=0xff => out.extend([0x81, size as u8]),
        0x100..=0xffff => out.extend([0x82, (size >> 8) as u8, size as u8]),
        _ => {
            out.push(0x84);
            out.extend((size as u32).to_be_bytes());
        }
    }
    contents.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// Seconds since 1970 of a GeneralizedTime.
pub fn seconds(time: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    let digits = text.split('.').next()?;
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let date = jiff::civil::DateTime::new(
        part(0, 4)?,
        part(4, 6)? as i8,
        part(6, 8)? as i8,
        part(8, 10)? as i8,
        part(10, 12)? as i8,
        part(12, 14)? as i8,
        0,
    );
    let zoned = date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(zoned.timestamp().as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for size in [0, 1, 127, 128, 255, 256, 70_000] {
            let contents = vec![7; size];
            let made = element(OCTETS, &[&contents]);
            let mut der = Der(&made);
            let (tag, read, all) = der.element().unwrap();
            assert_eq!((tag, read, all), (OCTETS, &contents[..], &made[..]));
            assert!(der.is_done());
            for short in 0..made.len().min(300) {
                assert!(Der(&made[..short]).element().is_none());
            }
        }
        for bad in [
            &b"\x1f\x01\x00"[..],
            b"\x04\x80\x00\x00",
            b"\x04\x85\0\0\0\0\0",
            b"\x04",
        ] {
            assert!(Der(bad).element().is_none());
        }
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(seconds(b"19700101000000Z"), Some(0));
        assert_eq!(seconds(b"20261120194616Z"), Some(1_795_203_976));
        for bad in [
            &b"20261320194616Z"[..],
            b"20261120194616",
            b"2026Z",
            b"",
            b"xx",
        ] {
            assert_eq!(seconds(bad), None);
        }
    }
}
