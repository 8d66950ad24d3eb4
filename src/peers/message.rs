//! Messages: where one ends, and of what kind it is (peers protocol 2.1, "Messages").

use super::fault::Fault;
use super::number;

/// Class of messages without more: they steer the exchange.
const CONTROL: u8 = 0;
/// Class of messages that end it.
const ERROR: u8 = 1;
/// Class of messages about tables.
const TABLES: u8 = 10;
/// From this type on a length follows.
const VARIABLE: u8 = 128;

/// Types of messages about tables.
pub(super) mod kind {
    /// An entry, with its number.
    pub(in super::super) const UPDATE: u8 = 128;
    /// An entry, numbered one higher than the last.
    pub(in super::super) const NEXT: u8 = 129;
    /// What a table is.
    pub(in super::super) const DEFINE: u8 = 130;
    /// Which table the next entries are of.
    pub(in super::super) const SWITCH: u8 = 131;
    /// The number up to which entries have come.
    pub(in super::super) const ACK: u8 = 132;
    /// As `UPDATE`, with the time that is left.
    pub(in super::super) const TIMED: u8 = 133;
    /// As `NEXT`, with the time that is left.
    pub(in super::super) const TIMED_NEXT: u8 = 134;
}

/// What a control message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Tell all you know.
    Request,
    /// That was all.
    Finished,
    /// That was all, and it may not be all there is.
    Partial,
    /// You were heard to the end.
    Confirm,
    /// Still here.
    Heartbeat,
}

impl Control {
    const ALL: [Self; 5] = [
        Self::Request,
        Self::Finished,
        Self::Partial,
        Self::Confirm,
        Self::Heartbeat,
    ];

    /// The message.
    pub(super) fn message(self) -> [u8; 2] {
        let number = Self::ALL.iter().position(|one| *one == self);
        [CONTROL, number.unwrap_or_default() as u8]
    }
}

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// One that steers.
    Control(Control),
    /// The partner ends it: what we sent was malformed (0), or too long (1).
    Error(u8),
    /// An entry.
    Update {
        /// Its number comes first.
        numbered: bool,
        /// The time that is left comes behind it.
        timed: bool,
        /// The rest.
        body: &'a [u8],
    },
    /// What a table is.
    Define(&'a [u8]),
    /// Which table the next entries are of.
    Switch(&'a [u8]),
    /// How far entries have come.
    Ack(&'a [u8]),
    /// One of a later version: passed over.
    Unknown,
}

/// The message at the front and its length; `None` if it is not all there.
///
/// # Errors
/// It is, or would be, more than `limit` bytes long, or its length is no number.
pub fn next(bytes: &[u8], limit: usize) -> Result<Option<(Message<'_>, usize)>, Fault> {
    let [class, ty, rest @ ..] = bytes else {
        return Ok(None);
    };
    if *ty < VARIABLE {
        return Ok(Some((fixed(*class, *ty), 2)));
    }
    let mut rest = rest;
    let Some(length) = number::read(&mut rest)? else {
        return Ok(None);
    };
    let head = bytes.len() - rest.len();
    let whole = usize::try_from(length)
        .ok()
        .and_then(|n| n.checked_add(head));
    let whole = whole.filter(|n| *n <= limit).ok_or(Fault::Size(length))?;
    let Some(body) = bytes.get(head..whole) else {
        return Ok(None);
    };
    Ok(Some((variable(*class, *ty, body), whole)))
}

fn fixed(class: u8, ty: u8) -> Message<'static> {
    match class {
        CONTROL => Control::ALL
            .get(usize::from(ty))
            .map_or(Message::Unknown, |control| Message::Control(*control)),
        ERROR => Message::Error(ty),
        _ => Message::Unknown,
    }
}

fn variable(class: u8, ty: u8, body: &[u8]) -> Message<'_> {
    let update = |numbered, timed| Message::Update {
        numbered,
        timed,
        body,
    };
    match (class, ty) {
        (TABLES, kind::UPDATE) => update(true, false),
        (TABLES, kind::NEXT) => update(false, false),
        (TABLES, kind::TIMED) => update(true, true),
        (TABLES, kind::TIMED_NEXT) => update(false, true),
        (TABLES, kind::DEFINE) => Message::Define(body),
        (TABLES, kind::SWITCH) => Message::Switch(body),
        (TABLES, kind::ACK) => Message::Ack(body),
        _ => Message::Unknown,
    }
}

/// Writes a message about tables.
pub(super) fn write(ty: u8, body: &[u8], out: &mut Vec<u8>) {
    out.extend([TABLES, ty]);
    number::write(body.len() as u64, out);
    out.extend(body);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn messages_are_told_apart() {
        for (bytes, expected) in [
            (&b""[..], None),
            (&[0], None),
            (&[0, 0, 9], Some((Message::Control(Control::Request), 2))),
            (&[0, 4], Some((Message::Control(Control::Heartbeat), 2))),
            (&[0, 0x55], Some((Message::Unknown, 2))),
            (&[1, 1], Some((Message::Error(1), 2))),
            (&[10, 0x83, 1], None),
            (&[10, 0x83, 1, 4, 7], Some((Message::Switch(&[4]), 4))),
            (&[77, 0x83, 1, 4], Some((Message::Unknown, 4))),
        ] {
            assert_eq!(next(bytes, 100).unwrap(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_length_that_is_too_much_is_refused_before_it_is_waited_for() {
        let huge = [10, 0x80, 0xff, 0xff, 0xff, 0xff, 0x70];
        assert!(matches!(next(&huge, 16_384), Err(Fault::Size(_))));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes: Vec<u8>) {
            if let Ok(Some((_, length))) = next(&bytes, 100) {
                prop_assert!(length >= 2 && length <= bytes.len());
            }
        }

        #[test]
        fn what_is_written_is_read(ty in 128u8.., body: Vec<u8>) {
            let mut out = Vec::new();
            write(ty, &body, &mut out);
            let (_, length) = next(&out, 1 << 20).unwrap().unwrap();
            prop_assert_eq!(length, out.len());
        }
    }
}
