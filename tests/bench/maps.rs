//! How long large maps take to load, to look up and to change, and what an entry costs.
//!
//! `cargo bench --bench maps [-- <entries>]`; no part of the tests.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and may end at any error"
)]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use tidegate::acl::{Files, Method, Output, Reading};
use tidegate::sample::Value;

/// Time that this thread has worked: others may share the machine.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The memory of the process, bytes.
fn resident() -> i64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("proc is there");
    let pages: i64 = text
        .split(' ')
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number");
    pages * 4096
}

/// Spreads numbers without repeating one.
fn spread(n: usize) -> u32 {
    (n as u32).wrapping_mul(2_654_435_761)
}

fn name(n: usize) -> String {
    let x = spread(n);
    format!("{:x}-{:x}.example{}.com", x & 0xffff, x >> 16, n % 97)
}

/// Two hexadecimal digits more.
fn long(n: usize) -> u64 {
    (u64::from(spread(n)) << 8) | (n as u64 % 256)
}

/// A way to write the keys of a map, and subjects that they match.
struct Kind {
    label: &'static str,
    method: Method,
    key: fn(usize) -> String,
    hit: fn(usize) -> String,
    miss: fn(usize) -> String,
    share: usize,
}

const KINDS: &[Kind] = &[
    Kind {
        label: "str",
        method: Method::Str,
        key: name,
        hit: name,
        miss: |n| format!("{}x", name(n)),
        share: 1,
    },
    Kind {
        label: "beg",
        method: Method::Beg,
        key: |n| format!("/{}/{:x}", n % 1000, spread(n)),
        hit: |n| format!("/{}/{:x}/index.html", n % 1000, spread(n)),
        miss: |n| format!("/{}/z{:x}/index.html", n % 1000, spread(n)),
        share: 1,
    },
    Kind {
        label: "end",
        method: Method::End,
        key: |n| format!(".{}", name(n)),
        hit: |n| format!("www.{}", name(n)),
        miss: |n| format!("www.{}.org", name(n)),
        share: 1,
    },
    Kind {
        label: "dom",
        method: Method::Dom,
        key: name,
        hit: |n| format!("www.{}:80", name(n)),
        miss: |n| format!("www.{}x:80", name(n)),
        share: 1,
    },
    Kind {
        label: "dir",
        method: Method::Dir,
        key: |n| format!("{:x}", spread(n)),
        hit: |n| format!("/a/{:x}/index.html", spread(n)),
        miss: |n| format!("/a/z{:x}/index.html", spread(n)),
        share: 1,
    },
    Kind {
        label: "sub",
        method: Method::Sub,
        key: |n| format!("{:x}", long(n)),
        hit: |n| format!("/images/{:x}.png?x=1", long(n)),
        miss: |n| format!("/images/logo-{}.png?x=1", n % 100),
        share: 1,
    },
    Kind {
        label: "ip",
        method: Method::Ip,
        key: |n| std::net::Ipv4Addr::from(spread(n)).to_string(),
        hit: |n| std::net::Ipv4Addr::from(spread(n)).to_string(),
        miss: |n| std::net::Ipv4Addr::from(spread(n + 3_000_000)).to_string(),
        share: 1,
    },
    Kind {
        label: "ip/net",
        method: Method::Ip,
        key: |n| format!("{}/{}", std::net::Ipv4Addr::from(spread(n)), 16 + n % 17),
        hit: |n| std::net::Ipv4Addr::from(spread(n)).to_string(),
        miss: |n| std::net::Ipv4Addr::from(spread(n) ^ 0x0100).to_string(),
        share: 1,
    },
    Kind {
        label: "int",
        method: Method::Int,
        key: |n| spread(n).to_string(),
        hit: |n| spread(n).to_string(),
        miss: |n| spread(n + 3_000_000).to_string(),
        share: 1,
    },
    Kind {
        label: "reg",
        method: Method::Reg,
        key: |n| format!("^/u/{:x}/[0-9]+$", spread(n)),
        hit: |n| format!("/u/{:x}/17", spread(n)),
        miss: |n| format!("/u/z{:x}/17", spread(n)),
        share: 200,
    },
];

fn values(
    kind: &Kind,
    subject: fn(usize) -> String,
    count: usize,
    entries: usize,
) -> Vec<Value<'static>> {
    let at = |n: usize| subject((n * 7919) % entries);
    let value = |text: String| match kind.method {
        Method::Ip => Value::Ipv4(text.parse().expect("an address")),
        Method::Int => Value::Int(text.parse().expect("a number")),
        _ => Value::owned(text),
    };
    (0..count).map(|n| value(at(n))).collect()
}

fn measure(kind: &Kind, directory: &Path, entries: usize) {
    let file = std::fs::File::create(directory.join("map")).expect("a file");
    let mut file = std::io::BufWriter::new(file);
    for n in 0..entries {
        writeln!(file, "{} value{}", (kind.key)(n), n % 1000).expect("it is written");
    }
    let file = file.into_inner().expect("it is written");
    let size = file.metadata().expect("it is there").len() / entries as u64;
    let files = Files::default();
    let before = resident();
    let start = worked();
    let set = files
        .map(
            directory,
            "map",
            Reading::of(kind.method),
            Output::Str,
            ("bench", 0),
        )
        .expect("the map loads");
    let load = worked() - start;
    let memory = (resident() - before) / entries as i64;
    let time = |subject| {
        let values = values(kind, subject, 200_000.min(entries), entries);
        // What is made at the first use of an entry is not what is asked for.
        let _ = values.iter().filter(|value| set.matches(value)).count();
        let start = worked();
        let found = values
            .iter()
            .filter(|value| black_box(set.lookup(value)).is_some())
            .count();
        (
            (worked() - start).as_nanos() / values.len() as u128,
            found * 100 / values.len(),
        )
    };
    let ((hit, hits), (miss, misses)) = (time(kind.hit), time(kind.miss));
    let file = files.find("map").expect("it was loaded");
    let start = worked();
    file.wake();
    let wake = worked() - start;
    let start = worked();
    let mut worst = Duration::ZERO;
    let changes = 20_000.min(entries);
    for n in 0..changes {
        let one = worked();
        let key = if n % 2 == 0 {
            (kind.key)(n)
        } else {
            (kind.key)(entries + n)
        };
        file.put(key.as_bytes(), b"new").expect("it is changed");
        worst = worst.max(worked() - one);
    }
    let change = (worked() - start).as_nanos() / changes as u128;
    let (live, _) = time(kind.hit);
    println!(
        "{:7} {entries:8} {size:5} {:7.2} {memory:6} {hit:7} ({hits:3}%) {miss:7} ({misses:3}%) {live:7} {:7.1} {change:8} {:8.1}",
        kind.label,
        load.as_secs_f64(),
        wake.as_secs_f64() * 1e3,
        worst.as_secs_f64() * 1e6,
    );
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let entries: usize = words
        .iter()
        .find_map(|word| word.parse().ok())
        .unwrap_or(1_000_000);
    let directory = tempfile::tempdir().expect("a directory");
    if let Some(kind) = KINDS
        .iter()
        .find(|kind| words.iter().any(|word| word == kind.label))
    {
        return measure(kind, directory.path(), (entries / kind.share).max(1));
    }
    println!(
        "method   entries  line  load s B/entry  hit ns          miss ns         live ns wake ms put ns worst us"
    );
    for kind in KINDS {
        // Each in a process of its own, so that its memory can be seen.
        let program = std::env::current_exe().expect("it has a name");
        let mut child = std::process::Command::new(program);
        child.args([kind.label, &entries.to_string()]);
        child.status().expect("it runs");
    }
}
