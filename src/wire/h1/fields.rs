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
        let Some(value) = value_at(buf, colon + 1)? else {
            return Ok(None);
        };
        facts.folded |= value.folded;
        let kept = facts
            .note(&buf[at..colon], &buf[value.start..value.end], options)
            .map_err(|cause| Fault::new(cause, value.start))?;
        match kept {
            Keep::Line => head.adopt_field((at, colon), (value.start, value.end)),
            Keep::Prefix(length) => {
                head.adopt_field((at, colon), (value.start, value.start + length))
            }
            Keep::Nothing => {}
        }
        at = value.next;
    }
}

/// The colon after the name that starts at `at`.
fn name_end(buf: &[u8], at: usize, options: &Options) -> Result<Option<usize>, Fault> {
    let mut end = at;
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

struct Value {
    start: usize,
    end: usize,
    next: usize,
    folded: bool,
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
