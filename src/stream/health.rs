//! `mode health`: says that the proxy is there, as HAProxy once did. Nothing is read, nothing is logged.
//!
//! A bare connection is told `OK`; where `option httpchk` asks for it, a status line. `monitor fail` makes it 503, or nothing.

use std::rc::Rc;
use std::time::Instant;

use super::{Client, scope};
use crate::acl::Outcome;
use crate::settings::CheckKind;
use crate::worker::Worker;

/// How long we wait for the client to close, milliseconds.
const PARTING: u64 = 1_000;

/// Answers, and closes.
pub(super) async fn answer(worker: Rc<Worker>, mut client: Client) {
    let proxy = client.proxy.clone();
    let mut txn = worker.transaction();
    let failed = {
        let scope = scope(&worker, &mut client.session, &mut txn);
        let mut conditions = proxy.monitor_fail.iter();
        conditions.any(|condition| condition.test(&scope) == Outcome::Pass)
    };
    worker.recycle(txn);
    let http = matches!(proxy.settings.check_kind, CheckKind::Http);
    let said: &[u8] = match (http, failed) {
        (true, false) => b"HTTP/1.0 200 OK\r\n\r\n",
        (true, true) => b"HTTP/1.0 503 Service Unavailable\r\n\r\n",
        (false, false) => b"OK\n",
        (false, true) => b"",
    };
    let (stream, alarm) = (&client.stream, &mut client.alarm);
    // It fits any socket's buffer; a client that is gone need not know.
    if stream.try_write(said, false).is_err() || stream.shutdown_write().is_err() {
        return;
    }
    proxy.state.front.bytes_out.add(said.len() as u64);
    // Unread bytes would make the kernel reset the connection, and the client lose the answer.
    alarm.after(Instant::now(), Some(PARTING));
    let mut rest = worker.pools.buffer();
    for _ in 0..16 {
        rest.clear();
        match alarm.until(|cx| stream.poll_append(cx, &mut rest)).await {
            Ok(Ok(1..)) => {}
            _ => return,
        }
    }
}
