//! Header lines: names, values, folding. The same scan reads heads and trailer sections.

use super::facts::{Facts, Keep};
use super::{Cause, Fault, Options};
use crate::http::{Head, is_token_byte};

/// Reads header lines from `at` until the empty line. Adds them to `head` by their offsets in `buf` and collects in `facts` what
/// they mean. Answers the offset after the empty line, or `None` if it has not come.
pub(super) fn scan(
    buf: &[u8],
    mut at: usize,
    options: &Options,
    head: &mut Head,
    facts: &mut Facts,
) -> Result<Option<usize>, Fault> {
    let mut lines = 1;
    loop {
        match buf.get(at) {
            None => return Ok(None),
            Some(b'\n') => return Ok(Some(at + 1)),
            Some(b'\r') => {
                return match buf.get(at + 1) {
                    None => Ok(None),
                    Some(b'\n') => Ok(Some(at + 2)),
                    Some(_) => Err(Fault::new(Cause::BareCr, at)),
                };
            }
            Some(_) => {}
        }
        lines += 1;
        if lines > options.limits.lines {
            return Err(Fault::new(Cause::TooManyHeaders, at));
        }
        let Some(colon) = name_end(buf, at, options)? else {
            return Ok(None);
        };
        let value = match plain_value_at(buf, colon + 1) {
            Some(value) => value,
            None => match value_at(buf, colon + 1)? {
                Some(value) => value,
                None => return Ok(None),
            },
        };
        facts.folded |= value.folded;
        let kept = facts
            .note(&buf[at..colon], &buf[value.start..value.end], options)
            .map_err(|cause| Fault::new(cause, value.start))?;
        let end = match kept {
            Keep::Line => Some(value.end),
            Keep::Prefix(length) => Some(value.start + length),
            Keep::Nothing => None,
        };
        if let Some(end) = end {
            let as_written = value.start == colon + 2
                && value.next == end + 2
                && buf.get(colon + 1) == Some(&b' ')
                && buf.get(end) == Some(&b'\r');
            head.adopt_field((at, colon), (value.start, end), as_written);
        }
        at = value.next;
    }
}

/// The colon after the name that starts at `at`.
fn name_end(buf: &[u8], at: usize, options: &Options) -> Result<Option<usize>, Fault> {
    let rest = buf.get(at..).unwrap_or_default();
    let mut end = at + plain_letters(rest);
    if end > at && buf.get(end) == Some(&b':') {
        return Ok(Some(end));
    }
    loop {
        match buf.get(end) {
            Some(&byte) if is_token_byte(byte) => end += 1,
            Some(b':') if end == at => return Err(Fault::new(Cause::EmptyName, at)),
            Some(b':') => return Ok(Some(end)),
            // Blanks and controls make servers disagree about the name, so they are never let through.
            Some(&byte) if options.relaxed && byte > b' ' && byte != 0x7f => end += 1,
            Some(_) => return Err(Fault::new(Cause::Name, end)),
            None => return Ok(None),
        }
    }
}

/// How many letters and hyphens `bytes` begins with, or some fewer: what names are made of, eight bytes a step.
fn plain_letters(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES * 0x80;
    let (words, _) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // In the high bit of each byte what is asked of its lower seven. No sum leaves its byte.
        let small = (word | (ONES * 0x20)) & !HIGH;
        let letters =
            (small + ONES * (0x80 - b'a' as u64)) & !(small + ONES * (0x7f - b'z' as u64));
        let not_hyphens = ((word & !HIGH) ^ (ONES * b'-' as u64)) + ONES * 0x7f;
        let others = (!letters & not_hyphens | word) & HIGH;
        if others != 0 {
            return at * 8 + (others.trailing_zeros() / 8) as usize;
        }
    }
    words.len() * 8
}

struct Value {
    start: usize,
    end: usize,
    next: usize,
    folded: bool,
}

/// [`value_at`] for what nearly all values are: one line without a control in it. `None` for all others, good or bad.
fn plain_value_at(buf: &[u8], start: usize) -> Option<Value> {
    let control = first_control(buf.get(start..)?)? + start;
    let line_feed = match buf.get(control)? {
        b'\n' => control,
        b'\r' => control + 1,
        _ => return None,
    };
    let &[b'\n', next, ..] = buf.get(line_feed..)? else {
        return None;
    };
    let blank = |b: u8| matches!(b, b' ' | b'\t');
    if blank(next) {
        return None;
    }
    let (mut first, mut end) = (start, control);
    while first < end && blank(buf[first]) {
        first += 1;
    }
    while end > first && blank(buf[end - 1]) {
        end -= 1;
    }
    Some(Value {
        start: first,
        end,
        next: line_feed + 1,
        folded: false,
    })
}

/// Where the first byte below a space is. Eight bytes a step: most values are too short for wider ones to pay.
fn first_control(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (words, tail) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // A borrow only reaches bytes above the first hit, so the lowest mark is exact.
        let marks = word.wrapping_sub(ONES * 0x20) & !word & (ONES * 0x80);
        if marks != 0 {
            return Some(at * 8 + (marks.trailing_zeros() / 8) as usize);
        }
    }
    let in_tail = tail.iter().position(|&b| b < b' ')?;
    Some(words.len() * 8 + in_tail)
}

/// The value that starts at `start`: up to the line end that no blank follows, without the white space around it.
fn value_at(buf: &[u8], start: usize) -> Result<Option<Value>, Fault> {
    let mut search = start;
    let mut folded = false;
    let line_feed = loop {
        let Some(found) = memchr::memchr(b'\n', buf.get(search..).unwrap_or_default()) else {
            return Ok(None);
        };
        let line_feed = search + found;
        match buf.get(line_feed + 1) {
            None => return Ok(None),
            Some(b' ' | b'\t') => folded = true,
            Some(_) => break line_feed,
        }
        search = line_feed + 1;
    };
    let mut end = line_feed;
    if end > start && buf[end - 1] == b'\r' {
        end -= 1;
    }
    if let Some(bad) = bad_byte(&buf[start..end], folded) {
        return Err(Fault::new(Cause::Value, start + bad));
    }
    let blank = |b: u8| matches!(b, b' ' | b'\t') || (folded && matches!(b, b'\r' | b'\n'));
    let mut first = start;
    while first < end && blank(buf[first]) {
        first += 1;
    }
    while end > first && blank(buf[end - 1]) {
        end -= 1;
    }
    Ok(Some(Value {
        start: first,
        end,
        next: line_feed + 1,
        folded,
    }))
}

/// A NUL, or a CR that is not part of a folding line end.
fn bad_byte(value: &[u8], folded: bool) -> Option<usize> {
    if !folded {
        return memchr::memchr2(b'\r', 0, value);
    }
    memchr::memchr2_iter(b'\r', 0, value)
        .find(|&at| value[at] == 0 || value.get(at + 1) != Some(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_find_what_bytes_find() {
        for byte in 0..=255u8 {
            for at in 0..24 {
                let mut bytes = *b"Content-Length-A-z-Zebra";
                bytes[at] = byte;
                let plain = |b: &u8| b.is_ascii_alphabetic() || *b == b'-';
                let expected = bytes.iter().position(|b| !plain(b)).unwrap_or(24);
                assert_eq!(plain_letters(&bytes), expected, "{byte} at {at}");
                let expected = bytes.iter().position(|&b| b < b' ');
                assert_eq!(first_control(&bytes), expected, "{byte} at {at}");
            }
        }
    }
}
