//! Lines as HAProxy 2.6 wrote them for the same facts.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::end::{Cause, End, Stage};
use crate::sample::Place;
use crate::sample::testing::{Stream, with_context, with_linker, word};
use crate::state;

fn read(text: &str, usage: FormatUse) -> Result<Format, String> {
    let place = if usage == FormatUse::Log {
        Place::Log
    } else {
        Place::FrontRequest
    };
    let pending = with_context(place, |cx| parse(&word(text), cx, usage)).map_err(|e| e.message)?;
    with_linker(|linker| pending.link(linker)).map_err(|e| e.message)
}

fn show(stream: &mut Stream, text: &str, usage: FormatUse) -> String {
    let format = read(text, usage).unwrap_or_else(|e| panic!("{text}: {e}"));
    stream.scope(|scope| {
        let mut out = Vec::new();
        format.render(scope, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    })
}

/// A finished request, 1 ms between all points.
fn finished() -> Stream {
    let mut stream = Stream::request("GET /a\"bc|{}?q=\"1\\z] HTTP/1.1\nhost: a\nh: q\"u]o\\te");
    let accepted = stream.session.accepted;
    let at = |ms| Some(accepted + Duration::from_millis(ms));
    let txn = &mut stream.txn;
    txn.timers.began = at(0);
    txn.timers.first_byte = at(2);
    txn.timers.request = at(5);
    txn.timers.queued = at(9);
    txn.timers.connected = at(14);
    txn.timers.response = at(20);
    txn.timers.ended = at(27);
    txn.timers.request_date = Some(UNIX_EPOCH + Duration::from_millis(1_700_000_000_118));
    txn.status = Some(200);
    txn.bytes_out = 217;
    txn.bytes_in = 36;
    txn.backend = Some(Arc::new(state::Proxy::new("app")));
    txn.server = Some(Arc::new(state::Server::new("app", "s1", 1)));
    txn.request_captures = vec![None, Some(b"x\"]\\|{y}#\xe9"[..].into())].into();
    txn.response_captures = vec![None].into();
    stream
}

#[test]
fn default_formats() {
    let mut stream = finished();
    assert_eq!(
        show(&mut stream, HTTPLOG, FormatUse::Log),
        "192.0.2.7:4711 [14/Nov/2023:22:13:20.118] web app/s1 3/4/5/6/25 200 217 - - ---- 0/0/0/0/0 0/0 \
         {|x#22]\\#7C#7By#7D#23#E9} {} \"GET /a#22bc|{}?q=#221\\z] HTTP/1.1\""
    );
    assert_eq!(
        show(&mut stream, TCPLOG, FormatUse::Log),
        "192.0.2.7:4711 [14/Nov/2023:22:13:20.116] web app/s1 4/5/27 217 -- 0/0/0/0/0 0/0"
    );
    assert_eq!(
        show(&mut stream, CLFLOG, FormatUse::Log),
        "192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] \"GET /a#22bc|{}?q=#221\\z] HTTP/1.1\" 200 217 \"\" \"\" \
         4711 116 \"web\" \"app\" \"s1\" 3 4 5 6 25 ---- 0 0 0 0 0 0 0 \"\" \"\" \
         \"\" \"x#22]\\#7C#7By#7D#23#E9\" \"\""
    );
}

#[test]
fn without_captures_their_place_closes_up() {
    let mut stream = finished();
    stream.txn.request_captures.clear();
    stream.txn.response_captures.clear();
    assert_eq!(
        show(&mut stream, "%bq %hr %hs %ST", FormatUse::Log),
        "0 200"
    );
    assert_eq!(
        show(&mut stream, "%bq %hr %hs %ST", FormatUse::Text),
        "0   200"
    );
}

#[test]
fn what_was_not_reached() {
    let mut stream = Stream::new();
    stream.txn.end = End::new(Cause::ClientTimeout, Stage::Request);
    stream.txn.timers.began = Some(stream.session.accepted);
    stream.txn.timers.ended = Some(stream.session.accepted + Duration::from_millis(7));
    assert_eq!(
        show(
            &mut stream,
            "%TR/%Tw/%Tc/%Tr/%Ta %Ti %Tq %Td %Tt %Tu %ST %tsc %r %HM %s %b %si:%sp %ID",
            FormatUse::Log
        ),
        "-1/-1/-1/-1/7 -1 -1 -1 7 7 -1 cR-- <BADREQ> <BADREQ> <NOSRV> web -:- -"
    );
}

#[test]
fn flags() {
    let mut stream = finished();
    for (text, expected) in [
        (
            "%{+X}ci %{+Q,+X}ci %{+X}cp %{+Q}cp",
            "C0000207 C0000207 1267 4711",
        ),
        ("%{+Q}o%ci %b %{-Q}s %f", "\"192.0.2.7\" \"app\" s1 \"web\""),
        ("%{+E,+Q}r", "\"GET /a#22bc|{}?q=#221\\\\z\\] HTTP/1.1\""),
        ("%{+Q}B %{+Q}ts", "217 --"),
        ("%{+Q}CC|%CC|%{+Q}si|%si", "\"\"|-|\"\"|-"),
        ("100%% %HU", "100% /a#22bc|{}?q=#221\\z]"),
        (
            "%HP %HPO %HQ %HV",
            "/a#22bc|{} /a#22bc|{} ?q=#221\\z] HTTP/1.1",
        ),
        (
            "%{+Q}[src] %[var(txn.none)] %{+Q}[var(txn.none)]",
            "\"192.0.2.7\" - \"\"",
        ),
        ("  a   b ", "a b "),
    ] {
        assert_eq!(show(&mut stream, text, FormatUse::Log), expected, "{text}");
    }
}

#[test]
fn in_messages_nothing_is_quoted_and_blanks_stay() {
    let mut stream = finished();
    for (text, expected) in [
        ("a  b   %[req.hdr(nope)]  c", "a  b     c"),
        (
            "%{+Q}[req.hdr(h)]|%{+E}[req.hdr(h)]",
            "q\"u]o\\te|q\\\"u\\]o\\\\te",
        ),
        ("%CC|%si|%{+Q}b", "||\"app\""),
        (" lead trail ", " lead trail "),
        ("<%{+Q}[req.hdr(nope)]>", "<>"),
    ] {
        assert_eq!(show(&mut stream, text, FormatUse::Http), expected, "{text}");
    }
}

#[test]
fn logged_early() {
    let mut stream = finished();
    stream.txn.log_early = true;
    assert_eq!(
        show(&mut stream, "%Ta|%Tt|%B|%Tu|%Td|%U", FormatUse::Log),
        "+25|+27|+217|+25|7|36"
    );
}

#[test]
fn texts_end_with_their_first_zero_byte() {
    let mut stream = finished();
    for (text, usage, expected) in [
        ("<%[bin(410042)]> <%[bin(0041)]>", FormatUse::Log, "<A> <->"),
        ("<%{+Q}[bin(0041)]>", FormatUse::Text, "<\"\">"),
        ("<%[bin(410042)]>", FormatUse::Http, "<A>"),
        ("%[str(a%00b),url_dec]", FormatUse::Http, "a%00b"),
    ] {
        assert_eq!(show(&mut stream, text, usage), expected, "{text}");
    }
}

#[test]
fn what_gives_nothing_between_blanks() {
    let mut stream = finished();
    for (text, expected) in [
        ("a %HQ b", "a ?q=#221\\z] b"),
        ("a %[var(txn.none)] b", "a - b"),
    ] {
        assert_eq!(show(&mut stream, text, FormatUse::Log), expected, "{text}");
    }
    stream.txn.request_line = b"GET / HTTP/1.1".to_vec();
    assert_eq!(
        show(&mut stream, "<%HQ> %{+Q}HQ", FormatUse::Log),
        "<> \"\""
    );
    assert_eq!(
        show(&mut stream, "a %[var(txn.none)] b", FormatUse::UniqueId),
        "a  b"
    );
}

#[test]
fn encoded_lines() {
    let mut stream = finished();
    for (text, expected) in [
        (
            "%{+json}o %(ip)ci %(port)cp, %ST %(status)ST %(req)r %(sni)[var(txn.none)] %(yes)[bool(true)]",
            r#"{"ip": "192.0.2.7", "port": 4711, "status": 200, "req": "GET /a\"bc|{}?q=\"1\\z] HTTP/1.1", "sni": null, "yes": true}"#,
        ),
        (
            "%{+json}o %(status:str)ST %(port:bool)cp %(n:sint)[str(12)] %(not:sint)[str(x)] %{+Q}(b)b",
            r#"{"status": "200", "port": true, "n": 12, "not": null, "b": "app"}"#,
        ),
        (
            "%{+json}[var(txn.none)] %{+json}b %{+json}ST %{+json,+Q}(x:str)ST %s",
            r#"null "app" 200 "200" s1"#,
        ),
        ("%{+cbor}o %(a)[int(1)] %(b)[int(2)]", "BF616101616202FF"),
        (
            "%{+cbor}o %(bin)[bin(00ff)] %(none)[var(txn.none)]",
            "BF6362696E4200FF646E6F6E65F6FF",
        ),
        ("%{+bin,+cbor}o %(a)[int(1)]", "\u{fffd}aa\u{1}\u{fffd}"),
        ("%(named)ci", "192.0.2.7"),
        ("%{+json}o", "{}"),
    ] {
        assert_eq!(show(&mut stream, text, FormatUse::Log), expected, "{text}");
    }
    stream.txn.log_early = true;
    assert_eq!(
        show(&mut stream, "%{+json}o %(b)B %(ms)ms", FormatUse::Log),
        r#"{"b": 217, "ms": 116}"#
    );
}

#[test]
fn marks_show_what_is_wrong_and_what_was_meant() {
    let told = |text: &str| {
        with_context(Place::Log, |cx| {
            let error = parse(&word(text), cx, FormatUse::Log).err();
            let warning = cx.diagnostics.pop();
            let found = error.map(|error| *error).or(warning).expect("a diagnostic");
            let help = found.help.first().cloned().unwrap_or_default();
            (found.span.map(|span| (span.start, span.end)), help)
        })
    };
    for (text, from, part, help) in [
        ("a %{+Q,+Y}r", 7, "+Y", ""),
        ("%ci %{+jsn}o", 6, "+jsn", "did you mean `+json`?"),
        ("%ci %Tx", 5, "Tx", ""),
        ("%(a:strr)ci", 4, "strr", "did you mean `str`?"),
        ("%{+json}o %ci", 11, "ci", ""),
    ] {
        let (span, said) = told(text);
        let (start, end) = span.expect("a place");
        assert_eq!(
            (start as usize - 10, (end - start) as usize),
            (from, part.len()),
            "{text}"
        );
        assert!(said.starts_with(help), "{text}: {said}");
    }
}

#[test]
fn refused() {
    for (text, message) in [
        (
            "%nosuch",
            "no such format variable 'nosuch'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
        ),
        ("100%", "truncated line after '%'"),
        ("%{+Q", "truncated line after '+Q'"),
        (
            "%{+Q}",
            "parse argument modifier without variable name near '%{+Q}'",
        ),
        ("%[src", "missing ']' after 'src'"),
        (
            "%[nosuch]",
            "failed to parse sample expression <nosuch]> : unknown fetch method 'nosuch'",
        ),
        (
            "%[src,nosuch]",
            "failed to parse sample expression <src,nosuch]> : unknown converter 'nosuch'",
        ),
    ] {
        assert_eq!(
            read(text, FormatUse::Log).err().as_deref(),
            Some(message),
            "{text}"
        );
    }
}

#[test]
fn variables_are_unique() {
    let mut names: Vec<_> = ALIASES.iter().map(|alias| alias.name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}
