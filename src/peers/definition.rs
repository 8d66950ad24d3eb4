//! What a table is, as one side tells the other before its entries (peers protocol 2.1, "Definition message format").

use super::fault::Fault;
use super::number;
use crate::state::table::{Data, Form, KeyType, Shape};

/// Kinds of data, by the number of the bit that announces them.
const NUMBERS: &[Data] = &[
    Data::ServerId,
    Data::Gpt0,
    Data::Gpc0,
    Data::Gpc0Rate,
    Data::ConnCnt,
    Data::ConnRate,
    Data::ConnCur,
    Data::SessCnt,
    Data::SessRate,
    Data::HttpReqCnt,
    Data::HttpReqRate,
    Data::HttpErrCnt,
    Data::HttpErrRate,
    Data::BytesInCnt,
    Data::BytesInRate,
    Data::BytesOutCnt,
    Data::BytesOutRate,
    Data::Gpc1,
    Data::Gpc1Rate,
    Data::ServerKey,
    Data::HttpFailCnt,
    Data::HttpFailRate,
    Data::Gpt,
    Data::Gpc,
    Data::GpcRate,
];

/// Kinds that later HAProxys tell, and that tables here do not have: they are passed over.
const FOREIGN: &[(u32, Form)] = &[(25, Form::Number), (26, Form::Rate)];

/// A kind of data as a table stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its number in the protocol.
    pub number: u32,
    /// What it is here; `None` if tables here do not have it.
    pub data: Option<Data>,
    /// How it is told.
    pub form: Form,
    /// How many there are.
    pub count: u32,
    /// The period of rates, if it was told.
    pub period: Option<u64>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The sender's number for it.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// The type of its keys, in the protocol's numbers.
    pub key: u64,
    /// The length of its keys; of text, one more.
    pub length: u64,
    /// The bits of what it stores.
    pub data: u64,
    /// What it stores, in the order in which entries tell it.
    pub columns: Vec<Column>,
    /// A bit that nobody here knows: its entries cannot be read.
    pub unknown: Option<u32>,
}

/// The type and length of keys as the protocol has them.
fn key(ty: KeyType) -> (u64, u64) {
    match ty {
        KeyType::Integer => (2, 4),
        KeyType::Ip => (4, 4),
        KeyType::Ipv6 => (5, 16),
        KeyType::String(length) => (6, length as u64 + 1),
        KeyType::Binary(length) => (7, length as u64),
    }
}

/// What a table stores, in the order in which entries tell it.
pub(super) fn columns(shape: &Shape) -> Vec<Column> {
    let mut columns = Vec::new();
    for (number, data) in (0..).zip(NUMBERS) {
        if let Some(stored) = shape.stored(*data) {
            let form = data.datum().form;
            columns.push(Column {
                number,
                data: Some(*data),
                form,
                count: stored.count.into(),
                period: (form == Form::Rate).then_some(stored.period.into()),
            });
        }
    }
    columns
}

/// Whether anything behind the bits tells of a kind of data: how many there are, and the period.
fn told(number: u32, form: Form) -> (bool, bool) {
    let data = NUMBERS.get(number as usize);
    let array = data.is_some_and(|data| data.datum().array);
    (array, form == Form::Rate)
}

/// Writes the body of a definition.
pub(super) fn write(id: u64, name: &str, shape: &Shape, columns: &[Column], out: &mut Vec<u8>) {
    number::write(id, out);
    number::write(name.len() as u64, out);
    out.extend(name.as_bytes());
    let (ty, length) = key(shape.key);
    number::write(ty, out);
    number::write(length, out);
    let bits = columns
        .iter()
        .fold(0, |bits, one| bits | 1u64 << one.number);
    number::write(bits, out);
    number::write(shape.expire.unwrap_or(0).into(), out);
    for column in columns {
        let (array, rate) = told(column.number, column.form);
        if array || rate {
            number::write(column.number.into(), out);
        }
        if array {
            number::write(column.count.into(), out);
        }
        if rate {
            number::write(column.period.unwrap_or(0), out);
        }
    }
}

/// Reads the body of a definition.
///
/// # Errors
/// It is cut short.
pub fn read(body: &[u8]) -> Result<Definition, Fault> {
    const SHORT: Fault = Fault::Short("a table's definition");
    let mut rest = body;
    let number = |rest: &mut &[u8]| number::read(rest)?.ok_or(SHORT);
    let id = number(&mut rest)?;
    let length = usize::try_from(number(&mut rest)?).map_err(|_| SHORT)?;
    let (name, mut rest) = rest.split_at_checked(length).ok_or(SHORT)?;
    let key = number(&mut rest)?;
    let length = number(&mut rest)?;
    let data = number(&mut rest)?;
    // Old versions end here.
    if !rest.is_empty() {
        number(&mut rest)?;
    }
    let mut definition = Definition {
        id,
        name: String::from_utf8_lossy(name).into_owned(),
        key,
        length,
        data,
        columns: Vec::new(),
        unknown: None,
    };
    for bit in (0..u64::BITS).filter(|bit| data >> bit & 1 == 1) {
        let own = NUMBERS.get(bit as usize).copied();
        let foreign = FOREIGN.iter().find(|(number, _)| *number == bit);
        let form = own.map(|data| data.datum().form);
        let Some(form) = form.or(foreign.map(|(_, form)| *form)) else {
            definition.unknown = Some(bit);
            break;
        };
        let mut column = Column {
            number: bit,
            data: own,
            form,
            count: 1,
            period: None,
        };
        let (array, rate) = told(bit, form);
        if array || rate && !rest.is_empty() {
            if number(&mut rest)? != u64::from(bit) {
                return Err(SHORT);
            }
            if array {
                column.count = u32::try_from(number(&mut rest)?).map_err(|_| SHORT)?;
            }
            if rate {
                column.period = Some(number(&mut rest)?);
            }
        }
        definition.columns.push(column);
    }
    Ok(definition)
}

impl Definition {
    /// Whether entries of this table can go into one of this shape.
    ///
    /// # Errors
    /// Why not, in words.
    pub(super) fn fits(&self, shape: &Shape) -> Result<(), String> {
        let (ty, length) = key(shape.key);
        if self.key != ty {
            return Err("its keys are of another type".to_owned());
        }
        if self.length != length {
            return Err(format!("its keys are {} long, ours {length}", self.length));
        }
        match self.unknown {
            Some(bit) => Err(format!("it stores data of the unknown type {bit}")),
            None => Ok(()),
        }
    }

    /// Rates that are counted over other periods than in a table of this shape: they are not learned.
    pub(super) fn other_periods(&self, shape: &Shape) -> Vec<&'static str> {
        let mut names = Vec::new();
        for column in &self.columns {
            let data = column.data.filter(|_| column.form == Form::Rate);
            if let Some(data) = data
                && shape.stored(data).is_some()
                && !column.same_period(shape)
            {
                names.push(data.datum().name);
            }
        }
        names
    }
}

impl Column {
    /// Whether rates are counted over the same period in a table of this shape.
    pub(super) fn same_period(&self, shape: &Shape) -> bool {
        let stored = self.data.and_then(|data| shape.stored(data));
        stored.is_some_and(|stored| {
            self.form != Form::Rate || self.period.is_none_or(|ms| ms == u64::from(stored.period))
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(in super::super) fn everything() -> Shape {
        let mut shape = Shape::new(KeyType::Ip, 100);
        shape.expire = Some(3_600_000);
        let mut period = 10_000;
        for data in &NUMBERS[..22] {
            let rate = data.datum().form == Form::Rate;
            shape.store(*data, 1, if rate { period } else { 0 });
            period += if rate { 1000 } else { 0 };
        }
        shape
    }

    fn written(id: u64, name: &str, shape: &Shape) -> Vec<u8> {
        let mut out = Vec::new();
        write(id, name, shape, &columns(shape), &mut out);
        out
    }

    fn hex(text: &str) -> Vec<u8> {
        let pairs = text.split_whitespace();
        pairs
            .map(|two| u8::from_str_radix(two, 16).unwrap())
            .collect()
    }

    /// The bytes are what HAProxy sent for the same tables.
    #[test]
    fn definitions_are_haproxys() {
        let all = "02 02 74 31 04 04 ff f0 fe 0e f0 d9 dc 0c 03 f0 e2 03 05 f8 a0 04 08 f0 df 04 0a f8 9d 05 0c f0 \
                   dc 05 0e f8 9a 06 10 f0 d9 06 12 f8 97 07 15 f0 d6 07";
        assert_eq!(written(2, "t1", &everything()), hex(all));
        let mut arrays = Shape::new(KeyType::Ipv6, 100);
        arrays.store(Data::Gpt, 3, 0);
        arrays.store(Data::Gpc, 4, 0);
        arrays.store(Data::GpcRate, 5, 19_000);
        let bytes = "03 02 74 32 05 10 f0 f1 fe 6e 00 16 03 17 04 18 05 f8 94 08";
        assert_eq!(written(3, "t2", &arrays), hex(bytes));
        let mut text = Shape::new(KeyType::String(30), 100);
        text.expire = Some(1_800_000);
        for data in [Data::ServerId, Data::Gpc0, Data::ServerKey] {
            text.store(data, 1, 0);
        }
        let bytes = "05 02 74 34 06 1f f5 f1 fe 00 f0 e5 ed 05";
        assert_eq!(written(5, "t4", &text), hex(bytes));
        for shape in [everything(), arrays, text] {
            let back = read(&written(9, "name", &shape)).unwrap();
            assert_eq!((back.id, back.name.as_str()), (9, "name"));
            assert_eq!(back.columns, columns(&shape));
            assert_eq!(back.fits(&shape), Ok(()));
            assert!(back.other_periods(&shape).is_empty());
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut shape = Shape::new(KeyType::Ip, 1);
        shape.store(Data::ConnRate, 1, 1000);
        let read = |shape: &Shape| read(&written(1, "t", shape)).unwrap();
        assert!(read(&shape).fits(&Shape::new(KeyType::Ipv6, 1)).is_err());
        let text = Shape::new(KeyType::String(9), 1);
        assert!(
            read(&text)
                .fits(&Shape::new(KeyType::String(8), 1))
                .is_err()
        );
        let mut other = shape.clone();
        other.store(Data::ConnRate, 1, 2000);
        assert_eq!(read(&other).other_periods(&shape), ["conn_rate"]);
        let unknown = super::read(&[1, 1, b't', 4, 4, 0xf0, 0xf1, 0xff, 0xff, 0x7f]).unwrap();
        assert!(unknown.fits(&shape).is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(bytes: Vec<u8>) {
            let _ = read(&bytes);
        }

        #[test]
        fn a_definition_that_is_cut_is_refused_or_old(cut in 0usize..50) {
            let whole = written(2, "t1", &everything());
            let cut = cut.min(whole.len() - 1);
            if let Ok(found) = read(&whole[..cut]) {
                prop_assert_eq!(found.columns.len(), 22);
            }
        }
    }
}
