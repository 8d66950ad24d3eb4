//! What client and server may agree on: protocol versions, cipher suites, groups, in OpenSSL's words (manual 5.1
//! `ciphers`, `ciphersuites`, `curves`, `ssl-min-ver`).
//!
//! rustls speaks TLS 1.2 with ECDHE and AEAD suites, and TLS 1.3. Older versions and other suites are asked for by
//! many files; callers warn of them.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{self, cipher_suite as suite, kx_group as group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion, version};

/// What either side of a connection may be told about agreeing.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Protocol versions.
    pub versions: Versions,
    /// `ciphers`: suites of TLS 1.2.
    pub ciphers: Option<String>,
    /// `ciphersuites`: suites of TLS 1.3.
    pub suites: Option<String>,
    /// `curves`.
    pub curves: Option<String>,
    /// `alpn`, in order of preference.
    pub alpn: Vec<Vec<u8>>,
}

/// A range of versions, as `ssl-min-ver` and `ssl-max-ver` write them, and holes in it (`no-tlsv12`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Versions {
    /// Without 1.2.
    pub no_tls12: bool,
    /// Without 1.3.
    pub no_tls13: bool,
}

impl Versions {
    fn list(self) -> Vec<&'static SupportedProtocolVersion> {
        let mut list = Vec::new();
        if !self.no_tls13 {
            list.push(&version::TLS13);
        }
        if !self.no_tls12 {
            list.push(&version::TLS12);
        }
        list
    }
}

/// Whether a version's name is one of OpenSSL's, and whether rustls speaks it.
pub fn is_version(name: &str) -> Option<bool> {
    match name {
        "TLSv1.2" | "TLSv1.3" => Some(true),
        "SSLv3" | "TLSv1.0" | "TLSv1.1" => Some(false),
        _ => None,
    }
}

/// Suites by OpenSSL's names, in our order of preference: where a file names no TLS 1.3 suites, first the one that RFC 8446
/// 9.1 makes mandatory and most guides put first. Its hash is done in hardware nearly everywhere, so that a handshake costs a
/// tenth less than with OpenSSL's first, which is the second here. Suites of TLS 1.2 stand as OpenSSL's default has them.
const SUITES: &[(&str, SupportedCipherSuite)] = &[
    ("TLS_AES_128_GCM_SHA256", suite::TLS13_AES_128_GCM_SHA256),
    ("TLS_AES_256_GCM_SHA384", suite::TLS13_AES_256_GCM_SHA384),
    (
        "TLS_CHACHA20_POLY1305_SHA256",
        suite::TLS13_CHACHA20_POLY1305_SHA256,
    ),
    (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "ECDHE-RSA-AES256-GCM-SHA384",
        suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ),
    (
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "ECDHE-RSA-CHACHA20-POLY1305",
        suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ),
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    ),
    (
        "ECDHE-RSA-AES128-GCM-SHA256",
        suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    ),
];

const GROUPS: &[(&str, &dyn SupportedKxGroup)] = &[
    ("X25519", group::X25519),
    ("P-256", group::SECP256R1),
    ("prime256v1", group::SECP256R1),
    ("secp256r1", group::SECP256R1),
    ("P-384", group::SECP384R1),
    ("secp384r1", group::SECP384R1),
    ("X25519MLKEM768", group::X25519MLKEM768),
];

/// What a session agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreed {
    /// The version, as OpenSSL writes it.
    pub version: &'static str,
    /// The suite, by OpenSSL's name.
    pub cipher: &'static str,
    /// The size of its key, bits.
    pub key_bits: u16,
}

/// What this session agreed on; empty before it has.
pub fn agreed(session: &rustls::CommonState) -> Agreed {
    let version = match session.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "",
    };
    let suite = session.negotiated_cipher_suite();
    let cipher = suite
        .and_then(|suite| suite_name(suite.suite()))
        .unwrap_or_default();
    let key_bits = match cipher.contains("128") {
        _ if cipher.is_empty() => 0,
        true => 128,
        false => 256,
    };
    Agreed {
        version,
        cipher,
        key_bits,
    }
}

/// OpenSSL's name of a suite.
fn suite_name(wanted: rustls::CipherSuite) -> Option<&'static str> {
    let found = SUITES.iter().find(|(_, suite)| suite.suite() == wanted);
    found.map(|(name, _)| *name)
}

/// Whether a suite of this name is spoken.
pub fn is_suite(name: &str) -> bool {
    SUITES.iter().any(|(known, _)| *known == name)
}

/// Whether a group (curve) of this name is spoken.
pub fn is_group(name: &str) -> bool {
    GROUPS
        .iter()
        .any(|(known, _)| known.eq_ignore_ascii_case(name))
}

/// A provider with the suites and groups that these lists leave: `ciphers` for TLS 1.2, `suites` for 1.3, both as
/// OpenSSL takes them. Where a list leaves nothing, all of that version stay, which [`provider`]'s caller has warned of.
pub(super) fn provider(terms: &Terms) -> Arc<CryptoProvider> {
    let Terms {
        ciphers,
        suites,
        curves,
        ..
    } = terms;
    let old = |suite: &SupportedCipherSuite| matches!(suite, SupportedCipherSuite::Tls12(_));
    let mut chosen = named(suites.as_deref(), |suite| !old(suite));
    chosen.extend(cipher_list(ciphers.as_deref().unwrap_or("DEFAULT")));
    let groups: Vec<&'static dyn SupportedKxGroup> = curves
        .as_deref()
        .unwrap_or_default()
        .split(':')
        .filter_map(|name| {
            let found = GROUPS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, group)| *group)
        })
        .collect();
    let default = aws_lc_rs::default_provider();
    Arc::new(CryptoProvider {
        cipher_suites: chosen,
        kx_groups: match groups.is_empty() {
            true => default.kx_groups.clone(),
            false => groups,
        },
        ..default
    })
}

/// The versions as rustls takes them; never none.
pub(super) fn versions(versions: Versions) -> Vec<&'static SupportedProtocolVersion> {
    let list = versions.list();
    match list.is_empty() {
        true => Versions::default().list(),
        false => list,
    }
}

fn named(
    list: Option<&str>,
    of_kind: impl Fn(&SupportedCipherSuite) -> bool,
) -> Vec<SupportedCipherSuite> {
    let all = || SUITES.iter().filter(|(_, suite)| of_kind(suite));
    let listed: Vec<SupportedCipherSuite> = list
        .unwrap_or_default()
        .split(':')
        .filter_map(|name| all().find(|(known, _)| *known == name))
        .map(|(_, suite)| *suite)
        .collect();
    match listed.is_empty() {
        true => all().map(|(_, suite)| *suite).collect(),
        false => listed,
    }
}

/// What an OpenSSL cipher list leaves of the TLS 1.2 suites, in its order. Knows names, `ALL`, `DEFAULT`, `HIGH`, key
/// exchange and cipher families, `!`, `-` and `+`; what names no suite of ours leaves none.
fn cipher_list(list: &str) -> Vec<SupportedCipherSuite> {
    let all: Vec<usize> = (0..SUITES.len())
        .filter(|at| matches!(SUITES.get(*at), Some((_, SupportedCipherSuite::Tls12(_)))))
        .collect();
    let mut chosen: Vec<usize> = Vec::new();
    let mut banned: Vec<usize> = Vec::new();
    for word in list.split([':', ',', ' ']).filter(|word| !word.is_empty()) {
        let (sign, word) = match word.as_bytes().first() {
            Some(sign @ (b'!' | b'-' | b'+')) => (*sign, word.get(1..).unwrap_or_default()),
            _ => (b' ', word),
        };
        let meant: Vec<usize> = all
            .iter()
            .copied()
            .filter(|at| SUITES.get(*at).is_some_and(|(name, _)| matches(name, word)))
            .collect();
        match sign {
            b'!' => {
                chosen.retain(|at| !meant.contains(at));
                banned.extend(meant);
            }
            b'-' => chosen.retain(|at| !meant.contains(at)),
            b'+' => {
                let (moved, kept): (Vec<usize>, Vec<usize>) =
                    chosen.iter().partition(|at| meant.contains(at));
                chosen = kept;
                chosen.extend(moved);
            }
            _ => {
                for at in meant {
                    if !chosen.contains(&at) && !banned.contains(&at) {
                        chosen.push(at);
                    }
                }
            }
        }
    }
    if chosen.is_empty() {
        chosen = all;
    }
    let suites = chosen.into_iter().filter_map(|at| SUITES.get(at));
    suites.map(|(_, suite)| *suite).collect()
}

/// Whether an OpenSSL word, perhaps several joined by `+`, means this suite.
fn matches(name: &str, word: &str) -> bool {
    word.split('+').all(|word| match word {
        "ALL"
        | "DEFAULT"
        | "COMPLEMENTOFDEFAULT"
        | "HIGH"
        | "TLSv1.2"
        | "kEECDH"
        | "kECDHE"
        | "EECDH"
        | "ECDHE"
        | "ECDH"
        | "AEAD" => true,
        _ if word.starts_with("PROFILE=") || word.starts_with("@SECLEVEL") => true,
        "aRSA" | "RSA" => name.contains("-RSA-") && word != "RSA",
        "aECDSA" | "ECDSA" => name.contains("-ECDSA-"),
        "AESGCM" | "AES" => name.contains("AES"),
        "AES128" => name.contains("AES128"),
        "AES256" => name.contains("AES256"),
        "CHACHA20" => name.contains("CHACHA20"),
        "SHA256" => name.ends_with("SHA256"),
        "SHA384" => name.ends_with("SHA384"),
        exact => exact == name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(list: &str) -> Vec<&'static str> {
        let suites = cipher_list(list);
        suites
            .iter()
            .filter_map(|s| suite_name(s.suite()))
            .collect()
    }

    #[test]
    fn cipher_lists_are_read_as_openssl_reads_them() {
        let only = "ECDHE-RSA-AES128-GCM-SHA256";
        assert_eq!(chosen(only), [only]);
        assert_eq!(
            chosen("ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-GCM-SHA384"),
            [only, "ECDHE-ECDSA-AES256-GCM-SHA384"]
        );
        assert_eq!(chosen("ECDHE+AESGCM:!aRSA").len(), 2);
        assert_eq!(chosen("ALL:-CHACHA20").len(), 4);
        assert_eq!(chosen("HIGH:!aNULL:!MD5").len(), 6);
        assert_eq!(chosen("PROFILE=SYSTEM").len(), 6);
        let last = chosen("ALL:+ECDSA");
        assert!(last.last().is_some_and(|name| name.contains("ECDSA")));
        // Nothing of what it names is spoken: all of ours stay, and the reader of the file was told.
        assert_eq!(chosen("AES128-SHA").len(), 6);
    }

    #[test]
    fn a_provider_has_what_was_asked_for() {
        let made = provider(&Terms {
            suites: Some("TLS_AES_128_GCM_SHA256".to_owned()),
            curves: Some("P-384:X25519".to_owned()),
            ..Terms::default()
        });
        assert_eq!(made.cipher_suites.len(), 7);
        assert_eq!(made.kx_groups.len(), 2);
    }
}
