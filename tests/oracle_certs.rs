//! Certificates at run time held against HAProxy's: the same commands to both, the same answers byte by byte, and the
//! same certificates in the handshakes between them.
//!
//! Where ours differ, HAProxy 2.6 goes against its own manual: while a transaction is open it takes payloads for any
//! other name into it; it writes a zero behind protocols of a list; of a set of files it gives `verify` to the first only.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use support::tls::{Authority, anyone, command, request};
use support::{Program, Who, both, free_port};
use tempfile::TempDir;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Files, made once.
fn files() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let dir = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        let (ca, other) = (Authority::new("ca"), Authority::new("other"));
        let key = rcgen::KeyPair::generate().unwrap();
        put("ca.crt", &ca.pem());
        put("other.crt", &other.pem());
        put("both.crt", &(ca.pem() + &other.pem()));
        put("a.pem", &ca.whole(&["a.test", "www.a.test"], 10));
        put("b.pem", &ca.whole(&["b.test"], 11));
        put(
            "chain.pem",
            &(ca.whole(&["chain.test", "a.test"], 12) + &ca.pem()),
        );
        put("wild.pem", &other.whole(&["*.w.test"], 13));
        put("client.pem", &ca.whole(&["client"], 14));
        put("stranger.pem", &other.whole(&["stranger"], 15));
        let (certificate, key) = ca.sign(&["parts.test"], 16, &key);
        put("parts.crt", &certificate);
        put("parts.key", &key);
        put("parts.pem", &(certificate + &key));
        put("none.crl", &ca.revoke(&[]));
        put("client.crl", &ca.revoke(&[14]));
        put("garbage", "garbage\n");
        std::fs::create_dir(dir.path().join("dir")).unwrap();
        put("dir/x.pem", &ca.whole(&["x.test"], 17));
        put("dir/y.pem", &ca.whole(&["y.test"], 18));
        put(
            "list",
            "a.pem [ssl-min-ver TLSv1.2 no-ca-names] a.test !www.a.test\n# comment\n\nb.pem\n\
             b.pem   other.test \t third.test\nwild.pem [verify none]\nb.pem [] empty.test\n",
        );
        dir
    });
    dir.path()
}

/// What both say and serve while they are led through a script: `name << file` is a command with a payload, `? name`
/// asks for a name and tells whose certificate came, `= file` shows a client's certificate and tells whether it may
/// come in. `D` is the directory of the files.
fn led(who: Who, script: &str) -> String {
    let dir = files();
    let at = dir.display().to_string();
    let [port, listed, judged, api, looker] = [(); 5].map(|()| free_port());
    let config = format!(
        "global\n stats socket ipv4@127.0.0.1:{api} level admin\n \
         stats socket ipv4@127.0.0.1:{looker} level operator\n crt-base {at}\n ca-base {at}\n\
         defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\n\
         frontend one\n bind 127.0.0.1:{port} ssl crt a.pem crt dir/\n \
         bind 127.0.0.1:{listed} ssl crt-list {at}/list\n \
         bind 127.0.0.1:{judged} ssl crt-list {at}/list strict-sni verify optional ca-file ca.crt crl-file none.crl\n \
         http-request return status 200\n\
         backend bk\n server s 127.0.0.1:1 ssl verify none crt parts.pem ca-file other.crt\n \
         server r 127.0.0.1:1 ssl verify required crt parts.pem ca-file other.crt crl-file none.crl\n"
    );
    let _program = Program::start(who, &config, &[port, listed, judged, api, looker]);
    let own = |file: &str| anyone(Some(&dir.join(file)));
    let mut out = String::new();
    for line in script
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let said = match (line.split_once(" << "), line.split_once(' ')) {
            (_, Some(("?", name))) => {
                let served =
                    [port, listed, judged].map(|port| whose(request(&anyone(None), port, name)));
                format!("{served:?}\n")
            }
            (_, Some(("=", file))) => {
                let come = request(&own(file), judged, "b.test").is_ok();
                format!("{come}\n")
            }
            (_, Some(("looker:", text))) => command(
                looker,
                &format!("{}\n", text.replace("D/", &format!("{at}/"))),
            ),
            (Some((text, file)), _) => {
                let text = text.replace("D/", &format!("{at}/"));
                let said = || format!("{}\n", file.replace("D/", &format!("{at}/")));
                let payload = std::fs::read_to_string(dir.join(file)).unwrap_or_else(|_| said());
                command(api, &format!("{text} <<\n{payload}\n"))
            }
            _ => command(api, &format!("{}\n", line.replace("D/", &format!("{at}/")))),
        };
        let said = said
            .replace('\0', "")
            .replace(&format!("127.0.0.1:{listed}"), "LISTED");
        writeln!(out, "> {line}\n{said}").unwrap();
    }
    // Loaded for a client of HTTP of its own.
    let own = |line: &&str| !line.starts_with("@system-ca");
    out.lines()
        .filter(own)
        .map(|line| format!("{line}\n"))
        .collect()
}

fn whose(served: std::io::Result<Vec<u8>>) -> String {
    let Ok(der) = served else {
        return "none".to_owned();
    };
    let (_, read) = X509Certificate::from_der(&der).unwrap();
    read.subject().to_string()
}

fn same(script: &str) {
    let [theirs, ours] = both().map(|who| led(who, script));
    for (theirs, ours) in theirs.split("\n> ").zip(ours.split("\n> ")) {
        assert_eq!(theirs, ours, "HAProxy's comes first");
    }
    assert_eq!(theirs, ours, "HAProxy's comes first");
}

#[test]
fn what_is_in_memory_is_shown_alike() {
    same(
        "show ssl cert\n show ssl cert D/a.pem\n show ssl cert D/dir/y.pem\n show ssl cert nope\n show ssl cert *nope\n \
         show ssl cert D/a.pem.ocsp\n show ssl cert *\n show ssl cert D/parts.pem\n\
         show ssl ca-file\n show ssl ca-file D/ca.crt\n show ssl ca-file D/ca.crt:1\n show ssl ca-file D/ca.crt:2\n \
         show ssl ca-file D/ca.crt:0\n show ssl ca-file D/ca.crt:x\n show ssl ca-file nope\n show ssl ca-file *D/ca.crt\n \
         show ssl ca-file D/none.crl\n show ssl ca-file D/other.crt\n\
         show ssl crl-file\n show ssl crl-file D/none.crl\n show ssl crl-file D/none.crl:1\n show ssl crl-file D/none.crl:2\n \
         show ssl crl-file D/none.crl:0\n show ssl crl-file nope\n show ssl crl-file *D/none.crl\n\
         show ssl crt-list\n show ssl crt-list D/list\n show ssl crt-list -n D/list\n show ssl crt-list D/dir\n \
         show ssl crt-list -n D/dir/\n show ssl crt-list nope\n show ssl crt-list -n\n show ssl crt-list D/list -n\n\
         looker: show ssl cert\n looker: show ssl crt-list\n looker: set ssl cert D/a.pem x\n looker: commit ssl cert x\n \
         looker: new ssl ca-file x\n looker: del ssl crl-file x\n looker: add ssl crt-list D/list D/a.pem\n\
         ? a.test\n ? www.a.test\n ? other.test\n ? q.w.test\n ? x.test\n ? nobody.test\n",
    );
}

#[test]
fn certificates_are_put_together_committed_and_thrown_away_alike() {
    same(
        "new ssl cert\n new ssl cert D/a.pem\n new ssl cert n.pem\n show ssl cert n.pem\n new ssl cert n.pem\n\
         set ssl cert\n set ssl cert n.pem\n set ssl cert n.pem foo\n set ssl cert nope.pem << a.pem\n \
         set ssl cert n.pem << garbage\n commit ssl cert n.pem\n commit ssl cert\n abort ssl cert\n abort ssl cert n.pem\n\
         set ssl cert n.pem << parts.crt\n show ssl cert\n show ssl cert *n.pem\n commit ssl cert n.pem\n \
         abort ssl cert n.pem\n set ssl cert n.pem << parts.key\n\
         set ssl cert n.pem << parts.crt\n set ssl cert n.pem.key << garbage\n set ssl cert n.pem.key << parts.key\n \
         set ssl cert n.pem.issuer << garbage\n set ssl cert n.pem.issuer << ca.crt\n show ssl cert *n.pem\n \
         commit ssl cert D/a.pem\n abort ssl cert D/a.pem\n del ssl cert n.pem\n new ssl cert m.pem\n \
         commit ssl cert n.pem\n commit ssl cert n.pem\n show ssl cert n.pem\n del ssl cert n.pem\n del ssl cert m.pem\n\
         set ssl cert D/a.pem << chain.pem\n ? a.test\n show ssl cert *D/a.pem\n show ssl cert D/a.pem\n \
         commit ssl cert D/a.pem\n ? a.test\n ? www.a.test\n ? chain.test\n show ssl cert D/a.pem\n\
         set ssl cert D/a.pem.key << parts.key\n commit ssl cert D/a.pem\n abort ssl cert D/a.pem\n ? a.test\n\
         set ssl cert D/a.pem << parts.crt\n commit ssl cert D/a.pem\n abort ssl cert D/a.pem\n\
         set ssl cert D/a.pem.dh << ca.crt\n set ssl cert D/a.pem.ocsp << !!\n\
         set ssl cert D/b.pem << wild.pem\n commit ssl cert D/b.pem\n ? b.test\n ? q.w.test\n ? other.test\n\
         set ssl cert D/dir/x.pem << parts.pem\n commit ssl cert D/dir/x.pem\n ? parts.test\n ? x.test\n\
         set ssl cert D/parts.pem << a.pem\n commit ssl cert D/parts.pem\n\
         del ssl cert\n del ssl cert D/a.pem\n del ssl cert nope\n abort ssl cert zz\n commit ssl cert zz\n show ssl cert\n",
    );
}

#[test]
fn authorities_and_revocations_change_alike_and_for_the_next_client() {
    same(
        "= client.pem\n = stranger.pem\n\
         new ssl ca-file\n new ssl ca-file D/ca.crt\n new ssl ca-file n.crt\n new ssl ca-file n.crt\n show ssl ca-file\n \
         show ssl ca-file n.crt\n new ssl ca-file D/none.crl\n\
         set ssl ca-file\n set ssl ca-file n.crt\n set ssl ca-file n.crt x\n set ssl ca-file nope << ca.crt\n \
         set ssl ca-file n.crt << garbage\n abort ssl ca-file\n abort ssl ca-file n.crt\n commit ssl ca-file\n \
         commit ssl ca-file n.crt\n\
         set ssl ca-file n.crt << both.crt\n show ssl ca-file\n show ssl ca-file *n.crt\n show ssl ca-file *n.crt:2\n \
         set ssl ca-file D/ca.crt << other.crt\n commit ssl ca-file D/ca.crt\n abort ssl ca-file D/ca.crt\n \
         del ssl ca-file n.crt\n set ssl ca-file n.crt << other.crt\n show ssl ca-file *n.crt\n commit ssl ca-file n.crt\n \
         show ssl ca-file n.crt\n\
         set ssl ca-file D/ca.crt << both.crt\n = stranger.pem\n commit ssl ca-file D/ca.crt\n = client.pem\n \
         = stranger.pem\n set ssl ca-file D/ca.crt << other.crt\n commit ssl ca-file D/ca.crt\n = client.pem\n\
         set ssl ca-file D/ca.crt << ca.crt\n commit ssl ca-file D/ca.crt\n = client.pem\n\
         set ssl ca-file D/other.crt << ca.crt\n commit ssl ca-file D/other.crt\n\
         del ssl ca-file\n del ssl ca-file nope\n del ssl ca-file D/ca.crt\n del ssl ca-file n.crt\n show ssl ca-file\n\
         new ssl crl-file\n new ssl crl-file D/none.crl\n new ssl crl-file n.crl\n new ssl crl-file n.crl\n \
         show ssl crl-file\n show ssl crl-file n.crl\n new ssl crl-file D/ca.crt\n\
         set ssl crl-file\n set ssl crl-file n.crl x\n set ssl crl-file nope << none.crl\n set ssl crl-file n.crl << garbage\n \
         abort ssl crl-file\n abort ssl crl-file n.crl\n commit ssl crl-file\n commit ssl crl-file n.crl\n\
         set ssl crl-file D/none.crl << client.crl\n show ssl crl-file\n show ssl crl-file *D/none.crl\n = client.pem\n \
         set ssl crl-file n.crl << none.crl\n commit ssl crl-file n.crl\n abort ssl crl-file n.crl\n \
         del ssl crl-file D/none.crl\n commit ssl crl-file D/none.crl\n show ssl crl-file D/none.crl\n = client.pem\n\
         set ssl crl-file D/none.crl << none.crl\n commit ssl crl-file D/none.crl\n = client.pem\n\
         del ssl crl-file\n del ssl crl-file nope\n del ssl crl-file D/none.crl\n del ssl crl-file D/ca.crt\n \
         del ssl crl-file n.crl\n new ssl crl-file n.crl\n del ssl ca-file n.crl\n show ssl crl-file\n",
    );
}

#[test]
fn lists_take_and_lose_lines_alike() {
    same(
        "add ssl crt-list\n add ssl crt-list D/list\n add ssl crt-list nope D/a.pem\n add ssl crt-list D/list nope.pem\n \
         new ssl cert D/e.pem\n add ssl crt-list D/list D/e.pem\n set ssl cert D/e.pem << parts.pem\n \
         add ssl crt-list D/list D/e.pem\n commit ssl cert D/e.pem\n ? parts.test\n add ssl crt-list D/list D/e.pem\n ? parts.test\n \
         show ssl crt-list -n D/list\n show ssl cert D/e.pem\n del ssl cert D/e.pem\n\
         add ssl crt-list D/list << D/e.pem [verify none ssl-min-ver TLSv1.3] foo.test !bar.test\n ? foo.test\n \
         add ssl crt-list D/list << D/e.pem [verify none nonsense] foo.test\n add ssl crt-list D/list << D/e.pem verify]\n \
         add ssl crt-list D/list << # comment\n add ssl crt-list D/list << nope.pem [verify none] foo.test\n \
         add ssl crt-list D/list << D/e.pem [ca-file nope.crt verify required] foo.test\n \
         add ssl crt-list D/list <<   D/e.pem   sp.test  \n \
         ? sp.test\n show ssl crt-list -n D/list\n\
         add ssl crt-list D/dir D/e.pem\n new ssl cert D/dir/z.pem\n set ssl cert D/dir/z.pem << chain.pem\n \
         commit ssl cert D/dir/z.pem\n add ssl crt-list D/dir/ D/dir/z.pem\n ? chain.test\n show ssl crt-list -n D/dir\n\
         del ssl crt-list\n del ssl crt-list D/list\n del ssl crt-list nope D/e.pem\n del ssl crt-list D/list nope.pem\n \
         del ssl crt-list D/list D/e.pem\n del ssl crt-list D/list D/e.pem:1\n del ssl crt-list D/list D/e.pem:x\n \
         del ssl crt-list D/list D/wild.pem\n ? q.w.test\n del ssl crt-list D/list D/wild.pem\n del ssl cert D/wild.pem\n \
         del ssl crt-list D/list D/b.pem\n del ssl crt-list D/list D/b.pem:5\n ? other.test\n ? b.test\n \
         del ssl crt-list D/list D/a.pem\n del ssl crt-list D/dir D/e.pem\n del ssl crt-list D/dir/ D/dir/x.pem\n ? x.test\n \
         show ssl crt-list -n D/list\n show ssl crt-list -n D/dir\n",
    );
}

/// A payload goes into the transaction of its own name only: HAProxy 2.6 takes it into the one that is open.
#[test]
fn one_transaction_at_a_time() {
    let script = "set ssl cert D/a.pem << parts.pem\n set ssl cert D/b.pem << wild.pem\n \
                  set ssl cert zz << wild.pem\n set ssl cert D/b.pem.key << parts.key\n commit ssl cert D/a.pem\n ? a.test\n";
    let said = led(Who::Ours, script);
    let refused = said.matches("The ongoing transaction is about").count();
    assert_eq!(refused, 3, "{said}");
    assert!(
        said.contains("Committing") && said.contains("CN=parts.test"),
        "{said}"
    );
}

/// HAProxy says the same and breaks down soon after.
#[test]
fn a_line_that_lacks_an_authority_is_not_added() {
    let script = "set ssl cert D/a.pem << parts.pem\n commit ssl cert D/a.pem\n \
                  add ssl crt-list D/list << D/a.pem [verify required] foo.test\n show ssl crt-list D/list\n";
    let said = led(Who::Ours, script);
    let why = "Proxy 'one': verify is enabled but no CA file specified for bind 'LISTED' at [x.cfg:13].\nFailed!";
    assert!(said.contains(why), "{said}");
    assert!(
        !said.contains("foo.test\n#") && !said.ends_with("foo.test\n\n"),
        "{said}"
    );
}

/// What a server is shown changes with the next connection to it, and so does what it is judged by.
#[test]
fn servers_see_the_new_certificate() {
    let dir = files();
    let at = dir.display().to_string();
    let seen = |who: Who| {
        let [port, secure, api] = [(); 3].map(|()| free_port());
        let config = format!(
            "global\n stats socket ipv4@127.0.0.1:{api} level admin\n\
             defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\n retries 0\n\
             listen plain\n bind 127.0.0.1:{port}\n http-reuse never\n \
             server s 127.0.0.1:{secure} ssl verify required ca-file {at}/ca.crt crt {at}/client.pem\n\
             frontend secure\n bind 127.0.0.1:{secure} ssl crt {at}/a.pem verify optional ca-file {at}/both.crt\n \
             http-request return status 200 hdr x %[ssl_c_s_dn(cn)]\n"
        );
        let _program = Program::start(who, &config, &[port, secure, api]);
        let ask = || {
            let answer = support::get(port, "/");
            (answer.status, answer.header("x").map(str::to_owned))
        };
        let change = |kind: &str, name: &str, file: &str| {
            let payload = std::fs::read_to_string(dir.join(file)).unwrap();
            command(api, &format!("set ssl {kind} {at}/{name} <<\n{payload}\n"));
            let said = command(api, &format!("commit ssl {kind} {at}/{name}\n"));
            assert!(said.contains("Success!"), "{said}");
        };
        let mut seen = vec![ask()];
        change("cert", "client.pem", "stranger.pem");
        seen.push(ask());
        change("ca-file", "ca.crt", "other.crt");
        seen.push(ask());
        change("ca-file", "ca.crt", "both.crt");
        seen.push(ask());
        seen
    };
    let [theirs, ours] = both().map(seen);
    assert_eq!(theirs, ours, "HAProxy's come first");
    let codes: Vec<_> = ours.iter().map(|(status, _)| *status).collect();
    assert_eq!(codes, [200, 200, 503, 200]);
    assert_eq!(ours[1].1.as_deref(), Some("stranger"));
}
