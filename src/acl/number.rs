//! Numbers and ranges of numbers, with `eq ge gt le lt` before them (manual 7.1.2).

use super::entries::View;
use super::keys::Keys;

/// An operator before numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Operator {
    /// `eq`
    #[default]
    Eq,
    /// `ge`
    Ge,
    /// `gt`
    Gt,
    /// `le`
    Le,
    /// `lt`
    Lt,
}

impl Operator {
    /// The operator of this name.
    pub fn of(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"eq" => Self::Eq,
            b"ge" => Self::Ge,
            b"gt" => Self::Gt,
            b"le" => Self::Le,
            b"lt" => Self::Lt,
            _ => return None,
        })
    }
}

/// Numbers and ranges.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers {
    exact: Keys<i64>,
    /// In order: from, to, entry.
    ranges: Vec<(i64, i64, u32)>,
}

impl Numbers {
    pub(super) fn insert(&mut self, (low, high): (i64, i64), slot: u32) {
        if low == high {
            self.exact.insert(low, slot);
        } else {
            self.ranges.push((low, high, slot));
        }
    }
    pub(super) fn remove(&mut self, (low, high): (i64, i64), slot: u32) {
        if low == high {
            self.exact.remove(low, slot);
        } else {
            self.ranges.retain(|(_, _, known)| *known != slot);
        }
    }
    /// The first entry that holds the number.
    #[inline]
    pub(super) fn find(&self, view: View<'_>, n: i64) -> Option<u32> {
        let exact = self.exact.find(&n);
        let mut ranges = self.ranges.iter();
        let range = ranges.find(|(low, high, _)| (*low..=*high).contains(&n));
        view.earlier(exact, range.map(|(_, _, slot)| *slot))
    }
}

/// A number or range after an operator, as a range without one: `gt 5` is `6:`. Before a range an operator
/// means nothing, as in HAProxy.
pub(super) fn applied(text: &str, version: bool, operator: Operator) -> Result<Vec<u8>, String> {
    let (n, _) = parse(text, version)?;
    let range = match operator {
        _ if text.contains(':') => None,
        Operator::Eq => None,
        Operator::Ge => Some((n, true)),
        Operator::Gt => Some((n.saturating_add(1), true)),
        Operator::Le => Some((n, false)),
        Operator::Lt => Some((n.saturating_sub(1), false)),
    };
    let Some((bound, up)) = range else {
        return Ok(text.as_bytes().to_vec());
    };
    let number = match version {
        true => format!("{}.{}", bound >> 16, bound & 0xffff),
        false => bound.to_string(),
    };
    let range = match up {
        true => format!("{number}:"),
        false => format!(":{number}"),
    };
    Ok(range.into_bytes())
}

/// Reads `n`, `n:m`, `n:`, `:m` or, for versions, `a.b` in their places.
pub(super) fn parse(text: &str, version: bool) -> Result<(i64, i64), String> {
    let number = |part: &str| if version { dotted(part) } else { integer(part) };
    let Some((low, high)) = text.split_once(':') else {
        let n = number(text).ok_or_else(|| format!("'{text}' is not a number"))?;
        return Ok((n, n));
    };
    let bound = |part: &str, open| {
        if part.is_empty() {
            Some(open)
        } else {
            number(part)
        }
    };
    match (bound(low, i64::MIN), bound(high, i64::MAX)) {
        (Some(low), Some(high)) if text.len() > 1 && low <= high => Ok((low, high)),
        _ => Err(format!("'{text}' is not a valid number range")),
    }
}

fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn dotted(text: &str) -> Option<i64> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let part = |text: &str| text.parse::<u16>().ok().map(i64::from);
    Some((part(major)? << 16) + part(minor)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let eq = |text| parse(text, false);
        assert_eq!(eq("5"), Ok((5, 5)));
        assert_eq!(eq("1024:65535"), Ok((1024, 65535)));
        assert_eq!(eq("1024:"), Ok((1024, i64::MAX)));
        assert_eq!(eq(":1023"), Ok((i64::MIN, 1023)));
        assert_eq!(eq("a"), Err("'a' is not a number".into()));
        assert_eq!(
            eq("1:2:3"),
            Err("'1:2:3' is not a valid number range".into())
        );
        assert_eq!(parse("3.0:3.1", true), Ok((3 << 16, (3 << 16) + 1)));
        for (text, version, operator, range) in [
            ("4", false, Operator::Gt, "5:"),
            ("4", false, Operator::Lt, ":3"),
            ("4", false, Operator::Ge, "4:"),
            ("3:7", false, Operator::Gt, "3:7"),
            ("3.0", true, Operator::Le, ":3.0"),
        ] {
            let applied = applied(text, version, operator);
            assert_eq!(applied, Ok(range.as_bytes().to_vec()), "{text}");
        }
    }
}
