//! Reading an expression from a word, and what that needs to know of its surroundings.

use std::ops::Range;
use std::path::PathBuf;

use crate::diag::{Diagnostic, Span, suggest};
use crate::settings::{Kind, Mode};
use crate::syntax::{Cursor, Word};

use super::args::{self, Param};
use super::check::{self, Unlinked};
use super::expr::Step;
use super::place::Place;
use super::reader::Reader;
use super::table::{Convert, Converter, Fetch, Get};
use super::{Expr, Linker, Pending, Sample, Type, convert, fetch};

/// The surroundings of a line while its expressions, conditions and actions are checked.
pub struct Context<'a> {
    /// Where the line stands in a stream's life.
    pub place: Place,
    /// The section's kind.
    pub kind: Kind,
    /// The proxy's mode as known so far.
    pub mode: Mode,
    /// The proxy's name (empty in `global` and anonymous `defaults`).
    pub proxy: &'a str,
    /// ACLs declared so far in this section.
    pub acls: &'a crate::acl::Acls,
    /// Capture slots of the proxy: `http-request capture … len` adds one, `declare capture` too.
    pub captures: &'a mut Captures,
    /// Name of the file the line stands in, as it was given (for `Rule::place`).
    pub file: &'a str,
    /// ACL and map files read so far; one for a whole load.
    pub files: &'a crate::acl::Files,
    /// Directory that relative file names (`-f`, `file`) are taken from.
    pub directory: PathBuf,
    /// Warnings go here; an error is returned.
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

/// Capture slots of a proxy: name (empty for declared ones) and length.
#[derive(Debug, Clone, Default)]
pub struct Captures {
    /// Request slots.
    pub request: Vec<(String, usize)>,
    /// Response slots.
    pub response: Vec<(String, usize)>,
}

/// Reads an expression from the decoded bytes `range` of a word; answers it and how many bytes it took
/// (it ends at the range's end, or at a character that no expression has, as the `]` of a format).
///
/// # Errors
/// An unknown fetch or converter, bad arguments, a place where it cannot be known.
pub fn parse(
    word: &Word,
    range: Range<usize>,
    cx: &mut Context<'_>,
) -> Result<(Expr, usize), Box<Diagnostic>> {
    let start = range.start;
    let mut reader = Reader::new(word, range);
    let mut draft = fetch(&mut reader, cx)?;
    converters(&mut reader, &mut draft, false, cx)?;
    let consumed = reader.at() - start;
    Ok((draft.finish(), consumed))
}

/// Reads an expression that has words of its own: `hdr(host),lower`, and in the old style also
/// `hdr(host) lower`. Stops at the first word that is no converter.
///
/// # Errors
/// As [`parse`]; also no word, or something behind the expression within its word.
pub fn parse_words(cursor: &mut Cursor<'_>, cx: &mut Context<'_>) -> Result<Expr, Box<Diagnostic>> {
    let Some(_) = cursor.peek() else {
        return Err(alert(cursor.span(), "missing fetch method"));
    };
    let (expr, taken) = parse_slice(cursor.rest(), cx)?;
    for _ in 0..taken {
        cursor.take();
    }
    Ok(expr)
}

/// As [`parse_words`] from the first of these words on; answers also how many it took, at least one.
///
/// # Errors
/// As [`parse_words`].
pub fn parse_slice(words: &[Word], cx: &mut Context<'_>) -> Result<(Expr, usize), Box<Diagnostic>> {
    let Some((first, rest)) = words.split_first() else {
        return Err(alert(Span::default(), "missing fetch method"));
    };
    let mut reader = Reader::new(first, 0..first.bytes.len());
    let mut draft = fetch(&mut reader, cx)?;
    chain(&mut reader, first, &mut draft, false, cx)?;
    let mut taken = 1;
    for word in rest {
        let mut reader = Reader::new(word, 0..word.bytes.len());
        let name = Reader::new(word, 0..word.bytes.len()).name();
        if convert::find(&reader.text(name)).is_none() {
            break;
        }
        chain(&mut reader, word, &mut draft, true, cx)?;
        taken += 1;
    }
    Ok((draft.finish(), taken))
}

/// Converters up to the end of a word; a comma may stand last.
fn chain(
    reader: &mut Reader<'_>,
    word: &Word,
    draft: &mut Draft,
    first: bool,
    cx: &Context<'_>,
) -> Result<(), Box<Diagnostic>> {
    let end = word.bytes.iter().rposition(|byte| *byte != b',');
    reader.stop_at(end.map_or(0, |last| last + 1));
    converters(reader, draft, first, cx)?;
    reader.stop_at(word.bytes.len());
    reader.commas();
    all_read(reader, word)
}

fn alert(span: Span, message: impl Into<String>) -> Box<Diagnostic> {
    Box::new(Diagnostic::alert(span, message))
}

fn all_read(reader: &Reader<'_>, word: &Word) -> Result<(), Box<Diagnostic>> {
    if reader.at() == word.bytes.len() {
        return Ok(());
    }
    let rest = reader.at()..word.bytes.len();
    let before = reader.text(0..reader.at());
    Err(alert(
        reader.span(rest),
        format!("missing comma after '{before}'"),
    ))
}

/// An expression as far as it has been read.
struct Draft {
    fetch: &'static Fetch,
    args: Unlinked,
    ty: Type,
    steps: Vec<(&'static Converter, Unlinked)>,
}

impl Draft {
    fn finish(self) -> Expr {
        let Self {
            fetch,
            args,
            ty,
            steps,
        } = self;
        let link = move |linker: &mut Linker<'_>| {
            let mut linked = Vec::with_capacity(steps.len());
            for (converter, args) in &steps {
                linked.push(Step {
                    cast: converter.convert.takes(),
                    convert: converter.convert,
                    args: args.link(linker)?,
                });
            }
            Ok(Sample::new(fetch.get, args.link(linker)?, linked))
        };
        Expr {
            ty,
            fetch: fetch.name.to_owned(),
            points: fetch.get.points(),
            sample: Pending::new(link),
        }
    }
}

fn fetch(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Draft, Box<Diagnostic>> {
    let range = reader.name();
    let name = reader.text(range.clone());
    let span = reader.span(range.clone());
    if name.is_empty() {
        return Err(alert(span, "missing fetch method"));
    }
    let Some(entry) = fetch::find(&name) else {
        if let Some(missing) = fetch::missing(&name) {
            return Err(alert(span, format!("'{name}' needs {missing}")));
        }
        return Err(unknown("fetch method", &name, span, fetch::names()));
    };
    let args = arguments(reader, entry.params, "fetch method", &name, &range, cx)?;
    if let Get::Later(missing) = entry.get {
        return Err(alert(span, format!("'{name}' needs {missing}")));
    }
    let points = entry.get.points();
    if cx.place != Place::Acl && !points.has(cx.place) {
        let needs = entry.get.needs();
        return Err(Box::new(
            Diagnostic::alert(
                span,
                format!(
                    "sample fetch <{name}> may not be reliably used here because it needs '{needs}' which is not \
                     available here"
                ),
            )
            .label("not available here")
            .help(format!("it can be used in: {}", points.describe())),
        ));
    }
    Ok(Draft {
        fetch: entry,
        args,
        ty: entry.out,
        steps: Vec::new(),
    })
}

/// Reads converters as long as commas lead to them; `first` if one begins right here.
fn converters(
    reader: &mut Reader<'_>,
    draft: &mut Draft,
    first: bool,
    cx: &Context<'_>,
) -> Result<(), Box<Diagnostic>> {
    let mut more = first || reader.commas();
    while more {
        let range = reader.name();
        let name = reader.text(range.clone());
        let span = reader.span(range.clone());
        let Some(entry) = convert::find(&name) else {
            if let Some(missing) = convert::missing(&name) {
                return Err(alert(span, format!("'{name}' needs {missing}")));
            }
            return Err(unknown("converter", &name, span, convert::names()));
        };
        let args = arguments(reader, entry.params, "converter", &name, &range, cx)?;
        if let Convert::Later(_, missing) = entry.convert {
            return Err(alert(span, format!("'{name}' needs {missing}")));
        }
        let takes = entry.convert.takes();
        if !draft.ty.casts_to(takes) {
            let ty = draft.ty.name();
            return Err(Box::new(
                Diagnostic::alert(span, format!("converter '{name}' cannot be applied"))
                    .label(format!("takes {}, is given {ty}", takes.name())),
            ));
        }
        if entry.out != Type::Any {
            draft.ty = entry.out;
        }
        draft.steps.push((entry, args));
        more = reader.commas();
    }
    Ok(())
}

fn unknown<'a>(
    what: &str,
    name: &str,
    span: Span,
    known: impl Iterator<Item = &'a str>,
) -> Box<Diagnostic> {
    let mut diagnostic =
        Diagnostic::alert(span, format!("unknown {what} '{name}'")).label("not known");
    if name.starts_with("lua.") {
        diagnostic = diagnostic.help("Lua is not available in tidegate");
    } else if let Some(help) = suggest::did_you_mean(name, known) {
        diagnostic = diagnostic.help(help);
    }
    Box::new(diagnostic)
}

fn arguments(
    reader: &mut Reader<'_>,
    params: &'static [Param],
    what: &str,
    name: &str,
    named: &Range<usize>,
    cx: &Context<'_>,
) -> Result<Unlinked, Box<Diagnostic>> {
    let raw = reader.arguments().map_err(|mut diagnostic| {
        diagnostic.message = format!("{what} '{name}' : {}", diagnostic.message);
        diagnostic
    })?;
    let checked = check::check(params, raw.as_deref(), reader.line(), cx).map_err(|refusal| {
        let range = refusal.range.unwrap_or_else(|| named.clone());
        Box::new(
            Diagnostic::alert(
                reader.span(range),
                format!("{what} '{name}' : {}", refusal.message),
            )
            .help(format!("it is written {name}{}", args::signature(params))),
        )
    })?;
    let here = reader.span(named.clone());
    let place = |range: Option<Range<usize>>| range.map_or(here, |range| reader.span(range));
    let keyword = match what {
        "converter" => "conversion keyword",
        _ => "sample fetch keyword",
    };
    Ok(Unlinked {
        args: checked
            .into_iter()
            .map(|(loose, range)| (loose, place(range)))
            .collect(),
        owner: format!("{keyword} '{name}'"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{linked, read, with_context, word};
    use super::*;

    #[test]
    fn arguments_have_quotes_and_escapes_of_their_own() {
        for (text, gives) in [
            ("str(a)", "a"),
            ("str()", ""),
            ("str(a b)", "a b"),
            (r#"str("a)b")"#, "a)b"),
            (r#"str('a,"b')"#, "a,\"b"),
            (r#"str("a'b\"c")"#, "a'b\"c"),
            (r"str(a\ b\\c\n)", "a b\\c\n"),
            (r"str(a\d)", r"a\d"),
            (r"str('a\\b')", r"a\\b"),
            ("str(a),,upper", "A"),
            ("str(7),add(1),mul(3)", "24"),
        ] {
            let got = super::super::testing::Stream::new().eval(text);
            assert_eq!(got.as_deref(), Some(gives), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_and_marked() {
        for (text, message, start, end) in [
            ("foo", "unknown fetch method 'foo'", 0, 3),
            ("", "missing fetch method", 0, 0),
            ("src,lowr", "unknown converter 'lowr'", 4, 8),
            ("src,", "unknown converter ''", 4, 4),
            ("hdr(host", "fetch method 'hdr' : expected ')'", 3, 8),
            (
                "hdr(host,a)",
                "fetch method 'hdr' : failed to parse 'a' as type 'integer' at position 2",
                9,
                10,
            ),
            (
                "int()",
                "fetch method 'int' : expected type 'integer' at position 1, but got nothing",
                0,
                3,
            ),
            ("bin(41),add(1)", "converter 'add' cannot be applied", 8, 11),
            (
                "var(x.y)",
                "fetch method 'var' : invalid variable name 'x.y'. A variable name must be start by its scope. The \
                 scope can be 'proc', 'sess', 'txn', 'req', 'res' or 'check'",
                4,
                7,
            ),
        ] {
            let error = read(text, Place::Acl).unwrap_err();
            assert_eq!(error.message, message, "{text}");
            let span = error.span.unwrap();
            assert_eq!((span.start, span.end), (10 + start, 10 + end), "{text}");
        }
        let error = read("src,lowr", Place::Acl).unwrap_err();
        assert_eq!(error.help, ["did you mean `lower`?"]);
    }

    #[test]
    fn a_place_that_cannot_know_is_refused() {
        for (text, place, ok) in [
            ("path", Place::FrontRequest, true),
            ("path", Place::TcpConnection, false),
            ("path", Place::FrontResponse, false),
            ("path", Place::Log, false),
            ("path", Place::Acl, true),
            ("hdr(a)", Place::BackResponse, true),
            ("hdr(a)", Place::Log, false),
            ("status", Place::FrontRequest, false),
            ("status", Place::Log, true),
            ("src", Place::TcpConnection, true),
            ("src", Place::Config, false),
            ("env(HOME)", Place::Config, true),
            ("be_name", Place::FrontRequest, false),
            ("capture.req.uri", Place::FrontResponse, true),
        ] {
            assert_eq!(read(text, place).is_ok(), ok, "{text} {place:?}");
        }
    }

    #[test]
    fn an_expression_ends_where_nothing_of_it_follows() {
        let text = word("src,lower]rest");
        let (_, taken) = with_context(Place::Acl, |cx| parse(&text, 0..14, cx)).unwrap();
        assert_eq!(taken, 9);
    }

    #[test]
    fn names_are_resolved_at_link() {
        for (text, error) in [
            ("nbsrv(app)", None),
            (
                "nbsrv(web)",
                Some(
                    "unable to find backend 'web' referenced in arg 1 of sample fetch keyword 'nbsrv' in proxy 'web'",
                ),
            ),
            ("fe_conn", None),
            ("srv_queue(app/b)", None),
            (
                "srv_queue(app/c)",
                Some(
                    "unable to find server 'c' in proxy 'app', referenced in arg 1 of sample fetch keyword 'srv_queue' in proxy 'web'",
                ),
            ),
        ] {
            assert_eq!(linked(text, Place::Acl).err().as_deref(), error, "{text}");
        }
    }
    #[test]
    fn converters_may_be_words_of_their_own() {
        for (text, taken) in [
            ("str(a)", 1),
            ("str(A),lower", 1),
            ("str(A) lower", 2),
            ("str(A), lower", 2),
            ("str(A),lower length add(1) if x", 3),
            ("str(A), -m str", 1),
            ("str(A) foo", 1),
        ] {
            let words: Vec<_> = text.split(' ').map(word).collect();
            let (_, got) = with_context(Place::Acl, |cx| parse_slice(&words, cx)).unwrap();
            assert_eq!(got, taken, "{text}");
        }
        for text in ["str(A)lower", "str(A),lowr", "str(A) lower,foo"] {
            let words: Vec<_> = text.split(' ').map(word).collect();
            assert!(
                with_context(Place::Acl, |cx| parse_slice(&words, cx)).is_err(),
                "{text}"
            );
        }
    }

    proptest::proptest! {
        /// Whatever a file says, reading it ends in an expression or in a refusal within the word.
        #[test]
        fn no_text_upsets_the_reader(pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "str(", "hdr(host)", ",", "(", ")", "\"", "'", "\\", " ", "lower", "field(1,", "a", "-1", "99999999999999999999",
                "var(txn.x)", "regsub(", "[", "(?", "é", "\n", "ipmask(24", "bin(", "0", "json_query($.", "concat(", "map(",
            ]), 0..12)) {
            let text = pieces.concat();
            let whole = word(&text);
            let read = with_context(Place::Acl, |cx| parse(&whole, 0..whole.bytes.len(), cx));
            match read {
                Ok((_, taken)) => proptest::prop_assert!(taken <= whole.bytes.len()),
                Err(error) => {
                    let span = error.span.unwrap();
                    proptest::prop_assert!(span.start <= span.end, "{text:?} {span:?}");
                    proptest::prop_assert!(span.end <= whole.span.end, "{text:?} {span:?}");
                }
            }
        }

        /// Whatever traffic says, a converter gives a sample or none.
        #[test]
        fn no_bytes_upset_a_converter(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
            let mut stream = super::super::testing::Stream::request("GET / HTTP/1.1");
            stream.txn.request.head.set(b"x", &bytes);
            stream.txn.request.body.clone_from(&bytes);
            stream.txn.client_payload.data.clone_from(&bytes);
            stream.txn.has_request = bytes.len() % 2 == 0;
            for converter in [
                "lower", "bytes(3,2)", "field(-2,a)", "word(2, )", "b64dec", "ub64dec", "hex2i", "url_dec", "url_dec(1)", "json(utf8ps)",
                "json(utf8)", "json_query($.a[0].b)", "jwt_payload_query($.a)", "jwt_verify(HS256,k)", "protobuf(1.2,int64)",
                "ungrpc(1)", "mqtt_is_valid", "mqtt_field_value(connect,username)", "fix_is_valid", "fix_tag_value(35)",
                "regsub(.*,x,g)", "language(fr)", "host_only", "port_only", "be2dec(:,3)", "be2hex(:,3,1)", "add(1)", "mul(-1)",
                "ltime(%c)", "http_date", "ipmask(8,8)", "rtrim(a)", "xxh3", "crc32(1)", "secure_memcmp(txn.a)",
            ] {
                for fetch in ["req.fhdr(x)", "req.body"] {
                    if let Ok(sample) = linked(&format!("{fetch},{converter}"), Place::Acl) {
                        stream.scope(|scope| sample.eval(scope).is_some());
                    }
                }
            }
            for fetch in [
                "req.ssl_sni", "req.ssl_alpn", "req.ssl_hello_type", "req.ssl_ver", "req.ssl_st_ext", "req.rdp_cookie(a)",
                "req.payload(1,3)", "req.payload_lv(0,2)", "req.payload_lv(0,1,-1)", "req.proto_http", "hdr_ip(x)", "hdr_val(x)",
            ] {
                let sample = linked(fetch, Place::Acl).unwrap();
                stream.scope(|scope| sample.eval(scope).is_some());
            }
        }
    }
}
