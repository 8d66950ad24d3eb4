//! Comma-separated header values, as `req.hdr` reads them (configuration manual, 7.3.6: `req.hdr` against `req.fhdr`).

use super::Head;

/// The comma-separated items of one header value: commas inside double quotes do not separate, white space around an item
/// is not part of it, empty items count, and an empty value is one empty item.
#[derive(Debug, Clone)]
pub struct ListItems<'a> {
    rest: Option<&'a [u8]>,
}

/// Splits a header value into its items.
pub fn list_items(value: &[u8]) -> ListItems<'_> {
    ListItems { rest: Some(value) }
}

impl<'a> Iterator for ListItems<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let item = match item_end(rest) {
            Some(end) => {
                self.rest = rest.get(end + 1..);
                &rest[..end]
            }
            None => {
                self.rest = None;
                rest
            }
        };
        Some(trim(item))
    }
}

/// The comma that ends the first item, if one does.
fn item_end(value: &[u8]) -> Option<usize> {
    let comma = memchr::memchr(b',', value)?;
    if memchr::memchr(b'"', &value[..comma]).is_none() {
        return Some(comma);
    }
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// The bytes without spaces and tabs around them.
fn trim(bytes: &[u8]) -> &[u8] {
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let start = bytes.iter().position(|b| !blank(b)).unwrap_or(bytes.len());
    let end = bytes
        .iter()
        .rposition(|b| !blank(b))
        .map_or(start, |p| p + 1);
    &bytes[start..end]
}

/// The occurrence of an iterator's items that a fetch asks for: `1` is the first, `-1` the last, `0` counts as the last one
/// (what a fetch without an occurrence gives). Negative occurrences reach back at most as far as the items go.
pub fn nth<T>(mut items: impl Iterator<Item = T> + Clone, occurrence: i32) -> Option<T> {
    match usize::try_from(occurrence) {
        Ok(0) => items.last(),
        Ok(n) => items.nth(n - 1),
        Err(_) => {
            let back = usize::try_from(occurrence.unsigned_abs()).ok()?;
            let skip = items.clone().count().checked_sub(back)?;
            items.nth(skip)
        }
    }
}

impl Head {
    /// The items of all lines with this name, line by line: what `req.hdr` and `hdr_cnt` go through.
    pub fn items<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + Clone {
        (0..self.len())
            .filter_map(move |i| self.field(i))
            .filter(move |f| f.name.eq_ignore_ascii_case(name))
            .flat_map(|f| list_items(f.value))
    }

    /// One comma-separated item of the lines with this name: `req.hdr(name,occurrence)`.
    pub fn item<'a>(&'a self, name: &'a [u8], occurrence: i32) -> Option<&'a [u8]> {
        nth(self.items(name), occurrence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Version;

    /// What haproxy 2.6 answers for the same values.
    #[test]
    fn items_are_haproxys() {
        let table: &[(&str, &[&str])] = &[
            ("a,,b", &["a", "", "b"]),
            ("", &[""]),
            (",", &["", ""]),
            (r#"a, "b,c" ,d"#, &["a", r#""b,c""#, "d"]),
            (", a ,", &["", "a", ""]),
            (r#""a\",b",c"#, &[r#""a\",b""#, "c"]),
            ("'a,b'", &["'a", "b'"]),
            (r#""never closed, b"#, &[r#""never closed, b"#]),
        ];
        for (value, expected) in table {
            let got: Vec<_> = list_items(value.as_bytes()).collect();
            let expected: Vec<_> = expected.iter().map(|s| s.as_bytes()).collect();
            assert_eq!(got, expected, "{value}");
        }
    }

    #[test]
    fn occurrences_count_from_both_ends_over_all_lines() {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"Foo", b"a");
        head.add(b"bar", b"x");
        head.add(b"foo", b"b,c");
        let item = |n| {
            head.item(b"FOO", n)
                .map(|v| String::from_utf8_lossy(v).into_owned())
        };
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(
            (item(1), item(2), item(3), item(4)),
            (some("a"), some("b"), some("c"), None)
        );
        assert_eq!(
            (item(-1), item(-3), item(-4), item(0)),
            (some("c"), some("a"), None, some("c"))
        );
    }
}
