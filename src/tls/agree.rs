//! What client and server may agree on: protocol versions, cipher suites, groups, in OpenSSL's words (manual 5.1
//! `ciphers`, `ciphersuites`, `curves`, `ssl-min-ver`).
//!
//! rustls speaks TLS 1.2 with ECDHE and AEAD suites, and TLS 1.3. Older versions and other suites are asked for by
//! many files; callers warn of them.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{self, cipher_suite as suite, kx_group as group};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use super::ciphers;
use super::versions::{Version, Versions};

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
    /// `ecdhe`: the groups where `curves` says nothing.
    pub ecdhe: Option<String>,
    /// `sigalgs`.
    pub signatures: Option<String>,
    /// `client-sigalgs`.
    pub client_signatures: Option<String>,
    /// `alpn`, in order of preference.
    pub alpn: Vec<Vec<u8>>,
}

impl Terms {
    /// What clients' certificates may be signed with on a `bind` line, servers' on a `server` line.
    pub(super) fn accepted(&self, of_clients: bool) -> Option<Arc<[rustls::SignatureScheme]>> {
        let own = self.client_signatures.as_deref().filter(|_| of_clients);
        super::schemes::chosen(own.or(self.signatures.as_deref()))
    }
}

/// What a list of names leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Names that OpenSSL knows and that are not spoken here.
    pub unspoken: Vec<String>,
    /// Whether anything that is spoken is left.
    pub left: bool,
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

/// Suites of TLS 1.3 that OpenSSL knows and that are not spoken.
const OTHER_SUITES: [&str; 2] = ["TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"];

/// Groups by their names; all names of one stand together.
const GROUPS: &[(&[&str], &dyn SupportedKxGroup)] = &[
    (&["X25519", "x25519"], group::X25519),
    (&["P-256", "prime256v1", "secp256r1"], group::SECP256R1),
    (&["P-384", "secp384r1"], group::SECP384R1),
    (&["X25519MLKEM768"], group::X25519MLKEM768),
    (&["SecP256r1MLKEM768"], group::SECP256R1MLKEM768),
    (&["MLKEM768"], group::MLKEM768),
    (&["MLKEM1024"], group::MLKEM1024),
];

/// Groups that OpenSSL knows and that are not spoken.
const OTHER_GROUPS: &[&str] = &[
    "P-521",
    "secp521r1",
    "X448",
    "x448",
    "P-192",
    "prime192v1",
    "secp192r1",
    "P-224",
    "secp224r1",
    "secp224k1",
    "secp192k1",
    "secp256k1",
    "secp160k1",
    "secp160r1",
    "secp160r2",
    "B-163",
    "B-233",
    "B-283",
    "B-409",
    "B-571",
    "K-163",
    "K-233",
    "K-283",
    "K-409",
    "K-571",
    "sect163k1",
    "sect163r1",
    "sect163r2",
    "sect193r1",
    "sect193r2",
    "sect233k1",
    "sect233r1",
    "sect239k1",
    "sect283k1",
    "sect283r1",
    "sect409k1",
    "sect409r1",
    "sect571k1",
    "sect571r1",
    "brainpoolP256r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
    "brainpoolP256r1tls13",
    "brainpoolP384r1tls13",
    "brainpoolP512r1tls13",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
    "SecP384r1MLKEM1024",
    "MLKEM512",
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
fn is_suite(name: &str) -> bool {
    SUITES.iter().any(|(known, _)| *known == name)
}

fn group(name: &str) -> Option<usize> {
    GROUPS.iter().position(|(names, _)| names.contains(&name))
}

/// Names of groups, without the marks that OpenSSL 3.5 knows (`?` for what may be unknown, `*` for a key share), and
/// whether a name may be unknown.
fn groups(list: &str) -> impl Iterator<Item = (&str, bool)> {
    list.split([':', '/']).map(|name| {
        let bare = name.trim_start_matches(['?', '*']);
        (bare, bare.len() < name.len() && name.contains('?'))
    })
}

/// Reads `ciphers`. `None` where OpenSSL refuses it.
pub fn read_ciphers(list: &str) -> Option<Reading> {
    let chosen = ciphers::choose(list)?;
    let unspoken = chosen.named.iter().filter(|name| !is_suite(name));
    Some(Reading {
        unspoken: unspoken.map(|name| (*name).to_owned()).collect(),
        left: chosen.suites.iter().any(|name| is_suite(name)),
    })
}

/// Reads `ciphersuites`. `None` where OpenSSL refuses it.
pub fn read_suites(list: &str) -> Option<Reading> {
    // OpenSSL passes over names that it does not know.
    let spoken = |name: &str| is_suite(name) && name.starts_with("TLS_");
    let unspoken: Vec<String> = list
        .split(':')
        .filter(|name| OTHER_SUITES.contains(name))
        .map(str::to_owned)
        .collect();
    let left = list.split(':').any(spoken);
    (left || !unspoken.is_empty()).then_some(Reading { unspoken, left })
}

/// Reads `curves` and `ecdhe`. `None` where OpenSSL refuses it.
pub fn read_groups(list: &str) -> Option<Reading> {
    let (mut reading, mut seen) = (Reading::default(), Vec::new());
    for (name, optional) in groups(list) {
        match (group(name), OTHER_GROUPS.contains(&name)) {
            // None twice.
            (Some(at), _) if seen.contains(&at) => return None,
            (Some(at), _) => seen.push(at),
            (None, true) => reading.unspoken.push(name.to_owned()),
            (None, false) if optional => {}
            (None, false) => return None,
        }
    }
    reading.left = !seen.is_empty();
    Some(reading)
}

/// A provider with the suites and groups that these lists leave: `ciphers` for TLS 1.2, `suites` for 1.3, both as
/// OpenSSL takes them. Where a list leaves nothing, all of that version stay, which [`provider`]'s caller has warned of.
pub(super) fn provider(terms: &Terms) -> Arc<CryptoProvider> {
    let old = |suite: &SupportedCipherSuite| matches!(suite, SupportedCipherSuite::Tls12(_));
    let new: Vec<&str> = terms
        .suites
        .iter()
        .flat_map(|list| list.split(':'))
        .collect();
    let mut suites = in_order(&new, |suite| !old(suite));
    let list = terms
        .ciphers
        .as_deref()
        .and_then(ciphers::choose)
        .unwrap_or_default();
    suites.extend(in_order(&list.suites, old));
    let listed = terms.curves.as_deref().or(terms.ecdhe.as_deref());
    let groups: Vec<&'static dyn SupportedKxGroup> = groups(listed.unwrap_or_default())
        .filter_map(|(name, _)| GROUPS.get(group(name)?).map(|(_, group)| *group))
        .collect();
    let default = aws_lc_rs::default_provider();
    Arc::new(CryptoProvider {
        cipher_suites: suites,
        kx_groups: match groups.is_empty() {
            true => default.kx_groups.clone(),
            false => groups,
        },
        ..default
    })
}

/// The versions as rustls takes them, of a line that says this; `floor` is the oldest where nothing is said. Never none.
pub(super) fn versions(
    versions: Versions,
    floor: Version,
) -> Vec<&'static SupportedProtocolVersion> {
    let spoken = versions.range(floor).map(|range| range.spoken());
    match spoken {
        Some(list) if !list.is_empty() => list,
        _ => vec![&rustls::version::TLS13, &rustls::version::TLS12],
    }
}

/// The suites of these names; all of the kind if there are none.
fn in_order(
    names: &[&str],
    of_kind: impl Fn(&SupportedCipherSuite) -> bool,
) -> Vec<SupportedCipherSuite> {
    let all = || SUITES.iter().filter(|(_, suite)| of_kind(suite));
    let listed: Vec<SupportedCipherSuite> = names
        .iter()
        .filter_map(|name| all().find(|(known, _)| known == name))
        .map(|(_, suite)| *suite)
        .collect();
    match listed.is_empty() {
        true => all().map(|(_, suite)| *suite).collect(),
        false => listed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lists_leave_is_said() {
        let left = |reading: Option<Reading>| reading.map(|r| (r.unspoken.len(), r.left));
        let old = "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-GCM-SHA384";
        assert_eq!(left(read_ciphers(old)), Some((1, true)));
        assert_eq!(left(read_ciphers("AES128-SHA")), Some((1, false)));
        assert_eq!(left(read_ciphers("HIGH:!aNULL")), Some((0, true)));
        assert_eq!(left(read_ciphers("kRSA")), Some((0, false)));
        assert_eq!(
            left(read_suites("TLS_AES_128_CCM_SHA256:bogus")),
            Some((1, false))
        );
        assert_eq!(left(read_suites("ECDHE-RSA-AES128-GCM-SHA256")), None);
        assert_eq!(
            left(read_groups("X25519:P-521:prime256v1")),
            Some((1, true))
        );
        assert_eq!(
            left(read_groups("?X25519MLKEM768:?new/*X25519")),
            Some((0, true))
        );
        assert_eq!(left(read_groups("P-256:secp256r1")), None);
        assert_eq!(left(read_groups("bogus")), None);
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
        // Nothing of what is named is spoken: all of ours stay, and the reader of the file was told.
        let made = provider(&Terms {
            ciphers: Some("AES128-SHA".to_owned()),
            ..Terms::default()
        });
        assert_eq!(made.cipher_suites.len(), 9);
    }
}
