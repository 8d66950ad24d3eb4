//! Running a script against a server: one check, from connect to finding.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::time::{Duration, Instant, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

use crate::plan;
use crate::sample::{Now, Scope, Session, Transaction, Vars};
use crate::settings::{Endpoint, Options};
use crate::state::Operational;

use super::code::{Code, Finding};
use super::connect::{self, Link, Secured};
use super::expect::{self, Answer, At, Verdict};
use super::http::{self, Progress};
use super::schedule;
use super::script::{Connect, Dialect, Expect, Numbered, Script, Step};
use super::send_state;

/// One check under way.
struct Run<'a> {
    proxy: &'a plan::Proxy,
    server: &'a plan::Server,
    script: &'a Script,
    node: &'a str,
    /// Most bytes kept of an answer (`tune.bufsize`).
    limit: usize,
    started: Instant,
    deadline: Instant,
    link: Option<Box<dyn Link>>,
    /// What carries the link where the server speaks HTTP/2.
    works: tokio::task::JoinSet<()>,
    data: Vec<u8>,
    closed: bool,
    /// The last connection speaks TLS.
    secure: bool,
    session: Session,
    txn: Transaction,
    random: Cell<u64>,
    comment: Option<&'a str>,
    /// What the last passed expectation says.
    passed: Option<Finding>,
}

/// Checks a server once.
pub async fn probe(
    proxy: &plan::Proxy,
    server: &plan::Server,
    node: &str,
    limit: usize,
    seed: u64,
) -> Finding {
    let started = Instant::now();
    let mut run = Run {
        proxy,
        server,
        script: &proxy.check,
        node,
        limit: limit.max(1024),
        started,
        deadline: started,
        link: None,
        works: tokio::task::JoinSet::new(),
        data: Vec::new(),
        closed: false,
        secure: false,
        session: Session {
            check_vars: Some(Vars::default()),
            ..Session::nobody(proxy.state.clone(), proxy.id, SystemTime::now(), started)
        },
        txn: transaction(proxy, server),
        random: Cell::new(seed | 1),
        comment: None,
        passed: None,
    };
    let mut finding = run.all().await;
    finding.duration_ms = Some(started.elapsed().as_millis() as u64);
    finding
}

fn transaction(proxy: &plan::Proxy, server: &plan::Server) -> Transaction {
    Transaction {
        backend: Some(proxy.state.clone()),
        backend_id: proxy.id,
        server: Some(server.state.clone()),
        server_id: server.id,
        ..Transaction::default()
    }
}

impl<'a> Run<'a> {
    async fn all(&mut self) -> Finding {
        let script = self.script;
        for step in &script.steps {
            if let Err(finding) = self.one(step).await {
                return finding;
            }
        }
        if let Some(finding) = self.passed.take() {
            return finding;
        }
        let talks = |s: &Numbered| matches!(s.step, Step::Send(..) | Step::SendFormat(..));
        match script.dialect {
            Dialect::Tcp if script.steps.iter().any(talks) => {
                Finding::new(Code::L7Ok, "(tcp-check)")
            }
            _ if self.secure => Finding::new(Code::L6Ok, ""),
            _ => Finding::new(Code::L4Ok, ""),
        }
    }

    async fn one(&mut self, step: &'a Numbered) -> Result<(), Finding> {
        match &step.step {
            Step::Comment(text) => self.comment = Some(text),
            Step::Action(action) => {
                // Only variables change here, so there is no flow to follow.
                let _ = self.in_scope(|scope| action.run(scope));
            }
            Step::Connect(connect) => self.connect(step, connect).await?,
            Step::Send(bytes, comment) => {
                self.send(step, bytes.clone(), comment.as_deref()).await?;
            }
            Step::SendFormat(format, hex, comment) => {
                let mut bytes = self.in_scope(|scope| {
                    let mut out = Vec::new();
                    format.render(scope, &mut out);
                    out
                });
                if *hex {
                    bytes = expect::unhex(&bytes);
                }
                self.send(step, bytes, comment.as_deref()).await?;
            }
            Step::Http(request) => {
                let sends = self.proxy.settings.options.contains(Options::SEND_STATE);
                let state = sends.then(|| send_state::header(self.proxy, self.server, self.node));
                let h2 = !self.works.is_empty();
                let bytes =
                    self.in_scope(|scope| http::request(request, state.as_deref(), scope, h2));
                self.send(step, bytes, request.comment.as_deref()).await?;
            }
            Step::Expect(expect) => self.expect(step, expect).await?,
        }
        Ok(())
    }

    fn in_scope<T>(&mut self, f: impl FnOnce(&mut Scope<'_>) -> T) -> T {
        let mut scope = Scope {
            session: &mut self.session,
            txn: &mut self.txn,
            now: Now {
                instant: Instant::now(),
                date: SystemTime::now(),
                random: &self.random,
                thread: 0,
            },
            waiting: Cell::new(false),
        };
        f(&mut scope)
    }

    // --- steps ----------------------------------------------------------------------------------

    async fn connect(&mut self, step: &'a Numbered, connect: &'a Connect) -> Result<(), Finding> {
        self.link = None;
        self.data.clear();
        self.closed = false;
        self.secure = false;
        let server = self.server;
        let goal = self.in_scope(|scope| connect::goal(connect, server, scope));
        let comment = connect.comment.as_deref().or(self.comment);
        let Some(goal) = goal else {
            let info = self.located("", step, comment);
            return Err(Finding::new(Code::SocketError, info));
        };
        let inter = Duration::from_millis(schedule::inter(self.server));
        let timeouts = &self.proxy.settings.timeouts;
        let limit = match (timeouts.check, timeouts.connect) {
            (Some(_), Some(connect)) => inter.min(Duration::from_millis(connect)),
            _ => inter,
        };
        self.deadline = Instant::now() + limit;
        let secret = connect::secrecy(connect, self.server).is_some();
        let quiet = !secret && !self.listens_after(step);
        match within(
            self.deadline,
            connect::open(&goal, connect, self.server, quiet),
        )
        .await
        {
            None => {
                let info = self.located("", step, comment);
                return Err(Finding::new(Code::L4Timeout, info));
            }
            Some(Err(error)) => {
                let info = self.located(&plain(&error), step, comment);
                return Err(Finding::new(Code::L4Connection, info));
            }
            Some(Ok(link)) => {
                let (link, agreed) = match connect::secrecy(connect, self.server) {
                    None => (link, false),
                    Some((config, name)) => {
                        let auto = self.host_of(step, name);
                        let terms = (config, name.or(auto.as_deref()));
                        let by_line = self.server.settings.tls.host.is_some();
                        let begun = connect::secure(link, &goal, terms, by_line);
                        let begun = within(self.deadline, begun).await;
                        self.secured(begun, step, comment)?
                    }
                };
                let said = connect::speaks_h2(connect, self.server);
                self.link = Some(match said.unwrap_or(agreed) {
                    true if self.script.dialect == Dialect::Http => self.multiplexed(link),
                    _ => link,
                });
            }
        }
        // Without `timeout check` one `inter` covers connect and answer alike.
        self.deadline = match timeouts.check {
            Some(check) => Instant::now() + Duration::from_millis(check),
            None => self.started.max(self.deadline - limit) + inter,
        };
        Ok(())
    }

    /// Puts HTTP/2 under what is said on a connection.
    fn multiplexed(&mut self, link: Box<dyn Link>) -> Box<dyn Link> {
        let (near, work) = crate::wire::h2::probe::over(link);
        // Gone with the check, or when a step connects anew.
        let mut works = tokio::task::JoinSet::new();
        works.spawn_local(work);
        self.works = works;
        Box::new(near)
    }

    /// The name that the request behind this step says it is for, where that is wanted (`check-sni-auto`).
    fn host_of(&mut self, step: &Numbered, named: Option<&str>) -> Option<String> {
        if named.is_some() || !self.server.settings.check.sni_auto {
            return None;
        }
        let after = self.script.steps.iter();
        let mut after = after.skip_while(|s| s.number <= step.number);
        let request = after.find_map(|s| match &s.step {
            Step::Http(request) => Some(request),
            _ => None,
        })?;
        self.in_scope(|scope| http::host(request, scope))
    }

    fn secured(
        &mut self,
        begun: Option<Secured>,
        step: &Numbered,
        comment: Option<&str>,
    ) -> Result<(Box<dyn Link>, bool), Finding> {
        let (code, what) = match begun {
            Some(Ok(secured)) => {
                self.secure = true;
                return Ok(secured);
            }
            Some(Err(why)) => (Code::L6Response, why),
            None => (Code::L6Timeout, ""),
        };
        Err(Finding::new(code, self.located(what, step, comment)))
    }

    /// True if the server speaks first after this step.
    fn listens_after(&self, step: &Numbered) -> bool {
        let steps = self.script.steps.iter();
        let mut after = steps.skip_while(|s| !std::ptr::eq(*s, step)).skip(1);
        let next = after.find(|s| !matches!(s.step, Step::Comment(_) | Step::Action(_)));
        next.is_some_and(|s| matches!(s.step, Step::Expect(_)))
    }

    async fn send(
        &mut self,
        step: &'a Numbered,
        bytes: Vec<u8>,
        comment: Option<&'a str>,
    ) -> Result<(), Finding> {
        self.data.clear();
        let comment = comment.or(self.comment);
        let deadline = self.deadline;
        let Some(link) = &mut self.link else {
            return Err(Finding::new(Code::SocketError, ""));
        };
        match within(deadline, link.write_all(&bytes)).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                let info = self.located(&plain(&error), step, comment);
                Err(Finding::new(Code::L4Connection, info))
            }
            None => {
                let info = self.located("", step, comment);
                Err(Finding::new(Code::L7Timeout, info))
            }
        }
    }

    async fn expect(&mut self, step: &'a Numbered, expect: &'a Expect) -> Result<(), Finding> {
        let comment = expect.comment.as_deref().or(self.comment);
        loop {
            match self.judge(step, expect, comment) {
                Verdict::Pass => return Ok(()),
                Verdict::Done(finding) => return Err(finding),
                Verdict::Wait => {}
            }
            if !self.read().await? {
                let info = self.located("", step, comment);
                return Err(Finding::new(self.timeout_code(expect), info));
            }
        }
    }

    /// Judges what came so far and remembers what a passed expectation says.
    fn judge(&mut self, step: &Numbered, expect: &Expect, comment: Option<&str>) -> Verdict {
        let at = At {
            number: step.number,
            comment,
        };
        let last = self.closed || self.data.len() >= self.limit;
        let mut whole = last;
        let mut status = None;
        if self.script.dialect == Dialect::Http {
            match http::response(&self.data, last, &mut self.txn.response) {
                Progress::Head => return Verdict::Wait,
                Progress::Invalid => {
                    let info = comment
                        .map(|c| format!(" comment: {c}"))
                        .unwrap_or_default();
                    return Verdict::Done(Finding::new(Code::L7Response, info));
                }
                Progress::Body => {}
                Progress::Whole => whole = true,
            }
            self.txn.has_response = true;
            let number = self.txn.response.head.status();
            status = Some(number);
            self.txn.status = status;
            if number == 404 && self.lets_go_on_404() {
                return Verdict::Done(Finding::new(Code::L7Conditional, "").number(404));
            }
        } else {
            self.txn.server_payload.data.clone_from(&self.data);
            self.txn.server_payload.complete = last;
        }
        let response = status
            .is_some()
            .then(|| std::mem::take(&mut self.txn.response));
        // The response is lent to the judgement and to the scope its formats see.
        if let Some(response) = &response {
            self.txn.response = response.clone();
        }
        let data = std::mem::take(&mut self.data);
        let dialect = self.script.dialect;
        let (verdict, finding) = self.in_scope(|scope| {
            let answer = Answer {
                data: &data,
                last: whole,
                response: response.as_ref(),
            };
            let verdict = expect::judge(expect, &answer, &at, scope);
            let finding =
                (verdict == Verdict::Pass).then(|| expect::passed(expect, status, dialect, scope));
            (verdict, finding)
        });
        self.data = data;
        if finding.is_some() {
            self.passed = finding;
        }
        verdict
    }

    /// `http-check disable-on-404`: a 404 is a wish for no new sessions, unless the server is down.
    fn lets_go_on_404(&self) -> bool {
        self.proxy
            .settings
            .options
            .contains(Options::DISABLE_ON_404)
            && self.server.state.operational() != Operational::Stopped
    }

    /// Reads more. `false` if the time is over.
    async fn read(&mut self) -> Result<bool, Finding> {
        let deadline = self.deadline;
        let Some(link) = &mut self.link else {
            return Err(Finding::new(Code::SocketError, ""));
        };
        let mut buffer = [0u8; 4096];
        match within(deadline, link.read(&mut buffer)).await {
            None => Ok(false),
            Some(Ok(0) | Err(_)) if self.closed => Ok(false),
            // A stream of HTTP/2 that ends without a head was reset.
            Some(Ok(0) | Err(_)) if self.data.is_empty() && !self.works.is_empty() => {
                Err(Finding::new(Code::SocketError, ""))
            }
            Some(Ok(0) | Err(_)) => {
                self.closed = true;
                Ok(true)
            }
            Some(Ok(n)) => {
                self.data.extend_from_slice(&buffer[..n]);
                self.data.truncate(self.limit);
                Ok(true)
            }
        }
    }

    fn timeout_code(&self, expect: &Expect) -> Code {
        use crate::settings::CheckKind;
        let default = match self.proxy.settings.check_kind {
            CheckKind::SslHello => Code::L6Timeout,
            _ => Code::L7Timeout,
        };
        expect.timeout.unwrap_or(default)
    }

    /// Adds where in a tcp-check script something went wrong, in HAProxy's words.
    fn located(&self, what: &str, step: &Numbered, comment: Option<&str>) -> String {
        if self.script.dialect != Dialect::Tcp {
            return what.to_owned();
        }
        if step.number == 0 {
            return format!("{what} at initial connection step of tcp-check");
        }
        let action = match &step.step {
            Step::Connect(connect) => match port_of(connect) {
                Some(port) => format!("connect port {port}"),
                None => "connect".into(),
            },
            Step::Expect(expect) => expect::describe_wait(&expect.matcher),
            _ => "send".into(),
        };
        let comment = comment
            .map(|c| format!(" comment: '{c}'"))
            .unwrap_or_default();
        format!(
            "{what} at step {} of tcp-check ({action}){comment}",
            step.number
        )
    }
}

/// The port a connect step names.
fn port_of(connect: &Connect) -> Option<u16> {
    connect.port.or(match &connect.addr {
        Some(Endpoint::Tcp { port, .. }) if *port > 0 => Some(*port),
        _ => None,
    })
}

/// `None` if the time is over first.
async fn within<T>(deadline: Instant, future: impl Future<Output = T>) -> Option<T> {
    timeout_at(deadline.into(), future).await.ok()
}

/// The system's words for an error, without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
