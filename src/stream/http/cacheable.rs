//! Responses that caches may keep, and the cookies that these would hand to others (manual 4.2 `option checkcache`, `cookie`
//! `nocache`; RFC 9111).

use crate::http::{Head, Method};

/// Statuses that caches keep unless told otherwise.
const CACHED: [u16; 11] = [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];

/// What caches may keep of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cacheable {
    /// The response.
    pub body: bool,
    /// Its cookies with it.
    pub cookie: bool,
}

impl Cacheable {
    const NO: Self = Self {
        body: false,
        cookie: false,
    };
    const YES: Self = Self {
        body: true,
        cookie: true,
    };

    /// What the response says. Without a validator or a time nothing is kept.
    pub(super) fn of(method: Method, response: &Head) -> Self {
        if response
            .items(b"pragma")
            .any(|item| item.eq_ignore_ascii_case(b"no-cache"))
        {
            return Self::NO;
        }
        let mut kept = match method.is_safe() && CACHED.contains(&response.status()) {
            true => Self::YES,
            false => Self::NO,
        };
        let mut lasts = false;
        for item in response.items(b"cache-control") {
            let is = |word: &[u8]| item.eq_ignore_ascii_case(word);
            let begins = |word: &[u8]| {
                item.get(..word.len())
                    .is_some_and(|start| start.eq_ignore_ascii_case(word))
            };
            if FORBIDS.iter().any(|word| is(word)) {
                kept = Self::NO;
            } else if is(b"no-cache=\"set-cookie\"") || begins(b"no-cache=\"set-cookie,") {
                kept.cookie = false;
            } else if is(b"public") {
                kept = Self::YES;
            } else {
                lasts |= begins(b"max-age") || begins(b"s-maxage");
            }
        }
        let validated = ["etag", "last-modified", "expires"]
            .iter()
            .any(|name| response.find(name.as_bytes()).is_some());
        if lasts || validated { kept } else { Self::NO }
    }
}

/// Directives that keep the response out of shared caches.
const FORBIDS: [&[u8]; 5] = [
    b"private",
    b"no-store",
    b"no-cache",
    b"max-age=0",
    b"s-maxage=0",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Version;

    /// As HAProxy 2.6 blocks with `option checkcache`, and makes private with `nocache`.
    #[test]
    fn what_caches_keep_is_haproxys() {
        const TAG: (&str, &str) = ("etag", "\"x\"");
        let of = |method, status, lines: &[(&str, &str)]| {
            let mut head = Head::response(Version::HTTP_11, status, b"");
            for (name, value) in lines {
                head.add(name.as_bytes(), value.as_bytes());
            }
            let kept = Cacheable::of(method, &head);
            (kept.body, kept.cookie)
        };
        let get = |lines: &[(&str, &str)]| of(Method::Get, 200, lines);
        let (yes, no) = ((true, true), (false, false));
        assert_eq!(get(&[]), no);
        assert_eq!(get(&[TAG]), yes);
        assert_eq!(get(&[("last-modified", "x")]), yes);
        assert_eq!(get(&[("expires", "x")]), yes);
        assert_eq!(of(Method::Get, 302, &[TAG]), no);
        assert_eq!(of(Method::Post, 200, &[TAG]), no);
        let control = |value| ("cache-control", value);
        assert_eq!(of(Method::Post, 200, &[TAG, control("public")]), yes);
        assert_eq!(get(&[TAG, ("pragma", "no-cache")]), no);
        assert_eq!(get(&[TAG, ("pragma", "no-cache"), control("public")]), no);
        for (value, kept) in [
            ("public", yes),
            ("private", no),
            ("no-cache", no),
            ("max-age=0", no),
            ("public, no-cache", no),
            ("no-cache, public", yes),
            ("no-cache=\"set-cookie\"", (true, false)),
            ("no-cache=\"set-cookie,x\"", (true, false)),
        ] {
            assert_eq!(get(&[TAG, control(value)]), kept, "{value}");
        }
        for (value, kept) in [
            ("public", no),
            ("max-age=10", yes),
            ("max-age=x", yes),
            ("s-maxage", yes),
            ("max-age=0", no),
        ] {
            assert_eq!(get(&[control(value)]), kept, "{value}");
        }
    }
}
