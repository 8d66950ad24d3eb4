//! Which HTTP is spoken with a server (manual 5.2 `proto`, `alpn`, `ws`).

use crate::http::Head;
use crate::plan::{Plan, Proxy, Server};
use crate::settings::{Mode, Protocol, WebSocket};
use crate::wire::h2::Terms;

use super::own::Spoken;

/// HTTP/2 by its name in ALPN.
const H2: &[u8] = b"h2";
/// HTTP/1.1 by its name in ALPN.
const H1: &[u8] = b"http/1.1";

/// What is to be spoken with a server for this request.
pub(super) fn wanted(backend: &Proxy, server: &Server, head: &Head) -> Spoken {
    let settings = &server.settings;
    if backend.settings.mode != Mode::Http {
        return Spoken::Agreed;
    }
    let usual = match settings.proto {
        Some(Protocol::H2) => Spoken::H2,
        Some(Protocol::H1 | Protocol::None) => Spoken::H1,
        None => Spoken::Agreed,
    };
    let offers = |name: &[u8]| settings.ssl && settings.tls.terms.alpn.iter().any(|n| n == name);
    // Where nothing but HTTP/1 can come out there is nothing to look at.
    let plain = usual != Spoken::H2 && !offers(H2);
    if plain && settings.ws != WebSocket::H2 {
        return Spoken::Agreed;
    }
    if !is_websocket(head) {
        return usual;
    }
    match settings.ws {
        WebSocket::H1 => Spoken::H1,
        WebSocket::H2 => Spoken::H2,
        WebSocket::Auto if usual == Spoken::Agreed && offers(H1) => Spoken::H1,
        WebSocket::Auto => usual,
    }
}

/// What TLS offers in the place of what the server's line says, where that must not be left to the server.
pub(super) fn offer(server: &Server, spoken: Spoken) -> Option<Vec<Vec<u8>>> {
    let offered = !server.settings.tls.terms.alpn.is_empty();
    // `proto` says what is spoken whatever is offered.
    if !offered || server.settings.proto.is_some() {
        return None;
    }
    match spoken {
        Spoken::Agreed => None,
        Spoken::H1 => Some(vec![H1.to_vec()]),
        Spoken::H2 => Some(vec![H2.to_vec()]),
    }
}

/// Whether HTTP/2 is spoken on a new connection, on which TLS has agreed on `alpn`.
pub(super) fn is_h2(backend: &Proxy, spoken: Spoken, alpn: Option<&[u8]>) -> bool {
    match spoken {
        Spoken::H1 => false,
        Spoken::H2 => true,
        Spoken::Agreed => backend.settings.mode == Mode::Http && alpn == Some(H2),
    }
}

/// Whether connections to it may carry many requests at once.
pub(super) fn may_multiplex(server: &Server) -> bool {
    let settings = &server.settings;
    settings.proto == Some(Protocol::H2)
        || settings.ws == WebSocket::H2
        || (settings.ssl && settings.tls.terms.alpn.iter().any(|name| name == H2))
}

fn is_websocket(head: &Head) -> bool {
    head.items(b"upgrade")
        .any(|item| item.eq_ignore_ascii_case(b"websocket"))
}

/// What connections to servers announce.
pub(super) fn terms(plan: &Plan) -> Terms {
    let global = &plan.global;
    let side = global.http2.side(global.http2.back);
    let head = global.bufsize.saturating_sub(global.maxrewrite);
    Terms {
        window: side.window(),
        connection_window: side.connection_window(),
        streams: side.streams(),
        frame: global.http2.frame(global.bufsize),
        header_table: global.http2.header_table,
        head: u32::try_from(head).unwrap_or(u32::MAX),
        glitches: side.glitches,
        extended_connect: false,
    }
}

/// Requests at once on one connection.
pub(super) fn most(plan: &Plan) -> usize {
    let global = &plan.global;
    global.http2.side(global.http2.back).streams() as usize
}
