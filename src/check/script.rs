//! A backend's check as steps, linked: what `option httpchk`, `tcp-check` and kin amount to.
//!
//! The steps that HAProxy leaves implicit (the first connect, the request of `option httpchk`, the
//! expectation of a 2xx or 3xx) are made explicit here, so that running a script is one loop.

use crate::action::Action;
use crate::diag::Diagnostic;
use crate::format::Format;
use crate::sample::{Linker, Pending, Sample};
use crate::settings::{self, CheckKind, Endpoint};

use super::code::Code;
use super::protocol;

/// What talks in a check; it decides how failures are worded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// A bare connect.
    Connect,
    /// `option tcp-check`
    Tcp,
    /// `option httpchk`
    Http,
    /// A built-in script (`option redis-check` …).
    Builtin,
}

/// A linked check.
#[derive(Debug)]
pub struct Script {
    /// See [`Dialect`].
    pub dialect: Dialect,
    /// In order; the first that is not a comment or action is a connect.
    pub steps: Vec<Numbered>,
}

/// A step and its number in messages; 0 for one that nobody wrote.
#[derive(Debug)]
pub struct Numbered {
    /// From 1.
    pub number: usize,
    /// What to do.
    pub step: Step,
}

/// A linked step.
#[derive(Debug)]
pub enum Step {
    /// Opens a connection.
    Connect(Connect),
    /// Sends bytes.
    Send(Vec<u8>, Option<String>),
    /// Sends what a format gives; hexadecimal text if true.
    SendFormat(Format, bool, Option<String>),
    /// Sends an HTTP request.
    Http(Box<Request>),
    /// Waits for an answer.
    Expect(Box<Expect>),
    /// Names what follows.
    Comment(String),
    /// Changes variables.
    Action(Action),
}

/// A linked `connect`.
#[derive(Debug, Default)]
pub struct Connect {
    /// `port`.
    pub port: Option<u16>,
    /// `port <expr>`.
    pub port_expr: Option<Sample>,
    /// `addr`.
    pub addr: Option<Endpoint>,
    /// `send-proxy`; the server line's `check-send-proxy` holds where nobody wrote the step or it says `default`.
    pub send_proxy: bool,
    /// The server line's options count.
    pub server_options: bool,
    /// `ssl`, `sni`, `alpn`.
    pub ssl: bool,
    /// See `ssl`.
    pub sni: Option<String>,
    /// See `ssl`.
    pub alpn: Vec<Vec<u8>>,
    /// `proto`.
    pub proto: Option<settings::Protocol>,
    /// `linger`: close in order instead of by a reset.
    pub linger: bool,
    /// `comment`.
    pub comment: Option<String>,
}

/// A linked `http-check send`.
#[derive(Debug, Default)]
pub struct Request {
    /// Method.
    pub method: String,
    /// Request target.
    pub uri: Text,
    /// `HTTP/1.0`
    pub version: String,
    /// Headers as written; values are formats or, from `option httpchk`, plain.
    pub headers: Vec<(String, Text)>,
    /// Body.
    pub body: Option<Text>,
    /// `comment`.
    pub comment: Option<String>,
}

/// Bytes as written, or a format.
#[derive(Debug)]
pub enum Text {
    /// As written.
    Plain(Vec<u8>),
    /// Rendered at each check.
    Format(Format),
}

impl Default for Text {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

/// A linked `expect`.
#[derive(Debug)]
pub struct Expect {
    /// What to match.
    pub matcher: Matcher,
    /// `!`.
    pub negate: bool,
    /// `min-recv`; `None` is -1.
    pub min_recv: Option<usize>,
    /// `ok-status`.
    pub ok: Option<Code>,
    /// `error-status`.
    pub error: Option<Code>,
    /// `tout-status`.
    pub timeout: Option<Code>,
    /// `on-success`.
    pub on_success: Option<Format>,
    /// `on-error`.
    pub on_error: Option<Format>,
    /// `status-code`.
    pub status_code: Option<Sample>,
    /// `comment`.
    pub comment: Option<String>,
}

impl Expect {
    /// An expectation with nothing else said.
    pub fn of(matcher: Matcher) -> Self {
        Self {
            matcher,
            negate: false,
            min_recv: None,
            ok: None,
            error: None,
            timeout: None,
            on_success: None,
            on_error: None,
            status_code: None,
            comment: None,
        }
    }
}

/// What an expectation looks at.
#[derive(Debug)]
pub enum Matcher {
    /// Status codes and ranges.
    Status(Vec<(u16, u16)>),
    /// A regex on the status.
    StatusRegex(crate::regex::Regex),
    /// Bytes; true if written in hexadecimal.
    Bytes(Vec<u8>, bool),
    /// A regex; true if on hexadecimal text.
    Regex(crate::regex::Regex, bool),
    /// A format; true if it gives hexadecimal text.
    Format(Format, bool),
    /// A header.
    Header(Box<Header>),
    /// A built-in protocol's own judgement.
    Protocol(protocol::Judge),
}

/// A linked header expectation.
#[derive(Debug)]
pub struct Header {
    /// Whole lines.
    pub full: bool,
    /// Names.
    pub name: HeaderMatch,
    /// Values.
    pub value: Option<HeaderMatch>,
}

/// A linked header match.
#[derive(Debug)]
pub enum HeaderMatch {
    /// `str`
    Exact(Text),
    /// `beg`
    Prefix(Text),
    /// `end`
    Suffix(Text),
    /// `sub`
    Substring(Text),
    /// `reg`
    Regex(crate::regex::Regex),
}

type Fault = Box<Diagnostic>;

impl Script {
    /// Links the check of a proxy.
    ///
    /// # Errors
    /// Names in formats and actions that do not exist.
    pub fn link(proxy: &settings::Proxy, linker: &mut Linker<'_>) -> Result<Self, Fault> {
        let (dialect, steps) = match &proxy.check_kind {
            CheckKind::Connect => (Dialect::Connect, Vec::new()),
            CheckKind::Tcp => (Dialect::Tcp, written(&proxy.check_steps, linker)?),
            CheckKind::Http => (Dialect::Http, http_steps(proxy, linker)?),
            builtin => (Dialect::Builtin, protocol::steps(builtin)),
        };
        let mut script = Self { dialect, steps };
        script.begin_with_connect();
        Ok(script)
    }

    fn begin_with_connect(&mut self) {
        let opens = self
            .steps
            .iter()
            .find(|s| !matches!(s.step, Step::Comment(_) | Step::Action(_)))
            .is_some_and(|s| matches!(s.step, Step::Connect(_)));
        if !opens {
            let connect = Connect {
                server_options: true,
                ..Connect::default()
            };
            self.steps.insert(0, unwritten(Step::Connect(connect)));
        }
    }

    /// A bare connect.
    pub fn connect() -> Self {
        let mut script = Self {
            dialect: Dialect::Connect,
            steps: Vec::new(),
        };
        script.begin_with_connect();
        script
    }
}

/// A step nobody wrote.
pub fn unwritten(step: Step) -> Numbered {
    Numbered { number: 0, step }
}

fn written(steps: &[settings::Step], linker: &mut Linker<'_>) -> Result<Vec<Numbered>, Fault> {
    let number = |(at, step): (usize, &settings::Step)| {
        Ok(Numbered {
            number: at + 1,
            step: link_step(step, linker)?,
        })
    };
    steps.iter().enumerate().map(number).collect()
}

/// `http-check` steps with what `option httpchk` says worked in.
fn http_steps(proxy: &settings::Proxy, linker: &mut Linker<'_>) -> Result<Vec<Numbered>, Fault> {
    let (method, uri, version) = proxy.httpchk.clone().unwrap_or_default();
    let mut steps = proxy.check_steps.clone();
    let sends = |s: &settings::Step| matches!(s, settings::Step::HttpSend(_));
    if !steps.iter().any(sends) {
        let after_connect = steps
            .iter()
            .position(|s| matches!(s, settings::Step::Connect(_)))
            .map_or(0, |at| at + 1);
        steps.insert(after_connect, settings::Step::HttpSend(Box::default()));
    }
    let last_send = steps.iter().rposition(sends).unwrap_or(0);
    let expects = steps
        .iter()
        .skip(last_send)
        .any(|s| matches!(s, settings::Step::Expect(_)));
    let first = steps.iter_mut().find_map(|s| match s {
        settings::Step::HttpSend(send) => Some(send),
        _ => None,
    });
    let mut trailer = Trailer::default();
    if let Some(first) = first {
        trailer = Trailer::read(version.as_deref().unwrap_or("HTTP/1.0"));
        first.method = first.method.take().or(method);
        if first.uri_format.is_none() {
            first.uri = first.uri.take().or(uri);
        }
        first.version = first.version.take().or(Some(trailer.version.clone()));
    }
    let mut linked = written(&steps, linker)?;
    trailer.add_to(&mut linked);
    if !expects {
        let expect = Expect::of(Matcher::Status(vec![(200, 399)]));
        linked.push(unwritten(Step::Expect(Box::new(expect))));
    }
    Ok(linked)
}

/// Headers and a body hidden behind the version of `option httpchk`, as configurations of old do.
#[derive(Default)]
struct Trailer {
    version: String,
    headers: Vec<(String, Text)>,
    body: Option<Text>,
}

impl Trailer {
    fn read(text: &str) -> Self {
        let (head, body) = match text.split_once("\r\n\r\n") {
            Some((head, body)) => (head, Some(body)),
            None => (text, None),
        };
        let mut lines = head.split("\r\n");
        let version = lines.next().unwrap_or_default().trim().to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            let value = Text::Plain(value.trim().as_bytes().to_vec());
            Some((name.trim().to_owned(), value))
        };
        Self {
            version,
            headers: lines.filter_map(header).collect(),
            body: body
                .filter(|body| !body.is_empty())
                .map(|body| Text::Plain(body.as_bytes().to_vec())),
        }
    }

    /// They come before what the first `http-check send` adds.
    fn add_to(self, steps: &mut [Numbered]) {
        let first = steps.iter_mut().find_map(|s| match &mut s.step {
            Step::Http(request) => Some(request),
            _ => None,
        });
        if let Some(request) = first {
            request.headers.splice(0..0, self.headers);
            request.body = request.body.take().or(self.body);
        }
    }
}

fn link_step(step: &settings::Step, linker: &mut Linker<'_>) -> Result<Step, Fault> {
    Ok(match step {
        settings::Step::Connect(probe) => Step::Connect(Connect {
            port: probe.port,
            port_expr: link(&probe.port_expr, linker)?,
            addr: probe.addr.clone(),
            send_proxy: probe.send_proxy,
            ssl: probe.ssl,
            sni: probe.sni.clone(),
            alpn: probe.alpn.clone(),
            proto: probe.proto,
            server_options: probe.default,
            linger: probe.linger,
            comment: probe.comment.clone(),
        }),
        settings::Step::Send { data, comment } => Step::Send(data.clone(), comment.clone()),
        settings::Step::SendFormat {
            format,
            hex,
            comment,
        } => Step::SendFormat(format.link(linker)?, *hex, comment.clone()),
        settings::Step::HttpSend(send) => Step::Http(Box::new(link_request(send, linker)?)),
        settings::Step::Expect(expect) => Step::Expect(Box::new(link_expect(expect, linker)?)),
        settings::Step::Comment(text) => Step::Comment(text.clone()),
        settings::Step::Action(action) => Step::Action(action.link(linker)?),
    })
}

fn link<T: 'static>(
    pending: &Option<Pending<T>>,
    linker: &mut Linker<'_>,
) -> Result<Option<T>, Fault> {
    pending.as_ref().map(|p| p.link(linker)).transpose()
}

fn link_request(send: &settings::HttpSend, linker: &mut Linker<'_>) -> Result<Request, Fault> {
    let uri = match &send.uri_format {
        Some(format) => Text::Format(format.link(linker)?),
        None => Text::Plain(send.uri.clone().unwrap_or_else(|| "/".into()).into_bytes()),
    };
    let header = |(name, value): &(String, Pending<Format>)| {
        Ok((name.clone(), Text::Format(value.link(linker)?)))
    };
    let headers = send
        .headers
        .iter()
        .map(header)
        .collect::<Result<_, Fault>>()?;
    let body = match (&send.body_format, &send.body) {
        (Some(format), _) => Some(Text::Format(format.link(linker)?)),
        (None, Some(body)) => Some(Text::Plain(body.clone())),
        (None, None) => None,
    };
    Ok(Request {
        method: send.method.clone().unwrap_or_else(|| "OPTIONS".into()),
        uri,
        version: send.version.clone().unwrap_or_else(|| "HTTP/1.0".into()),
        headers,
        body,
        comment: send.comment.clone(),
    })
}

fn link_expect(expect: &settings::Expect, linker: &mut Linker<'_>) -> Result<Expect, Fault> {
    use settings::ExpectKind as Kind;
    let matcher = match &expect.kind {
        Kind::Status(ranges) => Matcher::Status(ranges.clone()),
        Kind::StatusRegex(regex) => Matcher::StatusRegex(regex.clone()),
        Kind::Text(text) => Matcher::Bytes(text.clone(), false),
        Kind::Regex(regex) => Matcher::Regex(regex.clone(), false),
        Kind::Binary(bytes) => Matcher::Bytes(bytes.clone(), true),
        Kind::BinaryRegex(regex) => Matcher::Regex(regex.clone(), true),
        Kind::Format(format, hex) => Matcher::Format(format.link(linker)?, *hex),
        Kind::Header(header) => Matcher::Header(Box::new(Header {
            full: header.full,
            name: link_header(&header.name, linker)?,
            value: match &header.value {
                Some(value) => Some(link_header(value, linker)?),
                None => None,
            },
        })),
        Kind::Custom => Matcher::Protocol(protocol::always),
    };
    let code = |name: Option<&'static str>| name.and_then(Code::by_name);
    Ok(Expect {
        matcher,
        negate: expect.negate,
        min_recv: expect.min_recv.and_then(|n| usize::try_from(n).ok()),
        ok: code(expect.ok_status),
        error: code(expect.error_status),
        timeout: code(expect.timeout_status),
        on_success: link(&expect.on_success, linker)?,
        on_error: link(&expect.on_error, linker)?,
        status_code: link(&expect.status_code, linker)?,
        comment: expect.comment.clone(),
    })
}

fn link_header(
    header: &settings::HeaderMatch,
    linker: &mut Linker<'_>,
) -> Result<HeaderMatch, Fault> {
    use settings::HeaderMatch as Match;
    let mut text = |pattern: &settings::HeaderPattern| match pattern {
        settings::HeaderPattern::Text(text) => Ok(Text::Plain(text.clone())),
        settings::HeaderPattern::Format(format) => format.link(linker).map(Text::Format),
    };
    Ok(match header {
        Match::Exact(pattern) => HeaderMatch::Exact(text(pattern)?),
        Match::Prefix(pattern) => HeaderMatch::Prefix(text(pattern)?),
        Match::Suffix(pattern) => HeaderMatch::Suffix(text(pattern)?),
        Match::Substring(pattern) => HeaderMatch::Substring(text(pattern)?),
        Match::Regex(regex) => HeaderMatch::Regex(regex.clone()),
    })
}
