//! TLS hello messages in buffered bytes (manual 7.3.5, `req.ssl_*`; RFC 8446 4.1.2, RFC 5246 7.4.1.2).

use super::*;
use crate::sample::args::Args;
use crate::sample::table::Bytes;

#[rustfmt::skip]
pub(super) const TABLE: &[Fetch] = &[
    entry("rep_ssl_hello_type", &[], Type::Int, Get::ServerBytes(server_hello_type), "old name of `res.ssl_hello_type`"),
    entry("req.ssl_alpn", &[], Type::Str, Get::ClientBytes(alpn), "the first protocol that the client hello offers"),
    entry("req.ssl_cipherlist", &[], Type::Bin, Get::ClientBytes(ciphers), "the cipher suites of the client hello (3.x)"),
    entry("req.ssl_ec_ext", &[], Type::Bool, Get::ClientBytes(ec_ext), "whether the client hello names elliptic curves"),
    entry("req.ssl_hello_type", &[], Type::Int, Get::ClientBytes(client_hello_type), "1 for a whole client hello"),
    entry("req.ssl_keyshare_groups", &[], Type::Bin, Get::ClientBytes(shares), "the groups that the client hello has key shares of (3.x)"),
    entry("req.ssl_sigalgs", &[], Type::Bin, Get::ClientBytes(|bytes, _| list(bytes, 13)), "the signature algorithms of the client hello (3.x)"),
    entry("req.ssl_sni", &[], Type::Str, Get::ClientBytes(sni), "the server name of the client hello"),
    entry("req.ssl_st_ext", &[], Type::Int, Get::ClientBytes(st_ext), "0 without session tickets, 1 with them, 2 with a ticket"),
    entry("req.ssl_supported_groups", &[], Type::Bin, Get::ClientBytes(|bytes, _| list(bytes, 10)), "the groups of the client hello (3.x)"),
    entry("req.ssl_ver", &[], Type::Int, Get::ClientBytes(version), "the version that the client hello names: major × 65536 + minor"),
    entry("req_ssl_hello_type", &[], Type::Int, Get::ClientBytes(client_hello_type), "old name of `req.ssl_hello_type`"),
    entry("req_ssl_sni", &[], Type::Str, Get::ClientBytes(sni), "old name of `req.ssl_sni`"),
    entry("req_ssl_ver", &[], Type::Int, Get::ClientBytes(version), "old name of `req.ssl_ver`"),
    entry("res.ssl_hello_type", &[], Type::Int, Get::ServerBytes(server_hello_type), "2 for a whole server hello"),
];

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// A reader of fields that have their length before them.
#[derive(Clone, Copy)]
struct Fields<'s>(&'s [u8]);

impl<'s> Fields<'s> {
    fn take(&mut self, n: usize) -> Option<&'s [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }
    fn number(&mut self, width: usize) -> Option<usize> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
    }
    /// A field whose length stands in `width` bytes before it.
    fn sized(&mut self, width: usize) -> Option<Fields<'s>> {
        let len = self.number(width)?;
        self.take(len).map(Fields)
    }
}

/// What the beginning of a stream is.
enum Hello<'s> {
    /// A whole hello of this type, as a handshake body.
    Whole(u8, Fields<'s>),
    /// May become one.
    Partial,
    /// No TLS handshake.
    None,
}

/// Reads one handshake message of the first record.
fn hello(data: &[u8]) -> Hello<'_> {
    match data {
        [] => return Hello::Partial,
        [HANDSHAKE] => {}
        [HANDSHAKE, major, ..] if *major >= 3 => {}
        _ => return Hello::None,
    }
    let mut record = Fields(data);
    let Some(_) = record.take(3) else {
        return Hello::Partial;
    };
    let Some(len) = record.number(2) else {
        return Hello::Partial;
    };
    if len < 4 {
        return Hello::None;
    }
    let Some(body) = record.take(len) else {
        return match record.0.first() {
            Some(&(CLIENT_HELLO | SERVER_HELLO)) | None => Hello::Partial,
            Some(_) => Hello::None,
        };
    };
    let mut message = Fields(body);
    let Some(kind) = message.number(1) else {
        return Hello::None;
    };
    let Some(size) = message.number(3) else {
        return Hello::None;
    };
    match message.take(size) {
        Some(fields) => Hello::Whole(kind as u8, Fields(fields)),
        // It goes on in the next record: what this one holds must do, as with HAProxy.
        None if record.0.len() + message.0.len() >= size => Hello::Whole(kind as u8, message),
        None => Hello::Partial,
    }
}

/// The extensions of a client hello: number and contents.
fn extensions(mut hello: Fields<'_>) -> impl Iterator<Item = (usize, Fields<'_>)> {
    let list = (|| {
        hello.take(2 + 32)?;
        hello.sized(1)?;
        hello.sized(2)?;
        hello.sized(1)?;
        hello.sized(2)
    })();
    let mut list = list.unwrap_or(Fields(&[]));
    std::iter::from_fn(move || Some((list.number(2)?, list.sized(2)?)))
}

/// The client hello, waiting for the rest of one that has begun.
fn client_hello<'s>(bytes: Bytes<'s>) -> Option<Fields<'s>> {
    match hello(bytes.data()) {
        Hello::Whole(CLIENT_HELLO, fields) => Some(fields),
        Hello::Partial => bytes.wait(),
        Hello::Whole(..) | Hello::None => None,
    }
}

fn extension<'s>(bytes: Bytes<'s>, number: usize) -> Option<Fields<'s>> {
    extensions(client_hello(bytes)?)
        .find(|(found, _)| *found == number)
        .map(|(_, contents)| contents)
}

fn sni<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    let mut contents = extension(bytes, 0)?;
    let mut names = contents.sized(2)?;
    while let Some(kind) = names.number(1) {
        let name = names.sized(2)?;
        if kind == 0 {
            return Some(Value::text(name.0));
        }
    }
    None
}

/// The list that an extension is, without its length.
fn list<'s>(bytes: Bytes<'s>, number: usize) -> Option<Value<'s>> {
    let mut contents = extension(bytes, number)?;
    contents.sized(2).map(|list| Value::bytes(list.0))
}

fn ciphers<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    let mut hello = client_hello(bytes)?;
    hello.take(2 + 32)?;
    hello.sized(1)?;
    hello.sized(2).map(|list| Value::bytes(list.0))
}

fn shares<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    let mut shares = extension(bytes, 51)?.sized(2)?;
    let mut out = Vec::new();
    while let Some(group) = shares.take(2) {
        shares.sized(2)?;
        out.extend_from_slice(group);
    }
    Some(Value::Bin(out.into()))
}

fn alpn<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    let mut contents = extension(bytes, 16)?;
    let mut protocols = contents.sized(2)?;
    protocols.sized(1).map(|first| Value::text(first.0))
}

fn ec_ext<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    let hello = client_hello(bytes)?;
    let named = extensions(hello).any(|(number, _)| number == 10);
    named.then_some(Value::Bool(true))
}

fn st_ext<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    let hello = client_hello(bytes)?;
    // A hello without any extensions says nothing of tickets either.
    extensions(hello).next()?;
    let ticket = extensions(hello).find(|(number, _)| *number == 35);
    Some(Value::Int(match ticket {
        None => 0,
        Some((_, ticket)) if ticket.0.is_empty() => 1,
        Some(_) => 2,
    }))
}

fn client_hello_type<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    client_hello(bytes).map(|_| Value::Int(i64::from(CLIENT_HELLO)))
}

fn server_hello_type<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    match hello(bytes.data()) {
        Hello::Whole(SERVER_HELLO, _) => Some(Value::Int(i64::from(SERVER_HELLO))),
        Hello::Partial => bytes.wait(),
        Hello::Whole(..) | Hello::None => None,
    }
}

/// The version that the hello names, once its record is whole; of hellos in SSLv2's clothes too (RFC 5246 E.2).
fn version<'s>(bytes: Bytes<'s>, _: &'s Args) -> Option<Value<'s>> {
    let data = bytes.data();
    let (major, minor) = match data {
        [] | [HANDSHAKE] => return bytes.wait(),
        [HANDSHAKE, major, ..] if *major < 3 => return None,
        [HANDSHAKE, rest @ ..] => match rest {
            [_, _, high, low, body @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                match body {
                    _ if length < 6 => return None,
                    [_, _, _, _, major, minor, ..] if body.len() >= length => (*major, *minor),
                    _ => return bytes.wait(),
                }
            }
            _ => return bytes.wait(),
        },
        [first, low, 1, major, minor, ..]
            if *first > 127 && data.len() >= 2 + usize::from(*low) =>
        {
            (*major, *minor)
        }
        _ => return None,
    };
    Some(Value::Int(i64::from(major) << 16 | i64::from(minor)))
}
