//! Content rules of TCP mode: they see what has come so far, and may wait for more up to the inspect
//! delay (manual 4.2 `tcp-request content`, `tcp-request inspect-delay`, `tcp-response content`).

use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::action::{Flow, Lookup, Ruleset};
use crate::net::Alarm;
use crate::plan::{Plan, Proxy};
use crate::sample::{Session, Spoken, Transaction};
use crate::wire::h1::{HeadParser, Limits, Options};
use crate::wire::tunnel::{Outcome, Tunnel};
use crate::worker::Worker;

use super::{Client, note_request_line};

/// What the request rules say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Go on.
    Pass,
    /// Go on in HTTP mode.
    SwitchMode,
    /// The stream is refused.
    Refuse,
    /// The client's connection broke while they waited.
    Broken,
}

/// Runs a proxy's `tcp-request content` rules, reading from the client as they need it.
pub(super) async fn request(
    worker: &Rc<Worker>,
    client: &mut Client,
    txn: &mut Transaction,
    proxy: &Proxy,
) -> Verdict {
    let rules = &proxy.rules.tcp_content;
    if rules.rules.is_empty() {
        return Verdict::Pass;
    }
    let limit = client
        .plan
        .global
        .bufsize
        .saturating_sub(client.plan.global.maxrewrite);
    let until = deadline(proxy.settings.inspect_delay);
    client.alarm.set(until);
    let mut reader = RequestReader::new(&client.plan, limit);
    reader.look(txn);
    let mut from = 0;
    loop {
        let complete = txn.client_payload.complete;
        let step = step(worker, &mut client.session, txn, rules, from, complete);
        match step {
            Step::Pass => return Verdict::Pass,
            Step::SwitchMode => return Verdict::SwitchMode,
            Step::Refuse => return Verdict::Refuse,
            Step::Close => return Verdict::Refuse,
            Step::Vanish(hops) => {
                client.stream.vanish(hops);
                return Verdict::Refuse;
            }
            Step::Pause(ms, next) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                from = next;
                continue;
            }
            Step::Resolve(lookup, next) => {
                let (session, lookup) = (&mut client.session, &lookup);
                Box::pin(super::resolve(worker, session, txn, lookup)).await;
                from = next;
                continue;
            }
            Step::Wait(at) => from = at,
        }
        let data = &mut txn.client_payload.data;
        data.reserve(limit.saturating_sub(data.len()));
        let stream = &client.stream;
        match client.alarm.until(|cx| stream.poll_append(cx, data)).await {
            Err(_) | Ok(Ok(0)) => txn.client_payload.complete = true,
            Ok(Ok(_)) => txn.client_payload.complete = data.len() >= limit,
            Ok(Err(_)) => return Verdict::Broken,
        }
        reader.look(txn);
    }
}

/// Finds the HTTP/1 request in what a TCP client has sent, for rules that ask for one (manual 7.3.6: its fetches work in
/// content rules of TCP mode too). The bytes go on as they came.
struct RequestReader {
    parser: HeadParser,
    options: Options,
}

impl RequestReader {
    fn new(plan: &Plan, head: usize) -> Self {
        let lines = plan.global.maxhdr;
        Self {
            parser: HeadParser::new(),
            options: Options {
                limits: Limits { head, lines },
                relaxed: false,
                any_payload: false,
            },
        }
    }

    fn look(&mut self, txn: &mut Transaction) {
        let payload = &mut txn.client_payload;
        if payload.spoken != Spoken::Unknown || payload.data.is_empty() {
            return;
        }
        let head = &mut txn.request.head;
        match self.parser.request(&payload.data, head, &self.options) {
            Ok(None) => {}
            Err(_) => payload.spoken = Spoken::Other,
            Ok(Some(_)) => {
                payload.spoken = Spoken::Http;
                note_request_line(txn);
            }
        }
    }
}

/// Why there is no transfer after response rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The rules refused what the server said.
    Refused,
    /// The rules closed the server's side.
    Closed,
    /// The rules would have the client wait in vain; its reset, if any, passes so many routers.
    Vanished(Option<u8>),
    /// The tunnel ended meanwhile.
    Tunnel(Outcome),
}

/// Runs a backend's `tcp-response content` rules on the first bytes of the server, while the client's
/// bytes flow. Those first bytes are left with the transaction.
///
/// # Errors
/// See [`Over`].
pub(super) async fn response(
    worker: &Rc<Worker>,
    session: &mut Session,
    alarm: &mut Alarm,
    txn: &mut Transaction,
    proxy: &Proxy,
    tunnel: &mut Tunnel<'_>,
) -> Result<(), Over> {
    let rules = &proxy.rules.tcp_response;
    let limit = worker.plan().global.bufsize;
    let delay = proxy.settings.response_inspect_delay;
    let until = deadline(delay);
    // Without a delay the rules do not wait for what the server may say.
    txn.server_payload.complete = delay.is_none();
    let mut from = 0;
    loop {
        let complete = txn.server_payload.complete;
        match step(worker, session, txn, rules, from, complete) {
            Step::Pass | Step::SwitchMode => break,
            Step::Wait(at) => from = at,
            Step::Pause(_, next) | Step::Resolve(_, next) => {
                from = next;
                continue;
            }
            Step::Refuse => return Err(Over::Refused),
            Step::Close => return Err(Over::Closed),
            Step::Vanish(hops) => return Err(Over::Vanished(hops)),
        }
        let data = &mut txn.server_payload.data;
        data.reserve(limit.saturating_sub(data.len()).max(1));
        alarm.set(until);
        match tunnel.listen(alarm, data).await {
            Ok(0) => txn.server_payload.complete = true,
            Ok(_) => txn.server_payload.complete = data.len() >= limit,
            Err(Outcome::ClientTimeout | Outcome::ServerTimeout)
                if until.is_some_and(|until| until <= Instant::now()) =>
            {
                txn.server_payload.complete = true;
            }
            Err(outcome) => return Err(Over::Tunnel(outcome)),
        }
    }
    Ok(())
}

/// Without an inspect delay rules do not wait at all.
fn deadline(delay: Option<u64>) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_millis(delay.unwrap_or(0)))
}

enum Step {
    Pass,
    SwitchMode,
    Refuse,
    Close,
    Vanish(Option<u8>),
    /// More data is needed by the rule of this number.
    Wait(usize),
    /// Wait these milliseconds, then go on with the rule of this number.
    Pause(u64, usize),
    /// Resolve a name, then go on with the rule of this number.
    Resolve(Box<Lookup>, usize),
}

/// Runs rules as far as the data allows. A rule that lacks data which will never come does not apply.
fn step(
    worker: &Rc<Worker>,
    session: &mut Session,
    txn: &mut Transaction,
    rules: &Ruleset,
    mut from: usize,
    complete: bool,
) -> Step {
    let mut scope = super::scope(worker, session, txn);
    loop {
        scope.waiting.set(false);
        return match rules.run(from, &mut scope) {
            (Flow::Continue | Flow::Accept, _) => Step::Pass,
            (Flow::SwitchMode, _) => Step::SwitchMode,
            (Flow::Wait, at) if complete => {
                from = at + 1;
                continue;
            }
            (Flow::Wait, at) => Step::Wait(at),
            (Flow::Resolve(lookup), at) => Step::Resolve(lookup, at + 1),
            (Flow::Pause(ms), at) => Step::Pause(ms, at + 1),
            (Flow::SilentDrop(hops), _) => Step::Vanish(hops),
            (Flow::Close, _) => Step::Close,
            _ => Step::Refuse,
        };
    }
}
