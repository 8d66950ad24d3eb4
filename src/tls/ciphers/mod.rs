//! Cipher lists as OpenSSL reads them (ciphers(1ssl)): names, words for families of suites, `+` between words, `!`, `-`
//! and `+` before them, `@STRENGTH` and `@SECLEVEL`.
//!
//! All suites that OpenSSL knows take part, whether they are spoken here or not, so that a list that OpenSSL refuses is
//! refused, and those left stand in OpenSSL's order. Knows nothing of rustls.

mod table;

use table::{NAMES, Suite, read};

/// What a list comes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chosen {
    /// The suites, first choice first.
    pub suites: Vec<&'static str>,
    /// Those of them that the list calls by their whole names.
    pub named: Vec<&'static str>,
}

/// Reads a list. `None` where OpenSSL refuses it: nothing is left of it, or it is not written as one.
pub fn choose(list: &str) -> Option<Chosen> {
    // Distributions that have a policy for the whole system say this; it stands for what they think is good.
    let list = match list.strip_prefix("PROFILE=") {
        Some(_) => "DEFAULT",
        None => list,
    };
    let mut shelf = Shelf::new();
    let mut rest = list;
    if let Some(level) = SUITE_B.iter().find(|(name, _)| list == *name) {
        rest = level.1;
    } else if let Some(after) = list.strip_prefix("DEFAULT") {
        shelf.apply(b' ', "ALL");
        shelf.apply(b'!', "COMPLEMENTOFDEFAULT");
        shelf.apply(b'!', "eNULL");
        rest = after;
    }
    while let Some(first) = rest.bytes().next() {
        if matches!(first, b':' | b',' | b' ' | b';') {
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        let sign = match first {
            b'!' | b'-' | b'+' | b'@' => first,
            _ => b' ',
        };
        let after = rest.get(usize::from(sign != b' ')..).unwrap_or_default();
        let (words, after) = words(after);
        if words.is_empty() {
            return None;
        }
        rest = after;
        match sign {
            b'@' => shelf.command(words)?,
            sign => shelf.apply(sign, words),
        }
    }
    let suites: Vec<&'static str> = shelf.active().collect();
    let named = |suite: &&'static str| shelf.named.contains(suite);
    let named = suites.iter().copied().filter(named).collect();
    (!suites.is_empty()).then_some(Chosen { suites, named })
}

/// Words that stand for a whole list.
const SUITE_B: [(&str, &str); 3] = [
    (
        "SUITEB128",
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384",
    ),
    ("SUITEB128ONLY", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("SUITEB192", "ECDHE-ECDSA-AES256-GCM-SHA384"),
];

/// Words joined by `+` at the beginning, and what follows them.
fn words(text: &str) -> (&str, &str) {
    let of_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '=' | '+');
    let end = text.find(|c| !of_word(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// All suites in order, and which of them are chosen.
#[derive(Debug)]
struct Shelf {
    all: Vec<(&'static str, Suite, bool)>,
    named: Vec<&'static str>,
}

impl Shelf {
    fn new() -> Self {
        Self {
            all: NAMES
                .iter()
                .map(|name| (*name, read(name), false))
                .collect(),
            named: Vec::new(),
        }
    }

    fn active(&self) -> impl Iterator<Item = &'static str> {
        self.all
            .iter()
            .filter(|(_, _, active)| *active)
            .map(|(name, ..)| *name)
    }

    fn apply(&mut self, sign: u8, words: &str) {
        let meant = |name: &str, suite: &Suite| {
            let mut each = words.split('+');
            each.all(|word| word == name || means(word, suite))
        };
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for (name, suite, active) in std::mem::take(&mut self.all) {
            let moves = match sign {
                b' ' => !active,
                b'+' | b'-' => active,
                _ => true,
            };
            match moves && meant(name, &suite) {
                true => taken.push((name, suite, active)),
                false => left.push((name, suite, active)),
            }
        }
        let set = |suites: Vec<(&'static str, Suite, bool)>, active| {
            suites
                .into_iter()
                .map(move |(name, suite, _)| (name, suite, active))
        };
        match sign {
            b' ' => {
                let named = taken.iter().map(|(name, ..)| *name);
                self.named
                    .extend(named.filter(|name| words.split('+').any(|word| word == *name)));
                left.extend(set(taken, true));
            }
            b'+' => left.extend(taken),
            // What was taken out last comes back first.
            b'-' => {
                let mut back: Vec<_> = set(taken, false).collect();
                back.append(&mut left);
                left = back;
            }
            _ => {}
        }
        self.all = left;
    }

    /// `@STRENGTH`, `@SECLEVEL=<n>`. `None`: there is no such command.
    fn command(&mut self, word: &str) -> Option<()> {
        match word.strip_prefix("SECLEVEL=") {
            // What is spoken is as safe as the levels that are in use ask for.
            Some(level) => matches!(level, "0" | "1" | "2" | "3" | "4" | "5").then_some(()),
            None if word == "STRENGTH" => {
                // Those that are not chosen keep their order, too: they may be yet.
                self.all.sort_by_key(|(_, suite, active)| match active {
                    true => (true, u16::MAX - suite.bits),
                    false => (false, 0),
                });
                Some(())
            }
            None => None,
        }
    }
}

/// Whether a word for a family means this suite.
fn means(word: &str, suite: &Suite) -> bool {
    let Suite {
        exchange,
        by,
        cipher,
        mac,
        since,
        bits,
    } = *suite;
    let (secret, null) = (exchange.ends_with("PSK"), cipher == "NULL");
    let aes = cipher.starts_with("AES");
    match word {
        "ALL" | "HIGH" => !null,
        "COMPLEMENTOFALL" | "eNULL" | "NULL" => null,
        "COMPLEMENTOFDEFAULT" => {
            let rare = cipher.starts_with("AESCCM") || matches!(cipher, "ARIA" | "CAMELLIA");
            !null && (rare || matches!(by, "DSS" | "NULL"))
        }
        "FIPS" => matches!(cipher, "AES" | "AESGCM") && exchange != "SRP",
        "aNULL" => by == "NULL",
        "kRSA" => exchange == "RSA",
        "RSA" => exchange == "RSA" && by == "RSA",
        "aRSA" => by == "RSA",
        "aECDSA" | "ECDSA" => by == "ECDSA",
        "aDSS" | "DSS" => by == "DSS",
        "aPSK" => by == "PSK",
        "aSRP" => by == "SRP",
        "kEDH" | "kDHE" | "DH" => exchange == "DH",
        "EDH" | "DHE" => exchange == "DH" && by != "NULL",
        "ADH" => exchange == "DH" && by == "NULL",
        "kEECDH" | "kECDHE" | "ECDH" => exchange == "ECDH",
        "EECDH" | "ECDHE" => exchange == "ECDH" && by != "NULL",
        "AECDH" => exchange == "ECDH" && by == "NULL",
        "PSK" => secret,
        "kPSK" => exchange == "PSK",
        "kECDHEPSK" | "kDHEPSK" | "kRSAPSK" => word.strip_prefix('k') == Some(exchange),
        "SRP" | "kSRP" => exchange == "SRP",
        "AES" => aes,
        "AES128" => aes && bits == 128,
        "AES256" => aes && bits == 256,
        "AESGCM" | "AESCCM8" | "CHACHA20" | "ARIA" | "CAMELLIA" => cipher == word,
        "AESCCM" => cipher.starts_with("AESCCM"),
        "ARIAGCM" => cipher == "ARIA",
        "ARIA128" => cipher == "ARIA" && bits == 128,
        "ARIA256" => cipher == "ARIA" && bits == 256,
        "CAMELLIA128" => cipher == "CAMELLIA" && bits == 128,
        "CAMELLIA256" => cipher == "CAMELLIA" && bits == 256,
        "CBC" => mac != "AEAD" && !null,
        "SHA" | "SHA1" => mac == "SHA1",
        "SHA256" | "SHA384" | "MD5" => mac == word,
        "TLSv1.2" | "SSLv3" => since == word,
        "TLSv1" | "TLSv1.0" => since == "TLSv1",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(list: &str) -> &'static str {
        choose(list)
            .and_then(|c| c.suites.first().copied())
            .unwrap_or_default()
    }

    #[test]
    fn families_signs_and_order() {
        let only = "ECDHE-RSA-AES128-GCM-SHA256";
        assert_eq!(choose(only).unwrap().suites, [only]);
        assert_eq!(choose("ECDHE+AESGCM:!aRSA").unwrap().suites.len(), 2);
        assert_eq!(
            first("ALL:-CHACHA20:AES256:CHACHA20"),
            "ECDHE-ECDSA-AES256-GCM-SHA384"
        );
        assert_eq!(
            first("AES128:AES256:@STRENGTH"),
            "ECDHE-ECDSA-AES256-GCM-SHA384"
        );
        assert_eq!(first("AES128:AES256"), "ECDHE-ECDSA-AES128-GCM-SHA256");
        assert_eq!(choose("PROFILE=SYSTEM"), choose("DEFAULT"));
        assert_eq!(choose("@SECLEVEL=2:HIGH"), choose("HIGH"));
        assert_eq!(
            choose("HIGH:AES128-SHA:!kRSA").unwrap().named,
            [] as [&str; 0]
        );
        assert_eq!(choose("HIGH:bogus"), choose("HIGH"));
        for refused in [
            "",
            "bogus",
            "@FOO",
            "@SECLEVEL=9:ALL",
            "!ALL:HIGH",
            "ALL:/x",
            "RC4:3DES",
        ] {
            assert_eq!(choose(refused), None, "{refused}");
        }
    }
}
