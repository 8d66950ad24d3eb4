//! Text that a subject must hold for an expression to match, where that can be told.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Hir, HirKind};

/// Shorter ones tell too little.
const LEAST: usize = 3;
/// More alternatives than this are not worth looking for.
const MOST: usize = 32;

/// Texts of which every match of the (translated) pattern holds at least one; nothing if there are none that
/// are long enough to be worth looking for.
pub(super) fn required(pattern: &str) -> Option<Vec<Box<[u8]>>> {
    let mut parser = ParserBuilder::new().unicode(false).utf8(false).build();
    let hir = parser.parse(pattern).ok()?;
    if let Some(literal) = longest(&hir).filter(|literal| literal.len() >= LEAST) {
        return Some(vec![literal.into()]);
    }
    let starts = Extractor::new().extract(&hir);
    let starts = starts.literals()?;
    let good = |bytes: &[u8]| bytes.len() >= LEAST;
    let usable = !starts.is_empty()
        && starts.len() <= MOST
        && starts.iter().all(|literal| good(literal.as_bytes()));
    usable.then(|| starts.iter().map(|l| l.as_bytes().into()).collect())
}

/// The longest text that stands in every match as it is.
fn longest(hir: &Hir) -> Option<&[u8]> {
    match hir.kind() {
        HirKind::Literal(literal) => Some(&literal.0),
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => longest(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(longest).max_by_key(|l| l.len()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_match_holds() {
        for (pattern, expected) in [
            ("^/user/[0-9]+$", Some(&["/user/"][..])),
            ("a.c", None),
            ("(abc)+d", Some(&["abc"])),
            ("(abc)*", None),
            ("^(foo|barn)$", Some(&["foo", "barn"])),
            ("x?abcd", Some(&["abcd"])),
            ("(?=abc)", None),
        ] {
            let found = required(pattern);
            let texts: Option<Vec<Box<[u8]>>> =
                expected.map(|list| list.iter().map(|text| text.as_bytes().into()).collect());
            assert_eq!(found, texts, "{pattern}");
        }
    }
}
