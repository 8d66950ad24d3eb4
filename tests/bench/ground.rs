//! A request, and what reading and linking expressions needs: shared by those who measure expressions.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "who measures says by panicking what is wrong"
)]

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tidegate::acl::{self, Acls, Cond, Files};
use tidegate::http::{Head, Version};
use tidegate::sample::{
    Address, Captures, Context, Linker, Names, Place, Sample, Session, Transaction, VarNames, parse,
};
use tidegate::settings::{ErrorFiles, Kind, Mode, Userlist};
use tidegate::state::{self, State};
use tidegate::syntax::{Cursor, Line, Word};

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
pub struct Load {
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

    /// An expression, ready to be evaluated.
    pub fn sample(&self, text: &str) -> Sample {
        let word = word(text);
        let read = self.read(|cx| parse(&word, 0..text.len(), cx));
        let (expr, _) = read.unwrap_or_else(|error| panic!("{text}: {}", error.message));
        self.link(|linker| expr.sample.link(linker))
            .unwrap_or_else(|error| panic!("{text}: {}", error.message))
    }

    /// A condition, ready to be tested.
    pub fn condition(&self, text: &str) -> Cond {
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

/// A client.
pub fn session() -> Session {
    let proxy = Arc::new(state::Proxy::new("web"));
    let mut session = Session::nobody(proxy, 1, SystemTime::now(), Instant::now());
    session.source = Address::Ip("192.0.2.7:4711".parse().unwrap());
    session
}

/// Its request.
pub fn transaction() -> Transaction {
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
