//! Certificates of clients are believed where OpenSSL believes them: of X.509 version 1 and 3, from all sorts of authorities,
//! with and without revocation lists.

use std::process::Command;

use super::files;
use super::support::{Program, Who, both, free_port};

/// What listeners ask for, and the certificates that come.
const COURTS: &[(&str, &[&str])] = &[
    (
        "ca-file root.crt",
        &[
            "plain",
            "rsa",
            "v1",
            "authority",
            "forserver",
            "forclient",
            "under",
            "underchain",
            "v1underchain",
            "stranger",
            "v1stranger",
            "expired",
            "v1expired",
            "revoked",
            "v1revoked",
            "root",
            "bynobodychain",
        ],
    ),
    (
        "ca-file root.crt crl-file root.crl",
        &[
            "plain",
            "v1",
            "underchain",
            "v1underchain",
            "revoked",
            "v1revoked",
        ],
    ),
    (
        "ca-file root.crt crl-file both.crl",
        &["plain", "underchain", "v1underchain", "v1revoked"],
    ),
    ("ca-file vroot.crt", &["v1onv1", "v3onv1", "plain"]),
    ("ca-file old.crt", &["onold"]),
    (
        "ca-file other.crt ca-verify-file root.crt",
        &["plain", "stranger"],
    ),
    ("ca-file authorities", &["plain", "v1"]),
];

#[test]
fn clients_are_believed_as_by_openssl() {
    let [theirs, ours] = both().map(verdicts);
    assert_eq!(theirs, ours, "HAProxy's comes first");
    let good = ours.iter().filter(|line| line.ends_with("200")).count();
    assert!(good > 10 && good < ours.len(), "{ours:#?}");
}

fn verdicts(who: Who) -> Vec<String> {
    let dir = files().display();
    let mut config = String::from("defaults\n mode http\n timeout client 20s\n");
    let ports: Vec<u16> = COURTS.iter().map(|_| free_port()).collect();
    for (port, (court, _)) in ports.iter().zip(COURTS) {
        let court = court.replace("-file ", &format!("-file {dir}/"));
        config += &format!(
            "frontend f{port}\n bind 127.0.0.1:{port} ssl crt {dir}/plain.pem verify required {court}\n \
             http-request return status 200\n"
        );
    }
    let _program = Program::start(who, &config, &ports);
    let mut all = Vec::new();
    for (port, (court, certificates)) in ports.iter().zip(COURTS) {
        for certificate in *certificates {
            // Signatures of handshakes differ by version, chains do not.
            let versions = match court.contains("crl") {
                true => &["1.2"][..],
                false => &["1.2", "1.3"],
            };
            for version in versions {
                let done = Command::new("curl")
                    .current_dir(files())
                    .args(["-sk", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}"])
                    .args([
                        "--tls-max",
                        version,
                        "--cert",
                        &format!("{certificate}.pem"),
                    ])
                    .arg(format!("https://127.0.0.1:{port}/"))
                    .output()
                    .expect("curl is installed");
                let status = String::from_utf8_lossy(&done.stdout).into_owned();
                all.push(format!("{court}: {certificate} by TLS {version}: {status}"));
            }
        }
    }
    all
}
