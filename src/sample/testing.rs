//! A stream and a configuration small enough for tables of expressions.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::*;
use crate::diag::{Diagnostic, FileId, Span};
use crate::http::{Head, Version};
use crate::settings::{self, Secret, User, Userlist};
use crate::state::{self, State};
use crate::syntax::{Line, Word};

/// A stream that can be looked at.
pub(crate) struct Stream {
    pub session: Session,
    pub txn: Transaction,
    pub random: Cell<u64>,
    pub date: SystemTime,
    pub waiting: bool,
}

impl Stream {
    pub fn new() -> Self {
        let session = Session {
            frontend: Arc::new(state::Proxy::new("web")),
            listener: Arc::new(state::Listener::new(Some("here"))),
            frontend_id: 2,
            listener_id: 7,
            source: Address::Ip("192.0.2.7:4711".parse().unwrap()),
            destination: Address::Ip("[2001:db8::1]:80".parse().unwrap()),
            accept_date: UNIX_EPOCH,
            accepted: Instant::now(),
            handshake_ms: 0,
            requests: 0,
            common: Common::default(),
            check_vars: None,
            proxy_header: None,
            expected: crate::sample::Expected::default(),
            tls: None,
            error: 0,
            socket: None,
            identify: None,
            terms: Arc::default(),
            proxy_at: 0,
            meter: None,
        };
        Self {
            session,
            txn: Transaction {
                timers: Timers {
                    began: Some(Instant::now()),
                    ..Timers::default()
                },
                ..Transaction::default()
            },
            random: Cell::new(42),
            date: UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
            waiting: false,
        }
    }

    /// With this request: a request line, then header lines, then after an empty line a body.
    pub fn request(text: &str) -> Self {
        let mut stream = Self::new();
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let mut word = || words.next().unwrap_or_default().as_bytes();
        let (method, target) = (word(), word());
        stream.txn.request.head = Head::request(method, target, Version::HTTP_11);
        add_lines(&mut stream.txn.request.head, lines);
        stream.txn.request.body = body.as_bytes().to_vec();
        stream.txn.has_request = true;
        stream.txn.request_line = head.lines().next().unwrap_or_default().into();
        stream
    }

    /// And this response: a status, then header lines.
    pub fn response(mut self, text: &str) -> Self {
        let mut lines = text.lines();
        let status = lines.next().unwrap_or_default().parse().unwrap();
        self.txn.response.head = Head::response(Version::HTTP_11, status, b"");
        add_lines(&mut self.txn.response.head, lines);
        self.txn.has_response = true;
        self
    }

    pub fn scope<T>(&mut self, run: impl FnOnce(&mut Scope<'_>) -> T) -> T {
        let mut scope = Scope {
            session: &mut self.session,
            txn: &mut self.txn,
            now: Now {
                instant: Instant::now(),
                date: self.date,
                random: &self.random,
                thread: 3,
            },
            waiting: Cell::new(false),
        };
        let out = run(&mut scope);
        self.waiting = scope.waiting.get();
        out
    }

    /// What an expression gives here, as text; nothing if it gives no sample.
    pub fn eval(&mut self, text: &str) -> Option<String> {
        let sample = linked(text, Place::Acl).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.scope(|scope| {
            let mut out = Vec::new();
            sample
                .write_to(scope, &mut out)
                .then(|| String::from_utf8_lossy(&out).into_owned())
        })
    }
}

fn add_lines<'a>(head: &mut Head, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        head.add(name.as_bytes(), value.trim().as_bytes());
    }
}

/// A configuration with the frontend `web`, the backend `app` and its servers `a` and `b`.
struct Configured(Arc<State>);

impl Names for Configured {
    fn frontend(&self, name: &str) -> bool {
        name == "web"
    }
    fn backend(&self, name: &str) -> bool {
        name == "app"
    }
    fn backends(&self) -> Vec<String> {
        vec!["app".to_owned()]
    }
    fn frontends(&self) -> Vec<String> {
        vec!["web".to_owned()]
    }
    fn userlists(&self) -> Vec<String> {
        vec!["people".to_owned()]
    }
    fn server_names(&self, _: &str) -> Vec<String> {
        vec!["a".to_owned(), "b".to_owned()]
    }
    fn server(&self, backend: &str, name: &str) -> bool {
        backend == "app" && ["a", "b"].contains(&name)
    }
    fn environment(&self, name: &[u8]) -> Option<&[u8]> {
        (name == b"COLOUR").then_some(b"green")
    }
    fn userlist(&self, name: &str) -> Option<Arc<Userlist>> {
        let user = |name: &str, secret| User {
            name: name.to_owned(),
            secret,
            groups: vec!["staff".to_owned()],
        };
        (name == "people").then(|| {
            Arc::new(Userlist {
                name: name.to_owned(),
                users: vec![
                    user("joe", Secret::Plain("open".to_owned())),
                    user(
                        "sue",
                        Secret::Crypt(
                            "$5$saltsalt$LJ1xP2sWvlns2HXEEtjkvBBnDjVDRjIJY1i9wZOF6p5".to_owned(),
                        ),
                    ),
                ],
                groups: vec!["staff".to_owned()],
            })
        })
    }
    fn http_errors(&self, _: &str) -> Option<Arc<settings::ErrorFiles>> {
        None
    }
    fn table(&self, _: &str) -> Option<Arc<state::table::Table>> {
        None
    }
    fn resolvers(&self, name: &str) -> Option<Arc<settings::Resolvers>> {
        (name == "dns").then(|| settings::Resolvers::named(name).into())
    }
    fn servers(&self, backend: &str) -> Vec<Arc<state::Server>> {
        ["a", "b"].map(|name| self.0.server(backend, name)).into()
    }
}

/// Runs with a context for this place.
pub(crate) fn with_context<T>(place: Place, run: impl FnOnce(&mut Context<'_>) -> T) -> T {
    run(&mut Context {
        place,
        kind: settings::Kind::Frontend,
        mode: settings::Mode::Http,
        proxy: "web",
        acls: &Default::default(),
        stick_counters: 3,
        experimental: true,
        contents: crate::sample::Contents::default(),
        captures: &mut Captures::default(),
        file: "test.cfg",
        files: &Default::default(),
        directory: PathBuf::new(),
        diagnostics: &mut Vec::new(),
    })
}

/// This text as a word that stands at column 10 of line 1.
pub(crate) fn word(text: &str) -> Word {
    Word {
        bytes: text.as_bytes().to_vec(),
        span: Span {
            file: FileId(0),
            line: 1,
            start: 10,
            end: 10 + text.len() as u32,
        },
        map: Vec::new(),
    }
}

/// Reads an expression that is a whole word.
pub(crate) fn read(text: &str, place: Place) -> Result<Expr, Diagnostic> {
    let word = word(text);
    let (expr, taken) =
        with_context(place, |cx| parse(&word, 0..text.len(), cx)).map_err(|d| *d)?;
    if taken < text.len() {
        let rest = word.part(taken, text.len());
        return Err(Diagnostic::alert(rest, "something is left"));
    }
    Ok(expr)
}

/// Words of a line as they stand between blanks; a word may be in double quotes.
pub(crate) fn line(text: &str) -> Line {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let quoted = rest
            .strip_prefix('"')
            .and_then(|inner| inner.split_once('"'));
        let (one, after) = quoted.unwrap_or_else(|| rest.split_once(' ').unwrap_or((rest, "")));
        words.push(word(one));
        rest = after.trim_start();
    }
    Line {
        words,
        span: word(text).span,
    }
}

/// Runs with a linker for the frontend `web`.
pub(crate) fn with_linker<T>(run: impl FnOnce(&mut Linker<'_>) -> T) -> T {
    let state = Arc::new(State::default());
    run(&mut Linker {
        state: &state,
        vars: &VarNames::default(),
        proxy: "web",
        files: &Default::default(),
        names: &Configured(state.clone()),
        captures: Captures::default(),
        warnings: Vec::new(),
    })
}

/// Reads and links an expression; an error gives its message.
pub(crate) fn linked(text: &str, place: Place) -> Result<Sample, String> {
    let expr = read(text, place).map_err(|error| error.message)?;
    with_linker(|linker| expr.sample.link(linker).map_err(|error| error.message))
}
