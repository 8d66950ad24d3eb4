//! What is known of TLS clients, held against HAProxy's: odd names in certificates, names and protocols of hellos, hellos that
//! are only passed on, and bodies that are waited for.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use support::{LogSink, Origin, PATIENCE, Program, Who, both, free_port, local};
use tempfile::TempDir;

const START: &str =
    "defaults\n mode http\n timeout client 2s\n timeout connect 2s\n timeout server 20s\n";

/// A certificate for listeners, `a.pem`, and clients' with odd names.
fn certificates() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let dir = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        for (name, subject, serial) in CLIENTS.into_iter().chain([("a", "/CN=a.test", "1")]) {
            let (pem, ec) = (
                format!("{name}.pem"),
                ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            );
            let make = ["req", "-x509", "-nodes", "-utf8", "-set_serial", serial];
            let out = ["-keyout", "k", "-out", "c", "-subj", subject];
            let done = Command::new("openssl")
                .current_dir(dir.path())
                .args([&make[..], &ec, &out].concat())
                .output()
                .expect("openssl is installed");
            let error = String::from_utf8_lossy(&done.stderr);
            assert!(done.status.success(), "{name}: {error}");
            let read = |file| std::fs::read_to_string(dir.path().join(file)).unwrap();
            std::fs::write(dir.path().join(pem), read("c") + &read("k")).unwrap();
        }
        dir
    });
    dir.path()
}

/// Clients: file, subject, serial number.
const CLIENTS: [(&str, &str, &str); 4] = [
    (
        "sets",
        "/C=DE/O=A, B/OU=one/OU=two+OU=three+CN=multi/CN=Bob \\\"B\\\"/emailAddress=b@x.test",
        "0x80ff",
    ),
    ("utf", "/C=DE/O=Größe/CN=日本 語", "-5"),
    (
        "kinds",
        "/DC=org/DC=x/UID=u/SN=s/GN=g/street=1/postalAddress=p/x500UniqueIdentifier=i/role=r/mail=m/1.2.3.4.5=unknown/\
         jurisdictionL=L/organizationIdentifier=O/INN=1/c3=DEU/dmdName=d/host=h",
        "77",
    ),
    ("marks", "/CN= #a\\+b;<c>\\=\\/ ", "0"),
];

/// Both programs' answers to the same question.
fn each<T: PartialEq + std::fmt::Debug>(mut ask: impl FnMut(Who) -> T) {
    let [theirs, ours] = both().map(&mut ask);
    assert_eq!(theirs, ours, "HAProxy's comes first");
}

/// What openssl's client gets for a request, and the alert that it complains of.
fn s_client(port: u16, args: &[&str]) -> (String, Option<String>) {
    let mut client = Command::new("openssl")
        .current_dir(certificates())
        .args(["s_client", "-quiet", "-ign_eof", "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    let request = b"GET / HTTP/1.0\r\n\r\n";
    // One that was refused may have gone before it took the request.
    let _ = client.stdin.take().unwrap().write_all(request);
    let done = client.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&done.stderr).into_owned();
    let alert = errors.split("SSL alert number ").nth(1);
    let alert = alert.and_then(|rest| rest.split_whitespace().next());
    let answer = String::from_utf8_lossy(&done.stdout).into_owned();
    (answer, alert.map(str::to_owned))
}

#[test]
fn odd_names_and_numbers_are_written_alike() {
    const FETCHES: &str = "ssl_c_s_dn ssl_c_s_dn(,0,rfc2253) ssl_c_s_dn(cn) ssl_c_s_dn(CN,0) ssl_c_s_dn(CN,2) \
        ssl_c_s_dn(CN,-1) ssl_c_s_dn(OU,-1) ssl_c_s_dn(OU,3) ssl_c_s_dn(OU,4) ssl_c_s_dn(1.2.3.4.5) ssl_c_s_dn(role) \
        ssl_c_i_dn(O) ssl_c_serial,hex ssl_c_sig_alg ssl_c_key_alg ssl_c_verify ssl_c_notbefore ssl_c_notafter";
    let dir = certificates().display();
    each(|who| {
        let port = free_port();
        let mut config = format!(
            "{START}frontend fe\n bind 127.0.0.1:{port} ssl crt {dir}/a.pem verify optional ca-file {dir}/a.pem \
             ca-ignore-err all crt-ignore-err all\n"
        );
        for (number, fetch) in FETCHES.split_ascii_whitespace().enumerate() {
            config += &format!(" http-after-response set-header x{number} \"[%[{fetch}]]\"\n");
        }
        config += " http-request return status 200\n";
        let _program = Program::start(who, &config, &[port]);
        CLIENTS.map(|(name, ..)| {
            let file = format!("{name}.pem");
            s_client(port, &["-cert", &file, "-key", &file])
        })
    });
}

#[test]
fn names_protocols_and_suites_of_hellos_are_taken_alike() {
    let dir = certificates().display();
    each(|who| {
        let port = free_port();
        let config = format!(
            "global\n tune.ssl.capture-buffer-size 400\n{START}frontend fe\n \
             bind 127.0.0.1:{port} ssl crt {dir}/a.pem alpn http/1.1\n http-request return status 200 \
             hdr x \"%[ssl_fc_sni] [%[ssl_fc_alpn]] %[ssl_fc_cipherlist_str]\"\n"
        );
        let _program = Program::start(who, &config, &[port]);
        [
            &["-servername", "A.Test"][..],
            &["-noservername", "-alpn", "h2,http/1.1"],
            &["-noservername", "-alpn", "other"],
            &["-cipher", "ALL:eNULL:@SECLEVEL=0"],
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-GCM-SHA384"],
            &["-sigalgs", "RSA-PSS+SHA256"],
            &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        ]
        .map(|args| s_client(port, args))
    });
}

/// A ClientHello with these extensions.
fn hello(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 1, 1, 0]);
    let mut all = Vec::new();
    for (number, content) in extensions {
        all.extend(number.to_be_bytes());
        all.extend((content.len() as u16).to_be_bytes());
        all.extend_from_slice(content);
    }
    if !all.is_empty() {
        body.extend((all.len() as u16).to_be_bytes());
        body.extend(all);
    }
    let mut message = vec![22, 3, 1];
    message.extend((body.len() as u16 + 4).to_be_bytes());
    message.extend([1, 0]);
    message.extend((body.len() as u16).to_be_bytes());
    message.extend(body);
    message
}

#[test]
fn hellos_that_are_passed_on_are_looked_at_alike() {
    const NAME: (u16, &[u8]) = (0, b"\0\x06\0\0\x03A.b");
    const FETCHES: &str = "req.ssl_sni req.ssl_alpn req.ssl_ver req.ssl_hello_type req.ssl_ec_ext req.ssl_st_ext req.len";
    let server = Origin::saying("x");
    each(|who| {
        let (port, sink) = (free_port(), LogSink::new());
        let mut config = format!(
            "{START}frontend fe\n mode tcp\n log 127.0.0.1:{} format raw local0\n bind 127.0.0.1:{port}\n \
             tcp-request inspect-delay 10s\n tcp-request content capture req.ssl_sni len 20\n log-format \"%b \
             %[capture.req.hdr(0)]",
            sink.port
        );
        for (number, _) in FETCHES.split_ascii_whitespace().enumerate() {
            config += &format!(" %[var(sess.v{number})]");
        }
        config += "\"\n";
        for (number, fetch) in FETCHES.split_ascii_whitespace().enumerate() {
            config += &format!(" tcp-request content set-var(sess.v{number}) {fetch}\n");
        }
        config += &format!(
            " tcp-request content reject unless {{ req.ssl_hello_type 1 }}\n \
             use_backend named if {{ req.ssl_sni -i a.b }}\n default_backend other\n\
             backend named\n mode tcp\n server s 127.0.0.1:{0}\nbackend other\n mode tcp\n server s 127.0.0.1:{0}\n",
            server.port
        );
        let _program = Program::start(who, &config, &[port]);
        [
            hello(&[NAME]),
            hello(&[
                NAME,
                (16, b"\0\x03\x02h2"),
                (10, b"\0\x02\0\x17"),
                (35, b""),
            ]),
            hello(&[(35, b"ticket")]),
            hello(&[]),
            hello(&[(21, &[0; 9_000]), NAME]),
            b"GET / HTTP/1.0\r\n\r\n".to_vec(),
        ]
        .map(|bytes| {
            let mut client = TcpStream::connect(local(port)).unwrap();
            client.write_all(&bytes).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let _ = client.read_to_end(&mut Vec::new());
            // The harness knocks at the port before.
            loop {
                let line = sink.line();
                if !line.trim_end().ends_with(" 0") {
                    break line;
                }
            }
        })
    });
}

#[test]
fn a_body_that_does_not_come_is_waited_for_as_long_as_the_client_may_be_silent() {
    each(|who| {
        let port = free_port();
        let config = format!(
            "defaults\n mode http\n timeout client 500\n timeout connect 2s\n timeout server 20s\nfrontend fe\n \
             option http-buffer-request\n bind 127.0.0.1:{port}\n http-request return status 200\n"
        );
        let _program = Program::start(who, &config, &[port]);
        let mut client = TcpStream::connect(local(port)).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nsome";
        client.write_all(request).unwrap();
        let mut answer = String::new();
        client
            .read_to_string(&mut answer)
            .expect("an answer in time");
        answer
    });
}
