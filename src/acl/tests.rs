//! ACLs and conditions as read from lines, tested on one request; expectations are what HAProxy 2.6 did.

use super::*;
use crate::sample::testing::{Stream, line, with_linker};
use crate::sample::{Captures, Contents, Place};
use crate::settings::{Kind, Mode};

/// A section: its ACL lines, then a condition read from `if …`.
struct Section {
    acls: Acls,
    files: Files,
    warnings: Vec<Diagnostic>,
}

impl Section {
    fn new() -> Self {
        Self {
            acls: Acls::default(),
            files: Files::default(),
            warnings: Vec::new(),
        }
    }

    fn with<T>(&mut self, place: Place, run: impl FnOnce(&mut Context<'_>) -> T) -> T {
        run(&mut Context {
            place,
            kind: Kind::Frontend,
            mode: Mode::Http,
            proxy: "web",
            acls: &self.acls,
            stick_counters: 3,
            experimental: true,
            contents: Contents::default(),
            captures: &mut Captures::default(),
            file: "test.cfg",
            files: &self.files,
            directory: std::path::PathBuf::new(),
            diagnostics: &mut self.warnings,
        })
    }

    fn declare(&mut self, text: &str) -> Result<(), String> {
        let line = line(text);
        let acl = self.with(Place::Acl, |cx| declare(&mut Cursor::new(&line, 1), cx));
        self.acls.add(acl.map_err(|e| e.message)?);
        Ok(())
    }

    fn cond(&mut self, text: &str, place: Place) -> Result<Cond, String> {
        let line = line(text);
        let pending = self.with(place, |cx| condition(&mut Cursor::new(&line, 0), cx));
        let pending = pending.map_err(|e| e.message)?.ok_or("none")?;
        with_linker(|linker| pending.link(linker)).map_err(|e| e.message)
    }
}

fn holds(section: &mut Section, stream: &mut Stream, text: &str) -> Outcome {
    let cond = section
        .cond(text, Place::FrontRequest)
        .unwrap_or_else(|e| panic!("{text}: {e}"));
    stream.scope(|scope| cond.test(scope))
}

#[test]
fn samples_and_methods() {
    let mut stream = Stream::request("GET /abc HTTP/1.1\nhost: h\nx: a, b, c");
    let mut section = Section::new();
    for (acl, expected) in [
        ("src 192.0.2.0/24", true),
        ("src 192.0.2", false),
        ("path,length 4", true),
        ("path_len 4", true),
        ("path_beg /a", true),
        ("path_end c", true),
        ("path_dir abc", true),
        ("path_reg ^/a.c$", true),
        ("path -i /ABC", true),
        ("path -- -i", false),
        ("str(12ab) -m int 12", true),
        ("str(true) -m bool", false),
        ("str(1) -m bool", true),
        ("bool(true) -m str 1", true),
        ("bool(true) -m str true", false),
        ("src -m str 192.0.2.7", true),
        ("src -m len 9", true),
        ("int(5) gt 3:7", true),
        ("int(5) ge 6:7", false),
        ("int(6) gt 3:5", false),
        ("int(4) gt 2 lt 1", true),
        ("method GET", true),
        ("method get", false),
        ("method -i get", false),
        ("method -m str -i get", true),
        ("method -m beg GE", true),
        ("method -m found", true),
        ("hdr(x) b", true),
        ("hdr(x) -m len 1", true),
        ("req.fhdr(x) -m str b", false),
        ("hdr(x) -m reg ^b$", true),
        ("hdr(nothere) -m found", false),
        ("hdr_cnt(x) 3", true),
        ("hdr(x,2) b", true),
        ("hdr_sub(x) -i B", true),
        ("hdr(x) -m bin 62", true),
        ("always_true", true),
        ("always_true,not", false),
    ] {
        let outcome = holds(&mut section, &mut stream, &format!("if {{ {acl} }}"));
        assert_eq!(outcome == Outcome::Pass, expected, "{acl}");
    }
}

#[test]
fn logic() {
    let mut stream = Stream::request("GET /abc HTTP/1.1\nhost: h");
    let mut section = Section::new();
    for text in [
        "acl yes path /abc",
        "acl no path /x",
        "acl two path /x",
        "acl two path /abc",
        "acl both acl(yes,!no)",
    ] {
        section.declare(text).unwrap_or_else(|e| panic!("{e}"));
    }
    for (cond, expected) in [
        ("if yes", true),
        ("if no", false),
        ("if !no", true),
        ("if ! no", true),
        ("if !!no", false),
        ("if yes no", false),
        ("if no or yes", true),
        ("if no || yes", true),
        ("if no yes or yes yes", true),
        ("if yes !yes or no", false),
        ("unless yes", false),
        ("unless no or no", true),
        ("if two", true),
        ("if !two", false),
        ("if yes or", true),
        ("if or yes", true),
        ("if", false),
        ("if TRUE METH_GET !FALSE", true),
        ("if LOCALHOST", false),
        ("if HTTP_1.1 HTTP_URL_SLASH", true),
        ("if !{ path /x } yes", true),
        ("if { acl(yes,!no) }", true),
        ("if { acl(yes,no) }", false),
        ("if both", true),
    ] {
        let outcome = holds(&mut section, &mut stream, cond);
        assert_eq!(outcome == Outcome::Pass, expected, "{cond}");
    }
}

#[test]
fn waits_for_what_may_still_come() {
    let mut stream = Stream::new();
    let mut section = Section::new();
    let mut test = |stream: &mut Stream, text: &str| {
        let cond = section
            .cond(text, Place::FrontContent)
            .unwrap_or_else(|e| panic!("{text}: {e}"));
        stream.scope(|scope| cond.test(scope))
    };
    stream.txn.client_payload.data = vec![0x16];
    stream.txn.client_payload.complete = false;
    assert_eq!(
        test(&mut stream, "if { req.ssl_hello_type 1 }"),
        Outcome::Wait
    );
    assert_eq!(
        test(&mut stream, "if !{ req.ssl_hello_type 1 }"),
        Outcome::Wait
    );
    assert_eq!(
        test(
            &mut stream,
            "if { src 192.0.2.7 } or { req.ssl_hello_type 1 }"
        ),
        Outcome::Pass
    );
    assert_eq!(
        test(&mut stream, "if { src 1.1.1.1 } { req.ssl_hello_type 1 }"),
        Outcome::Fail
    );
    stream.txn.client_payload.complete = true;
    assert_eq!(
        test(&mut stream, "if { req.ssl_hello_type 1 }"),
        Outcome::Fail
    );
    assert_eq!(
        test(&mut stream, "unless { req.ssl_hello_type 1 }"),
        Outcome::Pass
    );
}

#[test]
fn refused_in_haproxys_words() {
    for (text, message) in [
        (
            "acl a nosuch 1",
            "unknown fetch method 'nosuch' in ACL expression 'nosuch'",
        ),
        (
            "acl a hdr(x) -m foo 1",
            "unknown matching method 'foo' when parsing ACL expression",
        ),
        (
            "acl a src abc/",
            "'abc/' is not a valid IPv4 or IPv6 address",
        ),
        (
            "acl a src 10.0.0.0/99",
            "'10.0.0.0/99' is not a valid IPv4 or IPv6 address",
        ),
        (
            "acl a dst_port 1:2:3",
            "'1:2:3' is not a valid number range",
        ),
        (
            "acl a req.payload(0,4) aa",
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('req.payload')",
        ),
        (
            "acl a req.payload(0,4) -m int 4",
            "matching method 'int' cannot be used with fetch keyword 'req.payload'",
        ),
        (
            "acl a method -m int 3",
            "matching method 'int' cannot be used with fetch keyword 'method'",
        ),
        (
            "acl a path -q",
            "'-q' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
        ),
        (
            "acl a path -f /nosuch",
            "failed to open pattern file </nosuch>",
        ),
        ("acl a path -u x", "the argument of -u must be an integer"),
        (
            "acl a path_len gt foo",
            "'foo' is neither a number nor a supported operator",
        ),
        ("acl a path_len 1.2", "'1.2' is not a number"),
        ("acl a", "missing fetch method in ACL expression ''"),
    ] {
        let expected = format!("error detected while parsing ACL 'a' : {message}.");
        assert_eq!(Section::new().declare(text).err(), Some(expected), "{text}");
    }
    let bad = Section::new().declare("acl a! path x").err();
    assert_eq!(
        bad.as_deref(),
        Some("character '!' is not permitted in acl name 'a!'.")
    );
}

#[test]
fn warnings() {
    for (acl, warning) in [
        (
            "acl a path_beg",
            "parsing acl keyword 'path_beg' :\n  no pattern to match against were provided",
        ),
        (
            "acl a hdr(User-Agent) -i mobile|android|iphone",
            "the pattern 'mobile|android|iphone' will hardly match as meant",
        ),
    ] {
        let mut section = Section::new();
        section.declare(acl).unwrap_or_else(|e| panic!("{e}"));
        let messages: Vec<_> = section
            .warnings
            .iter()
            .map(|d| d.message.as_str())
            .collect();
        assert!(
            messages.len() == 1 && messages[0].starts_with(warning),
            "{messages:?}"
        );
    }
    for quiet in [
        "acl a path_beg --",
        "acl a path -m found",
        "acl a hdr(x) -m reg a|b",
        "acl a always_true",
    ] {
        let mut section = Section::new();
        section.declare(quiet).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(section.warnings, [], "{quiet}");
    }
}

#[test]
fn used_where_it_cannot_match() {
    let mut section = Section::new();
    section
        .declare("acl late res.hdr(x) y")
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(section.warnings, []);
    let cond = section
        .cond("if late", Place::FrontRequest)
        .unwrap_or_else(|e| panic!("{e}"));
    let message = "acl 'late' will never match because it uses keyword 'res.hdr' which is incompatible with 'frontend http-request header rule'";
    assert_eq!(
        section.warnings.first().map(|d| d.message.as_str()),
        Some(message)
    );
    let mut stream = Stream::request("GET / HTTP/1.1\nhost: h");
    assert_eq!(stream.scope(|scope| cond.test(scope)), Outcome::Fail);
}

#[test]
fn unknown_names_are_suggested() {
    let mut section = Section::new();
    section
        .declare("acl is_static path_beg /s")
        .unwrap_or_else(|e| panic!("{e}"));
    let line = line("if is_statc");
    let error = section
        .with(Place::FrontRequest, |cx| {
            condition(&mut Cursor::new(&line, 0), cx)
        })
        .err();
    let error = error.unwrap_or_else(|| panic!("accepted"));
    assert_eq!(error.message, "no such ACL : 'is_statc'");
    assert_eq!(error.help, ["did you mean `is_static`?"]);
}
