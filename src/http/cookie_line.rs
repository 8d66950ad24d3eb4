//! Header lines that carry cookies, read and edited as HAProxy does it (manual 4.2 `cookie`).
//!
//! A line is walked once, cookie by cookie; whoever looks on says what becomes of each. Malformed parts are kept as they are.

/// The kinds of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `Cookie`: many cookies; those that begin with `$` belong to the one before them.
    Request,
    /// `Set-Cookie`: one, the rest of the line are its attributes.
    Response,
    /// `Set-Cookie2`: many with attributes, separated by commas.
    Response2,
}

/// What becomes of a cookie.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Keep,
    /// It is taken out, with what belongs to it.
    Remove,
    /// It gets this value.
    Value(Vec<u8>),
}

/// A cookie of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Its name.
    pub name: &'a [u8],
    /// Its value, quotes included.
    pub value: &'a [u8],
    /// Both, without white space around the `=`.
    pub text: &'a [u8],
}

/// What becomes of the line.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing changed.
    Same,
    /// It has this value now.
    Changed(Vec<u8>),
    /// Nothing is left of it.
    Gone,
}

/// Walks over a line.
pub fn walk(line: &[u8], style: Style, mut see: impl FnMut(Pair<'_>) -> Fate) -> Line {
    let mut out = Vec::with_capacity(line.len() + 32);
    let mut piece = Vec::with_capacity(line.len() + 32);
    // Something was taken out right before the part that is looked at.
    let (mut pending, mut cut, mut kept) = (false, false, false);
    let mut separator = None;
    loop {
        let part = Part::read(line, separator, style);
        let attribute = style == Style::Request && line.get(part.start) == Some(&b'$');
        piece.clear();
        let fate = if attribute {
            piece.extend_from_slice(&line[part.start..part.end]);
            Fate::Keep
        } else {
            part.fate(line, &mut piece, &mut see)
        };
        // An attribute belongs to what was taken out before it.
        let goes = fate == Fate::Remove || (attribute && pending);
        if !goes {
            join(&mut out, line, separator, &part, pending);
            out.append(&mut piece);
            kept |= !attribute;
        }
        pending = goes;
        cut |= goes;
        if part.end >= line.len() {
            break;
        }
        separator = Some(part.end);
    }
    if out == line {
        Line::Same
    } else if cut && (out.is_empty() || !kept) {
        Line::Gone
    } else {
        Line::Changed(out)
    }
}

/// Puts down what stands before a part. Where one was taken out, the separator behind it stands for both, with one blank;
/// none stands before the first part.
fn join(out: &mut Vec<u8>, line: &[u8], separator: Option<usize>, part: &Part, closes: bool) {
    match separator {
        Some(at) if !closes => out.extend_from_slice(&line[at..part.start]),
        Some(at) if !out.is_empty() => {
            while out.last().is_some_and(|&byte| is_blank(byte)) {
                out.pop();
            }
            out.extend_from_slice(&[line[at], b' ']);
        }
        _ => {}
    }
}

/// One part of a line: offsets into it.
struct Part {
    /// The first byte that is no white space.
    start: usize,
    /// The end of the name.
    name_end: usize,
    /// The first byte of the value, and its end; `None` without `=`.
    value: Option<(usize, usize)>,
    /// The separator behind it, or the end of the line.
    end: usize,
}

impl Part {
    /// The part behind this separator, or the first one.
    fn read(line: &[u8], separator: Option<usize>, style: Style) -> Self {
        let start = skip(line, separator.map_or(0, |at| at + 1));
        let rest = |from: usize| line.get(from..).unwrap_or_default();
        let name = rest(start)
            .iter()
            .position(|&byte| matches!(byte, b'=' | b';' | b','));
        let stop = name.map_or(line.len(), |length| start + length);
        let name_end = start + rest(start)[..stop - start].trim_ascii_end().len();
        let mut value = None;
        let mut end = stop;
        if line.get(stop) == Some(&b'=') {
            let begin = skip(line, stop + 1);
            end = unquoted(line, begin, |byte| matches!(byte, b';' | b','));
            let trimmed = line[begin.min(end)..end].trim_ascii_end().len();
            value = Some((begin, begin + trimmed));
        }
        let end = match style {
            Style::Request => end,
            Style::Response => line.len(),
            Style::Response2 => unquoted(line, end, |byte| byte == b','),
        };
        Self {
            start,
            name_end,
            value,
            end,
        }
    }

    /// Asks for its fate, and copies it.
    fn fate(&self, line: &[u8], out: &mut Vec<u8>, see: &mut impl FnMut(Pair<'_>) -> Fate) -> Fate {
        let Some((begin, value_end)) = self.value else {
            out.extend_from_slice(&line[self.start..self.end]);
            return Fate::Keep;
        };
        let (from, value) = (out.len(), &line[begin..value_end]);
        out.extend_from_slice(&line[self.start..self.name_end]);
        out.push(b'=');
        let value_at = out.len();
        out.extend_from_slice(value);
        let fate = see(Pair {
            name: &line[self.start..self.name_end],
            value,
            text: &out[from..],
        });
        if let Fate::Value(new) = &fate {
            out.truncate(value_at);
            out.extend_from_slice(new);
        }
        out.extend_from_slice(&line[value_end..self.end]);
        fate
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn skip(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from.min(line.len()) + rest.iter().take_while(|&&byte| is_blank(byte)).count()
}

/// The first byte of that kind outside quotes, or the end.
fn unquoted(line: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in line.iter().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if !quoted && wanted(byte) => return at,
            _ => {}
        }
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_srv(line: &str, style: Style) -> Option<String> {
        let walked = walk(line.as_bytes(), style, |pair| match pair.name {
            b"SRV" => Fate::Remove,
            _ => Fate::Keep,
        });
        match walked {
            Line::Same => Some(line.to_owned()),
            Line::Changed(new) => Some(String::from_utf8(new).unwrap()),
            Line::Gone => None,
        }
    }

    /// As haproxy 2.6 passes them on with `cookie SRV insert indirect`.
    #[test]
    fn what_is_left_of_cookies_is_haproxys() {
        for (line, left) in [
            ("a=b; SRV=s2; c=d", Some("a=b; c=d")),
            ("a=b ;SRV=s2;c=d", Some("a=b; c=d")),
            ("a=b,SRV=s2,c=d", Some("a=b, c=d")),
            ("x=1; SRV=s1 ,y=2", Some("x=1, y=2")),
            ("SRV=s2; c=d", Some("c=d")),
            ("a=b; SRV=s2", Some("a=b")),
            ("a=b  ; SRV=s2", Some("a=b  ")),
            ("a=b; ; SRV=s2", Some("a=b; ")),
            ("a=b; ; SRV=s2; c", Some("a=b;; c")),
            ("a=b ; SRV=s2 ; c ; SRV=s1 ; d", Some("a=b; c; d")),
            ("a=b  ; SRV=s2; SRV=s1", Some("a=b  ")),
            ("a=b  ; SRV=s2; SRV=s1; c", Some("a=b; c")),
            ("a=b; SRV=s2;", Some("a=b; ")),
            ("a;SRV=s2;;;b", Some("a; ;;b")),
            ("SRV=s2;;c=d", Some(";c=d")),
            ("SRV=s2; ;", Some(";")),
            ("SRV=s2;", None),
            (";SRV=s2;", None),
            (";;SRV=s2", Some(";")),
            ("; ;SRV=s2", Some("; ")),
            ("SRV=s2 ; SRV=s1; x=1; SRV=zz", Some("x=1")),
            ("$Version=1; SRV=s2; $Path=/; x=y", Some("$Version=1; x=y")),
            ("$Version=1;SRV=s2", None),
            ("$a = b; SRV=s2", None),
            ("$a=1;;SRV=s2", Some("$a=1;")),
            ("$a=1;x;SRV=s2", Some("$a=1;x")),
            ("SRV=s2; $P=1; ;c", Some(";c")),
            ("SRV=s2 , $P = 1 ; x", Some("x")),
            ("a = b; c = d", Some("a=b; c=d")),
            ("$a = b; c", Some("$a = b; c")),
            ("a= \"x;y\" z; SRV=s2", Some("a=\"x;y\" z")),
            ("a=x\"y;SRV=s1;\"; SRV=s2", Some("a=x\"y;SRV=s1;\"")),
            ("a=\"x; SRV=s2", Some("a=\"x; SRV=s2")),
            ("a='x;SRV=s1'; SRV=s2", Some("a='x")),
            ("a =; SRV=s2", Some("a=")),
            ("=x; SRV=s2; b", Some("=x; b")),
            (", SRV=s2, a", Some("a")),
            ("SRV", Some("SRV")),
            ("", Some("")),
        ] {
            let got = without_srv(line, Style::Request);
            assert_eq!(got.as_deref(), left, "{line}");
        }
    }

    #[test]
    fn set_cookie_has_one_and_set_cookie2_many() {
        for (line, style, left) in [
            ("SRV=x; path=/", Style::Response, None),
            ("a = b; SRV = x", Style::Response, Some("a=b; SRV = x")),
            ("a=b, SRV=x", Style::Response, Some("a=b, SRV=x")),
            (
                "a=b, SRV=f; Version=1, c = d; V=1",
                Style::Response2,
                Some("a=b, c=d; V=1"),
            ),
            ("SRV=f, SRV=g; x=y", Style::Response2, None),
            ("SRV; path=/", Style::Response, Some("SRV; path=/")),
        ] {
            assert_eq!(without_srv(line, style).as_deref(), left, "{line}");
        }
    }

    #[test]
    fn values_are_replaced_in_place() {
        let prefixed = walk(b"SRV = \"a;b\",c ; path=/", Style::Response, |pair| {
            Fate::Value([b"s1~", pair.value].concat())
        });
        let expected = b"SRV=s1~\"a;b\",c ; path=/".to_vec();
        assert_eq!(prefixed, Line::Changed(expected));
    }

    #[test]
    fn no_line_makes_it_stumble() {
        let alphabet = b"a=;,\" $\\";
        for seed in 0..8_u32.pow(6) {
            let line: Vec<u8> = (0..6)
                .map(|place| alphabet[(seed >> (3 * place)) as usize % 8])
                .collect();
            for style in [Style::Request, Style::Response, Style::Response2] {
                let kept = walk(&line, style, |_| Fate::Keep);
                assert_ne!(kept, Line::Gone, "{line:?}");
                walk(&line, style, |_| Fate::Remove);
            }
        }
    }
}
