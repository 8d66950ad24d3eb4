//! What `openssl s_client` and a listener agree on: versions, suites, groups, kinds of keys.

use super::support::{Program, Who, both, free_port};
use super::{files, openssl};

const LISTENERS: &[&str] = &[
    "",
    "ciphers ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256 ssl-max-ver TLSv1.2",
    "ciphers ECDHE+CHACHA20:ECDHE+AESGCM",
    "ciphersuites TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256",
    "curves P-384",
    "curves P-256:P-384",
    "ecdhe X25519",
    "no-tlsv13",
    "no-tlsv12",
];

const CLIENTS: &[&str] = &[
    "-tls1_2",
    "-tls1_3",
    "-tls1_2 -cipher ECDHE-RSA-CHACHA20-POLY1305",
    "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
    "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256",
    "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256",
    "-groups P-256",
    "-groups X25519:P-256",
    "-sigalgs RSA-PSS+SHA256:RSA+SHA256",
];

#[test]
fn the_same_is_agreed_on_with_the_same_clients() {
    let [theirs, ours] = both().map(agreed);
    let apart: Vec<_> = theirs
        .iter()
        .zip(&ours)
        .filter(|(one, other)| one != other)
        .collect();
    assert!(apart.is_empty(), "HAProxy's comes first: {apart:#?}");
    assert!(
        ours.iter().any(|line| line.contains("CHACHA20")),
        "{ours:#?}"
    );
}

fn agreed(who: Who) -> Vec<String> {
    let dir = files().display();
    // Where nothing is said, the first suite of TLS 1.3 is another one than OpenSSL's.
    let mut config = String::from(
        "global\n ssl-default-bind-ciphersuites \
         TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256\n\
         frontend f\n mode http\n timeout client 20s\n",
    );
    let ports: Vec<u16> = LISTENERS.iter().map(|_| free_port()).collect();
    for (port, words) in ports.iter().zip(LISTENERS) {
        config += &format!(" bind 127.0.0.1:{port} ssl crt {dir}/pair.pem {words}\n");
    }
    let _program = Program::start(who, &config, &ports);
    let mut all = Vec::new();
    for (port, words) in ports.iter().zip(LISTENERS) {
        for client in CLIENTS {
            let to = format!("127.0.0.1:{port}");
            let mut args = vec!["s_client", "-connect", &to, "-servername", "plain.test"];
            args.extend(client.split(' '));
            let (_, said) = openssl(&args);
            let told = |start: &str| {
                let line = said
                    .lines()
                    .find(|line| line.trim_start().starts_with(start));
                line.unwrap_or("-").trim().to_owned()
            };
            // HAProxy gives ECDSA certificates only to who offers suites with ECDSA, which those of TLS 1.3 do not tell.
            let kind = match client.starts_with("-tls1_3") {
                true => "nothing",
                false => "Peer signature type",
            };
            let facts = ["New, ", "Server Temp Key", kind].map(told).join(" | ");
            all.push(format!("[{words}] {client}: {facts}"));
        }
    }
    all
}
