//! `normalize-uri`: one kind of normalisation at a time (manual 4.2 `http-request normalize-uri`).

use super::read::{Side, Words, ready};
use super::rewrite::grow;
use super::table::{Entry, Read};
use super::target::Part;
use super::{Action, Flow};
use crate::sample::Scope;

pub(super) static NORMALIZE: Entry = Entry::new(
    "normalize-uri",
    "{ fragment-encode | fragment-strip | path-merge-slashes | path-strip-dot | path-strip-dotdot [ full ] | \
     percent-decode-unreserved [ strict ] | percent-to-uppercase [ strict ] | query-sort-by-name }",
    "normalises the request target in one respect",
    normalize,
)
.experimental();

/// The normalisers, for suggestions.
const NAMES: [&str; 8] = [
    "fragment-encode",
    "fragment-strip",
    "path-merge-slashes",
    "path-strip-dot",
    "path-strip-dotdot",
    "percent-decode-unreserved",
    "percent-to-uppercase",
    "query-sort-by-name",
];

/// What a normaliser makes of the bytes; `None` refuses them (strict forms).
type Normalizer = fn(&[u8]) -> Option<Vec<u8>>;

fn normalize(words: &mut Words<'_, '_, '_>) -> Read {
    let word = words.word("missing normalizer")?;
    let full = words.cursor.take_if("full");
    let strict = words.cursor.take_if("strict");
    let (part, run): (Part, Normalizer) = match (word.bytes.as_slice(), full, strict) {
        (b"fragment-encode", false, false) => (Part::Uri, |b| Some(fragment_encode(b))),
        (b"fragment-strip", false, false) => (Part::Uri, |b| Some(fragment_strip(b))),
        (b"path-merge-slashes", false, false) => (Part::Path, |b| Some(merge_slashes(b))),
        (b"path-strip-dot", false, false) => (Part::Path, |b| Some(strip_dot(b))),
        (b"path-strip-dotdot", false, false) => (Part::Path, |b| Some(strip_dotdot(b, false))),
        (b"path-strip-dotdot", true, false) => (Part::Path, |b| Some(strip_dotdot(b, true))),
        (b"percent-decode-unreserved", false, false) => {
            (Part::PathAndQuery, |b| percent(b, false, decode))
        }
        (b"percent-decode-unreserved", false, true) => {
            (Part::PathAndQuery, |b| percent(b, true, decode))
        }
        (b"percent-to-uppercase", false, false) => {
            (Part::PathAndQuery, |b| percent(b, false, upper))
        }
        (b"percent-to-uppercase", false, true) => (Part::PathAndQuery, |b| percent(b, true, upper)),
        (b"query-sort-by-name", false, false) => (Part::Query, |b| Some(sort_query(b))),
        _ => {
            let name = word.text();
            let message = format!("unknown normalizer '{name}'");
            return Err(words.unknown(word, message, NAMES));
        }
    };
    ready(move || Action::new(Box::new(move |scope| apply(part, run, scope))))
}

fn apply(part: Part, run: Normalizer, scope: &mut Scope<'_>) -> Flow {
    let target = scope.txn.request.head.target();
    let range = part.range(target);
    let old = target.get(range.clone()).unwrap_or_default();
    let Some(new) = run(old) else {
        return Flow::Deny(400, None);
    };
    if new != old {
        let whole = [
            target.get(..range.start).unwrap_or_default(),
            &new,
            target.get(range.end..).unwrap_or_default(),
        ]
        .concat();
        let more = new.len().saturating_sub(old.len());
        return grow(Side::Request, scope, more, 0, |head| {
            head.set_target(&whole);
        });
    }
    Flow::Continue
}

fn fragment_encode(target: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(target.len() + 2);
    for &byte in target {
        match byte {
            b'#' => out.extend_from_slice(b"%23"),
            _ => out.push(byte),
        }
    }
    out
}

fn fragment_strip(target: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(b'#', target).unwrap_or(target.len());
    target[..end].to_vec()
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len());
    for &byte in path {
        if byte != b'/' || out.last() != Some(&b'/') {
            out.push(byte);
        }
    }
    out
}

fn strip_dot(path: &[u8]) -> Vec<u8> {
    let segments: Vec<&[u8]> = path.split(|b| *b == b'/').collect();
    let last = segments.len().saturating_sub(1);
    let mut kept: Vec<&[u8]> = Vec::with_capacity(segments.len());
    for (at, segment) in segments.iter().enumerate() {
        match *segment {
            b"." if at == last => kept.push(b""),
            b"." if at > 0 => {}
            other => kept.push(other),
        }
    }
    kept.join(&b'/')
}

fn strip_dotdot(path: &[u8], full: bool) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"/") else {
        return path.to_vec();
    };
    let segments: Vec<&[u8]> = rest.split(|b| *b == b'/').collect();
    let last = segments.len() - 1;
    let mut kept: Vec<&[u8]> = Vec::with_capacity(segments.len());
    for (at, segment) in segments.iter().enumerate() {
        if *segment != b".." {
            kept.push(segment);
            continue;
        }
        match kept.last() {
            Some(before) if *before != b".." => {
                kept.pop();
            }
            _ if full => {}
            _ => {
                kept.push(b"..");
                continue;
            }
        }
        if at == last {
            kept.push(b"");
        }
    }
    [b"/", kept.join(&b'/').as_slice()].concat()
}

/// Goes over percent-encoded bytes; one that is malformed stays, or refuses all if `strict`.
fn percent(bytes: &[u8], strict: bool, write: fn(&[u8], u8, &mut Vec<u8>)) -> Option<Vec<u8>> {
    let hex = |b: &u8| char::from(*b).to_digit(16).map(|d| d as u8);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte != b'%' {
            out.push(byte);
            at += 1;
            continue;
        }
        let digits = (
            bytes.get(at + 1).and_then(hex),
            bytes.get(at + 2).and_then(hex),
        );
        match digits {
            (Some(high), Some(low)) => {
                write(&bytes[at..at + 3], high * 16 + low, &mut out);
                at += 3;
            }
            _ if strict => return None,
            _ => {
                out.push(b'%');
                at += 1;
            }
        }
    }
    Some(out)
}

fn decode(encoded: &[u8], byte: u8, out: &mut Vec<u8>) {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        out.push(byte);
    } else {
        out.extend_from_slice(encoded);
    }
}

fn upper(encoded: &[u8], _: u8, out: &mut Vec<u8>) {
    out.extend(encoded.iter().map(u8::to_ascii_uppercase));
}

fn sort_query(query: &[u8]) -> Vec<u8> {
    let Some(rest) = query.strip_prefix(b"?") else {
        return query.to_vec();
    };
    let mut parameters: Vec<&[u8]> = rest.split(|b| *b == b'&').collect();
    let name = |parameter: &&[u8]| {
        let end = memchr::memchr(b'=', parameter).unwrap_or(parameter.len());
        parameter[..end].to_vec()
    };
    parameters.sort_by_cached_key(name);
    [b"?", parameters.join(&b'&').as_slice()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the manual.
    #[test]
    fn manual() {
        let full: fn(&[u8]) -> Vec<u8> = |p| strip_dotdot(p, true);
        let some: fn(&[u8]) -> Vec<u8> = |p| strip_dotdot(p, false);
        let decoded: fn(&[u8]) -> Vec<u8> = |p| percent(p, false, decode).unwrap_or_default();
        let uppered: fn(&[u8]) -> Vec<u8> = |p| percent(p, false, upper).unwrap_or_default();
        for (run, from, to) in [
            (fragment_encode as fn(&[u8]) -> Vec<u8>, "/#foo", "/%23foo"),
            (fragment_strip, "/#foo", "/"),
            (strip_dot, "/.", "/"),
            (strip_dot, "/./bar/", "/bar/"),
            (strip_dot, "/a/./a", "/a/a"),
            (strip_dot, "/.well-known/", "/.well-known/"),
            (some, "/foo/../", "/"),
            (some, "/foo/../bar/", "/bar/"),
            (some, "/foo/bar/../", "/foo/"),
            (some, "/foo/..", "/"),
            (some, "/../bar/", "/../bar/"),
            (some, "/bar/../../", "/../"),
            (some, "/foo//../", "/foo/"),
            (some, "/foo/%2E%2E/", "/foo/%2E%2E/"),
            (full, "/../bar/", "/bar/"),
            (full, "/bar/../../", "/"),
            (merge_slashes, "//", "/"),
            (merge_slashes, "/foo//bar", "/foo/bar"),
            (decoded, "/%61dmin", "/admin"),
            (decoded, "/foo%3Fbar=baz", "/foo%3Fbar=baz"),
            (decoded, "/%%36%36", "/%66"),
            (decoded, "/%ZZ", "/%ZZ"),
            (uppered, "/%6f", "/%6F"),
            (uppered, "/%zz", "/%zz"),
            (sort_query, "?c=3&a=1&b=2", "?a=1&b=2&c=3"),
            (sort_query, "?aaa=3&a=1&aa=2", "?a=1&aa=2&aaa=3"),
            (sort_query, "?a=3&b=4&a=1&b=5&a=2", "?a=3&a=1&a=2&b=4&b=5"),
        ] {
            assert_eq!(String::from_utf8_lossy(&run(from.as_bytes())), to, "{from}");
        }
        assert_eq!(percent(b"/%%36%36", true, decode), None);
        assert_eq!(percent(b"/%zz", true, upper), None);
    }
}
