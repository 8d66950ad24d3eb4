//! TLS held against HAProxy's: the same certificates on both, curl and openssl as clients, and one behind the other.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use nix::sys::signal::Signal;
use support::{LogSink, Origin, PATIENCE, Program, Who, both, free_port, local, wait_for};
use tempfile::TempDir;

/// Certificates, made once: two authorities, and what they signed.
fn certificates() -> &'static Path {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let dir = MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        for (name, subject) in [("ca", "/C=DE/O=Test CA/CN=ca"), ("ca2", "/CN=other")] {
            let (key, crt) = (format!("{name}.key"), format!("{name}.crt"));
            let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
            let out = ["-keyout", &key, "-out", &crt, "-subj", subject];
            openssl(at, &[&["req", "-x509", "-nodes"][..], &ec, &out].concat());
        }
        let rich = "/C=DE/ST=Bayern/O=A, B/OU=one/OU=two/CN=Bob \\\"B\\\"/emailAddress=b@x.test";
        for (name, kind, subject, alternative, by) in [
            ("a.pem.rsa", "rsa:2048", "/CN=a.test", "a.test", "ca"),
            ("a.pem.ecdsa", "ec", "/CN=a.test", "a.test", "ca"),
            ("wild.pem", "ec", "/CN=*.w.test", "*.w.test", "ca"),
            ("client.pem", "ec", rich, "client", "ca"),
            ("stranger.pem", "ec", "/CN=stranger", "stranger", "ca2"),
        ] {
            let curve = ["-pkeyopt", "ec_paramgen_curve:P-256"];
            let curve = if kind == "ec" { &curve[..] } else { &[] };
            let make = [
                "req", "-nodes", "-keyout", "k", "-out", "r", "-subj", subject,
            ];
            openssl(at, &[&make[..], &["-newkey", kind], curve].concat());
            let extra = format!("subjectAltName=DNS:{alternative}");
            std::fs::write(at.join("e"), extra).unwrap();
            let (crt, key) = (format!("{by}.crt"), format!("{by}.key"));
            let sign = ["x509", "-req", "-in", "r", "-CAcreateserial", "-out", "c"];
            let by = ["-CA", &crt, "-CAkey", &key, "-extfile", "e", "-days", "30"];
            openssl(at, &[&sign[..], &by].concat());
            let read = |file: &str| std::fs::read_to_string(at.join(file)).unwrap();
            std::fs::write(at.join(name), read("c") + &read("k")).unwrap();
        }
        dir
    });
    dir.path()
}

fn openssl(dir: &Path, args: &[&str]) {
    let done = Command::new("openssl").current_dir(dir).args(args).output();
    let done = done.expect("openssl is installed");
    let error = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{args:?}: {error}");
}

/// Asks with curl for this name; what it printed of the response's head.
fn curl(port: u16, name: &str, args: &[&str]) -> String {
    let done = Command::new("curl")
        .current_dir(certificates())
        .args(["-sk", "-m", "20", "-o", "/dev/null", "-D-", "--resolve"])
        .arg(format!("{name}:{port}:127.0.0.1"))
        .args(args)
        .arg(format!("https://{name}:{port}/"))
        .output()
        .expect("curl is installed");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// What both programs say to the same client.
fn each<T: PartialEq + std::fmt::Debug>(mut ask: impl FnMut(Who) -> T) {
    let [theirs, ours] = both().map(&mut ask);
    assert_eq!(theirs, ours, "HAProxy's comes first");
}

const START: &str =
    "defaults\n mode http\n timeout client 20s\n timeout connect 20s\n timeout server 20s\n";

/// What is chosen of the suites that a client offers. Without a word on it, our first is another than OpenSSL's.
const SUITES: &str = "ciphersuites TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256";

#[test]
fn fetches_of_a_connection_and_its_certificates_have_the_same_values() {
    const FETCHES: &str = "ssl_fc ssl_fc_protocol ssl_fc_cipher ssl_fc_alg_keysize ssl_fc_use_keysize \
        ssl_fc_alpn ssl_fc_sni ssl_fc_has_sni ssl_fc_has_crt ssl_fc_is_resumed ssl_fc_err ssl_fc_err_str \
        ssl_fc_cipherlist_xxh ssl_fc_cipherlist_str(1) ssl_fc_cipherlist_bin(1),hex ssl_fc_eclist_bin(1),hex \
        ssl_fc_extlist_bin(1),hex ssl_fc_ecformats_bin,hex ssl_fc_protocol_hello_id fc_err fc_err_str \
        ssl_c_used ssl_c_verify ssl_c_err ssl_c_ca_err ssl_c_ca_err_depth ssl_c_chain_der,hex \
        ssl_c_s_dn ssl_c_s_dn(,0,rfc2253) ssl_c_s_dn(cn) ssl_c_s_dn(OU) ssl_c_s_dn(OU,2) ssl_c_s_dn(OU,-1) \
        ssl_c_s_dn(OU,3) ssl_c_s_dn(emailAddress) ssl_c_i_dn ssl_c_i_dn(,0,rfc2253) ssl_c_notbefore \
        ssl_c_notafter ssl_c_version ssl_c_key_alg ssl_c_sig_alg ssl_c_serial,hex ssl_c_sha1,hex ssl_c_der,hex \
        ssl_f_s_dn ssl_f_i_dn ssl_f_notbefore ssl_f_notafter ssl_f_version ssl_f_key_alg ssl_f_sig_alg \
        ssl_f_serial,hex ssl_f_sha1,hex ssl_f_der,hex";
    let dir = certificates().display();
    each(|who| {
        let (port, sink) = (free_port(), LogSink::new());
        let mut config = format!(
            "global\n log 127.0.0.1:{} format raw local0\n tune.ssl.capture-buffer-size 200\n{START} log global\n\
             frontend fe\n bind 127.0.0.1:{port} ssl crt {dir}/a.pem crt {dir}/wild.pem verify optional \
             ca-file {dir}/ca.crt ca-ignore-err all crt-ignore-err all alpn http/1.1 \
             {SUITES}\n \
             log-format \"%ft %sslv %sslc %[ssl_fc_sni]\"\n",
            sink.port
        );
        for (number, fetch) in FETCHES.split_ascii_whitespace().enumerate() {
            let line =
                format!(" http-after-response set-header x{number} \"{fetch} [%[{fetch}]]\"\n");
            config += &line;
        }
        config += " http-request return status 200\n";
        let _program = Program::start(who, &config, &[port]);
        [
            ("a.test", &["--cert", "client.pem"][..]),
            ("a.test", &["--cert", "client.pem", "--tls-max", "1.2"]),
            ("b.test", &["--cert", "stranger.pem"]),
            ("x.w.test", &[]),
            (
                "x.w.test",
                &[
                    "--tls-max",
                    "1.2",
                    "--ciphers",
                    "ECDHE-ECDSA-AES128-GCM-SHA256",
                ],
            ),
            (
                "a.test",
                &[
                    "--tls-max",
                    "1.2",
                    "--ciphers",
                    "ECDHE-RSA-AES128-GCM-SHA256",
                ],
            ),
        ]
        .map(|(name, args)| (curl(port, name, args), sink.line_with("fe~")))
    });
}

#[test]
fn a_handshake_that_fails_is_told_in_the_same_words() {
    let dir = certificates().display();
    for (options, name, args) in [
        ("verify required", "a.test", &[][..]),
        ("verify required", "a.test", &["--tls-max", "1.2"]),
        ("verify required", "a.test", &["--cert", "stranger.pem"]),
        (
            "verify optional",
            "a.test",
            &["--cert", "stranger.pem", "--tls-max", "1.2"],
        ),
        ("strict-sni", "b.test", &[]),
        ("ssl-min-ver TLSv1.3", "a.test", &["--tls-max", "1.2"]),
        (
            "verify none",
            "a.test",
            // In TLS 1.3 the client's alert may come before or after the handshake is over.
            &["--cacert", "ca2.crt", "--no-insecure", "--tls-max", "1.2"],
        ),
    ] {
        for format in [
            "",
            " error-log-format \"%[fc_err] %[fc_err_str] %[ssl_fc_err,hex] %[ssl_fc_err_str] %[ssl_c_err] \
             %[ssl_c_ca_err] %[ssl_fc_sni] %ft %sslv %sslc\"\n",
        ] {
            each(|who| {
                let (port, sink) = (free_port(), LogSink::new());
                let config = format!(
                    "{START} log 127.0.0.1:{} format raw local0\n option httplog\nfrontend fe\n{format} \
                     bind 127.0.0.1:{port} ssl crt {dir}/a.pem.rsa ca-file {dir}/ca.crt {options} {SUITES}\n \
                     http-request return status 200\n",
                    sink.port
                );
                let _program = Program::start(who, &config, &[port]);
                let told = || {
                    assert_eq!(curl(port, name, args), "", "{options} {args:?}");
                    let line = sink.line();
                    let words = line.split_ascii_whitespace();
                    let stable = words.filter(|w| !w.contains("127.0.0.1") && !w.starts_with('['));
                    stable.collect::<Vec<_>>().join(" ")
                };
                // HAProxy may see that the client is gone before it reads why.
                let leaves = args.contains(&"--no-insecure") && !format.is_empty();
                wait_for("the reason", || {
                    let line = told();
                    (!leaves || line.contains("alert")).then_some(line)
                })
            });
        }
    }
}

#[test]
fn lists_give_names_their_certificates_and_terms() {
    let dir = certificates().display();
    let list = certificates().join("list");
    let text = format!(
        "{dir}/a.pem.rsa\n# none\n{dir}/wild.pem [alpn http/1.1 ssl-min-ver TLSv1.3] *.w.test !no.w.test\n\
         {dir}/wild.pem [verify required ca-file {dir}/ca.crt] v.test\n"
    );
    std::fs::write(&list, text).unwrap();
    each(|who| {
        let port = free_port();
        let config = format!(
            "{START}frontend fe\n bind 127.0.0.1:{port} ssl crt-list {}\n \
             http-request return status 200 hdr x \"%[ssl_f_s_dn] %[ssl_fc_alpn] %[ssl_c_s_dn(cn)]\"\n",
            list.display()
        );
        let _program = Program::start(who, &config, &[port]);
        [
            ("a.test", &[][..]),
            ("x.w.test", &[]),
            ("x.w.test", &["--tls-max", "1.2"]),
            ("no.w.test", &["--tls-max", "1.2"]),
            ("x.y.w.test", &[]),
            ("v.test", &[]),
            ("v.test", &["--cert", "client.pem"]),
        ]
        .map(|(name, args)| curl(port, name, args))
    });
}

#[test]
fn checks_over_tls_come_to_the_same_verdicts() {
    let dir = certificates().display();
    let (secret, strict, plain) = (free_port(), free_port(), free_port());
    let front = format!(
        "{START}frontend fe\n bind 127.0.0.1:{secret} ssl crt {dir}/a.pem.rsa\n \
         bind 127.0.0.1:{strict} ssl strict-sni crt {dir}/a.pem.rsa\n bind 127.0.0.1:{plain}\n \
         http-request return status 200\n"
    );
    let _origin = Program::start(Who::Haproxy, &front, &[secret, plain]);
    each(|who| {
        let stats = free_port();
        let own = format!(
            "{START} timeout check 9s\nfrontend stats\n bind 127.0.0.1:{stats}\n stats enable\n stats uri /\n\
             backend b\n default-server inter 3s check ssl verify none\n \
             server ok 127.0.0.1:{secret}\n server plain 127.0.0.1:{plain}\n \
             server elsewhere 127.0.0.1:{secret} port {plain}\n \
             server forced 127.0.0.1:{plain} port {secret} check-ssl\n \
             server off 127.0.0.1:{plain} no-check-ssl\n \
             server ca 127.0.0.1:{secret} verify required ca-file {dir}/ca.crt\n \
             server wrongca 127.0.0.1:{secret} verify required ca-file {dir}/ca2.crt\n \
             server host 127.0.0.1:{secret} verify required ca-file {dir}/ca.crt verifyhost a.test\n \
             server wronghost 127.0.0.1:{secret} verify required ca-file {dir}/ca.crt verifyhost b.test\n \
             server strict 127.0.0.1:{strict}\n server named 127.0.0.1:{strict} check-sni a.test\n\
             backend h\n option httpchk\n http-check connect ssl sni a.test alpn http/1.1\n \
             http-check send meth GET uri /\n server ok 127.0.0.1:{strict} check inter 3s verify none\n \
             server plain 127.0.0.1:{plain} check inter 3s verify none\n"
        );
        let _program = Program::start(who, &own, &[stats]);
        support::wait_for("all to be judged", || {
            let body = support::get(stats, "/;csv").text();
            let mut lines = body.lines();
            let head: Vec<&str> = lines.next()?.trim_start_matches("# ").split(',').collect();
            let at = |name: &str| head.iter().position(|field| *field == name);
            let fields = [
                at("pxname")?,
                at("svname")?,
                at("check_status")?,
                at("last_chk")?,
            ];
            let servers = lines.filter(|l| !l.is_empty() && !l.starts_with("stats"));
            let all: Vec<Vec<&str>> = servers
                .map(|line| {
                    let words: Vec<&str> = line.split(',').collect();
                    fields
                        .map(|at| words.get(at).map_or("", |w| w.trim_start_matches("* ")))
                        .to_vec()
                })
                .collect();
            let judged = |row: &Vec<&str>| row[2].starts_with('L');
            let done = all.iter().filter(|row| row[1] != "BACKEND").all(judged);
            done.then(|| format!("{all:?}"))
        })
    });
}

/// A client that believes anybody.
fn client(port: u16, name: &str) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
    let mut roots = rustls::RootCertStore::empty();
    let pem = std::fs::read(certificates().join("ca.crt")).unwrap();
    let authorities =
        <rustls_pki_types::CertificateDer<'_> as rustls_pki_types::pem::PemObject>::pem_slice_iter(
            &pem,
        );
    roots.add_parsable_certificates(authorities.flatten());
    let config = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = rustls_pki_types::ServerName::try_from(name.to_owned()).unwrap();
    let session = rustls::ClientConnection::new(config.into(), name).unwrap();
    let socket = TcpStream::connect(local(port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    rustls::StreamOwned::new(session, socket)
}

#[test]
fn ten_megabytes_go_up_and_come_down_through_one_behind_the_other() {
    const SIZE: usize = 10_000_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut all = vec![0; SIZE];
                if stream.read_exact(&mut all).is_ok() {
                    let _ = stream.write_all(&all);
                }
            });
        }
    });
    let dir = certificates().display();
    let tcp = START.replace("mode http", "mode tcp");
    let (inner, outer) = (free_port(), free_port());
    let config = |port: u16, server: String| {
        format!(
            "{tcp}listen l\n bind 127.0.0.1:{port} ssl crt {dir}/a.pem\n server s 127.0.0.1:{server}\n"
        )
    };
    for (near, far) in [(Who::Ours, Who::Haproxy), (Who::Haproxy, Who::Ours)] {
        let _far = Program::start(far, &config(inner, origin.to_string()), &[inner]);
        let over = format!("{inner} ssl verify required ca-file {dir}/ca.crt sni str(a.test)");
        let _near = Program::start(near, &config(outer, over), &[outer]);
        let mut stream = client(outer, "a.test");
        let sent: Vec<u8> = (0..SIZE).map(|n| (n / 7) as u8).collect();
        stream.write_all(&sent).unwrap();
        stream.flush().unwrap();
        let mut got = vec![0; SIZE];
        stream.read_exact(&mut got).unwrap();
        assert!(got == sent, "{near:?} before {far:?}");
    }
}

#[test]
fn requests_that_came_in_one_record_are_all_answered() {
    let dir = certificates().display();
    let (port, origin) = (free_port(), Origin::saying("hello"));
    let config = format!(
        "{START}listen l\n option http-buffer-request\n bind 127.0.0.1:{port} ssl crt {dir}/a.pem\n \
         server s 127.0.0.1:{}\n",
        origin.port
    );
    let _program = Program::start(Who::Ours, &config, &[port]);
    let mut stream = client(port, "a.test");
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".repeat(20);
    stream.write_all(post.as_bytes()).unwrap();
    let (mut got, mut part) = (Vec::new(), [0; 4096]);
    while String::from_utf8_lossy(&got).matches("hello").count() < 20 {
        let n = stream.read(&mut part).expect("all answers in time");
        assert!(n > 0, "the end came too soon");
        got.extend_from_slice(&part[..n]);
    }
}

#[test]
fn certificates_change_with_a_reload_and_no_handshake_fails() {
    let dir = certificates();
    let port = free_port();
    let served = dir.join("served.pem");
    let put = |name: &str| {
        let new = dir.join("served.new");
        std::fs::copy(dir.join(name), &new).unwrap();
        std::fs::rename(&new, &served).unwrap();
    };
    put("a.pem.rsa");
    let config = format!(
        "{START}frontend fe\n bind 127.0.0.1:{port} ssl crt {}\n \
         http-request return status 200 hdr x \"%[ssl_f_key_alg]\"\n",
        served.display()
    );
    let program = Program::start(Who::Ours, &config, &[port]);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut count = 0;
            while !over.load(SeqCst) {
                let mut stream = client(port, "a.test");
                stream
                    .write_all(b"GET / HTTP/1.0\r\n\r\n")
                    .expect("a handshake");
                let mut answer = [0; 12];
                stream.read_exact(&mut answer).expect("an answer");
                assert_eq!(&answer, b"HTTP/1.1 200");
                count += 1;
            }
            count
        });
        for round in 0..20 {
            let (name, kind) = match round % 2 {
                0 => ("a.pem.ecdsa", "id-ecPublicKey"),
                _ => ("a.pem.rsa", "rsaEncryption"),
            };
            put(name);
            program.signal(Signal::SIGUSR2);
            support::wait_for("the new certificate", || {
                curl(port, "a.test", &[]).contains(kind).then_some(())
            });
        }
        over.store(true, SeqCst);
        assert!(asking.join().unwrap() > 20);
    });
}
