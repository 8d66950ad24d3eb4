//! What is wrong with a pattern, and where in it.

use std::fmt;
use std::ops::Range;

use regex_syntax::ast::{ErrorKind, parse::Parser};

use super::translate::translate;

/// Why a pattern is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the pattern that are meant.
    pub range: Range<usize>,
    pattern: String,
    reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pattern, reason, ..
        } = self;
        write!(f, "regex '{pattern}' is invalid (error={reason})")
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.to_string()
    }
}

impl Fault {
    /// What is wrong with a pattern that no engine takes; `otherwise` is what the engine says.
    pub(super) fn of(pattern: &[u8], otherwise: String) -> Self {
        let whole = 0..pattern.len();
        let text = translate(pattern);
        let (range, reason) = match Parser::new().parse(&text) {
            Ok(_) => (whole, otherwise),
            Err(error) => {
                let span = error.span();
                let start = source(pattern, span.start.offset);
                let end = source(pattern, span.end.offset).max(start + 1);
                let range = start..end.min(pattern.len());
                let reason = reason(error.kind(), &range, pattern.len()).unwrap_or(otherwise);
                (range, reason)
            }
        };
        Self {
            range: range.start.min(range.end)..range.end,
            pattern: String::from_utf8_lossy(pattern).into_owned(),
            reason,
        }
    }
}

/// The place in the pattern of a place in its translation: the first byte whose translation reaches it.
fn source(pattern: &[u8], offset: usize) -> usize {
    (0..pattern.len())
        .find(|&at| translate(&pattern[..=at]).len() > offset)
        .unwrap_or(pattern.len())
}

/// PCRE's words, and the offset it gives.
fn reason(kind: &ErrorKind, range: &Range<usize>, len: usize) -> Option<String> {
    let (words, offset) = match kind {
        ErrorKind::GroupUnclosed => ("missing closing parenthesis", len),
        ErrorKind::GroupUnopened => ("unmatched closing parenthesis", range.start),
        ErrorKind::ClassUnclosed => ("missing terminating ] for character class", len),
        ErrorKind::ClassRangeInvalid => (
            "range out of order in character class",
            range.end.saturating_sub(1),
        ),
        ErrorKind::RepetitionMissing => {
            ("quantifier does not follow a repeatable item", range.start)
        }
        ErrorKind::RepetitionCountInvalid => (
            "numbers out of order in {} quantifier",
            range.end.saturating_sub(1),
        ),
        ErrorKind::FlagUnrecognized => ("unrecognized character after (? or (?-", range.start),
        ErrorKind::EscapeUnexpectedEof => ("\\ at end of pattern", len),
        ErrorKind::GroupNameUnexpectedEof => {
            ("syntax error in subpattern name (missing terminator?)", len)
        }
        _ => return None,
    };
    Some(format!("{words}, erroffset={offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_that_in_the_pattern_as_written() {
        for (pattern, marked, words) in [
            ("^/(a", "(", "missing closing parenthesis, erroffset=4"),
            ("ab)", ")", "unmatched closing parenthesis, erroffset=2"),
            (
                r"\<\<ab)",
                ")",
                "unmatched closing parenthesis, erroffset=6",
            ),
            (
                "x[z-a]",
                "z-a",
                "range out of order in character class, erroffset=4",
            ),
            (
                "a[b",
                "[",
                "missing terminating ] for character class, erroffset=3",
            ),
            (
                "a|*",
                "*",
                "quantifier does not follow a repeatable item, erroffset=2",
            ),
        ] {
            let fault = Fault::of(pattern.as_bytes(), String::new());
            assert_eq!(&pattern[fault.range.clone()], marked, "{pattern}");
            assert_eq!(fault.reason, words, "{pattern}");
        }
        let whole = Fault::of(b"ab", "too big".to_owned());
        assert_eq!((whole.range, whole.reason.as_str()), (0..2, "too big"));
    }
}
