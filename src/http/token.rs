//! Tokens: what methods and header names are made of (RFC 9110 5.6.2).

const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let marks = b"!#$%&'*+-.^_`|~";
    let mut i = 0;
    while i < marks.len() {
        table[marks[i] as usize] = true;
        i += 1;
    }
    let mut c = 0;
    while c < 128 {
        if (c as u8).is_ascii_alphanumeric() {
            table[c] = true;
        }
        c += 1;
    }
    table
}

static TOKEN: [bool; 256] = token_table();

/// Whether the byte may stand in a token.
#[inline]
pub fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Whether the bytes are a token: not empty, nothing but token bytes.
#[inline]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| TOKEN[b as usize])
}

/// Writes ASCII letters small, in place. Header names are kept small, as HAProxy keeps them.
#[inline]
pub fn lowercase(bytes: &mut [u8]) {
    // Names are short. Eight bytes at a time, the last eight perhaps for the second time: that changes nothing more.
    let length = bytes.len();
    let (words, _) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = lowercase_word(*word);
    }
    if let Some(last) = bytes.last_chunk_mut::<8>() {
        *last = lowercase_word(*last);
    } else if length >= 4 {
        for at in [0, length - 4] {
            if let Some(word) = bytes.get_mut(at..).and_then(|b| b.first_chunk_mut::<4>()) {
                let [a, b, c, d] = *word;
                let small = lowercase_word([a, b, c, d, 0, 0, 0, 0]);
                *word = [small[0], small[1], small[2], small[3]];
            }
        }
    } else {
        bytes.make_ascii_lowercase();
    }
}

/// Whether an ASCII capital is among the bytes.
#[inline]
pub fn has_capitals(bytes: &[u8]) -> bool {
    let (words, tail) = bytes.as_chunks::<8>();
    words.iter().any(|word| lowercase_word(*word) != *word)
        || tail.iter().any(u8::is_ascii_uppercase)
}

/// Eight bytes, their ASCII letters small.
#[inline]
const fn lowercase_word(bytes: [u8; 8]) -> [u8; 8] {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES * 0x80;
    let word = u64::from_ne_bytes(bytes);
    let low = word & !HIGH;
    // The high bit of each byte: at least 'A', but not above 'Z', and ASCII. No sum leaves its byte.
    let from_a = low + ONES * (0x80 - b'A' as u64);
    let above_z = low + ONES * (0x7f - b'Z' as u64);
    let capitals = from_a & !above_z & !word & HIGH;
    (word | (capitals >> 2)).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_what_the_rfc_says() {
        for byte in 0..=255u8 {
            let expected = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            assert_eq!(is_token_byte(byte), expected, "{byte:#x}");
        }
        assert!(is_token(b"x-Y"));
        assert!(!is_token(b""));
        assert!(!is_token(b"a b"));
    }

    #[test]
    fn lowercase_touches_letters_only() {
        let mut all: Vec<u8> = (0..=255).collect();
        lowercase(&mut all);
        let expected: Vec<u8> = (0..=255u8).map(|b| b.to_ascii_lowercase()).collect();
        assert_eq!(all, expected);
        for length in 0..20 {
            for byte in 0..=255 {
                let mut bytes = vec![byte; length];
                let expected = bytes.to_ascii_lowercase();
                assert_eq!(has_capitals(&bytes), bytes != expected);
                lowercase(&mut bytes);
                assert_eq!(bytes, expected);
            }
        }
    }
}
