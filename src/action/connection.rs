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
        option(w, SocketOption::Mark)
    }),
    Entry::new(
        "set-tos",
        "<tos>",
        "sets the TOS field of the client's packets",
        |w| option(w, |n| SocketOption::Tos(n as u8)),
    ),
];

/// HAProxy's scheduler has priorities per task; here a worker's tasks are equal.
pub(super) static NICE: Entry = Entry::absent(
    "set-nice",
    false,
    "sets the task's priority",
    "priorities of tasks",
);

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

fn option(words: &mut Words<'_, '_, '_>, make: fn(u32) -> SocketOption) -> Read {
    let word = words.word("expects exactly 1 argument (integer/hex value)")?;
    let text = word.text();
    let number = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => text.parse(),
    };
    let Ok(number) = number else {
        let message =
            format!("invalid character starting at '{text}' (integer/hex value expected)");
        return Err(words.refuse_at(word.span, message));
    };
    let option = make(number);
    ready(move || {
        Action::new(Box::new(move |scope| {
            if let Some(socket) = scope.session.socket {
                (socket.set)(socket.fd, option);
            }
            Flow::Continue
        }))
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
