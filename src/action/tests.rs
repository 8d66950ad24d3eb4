//! Rules as read from lines, run on one request; expectations are what HAProxy 2.6 did.

use super::*;
use crate::acl::Acls;
use crate::sample::testing::{Stream, line, with_context, with_linker};
use crate::sample::{Captures, Contents, Context, Place};
use crate::settings::{Kind, Mode};
use crate::syntax::Cursor;

const REQUEST: &str = "GET /11?k=v HTTP/1.1\nhost: h.com:81\nx-r: abbc, bb, d\nx-r: bc\nx-r: q";

fn read(text: &str) -> Result<Rule, String> {
    let line = line(text);
    let read: fn(&mut Cursor<'_>, &mut Context<'_>) -> _ = match line.words[0].text().as_ref() {
        "http-request" => http_request_rule,
        "http-response" => http_response_rule,
        "http-after-response" => http_after_response_rule,
        "redirect" => redirect_rule,
        other => panic!("{other}"),
    };
    let place = match line.words[0].text().as_ref() {
        "http-request" | "redirect" => Place::FrontRequest,
        _ => Place::FrontResponse,
    };
    let mut cursor = Cursor::new(&line, 0);
    cursor.take();
    let pending = with_context(place, |cx| read(&mut cursor, cx)).map_err(|e| e.message)?;
    with_linker(|linker| pending.link(linker)).map_err(|e| e.message)
}

fn run(stream: &mut Stream, lines: &[&str]) -> Flow {
    let rules = lines
        .iter()
        .map(|l| read(l).unwrap_or_else(|e| panic!("{l}: {e}")))
        .collect();
    let set = Ruleset { rules };
    stream.scope(|scope| set.run(0, scope).0)
}

fn headers(head: &crate::http::Head) -> String {
    let fields = head.fields().map(|(n, v)| {
        format!(
            "{}: {}",
            String::from_utf8_lossy(n),
            String::from_utf8_lossy(v)
        )
    });
    fields.collect::<Vec<_>>().join("; ")
}

fn shown(flow: Flow) -> String {
    match flow {
        Flow::Reply(reply) => reply_text("reply", &reply),
        Flow::Deny(status, None) => format!("deny {status}"),
        Flow::Deny(_, Some(reply)) => reply_text("deny", &reply),
        Flow::Tarpit(_, Some(reply)) => reply_text("tarpit", &reply),
        Flow::Hint(reply) => reply_text("hint", &reply),
        other => format!("{other:?}"),
    }
}

fn reply_text(what: &str, reply: &crate::http::Reply) -> String {
    let body = String::from_utf8_lossy(&reply.body);
    let reason = String::from_utf8_lossy(reply.head.reason()).into_owned();
    format!(
        "{what} {} {reason} [{}] {body}",
        reply.status(),
        headers(&reply.head)
    )
}

#[test]
fn answers() {
    for (rule, expected) in [
        (
            "http-request return status 200 content-type text/plain hdr X 1 hdr Y 2 string foo",
            "reply 200 OK [x: 1; y: 2; content-length: 3; content-type: text/plain] foo",
        ),
        (
            "http-request return status 404 content-type text/plain lf-string \"foo %[path]\"",
            "reply 404 Not Found [content-length: 7; content-type: text/plain] foo /11",
        ),
        ("http-request return", "reply 200 OK [content-length: 0] "),
        (
            "http-request return status 404 default-errorfiles",
            "Page(404)",
        ),
        ("http-request deny", "deny 403"),
        ("http-request deny deny_status 429", "deny 429"),
        (
            "http-request deny status 429",
            "deny 429 Too Many Requests [content-length: 0] ",
        ),
        (
            "http-request deny hdr A B",
            "deny 403 Forbidden [a: B; content-length: 0] ",
        ),
        (
            "http-request tarpit status 400",
            "tarpit 400 Bad Request [content-length: 0] ",
        ),
        ("http-request auth", "Auth(\"web\")"),
        ("http-request auth realm \"a b\"", "Auth(\"a b\")"),
        (
            "http-request redirect location /x?y code 301 set-cookie A=b",
            "reply 301 Moved Permanently [content-length: 0; location: /x?y; set-cookie: A=b; path=/;] ",
        ),
        (
            "http-request redirect location /x clear-cookie A=",
            "reply 302 Found [content-length: 0; location: /x; cache-control: no-cache; set-cookie: A=; path=/; Max-Age=0;] ",
        ),
        (
            "http-request redirect prefix http://a drop-query append-slash code 303",
            "reply 303 See Other [content-length: 0; location: http://a/11/; cache-control: no-cache] ",
        ),
        (
            "redirect scheme https code 307",
            "reply 307 Temporary Redirect [content-length: 0; location: https://h.com:81/11?k=v; cache-control: no-cache] ",
        ),
        (
            "http-request redirect location %[req.hdr(none)] ignore-empty",
            "Continue",
        ),
        (
            "redirect location /%[path]lit",
            "reply 302 Found [content-length: 0; location: /%[path]lit; cache-control: no-cache] ",
        ),
        (
            "http-request wait-for-body time 1s at-least 1k",
            "WaitForBody(1000, 1024)",
        ),
        ("http-request reject", "Reject"),
        ("http-request silent-drop", "SilentDrop(None)"),
        ("http-request silent-drop rst-ttl 3", "SilentDrop(Some(3))"),
        ("http-request allow", "Accept"),
    ] {
        let mut stream = Stream::request(REQUEST);
        assert_eq!(shown(run(&mut stream, &[rule])), expected, "{rule}");
    }
}

#[test]
fn targets() {
    for (rule, expected) in [
        ("http-request set-query a%%20b", "/11?a%20b"),
        ("http-request set-query %[str()]", "/11?"),
        ("http-request set-path foo", "foo?k=v"),
        ("http-request set-path %[str()]", "?k=v"),
        ("http-request set-pathq /p?q", "/p?q"),
        ("http-request set-uri http://x/y", "http://x/y"),
        ("http-request replace-path (.*)1(.*) \\2x\\1", "x/1?k=v"),
        ("http-request replace-uri ^/1(.) /n\\1", "/n1"),
        ("http-request replace-pathq ^/11(.*)$ /m\\1", "/m?k=v"),
        ("http-request replace-path ^/x /y", "/11?k=v"),
    ] {
        let mut stream = Stream::request(REQUEST);
        run(&mut stream, &[rule]);
        assert_eq!(
            String::from_utf8_lossy(stream.txn.request.head.target()),
            expected,
            "{rule}"
        );
    }
    let mut absolute = Stream::request("GET http://a:1/b?c HTTP/1.1");
    run(&mut absolute, &["http-request set-path /x"]);
    assert_eq!(absolute.txn.request.head.target(), b"http://a:1/x?c");
    let mut star = Stream::request("OPTIONS * HTTP/1.1");
    run(&mut star, &["http-request set-path /z"]);
    assert_eq!(star.txn.request.head.target(), b"/z");
}

#[test]
fn header_rules() {
    for (rules, expected) in [
        (
            &["http-request set-header X-R %[req.fhdr(x-r)]-%[path]"][..],
            "host: h.com:81; x-r: q-/11",
        ),
        (&["http-request del-header x- -m beg"], "host: h.com:81"),
        (&["http-request del-header ^x.r$ -m reg"], "host: h.com:81"),
        (
            &["http-request del-header ^X.R$ -m reg"],
            "host: h.com:81; x-r: abbc, bb, d; x-r: bc; x-r: q",
        ),
        (
            &["http-request replace-header X-R (b+)(c)? <\\1|\\2|\\0>"],
            "host: h.com:81; x-r: <bb|c|bbc>; x-r: <b|c|bc>; x-r: q",
        ),
        (
            &["http-request replace-value X-R (b+)(c)? <\\1|\\2|\\0>"],
            "host: h.com:81; x-r: <bb|c|bbc>,<bb||bb>, d; x-r: <b|c|bc>; x-r: q",
        ),
        (
            &[
                "http-request del-header x-r",
                "http-request add-header A 1 if { path /11 }",
                "http-request add-header B 1 unless { path /11 }",
            ],
            "host: h.com:81; a: 1",
        ),
        (
            &[
                "http-request del-header x-r",
                "http-request set-var(txn.a) str(x)",
                "http-request set-var(txn.a,ifnotset) str(y)",
                "http-request set-header V %[var(txn.a)]",
                "http-request allow",
                "http-request set-header W 1",
            ],
            "host: h.com:81; v: x",
        ),
    ] {
        let mut stream = Stream::request(REQUEST);
        run(&mut stream, rules);
        assert_eq!(headers(&stream.txn.request.head), expected, "{rules:?}");
    }
}

#[test]
fn responses_are_edited_on_their_own_side() {
    let mut stream = Stream::request(REQUEST).response("200\nserver: x");
    run(
        &mut stream,
        &[
            "http-response set-header A b",
            "http-response del-header server",
            "http-response set-status 503 reason \"so it is\"",
        ],
    );
    assert_eq!(headers(&stream.txn.response.head), "a: b");
    assert_eq!(
        (
            stream.txn.response.head.status(),
            stream.txn.response.head.reason()
        ),
        (503, &b"so it is"[..])
    );
}

#[test]
fn neighbouring_hints_are_one_response() {
    let mut stream = Stream::request(REQUEST);
    let flow = run(
        &mut stream,
        &[
            "http-request early-hint Link </a>",
            "http-request early-hint Link </b>",
            "http-request deny",
        ],
    );
    assert_eq!(
        shown(flow),
        "hint 103 Early Hints [link: </a>; link: </b>] "
    );
}

#[test]
fn the_rule_that_ended_it_is_named() {
    let mut stream = Stream::request(REQUEST);
    run(
        &mut stream,
        &[
            "http-request set-header a b",
            "http-request deny if { path -m beg /1 }",
        ],
    );
    assert_eq!(stream.txn.cause_line.as_deref(), Some("test.cfg:1"));
}

#[test]
fn refused_in_haproxys_words() {
    let prefix = |rule: &str, what: &str| {
        format!(
            "error detected in frontend 'web' while parsing 'http-request {rule}' rule : {what}."
        )
    };
    for (text, expected) in [
        ("http-request set-header X", prefix("set-header", "expects exactly 2 arguments")),
        ("http-request set-header X Y Z", "'http-request set-header' expects either 'if' or 'unless' followed by a condition but found 'Z'.".into()),
        ("http-request deny foo", "'http-request deny' expects either 'if' or 'unless' followed by a condition but found 'foo'.".into()),
        ("http-request deny if nosuch", "error detected while parsing an 'http-request deny' condition : no such ACL : 'nosuch'.".into()),
        ("http-request deny if { path x", "error detected while parsing an 'http-request deny' condition : missing closing '}' in condition.".into()),
        ("http-request deny if { }", "error detected while parsing an 'http-request deny' condition : missing fetch method in ACL expression ''.".into()),
        ("http-request deny status 99", prefix("deny", "Unexpected status code '99'")),
        ("http-request return string foo", prefix("return", "a content type must be defined when non-empty payload is configured")),
        ("http-request return status 204 content-type text/plain string foo", prefix("return", "No body expected for 204 responses")),
        ("http-request redirect foo", prefix("redirect", "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', 'ignore-empty' or 'append-slash' (was 'foo')")),
        ("http-request redirect location / code 399", prefix("redirect", "'code': unsupported HTTP code '399' (must be one of 301, 302, 303, 307 or 308)")),
        ("http-request set-var(txn.a,nosuch) int(1)", prefix("set-var(txn.a,nosuch)", "unknown condition \"nosuch\"")),
        ("http-request capture req.hdr(x)", prefix("capture", "expects <expression> [ 'len' <length> | id <idx> ]")),
        ("http-request track-sc0 src", "Proxy 'web': unable to find table 'web' referenced by track-sc0.".to_owned()),
        ("http-request do-resolve", prefix("do-resolve", "Can't parse 'do-resolve'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'")),
        ("http-request do-resolve(txn.a,none) path", "Proxy 'web': Can't find resolvers section 'none' for do-resolve action.".into()),
    ] {
        assert_eq!(read(text).err(), Some(expected), "{text}");
    }
}

#[test]
fn unknown_actions_are_listed_and_suggested() {
    let line = line("http-request set-headers a b");
    let mut cursor = Cursor::new(&line, 1);
    let error = with_context(Place::FrontRequest, |cx| http_request_rule(&mut cursor, cx)).err();
    let error = error.unwrap_or_else(|| panic!("accepted"));
    assert!(
        error
            .message
            .starts_with("'http-request' expects 'add-header', "),
        "{}",
        error.message
    );
    assert!(
        error.message.ends_with("but got 'set-headers'."),
        "{}",
        error.message
    );
    assert_eq!(error.help, ["did you mean `set-header`?"]);
}

#[test]
fn entries_are_unique_and_documented() {
    for set in RULESETS {
        let mut names: Vec<_> = set.entries().map(|e| e.name).collect();
        assert!(set.entries().all(|e| !e.doc.is_empty()));
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all, "{}", set.keyword);
    }
}

#[test]
fn captures_take_slots() {
    let mut captures = Captures::default();
    let line = line("http-request capture req.hdr(host) len 3");
    let mut cursor = Cursor::new(&line, 1);
    let pending = http_request_rule(
        &mut cursor,
        &mut Context {
            place: Place::FrontRequest,
            kind: Kind::Frontend,
            mode: Mode::Http,
            proxy: "web",
            acls: &Acls::default(),
            stick_counters: 3,
            experimental: true,
            contents: Contents::default(),
            captures: &mut captures,
            file: "test.cfg",
            files: &Default::default(),
            directory: Default::default(),
            diagnostics: &mut Vec::new(),
        },
    )
    .unwrap_or_else(|e| panic!("{}", e.message));
    assert_eq!(captures.request, [(String::new(), 3)]);
    let rule =
        with_linker(|linker| pending.link(linker)).unwrap_or_else(|e| panic!("{}", e.message));
    let mut stream = Stream::request(REQUEST);
    stream.txn.request_captures = vec![None].into();
    stream.scope(|scope| rule.action.run(scope));
    assert_eq!(
        stream.txn.request_captures.list()[0].as_deref(),
        Some(&b"h.c"[..])
    );
}

/// Every action that HAProxy 2.6 registers (`haproxy -dKcfg`), a star where its name goes on.
const REGISTERED: &[(&str, &str)] = &[
    (
        "http-after-response",
        "add-header allow capture del-header ot-group replace-header replace-value set-header set-status set-var* set-var-fmt* strict-mode unset-var*",
    ),
    (
        "http-request",
        "add-acl* add-header allow auth cache-use capture del-acl* del-header del-map* deny disable-l7-retry do-resolve* early-hint normalize-uri ot-group redirect reject replace-header replace-path replace-pathq replace-uri replace-value return sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-dst set-dst-port set-header set-log-level set-map* set-mark set-method set-nice set-path set-pathq set-priority-class set-priority-offset set-query set-src set-src-port set-timeout set-tos set-uri set-var* set-var-fmt* silent-drop strict-mode tarpit track-sc* unset-var* use-service wait-for-body wait-for-handshake",
    ),
    (
        "http-response",
        "add-acl* add-header allow cache-store capture del-acl* del-header del-map* deny ot-group redirect replace-header replace-value return sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-header set-log-level set-map* set-mark set-nice set-status set-tos set-var* set-var-fmt* silent-drop strict-mode track-sc* unset-var* wait-for-body",
    ),
    (
        "tcp-request connection",
        "sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-dst set-dst-port set-mark set-src set-src-port set-tos set-var* set-var-fmt* silent-drop unset-var*",
    ),
    (
        "tcp-request content",
        "do-resolve* ot-group sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-dst set-dst-port set-log-level set-mark set-nice set-priority-class set-priority-offset set-src set-src-port set-tos set-var* set-var-fmt* silent-drop switch-mode unset-var* use-service",
    ),
    (
        "tcp-request session",
        "sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* set-dst set-dst-port set-mark set-src set-src-port set-tos set-var* set-var-fmt* silent-drop unset-var*",
    ),
    (
        "tcp-response content",
        "ot-group sc-inc-gpc* sc-inc-gpc0* sc-inc-gpc1* sc-set-gpt* sc-set-gpt0* send-spoe-group set-log-level set-mark set-nice set-tos set-var* set-var-fmt* silent-drop unset-var*",
    ),
];

#[test]
fn every_action_of_haproxy_is_known() {
    for (keyword, names) in REGISTERED {
        let set = RULESETS.iter().find(|set| set.keyword == *keyword);
        let known: Vec<(&str, bool)> = set
            .into_iter()
            .flat_map(|set| set.entries())
            .map(|entry| (entry.name, entry.open))
            .collect();
        for name in names.split(' ') {
            let wanted = (name.trim_end_matches('*'), name.ends_with('*'));
            assert!(known.contains(&wanted), "{keyword} {name}");
        }
    }
}
