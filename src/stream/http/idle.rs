//! Between requests: a connection holds no buffers and no transaction, and ends without a word (manual 4.2 `timeout
//! http-keep-alive`).

use std::time::Instant;

use crate::stream::Client;

/// Waits for the next request. False if the client left or took too long.
pub(super) async fn wait(client: &mut Client) -> bool {
    let timeouts = &client.proxy.settings.timeouts;
    let limit = timeouts
        .http_keep_alive
        .or(timeouts.http_request)
        .or(timeouts.client);
    client.alarm.after(Instant::now(), limit);
    let stream = &client.stream;
    let ready = client.alarm.until(|cx| stream.poll_readable(cx)).await;
    matches!(ready, Ok(Ok(())))
}
