//! One text against one pattern: what each method means (manual 7.1.3). Small sets are looked through with
//! this, and the tables for large ones must agree with it.

use super::method::Method;

/// True if `subject` matches `pattern` by a method for text; both as written.
#[inline]
pub(super) fn matches(method: Method, icase: bool, pattern: &[u8], subject: &[u8]) -> bool {
    match method {
        Method::Beg => subject
            .get(..pattern.len())
            .is_some_and(|start| equal(start, pattern, icase)),
        Method::End => subject
            .len()
            .checked_sub(pattern.len())
            .and_then(|at| subject.get(at..))
            .is_some_and(|end| equal(end, pattern, icase)),
        Method::Sub => contains(subject, pattern, icase),
        Method::Dir | Method::Dom => {
            let delimiters = delimiters(method);
            word(subject, strip(pattern, delimiters), delimiters, icase)
        }
        _ => equal(pattern, subject, icase),
    }
}

/// What parts words.
pub(super) fn delimiters(method: Method) -> &'static [u8] {
    match method {
        Method::Dom => b"/?.:",
        _ => b"/?",
    }
}

/// Equal texts; but for case, if it does not count.
#[inline]
pub(super) fn equal(a: &[u8], b: &[u8], icase: bool) -> bool {
    if icase {
        a.eq_ignore_ascii_case(b)
    } else {
        a == b
    }
}

/// True if the part occurs.
fn contains(subject: &[u8], part: &[u8], icase: bool) -> bool {
    let Some((first, rest)) = part.split_first() else {
        return true;
    };
    let follows = |at: usize| {
        subject
            .get(at + 1..at + part.len())
            .is_some_and(|text| equal(text, rest, icase))
    };
    if icase && first.is_ascii_alphabetic() {
        let (low, high) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
        memchr::memchr2_iter(low, high, subject).any(follows)
    } else {
        memchr::memchr_iter(*first, subject).any(follows)
    }
}

/// A pattern without the delimiters around it: they do not count.
pub(super) fn strip<'a>(pattern: &'a [u8], delimiters: &[u8]) -> &'a [u8] {
    let inner = |b: &u8| !delimiters.contains(b);
    let start = pattern.iter().position(inner).unwrap_or(pattern.len());
    let end = pattern.iter().rposition(inner).map_or(start, |at| at + 1);
    pattern.get(start..end).unwrap_or_default()
}

/// True if the words of `part` stand in the subject, between delimiters or its edges. Nothing but
/// delimiters is no word.
fn word(subject: &[u8], part: &[u8], delimiters: &[u8], icase: bool) -> bool {
    !part.is_empty()
        && starts(subject, delimiters).any(|start| {
            let end = start + part.len();
            subject
                .get(start..end)
                .is_some_and(|text| equal(text, part, icase))
                && subject.get(end).is_none_or(|b| delimiters.contains(b))
        })
}

/// Where words begin.
pub(super) fn starts(subject: &[u8], delimiters: &[u8]) -> impl Iterator<Item = usize> {
    let edge = |at: usize| {
        at.checked_sub(1)
            .and_then(|at| subject.get(at))
            .is_none_or(|b| delimiters.contains(b))
    };
    (0..subject.len()).filter(move |at| edge(*at))
}
