//! Rules about the connection: refusing it, its addresses, its socket's options.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::read::{Words, ready};
use super::table::{Entry, Read};
use super::{Action, Flow};
use crate::sample::{Address, Pending, Place, Scope, SocketOption};

pub(super) static REJECT: Entry = Entry::new("reject", "", "closes without an answer", |_| {
    ready(|| Action::new(Box::new(|_| Flow::Reject)))
});
pub(super) static SILENT_DROP: Entry = Entry::new(
    "silent-drop",
    "[ rst-ttl <ttl> ]",
    "vanishes without telling the client (`rst-ttl`: 2.8)",
    silent_drop,
);
pub(super) static CLOSE: Entry =
    Entry::new("close", "", "closes the connection to the server", |_| {
        ready(|| Action::new(Box::new(|_| Flow::Close)))
    });

pub(super) static ADDRESSES: &[Entry] = &[
    Entry::new("set-dst", "<expr>", "sets the destination address", |w| {
        address(w, End::Destination)
    }),
    Entry::new("set-dst-port", "<expr>", "sets the destination port", |w| {
        port(w, End::Destination)
    }),
    Entry::new("set-src", "<expr>", "sets the source address", |w| {
        address(w, End::Source)
    }),
    Entry::new("set-src-port", "<expr>", "sets the source port", |w| {
        port(w, End::Source)
    }),
];

pub(super) static SOCKET: &[Entry] = &[
    Entry::new("set-mark", "<mark>", "marks the client's packets", |w| {
        constant(w, mark)
    }),
    Entry::new(
        "set-tos",
        "<tos>",
        "sets the TOS field of the client's packets",
        |w| constant(w, tos),
    ),
    Entry::new(
        "set-fc-mark",
        "{ <mark> | <expr> }",
        "marks the client's packets (3.0)",
        |w| number_or_expr(w, mark),
    ),
    Entry::new(
        "set-fc-tos",
        "{ <tos> | <expr> }",
        "sets the TOS field of the client's packets (3.0)",
        |w| number_or_expr(w, tos),
    ),
];

pub(super) static SERVER_SOCKET: &[Entry] = &[
    Entry::new(
        "set-bc-mark",
        "{ <mark> | <expr> }",
        "marks the packets to the server (3.0)",
        |w| number_or_expr(w, |scope, mark| scope.txn.orders.packets.0 = Some(mark)),
    ),
    Entry::new(
        "set-bc-tos",
        "{ <tos> | <expr> }",
        "sets the TOS field of the packets to the server (3.0)",
        |w| number_or_expr(w, |scope, tos| scope.txn.orders.packets.1 = Some(tos as u8)),
    ),
];

/// What a rule does with its number.
type Apply = fn(&mut Scope<'_>, u32);

fn mark(scope: &mut Scope<'_>, mark: u32) {
    set_option(scope, SocketOption::Mark(mark));
}

fn tos(scope: &mut Scope<'_>, tos: u32) {
    set_option(scope, SocketOption::Tos(tos as u8));
}

fn set_option(scope: &mut Scope<'_>, option: SocketOption) {
    if let Some(socket) = scope.session.socket {
        (socket.set)(socket.fd, option);
    }
}

/// Which end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Source,
    Destination,
}

impl End {
    fn of<'s>(self, scope: &'s mut Scope<'_>, whole: bool) -> &'s mut Address {
        let session = &mut scope.session;
        let txn = &mut scope.txn;
        match self {
            // Connection rules change the connection for good, later ones the request in hand.
            Self::Source if whole => &mut session.source,
            Self::Destination if whole => &mut session.destination,
            Self::Source => txn.source.get_or_insert_with(|| session.source.clone()),
            Self::Destination => txn
                .destination
                .get_or_insert_with(|| session.destination.clone()),
        }
    }
}

fn address(words: &mut Words<'_, '_, '_>, end: End) -> Read {
    let whole = whole(words);
    let expr = words.expr()?;
    Ok(Pending::new(move |linker| {
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            let new = sample.eval(scope).and_then(|value| value.addr());
            if let Some(ip) = new {
                let place = end.of(scope, whole);
                // The port stays, even if the family does not.
                let port = place.ip().map_or(0, |old| old.port());
                *place = Address::Ip(SocketAddr::new(ip, port));
            }
            Flow::Continue
        })))
    }))
}

fn port(words: &mut Words<'_, '_, '_>, end: End) -> Read {
    let whole = whole(words);
    let expr = words.expr()?;
    Ok(Pending::new(move |linker| {
        let sample = expr.sample.link(linker)?;
        Ok(Action::new(Box::new(move |scope| {
            let new = sample.eval(scope).and_then(|value| value.int());
            if let Some(port) = new.map(|n| n as u16) {
                let place = end.of(scope, whole);
                let ip = place
                    .ip()
                    .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |old| old.ip());
                *place = Address::Ip(SocketAddr::new(ip, port));
            }
            Flow::Continue
        })))
    }))
}

fn whole(words: &Words<'_, '_, '_>) -> bool {
    matches!(words.cx.place, Place::TcpConnection | Place::TcpSession)
}

/// A number as C reads it: hexadecimal behind `0x`, octal behind `0`; a negative one counts down from the end.
fn integer(text: &str) -> Option<u32> {
    if let Some(rest) = text.strip_prefix('-') {
        return integer(rest.trim_start_matches('-')).map(u32::wrapping_neg);
    }
    let prefixed = |prefix: &str, radix| {
        let digits = text.strip_prefix(prefix).filter(|rest| !rest.is_empty())?;
        Some(u32::from_str_radix(digits, radix).ok())
    };
    prefixed("0x", 16)
        .or_else(|| prefixed("0", 8))
        .unwrap_or_else(|| text.parse().ok())
}

fn constant(words: &mut Words<'_, '_, '_>, apply: Apply) -> Read {
    let word = words.word("expects exactly 1 argument (integer/hex value)")?;
    let text = word.text();
    let Some(number) = integer(&text) else {
        let message =
            format!("invalid character starting at '{text}' (integer/hex value expected)");
        return Err(words.refuse_at(word.span, message));
    };
    ready(move || {
        Action::new(Box::new(move |scope| {
            apply(scope, number);
            Flow::Continue
        }))
    })
}

fn number_or_expr(words: &mut Words<'_, '_, '_>, apply: Apply) -> Read {
    let digit = |word: &&crate::syntax::Word| word.bytes.first().is_some_and(u8::is_ascii_digit);
    if words.cursor.peek().filter(digit).is_some() {
        return constant(words, apply);
    }
    super::control::number(words, move |scope, number| {
        if let Ok(number) = u32::try_from(number) {
            apply(scope, number);
        }
    })
}

fn silent_drop(words: &mut Words<'_, '_, '_>) -> Read {
    let mut ttl = None;
    if words.cursor.take_if("rst-ttl") {
        let word = words.word("'rst-ttl' expects a TTL value between 1 and 255")?;
        match word.text().parse() {
            Ok(value @ 1..=255) => ttl = Some(value),
            _ => {
                let message = "'rst-ttl' expects a TTL value between 1 and 255";
                return Err(words.refuse_at(word.span, message));
            }
        }
    }
    ready(move || Action::new(Box::new(move |_| Flow::SilentDrop(ttl))))
}
