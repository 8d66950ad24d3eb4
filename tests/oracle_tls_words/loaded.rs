//! Each word alone, and pairs about versions: both programs load the line, or both refuse it. Differences are listed with
//! their reasons.

use std::sync::Mutex;

use super::files;
use super::support::{Who, run_to_end};

/// Of `bind … ssl crt plain.pem`.
const BIND: &[&str] = &[
    "ca-sign-file root.pem",
    "ca-sign-pass x",
    "generate-certificates ca-sign-file root.pem",
    "alpn http/1.1",
    "npn http/1.1",
    "allow-0rtt",
    "prefer-client-ciphers",
    "strict-sni",
    "no-tls-tickets",
    "no-ca-names",
    "verify none",
    "verify bogus",
    "verify required",
    "verify",
    "ca-file root.crt verify required",
    "ca-file authorities verify optional",
    "ca-file @system-ca verify required",
    "ca-file none",
    "ca-file plain.key",
    "ca-verify-file root.crt",
    "ca-verify-file none",
    "ca-ignore-err all",
    "ca-ignore-err 10,20",
    "ca-ignore-err foo",
    "ca-ignore-err 500",
    "crt-ignore-err all",
    "crt-ignore-err",
    "crl-file root.crl ca-file root.crt verify required",
    "crl-file none",
    "crl-file plain.key",
    "crt none",
    "crt plain.crt",
    "crt-list list",
    "crt-list none",
    "ciphers HIGH",
    "ciphers DEFAULT@SECLEVEL=2",
    "ciphers !aNULL:HIGH",
    "ciphers kRSA",
    "ciphers AES128-SHA",
    "ciphers bogus",
    "ciphers HIGH:bogus",
    "ciphers",
    "ciphers ''",
    "ciphers eNULL",
    "ciphers TLS_AES_128_GCM_SHA256",
    "ciphers PROFILE=SYSTEM",
    "ciphersuites TLS_AES_128_GCM_SHA256",
    "ciphersuites TLS_AES_128_CCM_SHA256",
    "ciphersuites bogus",
    "ciphersuites bogus:TLS_AES_128_GCM_SHA256",
    "ciphersuites ECDHE-RSA-AES128-GCM-SHA256",
    "curves X25519:P-256",
    "curves secp384r1",
    "curves P-521",
    "curves bogus",
    "curves X25519:bogus",
    "curves X25519:X25519",
    "curves X25519MLKEM768",
    "ecdhe prime256v1",
    "ecdhe bogus",
    "force-sslv3",
    "force-tlsv10",
    "force-tlsv11",
    "force-tlsv12",
    "force-tlsv13",
    "no-sslv3",
    "no-tlsv10",
    "no-tlsv11",
    "no-tlsv12",
    "no-tlsv13",
    "no-tlsv12 no-tlsv13",
    "ssl-min-ver TLSv1.0",
    "ssl-min-ver TLSv1.3",
    "ssl-min-ver bogus",
    "ssl-max-ver SSLv3",
    "ssl-max-ver TLSv1.1",
    "ssl-max-ver TLSv1.2",
    "ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2",
    "ssl-min-ver TLSv1.2 no-tlsv12",
    "force-tlsv12 no-tlsv12",
    "force-tlsv12 force-tlsv13",
    "no-tlsv12 no-tlsv13 ssl-min-ver TLSv1.2",
    "sigalgs ECDSA+SHA256",
    "client-sigalgs RSA+SHA256",
    "ktls on",
    "ech keys",
    "renegotiate",
    "verifyhost x",
    "sni str(x)",
];

/// Of `global`.
const GLOBAL: &[&str] = &[
    "maxsslconn 100",
    "maxsslrate 100",
    "ssl-default-bind-ciphers HIGH",
    "ssl-default-bind-ciphers bogus",
    "ssl-default-bind-ciphersuites bogus",
    "ssl-default-bind-curves bogus",
    "ssl-default-bind-options no-sslv3 force-tlsv12",
    "ssl-default-bind-options ssl-min-ver TLSv1.2 prefer-client-ciphers no-tls-tickets",
    "ssl-default-bind-options bogus",
    "ssl-default-bind-options",
    "ssl-default-bind-options verify none",
    "ssl-default-server-ciphers HIGH",
    "ssl-default-server-options no-tls-tickets ssl-max-ver TLSv1.2",
    "ssl-default-server-options bogus",
    "ssl-mode-async",
    "ssl-provider default",
    "ssl-load-extra-files none",
    "ssl-load-extra-files bogus",
    "ssl-load-extra-files",
    "ssl-load-extra-del-ext",
    "ssl-server-verify none",
    "ssl-server-verify bogus",
    "ssl-skip-self-issued-ca",
    "tune.ssl.cachesize 1000",
    "tune.ssl.cachesize -1",
    "tune.ssl.capture-buffer-size 96",
    "tune.ssl.default-dh-param 2048",
    "tune.ssl.default-dh-param 512",
    "tune.ssl.hard-maxrecord 100",
    "tune.ssl.keylog on",
    "tune.ssl.keylog x",
    "tune.ssl.lifetime 300",
    "tune.ssl.lifetime 5m",
    "tune.ssl.maxrecord 1400",
    "tune.ssl.ssl-ctx-cache-size 100",
    "ssl-security-level 2",
    "ssl-default-bind-sigalgs ECDSA+SHA256",
];

/// Of `server … ssl verify none`.
const SERVER: &[&str] = &[
    "alpn http/1.1",
    "npn http/1.1",
    "allow-0rtt",
    "ca-file root.crt verify required",
    "ca-file none",
    "verify required",
    "verify bogus",
    "check check-ssl",
    "check check-alpn http/1.1",
    "check check-sni foo",
    "check-sni",
    "no-check-ssl",
    "no-ssl",
    "ciphers HIGH",
    "ciphers bogus",
    "ciphers AES128-SHA",
    "ciphersuites bogus",
    "crl-file root.crl verify required ca-file root.crt",
    "crl-file none",
    "crt plain.pem",
    "crt none",
    "crt plain.crt",
    "force-sslv3",
    "force-tlsv11",
    "force-tlsv12",
    "no-tlsv11",
    "no-tlsv12",
    "no-tlsv12 no-tlsv13",
    "no-tlsv10 no-tlsv11 no-tlsv12",
    "ssl-max-ver TLSv1.1",
    "ssl-min-ver TLSv1.0",
    "ssl-min-ver bogus",
    "no-ssl-reuse",
    "ssl-reuse",
    "no-tls-tickets",
    "verifyhost foo verify required ca-file root.crt",
    "sni req.hdr(host)",
    "sni bogus",
    "sni",
    "sni-auto",
    "curves X25519",
    "renegotiate",
    "strict-sni",
    "ca-ignore-err all",
];

/// Where we load what HAProxy refuses, or the other way, and why.
fn is_apart(word: &str) -> bool {
    const NEWER: [&str; 11] = [
        "sigalgs",
        "client-sigalgs",
        "ktls",
        "ech",
        "sni-auto",
        "curves X25519MLKEM768",
        "ssl-security-level",
        "ssl-default-bind-sigalgs",
        "server: curves",
        "server: renegotiate",
        "no-renegotiate",
    ];
    // TLS 1.0 and 1.1 are not spoken, and nothing else is left.
    const NOTHING_LEFT: [&str; 5] = [
        "force-tlsv10",
        "force-tlsv11",
        "bind: ssl-max-ver TLSv1.1",
        "server: ssl-max-ver TLSv1.1",
        "server: no-tlsv12 no-tlsv13",
    ];
    // Distributions teach it to their OpenSSL; Debian does not.
    let of_others = word.contains("PROFILE=");
    let bare = word.split_once(": ").map_or(word, |(_, bare)| bare);
    of_others
        || NOTHING_LEFT
            .iter()
            .any(|start| bare == *start || word == *start)
        || NEWER
            .iter()
            .any(|start| bare.starts_with(start) || word.starts_with(start))
}

#[test]
fn each_word_is_loaded_or_refused_as_by_haproxy() {
    let dir = files().display().to_string();
    let absolute = |word: &str| {
        let full = |part: &str| match files().join(part).exists() {
            true => format!("{dir}/{part}"),
            false => part.to_owned(),
        };
        word.split(' ').map(full).collect::<Vec<_>>().join(" ")
    };
    let front = |global: &str, words: &str| {
        format!(
            "global\n {global}\nfrontend f\n bind 127.0.0.1:1 ssl crt {dir}/plain.pem {words}\n mode http\n \
             timeout client 1s\n"
        )
    };
    let mut cases: Vec<(String, String)> = Vec::new();
    cases.extend(
        BIND.iter()
            .map(|word| (format!("bind: {word}"), front("", &absolute(word)))),
    );
    cases.extend(
        GLOBAL
            .iter()
            .map(|word| (format!("global: {word}"), front(word, ""))),
    );
    cases.extend(SERVER.iter().map(|word| {
        let text = format!(
            "listen b\n bind 127.0.0.1:1\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n \
             server s 127.0.0.1:2 ssl verify none {}\n",
            absolute(word)
        );
        (format!("server: {word}"), text)
    }));
    let (queue, apart) = (Mutex::new(cases.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((word, text)) = { queue.lock().unwrap().next() } {
                    let verdict = |who| run_to_end(who, &["-c"], Some(&text));
                    let (theirs, ours) = (verdict(Who::Haproxy), verdict(Who::Ours));
                    let same = theirs.status.code() == ours.status.code();
                    if same == is_apart(&word) {
                        apart
                            .lock()
                            .unwrap()
                            .push(format!("{word}\n{}{}", theirs.err, ours.err));
                    }
                }
            });
        }
    });
    let apart = apart.into_inner().unwrap();
    assert!(apart.is_empty(), "{}", apart.join("\n"));
}
