//! Log-format strings (manual 8.2.6), wherever they appear: logs, headers, replies.

use crate::diag::{Diagnostic, Span};
use crate::sample::{Context, Pending, Scope};
use crate::syntax::Word;

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
/// `log-format` in RFC 5424 structured data when none is set.
pub const NO_STRUCTURED_DATA: &str = "-";

/// Where a format stands: it decides what an absent value looks like and what is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatUse {
    /// `log-format`, `error-log-format`, `log-format-sd`: absent is `-`, blanks are merged.
    Log,
    /// `unique-id-format` and names that switching rules compute: absent is empty.
    Text,
    /// Header values, targets and other parts of a message: absent is empty, control characters are escaped.
    Http,
}

/// Reads a format (manual 8.2.6).
///
/// # Errors
/// An unknown alias or flag, a bad expression.
pub fn parse(
    word: &Word,
    cx: &mut Context<'_>,
    usage: FormatUse,
) -> Result<Pending<Format>, Box<Diagnostic>> {
    let _ = (cx, usage);
    Err(Box::new(Diagnostic::alert(
        word.span,
        "formats are not available yet",
    )))
}

/// Reads one of the formats above; `span` is the line that asked for it.
///
/// # Errors
/// None for the constants of this module.
pub fn built_in(
    text: &str,
    span: Span,
    cx: &mut Context<'_>,
) -> Result<Pending<Format>, Box<Diagnostic>> {
    let word = Word {
        bytes: text.as_bytes().to_vec(),
        span,
        map: Vec::new(),
    };
    parse(&word, cx, FormatUse::Log)
}

/// A linked format.
pub struct Format {
    run: Box<dyn Fn(&Scope<'_>, &mut Vec<u8>) + Send + Sync>,
}

impl Format {
    /// A format that runs this.
    pub fn new(run: Box<dyn Fn(&Scope<'_>, &mut Vec<u8>) + Send + Sync>) -> Self {
        Self { run }
    }
    /// Appends what it gives now.
    pub fn render(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        (self.run)(scope, out);
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Format")
    }
}
