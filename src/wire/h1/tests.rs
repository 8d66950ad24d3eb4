//! The codec against tables of messages, and against every way of splitting them.

use proptest::prelude::*;

use super::*;
use crate::http::{Head, Method, Version};

const OPTIONS: Options = Options {
    limits: Limits {
        head: 15_360,
        lines: 101,
    },
    relaxed: false,
    any_payload: false,
};

/// A whole request read: its head as forwarded, its body, and how many bytes all took.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    head: String,
    body: Vec<u8>,
    trailers: String,
    keep_alive: bool,
    used: usize,
}

fn text(bytes: Vec<u8>) -> String {
    bytes.iter().map(|&b| char::from(b)).collect()
}

/// Reads one request that comes in these pieces.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<Seen>, Cause> {
    let (mut parser, mut head, mut trailers) = (HeadParser::new(), Head::new(), Head::new());
    let mut buf = Vec::new();
    let mut body = Vec::new();
    let mut reading: Option<(RequestFacts, BodyReader, usize)> = None;
    for piece in pieces {
        buf.extend_from_slice(piece);
        if reading.is_none() {
            let facts = parser
                .request(&buf, &mut head, &OPTIONS)
                .map_err(|f| f.cause)?;
            reading = facts.map(|f| (f, BodyReader::new(f.body), f.consumed));
        }
        let Some((facts, reader, at)) = &mut reading else {
            continue;
        };
        loop {
            match reader
                .next(&buf, at, &mut trailers, &OPTIONS)
                .map_err(|f| f.cause)?
            {
                Piece::Data(range) => body.extend_from_slice(&buf[range]),
                Piece::More => break,
                Piece::End => {
                    let framing = Framing {
                        announced: facts.body,
                        connection: ConnectionOption::Default,
                        upgrade: facts.upgrade,
                    };
                    let (mut out, mut fields) = (Vec::new(), Vec::new());
                    write_head(&head, framing, None, &mut out);
                    trailers.write_fields_to(&mut fields);
                    return Ok(Some(Seen {
                        head: text(out),
                        body,
                        trailers: text(fields),
                        keep_alive: facts.keep_alive,
                        used: *at,
                    }));
                }
            }
        }
    }
    Ok(None)
}

fn request(message: &str) -> Result<Option<Seen>, Cause> {
    let bytes: Vec<u8> = message.chars().map(|c| c as u8).collect();
    read([&bytes[..]])
}

fn forwarded(message: &str) -> String {
    request(message).unwrap().unwrap().head
}

/// What haproxy 2.6 sends to the server for each of these.
#[test]
fn requests_are_forwarded_as_haproxy_forwards_them() {
    let same = |head: &str| format!("{head}\r\n");
    let table = [
        (
            "GET /c HTTP/1.1\r\nHost: t\r\n\r\n",
            "GET /c HTTP/1.1\r\nhost: t\r\n",
        ),
        (
            "GET  /c   HTTP/1.1\nHost:t\n\n",
            "GET /c HTTP/1.1\r\nhost: t\r\n",
        ),
        (
            "\r\n\nGET / HTTP/1.1\r\nX:\r\n\r\n",
            "GET / HTTP/1.1\r\nx: \r\n",
        ),
        (
            "GET / HTTP/1.2\r\nHost: t\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: t\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nX: a\r\n b\r\n\tc\r\n\r\n",
            "GET / HTTP/1.1\r\nx: a   b  \tc\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nX: a \t \r\n\r\n",
            "GET / HTTP/1.1\r\nx: a\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nTe: gzip, trailers\r\n\r\n",
            "GET / HTTP/1.1\r\nte: trailers\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nTe: gzip\r\nTrailer: x\r\n\r\n",
            "GET / HTTP/1.1\r\ntrailer: x\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nUpgrade: a\r\nConnection: close, upgrade\r\nY: z\r\n\r\n",
            "GET / HTTP/1.1\r\nupgrade: a\r\nconnection: upgrade\r\ny: z\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nUpgrade: a\r\nKeep-Alive: 5\r\n\r\n",
            "GET / HTTP/1.1\r\nupgrade: a\r\nkeep-alive: 5\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nConnection: a, close\r\nA: b\r\nConnection: keep-alive\r\n\r\n",
            "GET / HTTP/1.1\r\nconnection: a\r\na: b\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: x\r\nUpgrade: y, H2C\r\nHTTP2-Settings: a\r\n\r\n",
            "GET / HTTP/1.1\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nContent-Length: 3, 3\r\nA: b\r\nContent-Length: 03\r\n\r\nabc",
            "GET / HTTP/1.1\r\ncontent-length: 3\r\na: b\r\n",
        ),
        (
            "GET http://t:80/c HTTP/1.1\r\nHost: t:80\r\n\r\n",
            "GET http://t/c HTTP/1.1\r\nhost: t\r\n",
        ),
        (
            "GET http://t/c HTTP/1.1\r\nHost: t:80\r\n\r\n",
            "GET http://t/c HTTP/1.1\r\nhost: t:80\r\n",
        ),
        (
            "GET https://u:p@T:443/c HTTP/1.1\r\nHost: t\r\n\r\n",
            "GET https://u:p@T/c HTTP/1.1\r\nhost: t\r\n",
        ),
        (
            "GET http://t:8/c HTTP/1.1\r\n\r\n",
            "GET http://t:8/c HTTP/1.1\r\n",
        ),
        (
            "CONNECT t:80 HTTP/1.1\r\nHost: t:80\r\n\r\n",
            "CONNECT t:80 HTTP/1.1\r\nhost: t\r\n",
        ),
        (
            "OPTIONS * HTTP/1.1\r\nHost: t\r\nHost: t\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nhost: t\r\n",
        ),
    ];
    for (message, expected) in table {
        assert_eq!(forwarded(message), same(expected), "{message:?}");
    }
}

#[test]
fn a_chunked_length_beats_a_number_and_closes() {
    let seen = request(
        "POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n0\r\nT: 1\r\n\
         Content-Length: 7\r\n\r\nrest",
    );
    let seen = seen.unwrap().unwrap();
    assert_eq!(
        seen.head,
        "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    assert_eq!(
        (&seen.body[..], &seen.trailers[..], seen.keep_alive),
        (&b"abc"[..], "t: 1\r\n", false)
    );
}

#[test]
fn what_two_readers_could_read_in_two_ways_is_refused() {
    let head = |lines: &str| format!("POST / HTTP/1.1\r\nHost: t\r\n{lines}\r\n\r\n");
    let lines = [
        (
            "Content-Length: 5\r\nContent-Length: 6",
            Cause::ContentLength,
        ),
        ("Content-Length: +5", Cause::ContentLength),
        ("Content-Length: 5,", Cause::ContentLength),
        ("Content-Length:", Cause::ContentLength),
        ("Content-Length: 9223372036854775808", Cause::ContentLength),
        ("Content-Length: 1\r\n 0", Cause::ContentLength),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            Cause::TransferEncoding,
        ),
        ("Transfer-Encoding: identity", Cause::TransferEncoding),
        (
            "Transfer-Encoding: chunked, chunked",
            Cause::TransferEncoding,
        ),
        ("Transfer-Encoding: chunked\u{b}", Cause::TransferEncoding),
        ("Transfer-Encoding: gzip, chunked", Cause::TransferCoding),
        ("Transfer-Encoding : chunked", Cause::Name),
        ("Content-Length 5", Cause::Name),
        (": x", Cause::EmptyName),
        ("A: b\rc", Cause::Value),
        ("A: b\0", Cause::Value),
        ("Host: u", Cause::Host),
        ("\rA: b", Cause::BareCr),
    ];
    for (line, cause) in lines {
        assert_eq!(request(&head(line)), Err(cause), "{line:?}");
    }
    let whole = [
        ("GET /a b HTTP/1.1\r\n\r\n", Cause::Version),
        ("GET / HTTP/1.1 \r\n\r\n", Cause::Version),
        ("GET / HTTP/1.10\r\n\r\n", Cause::Version),
        ("GET /\r\n\r\n", Cause::Version),
        ("GET * HTTP/1.1\r\n\r\n", Cause::Target),
        ("GET a HTTP/1.1\r\n\r\n", Cause::Target),
        ("CONNECT /a HTTP/1.1\r\n\r\n", Cause::Target),
        ("CONNECT t HTTP/1.1\r\n\r\n", Cause::Authority),
        ("GET /#a HTTP/1.1\r\n\r\n", Cause::Target),
        ("GET /\u{80} HTTP/1.1\r\n\r\n", Cause::Target),
        (" GET / HTTP/1.1\r\n\r\n", Cause::Method),
        ("\u{16}\u{3}\u{1}", Cause::Method),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Cause::Host),
        (
            "GET http://u/ HTTP/1.1\r\nHost: t\r\n\r\n",
            Cause::Authority,
        ),
        (
            "GET http:///a HTTP/1.1\r\nHost: t\r\n\r\n",
            Cause::Authority,
        ),
        (
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            Cause::TransferEncodingIn10,
        ),
        (
            "GET / HTTP/1.0\r\nContent-Length: 1\r\n\r\na",
            Cause::PayloadIn10,
        ),
        (
            "DELETE / HTTP/1.0\r\nContent-Length: 1\r\n\r\na",
            Cause::PayloadIn10,
        ),
    ];
    for (message, cause) in whole {
        assert_eq!(request(message), Err(cause), "{message:?}");
    }
}

#[test]
fn chunk_framing_is_strict() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bad = [
        ("+5\r\n", Cause::ChunkSize),
        ("0x5\r\n", Cause::ChunkSize),
        (" 5\r\n", Cause::ChunkSize),
        ("5 x\r\n", Cause::ChunkSize),
        ("5\n", Cause::ChunkSize),
        ("5;\n", Cause::ChunkSize),
        ("5;a\rb\r\n", Cause::ChunkSize),
        ("\r\n", Cause::ChunkSize),
        ("ffffffffffffffff\r\n", Cause::ChunkSize),
        ("3\r\nabcd\r\n", Cause::ChunkEnd),
        ("3\r\nabc\n", Cause::ChunkEnd),
        ("0\r\nGET / HTTP/1.1\r\n\r\n", Cause::Name),
        ("0\r\nA: b\0\r\n\r\n", Cause::Value),
    ];
    for (body, cause) in bad {
        assert_eq!(request(&format!("{head}{body}")), Err(cause), "{body:?}");
    }
    let zeros = format!("{head}{:045}\r\nabcde\r\n000\r\n\r\n", 5);
    assert_eq!(request(&zeros).unwrap().unwrap().body, b"abcde");
}

#[test]
fn limits_are_exact() {
    let with = |n: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(n));
    assert!(request(&with(100)).unwrap().is_some());
    assert_eq!(request(&with(101)), Err(Cause::TooManyHeaders));
    let long = |n: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "b".repeat(n));
    let fixed = long(0).len();
    assert!(request(&long(15_360 - fixed)).unwrap().is_some());
    assert_eq!(request(&long(15_361 - fixed)), Err(Cause::TooLarge));
    // No line end ever: refused when the buffer is full, not before.
    assert_eq!(request(&"A".repeat(15_359)), Ok(None));
    assert_eq!(request(&"A".repeat(15_360)), Err(Cause::TooLarge));
}

#[test]
fn old_requests_may_have_a_body_where_that_is_usual_or_allowed() {
    let allowed = Options {
        any_payload: true,
        ..OPTIONS
    };
    for (line, options) in [
        ("POST / HTTP/1.0\r\nContent-Length: 1", &OPTIONS),
        ("OPTIONS / HTTP/1.0\r\nContent-Length: 1", &OPTIONS),
        ("GET / HTTP/1.0\r\nContent-Length: 0", &OPTIONS),
        ("GET / HTTP/1.1\r\nContent-Length: 1", &OPTIONS),
        ("GET / HTTP/1.0\r\nContent-Length: 1", &allowed),
    ] {
        let message = format!("{line}\r\n\r\n");
        let parsed = HeadParser::new().request(message.as_bytes(), &mut Head::new(), options);
        assert!(matches!(parsed, Ok(Some(_))), "{line}");
    }
}

#[test]
fn relaxed_lets_odd_bytes_through_but_no_odd_framing() {
    let relaxed = Options {
        relaxed: true,
        ..OPTIONS
    };
    let parse = |message: &[u8]| {
        let mut head = Head::new();
        HeadParser::new()
            .request(message, &mut head, &relaxed)
            .map_err(|f| f.cause)
    };
    for good in [
        &b"GET /#a\x80 HTTP/1.1\r\nA(b: c\r\n\r\n"[..],
        b"GET a HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /\r\n\r\n",
    ] {
        assert!(parse(good).unwrap().is_some(), "{good:?}");
    }
    assert_eq!(parse(b"GET / HTTP/1.1\r\nA : c\r\n\r\n"), Err(Cause::Name));
    assert_eq!(
        parse(b"GET / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n"),
        Err(Cause::ContentLength)
    );
}

fn response(
    message: &str,
    method: Method,
    upgrade: bool,
) -> Result<Option<(ResponseFacts, String)>, Cause> {
    let mut head = Head::new();
    let asked = Asked { method, upgrade };
    let facts = HeadParser::new()
        .response(message.as_bytes(), &mut head, &OPTIONS, asked)
        .map_err(|f| f.cause)?;
    Ok(facts.map(|facts| {
        let framing = Framing {
            announced: facts.announced,
            upgrade: true,
            ..Framing::default()
        };
        let mut out = Vec::new();
        write_head(&head, framing, None, &mut out);
        (facts, text(out))
    }))
}

#[test]
fn responses_are_framed_by_what_was_asked() {
    use BodyLength::*;
    let sized = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let table = [
        (sized, Method::Get, Sized(2), Sized(2), true),
        (sized, Method::Head, Empty, Sized(2), true),
        (sized, Method::Connect, Tunnel, Empty, false),
        (
            "HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n",
            Method::Get,
            Empty,
            Empty,
            true,
        ),
        (
            "HTTP/1.1 304 No\r\nContent-Length: 2\r\n\r\n",
            Method::Get,
            Empty,
            Sized(2),
            true,
        ),
        (
            "HTTP/1.1 200\r\n\r\n",
            Method::Get,
            UntilClose,
            UntilClose,
            false,
        ),
        (
            "HTTP/1.0 200 \r\nContent-Length: 2\r\n\r\n",
            Method::Get,
            Sized(2),
            Sized(2),
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
            Method::Get,
            Chunked,
            Chunked,
            false,
        ),
        (
            "HTTP/1.1 100 C\r\nContent-Length: 2\r\n\r\n",
            Method::Get,
            Empty,
            Empty,
            true,
        ),
    ];
    for (message, method, body, announced, keep_alive) in table {
        let (facts, _) = response(message, method, false).unwrap().unwrap();
        assert_eq!(
            (facts.body, facts.announced, facts.keep_alive),
            (body, announced, keep_alive),
            "{message:?}"
        );
    }
    assert_eq!(
        response("HTTP/1.1 101 S\r\n\r\n", Method::Get, false),
        Err(Cause::Switch)
    );
    let switch = "HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\n";
    let (facts, head) = response(switch, Method::Get, true).unwrap().unwrap();
    assert_eq!((facts.body, facts.interim), (Tunnel, false));
    assert_eq!(
        head,
        "HTTP/1.1 101 S\r\nconnection: Upgrade\r\nupgrade: x\r\n\r\n"
    );
}

#[test]
fn malformed_status_lines_are_refused() {
    for bad in [
        "ICY 200 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "<html>",
    ] {
        assert!(response(bad, Method::Get, false).is_err(), "{bad:?}");
    }
    assert_eq!(
        response("HTTP/1.1 600 X\r\n\r\n", Method::Get, false)
            .unwrap()
            .unwrap()
            .1,
        "HTTP/1.1 600 X\r\n\r\n"
    );
}

#[test]
fn case_is_adjusted_where_it_is_said() {
    let mut map = CaseMap::default();
    assert!(map.insert(b"content-length", b"Content-Length"));
    assert!(!map.insert(b"a", b"B"));
    let mut head = Head::request(b"PUT", b"/", Version::HTTP_10);
    head.add(b"x-y", b"1");
    let framing = Framing {
        announced: BodyLength::Sized(120),
        connection: ConnectionOption::for_version(Version::HTTP_10, true),
        upgrade: false,
    };
    let mut out = Vec::new();
    write_head(&head, framing, Some(&map), &mut out);
    assert_eq!(
        text(out),
        "PUT / HTTP/1.0\r\nx-y: 1\r\nContent-Length: 120\r\nconnection: keep-alive\r\n\r\n"
    );
}

/// A message of odd parts: mostly well formed, often not.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        Just("GET / HTTP/1.1\r\n"),
        Just("\r\nPOST http://t/a HTTP/1.1\r\n"),
        Just("PUT /x HTTP/1.0\n"),
    ];
    let field = prop_oneof![
        4 => Just("Host: t\r\n"),
        2 => Just("X-A: 1\r\n folded\r\n"),
        2 => Just("Connection: keep-alive, foo\r\n"),
        2 => Just("Content-Length: 5\r\n"),
        2 => Just("Transfer-Encoding: chunked\r\n"),
        1 => Just("Upgrade: h2c\n"),
        1 => Just("bad line\r\n"),
    ];
    let body = prop_oneof![
        Just("hello"),
        Just("5;x\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
        Just("2\r\nab\r\n0\r\nA: b\r\nB: c\r\n\r\n"),
        Just("z\r\n"),
    ];
    (line, proptest::collection::vec(field, 0..6), body).prop_map(|(line, fields, body)| {
        format!("{line}{}\r\n{body}", fields.concat()).into_bytes()
    })
}

proptest! {
    /// However the bytes are split into reads, the same is seen. (A read boundary may only decide how early a fault shows,
    /// never which one it is or what was seen before it.)
    #[test]
    fn splitting_changes_nothing(message in message(), cuts in proptest::collection::vec(0usize..200, 0..8)) {
        let whole = read([&message[..]]);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(message.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([message.len()]) {
            pieces.push(&message[from..cut]);
            from = cut;
        }
        prop_assert_eq!(read(pieces), whole);
        prop_assert_eq!(read(message.chunks(1)), read([&message[..]]));
    }

    /// What is written is read back as the same message.
    #[test]
    fn written_messages_read_back(
        fields in proptest::collection::vec(("x-[a-z]{1,8}", "[ -~]{0,20}"), 0..8),
        body in proptest::collection::vec(any::<u8>(), 0..300),
        sizes in proptest::collection::vec(1usize..40, 1..5),
        chunked in any::<bool>(),
    ) {
        let mut head = Head::request(b"POST", b"/p?q", Version::HTTP_11);
        for (name, value) in &fields {
            head.add(name.as_bytes(), value.trim().as_bytes());
        }
        let announced = if chunked { BodyLength::Chunked } else { BodyLength::Sized(body.len() as u64) };
        let framing = Framing { announced, ..Framing::default() };
        let mut out = Vec::new();
        write_head(&head, framing, None, &mut out);
        let written = text(out.clone());
        let writer = BodyWriter::new(announced);
        let mut rest = &body[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (now, later) = rest.split_at((*size).min(rest.len()));
            writer.data(now, &mut out);
            rest = later;
        }
        writer.end(&Head::new(), &mut out);
        let seen = read([&out[..]]).unwrap().unwrap();
        prop_assert_eq!(seen.head, written);
        prop_assert_eq!(seen.body, body);
        prop_assert_eq!(seen.used, out.len());
    }

    /// No bytes make the codec panic or read beyond its input.
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut buf = b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let _ = read([&bytes[..]]);
        buf.extend_from_slice(&bytes);
        let _ = read([&buf[..]]);
        let mut head = Head::new();
        let mut answer = b"HTTP/1.1 200 ".to_vec();
        answer.extend_from_slice(&bytes);
        let _ = HeadParser::new().response(&answer, &mut head, &OPTIONS, Asked::default());
    }
}
