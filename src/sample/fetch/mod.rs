//! Fetches: one table per family, in the manual's order (7.3.2 to 7.3.7).

mod absent;
mod auth;
mod body;
mod cipher_suites;
mod constants;
mod cookies;
mod counters;
mod course;
mod distcc;
mod headers;
mod http_request;
mod kept;
mod layer4;
mod parameters;
mod payload;
mod process;
mod terms;
mod timing;
mod tls;
mod tls_hello;

pub use absent::missing;
pub use process::usable;

use super::args::{Kind, Param, may, need};
use super::table::{Fetch, Get};
use super::value::{Type, Value};

/// The families.
const FAMILIES: &[&[Fetch]] = &[
    constants::TABLE,
    process::TABLE,
    layer4::TABLE,
    terms::TABLE,
    timing::TABLE,
    course::TABLE,
    counters::TABLE,
    tls::TABLE,
    payload::TABLE,
    tls_hello::TABLE,
    distcc::TABLE,
    http_request::TABLE,
    parameters::TABLE,
    headers::TABLE,
    cookies::TABLE,
    auth::TABLE,
    body::TABLE,
    kept::TABLE,
    absent::TABLE,
];

/// All fetches.
pub fn all() -> impl Iterator<Item = &'static Fetch> {
    FAMILIES.iter().copied().flatten()
}

/// The fetch of this name.
pub fn find(name: &str) -> Option<&'static Fetch> {
    all().find(|fetch| fetch.name == name)
}

/// The names of all fetches.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|fetch| fetch.name)
}

const fn entry(
    name: &'static str,
    params: &'static [Param],
    out: Type,
    get: Get,
    doc: &'static str,
) -> Fetch {
    Fetch {
        name,
        params,
        out,
        doc,
        get,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Stream;
    use super::*;

    #[test]
    fn names_are_unique_and_documented() {
        let mut seen = std::collections::BTreeSet::new();
        for fetch in all() {
            assert!(seen.insert(fetch.name), "{} is there twice", fetch.name);
            assert!(!fetch.doc.is_empty(), "{} says nothing", fetch.name);
        }
    }

    #[test]
    fn requests_are_taken_apart() {
        let mut stream = Stream::request(
            "GET http://u@www.example.com:8080/a/b.html?x=1&y=&x=3;z=4 HTTP/1.1\n\
             Host: www.example.com:8080\nX-List: a, b\nX-List: c\nX-Ip: 192.0.2.1:80, 2001:db8::1, 300.1.1.1\n\
             X-Num: 12abc\nCookie: a=1; b=2; a=3\nAuthorization: Basic am9lOm9wZW4=\n\nf=1&g=2",
        );
        for (text, gives) in [
            ("method", Some("GET")),
            ("env(COLOUR)", Some("green")),
            ("env(SHAPE)", None),
            (
                "url",
                Some("http://u@www.example.com:8080/a/b.html?x=1&y=&x=3;z=4"),
            ),
            ("path", Some("/a/b.html")),
            ("pathq", Some("/a/b.html?x=1&y=&x=3;z=4")),
            ("query", Some("x=1&y=&x=3;z=4")),
            ("base", Some("www.example.com:8080/a/b.html")),
            ("url_port", None),
            ("req.ver", Some("1.1")),
            ("capture.req.uri", Some("/a/b.html?x=1&y=&x=3;z=4")),
            ("capture.req.method", Some("GET")),
            ("capture.req.ver", Some("HTTP/1.1")),
            ("urlp(x)", Some("1")),
            ("urlp(y)", Some("")),
            ("urlp(z)", Some("4")),
            ("urlp(w)", None),
            ("urlp_val(z),add(1)", Some("5")),
            ("hdr(x-list)", Some("c")),
            ("hdr(x-list,1)", Some("a")),
            ("hdr(x-list,-2)", Some("b")),
            ("hdr(x-list,4)", None),
            ("req.fhdr(x-list,1)", Some("a, b")),
            ("hdr_cnt(x-list)", Some("3")),
            ("req.fhdr_cnt(x-list)", Some("2")),
            ("hdr_ip(x-ip,1)", Some("192.0.2.1")),
            ("hdr_ip(x-ip,2)", Some("2001:db8::1")),
            ("hdr_ip(x-ip)", None),
            ("hdr_val(x-num)", Some("12")),
            (
                "req.hdr_names(;)",
                Some("host;x-list;x-list;x-ip;x-num;cookie;authorization"),
            ),
            ("req.cook(a)", Some("3")),
            ("req.cook", Some("1")),
            ("req.cook_cnt(a)", Some("2")),
            ("cookie(b)", Some("2")),
            ("http_auth(people)", Some("1")),
            ("http_auth_user", Some("joe")),
            ("http_auth_pass", Some("open")),
            ("http_auth_type", Some("Basic")),
            ("http_auth_group(people)", Some("joe")),
            ("http_auth_group(people),upper", Some("JOE")),
            ("req.body", Some("f=1&g=2")),
            ("req.body_param(g)", Some("2")),
            ("req.body_len", Some("7")),
            ("src", Some("192.0.2.7")),
            ("dst", Some("2001:db8::1")),
            ("dst_port", Some("80")),
            ("ssl_fc", Some("0")),
            ("ssl_fc_sni", None),
            ("http_first_req", Some("1")),
            ("fe_name", Some("web")),
            ("thread", Some("3")),
            ("date", Some("1700000000")),
            ("date(1,ms)", Some("1700000000124")),
            ("date_us", Some("123456")),
            ("res.hdr(a)", None),
            ("be_name", Some("web")),
        ] {
            assert_eq!(stream.eval(text).as_deref(), gives, "{text}");
        }
    }

    #[test]
    fn crypted_passwords_are_checked() {
        for (credentials, right) in [
            ("c3VlOlBhc3N3b3Jk", "1"),
            ("c3VlOnBhc3N3b3Jk", "0"),
            ("am9lOm9wZW4=", "1"),
            ("am9lOm9wZW5z", "0"),
            ("enp6Om9wZW4=", "0"),
        ] {
            let text = format!("GET / HTTP/1.1\nAuthorization: Basic {credentials}");
            let got = Stream::request(&text).eval("http_auth(people)");
            assert_eq!(got.as_deref(), Some(right), "{credentials}");
        }
    }

    #[test]
    fn responses_are_taken_apart() {
        let mut stream = Stream::request("GET / HTTP/1.1")
            .response("404\nA: 1, 2\nSet-Cookie: s=1; path=/\nSet-Cookie: t=2");
        for (text, gives) in [
            ("status", Some("404")),
            ("res.hdr(a)", Some("2")),
            ("hdr(a,1)", Some("1")),
            ("res.cook(s)", Some("1")),
            ("res.cook_cnt", Some("3")),
            ("res.cook_cnt(s)", Some("1")),
            ("cookie(t)", Some("2")),
            ("res.ver", Some("1.1")),
            // The request is gone by then.
            ("path", None),
        ] {
            assert_eq!(stream.eval(text).as_deref(), gives, "{text}");
        }
    }

    #[test]
    fn all_samples_of_a_header_are_seen() {
        let mut stream =
            Stream::request("GET / HTTP/1.1\nA: 1, 2\nA: 3\nAuthorization: Basic am9lOm9wZW4=");
        for (text, want) in [
            ("hdr(a)", vec!["1", "2", "3"]),
            ("req.fhdr(a)", vec!["1, 2", "3"]),
            ("hdr(a,2)", vec!["2"]),
            ("hdr_val(a),add(1)", vec!["2", "3", "4"]),
            ("path", vec!["/"]),
            ("hdr(b)", vec![]),
            ("http_auth_group(people)", vec!["staff"]),
        ] {
            let sample =
                super::super::testing::linked(text, super::super::Place::FrontRequest).unwrap();
            let mut seen = Vec::new();
            stream.scope(|scope| {
                sample.any(scope, &mut |value| {
                    seen.push(String::from_utf8_lossy(&value.clone().into_text()).into_owned());
                    false
                })
            });
            assert_eq!(seen, want, "{text}");
        }
    }

    #[test]
    fn what_may_still_come_is_waited_for() {
        let hello = b"\x16\x03\x01\x00\x43\x01\x00\x00\x3f\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x00\x00\x02\x13\x01\x01\x00\
            \x00\x14\x00\x00\x00\x10\x00\x0e\x00\x00\x0bexample.com";
        for (bytes, complete, text, gives, waits) in [
            (&b""[..], false, "req.ssl_sni", None, true),
            (&hello[..20], false, "req.ssl_sni", None, true),
            (&hello[..20], true, "req.ssl_sni", None, false),
            (&hello[..], false, "req.ssl_sni", Some("example.com"), false),
            (&hello[..], false, "req.ssl_hello_type", Some("1"), false),
            (&hello[..], false, "req.ssl_ver", Some("196611"), false),
            (&hello[..], false, "req.ssl_st_ext", Some("0"), false),
            (b"GET / HTTP/1.1", false, "req.ssl_hello_type", None, false),
            (b"abc", false, "req.len", Some("3"), true),
            (b"abc", true, "req.len", Some("3"), false),
            (b"abc", false, "req.payload(1,2)", Some("bc"), false),
            (b"abc", false, "req.payload(1,3)", None, true),
            (
                b"\x00\x02abc",
                false,
                "req.payload_lv(0,2)",
                Some("ab"),
                false,
            ),
            (
                b"\x00\x02abc",
                false,
                "req.payload_lv(0,2,+1)",
                Some("bc"),
                false,
            ),
            (b"GET / HT", false, "req.proto_http", None, true),
            (b"\x16\x03\x01", false, "req.proto_http", Some("0"), false),
            (
                b"GET / HTTP/1.1\r\n\r\n",
                false,
                "req.proto_http",
                Some("1"),
                false,
            ),
            (b"abc", false, "wait_end", None, true),
            (b"abc", true, "wait_end", Some("1"), false),
            (b"abc", false, "path", None, true),
            (
                b"\x03\x00\x00\x2a\x25\xe0\x00\x00\x00\x00\x00Cookie: mstshash=joe\r\n",
                false,
                "req.rdp_cookie(MSTSHASH)",
                Some("joe"),
                false,
            ),
        ] {
            let mut stream = Stream::new();
            stream.txn.client_payload.data = bytes.to_vec();
            stream.txn.client_payload.complete = complete;
            let got = stream.eval(text);
            assert_eq!(got.as_deref(), gives, "{text} {bytes:?}");
            assert_eq!(stream.waiting, waits, "{text} {bytes:?}");
        }
    }
}
