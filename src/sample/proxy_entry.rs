//! The entries of PROXY headers by name and number (proxy-protocol.txt 2.2; manual 7.3.3 `fc_pp_tlv`).

const NAMES: [(&str, u8); 12] = [
    ("ALPN", 0x01),
    ("AUTHORITY", 0x02),
    ("CRC32C", 0x03),
    ("NOOP", 0x04),
    ("UNIQUE_ID", 0x05),
    ("SSL", 0x20),
    ("SSL_VERSION", 0x21),
    ("SSL_CN", 0x22),
    ("SSL_CIPHER", 0x23),
    ("SSL_SIG_ALG", 0x24),
    ("SSL_KEY_ALG", 0x25),
    ("NETNS", 0x30),
];

/// The type of an entry, by its number: decimal, or hexadecimal behind `0x`.
pub fn entry_number(text: &str) -> Option<u8> {
    let (digits, radix) = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain
        .then(|| u8::from_str_radix(digits, radix).ok())
        .flatten()
}

/// The type of an entry, by its name or number.
pub fn entry_type(text: &str) -> Option<u8> {
    let named = NAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(text));
    named
        .map(|(_, number)| *number)
        .or_else(|| entry_number(text))
}

/// Refuses what is neither.
pub(super) fn check(text: &str) -> Result<(), String> {
    match entry_type(text) {
        Some(_) => Ok(()),
        None => Err(format!("Invalid TLV Type '{text}'")),
    }
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
            ("+1", None),
            ("", None),
            ("name", None),
        ] {
            assert_eq!(entry_type(text), number, "{text}");
        }
        assert_eq!(entry_number("ALPN"), None);
    }
}
