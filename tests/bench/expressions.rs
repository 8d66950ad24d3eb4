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

use std::cell::Cell;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tidegate::acl::{self, Acls, Cond, Files};
use tidegate::http::{Head, Version};
use tidegate::sample::{
    Address, Captures, Context, Linker, Names, Now, Place, Sample, Scope, Session, Transaction,
    VarNames, parse,
};
use tidegate::settings::{ErrorFiles, Kind, Mode, Userlist};
use tidegate::state::{self, State};
use tidegate::syntax::{Cursor, Line, Word};

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

const REQUEST: &[(&str, &str)] = &[
    ("Host", "www.Example.com:8080"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ),
    (
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ),
    ("Accept-Language", "en-US,en;q=0.5,de;q=0.3"),
    ("Accept-Encoding", "gzip, deflate, br"),
    (
        "Cookie",
        "theme=dark; session=0123456789abcdef; lang=en; _ga=GA1.2.3.4",
    ),
    ("X-Json", r#"{"name":"x","user":{"id":42,"name":"joe"}}"#),
    (
        "X-Token",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    ),
];

struct Nothing;

impl Names for Nothing {
    fn frontend(&self, name: &str) -> bool {
        name == "web"
    }
    fn frontends(&self) -> Vec<String> {
        vec!["web".to_owned()]
    }
    fn backend(&self, _: &str) -> bool {
        false
    }
    fn backends(&self) -> Vec<String> {
        Vec::new()
    }
    fn userlists(&self) -> Vec<String> {
        Vec::new()
    }
    fn server_names(&self, _: &str) -> Vec<String> {
        Vec::new()
    }
    fn server(&self, _: &str, _: &str) -> bool {
        false
    }
    fn environment(&self, _: &[u8]) -> Option<&[u8]> {
        None
    }
    fn userlist(&self, _: &str) -> Option<Arc<Userlist>> {
        None
    }
    fn resolvers(&self, _: &str) -> Option<Arc<tidegate::settings::Resolvers>> {
        None
    }
    fn http_errors(&self, _: &str) -> Option<Arc<ErrorFiles>> {
        None
    }
    fn servers(&self, _: &str) -> Vec<Arc<state::Server>> {
        Vec::new()
    }
    fn table(&self, _: &str) -> Option<Arc<state::table::Table>> {
        None
    }
}

/// What reading and linking need, one for all so that variables keep their numbers.
#[derive(Default)]
struct Load {
    files: Files,
    vars: VarNames,
    state: State,
    acls: Acls,
}

impl Load {
    fn read<T>(&self, run: impl FnOnce(&mut Context<'_>) -> T) -> T {
        run(&mut Context {
            place: Place::FrontRequest,
            kind: Kind::Frontend,
            mode: Mode::Http,
            proxy: "web",
            acls: &self.acls,
            captures: &mut Captures::default(),
            file: "bench.cfg",
            files: &self.files,
            directory: std::path::PathBuf::new(),
            stick_counters: 3,
            experimental: true,
            contents: tidegate::sample::Contents::default(),
            diagnostics: &mut Vec::new(),
        })
    }

    fn link<T>(&self, run: impl FnOnce(&mut Linker<'_>) -> T) -> T {
        run(&mut Linker {
            state: &self.state,
            vars: &self.vars,
            proxy: "web",
            files: &self.files,
            names: &Nothing,
            captures: Captures::default(),
            warnings: Vec::new(),
        })
    }

    fn sample(&self, text: &str) -> Sample {
        let word = word(text);
        let read = self.read(|cx| parse(&word, 0..text.len(), cx));
        let (expr, _) = read.unwrap_or_else(|error| panic!("{text}: {}", error.message));
        self.link(|linker| expr.sample.link(linker))
            .unwrap_or_else(|error| panic!("{text}: {}", error.message))
    }

    fn condition(&self, text: &str) -> Cond {
        let words = ["if"].into_iter().chain(text.split(' '));
        let line = Line {
            words: words.map(word).collect(),
            span: Default::default(),
        };
        let read = self.read(|cx| acl::condition(&mut Cursor::new(&line, 0), cx));
        let pending = read.unwrap_or_else(|error| panic!("{text}: {}", error.message));
        self.link(|linker| pending.expect("a condition").link(linker))
            .unwrap_or_else(|error| panic!("{text}: {}", error.message))
    }
}

fn word(text: &str) -> Word {
    Word {
        bytes: text.as_bytes().to_vec(),
        span: Default::default(),
        map: Vec::new(),
    }
}

fn session() -> Session {
    let proxy = Arc::new(state::Proxy::new("web"));
    let mut session = Session::nobody(proxy, 1, SystemTime::now(), Instant::now());
    session.source = Address::Ip("192.0.2.7:4711".parse().unwrap());
    session
}

fn transaction() -> Transaction {
    let mut txn = Transaction::default();
    let line = "GET /img/logo.png?q=Hello%20World&lang=en HTTP/1.1";
    let target = line.split(' ').nth(1).unwrap();
    txn.request.head = Head::request(b"GET", target.as_bytes(), Version::HTTP_11);
    for (name, value) in REQUEST {
        txn.request.head.add(name.as_bytes(), value.as_bytes());
    }
    txn.has_request = true;
    txn.request_line = line.into();
    txn
}

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
