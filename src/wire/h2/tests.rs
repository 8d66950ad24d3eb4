use http::Request;

use super::fields::Malformed;
use super::request::{self, Received, Sending};
use super::response;
use crate::http::{Head, Method, Version};
use crate::wire::h1::{Asked, BodyLength};

/// What is received of these lines, as it would be written to a server.
fn received(lines: &[(&str, &str)], ended: bool) -> Result<(String, Received), Malformed> {
    let pseudo = |name: &str| lines.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let mut uri = http::uri::Parts::default();
    uri.authority = pseudo(":authority").map(|a| a.parse().unwrap());
    uri.path_and_query = pseudo(":path").map(|p| p.parse().unwrap());
    if uri.authority.is_some() && uri.path_and_query.is_some() {
        uri.scheme = pseudo(":scheme").map(|s| s.parse().unwrap());
    }
    let mut request = Request::new(());
    *request.method_mut() = pseudo(":method").unwrap_or("GET").parse().unwrap();
    *request.uri_mut() = http::Uri::from_parts(uri).unwrap();
    if let Some(protocol) = pseudo(":protocol") {
        let protocol = h2::ext::Protocol::from(protocol);
        request.extensions_mut().insert(protocol);
    }
    for (name, value) in lines.iter().filter(|(n, _)| !n.starts_with(':')) {
        let name: http::HeaderName = name.parse().unwrap();
        request.headers_mut().append(name, value.parse().unwrap());
    }
    let (parts, ()) = request.into_parts();
    let mut head = Head::new();
    let facts = request::receive(&parts, ended, &mut head)?;
    let mut out = Vec::new();
    head.write_to(&mut out);
    let target = String::from_utf8_lossy(head.target()).into_owned();
    let text = String::from_utf8(out).unwrap().replace("\r\n", "|");
    Ok((format!("{target} > {text}"), facts))
}

/// What haproxy 2.6 sends to a server for the same request, and `url` before that.
#[test]
fn requests_read_as_haproxy_reads_them() {
    let http = (":scheme", "http");
    let https = (":scheme", "https");
    let host = (":authority", "h.x");
    for (lines, expected) in [
        (
            &[http, host, (":path", "/a?b")][..],
            "http://h.x/a?b > GET /a?b HTTP/1.1|host: h.x||",
        ),
        (
            &[https, (":authority", "h.x:443"), (":path", "/")],
            "https://h.x/ > GET / HTTP/1.1|host: h.x||",
        ),
        (
            &[http, (":authority", "h.x:8080"), (":path", "/")],
            "http://h.x:8080/ > GET / HTTP/1.1|host: h.x:8080||",
        ),
        (
            &[http, (":path", "/p"), ("host", "y")],
            "/p > GET /p HTTP/1.1|host: y||",
        ),
        (
            &[http, host, (":path", "/p"), ("x", "1"), ("host", "other")],
            "http://h.x/p > GET /p HTTP/1.1|host: h.x|x: 1||",
        ),
        (
            &[
                http,
                host,
                (":path", "/"),
                ("cookie", "a=1"),
                ("x", "1"),
                ("cookie", "b=2"),
            ],
            "http://h.x/ > GET / HTTP/1.1|host: h.x|x: 1|cookie: a=1; b=2||",
        ),
        (
            &[(":method", "OPTIONS"), http, host, (":path", "*")],
            "* > OPTIONS * HTTP/1.1|host: h.x||",
        ),
        (
            &[(":method", "CONNECT"), (":authority", "h.x:80")],
            "h.x:80 > CONNECT h.x:80 HTTP/1.1|host: h.x:80||",
        ),
        (
            &[
                (":method", "CONNECT"),
                (":protocol", "websocket"),
                https,
                host,
                (":path", "/w"),
            ],
            "https://h.x/w > GET /w HTTP/1.1|host: h.x|upgrade: websocket|connection: upgrade||",
        ),
    ] {
        let got = received(lines, false).map(|(text, _)| text);
        assert_eq!(got.as_deref(), Ok(expected), "{lines:?}");
    }
}

#[test]
fn what_servers_could_read_otherwise_is_refused() {
    let good = [(":scheme", "http"), (":authority", "h"), (":path", "/")];
    for bad in [
        ("connection", "close"),
        ("keep-alive", "5"),
        ("proxy-connection", "close"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
        ("te", "trailers, gzip"),
        ("content-length", "x"),
        ("content-length", "1, 2"),
        ("content-length", "+1"),
        ("content-length", ""),
        ("content-length", "99999999999999999999"),
    ] {
        let lines = [&good[..], &[bad]].concat();
        assert!(received(&lines, false).is_err(), "{bad:?}");
    }
    for path in ["*", "a"] {
        let lines = [(":scheme", "http"), (":authority", "h"), (":path", path)];
        let parsed = std::panic::catch_unwind(|| received(&lines, false));
        assert!(!matches!(parsed, Ok(Ok(_))), "{path}");
    }
    let portless = [(":method", "CONNECT"), (":authority", "h.x")];
    assert!(received(&portless, false).is_err());
}

#[test]
fn lengths_say_what_follows() {
    let base = [(":scheme", "http"), (":authority", "h"), (":path", "/")];
    let of = |length: Option<&'static str>, ended| {
        let line = length.map(|length| ("content-length", length));
        let lines = [&base[..], line.as_slice()].concat();
        received(&lines, ended).unwrap()
    };
    assert_eq!(of(Some("5"), false).1.body, BodyLength::Sized(5));
    assert_eq!(of(None, false).1.body, BodyLength::UntilClose);
    assert_eq!(of(None, true).1.body, BodyLength::Empty);
    assert!(of(Some("5, 5"), false).0.contains("content-length: 5|"));
    assert!(!of(Some("0"), true).0.contains("content-length"));
}

fn sent(head: &Head, upgrade: bool) -> String {
    let how = Sending {
        scheme: "http",
        upgrade,
        announced: BodyLength::Empty,
    };
    let request = match request::send(head, how) {
        Ok(request) => request,
        Err(Malformed(what)) => return what.to_owned(),
    };
    let protocol = request.extensions().get::<h2::ext::Protocol>();
    let fields = request.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!(" {name}={value}")
    });
    let fields: String = fields.collect();
    let protocol = protocol.map_or("", |p| p.as_str());
    format!("{} {protocol}{}{fields}", request.method(), request.uri())
}

#[test]
fn requests_are_sent_without_what_concerns_a_connection() {
    let mut head = Head::request(b"GET", b"/a?b", Version::HTTP_11);
    for (name, value) in [
        ("host", "h:81"),
        ("connection", "x-hop, close"),
        ("x-hop", "1"),
        ("keep-alive", "5"),
        ("te", "gzip, trailers"),
        ("x", "y"),
        ("x", "z"),
    ] {
        head.add(name.as_bytes(), value.as_bytes());
    }
    assert_eq!(
        sent(&head, false),
        "GET http://h:81/a?b te=trailers x=y x=z"
    );
    let mut socket = Head::request(b"GET", b"/w", Version::HTTP_11);
    for (name, value) in [
        ("host", "h"),
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "k"),
        ("sec-websocket-version", "13"),
    ] {
        socket.add(name.as_bytes(), value.as_bytes());
    }
    let expected = "CONNECT websockethttp://h/w sec-websocket-version=13";
    assert_eq!(sent(&socket, true), expected);
    let connect = Head::request(b"CONNECT", b"h:80", Version::HTTP_11);
    assert_eq!(sent(&connect, false), "CONNECT h:80");
}

#[test]
fn responses_go_both_ways() {
    let mut head = Head::response(Version::HTTP_11, 101, b"Switching");
    head.add(b"upgrade", b"websocket");
    head.add(b"connection", b"upgrade");
    head.add(b"sec-websocket-accept", b"x");
    head.add(b"x", b"y");
    let response = response::send(&head, BodyLength::Empty).unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers().len(), 1);
    let asked = |method, upgrade| Asked { method, upgrade };
    for (status, length, ended, asked, body, shown) in [
        (
            200,
            Some("5"),
            false,
            asked(Method::Get, false),
            BodyLength::UntilClose,
            200,
        ),
        (
            200,
            Some("5"),
            true,
            asked(Method::Head, false),
            BodyLength::Empty,
            200,
        ),
        (
            200,
            None,
            false,
            asked(Method::Get, false),
            BodyLength::UntilClose,
            200,
        ),
        (
            204,
            None,
            true,
            asked(Method::Get, false),
            BodyLength::Empty,
            204,
        ),
        (
            304,
            Some("7"),
            true,
            asked(Method::Get, false),
            BodyLength::Empty,
            304,
        ),
        (
            200,
            None,
            false,
            asked(Method::Connect, false),
            BodyLength::Tunnel,
            200,
        ),
        (
            200,
            None,
            false,
            asked(Method::Get, true),
            BodyLength::Tunnel,
            101,
        ),
    ] {
        let mut response = http::Response::new(());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        if let Some(length) = length {
            let length = length.parse().unwrap();
            response.headers_mut().insert("content-length", length);
        }
        let (parts, ()) = response.into_parts();
        let mut head = Head::new();
        let facts = response::receive(&parts, ended, asked, &mut head).unwrap();
        assert_eq!(
            (facts.body, head.status()),
            (body, shown),
            "{status} {asked:?}"
        );
    }
}
