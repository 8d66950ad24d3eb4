//! Keys of entries: bytes in the order in which they are shown.

use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The type of a table's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// `ip`
    Ip,
    /// `ipv6`
    Ipv6,
    /// `integer`, 32 bits
    Integer,
    /// `string` of at most so many bytes
    String(usize),
    /// `binary` of so many bytes
    Binary(usize),
}

impl KeyType {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Ipv6 => "ipv6",
            Self::Integer => "integer",
            Self::String(_) => "string",
            Self::Binary(_) => "binary",
        }
    }

    /// The key of text (cut where it is too long) or of bytes (also filled up with zeros).
    pub fn key(self, bytes: &[u8]) -> Key {
        match self {
            Self::String(most) => Key::new(bytes.get(..most).unwrap_or(bytes)),
            Self::Binary(length) => match bytes.get(..length) {
                Some(all) => Key::new(all),
                None => {
                    let mut filled = bytes.to_vec();
                    filled.resize(length, 0);
                    Key::new(&filled)
                }
            },
            _ => Key::new(bytes),
        }
    }

    /// A key as the runtime API shows it.
    pub fn show(self, key: &Key) -> String {
        let bytes = key.bytes();
        match self {
            Self::Ip => <[u8; 4]>::try_from(bytes)
                .map_or_else(|_| String::new(), |b| Ipv4Addr::from(b).to_string()),
            Self::Ipv6 => <[u8; 16]>::try_from(bytes)
                .map_or_else(|_| String::new(), |b| Ipv6Addr::from(b).to_string()),
            Self::Integer => <[u8; 4]>::try_from(bytes)
                .map_or_else(|_| String::new(), |b| u32::from_be_bytes(b).to_string()),
            Self::String(_) => bytes.iter().map(|byte| shown(*byte)).collect(),
            Self::Binary(_) => bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        }
    }
}

/// A byte of text, so that an entry stays one line of words.
fn shown(byte: u8) -> String {
    match byte {
        b'\t' => "\\t".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        0x1b => "\\e".to_owned(),
        b'\\' | b' ' | b'=' => format!("\\{}", char::from(byte)),
        0x21..=0x7e => char::from(byte).to_string(),
        _ => format!("\\x{byte:02X}"),
    }
}

/// Bytes that fit where a longer key has its pointer.
const SHORT: usize = 22;

/// A key.
#[derive(Debug, Clone)]
pub struct Key(Bytes);

#[derive(Debug, Clone)]
enum Bytes {
    Short(u8, [u8; SHORT]),
    Long(Box<[u8]>),
}

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let mut short = [0; SHORT];
        Self(match short.get_mut(..bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                Bytes::Short(bytes.len() as u8, short)
            }
            None => Bytes::Long(bytes.into()),
        })
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Bytes::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Bytes::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(self.bytes());
    }
}
