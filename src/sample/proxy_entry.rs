//! The entries (TLVs) of PROXY headers by name and number (proxy-protocol.txt 2.2, without its prefixes).

/// The number that proxy-protocol.txt gives an entry of this name, in any case.
fn named(name: &str) -> Option<u8> {
    Some(match name.to_ascii_uppercase().as_str() {
        "ALPN" => 0x01,
        "AUTHORITY" => 0x02,
        "CRC32C" => 0x03,
        "NOOP" => 0x04,
        "UNIQUE_ID" => 0x05,
        "SSL" => 0x20,
        "SSL_VERSION" => 0x21,
        "SSL_CN" => 0x22,
        "SSL_CIPHER" => 0x23,
        "SSL_SIG_ALG" => 0x24,
        "SSL_KEY_ALG" => 0x25,
        "NETNS" => 0x30,
        _ => return None,
    })
}

/// The type of an entry, by its number: decimal, or hexadecimal behind `0x`.
pub fn entry_number(text: &str) -> Option<u8> {
    let hexadecimal = text
        .get(..2)
        .is_some_and(|start| start.eq_ignore_ascii_case("0x"));
    let (digits, radix) = match hexadecimal {
        true => (text.get(2..)?, 16),
        false => (text, 10),
    };
    // A sign is no digit, though Rust would read it.
    if digits.starts_with(['+', '-']) {
        return None;
    }
    u8::from_str_radix(digits, radix).ok()
}

/// The type of an entry, by its name or number.
pub fn entry_type(text: &str) -> Option<u8> {
    named(text).or_else(|| entry_number(text))
}

/// Refuses what is neither.
pub(super) fn check(text: &str) -> Result<(), String> {
    entry_type(text).map(drop).ok_or_else(|| {
        format!("no entry of PROXY headers is called '{text}': a name such as SSL_CN or a number up to 255 is expected")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_names_and_numbers() {
        for (text, number) in [
            ("ssl_cn", Some(0x22)),
            ("AUTHORITY", Some(2)),
            ("0xE0", Some(0xE0)),
            ("224", Some(0xE0)),
            ("256", None),
            ("0x", None),
            ("0x+1", None),
            ("+1", None),
            ("", None),
            ("name", None),
        ] {
            assert_eq!(entry_type(text), number, "{text}");
        }
        assert_eq!(entry_number("ALPN"), None);
    }
}
