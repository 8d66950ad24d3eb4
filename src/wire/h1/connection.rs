//! Lines that concern one connection only: `Connection`, `Upgrade`, `TE` (RFC 9110 7.6.1, 7.8, 10.1.4).

use super::facts::{Facts, is_h2c};
use crate::http::{Head, list_items};

/// Puts right what the scan only noted, where a message has such lines at all.
///
/// `close` and `keep-alive` go: whether a connection stays is said anew on each side. `TE` shrinks to `trailers`, all that the
/// proxy can promise. An offer to switch to `h2c` is withdrawn as a whole, with the settings that belong to it.
pub(super) fn tidy(head: &mut Head, facts: &Facts) {
    if facts.mixed_connection {
        rewrite(head, b"connection", |option| {
            !option.eq_ignore_ascii_case(b"close") && !option.eq_ignore_ascii_case(b"keep-alive")
        });
    }
    if facts.te {
        let trailers = head
            .items(b"te")
            .any(|t| t.eq_ignore_ascii_case(b"trailers"));
        head.remove(b"te");
        if trailers {
            head.add(b"te", b"trailers");
        }
    }
    if facts.h2c {
        debug_assert!(
            head.items(b"upgrade").any(is_h2c),
            "noted only where it stands"
        );
        head.remove(b"upgrade");
        head.remove(b"http2-settings");
    }
}

/// Keeps the items of these lines that `keep` says to keep; a line without any goes.
fn rewrite(head: &mut Head, name: &[u8], keep: impl Fn(&[u8]) -> bool) {
    let mut from = 0;
    while let Some(at) = head.position(name, from) {
        let value = head.field(at).map(|f| f.value).unwrap_or_default();
        let kept: Vec<&[u8]> = list_items(value)
            .filter(|i| !i.is_empty() && keep(i))
            .collect();
        if kept.is_empty() {
            head.remove_at(at);
        } else {
            let value = kept.join(&b", "[..]);
            head.replace_value(at, &value);
            from = at + 1;
        }
    }
}
