//! What this build can do, as conditions ask for it (`feature(…)`, `version_atleast(…)`) and `-vv` shows it.

/// The HAProxy version whose configurations mean the same here. `version_atleast` and
/// `version_before` compare with it, because configurations ask which language they may use.
pub const COMPATIBLE_VERSION: &str = "2.6.12";

/// HAProxy's build features, by name, and whether this program has what they stand for.
pub const FEATURES: &[(&str, bool)] = &[
    ("51DEGREES", false),
    ("ACCEPT4", true),
    ("BACKTRACE", false),
    ("CLOSEFROM", false),
    ("CPU_AFFINITY", false),
    ("CRYPT_H", false),
    ("DEVICEATLAS", false),
    ("DL", false),
    ("ENGINE", false),
    ("EPOLL", true),
    ("EVPORTS", false),
    ("GETADDRINFO", true),
    ("KQUEUE", false),
    ("LIBCRYPT", false),
    ("LINUX_SPLICE", true),
    ("LINUX_TPROXY", false),
    ("LUA", false),
    ("MEMORY_PROFILING", false),
    ("NETFILTER", false),
    ("NS", false),
    ("OBSOLETE_LINKER", false),
    ("OPENSSL", false),
    ("OT", false),
    ("PCRE", false),
    ("PCRE2", false),
    ("PCRE2_JIT", false),
    ("PCRE_JIT", false),
    ("POLL", false),
    ("PRCTL", true),
    ("PROCCTL", false),
    ("PROMEX", false),
    ("QUIC", false),
    ("RT", true),
    ("SLZ", false),
    ("STATIC_PCRE", false),
    ("STATIC_PCRE2", false),
    ("SYSTEMD", true),
    ("TFO", true),
    ("THREAD", true),
    ("THREAD_DUMP", false),
    ("TPROXY", false),
    ("WURFL", false),
    ("ZLIB", false),
];

/// Whether a feature is there. HAProxy says yes to the empty name.
pub(super) fn has(name: &str) -> bool {
    name.is_empty() || FEATURES.iter().any(|(known, on)| *on && *known == name)
}

/// Whether [`COMPATIBLE_VERSION`] is at least as recent as the one named.
pub(super) fn version_atleast(wanted: &str) -> bool {
    parts(COMPATIBLE_VERSION) >= parts(wanted)
}

/// A version as numbers that compare: the three components, development or release, and its number.
/// Missing components are zero; a development version is older than the release it leads to.
fn parts(version: &str) -> [u64; 5] {
    let mut rest = version;
    let mut out = [0, 0, 0, 1, 0];
    for (place, slot) in out.iter_mut().take(3).enumerate() {
        if place > 0 {
            match rest.strip_prefix('.') {
                Some(after) => rest = after,
                None => break,
            }
        }
        (*slot, rest) = number(rest);
    }
    if let Some(dev) = rest.strip_prefix("-dev") {
        out[3] = 0;
        (out[4], _) = number(dev);
    }
    out
}

/// The number a text starts with (0 if none) and the rest of it.
fn number(text: &str) -> (u64, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    (
        digits
            .parse()
            .unwrap_or(if end == 0 { 0 } else { u64::MAX }),
        rest,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_haproxys_do() {
        for (wanted, is) in [
            ("2.4-dev19", true),
            ("2.6", true),
            ("2.6.12", true),
            ("2.6.13", false),
            ("2.6.13-dev1", false),
            ("2.6.12-dev1", true),
            ("2.7", false),
            ("3", false),
            ("abc", true),
            ("", true),
            ("99999999999999999999999", false),
        ] {
            assert_eq!(version_atleast(wanted), is, "{wanted}");
        }
    }

    #[test]
    fn features_are_sorted_and_unique() {
        assert!(FEATURES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(has("THREAD"));
        assert!(!has("KQUEUE"));
        assert!(!has("NOPE"));
    }
}
