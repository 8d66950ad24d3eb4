//! Versions of TLS as `ssl-min-ver`, `ssl-max-ver`, `force-tlsv1x` and `no-tlsv1x` choose them (manual 5.1, 5.2).
//!
//! rustls speaks 1.2 and 1.3. The older ones take part all the same: what a file says about them decides whether
//! anything is left.

use rustls::{SupportedProtocolVersion, version};

/// A version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// SSL 3.0.
    Ssl3,
    /// TLS 1.0.
    Tls10,
    /// TLS 1.1.
    Tls11,
    /// TLS 1.2.
    Tls12,
    /// TLS 1.3.
    Tls13,
}

impl Version {
    /// All, with the names that `ssl-min-ver` takes and those behind `no-` and `force-`.
    pub const ALL: [(Self, &'static str, &'static str); 5] = [
        (Self::Ssl3, "SSLv3", "sslv3"),
        (Self::Tls10, "TLSv1.0", "tlsv10"),
        (Self::Tls11, "TLSv1.1", "tlsv11"),
        (Self::Tls12, "TLSv1.2", "tlsv12"),
        (Self::Tls13, "TLSv1.3", "tlsv13"),
    ];

    /// By `ssl-min-ver`'s name, or the one behind `no-`.
    pub fn named(name: &str) -> Option<Self> {
        let found = Self::ALL
            .iter()
            .find(|(_, long, short)| name == *long || name == *short);
        found.map(|(version, ..)| *version)
    }

    /// The name that `ssl-min-ver` takes.
    pub fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(version, ..)| *version == self);
        found.map_or("", |(_, name, _)| name)
    }
}

/// What lines say about versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Versions {
    /// `ssl-min-ver`, `force-`.
    pub min: Option<Version>,
    /// `ssl-max-ver`, `force-`.
    pub max: Option<Version>,
    /// `no-`: one bit for each.
    pub without: u8,
}

/// What lines about versions come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The oldest one.
    pub min: Version,
    /// The newest one.
    pub max: Version,
    /// `no-` words that mean nothing beside `ssl-min-ver` and `ssl-max-ver`.
    pub ignored: bool,
    /// Only `ssl-max-ver` is said, and it is older than what is the oldest otherwise.
    pub ambiguous: bool,
    /// A version that is left out between others; it is in all the same.
    pub hole: Option<Version>,
}

impl Versions {
    /// Without this one.
    pub fn exclude(&mut self, version: Version) {
        self.without |= 1 << version as u8;
    }

    /// This one only.
    pub fn force(&mut self, version: Version) {
        (self.min, self.max) = (Some(version), Some(version));
    }

    /// The range; `floor` is the oldest version where nothing is said. `None`: nothing is in it.
    pub fn range(self, floor: Version) -> Option<Range> {
        let excluded = |version: Version| self.without & (1 << version as u8) != 0;
        if self.min.is_some() || self.max.is_some() {
            let max = self.max.unwrap_or(Version::Tls13);
            let ambiguous = self.min.is_none() && max < floor;
            let min = self.min.unwrap_or(floor.min(max));
            // OpenSSL is built without SSL 3.0 wherever HAProxy is in use.
            return (min <= max && max > Version::Ssl3).then_some(Range {
                min,
                max,
                ignored: self.without != 0,
                ambiguous,
                hole: None,
            });
        }
        let left = || {
            Version::ALL
                .iter()
                .map(|(v, ..)| *v)
                .filter(|v| *v >= floor && !excluded(*v))
        };
        let (min, max) = (left().min()?, left().max()?);
        let between = Version::ALL
            .iter()
            .map(|(v, ..)| *v)
            .filter(|v| min < *v && *v < max);
        Some(Range {
            min,
            max,
            ignored: false,
            ambiguous: false,
            hole: between.filter(|v| excluded(*v)).max(),
        })
    }
}

impl Range {
    /// Whether any of it is spoken.
    pub fn is_spoken(self) -> bool {
        self.max >= Version::Tls12
    }

    /// What of it rustls speaks.
    pub(super) fn spoken(self) -> Vec<&'static SupportedProtocolVersion> {
        [
            (Version::Tls13, &version::TLS13),
            (Version::Tls12, &version::TLS12),
        ]
        .into_iter()
        .filter(|(version, _)| self.min <= *version && *version <= self.max)
        .map(|(_, spoken)| spoken)
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a line, as `config` reads them.
    fn said(words: &str) -> Versions {
        let mut versions = Versions::default();
        let mut words = words.split_ascii_whitespace();
        while let Some(word) = words.next() {
            let named = |name: Option<&str>| Version::named(name.unwrap_or_default());
            match word {
                "ssl-min-ver" => versions.min = named(words.next()),
                "ssl-max-ver" => versions.max = named(words.next()),
                word => match word.split_once('-') {
                    Some(("no", name)) => versions.exclude(named(Some(name)).unwrap()),
                    Some((_, name)) => versions.force(named(Some(name)).unwrap()),
                    None => unreachable!("{word}"),
                },
            }
        }
        versions
    }

    #[test]
    fn ranges_are_haproxys() {
        // Seen with its version 2.6 and openssl as client: of bind lines, of server lines.
        for (words, front, back) in [
            ("", "23", "0123"),
            ("no-tlsv12", "3", "0123"),
            ("no-tlsv13", "2", "012"),
            ("no-tlsv11 no-tlsv12", "3", "0123"),
            ("no-tlsv12 no-tlsv13", "", "01"),
            ("no-tlsv10 no-tlsv11 no-tlsv12", "3", "3"),
            ("force-sslv3", "", ""),
            ("force-tlsv11", "1", "1"),
            ("force-tlsv12 no-tlsv12", "2", "2"),
            ("force-tlsv12 ssl-max-ver TLSv1.3", "23", "23"),
            ("ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2", "", ""),
            ("ssl-min-ver TLSv1.1 no-tlsv12", "123", "123"),
            ("ssl-max-ver TLSv1.1", "1", "01"),
            ("ssl-max-ver TLSv1.2", "2", "012"),
        ] {
            for (floor, expected) in [(Version::Tls12, front), (Version::Tls10, back)] {
                let range = said(words).range(floor);
                let list: String = Version::ALL[1..]
                    .iter()
                    .zip("0123".chars())
                    .filter(|((v, ..), _)| range.is_some_and(|r| r.min <= *v && *v <= r.max))
                    .map(|(_, digit)| digit)
                    .collect();
                assert_eq!(list, expected, "{words} {floor:?}");
            }
        }
        assert!(
            said("ssl-max-ver TLSv1.1")
                .range(Version::Tls12)
                .unwrap()
                .ambiguous
        );
        assert!(
            said("ssl-min-ver TLSv1.2 no-tlsv11")
                .range(Version::Tls12)
                .unwrap()
                .ignored
        );
        let hole = said("no-tlsv11").range(Version::Tls10).unwrap().hole;
        assert_eq!(hole, Some(Version::Tls11));
    }
}
