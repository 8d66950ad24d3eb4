//! TLS and HTTP/2 with the programs of others: nginx behind and in front, curl, `openssl s_client`, h2load.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says by panicking what is wrong"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rcgen::KeyPair;
use support::tls::Authority;
use support::{LogSink, Origin, Program, Who, free_port, listens, wait_for};
use tempfile::TempDir;

const DEFAULTS: &str = "defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\n retries 0\n";
/// More than windows, buffers and what the kernel takes on the way.
const LARGE: usize = 8_000_000;

/// A directory with an authority (`ca.crt`, `ca.key`) and what it signed: `a.pem` for a.test, `b.pem` for b.test, `client.pem`;
/// `stranger.crt` signed none; `up` is large.
fn files() -> TempDir {
    let (dir, ca) = (tempfile::tempdir().unwrap(), Authority::new("ca"));
    let write = |name: &str, text: String| std::fs::write(dir.path().join(name), text).unwrap();
    write("ca.crt", ca.pem());
    write("ca.key", ca.key());
    write("stranger.crt", Authority::new("stranger").pem());
    for (name, of, serial) in [
        ("a", "a.test", 0x1001),
        ("b", "b.test", 0x1002),
        ("client", "client", 0x1003),
    ] {
        let (crt, key) = ca.sign(&[of], serial, &KeyPair::generate().unwrap());
        write(&format!("{name}.pem"), format!("{crt}{key}"));
        write(&format!("{name}.crt"), crt);
    }
    let large: Vec<u8> = (0..LARGE).map(|n| (n / 7 + n / 65_537) as u8).collect();
    std::fs::write(dir.path().join("up"), large).unwrap();
    dir
}

/// What a program that ends by itself says, on both outputs; killed when it does not.
fn said(dir: &Path, program: &str, args: &[&str]) -> String {
    let done = Command::new("timeout")
        .current_dir(dir)
        .args(["60", program])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&done.stdout) + &text(&done.stderr)
}

fn curl(dir: &Path, args: &str) -> String {
    let args: Vec<&str> = args.split(' ').collect();
    said(
        dir,
        "curl",
        &[&["-sS", "--noproxy", "*"], &args[..]].concat(),
    )
}

/// nginx; killed when dropped.
struct Nginx {
    child: Child,
    dir: TempDir,
}

impl Nginx {
    /// Starts one with these servers, which keep what is PUT to them.
    fn start(servers: &str, ports: &[u16]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().display();
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|of| format!("{of}_temp_path {at}/temp;\n"))
            .concat();
        let config = format!(
            "daemon off; master_process off; pid {at}/pid; error_log {at}/error;\n\
             events {{}}\n\
             http {{\n access_log off;\n {paths} root {at}/kept;\n client_max_body_size 0;\n dav_methods PUT;\n\
             create_full_put_path on;\n {servers}\n}}\n"
        );
        std::fs::create_dir(dir.path().join("kept")).unwrap();
        std::fs::write(dir.path().join("conf"), config).unwrap();
        std::fs::write(dir.path().join("kept/small"), "small").unwrap();
        let child = Command::new("nginx")
            .args(["-p", &at.to_string(), "-c", &format!("{at}/conf")])
            .args(["-e", &format!("{at}/error")])
            .spawn()
            .expect("nginx is installed");
        let mut nginx = Self { child, dir };
        for port in ports {
            wait_for("nginx to listen", || {
                assert_eq!(nginx.child.try_wait().unwrap(), None, "{}", nginx.errors());
                listens(*port).then_some(())
            });
        }
        nginx
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("error")).unwrap_or_default()
    }

    fn kept(&self, name: &str) -> PathBuf {
        self.dir.path().join("kept").join(name)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A large body goes up under this name to where nginx keeps it, and comes down again. Nothing is expected beforehand, for over
/// HTTP/2 nginx never says "100 Continue", and curl waits a second for it.
fn up_and_down(dir: &Path, nginx: &Nginx, name: &str, url: &str, version: &str) {
    let put = curl(
        dir,
        &format!("{version} -HExpect: -T up -o told -w %{{http_code}} {url}/{name}"),
    );
    assert!(
        put == "201" || put == "204",
        "{name}: {put} {}",
        nginx.errors()
    );
    let up = std::fs::read(dir.join("up")).unwrap();
    assert!(std::fs::read(nginx.kept(name)).unwrap() == up, "{name}, up");
    let got = curl(
        dir,
        &format!("{version} -o down -w %{{http_code}} {url}/{name}"),
    );
    assert_eq!(got, "200", "{name}: {}", nginx.errors());
    assert!(
        std::fs::read(dir.join("down")).unwrap() == up,
        "{name}, down"
    );
}

#[test]
fn nginx_serves_behind_us() {
    let files = files();
    let (dir, at) = (files.path(), files.path().display());
    let [secure, clear, one] = [free_port(), free_port(), free_port()];
    let spoke = "add_header Spoke \"$server_protocol $ssl_server_name\" always;";
    let crt = format!("ssl_certificate {at}/a.pem; ssl_certificate_key {at}/a.pem; {spoke}");
    let nginx = Nginx::start(
        &format!(
            "server {{ listen 127.0.0.1:{secure} ssl http2; {crt} }}\n\
             server {{ listen 127.0.0.1:{one} ssl; {crt} }}\n\
             server {{ listen 127.0.0.1:{clear} http2; {spoke} }}\n"
        ),
        &[secure, clear, one],
    );
    let verify = format!("ssl verify required ca-file {at}/ca.crt sni str(a.test)");
    let h2 = "alpn h2,http/1.1";
    // What the server line says, and what nginx says it was spoken to in.
    let ways = [
        (format!("{secure} {verify} {h2}"), "HTTP/2.0 a.test"),
        (format!("{secure} {verify}"), "HTTP/1.1 a.test"),
        (format!("{one} {verify} {h2}"), "HTTP/1.1 a.test"),
        (format!("{clear} proto h2"), "HTTP/2.0 "),
        (
            format!("{secure} {verify} {h2}").replace("a.test", "b.test"),
            "503",
        ),
        (
            format!("{secure} {verify} {h2}").replace("ca.crt", "stranger.crt"),
            "503",
        ),
    ];
    let ports: Vec<u16> = ways.iter().map(|_| free_port()).collect();
    let listens: String = ports
        .iter()
        .zip(&ways)
        .map(|(port, (server, _))| {
            format!("listen l{port}\n bind 127.0.0.1:{port}\n server s 127.0.0.1:{server}\n")
        })
        .collect();
    let _program = Program::start(Who::Ours, &format!("{DEFAULTS}{listens}"), &ports);
    for (port, (server, spoke)) in ports.iter().zip(&ways) {
        let url = format!("http://127.0.0.1:{port}");
        if *spoke == "503" {
            assert_eq!(
                curl(dir, &format!("-o told -w %{{http_code}} {url}/small")),
                "503",
                "{server}"
            );
            continue;
        }
        let told = curl(dir, &format!("-i {url}/small")).to_lowercase();
        let expected = format!("\nspoke: {}\r\n", spoke.to_lowercase());
        assert!(
            told.contains(&expected) && told.ends_with("\r\n\r\nsmall"),
            "{server}: {told}"
        );
        for version in ["--http1.1", "--http2-prior-knowledge"] {
            up_and_down(dir, &nginx, &format!("{port}{version}"), &url, version);
        }
    }
}

#[test]
fn nginx_comes_to_us() {
    let files = files();
    let (dir, at) = (files.path(), files.path().display());
    let [keeps, over_h1, over_h2, stranger, ours] = std::array::from_fn(|_| free_port());
    let trust = |of: &str, ca: &str| {
        format!(
            "{of}_ssl_verify on; {of}_ssl_trusted_certificate {at}/{ca}; {of}_ssl_name a.test; {of}_ssl_server_name on;"
        )
    };
    let (proxy, grpc) = (trust("proxy", "ca.crt"), trust("grpc", "ca.crt"));
    let mistrust = trust("proxy", "stranger.crt");
    let h1 = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_request_buffering off; proxy_pass https://us;";
    let nginx = Nginx::start(
        &format!(
            "upstream us {{ server 127.0.0.1:{ours}; keepalive 4; }}\n\
             upstream us_h2 {{ server 127.0.0.1:{ours}; keepalive 4; }}\n\
             server {{ listen 127.0.0.1:{keeps}; }}\n\
             server {{ listen 127.0.0.1:{over_h1}; location / {{ dav_methods off; {proxy} {h1} }} }}\n\
             server {{ listen 127.0.0.1:{stranger}; location / {{ dav_methods off; {mistrust} proxy_pass https://127.0.0.1:{ours}; }} }}\n\
             server {{ listen 127.0.0.1:{over_h2} http2; location / {{ dav_methods off; {grpc} grpc_pass grpcs://us_h2; }} }}\n"
        ),
        &[keeps, over_h1, over_h2, stranger],
    );
    let sink = LogSink::new();
    let config = format!(
        "{DEFAULTS} log 127.0.0.1:{} local0\nlisten l\n bind 127.0.0.1:{ours} ssl crt {at}/b.pem crt {at}/a.pem alpn h2,http/1.1 strict-sni\n \
         log-format \"from %cp by %HV asked %[ssl_fc_sni] end\"\n server s 127.0.0.1:{keeps}\n",
        sink.port
    );
    let _program = Program::start(Who::Ours, &config, &[ours]);
    for (port, version, spoken) in [
        (over_h1, "--http1.1", "HTTP/1.1"),
        (over_h2, "--http2-prior-knowledge", "HTTP/2.0"),
    ] {
        let url = format!("http://127.0.0.1:{port}");
        up_and_down(dir, &nginx, version, &url, version);
        for _ in 0..3 {
            assert_eq!(curl(dir, &format!("{version} {url}/small")), "small");
        }
        let lines: Vec<String> = (0..5).map(|_| sink.line_with(" end")).collect();
        let rest = format!(" by {spoken} asked a.test end");
        assert!(
            lines.iter().all(|line| line.trim_end().ends_with(&rest)),
            "{lines:?}"
        );
        // Those that come behind each other go over one connection.
        let mut froms: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.split(' ').rev().nth(5))
            .collect();
        froms.dedup();
        assert!(froms.len() < lines.len(), "{lines:?}");
    }
    let refused = curl(
        dir,
        &format!("-o told -w %{{http_code}} http://127.0.0.1:{stranger}/small"),
    );
    assert_eq!(refused, "502", "{}", nginx.errors());
}

#[test]
fn curl_speaks_what_it_likes_to_one_bind() {
    let files = files();
    let (port, at) = (free_port(), files.path().display());
    let origin = Origin::saying("hello");
    let config = format!(
        "{DEFAULTS}listen l\n bind 127.0.0.1:{port} ssl crt {at}/a.pem alpn h2,http/1.1\n\
         http-response set-header spoken \"%[ssl_fc_protocol] %[ssl_fc_alpn] %HV\"\n server s 127.0.0.1:{}\n",
        origin.port
    );
    let _program = Program::start(Who::Ours, &config, &[port]);
    for (args, spoken) in [
        ("--http2", "TLSv1.3 h2 HTTP/2.0"),
        ("--http2 --tls-max 1.2", "TLSv1.2 h2 HTTP/2.0"),
        ("--http2-prior-knowledge", "TLSv1.3 h2 HTTP/2.0"),
        ("--http1.1", "TLSv1.3 http/1.1 HTTP/1.1"),
        ("--no-alpn --http1.1", "TLSv1.3  HTTP/1.1"),
        ("--tls-max 1.2 --no-alpn --http1.1", "TLSv1.2  HTTP/1.1"),
    ] {
        let rest =
            format!("--cacert ca.crt --resolve a.test:{port}:127.0.0.1 https://a.test:{port}/");
        // Several on one connection.
        let told = curl(files.path(), &format!("-i {args} {rest} {rest} {rest}")).to_lowercase();
        let line = format!("\nspoken: {}\r\n", spoken.to_lowercase());
        assert_eq!(told.matches(&line).count(), 3, "{args}: {told}");
        assert_eq!(told.matches("\r\n\r\nhello").count(), 3, "{args}: {told}");
    }
}

#[test]
fn openssl_gets_what_it_asks_of_one_bind() {
    let files = files();
    let (dir, port, at) = (files.path(), free_port(), files.path().display());
    let index = "V\t401231235959Z\t\t1001\tunknown\t/CN=a.test\n";
    std::fs::write(dir.join("index"), index).unwrap();
    let respond = "ocsp -index index -CA ca.crt -rsigner ca.crt -rkey ca.key -issuer ca.crt -cert a.crt -ndays 30 -respout a.pem.ocsp";
    let told = said(dir, "openssl", &respond.split(' ').collect::<Vec<_>>());
    assert!(dir.join("a.pem.ocsp").exists(), "{told}");
    std::fs::write(
        dir.join("a.pem.issuer"),
        std::fs::read(dir.join("ca.crt")).unwrap(),
    )
    .unwrap();
    let config = format!(
        "{DEFAULTS}frontend f\n bind 127.0.0.1:{port} ssl crt {at}/a.pem crt {at}/b.pem alpn h2,http/1.1 verify optional ca-file {at}/ca.crt\n\
         http-request return status 200 hdr x-client \"%[ssl_c_s_dn(cn)]\" hdr x-verify \"%[ssl_c_verify]\"\n"
    );
    let _program = Program::start(Who::Ours, &config, &[port]);
    std::fs::write(dir.join("request"), "GET / HTTP/1.0\r\n\r\n").unwrap();
    let ask = |args: &str| {
        let line = format!(
            "timeout 60 openssl s_client -ign_eof -CAfile ca.crt -connect 127.0.0.1:{port} {args} < request"
        );
        said(dir, "sh", &["-c", &line])
    };
    for (args, expected) in [
        (
            "-servername a.test -verify_hostname a.test",
            "Verify return code: 0 (ok)",
        ),
        (
            "-servername b.test -verify_hostname b.test",
            "Verify return code: 0 (ok)",
        ),
        (
            "-servername b.test -verify_hostname a.test",
            "Verify return code: 62",
        ),
        ("-alpn http/1.1", "ALPN protocol: http/1.1\n"),
        ("-alpn other", "No ALPN negotiated"),
        (
            "-cert client.pem -tls1_2",
            "x-client: client\r\nx-verify: 0\r\n",
        ),
        (
            "-cert client.pem -tls1_3",
            "x-client: client\r\nx-verify: 0\r\n",
        ),
        ("", "200 OK\r\nx-verify: 0\r\n"),
        ("-servername a.test -status -tls1_2", "Cert Status: good"),
        ("-servername a.test -status -tls1_3", "Cert Status: good"),
        (
            "-servername b.test -status",
            "OCSP response: no response sent",
        ),
        ("-servername a.test -tls1_2 -sess_out two", "New, TLSv1.2"),
        ("-servername a.test -tls1_2 -sess_in two", "Reused, TLSv1.2"),
        ("-servername a.test -tls1_3 -sess_out three", "New, TLSv1.3"),
        (
            "-servername a.test -tls1_3 -sess_in three",
            "Reused, TLSv1.3",
        ),
        (
            "-tls1_1 -cipher DEFAULT@SECLEVEL=0",
            "alert protocol version",
        ),
        ("-tls1 -cipher DEFAULT@SECLEVEL=0", "alert protocol version"),
    ] {
        let told = ask(args);
        assert!(told.contains(expected), "{args}: {told}");
        let answered = !expected.starts_with("alert");
        assert_eq!(told.contains("HTTP/1.1 200 OK"), answered, "{args}: {told}");
    }
}

/// Two thousand requests on ten connections, ten at a time on each: all must be answered with 200.
fn h2load(dir: &Path, url: &str) {
    let told = said(dir, "h2load", &["-n2000", "-c10", "-m10", url]);
    assert!(told.contains("Application protocol: h2\n"), "{told}");
    let all = "requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout\n\
               status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx\n";
    assert!(told.contains(all), "{told}");
}

#[test]
fn two_thousand_requests_of_h2load_are_all_answered() {
    let files = files();
    let (port, at) = (free_port(), files.path().display());
    let origin = Origin::saying("hello");
    let config = format!(
        "{DEFAULTS}listen l\n bind 127.0.0.1:{port} ssl crt {at}/a.pem alpn h2,http/1.1\n server s 127.0.0.1:{}\n",
        origin.port
    );
    let _program = Program::start(Who::Ours, &config, &[port]);
    h2load(files.path(), &format!("https://127.0.0.1:{port}/"));
    assert_eq!(origin.count(), 2000);
}

/// nginx says GOAWAY every 20 requests, while more are on their way: what it refused is asked again. (HAProxy 2.6 fails one in
/// twenty of these.)
#[test]
fn none_is_lost_when_nginx_retires_its_connections() {
    let files = files();
    let (dir, at) = (files.path(), files.path().display());
    let [secure, clear, ours, ours_clear] = std::array::from_fn(|_| free_port());
    let crt = format!("ssl_certificate {at}/a.pem; ssl_certificate_key {at}/a.pem");
    let few = "keepalive_requests 20; http2_max_concurrent_streams 4;";
    let nginx = Nginx::start(
        &format!(
            "server {{ listen 127.0.0.1:{secure} ssl http2; {crt}; {few} }}\n\
             server {{ listen 127.0.0.1:{clear} http2; {few} }}\n"
        ),
        &[secure, clear],
    );
    let config = format!(
        "{DEFAULTS} retries 10\n\
         listen a\n bind 127.0.0.1:{ours} ssl crt {at}/a.pem alpn h2\n server s 127.0.0.1:{secure} ssl verify none alpn h2\n\
         listen b\n bind 127.0.0.1:{ours_clear} ssl crt {at}/a.pem alpn h2\n server s 127.0.0.1:{clear} proto h2\n"
    );
    let _program = Program::start(Who::Ours, &config, &[ours, ours_clear]);
    for port in [ours, ours_clear] {
        h2load(dir, &format!("https://127.0.0.1:{port}/small"));
    }
    assert_eq!(nginx.errors(), "");
}
