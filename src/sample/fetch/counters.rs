//! Entries of stick tables: those that are tracked (`sc_*`), the client address's (`src_*`), and the tables
//! themselves (manual 7.3.3, 7.3.2).

use super::layer4::{ip, source};
use super::*;
use crate::sample::args::Args;
use crate::sample::counter::What::*;
use crate::sample::counter::Which::{First, Numbered, Second};
use crate::sample::counter::{Counter, What};
use crate::sample::scope::Scope;
use crate::sample::table::Client;
use crate::sample::tracks::{key, sample_of_key, tracked};
use crate::state::table::{Data, Row, tick};

/// The hidden parameter that says what a name asks.
const fn asks(what: What) -> Param {
    need(Kind::Counter(Counter { what, number: None }))
}

/// The same for names that say which tracked entry they mean.
const fn asks_of(number: u32, what: What) -> Param {
    need(Kind::Counter(Counter {
        what,
        number: Some(number),
    }))
}

/// Makes the families: each kind of question is one line. Those behind the bar take a number in an array.
macro_rules! families {
    (
        $($name:literal $get:ident $what:expr, $doc:literal;)*
        | $($array:literal $asks:expr, $says:literal;)*
    ) => {
        pub(super) const TABLE: &[Fetch] = &[
            $(
                entry(concat!("sc_", $name), &[need(Kind::Int), may(Kind::Table), asks($what)], Type::Int, Get::$get(of_tracked), concat!($doc, ", of a tracked key")),
                entry(concat!("sc0_", $name), &[may(Kind::Table), asks_of(0, $what)], Type::Int, Get::$get(of_tracked), concat!($doc, ", of the key tracked as 0")),
                entry(concat!("sc1_", $name), &[may(Kind::Table), asks_of(1, $what)], Type::Int, Get::$get(of_tracked), concat!($doc, ", of the key tracked as 1")),
                entry(concat!("sc2_", $name), &[may(Kind::Table), asks_of(2, $what)], Type::Int, Get::$get(of_tracked), concat!($doc, ", of the key tracked as 2")),
                entry(concat!("src_", $name), &[need(Kind::Table), asks($what)], Type::Int, Get::Source(of_source), concat!($doc, ", of the client's address")),
            )*
            $(
                entry(concat!("sc_", $array), &[need(Kind::Int), need(Kind::Int), may(Kind::Table), asks($asks)], Type::Int, Get::Process(of_tracked), concat!($says, ", of a tracked key")),
                entry(concat!("src_", $array), &[need(Kind::Int), need(Kind::Table), asks($asks)], Type::Int, Get::Source(of_source), concat!($says, ", of the client's address")),
            )*
            // HAProxy has it for this number alone.
            entry("sc1_clr_gpc", &[need(Kind::Int), may(Kind::Table), asks_of(1, Clear(Numbered))], Type::Int, Get::Process(of_tracked), "zeroes a counter of the array and gives what it was, of the key tracked as 1"),
            entry("sc_tracked", &[need(Kind::Int), may(Kind::Table), asks(Present)], Type::Bool, Get::Process(is_tracked), "whether a key is tracked"),
            entry("sc0_tracked", &[may(Kind::Table), asks_of(0, Present)], Type::Bool, Get::Process(is_tracked), "whether a key is tracked as 0"),
            entry("sc1_tracked", &[may(Kind::Table), asks_of(1, Present)], Type::Bool, Get::Process(is_tracked), "whether a key is tracked as 1"),
            entry("sc2_tracked", &[may(Kind::Table), asks_of(2, Present)], Type::Bool, Get::Process(is_tracked), "whether a key is tracked as 2"),
            entry("sc_trackers", &[need(Kind::Int), may(Kind::Table), asks(Trackers)], Type::Int, Get::Process(of_tracked), "how many track the same key"),
            entry("sc0_trackers", &[may(Kind::Table), asks_of(0, Trackers)], Type::Int, Get::Process(of_tracked), "how many track the key tracked as 0"),
            entry("sc1_trackers", &[may(Kind::Table), asks_of(1, Trackers)], Type::Int, Get::Process(of_tracked), "how many track the key tracked as 1"),
            entry("sc2_trackers", &[may(Kind::Table), asks_of(2, Trackers)], Type::Int, Get::Process(of_tracked), "how many track the key tracked as 2"),
            entry("sc_key", &[need(Kind::Int), asks(Key)], Type::Any, Get::Process(tracked_key), "the tracked key (3.x)"),
            entry("sc0_key", &[asks_of(0, Key)], Type::Any, Get::Process(tracked_key), "the key tracked as 0 (3.x)"),
            entry("sc1_key", &[asks_of(1, Key)], Type::Any, Get::Process(tracked_key), "the key tracked as 1 (3.x)"),
            entry("sc2_key", &[asks_of(2, Key)], Type::Any, Get::Process(tracked_key), "the key tracked as 2 (3.x)"),
            entry("src_updt_conn_cnt", &[need(Kind::Table), asks(CountConnection)], Type::Int, Get::Source(of_source), "counts a connection of the client's address and gives their number"),
            entry("table_avl", &[need(Kind::Table)], Type::Int, Get::Process(available), "how many more entries fit the table"),
            entry("table_cnt", &[need(Kind::Table)], Type::Int, Get::Process(entries), "how many entries the table has"),
        ];
    };
}

#[rustfmt::skip]
families! {
    "bytes_in_rate" Process Plain(Data::BytesInRate), "bytes from clients per period";
    "bytes_out_rate" Process Plain(Data::BytesOutRate), "bytes to clients per period";
    "clr_gpc0" Process Clear(First), "zeroes counter 0 and gives what it was";
    "clr_gpc1" Process Clear(Second), "zeroes counter 1 and gives what it was";
    "conn_cnt" Process Plain(Data::ConnCnt), "connections";
    "conn_cur" Process Plain(Data::ConnCur), "connections now";
    "conn_rate" Process Plain(Data::ConnRate), "connections per period";
    "get_gpc0" Process What::Counter(First), "counter 0";
    "get_gpc1" Process What::Counter(Second), "counter 1";
    "get_gpt0" Process Tag(First), "tag 0";
    "gpc0_rate" Process CounterRate(First), "how often counter 0 was raised per period";
    "gpc1_rate" Process CounterRate(Second), "how often counter 1 was raised per period";
    "http_err_cnt" Process Plain(Data::HttpErrCnt), "requests that were the client's mistake";
    "http_err_rate" Process Plain(Data::HttpErrRate), "mistaken requests per period";
    "http_fail_cnt" Process Plain(Data::HttpFailCnt), "responses that failed";
    "http_fail_rate" Process Plain(Data::HttpFailRate), "failed responses per period";
    "http_req_cnt" Process Plain(Data::HttpReqCnt), "requests";
    "http_req_rate" Process Plain(Data::HttpReqRate), "requests per period";
    "inc_gpc0" Process Raise(First), "raises counter 0 and gives it";
    "inc_gpc1" Process Raise(Second), "raises counter 1 and gives it";
    "kbytes_in" Source Kilobytes(Data::BytesInCnt), "kilobytes from clients";
    "kbytes_out" Source Kilobytes(Data::BytesOutCnt), "kilobytes to clients";
    "sess_cnt" Process Plain(Data::SessCnt), "sessions";
    "sess_rate" Process Plain(Data::SessRate), "sessions per period";
    |
    "clr_gpc" Clear(Numbered), "zeroes a counter of the array and gives what it was";
    "get_gpc" What::Counter(Numbered), "a counter of the array";
    "get_gpt" Tag(Numbered), "a tag of the array";
    "gpc_rate" CounterRate(Numbered), "how often a counter of the array was raised per period";
    "inc_gpc" Raise(Numbered), "raises a counter of the array and gives it";
}

/// The question, the number in an array, the number of the tracked entry, and the place of the table's name.
fn asked(args: &Args) -> Option<(What, u32, u32, usize)> {
    let counter = args.counter()?;
    let mut at = 0;
    let mut next = || {
        at += 1;
        // A number out of range is one that there is nothing under.
        args.int(at - 1)
            .map(|n| u32::try_from(n).unwrap_or(u32::MAX))
    };
    let index = if counter.numbered() { next()? } else { 0 };
    let number = match counter.number {
        Some(number) => number,
        None => next().unwrap_or(u32::MAX),
    };
    Some((counter.what, index, number, at))
}

fn number<'s>(n: u64) -> Option<Value<'s>> {
    Some(Value::Int(n as i64))
}

/// An entry that is tracked, or the one of its key in another table: that need not be there, and counts 0 then.
fn of_tracked<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let (what, index, tracked_as, at) = asked(args)?;
    let track = tracked(scope.session, scope.txn, tracked_as)?;
    let now = tick(scope.now.instant);
    let ask = |row: &Row<'_>| what.ask(row, index);
    let Some(table) = args.table(at) else {
        return number(match what.changes() {
            true => track.change(now, |row| what.change(row, index)),
            false => track.look(now, ask),
        }?);
    };
    if table.shape.key != track.table().shape.key {
        return number(0);
    }
    let key = track.key();
    match table.look(&key, now, ask) {
        None => number(0),
        Some(_) if what.changes() => {
            number(table.change(&key, now, |row| what.change(row, index))??)
        }
        Some(answer) => number(answer?),
    }
}

/// The entry of the client's address; without one, 0. Asking for a change makes it.
fn of_source<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let counter = args.counter()?;
    let (index, at) = match counter.numbered() {
        true => (u32::try_from(args.int(0)?).unwrap_or(u32::MAX), 1),
        false => (0, 0),
    };
    let (what, table) = (counter.what, args.table(at)?);
    let client = Client {
        session: scope.session,
        txn: scope.txn,
    };
    let key = key(table, ip(source(client))?)?;
    let now = tick(scope.now.instant);
    match what.changes() {
        true => number(table.change(&key, now, |row| what.change(row, index))??),
        false => match table.look(&key, now, |row| what.ask(row, index)) {
            Some(answer) => number(answer?),
            None => number(0),
        },
    }
}

fn is_tracked<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let (_, _, tracked_as, _) = asked(args)?;
    let track = tracked(scope.session, scope.txn, tracked_as);
    Some(Value::Bool(track.is_some()))
}

fn tracked_key<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let (_, _, tracked_as, _) = asked(args)?;
    let track = tracked(scope.session, scope.txn, tracked_as)?;
    sample_of_key(track.table(), &track.key())
}

fn entries<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let used = args.table(0)?.used(tick(scope.now.instant));
    number(used as u64)
}

fn available<'s>(scope: &'s Scope<'_>, args: &'s Args) -> Option<Value<'s>> {
    let table = args.table(0)?;
    let used = table.used(tick(scope.now.instant));
    number(table.shape.size.saturating_sub(used) as u64)
}
