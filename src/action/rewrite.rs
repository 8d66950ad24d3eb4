//! Changing a head within the room that there is, and what follows where there is none (manual 4.2 `strict-mode`).

use super::Flow;
use super::read::Side;
use crate::http::Head;
use crate::http::target::{Target, split_port};
use crate::sample::Scope;

/// Does an edit that makes a head longer by so many bytes and lines, if there is room for it.
pub(super) fn grow(
    side: Side,
    scope: &mut Scope<'_>,
    bytes: usize,
    lines: usize,
    edit: impl FnOnce(&mut Head),
) -> Flow {
    let room = scope.txn.rewriting.room;
    let head = side.head(scope);
    if room.is_none_or(|room| head.has_room(room, bytes, lines)) {
        edit(head);
        return Flow::Continue;
    }
    failed(side, scope)
}

/// Counts a rewrite that found no room. In strict mode that is the end of the message.
fn failed(side: Side, scope: &Scope<'_>) -> Flow {
    scope.session.frontend.front.failed_rewrites.inc();
    if let Some(backend) = &scope.txn.backend {
        backend.back.failed_rewrites.inc();
    }
    if let (Side::Response, Some(server)) = (side, &scope.txn.server) {
        server.totals.failed_rewrites.inc();
    }
    if scope.txn.rewriting.lenient {
        Flow::Continue
    } else {
        Flow::NoRoom
    }
}

/// Whether text of our own fits a buffer.
pub(super) fn fits(scope: &Scope<'_>, length: usize) -> bool {
    scope.txn.rewriting.room.is_none_or(|room| length <= room)
}

/// A request's host has changed: the authority of a target in absolute form goes with it.
pub(super) fn follow_host(head: &mut Head, host: &[u8]) {
    let Target::Absolute {
        scheme,
        authority,
        rest,
    } = Target::of(head.target())
    else {
        return;
    };
    if authority != host {
        let target = [scheme, b"://", host, rest].concat();
        head.set_target(&target);
    }
}

/// A request's target was set: the host goes with the authority of an absolute form.
pub(super) fn follow_target(head: &mut Head) {
    // What a rule has set is written as it is.
    head.set_normalized(false);
    let Target::Absolute { authority, .. } = Target::of(head.target()) else {
        return;
    };
    let (_, port) = split_port(authority);
    let user = memchr::memrchr(b'@', authority).map_or(0, |at| at + 1);
    let host = authority.get(user..).unwrap_or_default().to_vec();
    // A colon without a port is no part of a host.
    let host = match port {
        Some([]) => host.strip_suffix(b":").unwrap_or(&host).to_vec(),
        _ => host,
    };
    match head.position(b"host", 0) {
        Some(at) => head.replace_value(at, &host),
        None => head.add(b"host", &host),
    }
}
