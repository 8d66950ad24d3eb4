//! Cipher lists leave the suites that OpenSSL leaves, in its order.

use tidegate::tls::ciphers::choose;

use super::openssl;

const LISTS: &[&str] = &[
    "DEFAULT",
    "ALL",
    "HIGH",
    "COMPLEMENTOFDEFAULT",
    "COMPLEMENTOFALL",
    "ALL:COMPLEMENTOFALL",
    "FIPS",
    "CBC",
    "SUITEB128",
    "SUITEB192",
    "HIGH:!aNULL:!MD5",
    "!aNULL:HIGH",
    "HIGH;bogus",
    "HIGH bogus",
    "HIGH!aNULL",
    "HIGH@STRENGTH",
    "DEFAULT:+kRSA",
    "DEFAULT:!ECDHE",
    "DEFAULT@SECLEVEL=2",
    "@SECLEVEL=1:ECDHE+AESGCM",
    "ECDHE+AESGCM:ECDHE+CHACHA20",
    "EECDH+AESGCM:EDH+AESGCM:AES256+EECDH:AES256+EDH",
    "ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-GCM-SHA384",
    "kEECDH+aRSA+AES:kRSA+AES:+AES256:RC4-SHA:!kEDH:!LOW:!EXP:!MD5:!aNULL:!eNULL",
    "CHACHA20:ALL:-AES256:AES256",
    "ALL:-CHACHA20:AES128:CHACHA20",
    "AES128:AES256:@STRENGTH",
    "AES128:+AES256:AES256",
    "ALL:+SHA:+AES128",
    "TLSv1.2:!PSK",
    "TLSv1:SSLv3",
    "RSA:aECDSA",
    "AES128-SHA+kRSA",
    "ADH:AECDH",
    "aNULL",
    "eNULL",
    "kPSK:kDHEPSK",
    "SRP",
    "ARIA:CAMELLIA",
    "AESCCM:AESCCM8",
    "SHA384:SHA256",
    "bogus",
    "MEDIUM",
    "@FOO",
    "@SECLEVEL=9",
    "!ALL:HIGH",
    "ALL:_x",
    "3DES:RC4",
    "(HIGH)",
    "AEAD",
];

#[test]
fn cipher_lists_leave_what_openssl_leaves() {
    let mut apart = Vec::new();
    for list in LISTS {
        let (good, text) = openssl(&["ciphers", list]);
        let theirs: Vec<&str> = match good {
            true => text
                .trim()
                .split(':')
                .filter(|name| !name.starts_with("TLS_"))
                .collect(),
            false => Vec::new(),
        };
        let ours = choose(list).map(|chosen| chosen.suites).unwrap_or_default();
        // Where those that do not encrypt stand does not matter.
        let order = |names: &[&str]| {
            let coded = names.iter().filter(|name| !name.contains("NULL"));
            coded.map(|name| (*name).to_owned()).collect::<Vec<_>>()
        };
        if theirs.len() != ours.len() || order(&theirs) != order(&ours) {
            apart.push(format!("{list}\n  theirs {theirs:?}\n  ours   {ours:?}"));
        }
    }
    assert!(apart.is_empty(), "{}", apart.join("\n"));
}
