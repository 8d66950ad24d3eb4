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
    for byte in bytes {
        // Written without a branch, so that it becomes vector code.
        *byte |= u8::from(byte.is_ascii_uppercase()) << 5;
    }
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
    }
}
