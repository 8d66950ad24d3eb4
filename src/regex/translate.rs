//! PCRE's reading of a pattern, said in the other engines' syntax.
//!
//! They differ where PCRE is lenient: a brace that is no repetition, a bracket inside a class, `\<`, an
//! escape that means nothing.

/// The pattern in the syntax of the `regex` and `fancy-regex` crates. Never fails: what stays wrong is
/// for them to refuse.
pub(super) fn translate(pattern: &[u8]) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        at += match byte {
            b'\\' => escape(pattern, at, false, &mut out),
            b'[' => class(pattern, at, &mut out),
            b'{' if repetition(pattern, at) => verbatim(byte, &mut out),
            b'{' => literal(byte, &mut out),
            b'}' if !closes(pattern, at) => literal(byte, &mut out),
            _ => verbatim(byte, &mut out),
        };
    }
    out
}

/// A byte that means something elsewhere, as itself.
fn literal(byte: u8, out: &mut String) -> usize {
    out.push('\\');
    verbatim(byte, out)
}

/// One byte as itself; what is not ASCII, by its number.
fn verbatim(byte: u8, out: &mut String) -> usize {
    if byte.is_ascii() {
        out.push(char::from(byte));
    } else {
        out.push_str(&format!("\\x{byte:02x}"));
    }
    1
}

/// True if the brace at `at` opens `{n}`, `{n,}` or `{n,m}`.
fn repetition(pattern: &[u8], at: usize) -> bool {
    let inner = pattern.get(at + 1..).unwrap_or_default();
    let Some(end) = memchr::memchr(b'}', inner) else {
        return false;
    };
    let mut parts = inner[..end].splitn(2, |&b| b == b',');
    let digits = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    let first = parts.next().unwrap_or_default();
    at > 0 && !first.is_empty() && digits(first) && parts.next().is_none_or(digits)
}

/// True if the closing brace at `at` ends a repetition or a braced escape (`\x{…}`, `\p{…}`).
fn closes(pattern: &[u8], at: usize) -> bool {
    let head = pattern.get(..at).unwrap_or_default();
    memchr::memrchr(b'{', head).is_some_and(|open| {
        repetition(pattern, open)
            || matches!(
                head.get(..open),
                Some([.., b'\\', b'x' | b'p' | b'P' | b'g' | b'k'])
            )
    })
}

/// An escape; answers how many bytes of the pattern it took.
fn escape(pattern: &[u8], at: usize, in_class: bool, out: &mut String) -> usize {
    let Some(&next) = pattern.get(at + 1) else {
        out.push_str("\\\\");
        return 1;
    };
    match next {
        b'<' | b'>' => out.push(char::from(next)),
        b'Z' => out.push_str(r"(?:\n?\z)"),
        b'e' => out.push_str(r"\x1b"),
        b'h' if in_class => out.push_str(r" \t"),
        b'h' => out.push_str(r"[ \t]"),
        b'R' if !in_class => out.push_str(r"(?:\r\n|[\n\r\x0b\x0c])"),
        b'_' => out.push('_'),
        b'Q' if !in_class => return quoted(pattern, at, out),
        b'x' | b'p' | b'P' | b'g' | b'k' if pattern.get(at + 2) == Some(&b'{') => {
            let rest = pattern.get(at..).unwrap_or_default();
            let len = memchr::memchr(b'}', rest).map_or(rest.len(), |end| end + 1);
            out.push_str(&String::from_utf8_lossy(&rest[..len]));
            return len;
        }
        _ if next.is_ascii_alphanumeric() && !KNOWN.contains(&next) => out.push(char::from(next)),
        _ if !next.is_ascii() => {
            verbatim(next, out);
        }
        _ => {
            out.push('\\');
            out.push(char::from(next));
        }
    }
    2
}

/// Letters and digits whose escapes mean something to the other engines too.
const KNOWN: &[u8] = b"dDwWsSbBAzGntrfvaxpPkg0123456789uU";

/// `\Q…\E`: everything literally.
fn quoted(pattern: &[u8], at: usize, out: &mut String) -> usize {
    let body = pattern.get(at + 2..).unwrap_or_default();
    let end = memchr::memmem::find(body, b"\\E");
    for &byte in &body[..end.unwrap_or(body.len())] {
        if byte.is_ascii_punctuation() {
            out.push('\\');
        }
        verbatim(byte, out);
    }
    end.map_or(pattern.len() - at, |end| end + 4)
}

/// A bracketed class; answers how many bytes of the pattern it took.
fn class(pattern: &[u8], start: usize, out: &mut String) -> usize {
    out.push('[');
    let mut at = start + 1;
    if pattern.get(at) == Some(&b'^') {
        out.push('^');
        at += 1;
    }
    if pattern.get(at) == Some(&b']') {
        out.push_str("\\]");
        at += 1;
    }
    while let Some(&byte) = pattern.get(at) {
        let rest = pattern.get(at..).unwrap_or_default();
        at += match byte {
            b']' => {
                out.push(']');
                return at + 1 - start;
            }
            b'[' => match posix(rest) {
                Some(len) => {
                    out.push_str(&String::from_utf8_lossy(&rest[..len]));
                    len
                }
                None => {
                    out.push_str("\\[");
                    1
                }
            },
            b'&' | b'~' => {
                out.push('\\');
                out.push(char::from(byte));
                1
            }
            b'-' if rest.get(1) == Some(&b'-') => {
                out.push_str("\\-");
                1
            }
            b'\\' => escape(pattern, at, true, out),
            _ => verbatim(byte, out),
        };
    }
    at - start
}

/// The length of a `[:name:]` at the start, if there is one.
fn posix(rest: &[u8]) -> Option<usize> {
    if rest.get(1) != Some(&b':') {
        return None;
    }
    let end = memchr::memmem::find(rest, b":]")?;
    let name = rest.get(2..end)?;
    (!name.is_empty() && name.iter().all(|b| b.is_ascii_lowercase() || *b == b'^'))
        .then_some(end + 2)
}
