//! Responses that would put somebody's cookie into a shared cache (manual 4.2 `option checkcache`).

use crate::http::{Head, Method};

/// Statuses that caches keep unless told otherwise.
const CACHED: [u16; 11] = [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];

/// Whether a cache may keep this response though it sets a cookie.
pub(super) fn shares_cookie(method: Method, response: &Head) -> bool {
    if response.find(b"set-cookie").is_none() || says(response, b"pragma", is_no_cache) {
        return false;
    }
    if says(response, b"cache-control", forbids) {
        return false;
    }
    let public = says(response, b"cache-control", |item| {
        item.eq_ignore_ascii_case(b"public")
    });
    public || (method.is_safe() && CACHED.contains(&response.status()))
}

fn says(head: &Head, name: &[u8], what: impl Fn(&[u8]) -> bool) -> bool {
    head.items(name).any(what)
}

fn is_no_cache(item: &[u8]) -> bool {
    item.eq_ignore_ascii_case(b"no-cache")
}

/// Directives that keep the response, or its cookie, out of shared caches.
fn forbids(item: &[u8]) -> bool {
    const WHOLE: [&[u8]; 6] = [
        b"private",
        b"no-store",
        b"no-cache",
        b"max-age=0",
        b"s-maxage=0",
        b"no-cache=\"set-cookie\"",
    ];
    const LISTED: &[u8] = b"no-cache=\"set-cookie,";
    WHOLE.iter().any(|word| item.eq_ignore_ascii_case(word))
        || item
            .get(..LISTED.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(LISTED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Version;

    /// The manual's list.
    #[test]
    fn cookies_stay_out_of_shared_caches() {
        let shares = |status, method, lines: &[(&str, &str)]| {
            let mut head = Head::response(Version::HTTP_11, status, b"");
            for (name, value) in lines {
                head.add(name.as_bytes(), value.as_bytes());
            }
            shares_cookie(method, &head)
        };
        let cookie = ("set-cookie", "a=b");
        assert!(shares(200, Method::Get, &[cookie]));
        assert!(!shares(200, Method::Get, &[]));
        assert!(!shares(302, Method::Get, &[cookie]));
        assert!(!shares(200, Method::Post, &[cookie]));
        assert!(shares(
            302,
            Method::Post,
            &[cookie, ("cache-control", "public")]
        ));
        assert!(!shares(200, Method::Get, &[cookie, ("pragma", "no-cache")]));
        for value in [
            "private",
            "max-age=0",
            "x, no-store",
            "no-cache=\"set-cookie\"",
            "no-cache=\"set-cookie,x\"",
        ] {
            assert!(
                !shares(200, Method::Get, &[cookie, ("cache-control", value)]),
                "{value}"
            );
        }
        assert!(shares(
            200,
            Method::Get,
            &[cookie, ("cache-control", "max-age=9")]
        ));
    }
}
