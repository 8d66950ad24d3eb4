//! Facts of both hellos that rustls does not tell (RFC 8446 4.1.2, 4.1.3).

use xxhash_rust::xxh64::xxh64;

/// What a ClientHello offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Offered {
    /// The version it names first.
    pub version: u16,
    /// Its random bytes.
    pub random: [u8; 32],
    /// The hash of its cipher suites.
    pub hash: u64,
    /// The name it asks for (RFC 6066 3), as it writes it.
    pub name: Option<String>,
    /// Its cipher suites, the numbers of its extensions, its groups, its point formats: as far as there was room.
    pub lists: [Vec<u8>; 4],
}

/// Reads fields with their length before them.
struct Fields<'b>(&'b [u8]);

impl<'b> Fields<'b> {
    fn take(&mut self, n: usize) -> Option<&'b [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn number(&mut self, width: usize) -> Option<usize> {
        let bytes = self.take(width)?;
        Some(bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)))
    }

    fn sized(&mut self, width: usize) -> Option<&'b [u8]> {
        let len = self.number(width)?;
        self.take(len)
    }
}

/// The first handshake message in these records, if it is of this type.
fn message(mut records: &[u8], kind: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while let [22, _, _, high, low, rest @ ..] = records {
        let size = usize::from(u16::from_be_bytes([*high, *low]));
        let (body, behind) = rest.split_at_checked(size)?;
        bytes.extend_from_slice(body);
        records = behind;
        if let [first, a, b, c, body @ ..] = &bytes[..] {
            let size = u32::from_be_bytes([0, *a, *b, *c]) as usize;
            if let Some(body) = body.get(..size) {
                return (*first == kind).then(|| body.to_vec());
            }
        }
    }
    None
}

/// What the ClientHello at the beginning of a connection offers; `room`: bytes of its lists that are kept.
pub fn offered(records: &[u8], room: usize) -> Option<Offered> {
    let body = message(records, 1)?;
    let mut fields = Fields(&body);
    let version = fields.number(2)? as u16;
    let random = fields.take(32)?.try_into().ok()?;
    fields.sized(1)?;
    let ciphers = fields.sized(2)?;
    fields.sized(1)?;
    let (mut all, mut found, mut name) = (Vec::new(), [&[][..]; 2], None);
    let mut extensions = Fields(fields.sized(2).unwrap_or_default());
    while let (Some(number), Some(body)) = (extensions.take(2), extensions.sized(2)) {
        all.extend_from_slice(number);
        match number {
            [0, 0] => name = host_name(body),
            [0, 10] => found[0] = Fields(body).sized(2).unwrap_or_default(),
            [0, 11] => found[1] = Fields(body).sized(1).unwrap_or_default(),
            _ => {}
        }
    }
    let mut left = room;
    let lists = [ciphers, &all, found[0], found[1]].map(|list| {
        let kept = list.get(..left.min(list.len())).unwrap_or_default();
        left -= kept.len();
        kept.to_vec()
    });
    Some(Offered {
        version,
        random,
        hash: xxh64(ciphers, 0),
        name,
        lists,
    })
}

/// The first host's name in the extension `server_name`.
fn host_name(body: &[u8]) -> Option<String> {
    let mut names = Fields(Fields(body).sized(2)?);
    while let Some(kind) = names.number(1) {
        let name = names.sized(2)?;
        if kind == 0 {
            return String::from_utf8(name.to_vec()).ok();
        }
    }
    None
}

/// The random bytes and the session's id in the ServerHello at the beginning of what a server sends; none of a
/// request to begin again.
pub fn answered(records: &[u8]) -> Option<([u8; 32], Vec<u8>)> {
    /// What stands for random bytes in a HelloRetryRequest (RFC 8446 4.1.3), its beginning.
    const AGAIN: [u8; 8] = [0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11];
    let body = message(records, 2)?;
    let mut fields = Fields(&body);
    fields.take(2)?;
    let random: [u8; 32] = fields.take(32)?.try_into().ok()?;
    let id = fields.sized(1)?.to_vec();
    (!random.starts_with(&AGAIN)).then_some((random, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_a_hello_are_cut_to_the_room_and_hashed_whole() {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([1, 9]); // session id
        body.extend([0, 4, 0x13, 1, 0x13, 2]);
        body.extend([1, 0]);
        body.extend([0, 26, 0, 0, 0, 8, 0, 6, 0, 0, 3, b'A', b'.', b'b']);
        body.extend([0, 10, 0, 4, 0, 2, 0, 29, 0, 11, 0, 2, 1, 0]);
        let mut records = Vec::new();
        let mut message = vec![1, 0, 0, body.len() as u8];
        message.extend(&body);
        // In several records.
        for part in message.chunks(20) {
            records.extend([22, 3, 1, 0, part.len() as u8]);
            records.extend(part);
        }
        let all = offered(&records, 100).unwrap();
        assert_eq!((all.version, all.random), (0x303, [7; 32]));
        assert_eq!(all.name.as_deref(), Some("A.b"));
        let lists = [
            vec![0x13, 1, 0x13, 2],
            vec![0, 0, 0, 10, 0, 11],
            vec![0, 29],
            vec![0],
        ];
        assert_eq!(all.lists, lists);
        let few = offered(&records, 5).unwrap();
        assert_eq!(few.lists[1], [0]);
        assert_eq!(few.hash, all.hash);
        assert_eq!(offered(&records[..30], 5), None);
        assert_eq!(answered(&records), None);
    }
}
