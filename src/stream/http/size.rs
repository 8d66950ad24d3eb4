//! How large HAProxy says a message is: its byte counts (`%B`, `%U`, `bin`, `bout`) are those of its internal form, not of the
//! bytes on the wire. Found by comparing its logs with what it sent.

use crate::http::Head;

/// The end of trailers.
const END: usize = 1;

/// The size of a head.
pub(super) fn of_head(head: &Head) -> u64 {
    head.weight() as u64
}

/// The size of what follows the data of a chunked body.
pub(super) fn of_end(trailers: &Head) -> u64 {
    let fields: usize = trailers
        .fields()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    (fields + END) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Reply, Version, redirect};

    /// `%B` in haproxy 2.6's logs for these answers.
    #[test]
    fn sizes_are_haproxys() {
        let forbidden = Reply::builtin(403);
        assert_eq!(of_head(&forbidden.head) + forbidden.body.len() as u64, 192);
        let found = redirect::reply(302, b"/x").unwrap();
        assert_eq!(of_head(&found.head), 83);
        let mut chunked = Head::response(Version::HTTP_11, 200, b"OK");
        chunked.add(b"transfer-encoding", b"chunked");
        assert_eq!(of_head(&chunked) + 2 + of_end(&Head::new()), 61);
    }
}
