//! How large HAProxy takes a head to be. Its byte counts (`%B`, `%U`, `bin`, `bout`) and the room that rules have are
//! those of its internal form, not of the bytes on the wire. Found by comparing its logs with what it sent.

use super::Head;

/// The fixed part of a first line.
const LINE: usize = 20;
/// The length of a version, `HTTP/1.1`.
const VERSION: usize = 8;
/// A status code.
const STATUS: usize = 3;
/// The end of the headers.
const END: usize = 1;
/// What its buffer loses to the order it keeps.
const BUFFER: usize = 56;
/// What each line costs beside its bytes.
const ENTRY: usize = 8;

impl Head {
    /// What HAProxy counts for this head, in bytes.
    pub fn weight(&self) -> usize {
        let line = if self.is_request() {
            self.method().len() + self.target().len()
        } else {
            STATUS + self.reason().len()
        };
        let fields: usize = self
            .entries
            .iter()
            .map(|entry| entry.name.len() + entry.value.len())
            .sum();
        LINE + VERSION + line + fields + END
    }

    /// Whether this head, with so many bytes and lines more, fits a buffer of `room` bytes.
    pub fn has_room(&self, room: usize, bytes: usize, lines: usize) -> bool {
        // The first line and the end of the head count as lines.
        let order = BUFFER + ENTRY * (self.len() + lines + 2);
        let rough = LINE + VERSION + STATUS + END + self.buf.len();
        let fits = |size: usize| size.saturating_add(bytes).saturating_add(order) <= room;
        // What was replaced still stands in our own buffer, so that this is the most it can be.
        fits(rough) || fits(self.weight())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Version;

    /// haproxy 2.6 with `tune.bufsize 16384`: the longest value that `set-header` could add.
    #[test]
    fn the_room_is_haproxys() {
        let mut head = Head::request(b"GET", b"/", Version::HTTP_11);
        head.add(b"host", b"t");
        assert!(head.has_room(16_384, 3 + 16_252, 1));
        assert!(!head.has_room(16_384, 3 + 16_260, 1));
        head.add(b"x", &[b'y'; 9_000]);
        head.set(b"x", &[b'y'; 9_000]);
        assert!(
            head.has_room(16_384, 7_000, 1),
            "what was replaced takes no room"
        );
    }
}
