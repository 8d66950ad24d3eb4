//! Entries, as one side tells the other (peers protocol 2.1, "Entry update message format").

use std::sync::Arc;

use super::definition::{Column, Definition};
use super::dictionary::{Heard, Said};
use super::fault::Fault;
use super::number;
use crate::state::table::{Change, Data, Form, Key, KeyType, Part, Row, Table};

const SHORT: Fault = Fault::Short("an entry");

/// What stands before an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Its number is written.
    pub numbered: bool,
    /// The time that is left is written.
    pub timed: bool,
}

/// Writes the body of an update.
pub(super) fn write(
    table: &Table,
    columns: &[Column],
    change: &Change,
    head: Head,
    now: u32,
    said: &mut Said,
    out: &mut Vec<u8>,
) {
    let entry = &change.entry;
    if head.numbered {
        out.extend(change.number.to_be_bytes());
    }
    if head.timed {
        out.extend(entry.expires.to_be_bytes());
    }
    let key = entry.key.bytes();
    if matches!(table.shape.key, KeyType::String(_)) {
        number::write(key.len() as u64, out);
    }
    out.extend(key);
    for column in columns {
        for index in 0..column.count {
            let part = column.data.and_then(|data| table.part(entry, data, index));
            match part {
                Some(Part::Number(n)) => number::write(n, out),
                Some(Part::Rate([begin, current, last])) => {
                    number::write(now.wrapping_sub(begin).into(), out);
                    number::write(current.into(), out);
                    number::write(last.into(), out);
                }
                Some(Part::Name(n)) => name(table.name_of(n.into()), said, out),
                None => out.push(0),
            }
        }
    }
}

fn name(name: Option<Arc<str>>, said: &mut Said, out: &mut Vec<u8>) {
    let Some(name) = name else {
        return out.push(0);
    };
    let (id, say) = said.number(&name);
    let mut inner = Vec::new();
    number::write(id, &mut inner);
    if say {
        number::write(name.len() as u64, &mut inner);
        inner.extend(name.as_bytes());
    }
    number::write(inner.len() as u64, out);
    out.extend(inner);
}

/// A value that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A rate: how long ago its period began, its events, and those of the period before.
    Rate([u64; 3]),
    /// A name, or none.
    Name(Option<Arc<str>>),
}

/// An entry that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its number, if it was told.
    pub number: Option<u32>,
    /// The milliseconds that are left, if they were told; 0 where entries do not expire.
    pub left: Option<u32>,
    /// Its key.
    pub key: Vec<u8>,
    /// What it stores, by column and index.
    pub values: Vec<(usize, u32, Value)>,
}

/// Reads the body of an update of a table of this definition.
///
/// # Errors
/// It is cut short, or says what cannot be.
pub(super) fn read(
    body: &[u8],
    head: Head,
    definition: &Definition,
    heard: &mut Heard,
) -> Result<Told, Fault> {
    let mut rest = body;
    let number = match head.numbered {
        true => Some(word(&mut rest)?),
        false => None,
    };
    let left = match head.timed {
        true => Some(word(&mut rest)?),
        false => None,
    };
    let length = match definition.key {
        2 => 4,
        // Text has one byte behind it in memory, which is counted.
        6 => {
            let length = self::number(&mut rest)?;
            if length > definition.length {
                return Err(Fault::Key(length));
            }
            length
        }
        _ => definition.length,
    };
    let key = bytes(&mut rest, length)?.to_vec();
    let mut values = Vec::new();
    for (at, column) in definition.columns.iter().enumerate() {
        for index in 0..column.count {
            let value = match column.form {
                Form::Number | Form::Wide => Value::Number(self::number(&mut rest)?),
                Form::Rate => {
                    let mut part = || self::number(&mut rest);
                    Value::Rate([part()?, part()?, part()?])
                }
                Form::Name => Value::Name(read_name(&mut rest, heard)?),
            };
            values.push((at, index, value));
        }
    }
    Ok(Told {
        number,
        left,
        key,
        values,
    })
}

fn number(rest: &mut &[u8]) -> Result<u64, Fault> {
    number::read(rest)?.ok_or(SHORT)
}

fn bytes<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], Fault> {
    let length = usize::try_from(length).map_err(|_| SHORT)?;
    let (taken, left) = rest.split_at_checked(length).ok_or(SHORT)?;
    *rest = left;
    Ok(taken)
}

fn word(rest: &mut &[u8]) -> Result<u32, Fault> {
    let bytes = bytes(rest, 4)?.try_into().map_err(|_| SHORT)?;
    Ok(u32::from_be_bytes(bytes))
}

fn read_name(rest: &mut &[u8], heard: &mut Heard) -> Result<Option<Arc<str>>, Fault> {
    let length = number(rest)?;
    if length == 0 {
        return Ok(None);
    }
    let mut inner = bytes(rest, length)?;
    let id = number(&mut inner)?;
    if inner.is_empty() {
        return heard.name(id);
    }
    let length = number(&mut inner)?;
    let name = String::from_utf8_lossy(bytes(&mut inner, length)?);
    heard.learn(id, &name).map(Some)
}

/// Which columns of a definition a table takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Take {
    /// All that it has, but the connections open now: those are the other's.
    Usual,
    /// Those as well: nothing here counts in this table (`recv-only`).
    All,
    /// What nobody calculates with: tags and servers (`write-to`).
    Plain,
}

impl Take {
    fn takes(self, data: Data) -> bool {
        match self {
            Self::Usual => data != Data::ConnCur,
            Self::All => true,
            Self::Plain => matches!(
                data,
                Data::ServerId | Data::ServerKey | Data::Gpt0 | Data::Gpt
            ),
        }
    }
}

/// Takes over an entry; false if there is no room for it.
pub(super) fn learn(
    table: &Table,
    definition: &Definition,
    told: &Told,
    take: Take,
    now: u32,
) -> bool {
    let shape = &table.shape;
    let key: Key = shape.key.key(&told.key);
    let wanted = told.values.iter().filter_map(|(at, index, value)| {
        let column = definition.columns.get(*at)?;
        let data = column.data.filter(|data| take.takes(*data))?;
        column.same_period(shape).then_some((data, *index, value))
    });
    // Names take a lock of their own: not under the entry's.
    let set = wanted.map(|(data, index, value)| match value {
        Value::Name(name) => {
            let number = name.as_ref().map_or(0, |name| table.number_of(name));
            (data, index, Set::Number(number.into()))
        }
        Value::Number(n) => (data, index, Set::Number(*n)),
        Value::Rate([age, current, last]) => {
            let cell = |n: &u64| u32::try_from(*n).unwrap_or(u32::MAX);
            let begin = now.wrapping_sub(*age as u32);
            (data, index, Set::Rate([begin, cell(current), cell(last)]))
        }
    });
    let set: Vec<_> = set.collect();
    let left = told.left.filter(|left| *left > 0);
    let change = |row: &mut Row<'_>| {
        for (data, index, value) in &set {
            let _ = match value {
                Set::Number(n) => row.set(*data, *index, *n),
                Set::Rate(parts) => row.set_rate(*data, *index, *parts),
            };
        }
    };
    table.learn(&key, left, now, change).is_some()
}

enum Set {
    Number(u64),
    Rate([u32; 3]),
}

#[cfg(test)]
mod tests {
    use super::super::definition::{self, columns, tests::everything};
    use super::*;
    use crate::state::table::{Cursor, Shape};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn watched(shape: &Shape) -> Table {
        let table = Table::new("t", shape.clone());
        table.watch(Some(Arc::default()));
        table
    }

    fn define(shape: &Shape) -> Definition {
        let mut out = Vec::new();
        definition::write(1, "t", shape, &columns(shape), &mut out);
        definition::read(&out).unwrap()
    }

    /// What one table tells of its changes, and another learns.
    fn tell(from: &Table, to: &Table, head: Head, take: Take, now: u32) -> Vec<Vec<u8>> {
        let (mut said, mut heard) = (Said::default(), Heard::default());
        let mut bodies = Vec::new();
        for change in from.changed(&mut Cursor::default(), 100, now) {
            let mut body = Vec::new();
            let columns = columns(&from.shape);
            write(from, &columns, &change, head, now, &mut said, &mut body);
            let definition = define(&from.shape);
            let told = read(&body, head, &definition, &mut heard).unwrap();
            assert!(learn(to, &definition, &told, take, now));
            bodies.push(body);
        }
        bodies
    }

    const WHOLE: Head = Head {
        numbered: true,
        timed: true,
    };

    #[test]
    fn every_kind_of_data_comes_over() {
        let shape = everything();
        let (from, to) = (watched(&shape), watched(&shape));
        let key = Key::new(&[192, 0, 2, 1]);
        let now = 1_000_000;
        let name = u64::from(from.number_of("s1"));
        from.change(&key, now, |row| {
            for (n, datum) in (10..).zip(Data::ALL) {
                let value = match datum.form {
                    Form::Name => name,
                    Form::Wide => 5_000_000_000 + n,
                    _ => n,
                };
                row.set(datum.data, 0, value);
            }
        });
        to.number_of("another is first here");
        tell(&from, &to, WHOLE, Take::Usual, now + 500);
        let entry = to.entry(&key, now + 500).unwrap();
        for datum in Data::ALL {
            let of = |table: &Table| {
                let entry = table.entry(&key, now + 500)?;
                let value = table.read(&entry, datum.data, 0, now + 500)?;
                Some(match datum.form {
                    Form::Name => table.name_of(value).unwrap().to_string(),
                    _ => value.to_string(),
                })
            };
            let expected = match datum.data {
                Data::ConnCur => Some("0".to_owned()),
                _ => of(&from),
            };
            assert_eq!(of(&to), expected, "{}", datum.name);
        }
        assert_eq!(entry.expires, 3_600_000 - 500);
        // What was learned is not told back.
        assert!(to.changed(&mut Cursor::default(), 9, now).is_empty());
        tell(&from, &to, WHOLE, Take::All, now);
        let entry = to.entry(&key, now).unwrap();
        assert_eq!(to.read(&entry, Data::ConnCur, 0, now), Some(16));
    }

    /// The bytes are what HAProxy sent for the same entry.
    #[test]
    fn entries_are_haproxys() {
        let mut shape = Shape::new(KeyType::String(30), 100);
        for data in [Data::ServerId, Data::Gpc0, Data::ServerKey] {
            shape.store(data, 1, 0);
        }
        let (from, to) = (watched(&shape), watched(&shape));
        for (key, server) in [("h1", 2), ("h2", 1), ("h3", 2)] {
            let name = from.number_of(&format!("s{server}")).into();
            from.change(&Key::new(key.as_bytes()), 0, |row| {
                row.set(Data::ServerId, 0, server);
                row.set(Data::ServerKey, 0, name);
            });
        }
        let head = Head {
            numbered: true,
            timed: false,
        };
        let bodies = tell(&from, &to, head, Take::Usual, 0);
        assert_eq!(bodies[0], b"\0\0\0\x01\x02h1\x02\0\x04\x01\x02s2");
        assert_eq!(bodies[1], b"\0\0\0\x02\x02h2\x01\0\x04\x02\x02s1");
        assert_eq!(bodies[2], b"\0\0\0\x03\x02h3\x02\0\x01\x01");
    }

    #[test]
    fn of_plain_data_only_tags_and_servers_come_over() {
        let shape = everything();
        let (from, to) = (watched(&shape), watched(&shape));
        let key = Key::new(&[1, 2, 3, 4]);
        from.change(&key, 0, |row| {
            for datum in Data::ALL.iter().filter(|one| one.form != Form::Name) {
                row.set(datum.data, 0, 5);
            }
        });
        tell(&from, &to, WHOLE, Take::Plain, 0);
        let entry = to.entry(&key, 0).unwrap();
        let read = |data| to.read(&entry, data, 0, 0);
        assert_eq!(read(Data::ServerId), Some(5));
        assert_eq!(read(Data::Gpt0), Some(5));
        assert_eq!(read(Data::Gpc0), Some(0));
        assert_eq!(read(Data::ConnRate), Some(0));
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(body: Vec<u8>, numbered: bool, timed: bool) {
            let head = Head { numbered, timed };
            let definition = define(&everything());
            let _ = read(&body, head, &definition, &mut Heard::default());
        }
    }
}
