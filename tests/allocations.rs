//! What gives slices of the message takes no memory: not the fetch, not the converter, not the test of a condition.
#![allow(clippy::expect_used, reason = "a test says by panicking what is wrong")]

#[path = "bench/ground.rs"]
mod ground;

use std::alloc::System;
use std::cell::Cell;
use std::hint::black_box;
use std::io::Write;
use std::time::{Instant, SystemTime};

use ground::{Load, session, transaction};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tidegate::sample::{Now, Scope};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Expressions whose samples lie in the request or in the configuration; `MAP` stands for a map.
const EXPRESSIONS: &[&str] = &[
    "src",
    "src_port",
    "method",
    "path",
    "pathq",
    "url",
    "query",
    "req.ver",
    "req.hdr(host)",
    "req.hdr(x-none)",
    "req.hdr(accept,2)",
    "req.fhdr(user-agent)",
    "req.hdr_cnt(accept)",
    "req.cook(session)",
    "urlp(q)",
    "capture.req.uri",
    "capture.req.method",
    "str(www.example.com:80),host_only",
    "req.hdr(host),port_only",
    "req.hdr(host),field(1,:)",
    "path,field(2,/)",
    "path,field(-1,/)",
    "path,word(2,/)",
    "path,bytes(1,4)",
    "path,ltrim(/)",
    "path,rtrim(g)",
    "path,length",
    "query,param(q)",
    "src,ipmask(24)",
    "path,crc32",
    "path,map_beg(MAP,other)",
    "req.hdr(host),map(MAP,other)",
    "int(5),add(1),mul(3)",
];

const CONDITIONS: &[&str] = &[
    "{ path_beg /img }",
    "{ path_end .png .gif }",
    "{ path_sub logo }",
    "{ path /a /b /img/logo.png }",
    "{ path_dir img }",
    "{ hdr(host) -m beg www. }",
    "{ hdr(host) -i shop.example.com www.example.com:8080 }",
    "{ src 10.0.0.0/8 192.0.2.0/24 }",
    "{ method GET } { path_beg /img } !{ hdr(x-none) -m found }",
];

#[test]
fn slices_of_the_message_take_no_memory() {
    let map = tempfile::NamedTempFile::new().expect("a file");
    writeln!(map.as_file(), "/img pictures\nwww.example.com:8080 web").expect("it is written");
    let (load, random) = (Load::default(), Cell::new(1));
    let (mut session, mut txn) = (session(), transaction());
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
    let mut taken = Vec::new();
    for text in EXPRESSIONS {
        let text = text.replace("MAP", &map.path().to_string_lossy());
        let sample = load.sample(&text);
        let count = allocations(|| drop(black_box(sample.eval(&scope))));
        taken.extend((count > 0).then(|| format!("{text}: {count}")));
    }
    for text in CONDITIONS {
        let condition = load.condition(text);
        let count = allocations(|| {
            black_box(condition.test(&scope));
        });
        taken.extend((count > 0).then(|| format!("{text}: {count}")));
    }
    assert_eq!(taken, Vec::<String>::new());
    let sample = load.sample("path,upper,lower");
    let counted = allocations(|| drop(black_box(sample.eval(&scope))));
    assert!(counted > 0, "the counter counts");
}

/// How often memory is taken by a second call: a first one may set up what stays.
fn allocations(mut call: impl FnMut()) -> usize {
    call();
    let region = Region::new(ALLOCATOR);
    call();
    let change = region.change();
    change.allocations + change.reallocations
}
