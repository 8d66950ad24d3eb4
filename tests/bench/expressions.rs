//! What an evaluation costs: fetches, chains of converters and conditions on one request, in nanoseconds.
//!
//! `cargo bench` runs it; words behind `--` choose the lines that hold one of them. The least of several rounds is
//! shown, since all that disturbs a round makes it slower.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for those who work on the proxy"
)]

mod ground;

use std::cell::Cell;
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use ground::{Load, session, transaction};
use tidegate::sample::{Now, Scope};

/// Evaluated one by one; `MAP` stands for a map of a hundred lines.
const EXPRESSIONS: &[&str] = &[
    "src",
    "method",
    "path",
    "url",
    "base",
    "query",
    "req.hdr(host)",
    "req.hdr(x-none)",
    "req.hdr(cookie)",
    "req.cook(session)",
    "urlp(q)",
    "req.hdr(host),lower",
    "req.hdr(host),host_only",
    "req.hdr(host),lower,host_only",
    "req.hdr(host),field(1,:)",
    "path,field(2,/)",
    "path,field(-1,/)",
    "path,word(2,/)",
    "path,bytes(1,4)",
    "path,ltrim(/)",
    "path,length",
    "path,upper",
    "src,ipmask(24)",
    "base,crc32",
    "base,xxh64",
    "base,sdbm",
    "path,sha1,hex",
    "path,sha2(256),base64",
    "path,base64",
    "str(L2ltZy9sb2dvLnBuZw==),b64dec",
    "urlp(q),url_dec,lower",
    "query,param(q)",
    "query,url_enc",
    "path,json(utf8s)",
    "path,regsub(/+,-,g)",
    "path,regsub(^/img,/pics)",
    "req.hdr(user-agent),map_sub(MAP,other)",
    "path,map_beg(MAP,other)",
    "req.hdr(host),map(MAP,other)",
    "req.hdr(x-json),json_query($.user.id)",
    "req.hdr(x-token),jwt_payload_query($.sub)",
    "req.hdr(x-token),jwt_verify(HS256,your-256-bit-secret)",
    "req.hdr(accept-language),language(de;fr;en)",
    "path,set-var(txn.p)",
    "var(txn.host)",
    "var(txn.host),concat(-,txn.host)",
    "int(1700000000),http_date",
    "int(1700000000),utime(%Y-%m-%d)",
    "int(5),add(1),mul(3),mod(7)",
];

/// Conditions; `MANY` stands for a hundred patterns.
const CONDITIONS: &[&str] = &[
    "{ path_beg /img }",
    "{ path_beg MANY }",
    "{ path_end MANY }",
    "{ path_sub MANY }",
    "{ path MANY }",
    "{ path_reg ^/img/[a-z]+\\.png$ }",
    "{ hdr(host) -i shop.example.com www.example.com }",
    "{ src 10.0.0.0/8 192.0.2.0/24 }",
    "{ method GET } { path_beg /img } !{ hdr(x-none) -m found }",
];

/// The least time of one call, over rounds of about 2 ms.
fn least(mut call: impl FnMut()) -> f64 {
    let mut round = |calls: u32| {
        let begin = Instant::now();
        for _ in 0..calls {
            call();
        }
        begin.elapsed()
    };
    let mut calls = 1;
    while round(calls) < Duration::from_millis(2) {
        calls *= 2;
    }
    let rounds = (0..15).map(|_| round(calls).as_nanos() as f64 / f64::from(calls));
    rounds.fold(f64::INFINITY, f64::min)
}

fn main() {
    let wanted: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let chosen =
        |text: &str| wanted.is_empty() || wanted.iter().any(|word| text.contains(word.as_str()));
    let mut map = tempfile::NamedTempFile::new().unwrap();
    for n in 0..100 {
        writeln!(map, "/dir{n}/agent{n} backend{n}").unwrap();
    }
    map.flush().unwrap();
    let many: String = (0..100).map(|n| format!("/dir{n}/x{n}.png ")).collect();
    let load = Load::default();
    let (mut session, mut txn, random) = (session(), transaction(), Cell::new(1));
    let scope = Scope {
        session: &mut session,
        txn: &mut txn,
        now: Now {
            instant: Instant::now(),
            date: SystemTime::now(),
            random: &random,
            thread: 0,
        },
        waiting: Cell::new(false),
    };
    load.sample("req.hdr(host),set-var(txn.host)").eval(&scope);
    for text in EXPRESSIONS.iter().filter(|text| chosen(text)) {
        let sample = load.sample(&text.replace("MAP", &map.path().display().to_string()));
        let time = least(|| drop(black_box(black_box(&sample).eval(&scope))));
        println!("{time:9.1} ns  {text}");
    }
    for text in CONDITIONS.iter().filter(|text| chosen(text)) {
        let condition = load.condition(&text.replace("MANY", many.trim_end()));
        let time = least(|| {
            black_box(black_box(&condition).test(&scope));
        });
        println!("{time:9.1} ns  {text}");
    }
}
