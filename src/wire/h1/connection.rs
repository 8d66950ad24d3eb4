//! Lines that concern one connection only: `Connection`, `Upgrade`, `TE` (RFC 9110 7.6.1, 7.8, 10.1.4).

use super::facts::{Facts, is_h2c};
use crate::http::{Head, list_items};

/// Puts right what the scan only noted, where a message has such lines at all.
///
/// `close` and `keep-alive` go: whether a connection stays is said anew on each side. `TE` shrinks to `trailers`, all that the
/// proxy can promise. An offer to switch to `h2c` is withdrawn as a whole, with the settings that belong to it.
pub(super) fn tidy(head: &mut Head, facts: &Facts) {
    if facts.mixed_connection {
        rewrite(head, b"connection", |option| !is_ours(option));
    }
    if facts.te {
        rewrite(head, b"te", |item| item.eq_ignore_ascii_case(b"trailers"));
    }
    if facts.h2c {
        debug_assert!(
            head.items(b"upgrade").any(is_h2c),
            "noted only where it stands"
        );
        head.remove(b"upgrade");
        head.remove(b"http2-settings");
        rewrite(head, b"connection", |option| {
            !option.eq_ignore_ascii_case(b"upgrade")
                && !option.eq_ignore_ascii_case(b"http2-settings")
        });
    }
}

/// Whether a head that rules have worked on has `Connection: close`: they too may end a connection. (What was received has
/// been taken down.)
pub fn asks_to_close(head: &Head) -> bool {
    // Asked several times of every message, and hardly one has such a line.
    head.position(b"connection", 0).is_some()
        && head
            .items(b"connection")
            .any(|option| option.eq_ignore_ascii_case(b"close"))
}

/// Whether a `Connection` line says what is for us to say.
pub(super) fn says_ours(value: &[u8]) -> bool {
    list_items(value).any(is_ours)
}

/// The options of a `Connection` line that are not for us to say.
pub(super) fn others(value: &[u8]) -> Vec<u8> {
    let others: Vec<&[u8]> = list_items(value)
        .filter(|o| !o.is_empty() && !is_ours(o))
        .collect();
    others.join(&b", "[..])
}

fn is_ours(option: &[u8]) -> bool {
    option.eq_ignore_ascii_case(b"close") || option.eq_ignore_ascii_case(b"keep-alive")
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
