//! Log-format strings (manual 8.2.6), wherever they appear: logs, headers, replies, names.
//!
//! `config` and the rules read them here, the engine renders them into a buffer. Must not know where the
//! bytes go.

mod alias;
mod date;
mod emit;
mod encode;
mod parse;

use crate::diag::{Diagnostic, Span};
use crate::sample::{Address, Context, Pending, Sample, Scope, Value};
use crate::syntax::Word;

pub use alias::ALIASES;
use alias::{Alias, Facts};
pub use emit::Flags;
use emit::Out;
pub use encode::Encoding;
use encode::{Datum, Wanted};

/// `option tcplog` (manual 8.2.2).
pub const TCPLOG: &str = "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq";
/// `option httplog` (manual 8.2.3).
pub const HTTPLOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";
/// `option httplog clf` (manual 4.2).
pub const CLFLOG: &str = "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s %TR %Tw %Tc \
%Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl";
/// `option httpslog` (manual 8.2.4).
pub const HTTPSLOG: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r \
%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc";

/// Where a format stands: it decides what an absent value looks like and what is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatUse {
    /// `log-format`, `error-log-format`, `log-format-sd`: absent is `-`, blanks are merged.
    Log,
    /// `unique-id-format`: absent is empty, blanks are merged, control characters are escaped.
    UniqueId,
    /// Bodies, variables and names that switching rules compute: absent is empty.
    Text,
    /// Header values, targets and other parts of a message: absent is empty, control characters are escaped.
    Http,
}

impl FormatUse {
    fn merges_blanks(self) -> bool {
        matches!(self, Self::Log | Self::UniqueId)
    }
    fn escapes(self) -> bool {
        matches!(self, Self::Http | Self::UniqueId)
    }
}

/// HAProxy's line about a connection that never became a session (manual 8.2.5): who, when, where, why.
pub fn embryonic(scope: &Scope<'_>, frontend: &str, listener: &str, why: &str) -> Vec<u8> {
    let mut line = match &scope.session.source {
        Address::Ip(ip) => format!("{}:{} [", ip.ip(), ip.port()).into_bytes(),
        Address::Unix(_) | Address::Unknown => b"unix:1 [".to_vec(),
    };
    date::write(scope.session.accept_date, date::Shape::Millis, &mut line);
    line.extend_from_slice(format!("] {frontend}/{listener}: {why}").as_bytes());
    line
}

/// A linked format.
#[derive(Debug)]
pub struct Format {
    pieces: Box<[Piece]>,
    usage: FormatUse,
    facts: Facts,
    /// The whole line is one object of its named items.
    whole: Option<Encoding>,
}

#[derive(Debug)]
enum Piece {
    Text(Box<[u8]>),
    /// A blank that is left out behind another one.
    Blank,
    Item(Item),
}

/// What a `%` stands for.
#[derive(Debug)]
struct Item {
    source: Source,
    flags: Flags,
    label: Label,
}

#[derive(Debug)]
enum Source {
    Alias(&'static Alias),
    Expr(Sample),
}

/// `%(name:type)`.
#[derive(Debug, Clone, Default)]
struct Label {
    name: Option<Box<str>>,
    wanted: Option<Wanted>,
}

impl Format {
    /// Appends what it gives now.
    pub fn render(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        match self.whole {
            Some(encoding) => self.object(encoding, scope, out),
            None => self.line(scope, out),
        }
    }

    fn line(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        let mut blank = true;
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => {
                    out.extend_from_slice(text);
                    blank = false;
                }
                Piece::Blank if blank => {}
                Piece::Blank => {
                    out.push(b' ');
                    blank = true;
                }
                Piece::Item(item) => {
                    let before = out.len();
                    self.item(item, scope, out);
                    // An expression parts blanks even where it gives nothing.
                    blank &= out.len() == before && matches!(item.source, Source::Alias(_));
                }
            }
        }
    }

    /// One object of all items that have a name.
    fn object(&self, encoding: Encoding, scope: &Scope<'_>, out: &mut Vec<u8>) {
        encoding.open(out);
        let mut first = true;
        for piece in &self.pieces {
            let Piece::Item(item) = piece else { continue };
            let Some(name) = &item.label.name else {
                continue;
            };
            encoding.key(name, first, out);
            self.encode(item, encoding, scope, out);
            first = false;
        }
        encoding.close(out);
    }

    fn item(&self, item: &Item, scope: &Scope<'_>, out: &mut Vec<u8>) {
        if let Some(encoding) = item.flags.encoding {
            return self.encode(item, encoding, scope, out);
        }
        match &item.source {
            Source::Alias(alias) => (alias.run)(scope, &self.facts, &mut Out::new(out, item.flags)),
            Source::Expr(sample) => self.expr(sample, item.flags, scope, out),
        }
    }

    fn encode(&self, item: &Item, encoding: Encoding, scope: &Scope<'_>, out: &mut Vec<u8>) {
        let mut bare = Vec::new();
        let mut write = |datum: Datum<'_>| match item.label.wanted {
            Some(wanted) => encoding.value(wanted.apply(datum, &mut Vec::new()), out),
            None => encoding.value(datum, out),
        };
        match &item.source {
            Source::Alias(alias) => {
                let flags = Flags {
                    encoding: Some(encoding),
                    ..item.flags
                };
                let mut value = Out::bare(&mut bare, flags);
                (alias.run)(scope, &self.facts, &mut value);
                write(value.datum());
            }
            Source::Expr(sample) => match sample.eval(scope) {
                None => write(Datum::Absent),
                Some(Value::Bool(yes)) => write(Datum::Bool(yes)),
                Some(Value::Int(n)) => write(Datum::Int(n)),
                Some(Value::Bin(bytes)) => write(Datum::Bytes(&bytes)),
                Some(other) => crate::acl::with_text(&other, |text| write(Datum::Text(text))),
            },
        }
    }

    fn expr(&self, sample: &Sample, flags: Flags, scope: &Scope<'_>, out: &mut Vec<u8>) {
        let mut out = Out::new(out, flags);
        match sample.eval(scope) {
            // In a part of a message nothing stands for an absent sample, quotes neither.
            None if self.usage.escapes() => {}
            None => out.text(b""),
            Some(value) => crate::acl::with_text(&value, |text| {
                // As in HAProxy the text of a log ends with its first zero byte, and so do bytes made text.
                let cut = !self.usage.escapes() || matches!(value, Value::Bin(_));
                let text = if cut { emit::until_zero(text) } else { text };
                match self.usage.escapes() {
                    true => out.http(text),
                    false => out.text(text),
                }
            }),
        }
    }

    /// The bytes it always gives, if it is nothing but text.
    pub fn constant(&self) -> Option<&[u8]> {
        match (&*self.pieces, self.whole) {
            ([], None) => Some(b""),
            ([Piece::Text(text)], None) => Some(text),
            _ => None,
        }
    }
}

/// Reads a format (manual 8.2.6). What needs `mode http` is refused in TCP mode, so logs' formats are to be
/// read once the section's mode is known.
///
/// # Errors
/// An unknown variable, a missing bracket, a bad expression.
pub fn parse(
    word: &Word,
    cx: &mut Context<'_>,
    usage: FormatUse,
) -> Result<Pending<Format>, Box<Diagnostic>> {
    parse::parse(word, cx, usage)
}

/// Reads one of the formats above; `span` is the line that asked for it.
///
/// # Errors
/// A format whose variables need another mode, or TLS, than there is.
pub fn built_in(
    text: &str,
    span: Span,
    cx: &mut Context<'_>,
) -> Result<Pending<Format>, Box<Diagnostic>> {
    let word = Word {
        bytes: text.as_bytes().to_vec(),
        span,
        map: vec![span.start; text.len()],
    };
    parse(&word, cx, FormatUse::Log)
}

#[cfg(test)]
mod tests;
