//! OCSP held against HAProxy's: files beside certificates, what is told of them, what is stapled.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may end so"
)]

mod support;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use support::{LogSink, Program, Who, both, free_port, run_to_end, wait_for};
use tempfile::TempDir;

/// An authority in a directory: it signs certificates and answers for them.
struct Authority(TempDir);

/// What it says of the certificates `a` and `b`.
const GOOD: &str = "V\t401231235959Z\t\t1001\tunknown\t/CN=a.test\nV\t401231235959Z\t\t1002\tunknown\t/CN=b.test\n";
const REVOKED: &str = "R\t401231235959Z\t250101000000Z,keyCompromise\t1001\tunknown\t/CN=a.test\n";

impl Authority {
    fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        for name in ["ca", "other"] {
            let (key, crt, cn) = (
                format!("{name}.key"),
                format!("{name}.crt"),
                format!("/C=FR/O=Test/CN={name}"),
            );
            let rest = ["-keyout", &key, "-out", &crt, "-subj", &cn];
            made.openssl(&[&["req", "-x509", "-nodes"][..], &ec, &rest].concat());
        }
        let signer = "extendedKeyUsage=OCSPSigning\nbasicConstraints=CA:FALSE";
        made.sign("signer", "5", signer);
        for (name, serial) in [("a", "0x1001"), ("b", "0x1002")] {
            made.sign(name, serial, &format!("subjectAltName=DNS:{name}.test"));
        }
        made
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.at(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.at(name), bytes).unwrap();
    }

    fn openssl(&self, args: &[&str]) {
        let mut command = Command::new("openssl");
        let done = command.current_dir(self.0.path()).args(args).output();
        let done = done.expect("openssl is installed");
        let error = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{args:?}: {error}");
    }

    fn sign(&self, name: &str, serial: &str, extensions: &str) {
        let (key, csr, crt) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.crt"),
        );
        self.write("ext", extensions);
        let curve = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let cn = format!("/CN={name}.test");
        let out = ["-keyout", &key, "-out", &csr, "-subj", &cn];
        self.openssl(&[&["req", "-nodes", "-newkey"][..], &curve, &out].concat());
        let by = ["-CA", "ca.crt", "-CAkey", "ca.key", "-set_serial", serial];
        let out = ["-extfile", "ext", "-days", "90", "-out", &crt];
        self.openssl(&[&["x509", "-req", "-in", &csr][..], &by, &out].concat());
    }

    /// What it says of these certificates, by this index.
    fn respond(&self, index: &str, certificates: &[&str], out: &str, more: &[&str]) {
        self.write("index", index);
        let by = [
            "-CA",
            "ca.crt",
            "-rsigner",
            "signer.crt",
            "-rkey",
            "signer.key",
        ];
        let asked: Vec<&str> = certificates.iter().flat_map(|one| ["-cert", one]).collect();
        let rest = ["-issuer", "ca.crt", "-respout", out];
        let all = [&["ocsp", "-index", "index"][..], &by, &rest, &asked, more].concat();
        self.openssl(&all);
    }

    /// `<name>.pem`: certificate, key, and what else is asked for.
    fn pem(&self, dir: &Path, name: &str, more: &[&str]) {
        let parts = [&format!("{name}.crt")[..], &format!("{name}.key")];
        let all: Vec<u8> = parts
            .iter()
            .chain(more)
            .flat_map(|part| self.read(part))
            .collect();
        std::fs::write(dir.join(format!("{name}.pem")), all).unwrap();
    }
}

/// `openssl ocsp` answering on a port; killed when dropped.
struct Responder(Child);

impl Responder {
    fn new(ca: &Authority, port: u16, index: &str, signer: &str) -> Self {
        ca.write("live-index", index);
        let mut command = Command::new("openssl");
        command
            .current_dir(ca.0.path())
            .args(["ocsp", "-index", "live-index"]);
        command.args(["-CA", "ca.crt", "-ndays", "30", "-ignore_err"]);
        let (crt, key) = (format!("{signer}.crt"), format!("{signer}.key"));
        command.args(["-rsigner", &crt, "-rkey", &key, "-port", &port.to_string()]);
        // A probe of the port would be taken for a client, so it has to say itself that it is there.
        let said = std::fs::File::create(ca.at("said")).unwrap();
        command
            .stdin(Stdio::null())
            .stdout(said.try_clone().unwrap())
            .stderr(said);
        let child = command.spawn().expect("openssl is installed");
        wait_for("the responder", || {
            let said = String::from_utf8_lossy(&ca.read("said")).into_owned();
            said.contains("waiting for").then_some(())
        });
        Self(child)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Made once, with a response of each kind.
fn authority() -> &'static Authority {
    static MADE: OnceLock<Authority> = OnceLock::new();
    MADE.get_or_init(|| {
        let made = Authority::new();
        let month = ["-ndays", "30"];
        made.respond(GOOD, &["a.crt"], "good", &month);
        made.respond(REVOKED, &["a.crt"], "revoked", &month);
        made.respond("", &["a.crt"], "unknown", &month);
        made.respond(GOOD, &["b.crt"], "other", &month);
        made.respond(GOOD, &["a.crt"], "endless", &[]);
        made.respond(GOOD, &["a.crt", "b.crt"], "several", &month);
        made.respond(GOOD, &["a.crt"], "brief", &["-nmin", "1"]);
        made.write("later", b"\x30\x03\x0a\x01\x03");
        made.write("garbage", b"garbage");
        made.write("empty", b"");
        made
    })
}

fn ask(program: &Program, command: &str) -> String {
    let mut stream = wait_for("the socket", || {
        UnixStream::connect(program.file("sock")).ok()
    });
    stream.write_all(format!("{command}\n").as_bytes()).unwrap();
    let mut out = String::new();
    stream.read_to_string(&mut out).unwrap();
    out
}

/// What is stapled for this name: the status of the certificate, or nothing.
fn stapled(port: u16, name: &str) -> Option<String> {
    let done = Command::new("openssl")
        .args(["s_client", "-status", "-servername", name, "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed");
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(out.contains("OCSP response:"), "no handshake: {out}");
    let status = out
        .lines()
        .find_map(|line| line.trim().strip_prefix("Cert Status: "));
    status.map(str::to_owned)
}

fn base64(bytes: &[u8]) -> String {
    let mut child = Command::new("base64")
        .arg("-w0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// What a program said of its configuration: alerts and warnings, without what differs between two runs of one.
fn said(who: Who, config: &str) -> Vec<String> {
    let done = run_to_end(who, &["-c"], Some(config));
    let told = done.err.lines().filter_map(|line| {
        let (level, rest) = line.split_once("] ")?;
        let (_, text) = rest.split_once("config : ")?;
        let own = text.starts_with("Error(s)") || text.starts_with("Fatal errors");
        (!own).then(|| format!("{level} {text}"))
    });
    told.collect()
}

#[test]
fn files_beside_certificates_are_judged_alike() {
    let ca = authority();
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    let chains = dir.path().join("chains");
    std::fs::create_dir(&chains).unwrap();
    std::fs::copy(ca.at("ca.crt"), chains.join("ca")).unwrap();
    let check = |what: &str, global: &str| {
        let at = dir.path().display();
        let config = format!(
            "global\n {global}\ndefaults\n mode http\n timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
             frontend f\n bind 127.0.0.1:1 ssl crt {at}/a.pem\n"
        );
        let [theirs, ours] = both().map(|who| said(who, &config));
        assert_eq!(ours, theirs, "{what}");
    };
    ca.pem(dir.path(), "a", &["ca.crt"]);
    for kind in [
        "good", "revoked", "unknown", "other", "endless", "several", "later", "garbage", "empty",
    ] {
        put("a.pem.ocsp", &ca.read(kind));
        check(kind, "");
        check(kind, "ssl-load-extra-files none");
    }
    ca.pem(dir.path(), "a", &[]);
    put("a.pem.ocsp", &ca.read("good"));
    check("no issuer", "");
    check(
        "chains",
        &format!("issuers-chain-path {}", chains.display()),
    );
    check(
        "no chains",
        &format!("issuers-chain-path {}/none", chains.display()),
    );
    std::fs::copy(ca.at("ca.crt"), chains.join("ca-again")).unwrap();
    check("twice", &format!("issuers-chain-path {}", chains.display()));
    put("a.pem.issuer", &ca.read("ca.crt"));
    check("issuer", "");
    check("issuer not read", "ssl-load-extra-files ocsp");
    put("a.pem.issuer", &ca.read("other.crt"));
    check("another issuer", "");
    put("a.pem.issuer", b"garbage");
    check("garbage for an issuer", "");
}

#[test]
fn responses_are_told_and_taken_alike() {
    let ca = authority();
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().display();
    for name in ["a", "b"] {
        ca.pem(dir.path(), name, &["ca.crt"]);
    }
    std::fs::copy(ca.at("good"), dir.path().join("a.pem.ocsp")).unwrap();
    std::fs::copy(ca.at("empty"), dir.path().join("b.pem.ocsp")).unwrap();
    let [theirs, ours] = both().map(|who| {
        let port = free_port();
        let config = format!(
            "global\n stats socket unix@./sock level admin\ndefaults\n mode http\n timeout client 5s\n timeout server 5s\n \
             timeout connect 5s\nfrontend f\n bind 127.0.0.1:{port} ssl crt {at}/a.pem crt {at}/b.pem\n"
        );
        let program = Program::start(who, &config, &[port]);
        let ids = ask(&program, "show ssl ocsp-response");
        let first = ids.lines().find_map(|line| line.split_once("ID key : "));
        let id = first.expect("an id").1.to_owned();
        let mut told = vec![ids];
        let mut staples = vec![stapled(port, "a.test"), stapled(port, "b.test")];
        for kind in [
            "revoked", "unknown", "endless", "several", "later", "brief", "good", "other", "garbage",
        ] {
            let response = base64(&ca.read(kind));
            told.push(ask(&program, &format!("set ssl ocsp-response {response}")));
            told.push(ask(&program, &format!("show ssl ocsp-response {id}")));
            staples.push(stapled(port, "a.test"));
        }
        let lines = base64(&ca.read("revoked"));
        let (one, two) = lines.split_at(64);
        told.push(ask(&program, &format!("set ssl ocsp-response <<\n{one}\n{two}\n")));
        for command in [
            "set ssl ocsp-response",
            "set ssl ocsp-response !",
            "show ssl ocsp-response 00",
            "show ssl ocsp-response",
        ] {
            told.push(ask(&program, command));
        }
        staples.push(stapled(port, "a.test"));
        staples.push(stapled(port, "b.test"));
        (told, staples)
    });
    assert_eq!(ours.1, theirs.1);
    for (ours, theirs) in ours.0.iter().zip(&theirs.0) {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn responses_are_kept_fresh() {
    let ca = Authority::new();
    let (port, responder, sink) = (free_port(), free_port(), LogSink::new());
    let uri = format!("authorityInfoAccess=OCSP;URI:http://127.0.0.1:{responder}/");
    ca.sign("a", "0x1001", &uri);
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path().display();
    ca.pem(dir.path(), "a", &["ca.crt"]);
    std::fs::write(
        dir.path().join("list"),
        format!("{at}/a.pem [ocsp-update on]\n"),
    )
    .unwrap();
    let config = format!(
        "global\n log 127.0.0.1:{} local0\n stats socket unix@./sock level admin\n httpclient.retries 0\ndefaults\n mode http\n \
         timeout client 5s\n timeout server 5s\n timeout connect 5s\n\
         frontend f\n bind 127.0.0.1:{port} ssl crt-list {at}/list\n",
        sink.port
    );
    let good = Responder::new(&ca, responder, GOOD, "signer");
    let program = Program::start(Who::Ours, &config, &[port]);
    let is = |status: &str| {
        wait_for(status, || {
            (stapled(port, "a.test")? == status).then_some(())
        });
    };
    is("good");
    let line = sink.line_with("<OCSP-UPDATE>");
    let tail = format!("] <OCSP-UPDATE> {at}/a.pem 1 \"Update successful\" 0 1");
    assert!(
        line.contains(" -:- [") && line.trim_end().ends_with(&tail),
        "{line}"
    );
    let rows = ask(&program, "show ssl ocsp-updates");
    assert!(rows.starts_with("OCSP Certid | Path | Next Update | Last Update |"));
    let row = format!("02021001 | {at}/a.pem | ");
    assert!(
        rows.contains(&row) && rows.contains(" | 1 | 0 | 1 | Update successful\n"),
        "{rows}"
    );
    drop(good);

    let order = format!("update ssl ocsp-response {at}/a.pem");
    let told = ask(&program, &order);
    assert_eq!(told.trim_end(), "Update failed: HTTP error");
    let revoked = Responder::new(&ca, responder, REVOKED, "signer");
    let told = ask(&program, &order);
    assert!(told.contains("Cert Status: revoked"), "{told}");
    is("revoked");
    drop(revoked);

    // Somebody else says that all is well.
    let impostor = Responder::new(&ca, responder, GOOD, "other");
    let told = ask(&program, &order);
    assert_eq!(
        told.trim_end(),
        "Update failed: OCSP response check failure"
    );
    is("revoked");
    drop(impostor);
    let rows = ask(&program, "show ssl ocsp-updates");
    assert!(
        rows.contains(" | 2 | 2 | 4 | OCSP response check failure\n"),
        "{rows}"
    );
    for (order, told) in [
        ("update ssl ocsp-response", "expects a filename"),
        ("update ssl ocsp-response nobody", "unknown certificate"),
    ] {
        assert!(ask(&program, order).contains(told));
    }
}
