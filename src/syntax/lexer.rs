//! One line of text to words: walks what the line grammar made of it.

use pest::Parser as _;
use pest::iterators::{Pair, Pairs};

use super::Word;
use crate::diag::{Diagnostic, Lead, Span};

/// The most words a line may have, as in HAProxy.
pub const MAX_WORDS: usize = 64;

mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../grammar/haproxy.pest"]
    pub(super) struct Lines;
}
use grammar::Rule;

/// Cuts one line into decoded words. `base` says which line it is (its columns are not read);
/// `variable` gives the value of a variable or pseudo-variable by name.
///
/// The first thing that cannot be read makes the line an error, in HAProxy's words.
pub fn words(
    line: &[u8],
    base: Span,
    variable: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Vec<Word>, Diagnostic> {
    let text = Text::new(line);
    let mut pairs = match grammar::Lines::parse(Rule::line, text.as_str()) {
        Ok(pairs) => pairs,
        Err(_) => {
            return Err(Diagnostic::alert(base, "this line cannot be read").lead(Lead::Reading));
        }
    };
    let mut builder = Builder {
        text: &text,
        base,
        variable,
        words: Vec::new(),
        current: Word::new(base),
    };
    let pairs = pairs.next().map(Pair::into_inner);
    for pair in pairs.into_iter().flatten() {
        if pair.as_rule() == Rule::word {
            builder.word(pair)?;
        }
    }
    if let Some(extra) = builder.words.get(MAX_WORDS) {
        return Err(Diagnostic::alert(
            extra.span,
            format!(
                "too many words, truncating after word {MAX_WORDS}, position {}: <{}>.",
                extra.span.start + 1,
                extra.text()
            ),
        )
        .lead(Lead::Reading));
    }
    Ok(builder.words)
}

/// A line as pest wants it. Lines that are no UTF-8 are read as Latin-1, so that each byte is one
/// character, and places are mapped back.
struct Text<'a> {
    bytes: &'a [u8],
    latin1: Option<(String, Vec<u32>)>,
    str: &'a str,
}

impl<'a> Text<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        if let Ok(str) = std::str::from_utf8(bytes) {
            return Self {
                bytes,
                latin1: None,
                str,
            };
        }
        let mut string = String::with_capacity(bytes.len() * 2);
        let mut places = Vec::with_capacity(bytes.len() * 2 + 1);
        for (at, &byte) in bytes.iter().enumerate() {
            string.push(char::from(byte));
            places.resize(string.len(), at as u32);
        }
        places.push(bytes.len() as u32);
        Self {
            bytes,
            latin1: Some((string, places)),
            str: "",
        }
    }

    fn as_str(&self) -> &str {
        self.latin1
            .as_ref()
            .map_or(self.str, |(string, _)| string.as_str())
    }

    /// The column in the source of an offset in [`Self::as_str`].
    fn column(&self, offset: usize) -> u32 {
        match &self.latin1 {
            None => offset as u32,
            Some((_, places)) => places
                .get(offset)
                .copied()
                .unwrap_or(self.bytes.len() as u32),
        }
    }

    fn columns(&self, pair: &Pair<'_, Rule>) -> (u32, u32) {
        let span = pair.as_span();
        (self.column(span.start()), self.column(span.end()))
    }

    fn source(&self, from: u32, to: u32) -> &'a [u8] {
        self.bytes
            .get(from as usize..to as usize)
            .unwrap_or_default()
    }
}

impl Word {
    fn new(span: Span) -> Self {
        Self {
            bytes: Vec::new(),
            span,
            map: Vec::new(),
        }
    }
}

struct Builder<'a> {
    text: &'a Text<'a>,
    base: Span,
    variable: &'a dyn Fn(&str) -> Option<Vec<u8>>,
    words: Vec<Word>,
    current: Word,
}

impl Builder<'_> {
    fn word(&mut self, pair: Pair<'_, Rule>) -> Result<(), Diagnostic> {
        let (start, end) = self.text.columns(&pair);
        self.current = Word::new(Span {
            start,
            end,
            ..self.base
        });
        self.pieces(pair.into_inner())?;
        self.close_word();
        Ok(())
    }

    /// Ends the current word and starts the next within the same piece of source.
    fn close_word(&mut self) {
        let next = Word::new(self.current.span);
        let mut word = std::mem::replace(&mut self.current, next);
        // Words are C strings to HAProxy: a zero byte ends them.
        if let Some(zero) = memchr::memchr(0, &word.bytes) {
            word.bytes.truncate(zero);
            word.map.truncate(zero);
        }
        let start = word.span.start;
        if word.map.iter().zip(start..).all(|(&at, plain)| at == plain) {
            word.map = Vec::new();
        }
        self.words.push(word);
    }

    fn pieces(&mut self, pieces: Pairs<'_, Rule>) -> Result<(), Diagnostic> {
        for piece in pieces {
            let (start, end) = self.text.columns(&piece);
            match piece.as_rule() {
                Rule::plain | Rule::weak_text | Rule::strong_text => self.copy(start, end),
                Rule::backslash => self.push(b'\\', start),
                Rule::literal | Rule::dollar => self.copy_from(start + 1, end, start),
                Rule::control => {
                    let byte = match self.text.source(start + 1, end) {
                        b"n" => b'\n',
                        b"r" => b'\r',
                        _ => b'\t',
                    };
                    self.push(byte, start);
                }
                Rule::hex => {
                    let digits = piece.as_str().get(2..).unwrap_or_default();
                    self.push(u8::from_str_radix(digits, 16).unwrap_or_default(), start);
                }
                Rule::bad_hex => {
                    return Err(self.error(
                        "truncated or invalid hexadecimal sequence",
                        start,
                        start + 2,
                    ));
                }
                Rule::strong | Rule::weak => self.quoted(piece)?,
                Rule::variable => self.variable(piece)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn quoted(&mut self, pair: Pair<'_, Rule>) -> Result<(), Diagnostic> {
        let (start, end) = self.text.columns(&pair);
        let unclosed = pair
            .clone()
            .into_inner()
            .any(|piece| piece.as_rule() == Rule::unclosed);
        self.pieces(pair.into_inner())?;
        match unclosed {
            true => Err(self.error("unmatched quote", start, end)),
            false => Ok(()),
        }
    }

    fn variable(&mut self, pair: Pair<'_, Rule>) -> Result<(), Diagnostic> {
        let (dollar, _) = self.text.columns(&pair);
        let mut value = None;
        let mut expand = false;
        let mut brace = dollar;
        for piece in pair.into_inner().flatten() {
            let (start, end) = self.text.columns(&piece);
            match piece.as_rule() {
                Rule::brace => brace = start,
                Rule::name => value = (self.variable)(piece.as_str()),
                Rule::expand => expand = true,
                Rule::default if value.is_none() => {
                    value = Some(self.text.source(start + 1, end).to_vec());
                }
                Rule::bad_expand => {
                    return Err(self.error(
                        "truncated or invalid word expansion sequence",
                        start,
                        start + 1,
                    ));
                }
                Rule::bad_brace => {
                    let what = "unmatched brace in environment variable name";
                    return Err(self.error(what, brace, brace + 1));
                }
                Rule::bad_name => {
                    let what = "forbidden first char in environment variable name";
                    return Err(self.error(what, start, start + 1));
                }
                _ => {}
            }
        }
        self.insert(&value.unwrap_or_default(), expand, dollar);
        Ok(())
    }

    /// Adds the value of a variable; under `[*]` each run of blanks in it ends a word.
    fn insert(&mut self, value: &[u8], expand: bool, from: u32) {
        let mut in_blanks = false;
        for &byte in value {
            let blank = expand && (byte.is_ascii_whitespace() || byte == 0x0b);
            if blank && !in_blanks {
                self.close_word();
            } else if !blank {
                self.push(byte, from);
            }
            in_blanks = blank;
        }
    }

    fn push(&mut self, byte: u8, from: u32) {
        self.current.bytes.push(byte);
        self.current.map.push(from);
    }

    fn copy(&mut self, start: u32, end: u32) {
        self.current
            .bytes
            .extend_from_slice(self.text.source(start, end));
        self.current.map.extend(start..end);
    }

    fn copy_from(&mut self, start: u32, end: u32, from: u32) {
        for &byte in self.text.source(start, end) {
            self.push(byte, from);
        }
    }

    fn error(&self, what: &str, start: u32, end: u32) -> Diagnostic {
        let span = Span {
            start,
            end,
            ..self.base
        };
        Diagnostic::alert(span, format!("{what} at position {}:", start + 1)).lead(Lead::Reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<Vec<u8>> {
        Some(match name {
            "FOO" => b"bar".to_vec(),
            "LIST" => b"a b  c".to_vec(),
            "SP" => b" x ".to_vec(),
            "EMPTY" => Vec::new(),
            ".LINE" => b"7".to_vec(),
            _ => return None,
        })
    }

    fn cut(line: &str) -> Result<Vec<String>, String> {
        words(line.as_bytes(), Span::default(), &value)
            .map(|words| words.iter().map(|w| w.text().into_owned()).collect())
            .map_err(|d| d.message)
    }

    #[test]
    fn quotes_escapes_and_comments() {
        for (line, wanted) in [
            ("", &[][..]),
            ("  # only a comment", &[]),
            ("\t a \x0bb  ", &["a", "b"]),
            ("de\"n\"y x", &["deny", "x"]),
            (r#"a"b c"d 'e "f' "g 'h""#, &["ab cd", "e \"f", "g 'h"]),
            (r#"a\ b a\#b a#b"#, &["a b", "a#b", "a"]),
            (r#""a#b" 'a#b'"#, &["a#b", "a#b"]),
            (r"\n\r\t\\ \x41\x7a", &["\n\r\t\\", "Az"]),
            (r#"\q "\q" '\q' '\n'"#, &["\\q", "\\q", "\\q", "\\n"]),
            (r#""" '' a"#, &["", "", "a"]),
            (r#"a\$b "a\$b""#, &["a\\$b", "a$b"]),
            ("a\\", &["a\\"]),
            ("a\rb c", &["a"]),
            (r"a\x00b c", &["a", "c"]),
            ("h\u{e9} \"\u{2603}\"", &["h\u{e9}", "\u{2603}"]),
        ] {
            assert_eq!(
                cut(line).as_deref(),
                Ok(wanted
                    .iter()
                    .map(|w| (*w).to_owned())
                    .collect::<Vec<_>>()
                    .as_slice()),
                "{line}"
            );
        }
    }

    #[test]
    fn variables_are_read_inside_double_quotes_only() {
        for (line, wanted) in [
            (r#"$FOO '$FOO' "$FOO""#, &["$FOO", "$FOO", "bar"][..]),
            (r#""${FOO}x$FOO_ $FOO[*]""#, &["barx bar[*]"]),
            (r#""${NO-d x}" "${EMPTY-d}" "$NO""#, &["d x", "", ""]),
            (r#""${NO-a"b}" "${NO-${FOO}}""#, &["a\"b", "${FOO}"]),
            (r#"x"${LIST[*]}"y"#, &["xa", "b", "cy"]),
            (r#""${LIST}" "${SP[*]}" z"#, &["a b  c", "", "x", "", "z"]),
            (r#""${NO[*]-p q}""#, &["p", "q"]),
            (r#""${EMPTY[*]}" a"#, &["", "a"]),
            (r#""$.LINE""#, &["7"]),
        ] {
            assert_eq!(
                cut(line).as_deref(),
                Ok(wanted
                    .iter()
                    .map(|w| (*w).to_owned())
                    .collect::<Vec<_>>()
                    .as_slice()),
                "{line}"
            );
        }
    }

    #[test]
    fn errors_name_haproxys_position() {
        for (line, wanted) in [
            (
                r"a\x4",
                "truncated or invalid hexadecimal sequence at position 2:",
            ),
            (
                r#""\xzz""#,
                "truncated or invalid hexadecimal sequence at position 2:",
            ),
            ("x 'a", "unmatched quote at position 3:"),
            ("x \"a\rb\"", "unmatched quote at position 3:"),
            (
                r#""a$""#,
                "forbidden first char in environment variable name at position 4:",
            ),
            (
                r#""${1}""#,
                "forbidden first char in environment variable name at position 4:",
            ),
            (
                r#""${FOO""#,
                "unmatched brace in environment variable name at position 3:",
            ),
            (
                r#""${FOO-x""#,
                "unmatched brace in environment variable name at position 3:",
            ),
            (
                r#""${LIST[0]}""#,
                "truncated or invalid word expansion sequence at position 8:",
            ),
            (
                r#""$.NOPE""#,
                "forbidden first char in environment variable name at position 3:",
            ),
        ] {
            assert_eq!(cut(line), Err(wanted.to_owned()), "{line}");
        }
        let many = vec!["w"; MAX_WORDS + 1].join(" ");
        assert!(cut(&many).is_err_and(|m| {
            m.starts_with("too many words, truncating after word 64, position 129: <w>.")
        }));
        assert!(cut(&many[..many.len() - 2]).is_ok());
    }

    #[test]
    fn places_map_back_to_the_source() {
        let line = br#"  k x"y\tz$FOO"e "#;
        let words = words(line, Span::default(), &value).unwrap_or_default();
        let word = &words[1];
        assert_eq!(word.bytes, b"xy\tzbare");
        assert_eq!((word.span.start, word.span.end), (4, 16));
        assert_eq!(word.part(2, 3).start, 7);
        assert_eq!(word.part(3, 4).start, 9);
        assert_eq!(word.part(4, 7).start, 10);
        assert_eq!(word.part(7, 8).start, 15);
        assert!(words[0].map.is_empty());
        assert_eq!(words[0].part(0, 1).start, 2);
    }

    #[test]
    fn bytes_that_are_no_utf8_pass_through() {
        let line = b"a\xff\xe9b \"\xc3\"\xa9 \xff'";
        let error = words(line, Span::default(), &value).map_err(|d| d.message);
        assert_eq!(error, Err("unmatched quote at position 12:".to_owned()));
        let line = &line[..line.len() - 1];
        let words = words(line, Span::default(), &value).unwrap_or_default();
        let bytes: Vec<_> = words.iter().map(|w| w.bytes.as_slice()).collect();
        assert_eq!(bytes, [&b"a\xff\xe9b"[..], b"\xc3\xa9", b"\xff"]);
        assert_eq!(words[1].part(1, 2).start, 8);
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read_or_refused_with_a_place_inside_it(line: Vec<u8>) {
            match words(&line, Span::default(), &value) {
                Ok(words) => for word in words {
                    proptest::prop_assert!(word.map.is_empty() || word.map.len() == word.bytes.len());
                    proptest::prop_assert!(word.span.end as usize <= line.len());
                },
                Err(d) => {
                    let span = d.span.unwrap_or_default();
                    proptest::prop_assert!(span.start as usize <= line.len());
                }
            }
        }
    }
}
