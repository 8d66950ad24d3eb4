//! Old rules on heads.

use super::*;
use crate::http::Version;

fn request() -> Head {
    let mut head = Head::request(b"GET", b"/a/b?c", Version::HTTP_11);
    head.add(b"Host", b"h.example");
    head.add(b"X-One", b"1");
    head.add(b"Cookie", b"a=/a/; b");
    head
}

fn text(head: &Head) -> String {
    let mut out = Vec::new();
    head.write_to(&mut out);
    String::from_utf8_lossy(&out).replace("\r\n", "|")
}

fn edited(mut head: Head, search: &str, replace: &str) -> Option<String> {
    let pattern = Pattern::new(search.as_bytes(), false).unwrap_or_else(|error| panic!("{error}"));
    let template = Template::new(replace.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    replaced(&pattern, &template, &mut head).map(|()| text(&head))
}

#[test]
fn lines_are_replaced_and_read_again() {
    const REST: &str = "host: h.example|x-one: 1|cookie: a=/a/; b||";
    for (search, replace, wanted) in [
        (
            "^([^ :]*) /a/(.*)",
            r"\1 /\2",
            Some(format!("GET /b?c HTTP/1.1|{REST}")),
        ),
        (
            "^GET (.*)",
            r"POST \1",
            Some(format!("POST /a/b?c HTTP/1.1|{REST}")),
        ),
        ("HTTP/1.1$", "x HTTP/1.0", None),
        (
            "^GET /a/b.c HTTP/1.1",
            "GET /a HTTP/1.0",
            Some(format!("GET /a HTTP/1.0|{REST}")),
        ),
        ("^GET .*", "GET /", None),
        ("^GET .*", "GET / HTTP/2.0", None),
        ("^GET .*", "GET /a b HTTP/1.1", None),
        (
            "^Host: (.*)",
            r"Host: www.\1",
            Some("GET /a/b?c HTTP/1.1|host: www.h.example|x-one: 1|cookie: a=/a/; b||".into()),
        ),
        (
            "^X-One: (.)",
            "X-Two: \\1\r\nX-Three: <\\1>",
            Some(
                "GET /a/b?c HTTP/1.1|host: h.example|x-two: 1|x-three: <1>|cookie: a=/a/; b||"
                    .into(),
            ),
        ),
        ("^X-One: .", "nothing", None),
        ("^X-One: .", ": x", None),
        (
            "^No: .",
            "nothing",
            Some(format!("GET /a/b?c HTTP/1.1|{REST}")),
        ),
        // The first line matches: the cookie stays.
        (
            "^([^ ].*)/a/(.*)",
            r"\1/\2",
            Some(format!("GET /b?c HTTP/1.1|{REST}")),
        ),
        (
            "^GET (.*)",
            "GET \\1\r\nX-New: y",
            Some(format!("GET /a/b?c HTTP/1.1|x-new: y|{REST}")),
        ),
    ] {
        assert_eq!(
            edited(request(), search, replace),
            wanted,
            "{search} → {replace}"
        );
    }
}

#[test]
fn what_comes_from_a_message_cannot_make_a_line() {
    let mut head = request();
    head.add(b"X-Evil", b"a\rb");
    assert_eq!(edited(head, "^X-Evil: (.*)", r"X-Evil: \1"), None);
    for text in ["a\r\n\r\nb: c", "a: b\\x0d\\x0ac: d", "\n", ""] {
        assert!(Template::new(text.as_bytes()).is_err(), "{text:?}");
    }
}

#[test]
fn a_status_does_not_change_whether_there_is_a_body() {
    let ok = || Head::response(Version::HTTP_11, 200, b"OK");
    for (to, wanted) in [
        ("HTTP/1.1 404 Gone", Some("HTTP/1.1 404 Gone||")),
        ("HTTP/1.1 204 None", None),
        ("HTTP/1.1 100 x", None),
        ("HTTP/1.1 20 x", None),
        ("HTTP/1.1 +20 x", None),
    ] {
        assert_eq!(edited(ok(), "^HTTP.*", to).as_deref(), wanted, "{to}");
    }
    let empty = Head::response(Version::HTTP_11, 304, b"x");
    assert_eq!(edited(empty, "^HTTP.*", "HTTP/1.1 200 x"), None);
}

#[test]
fn chunks_do_not_reach_the_older_version() {
    let mut head = request();
    head.add(b"Transfer-Encoding", b"chunked");
    assert_eq!(edited(head, "^(.*)1.1$", r"\g1"), None);
    let mut head = request();
    head.add(b"Transfer-Encoding", b"chunked");
    assert_eq!(
        edited(head, "^GET (.*) HTTP/1.1$", r"GET \1 HTTP/1.0"),
        None
    );
}

#[test]
fn added_lines_are_header_lines() {
    let lines = header_lines(b"X-A: b\r\nX-B:c").unwrap_or_default();
    let names: Vec<_> = lines
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert_eq!(names, [(&b"X-A"[..], &b"b"[..]), (b"X-B", b"c")]);
    for text in [&b"X-A"[..], b"X A: b", b"", b"X-A: b\r\n"] {
        assert!(header_lines(text).is_none());
    }
}
