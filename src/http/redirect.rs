//! Redirects: where the client is sent, and the answer that sends it (configuration manual, "redirect").

use super::{Head, Reply, Target, Version, reply::reason, target::split_query};

/// How the new location is made from the rule's string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The string is the location.
    Location,
    /// The request's path and query are appended to the string.
    Prefix,
    /// The string is a scheme; host, path and query are the request's.
    Scheme,
}

/// The options of a redirect rule that shape its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// `drop-query`: the query string is left out (prefix and scheme).
    pub drop_query: bool,
    /// `append-slash`: a path without a final slash gets one .
    pub append_slash: bool,
}

/// Writes the location for `request` to `out`. `value` is the rule's string, already formatted.
pub fn location(kind: Kind, value: &[u8], options: Options, request: &Head, out: &mut Vec<u8>) {
    match kind {
        Kind::Location => {
            out.extend_from_slice(value);
            return;
        }
        // "/" as a prefix means nothing is put before the path, as the manual says.
        Kind::Prefix if value == b"/" => {}
        Kind::Prefix => out.extend_from_slice(value),
        Kind::Scheme => {
            out.extend_from_slice(value);
            out.extend_from_slice(b"://");
            out.extend_from_slice(request.find(b"host").unwrap_or_default());
        }
    }
    let path_and_query = Target::of(request.target()).path_and_query();
    let seen = match options.drop_query {
        true => split_query(path_and_query).0,
        false => path_and_query,
    };
    out.extend_from_slice(seen);
    // HAProxy looks at the last byte, be it a query's, and appends to that.
    if options.append_slash && !seen.ends_with(b"/") {
        out.push(b'/');
    }
}

/// The answer that redirects there with this code; a rule adds its `set-cookie` to it. `None` for a code that is no
/// redirect.
pub fn reply(code: u16, location: &[u8]) -> Option<Reply> {
    if !matches!(code, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    // HAProxy has another name for 302 where a rule returns that status.
    let name = if code == 302 { b"Found" } else { reason(code) };
    let mut head = Head::response(Version::HTTP_11, code, name);
    head.add(b"content-length", b"0");
    head.add(b"location", location);
    // Codes that are cacheable by default are left cacheable.
    if !matches!(code, 301 | 308) {
        head.add(b"cache-control", b"no-cache");
    }
    Some(Reply {
        head,
        body: Vec::new(),
        silent: false,
    })
}

/// The redirection that `errorloc302` and `errorloc303` send in place of an error: the same lines as [`reply`] in HAProxy's other
/// order.
pub fn error_location(code: u16, location: &[u8]) -> Option<Reply> {
    let mut reply = reply(code, location)?;
    reply.head.remove(b"cache-control");
    reply.head.add_first(b"cache-control", b"no-cache");
    Some(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(kind: Kind, value: &str, drop: bool, target: &str) -> String {
        let mut head = Head::request(b"GET", target.as_bytes(), Version::HTTP_11);
        head.add(b"host", b"h:8");
        let options = Options {
            drop_query: drop,
            append_slash: drop,
        };
        let mut out = Vec::new();
        location(kind, value.as_bytes(), options, &head, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// What haproxy 2.6 answers.
    #[test]
    fn locations_are_haproxys() {
        assert_eq!(located(Kind::Location, "/x", false, "/a?b"), "/x");
        assert_eq!(
            located(Kind::Prefix, "http://q", false, "/rp?a=b"),
            "http://q/rp?a=b"
        );
        assert_eq!(located(Kind::Prefix, "/", false, "/ro?x"), "/ro?x");
        assert_eq!(located(Kind::Prefix, "/foo", true, "/ra/b?x"), "/foo/ra/b/");
        assert_eq!(
            located(Kind::Scheme, "https", false, "/rs?x"),
            "https://h:8/rs?x"
        );
        assert_eq!(
            located(Kind::Scheme, "https", true, "/rd/?x"),
            "https://h:8/rd/"
        );
        assert_eq!(
            located(Kind::Scheme, "https", false, "http://z/rs?k"),
            "https://h:8/rs?k"
        );
    }

    #[test]
    fn temporary_redirects_are_not_cached() {
        let head = |code| {
            let mut out = Vec::new();
            reply(code, b"/n").unwrap().head.write_to(&mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            head(302),
            "HTTP/1.1 302 Found\r\ncontent-length: 0\r\nlocation: /n\r\ncache-control: no-cache\r\n\r\n"
        );
        assert_eq!(
            head(301),
            "HTTP/1.1 301 Moved Permanently\r\ncontent-length: 0\r\nlocation: /n\r\n\r\n"
        );
        assert!(reply(304, b"/").is_none());
    }
}
