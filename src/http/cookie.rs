//! Cookies in `Cookie` and `Set-Cookie` values (RFC 6265), read as HAProxy reads them.

/// One cookie of a `Cookie` or `Set-Cookie` value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie<'a> {
    /// The name, case-sensitive.
    pub name: &'a [u8],
    /// The value; quotes are kept.
    pub value: &'a [u8],
    /// The offset of the name in the header value, for editing.
    pub start: usize,
    /// The offset of the first byte of the value.
    pub value_start: usize,
    /// The offset after the last byte of the value.
    pub end: usize,
}

/// The cookies of one `Cookie` header value: `name=value` separated by `;` or `,`, white space around both parts ignored.
/// What has no `=` is no cookie; the name may be empty.
pub fn cookies(value: &[u8]) -> Cookies<'_> {
    Cookies { value, at: 0 }
}

/// Iterator of [`cookies`].
#[derive(Debug, Clone)]
pub struct Cookies<'a> {
    value: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Cookies<'a> {
    type Item = Cookie<'a>;

    fn next(&mut self) -> Option<Cookie<'a>> {
        while self.at < self.value.len() {
            let start = self.at;
            let end = separator(self.value, start, true);
            self.at = end + 1;
            // `$Version` and its like are about the cookies (RFC 2109), none themselves.
            if let Some(cookie) = pair(self.value, start, end)
                && cookie.name.first() != Some(&b'$')
            {
                return Some(cookie);
            }
        }
        None
    }
}

/// The cookie that a `Set-Cookie` value sets: its first pair, ended by `;`. The attributes after it are none.
pub fn set_cookie(value: &[u8]) -> Option<Cookie<'_>> {
    pair(value, 0, separator(value, 0, false))
}

/// The end of the pair that starts at `from`: a separator outside quotes, or the end.
fn separator(value: &[u8], from: usize, commas: bool) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in value.iter().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' if !quoted => return at,
            b',' if !quoted && commas => return at,
            _ => {}
        }
    }
    value.len()
}

fn pair(value: &[u8], start: usize, end: usize) -> Option<Cookie<'_>> {
    let part = value.get(start..end)?;
    let equals = memchr::memchr(b'=', part)?;
    let (name_start, name_end) = trimmed(value, start, start + equals);
    let (value_start, value_end) = trimmed(value, start + equals + 1, end);
    Some(Cookie {
        name: &value[name_start..name_end],
        value: &value[value_start..value_end],
        start: name_start,
        value_start,
        end: value_end,
    })
}

fn trimmed(value: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    let blank = |at: usize| matches!(value.get(at), Some(b' ' | b'\t'));
    while start < end && blank(start) {
        start += 1;
    }
    while end > start && blank(end - 1) {
        end -= 1;
    }
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of cookie `a`, as haproxy 2.6 counts them.
    #[test]
    fn request_cookies_are_haproxys() {
        let table: &[(&str, &[&str])] = &[
            ("a=1", &["1"]),
            ("a=1; a=2", &["1", "2"]),
            ("b=1;a=2", &["2"]),
            (r#"a="x;y""#, &[r#""x;y""#]),
            ("A=1", &[]),
            ("a", &[]),
            ("a=", &[""]),
            ("b=1; a=", &[""]),
            ("  a = 5 ; b=2", &["5"]),
            ("a=1,a=2", &["1", "2"]),
            ("$a=1; a=4", &["4"]),
            ("aa=1;a=3", &["3"]),
            ("a=1 2;b", &["1 2"]),
            (";;=;a=7;", &["7"]),
        ];
        for (value, expected) in table {
            let got: Vec<_> = cookies(value.as_bytes())
                .filter(|c| c.name == b"a")
                .map(|c| c.value)
                .collect();
            let expected: Vec<_> = expected.iter().map(|s| s.as_bytes()).collect();
            assert_eq!(got, expected, "{value}");
        }
    }

    #[test]
    fn set_cookie_is_the_first_pair_and_its_offsets_point_into_the_value() {
        let value = b" SRV = s1,x ; path=/; Secure";
        let cookie = set_cookie(value).unwrap();
        assert_eq!((cookie.name, cookie.value), (&b"SRV"[..], &b"s1,x"[..]));
        assert_eq!(&value[cookie.value_start..cookie.end], cookie.value);
        assert_eq!(set_cookie(b"Secure; a=b"), None);
    }
}
