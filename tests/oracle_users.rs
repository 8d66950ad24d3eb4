//! Userlists held against HAProxy: the same credentials to both, the same complaints at load.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use support::{Client, Program, Who, both, free_port, run_to_end};

/// Of the password `secret`, by crypt(3); one of each kind.
const HASHES: &[(&str, &str)] = &[
    ("des", "abNANd1rDfiNc"),
    ("md5", "$1$abcdefgh$cHJi5PXp/ki/ktXzqlk6I1"),
    (
        "sha256",
        "$5$rounds=1000$salt$CCvcOM6b7TEJDPb37Aec/9UpOg4QhPNAxPpL9ZzjTB7",
    ),
    (
        "bcrypt_a",
        "$2a$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
    ),
    (
        "bcrypt_b",
        "$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
    ),
    (
        "bcrypt_y",
        "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a",
    ),
    (
        "yescrypt",
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$GmcwIgvdUC9qLWcKCi6gklUa1dM3ziD43YxYNURLKy0",
    ),
    ("sha1", "$sha1$4$abcdefgh$doUTR6dgNweX0TRPEBmODsTdy3bT"),
    ("none", "xyz"),
];

/// What `openssl passwd` makes of a password.
fn openssl(kind: &str, password: &str) -> String {
    let out = std::process::Command::new("openssl")
        .args(["passwd", kind, password])
        .output()
        .expect("openssl is installed");
    String::from_utf8(out.stdout)
        .expect("text")
        .trim()
        .to_owned()
}

fn base64(text: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.chunks(3)
        .flat_map(|chunk| {
            let bits = (0..3).fold(0_usize, |bits, at| {
                bits << 8 | usize::from(chunk.get(at).copied().unwrap_or(0))
            });
            (0..4).map(move |at| match at <= chunk.len() {
                true => char::from(DIGITS[bits >> (18 - 6 * at) & 63]),
                false => '=',
            })
        })
        .collect()
}

fn config(port: u16) -> String {
    let mut users = String::new();
    for (name, hash) in HASHES {
        users += &format!(" user {name} password {hash}\n");
    }
    for kind in ["-1", "-5", "-6", "-apr1"] {
        if kind != "-apr1" {
            users += &format!(" user o{kind} password {}\n", openssl(kind, "s3cret: pass"));
        }
    }
    format!(
        "global\n nbthread 1\n\
         defaults\n mode http\n timeout client 5s\n timeout connect 1s\n timeout server 20s\n\
         userlist people\n group staff users sha256,plain\n group admins\n{users} \
         user plain insecure-password secret groups admins\n user empty insecure-password \"\"\n\n \
         user colon insecure-password a:b\n\
         frontend fe\n bind 127.0.0.1:{port}\n acl admin http_auth_group(people) admins\n \
         acl some http_auth_group(people) staff admins\n \
         http-request auth realm Front if {{ path /auth }} !{{ http_auth(people) }}\n \
         http-request return status 200 hdr ok %[http_auth(people)] hdr group %[http_auth_group(people)] \
         hdr user %[http_auth_user] hdr pass %[http_auth_pass] hdr type %[http_auth_type] hdr bearer %[http_auth_bearer] \
         hdr other %[http_auth_bearer(x-token)] hdr admin %[str(yes)] if admin\n \
         http-request return status 200 hdr ok %[http_auth(people)] hdr group %[http_auth_group(people)] \
         hdr user %[http_auth_user] hdr pass %[http_auth_pass] hdr type %[http_auth_type] hdr bearer %[http_auth_bearer] \
         hdr other %[http_auth_bearer(x-token)] hdr some %[str(yes)] if some\n \
         http-request return status 200 hdr ok %[http_auth(people)] hdr group %[http_auth_group(people)] \
         hdr user %[http_auth_user] hdr pass %[http_auth_pass] hdr type %[http_auth_type] hdr bearer %[http_auth_bearer] \
         hdr other %[http_auth_bearer(x-token)]\n"
    )
}

/// Authorization header lines, good and bad.
fn headers() -> Vec<String> {
    let mut all = Vec::new();
    let mut basic = |text: &str| {
        all.push(format!(
            "Authorization: Basic {}\r\n",
            base64(text.as_bytes())
        ))
    };
    for (name, _) in HASHES {
        for password in ["secret", "secreT", "", "secret\0x"] {
            basic(&format!("{name}:{password}"));
        }
    }
    for name in ["o-1", "o-5", "o-6"] {
        // Twice: the second time the answer is known.
        for password in ["s3cret: pass", "s3cret: pass", "s3cret:", "secret"] {
            basic(&format!("{name}:{password}"));
        }
    }
    for text in [
        "plain:secret",
        "plain:wrong",
        "plain:",
        "nobody:secret",
        "empty:",
        "empty:x",
        "colon:a:b",
        "colon:a",
        "plain",
        ":",
        "",
        "Plain:secret",
    ] {
        basic(text);
    }
    basic(&format!("sha256:{}", "x".repeat(600)));
    for line in [
        "",
        "Authorization: Basic\r\n",
        "Authorization: Basic \r\n",
        "Authorization: Basic !!!!\r\n",
        "Authorization: basic cGxhaW46c2VjcmV0\r\n",
        "Authorization: BASIC   cGxhaW46c2VjcmV0\r\n",
        "Authorization: Basic cGxhaW46c2VjcmV0 x\r\n",
        "authorization: Basic cGxhaW46c2VjcmV0\r\nAuthorization: Basic eDp5\r\n",
        "Proxy-Authorization: Basic cGxhaW46c2VjcmV0\r\n",
        "Authorization: Bearer abc.def\r\nX-Token: Bearer qqq\r\n",
        "Authorization: bearer  abc\r\nX-Token: Basic qqq\r\n",
        "Authorization: Digest abc\r\n",
        "Authorization: Bearer\r\n",
    ] {
        all.push(line.to_owned());
    }
    all
}

#[test]
fn credentials_are_judged_as_haproxy_judges_them() {
    let port = free_port();
    let config = config(port);
    let headers = headers();
    let [theirs, ours] = both().map(|who| {
        let _program = Program::start(who, &config, &[port]);
        let mut answers = Vec::new();
        for path in ["/", "/auth"] {
            for header in &headers {
                let mut client = Client::connect(port);
                client.send(format!("GET {path} HTTP/1.0\r\n{header}\r\n"));
                let answer = String::from_utf8_lossy(&client.rest()).into_owned();
                answers.push(format!("{path} {header:?}\n{answer}"));
            }
        }
        answers
    });
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    let good = ours
        .iter()
        .filter(|answer| answer.contains("ok: 1"))
        .count();
    assert!(good > HASHES.len() + 6, "only {good} were let in");
}

/// The messages of a check, without where and what for.
fn complaints(who: Who, text: &str) -> Vec<String> {
    let done = run_to_end(who, &["-c"], Some(text));
    let alerts = done.err.lines().filter(|line| line.starts_with("[ALERT]"));
    alerts
        .filter(|line| !line.contains("rror(s) found") && !line.contains("Fatal errors"))
        .filter_map(|line| line.rsplit_once(": ").map(|(_, said)| said.to_owned()))
        .collect()
}

#[test]
fn what_does_not_exist_is_refused_as_in_haproxy() {
    let front = "frontend f\n mode http\n bind 127.0.0.1:1\n timeout client 20s\n";
    for (list, rule) in [
        (" user a groups g\n", ""),
        (" group g users nobody\n", ""),
        (" user a insecure-password x groups nog\n", ""),
        ("", " http-request deny if { http_auth(nolist) }\n"),
        (
            " group g\n",
            " http-request deny if { http_auth_group(u) nogroup }\n",
        ),
        (" group g\n", " acl x http_auth_group(u)\n"),
        (
            " group g\n",
            " http-request deny if { http_auth_group(u) g }\n",
        ),
    ] {
        let text = format!("userlist u\n{list}{front}{rule}");
        let [theirs, ours] = both().map(|who| complaints(who, &text));
        assert_eq!(
            ours.is_empty(),
            theirs.is_empty(),
            "{text}{ours:?} {theirs:?}"
        );
        if let ([ours], [theirs]) = (&*ours, &*theirs) {
            let subject = |said: &str| said.split(" in ").next().unwrap_or_default().to_owned();
            assert_eq!(subject(ours), subject(theirs), "{text}");
        }
    }
}
