//! Hexadecimal and base64, for arguments and converters.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Base64 with padding (RFC 4648 4).
pub fn encode_base64(bytes: &[u8]) -> Vec<u8> {
    encode(bytes, STANDARD, true)
}

/// Base64url without padding (RFC 4648 5).
pub fn encode_base64url(bytes: &[u8]) -> Vec<u8> {
    encode(bytes, URL, false)
}

fn encode(bytes: &[u8], alphabet: &[u8; 64], pad: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = 0u32;
        for at in 0..3 {
            bits = bits << 8 | u32::from(group.get(at).copied().unwrap_or(0));
        }
        for at in 0..4 {
            if at <= group.len() {
                out.push(alphabet[(bits >> (18 - 6 * at) & 63) as usize]);
            } else if pad {
                out.push(b'=');
            }
        }
    }
    out
}

/// The bytes of padded base64; nothing if it is malformed. Every group of four may be padded.
pub fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let (groups, []) = text.as_chunks::<4>() else {
        return None;
    };
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for group in groups {
        let body = match group {
            [first @ .., b'=', b'='] => &first[..],
            [first @ .., b'='] => &first[..],
            all => &all[..],
        };
        decode(body, &STANDARD_VALUES, &mut out)?;
    }
    Some(out)
}

/// The bytes of base64url, padded or not; nothing if it is malformed.
pub fn decode_base64url(text: &[u8]) -> Option<Vec<u8>> {
    let body = text
        .strip_suffix(b"==")
        .or_else(|| text.strip_suffix(b"="))
        .unwrap_or(text);
    let mut out = Vec::with_capacity(body.len() * 3 / 4);
    decode(body, &URL_VALUES, &mut out)?;
    Some(out)
}

/// The value of each byte in an alphabet, 64 for those that are not in it.
const fn values(alphabet: &[u8; 64]) -> [u8; 256] {
    let mut out = [64; 256];
    let mut at = 0;
    while at < 64 {
        out[alphabet[at] as usize] = at as u8;
        at += 1;
    }
    out
}

static STANDARD_VALUES: [u8; 256] = values(STANDARD);
static URL_VALUES: [u8; 256] = values(URL);

fn decode(text: &[u8], values: &[u8; 256], out: &mut Vec<u8>) -> Option<()> {
    if text.len() % 4 == 1 {
        return None;
    }
    for group in text.chunks(4) {
        let mut bits = 0u32;
        for byte in group {
            let value = values[usize::from(*byte)];
            if value == 64 {
                return None;
            }
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - group.len());
        let bytes = bits.to_be_bytes();
        out.extend_from_slice(bytes.get(1..group.len()).unwrap_or_default());
    }
    Some(())
}

/// Two capital digits per byte.
pub fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        out.extend_from_slice(&hex_pair(*byte));
    }
    out
}

/// The two capital digits of a byte.
pub fn hex_pair(byte: u8) -> [u8; 2] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)])
}

/// The value of a hexadecimal digit.
pub fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// The bytes of hexadecimal text of even length.
pub fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(hex_digit(*high)? << 4 | hex_digit(*low)?))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_goes_both_ways() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode_base64(bytes.as_bytes()), text.as_bytes());
            assert_eq!(decode_base64(text.as_bytes()).unwrap(), bytes.as_bytes());
            let bare = text.trim_end_matches('=');
            assert_eq!(encode_base64url(bytes.as_bytes()), bare.as_bytes());
            assert_eq!(decode_base64url(bare.as_bytes()).unwrap(), bytes.as_bytes());
        }
        assert_eq!(encode_base64url(&[0xfb, 0xff]), b"-_8");
        for bad in ["Zg", "Zg=", "Z===", "Zm9v!", "Zm9*"] {
            assert_eq!(decode_base64(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn hexadecimal_goes_both_ways() {
        assert_eq!(hex(&[0, 0xab, 0xff]), b"00ABFF");
        assert_eq!(unhex(b"00abFF"), Some(vec![0, 0xab, 0xff]));
        assert_eq!(unhex(b"0"), None);
        assert_eq!(unhex(b"0g"), None);
    }
}
