//! Frames counted as they pass: what the crate does not tell of a connection.
//!
//! Bytes go by in pieces of any size; only frame heads, and the codes of resets and farewells, are looked at.

/// Frames of one direction of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// HEADERS.
    pub headers: u64,
    /// DATA.
    pub data: u64,
    /// SETTINGS.
    pub settings: u64,
    /// RST_STREAM.
    pub resets: u64,
    /// GOAWAY.
    pub farewells: u64,
}

/// What is to be known of a frame that ends something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A stream, with this code (RFC 9113 7).
    Stream(u32, u32),
    /// The connection, with this code.
    Connection(u32),
}

/// Where in the frames of one direction the next byte is.
#[derive(Debug, Default)]
pub struct Frames {
    /// Bytes to pass over: a preface, the rest of a payload.
    skip: usize,
    /// The head of a frame, and the first bytes of a payload that is looked at.
    head: [u8; 17],
    have: usize,
    want: usize,
    /// A head of headers has begun, and its last piece has not passed.
    headers: bool,
    /// What has passed.
    pub counts: Counts,
}

const HEAD: usize = 9;

impl Frames {
    /// Frames after so many bytes.
    pub fn after(skip: usize) -> Self {
        Self {
            skip,
            want: HEAD,
            ..Self::default()
        }
    }

    /// Takes note of the next bytes; `ended` hears of resets and farewells.
    pub fn pass(&mut self, mut bytes: &[u8], mut ended: impl FnMut(Ending)) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = bytes.get(skipped..).unwrap_or_default();
            let taken = (self.want - self.have).min(bytes.len());
            let (now, rest) = bytes.split_at(taken);
            if let Some(room) = self.head.get_mut(self.have..self.have + taken) {
                room.copy_from_slice(now);
            }
            self.have += taken;
            bytes = rest;
            if self.have == self.want {
                self.whole(&mut ended);
            }
        }
    }

    /// Whether a frame, or a head of headers, has begun and is not through.
    pub fn midway(&self) -> bool {
        self.skip > 0 || self.have > 0 || self.headers
    }

    fn whole(&mut self, ended: &mut impl FnMut(Ending)) {
        let [a, b, c, kind, flags, s1, s2, s3, s4, p @ ..] = self.head;
        let payload = u32::from_be_bytes([0, a, b, c]) as usize;
        let looked_at = match kind {
            3 => 4,
            7 => 8,
            _ => 0,
        };
        if self.want == HEAD && looked_at > 0 && payload >= looked_at {
            self.want = HEAD + looked_at;
            return;
        }
        let [c1, c2, c3, c4, d1, d2, d3, d4] = p;
        let first = u32::from_be_bytes([c1, c2, c3, c4]);
        let second = u32::from_be_bytes([d1, d2, d3, d4]);
        if matches!(kind, 1 | 9) {
            self.headers = flags & 4 == 0;
        }
        let counts = &mut self.counts;
        match kind {
            0 => counts.data += 1,
            1 => counts.headers += 1,
            3 => {
                counts.resets += 1;
                ended(Ending::Stream(
                    u32::from_be_bytes([s1 & 0x7f, s2, s3, s4]),
                    first,
                ));
            }
            4 => counts.settings += 1,
            7 => {
                counts.farewells += 1;
                ended(Ending::Connection(second));
            }
            _ => {}
        }
        self.skip = payload - (self.want - HEAD).min(payload);
        (self.have, self.want) = (0, HEAD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
        let size = (payload.len() as u32).to_be_bytes();
        let head = [size[1], size[2], size[3], kind, 0, 0, 0, 0, stream];
        [&head[..], payload].concat()
    }

    #[test]
    fn frames_are_counted_however_the_bytes_are_cut() {
        let bytes = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, &[0; 12]),
            frame(1, 1, b"abc"),
            frame(0, 1, b""),
            frame(0, 1, &[7; 300]),
            frame(3, 5, &[0, 0, 0, 8]),
            frame(8, 0, &[0; 4]),
            frame(7, 0, &[0, 0, 0, 1, 0, 0, 0, 11, b'x', b'y']),
            frame(4, 0, b""),
        ]
        .concat();
        for size in [1, 2, 7, 9, 17, 1000] {
            let (mut frames, mut endings) = (Frames::after(24), Vec::new());
            for piece in bytes.chunks(size) {
                frames.pass(piece, |ending| endings.push(ending));
            }
            let expected = Counts {
                headers: 1,
                data: 2,
                settings: 2,
                resets: 1,
                farewells: 1,
            };
            assert_eq!(frames.counts, expected, "{size}");
            assert_eq!(endings, [Ending::Stream(5, 8), Ending::Connection(11)]);
        }
    }
}
