//! What the header lines of one message say about its framing and its connection.

use super::{Cause, Options, authority};
use crate::http::list_items;

/// What becomes of a header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It goes to the head as it is.
    Line,
    /// It goes to the head with the first bytes of its value only.
    Prefix(usize),
    /// It says what another line said, or what only the parser needs.
    Nothing,
}

/// Collected while the lines are scanned.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub content_length: Option<u64>,
    /// The last coding of `Transfer-Encoding` is `chunked`.
    pub chunked: bool,
    /// A `Host` line has come.
    pub host: bool,
    pub close: bool,
    pub keep_alive: bool,
    /// `Connection: upgrade`
    pub connection_upgrade: bool,
    pub upgrade: bool,
    /// An `Upgrade` line names `h2c`: whoever lets that through loses sight of all later requests.
    pub h2c: bool,
    /// An `Upgrade` line names `websocket`.
    pub websocket: bool,
    /// `Expect: 100-continue`
    pub expect_continue: bool,
    /// A `Connection` line has options besides `close` and `keep-alive`, mixed with these.
    pub mixed_connection: bool,
    pub te: bool,
    pub folded: bool,
    /// A second `Host` line has come; it must equal the first.
    pub second_host: bool,
}

impl Facts {
    /// Takes note of one line. Names are matched by length first: most lines are of no interest.
    #[inline]
    pub(super) fn note(
        &mut self,
        name: &[u8],
        value: &[u8],
        options: &Options,
    ) -> Result<Keep, Cause> {
        match name.len() {
            2 if name.eq_ignore_ascii_case(b"te") => self.te = true,
            4 if name.eq_ignore_ascii_case(b"host") => return self.note_host(value, options),
            6 if name.eq_ignore_ascii_case(b"expect") => {
                self.expect_continue |= value.eq_ignore_ascii_case(b"100-continue");
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade = true;
                self.h2c |= list_items(value).any(is_h2c);
                self.websocket |= list_items(value).any(|i| i.eq_ignore_ascii_case(b"websocket"));
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                return Ok(self.note_connection(value));
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => return self.note_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                return self.note_coding(value);
            }
            _ => {}
        }
        Ok(Keep::Line)
    }

    fn note_host(&mut self, value: &[u8], options: &Options) -> Result<Keep, Cause> {
        if !options.relaxed && !authority::is_host(value) {
            return Err(Cause::Host);
        }
        self.second_host |= self.host;
        self.host = true;
        Ok(Keep::Line)
    }

    fn note_connection(&mut self, value: &[u8]) -> Keep {
        if value.eq_ignore_ascii_case(b"keep-alive") {
            self.keep_alive = true;
            return Keep::Nothing;
        }
        let (mut ours, mut others) = (false, false);
        for option in list_items(value).filter(|o| !o.is_empty()) {
            if option.eq_ignore_ascii_case(b"close") {
                (self.close, ours) = (true, true);
            } else if option.eq_ignore_ascii_case(b"keep-alive") {
                (self.keep_alive, ours) = (true, true);
            } else {
                self.connection_upgrade |= option.eq_ignore_ascii_case(b"upgrade");
                others = true;
            }
        }
        self.mixed_connection |= ours && others;
        if others { Keep::Line } else { Keep::Nothing }
    }

    fn note_length(&mut self, value: &[u8]) -> Result<Keep, Cause> {
        let mut first_len = None;
        let known = self.content_length.is_some();
        for item in value.split(|&b| b == b',') {
            let item = item.trim_ascii();
            let number = decimal(item).ok_or(Cause::ContentLength)?;
            if *self.content_length.get_or_insert(number) != number {
                return Err(Cause::ContentLength);
            }
            first_len.get_or_insert(item.len());
        }
        Ok(if known {
            Keep::Nothing
        } else {
            Keep::Prefix(first_len.unwrap_or(0))
        })
    }

    fn note_coding(&mut self, value: &[u8]) -> Result<Keep, Cause> {
        if self.chunked {
            return Err(Cause::TransferEncoding);
        }
        if value.eq_ignore_ascii_case(b"chunked") {
            self.chunked = true;
            return Ok(Keep::Line);
        }
        // Another coding under chunked would have to be forwarded as it is, and servers disagree on such lists.
        let is_chunked = |item: &[u8]| item.eq_ignore_ascii_case(b"chunked");
        let once = list_items(value).filter(|i| is_chunked(i)).count() == 1;
        Err(
            if once && list_items(value).last().is_some_and(is_chunked) {
                Cause::TransferCoding
            } else {
                Cause::TransferEncoding
            },
        )
    }
}

/// Whether an `Upgrade` item is HTTP/2 without TLS.
pub(super) fn is_h2c(item: &[u8]) -> bool {
    item.eq_ignore_ascii_case(b"h2c")
}

/// A decimal number below 2^63: what `Content-Length` may be (RFC 9110 8.6). More has no use but to overflow readers.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut number: u64 = 0;
    for &digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number
            .checked_mul(10)?
            .checked_add(u64::from(digit - b'0'))?;
    }
    i64::try_from(number).is_ok().then_some(number)
}
