//! Between requests: a connection holds no buffers and no transaction, and ends without a word (manual 4.2 `timeout
//! http-keep-alive`).

use super::Connection;
use crate::settings::Options;

/// Waits for the first request to begin. A client that sends nothing at all is answered and logged, so whatever ends the wait,
/// the exchange begins; but until then nothing is held for it.
pub(super) async fn wait_for_first(connection: &mut Connection) {
    let client = &mut connection.client;
    if client.upgrade.is_some() {
        return;
    }
    let timeouts = &client.proxy.settings.timeouts;
    let limit = timeouts.http_request.or(timeouts.client);
    client.alarm.after(connection.since, limit);
    let stream = &client.stream;
    // What ended the wait shows again in the exchange's first read.
    let _ = client.alarm.until(|cx| stream.poll_readable(cx)).await;
}

/// Waits for the next request. False if the client left or took too long.
pub(super) async fn wait(connection: &mut Connection) -> bool {
    let client = &mut connection.client;
    let timeouts = &client.proxy.settings.timeouts;
    let limit = timeouts
        .http_keep_alive
        .or(timeouts.http_request)
        .or(timeouts.client);
    client.alarm.after(connection.since, limit);
    // Where it may not be closed under the client, it closes after one more response.
    let options = client.proxy.settings.options;
    client
        .slot
        .set_idle(!options.contains(Options::IDLE_CLOSE_ON_RESPONSE));
    let stream = &client.stream;
    let ready = client.alarm.until(|cx| stream.poll_readable(cx)).await;
    client.slot.set_idle(false);
    matches!(ready, Ok(Ok(())))
}
