//! Log-format strings (manual 8.2.6), wherever they appear: logs, headers, replies, names.
//!
//! `config` and the rules read them here, the engine renders them into a buffer. Must not know where the
//! bytes go.

mod alias;
mod date;
mod emit;
mod parse;

use crate::diag::{Diagnostic, Span};
use crate::sample::{Address, Context, Pending, Sample, Scope};
use crate::syntax::Word;

pub use alias::ALIASES;
use alias::{Alias, Facts};
pub use emit::Flags;
use emit::Out;

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
}

#[derive(Debug)]
enum Piece {
    Text(Box<[u8]>),
    /// A blank that is left out behind another one.
    Blank,
    Alias(&'static Alias, Flags),
    Expr(Sample, Flags),
}

impl Format {
    /// Appends what it gives now.
    pub fn render(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        let mut blank = true;
        for piece in &self.pieces {
            let before = out.len();
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Blank if blank => {}
                Piece::Blank => {
                    out.push(b' ');
                    blank = true;
                    continue;
                }
                Piece::Alias(alias, flags) => {
                    let mut out = Out {
                        bytes: out,
                        flags: *flags,
                    };
                    (alias.run)(scope, &self.facts, &mut out);
                }
                Piece::Expr(sample, flags) => self.expr(sample, *flags, scope, out),
            }
            blank &= out.len() == before;
        }
    }

    fn expr(&self, sample: &Sample, flags: Flags, scope: &Scope<'_>, out: &mut Vec<u8>) {
        let mut out = Out { bytes: out, flags };
        match sample.eval(scope) {
            // In a part of a message nothing stands for an absent sample, quotes neither.
            None if self.usage.escapes() => {}
            None => out.text(b""),
            Some(value) => crate::acl::with_text(&value, |text| {
                if self.usage.escapes() {
                    out.http(text);
                } else {
                    out.text(text);
                }
            }),
        }
    }

    /// The bytes it always gives, if it is nothing but text.
    pub fn constant(&self) -> Option<&[u8]> {
        match &*self.pieces {
            [] => Some(b""),
            [Piece::Text(text)] => Some(text),
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
