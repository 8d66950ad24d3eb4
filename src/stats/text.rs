//! Text for people and machines: escaping, large numbers, durations.

/// Appends text as HTML text or an attribute's value.
pub fn html(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Unprintable but white space: nothing a browser should meet.
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

/// Escaped text.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    html(&mut out, text);
    out
}

/// Appends a CSV field, quoted where it has a comma, a quote or a line end (RFC 4180), as HAProxy does.
pub fn csv(out: &mut String, text: &str) {
    if !text.contains([',', '"', '\n', '\r']) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for c in text.chars() {
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
}

/// Percent-encodes what must not stand in a URL's query value.
pub fn query(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                use std::fmt::Write;
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// Undoes percent-encoding and `+`.
pub fn unquery(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes().iter();
    while let Some(byte) = bytes.next().copied() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let rest = bytes.as_slice();
                let digits = rest.get(..2).and_then(|d| std::str::from_utf8(d).ok());
                match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
                    Some(value) => {
                        out.push(value);
                        bytes.nth(1);
                    }
                    None => out.push(b'%'),
                }
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `12s`, `3m5s`, `2h10m`, `4d1h`: two units at most.
pub fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// `0d 0h00m03s`
pub fn uptime(seconds: u64) -> String {
    format!(
        "{}d {}h{:02}m{:02}s",
        seconds / 86400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// Digits in groups of three, for reading: `1 234 567` with thin spaces.
pub fn grouped(out: &mut String, number: u64) {
    let digits = number.to_string();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_haproxys() {
        let table = [
            (0, "0s"),
            (59, "59s"),
            (185, "3m5s"),
            (7800, "2h10m"),
            (349_200, "4d1h"),
        ];
        for (seconds, expected) in table {
            assert_eq!(ago(seconds), expected);
        }
        assert_eq!(uptime(90_061), "1d 1h01m01s");
    }

    #[test]
    fn nothing_escapes() {
        assert_eq!(
            escaped("<a b='c'>\"&\u{1}"),
            "&lt;a b=&#39;c&#39;&gt;&quot;&amp;\u{fffd}"
        );
        let mut out = String::new();
        csv(&mut out, "a\"b,c");
        assert_eq!(out, "\"a\"\"b,c\"");
        assert_eq!(unquery("a%20b+c%zz%4"), "a b c%zz%4");
        let mut out = String::new();
        query(&mut out, "a b&<");
        assert_eq!(out, "a%20b%26%3C");
        let mut out = String::new();
        grouped(&mut out, 1_234_567);
        assert_eq!(out, "1\u{202f}234\u{202f}567");
    }
}
