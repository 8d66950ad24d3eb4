//! Samples as keys of stick tables (manual 7.3.1, `table_*`). Looking does not keep an entry from expiring.

use super::*;
use crate::sample::args::Args;
use crate::sample::counter::What::*;
use crate::sample::counter::Which::{First, Numbered, Second};
use crate::sample::counter::{Counter, What};
use crate::sample::scope::Scope;
use crate::sample::tracks::key;
use crate::state::table::{Data, tick};

/// The hidden parameter that says what a name asks.
const fn asks(what: What) -> Param {
    need(Kind::Counter(Counter { what, number: None }))
}

const fn plain(name: &'static str, params: &'static [Param], doc: &'static str) -> Converter {
    entry(name, params, Type::Int, Convert::Any(count), doc)
}

macro_rules! family {
    ($($name:literal $what:expr, $doc:literal;)* | $($array:literal $asks:expr, $says:literal;)*) => {
        pub(super) const TABLE: &[Converter] = &[
            $(plain(concat!("table_", $name), &[need(Kind::Table), asks($what)], concat!($doc, ", of a key in a table")),)*
            $(plain(concat!("table_", $array), &[need(Kind::Int), need(Kind::Table), asks($asks)], concat!($says, ", of a key in a table")),)*
            entry("in_table", &[need(Kind::Table), asks(Present)], Type::Bool, Convert::Any(present), "whether the key is in the table"),
            entry("table_expire", &[need(Kind::Table), may(Kind::Int), asks(Expires)], Type::Int, Convert::Any(time), "when the key expires, in ms"),
            entry("table_idle", &[need(Kind::Table), may(Kind::Int), asks(Idle)], Type::Int, Convert::Any(time), "how long the key was not touched, in ms"),
        ];
    };
}

#[rustfmt::skip]
family! {
    "bytes_in_rate" Plain(Data::BytesInRate), "bytes from clients per period";
    "bytes_out_rate" Plain(Data::BytesOutRate), "bytes to clients per period";
    "clr_gpc0" Clear(First), "zeroes counter 0 (3.x)";
    "clr_gpc1" Clear(Second), "zeroes counter 1 (3.x)";
    "conn_cnt" Plain(Data::ConnCnt), "connections";
    "conn_cur" Plain(Data::ConnCur), "connections now";
    "conn_rate" Plain(Data::ConnRate), "connections per period";
    "gpc0" What::Counter(First), "counter 0";
    "gpc0_rate" CounterRate(First), "how often counter 0 was raised per period";
    "gpc1" What::Counter(Second), "counter 1";
    "gpc1_rate" CounterRate(Second), "how often counter 1 was raised per period";
    "gpt0" Tag(First), "tag 0";
    "http_err_cnt" Plain(Data::HttpErrCnt), "requests that were the client's mistake";
    "http_err_rate" Plain(Data::HttpErrRate), "mistaken requests per period";
    "http_fail_cnt" Plain(Data::HttpFailCnt), "responses that failed";
    "http_fail_rate" Plain(Data::HttpFailRate), "failed responses per period";
    "http_req_cnt" Plain(Data::HttpReqCnt), "requests";
    "http_req_rate" Plain(Data::HttpReqRate), "requests per period";
    "inc_gpc0" Raise(First), "raises counter 0 (3.x)";
    "inc_gpc1" Raise(Second), "raises counter 1 (3.x)";
    "kbytes_in" Kilobytes(Data::BytesInCnt), "kilobytes from clients";
    "kbytes_out" Kilobytes(Data::BytesOutCnt), "kilobytes to clients";
    "server_id" Plain(Data::ServerId), "the number of the server";
    "sess_cnt" Plain(Data::SessCnt), "sessions";
    "sess_rate" Plain(Data::SessRate), "sessions per period";
    "trackers" Trackers, "how many track it";
    |
    "clr_gpc" Clear(Numbered), "zeroes a counter of the array (3.x)";
    "gpc" What::Counter(Numbered), "a counter of the array";
    "gpc_rate" CounterRate(Numbered), "how often a counter of the array was raised per period";
    "gpt" Tag(Numbered), "a tag of the array";
    "inc_gpc" Raise(Numbered), "raises a counter of the array (3.x)";
}

/// What the key's entry says; 0 without one.
fn count<'s>(value: Value<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let counter = args.counter()?;
    let (what, at) = (counter.what, usize::from(counter.numbered()));
    let index = match counter.numbered() {
        true => u32::try_from(args.int(0)?).unwrap_or(u32::MAX),
        false => 0,
    };
    let table = args.table(at)?;
    let key = key(table, value)?;
    let now = tick(scope.now.instant);
    let answer = match what.changes() {
        true => table.change(&key, now, |row| what.change(row, index)),
        false => table.look(&key, now, |row| what.ask(row, index)),
    };
    let number = match answer {
        // HAProxy counts itself while it looks.
        Some(Some(uses)) if what == Trackers => uses + 1,
        found => found.unwrap_or(Some(0))?,
    };
    Some(Value::Int(number as i64))
}

fn present<'s>(value: Value<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let table = args.table(0)?;
    let key = key(table, value)?;
    let found = table.look(&key, tick(scope.now.instant), |_| ());
    Some(Value::Bool(found.is_some()))
}

/// A key that is not there has no times, but may be given one.
fn time<'s>(value: Value<'s>, args: &'s Args, scope: &'s Scope<'_>) -> Option<Value<'s>> {
    let (what, table) = (args.counter()?.what, args.table(0)?);
    let key = key(table, value)?;
    let found = table.look(&key, tick(scope.now.instant), |row| what.ask(row, 0));
    match found {
        Some(ms) => Some(Value::Int(ms? as i64)),
        None => args.int(1).map(Value::Int),
    }
}
