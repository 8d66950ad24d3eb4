use super::*;
use crate::sample::testing::{linked, read, with_context, word};

#[test]
fn arguments_have_quotes_and_escapes_of_their_own() {
    for (text, gives) in [
        ("str(a)", "a"),
        ("str()", ""),
        ("str(a b)", "a b"),
        (r#"str("a)b")"#, "a)b"),
        (r#"str('a,"b')"#, "a,\"b"),
        (r#"str("a'b\"c")"#, "a'b\"c"),
        (r"str(a\ b\\c\n)", "a b\\c\n"),
        (r"str(a\d)", r"a\d"),
        (r"str('a\\b')", r"a\\b"),
        ("str(a),,upper", "A"),
        ("str(7),add(1),mul(3)", "24"),
    ] {
        let got = crate::sample::testing::Stream::new().eval(text);
        assert_eq!(got.as_deref(), Some(gives), "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_and_marked() {
    for (text, message, start, end) in [
        ("foo", "unknown fetch method 'foo'", 0, 3),
        ("", "missing fetch method", 0, 0),
        ("src,lowr", "unknown converter 'lowr'", 4, 8),
        ("src,", "unknown converter ''", 4, 4),
        ("hdr(host", "fetch method 'hdr' : expected ')'", 3, 8),
        (
            "hdr(host,a)",
            "fetch method 'hdr' : failed to parse 'a' as type 'integer' at position 2",
            9,
            10,
        ),
        (
            "int()",
            "fetch method 'int' : expected type 'integer' at position 1, but got nothing",
            0,
            3,
        ),
        ("bin(41),add(1)", "converter 'add' cannot be applied", 8, 11),
        (
            "var(x.y)",
            "invalid args in fetch method 'var' : invalid variable name 'x.y'. A variable name must be start by its scope. The \
             scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'",
            4,
            7,
        ),
    ] {
        let error = read(text, Place::Acl).unwrap_err();
        assert_eq!(error.message, message, "{text}");
        let span = error.span.unwrap();
        assert_eq!((span.start, span.end), (10 + start, 10 + end), "{text}");
    }
    let error = read("src,lowr", Place::Acl).unwrap_err();
    assert_eq!(error.help, ["did you mean `lower`?"]);
}

#[test]
fn a_place_that_cannot_know_is_refused() {
    for (text, place, ok) in [
        ("path", Place::FrontRequest, true),
        ("path", Place::TcpConnection, false),
        ("path", Place::FrontResponse, false),
        ("path", Place::Log, false),
        ("path", Place::Acl, true),
        ("hdr(a)", Place::BackResponse, true),
        ("hdr(a)", Place::Log, false),
        ("status", Place::FrontRequest, false),
        ("status", Place::Log, true),
        ("src", Place::TcpConnection, true),
        ("src", Place::Config, false),
        ("env(HOME)", Place::Config, true),
        ("be_name", Place::FrontRequest, false),
        ("capture.req.uri", Place::FrontResponse, true),
    ] {
        assert_eq!(read(text, place).is_ok(), ok, "{text} {place:?}");
    }
}

#[test]
fn an_expression_ends_where_nothing_of_it_follows() {
    let text = word("src,lower]rest");
    let (_, taken) = with_context(Place::Acl, |cx| parse(&text, 0..14, cx)).unwrap();
    assert_eq!(taken, 9);
}

#[test]
fn names_are_resolved_at_link() {
    for (text, error) in [
        ("nbsrv(app)", None),
        (
            "nbsrv(web)",
            Some(
                "unable to find backend 'web' referenced in arg 1 of ACL keyword 'nbsrv' in proxy 'web'.",
            ),
        ),
        ("fe_conn", None),
        ("srv_queue(app/b)", None),
        (
            "srv_queue(app/c)",
            Some(
                "unable to find server 'c' in proxy 'app', referenced in arg 1 of ACL keyword 'srv_queue' in proxy 'web'.",
            ),
        ),
    ] {
        assert_eq!(linked(text, Place::Acl).err().as_deref(), error, "{text}");
    }
}
#[test]
fn converters_may_be_words_of_their_own() {
    for (text, taken) in [
        ("str(a)", 1),
        ("str(A),lower", 1),
        ("str(A) lower", 2),
        ("str(A), lower", 2),
        ("str(A),lower length add(1) if x", 3),
        ("str(A), -m str", 1),
        ("str(A) foo", 1),
    ] {
        let words: Vec<_> = text.split(' ').map(word).collect();
        let (_, got) = with_context(Place::Acl, |cx| parse_slice(&words, cx)).unwrap();
        assert_eq!(got, taken, "{text}");
    }
    for text in ["str(A)lower", "str(A),lowr", "str(A) lower,foo"] {
        let words: Vec<_> = text.split(' ').map(word).collect();
        assert!(
            with_context(Place::Acl, |cx| parse_slice(&words, cx)).is_err(),
            "{text}"
        );
    }
}

proptest::proptest! {
    /// Whatever a file says, reading it ends in an expression or in a refusal within the word.
    #[test]
    fn no_text_upsets_the_reader(pieces in proptest::collection::vec(
        proptest::sample::select(vec![
            "str(", "hdr(host)", ",", "(", ")", "\"", "'", "\\", " ", "lower", "field(1,", "a", "-1", "99999999999999999999",
            "var(txn.x)", "regsub(", "[", "(?", "é", "\n", "ipmask(24", "bin(", "0", "json_query($.", "concat(", "map(",
        ]), 0..12)) {
        let text = pieces.concat();
        let whole = word(&text);
        let read = with_context(Place::Acl, |cx| parse(&whole, 0..whole.bytes.len(), cx));
        match read {
            Ok((_, taken)) => proptest::prop_assert!(taken <= whole.bytes.len()),
            Err(error) => {
                let span = error.span.unwrap();
                proptest::prop_assert!(span.start <= span.end, "{text:?} {span:?}");
                proptest::prop_assert!(span.end <= whole.span.end, "{text:?} {span:?}");
            }
        }
    }

    /// Whatever traffic says, a converter gives a sample or none.
    #[test]
    fn no_bytes_upset_a_converter(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        let mut stream = crate::sample::testing::Stream::request("GET / HTTP/1.1");
        stream.txn.request.head.set(b"x", &bytes);
        stream.txn.request.body.clone_from(&bytes);
        stream.txn.client_payload.data.clone_from(&bytes);
        stream.txn.has_request = bytes.len() % 2 == 0;
        for converter in [
            "lower", "bytes(3,2)", "field(-2,a)", "word(2, )", "b64dec", "ub64dec", "hex2i", "url_dec", "url_dec(1)", "json(utf8ps)",
            "json(utf8)", "json_query($.a[0].b)", "jwt_payload_query($.a)", "jwt_verify(HS256,k)", "protobuf(1.2,int64)",
            "ungrpc(1)", "mqtt_is_valid", "mqtt_field_value(connect,username)", "fix_is_valid", "fix_tag_value(35)",
            "regsub(.*,x,g)", "language(fr)", "host_only", "port_only", "be2dec(:,3)", "be2hex(:,3,1)", "add(1)", "mul(-1)",
            "ltime(%c)", "http_date", "ipmask(8,8)", "rtrim(a)", "xxh3", "crc32(1)", "secure_memcmp(txn.a)",
        ] {
            for fetch in ["req.fhdr(x)", "req.body"] {
                if let Ok(sample) = linked(&format!("{fetch},{converter}"), Place::Acl) {
                    stream.scope(|scope| sample.eval(scope).is_some());
                }
            }
        }
        for fetch in [
            "req.ssl_sni", "req.ssl_alpn", "req.ssl_hello_type", "req.ssl_ver", "req.ssl_st_ext", "req.rdp_cookie(a)",
            "req.payload(1,3)", "req.payload_lv(0,2)", "req.payload_lv(0,1,-1)", "req.proto_http", "hdr_ip(x)", "hdr_val(x)",
        ] {
            let sample = linked(fetch, Place::Acl).unwrap();
            stream.scope(|scope| sample.eval(scope).is_some());
        }
    }
}
