//! Stick tables: looking at them, setting and removing entries (management guide 9.3 `show table`).

use std::fmt::Write;
use std::sync::Arc;
use std::time::Instant;

use super::command::{Call, Level};
use crate::state::table::{Data, Datum, Entry, Form, Key, KeyType, Removed, Row, Table, tick};

/// Conditions that one command may have.
const FILTERS: usize = 4;
const NO_TABLE: &str = "No such table\n";

/// What a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Show,
    Set,
    Clear,
}

impl Verb {
    fn usage(self) -> &'static str {
        match self {
            Self::Show => {
                "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>\n"
            }
            Self::Set => {
                "Required arguments: <table> key <key> [data.<store_data_type> <value>]*\n"
            }
            Self::Clear => {
                "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>\n"
            }
        }
    }
}

/// `show table`
pub(super) fn show(call: &mut Call<'_>) -> String {
    if call.arg(0).is_empty() {
        let now = tick(Instant::now());
        let plan = call.desk.plan();
        return plan.tables.iter().rev().map(|t| head(t, now)).collect();
    }
    answer(call, Verb::Show)
}

/// `set table`
pub(super) fn set(call: &mut Call<'_>) -> String {
    answer(call, Verb::Set)
}

/// `clear table`
pub(super) fn clear(call: &mut Call<'_>) -> String {
    answer(call, Verb::Clear)
}

fn answer(call: &mut Call<'_>, verb: Verb) -> String {
    let name = call.arg(0);
    if name.is_empty() {
        return verb.usage().to_owned();
    }
    let plan = call.desk.plan();
    let curious = verb == Verb::Show && *call.level < Level::Operator;
    let Some(table) = plan.tables.iter().find(|table| table.name == name) else {
        return NO_TABLE.to_owned();
    };
    let now = tick(Instant::now());
    if curious {
        return head(table, now) + "# contents not dumped due to insufficient privileges\n";
    }
    let args = call.args.get(1..).unwrap_or_default();
    let done = match args.first() {
        None => Ok(whole(table, verb, now)),
        Some(&"key") => by_key(table, verb, args, now),
        Some(word) if word.starts_with("data.") => by_data(table, verb, args, now),
        Some(_) => Err(verb.usage().to_owned()),
    };
    done.unwrap_or_else(|refusal| refusal)
}

/// A command about all entries.
fn whole(table: &Table, verb: Verb, now: u32) -> String {
    match verb {
        Verb::Show => dump(table, table.entries(now, |_| true), now),
        // HAProxy clears the table here, which nobody can have meant.
        Verb::Set => verb.usage().to_owned(),
        Verb::Clear => {
            remove(table, &table.entries(now, |_| true));
            String::new()
        }
    }
}

fn remove(table: &Table, entries: &[Entry]) {
    for entry in entries {
        // One that is tracked stays, as in HAProxy; it says nothing of it where many are cleared.
        let _ = table.remove(&entry.key);
    }
}

fn by_key(table: &Arc<Table>, verb: Verb, args: &[&str], now: u32) -> Result<String, String> {
    let Some(text) = args.get(1) else {
        return Err("Key value expected\n".to_owned());
    };
    let key = match (verb, key(table.shape.key, text)) {
        (_, Ok(key)) => key,
        (Verb::Set, Err(Unkeyed::Binary)) => {
            return Err(
                "Inserting keys into tables of type other than ip, ipv6, string and integer is not supported\n"
                    .to_owned(),
            );
        }
        (Verb::Show, Err(Unkeyed::Binary)) => {
            return Err(
                "Showing keys from tables of type other than ip, ipv6, string and integer is not supported\n"
                    .to_owned(),
            );
        }
        (Verb::Clear, Err(Unkeyed::Binary)) => {
            return Err(
                "Removing keys from tables of type other than ip, ipv6, string and integer is not supported\n"
                    .to_owned(),
            );
        }
        (_, Err(Unkeyed::Invalid)) => return Err("Invalid key\n".to_owned()),
    };
    match verb {
        Verb::Show => Ok(table
            .entry(&key, now)
            .map_or_else(String::new, |entry| dump(table, vec![entry], now))),
        Verb::Clear => Ok(match table.remove(&key) {
            Removed::Gone => String::new(),
            Removed::InUse => "Entry currently in use, cannot remove\n".to_owned(),
        }),
        Verb::Set => set_entry(table, &key, args.get(2..).unwrap_or_default(), now),
    }
}

/// Why a text is no key.
enum Unkeyed {
    Binary,
    Invalid,
}

fn key(ty: KeyType, text: &str) -> Result<Key, Unkeyed> {
    let invalid = |_| Unkeyed::Invalid;
    Ok(match ty {
        KeyType::Binary(_) => return Err(Unkeyed::Binary),
        KeyType::String(_) => ty.key(text.as_bytes()),
        KeyType::Integer => {
            let number: u32 = text.parse().map_err(|_| Unkeyed::Invalid)?;
            Key::new(&number.to_be_bytes())
        }
        KeyType::Ip => {
            let ip: std::net::Ipv4Addr = text.parse().map_err(invalid)?;
            Key::new(&ip.octets())
        }
        KeyType::Ipv6 => {
            let ip: std::net::Ipv6Addr = text.parse().map_err(invalid)?;
            Key::new(&ip.octets())
        }
    })
}

/// `data.<type> <value>` pairs: all are checked before the first is set.
fn set_entry(table: &Table, key: &Key, args: &[&str], now: u32) -> Result<String, String> {
    let mut values = Vec::new();
    for pair in args.chunks(2) {
        let Some(name) = pair.first().and_then(|word| word.strip_prefix("data.")) else {
            return Err("\"data.<type>\" followed by a value expected\n".to_owned());
        };
        let datum = Data::named(name).ok_or("Unknown data type\n")?;
        if table.shape.stored(datum.data).is_none() {
            return Err("Data type not stored in this table\n".to_owned());
        }
        let value = pair.get(1).and_then(|text| text.parse::<i64>().ok());
        let value = value.filter(|_| datum.form != Form::Name);
        let value = value.ok_or("Require a valid integer value to store\n")?;
        values.push((datum.data, value as u64));
    }
    let set = table.change(key, now, |row| {
        for (data, value) in values {
            row.set(data, 0, value);
        }
    });
    match set {
        Some(()) => Ok(String::new()),
        None => Err("Unable to allocate a new entry\n".to_owned()),
    }
}

/// A condition on what is stored.
struct Filter {
    datum: &'static Datum,
    holds: fn(&i64, &i64) -> bool,
    value: i64,
}

impl Filter {
    fn read(table: &Table, words: &[&str]) -> Result<Self, &'static str> {
        let name = words.first().and_then(|word| word.strip_prefix("data."));
        let datum = name.and_then(Data::named).ok_or("Unknown data type\n")?;
        if table.shape.stored(datum.data).is_none() {
            return Err("Data type not stored in this table\n");
        }
        let holds: fn(&i64, &i64) -> bool = match words.get(1).copied().unwrap_or_default() {
            "eq" => i64::eq,
            "ne" => i64::ne,
            "le" => i64::le,
            "ge" => i64::ge,
            "lt" => i64::lt,
            "gt" => i64::gt,
            _ => {
                return Err(
                    "Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"\n",
                );
            }
        };
        let value = words.get(2).and_then(|text| text.parse().ok());
        Ok(Self {
            datum,
            holds,
            value: value.ok_or("Require a valid integer value to compare against\n")?,
        })
    }

    fn passes(&self, row: &Row<'_>) -> bool {
        let stored = row.read(self.datum.data, 0);
        stored.is_some_and(|n| (self.holds)(&(n as i64), &self.value))
    }
}

fn by_data(table: &Table, verb: Verb, args: &[&str], now: u32) -> Result<String, String> {
    if verb == Verb::Set {
        return Err(
            "content-based lookup is only supported with the \"show\" and \"clear\" actions\n"
                .to_owned(),
        );
    }
    let mut filters = Vec::new();
    for (at, words) in args.chunks(3).enumerate() {
        if at == FILTERS {
            let (place, after) = (3 + at * 3, args.get(at * 3 - 1).unwrap_or(&""));
            return Err(format!(
                "Detected extra data in filter, {place}th word of input, after '{after}'\n"
            ));
        }
        let filter = Filter::read(table, words);
        filters.push(filter.map_err(|why| format!("Filter entry #{}: {why}", at + 1))?);
    }
    let entries = table.entries(now, |row| filters.iter().all(|filter| filter.passes(row)));
    Ok(match verb {
        Verb::Show => dump(table, entries, now),
        _ => {
            remove(table, &entries);
            String::new()
        }
    })
}

fn head(table: &Table, now: u32) -> String {
    format!(
        "# table: {}, type: {}, size:{}, used:{}\n",
        table.name,
        table.shape.key.name(),
        table.shape.size,
        table.used(now)
    )
}

fn dump(table: &Table, entries: Vec<Entry>, now: u32) -> String {
    let mut out = head(table, now);
    for (number, entry) in entries.iter().enumerate() {
        // HAProxy shows where the entry is in memory; here it is its place in the list.
        let _ = write!(
            out,
            "{:#x}: key={} use={} exp={}",
            number + 1,
            table.shape.key.show(&entry.key),
            entry.uses,
            entry.expires
        );
        for datum in Data::ALL {
            values(&mut out, table, entry, datum, now);
        }
        out.push('\n');
    }
    out
}

fn values(out: &mut String, table: &Table, entry: &Entry, datum: &Datum, now: u32) {
    let Some(stored) = table.shape.stored(datum.data) else {
        return;
    };
    for index in 0..u32::from(stored.count) {
        let value = table.read(entry, datum.data, index, now).unwrap_or(0);
        let _ = match (datum.form, datum.array) {
            (Form::Name, _) => {
                let name = table.name_of(value);
                write!(out, " {}={}", datum.name, name.as_deref().unwrap_or("-"))
            }
            (Form::Rate, false) => write!(out, " {}({})={value}", datum.name, stored.period),
            (Form::Rate, true) => write!(out, " gpc{index}_rate({})={value}", stored.period),
            (_, true) => write!(out, " {}{index}={value}", datum.name),
            (_, false) => write!(out, " {}={value}", datum.name),
        };
    }
}
