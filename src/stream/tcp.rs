//! The TCP engine: one stream per client connection (manual 4 `mode tcp`).
//!
//! Content rules on what the client sends, a backend, a server, bytes both ways, a log line.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::backend::{Ask, Attempts, Lease, Own, Seat, obtain, persist, store};
use crate::end::{Cause, End, Stage};
use crate::plan::Proxy;
use crate::sample::Transaction;
use crate::settings::{Mode, Options};
use crate::wire::tunnel::{Outcome, Times, Tunnel};
use crate::worker::Worker;

use super::content::{self, Verdict};
use super::nice::give_way;
use super::{Client, Upgrade, http, record, switch};

/// Serves a client connection in TCP mode until it ends.
pub async fn serve(worker: Rc<Worker>, mut client: Client) {
    let mut txn = worker.transaction();
    txn.timers.began = Some(client.session.accepted);
    txn.timers.request_date = Some(client.session.accept_date);
    txn.number = client.plan.state.process.requests.load();
    txn.log_early = client.proxy.settings.options.contains(Options::LOGASAP);
    let mut stream = Stream {
        worker: &worker,
        client: &mut client,
        txn: &mut txn,
        back: None,
        logged: false,
    };
    match stream.run().await {
        Ok(Next::Done) => stream.finish(End::default()),
        Err(end) => stream.finish(end),
        Ok(Next::Http(backend)) => {
            client.upgrade = Some(Upgrade { txn, backend });
            return Box::pin(http::serve(worker, client)).await;
        }
    }
    worker.recycle(txn);
}

/// A stream on its way.
struct Stream<'a> {
    worker: &'a Rc<Worker>,
    client: &'a mut Client,
    txn: &'a mut Transaction,
    back: Option<(Arc<Proxy>, Seat)>,
    /// Its line was written when the server was reached (`option logasap`).
    logged: bool,
}

/// What comes after the TCP engine.
enum Next {
    /// Nothing.
    Done,
    /// HTTP: a rule says so, or the backend of this place speaks it.
    Http(Option<usize>),
}

impl Stream<'_> {
    /// The phases, in order.
    async fn run(&mut self) -> Result<Next, End> {
        let front = self.client.proxy.clone();
        // Content rules may capture.
        let slots = front.captures.request.len();
        self.txn.request_captures.list_mut().resize(slots, None);
        record::announce(self.worker, self.client);
        give_way(&self.client.listener, self.txn).await;
        if self.inspect(&front).await? == Mode::Http {
            return Ok(Next::Http(None));
        }
        let plan = self.client.plan.clone();
        let chosen = {
            let scope = super::scope(self.worker, &mut self.client.session, self.txn);
            switch::backend(&plan, &front, &scope)
        };
        let Some(back) = chosen.and_then(|at| plan.proxies.get(at)).cloned() else {
            return Err(End::new(Cause::Server, Stage::Connect));
        };
        if back.settings.mode == Mode::Http {
            return Ok(Next::Http(Some(back.index)));
        }
        self.enter(&back);
        if back.index != front.index {
            self.inspect(&back).await?;
        }
        self.persist(&back);
        give_way(&self.client.listener, self.txn).await;
        let lease = self.connect(&back).await?;
        self.txn.answering = true;
        self.early_log();
        self.transfer(&back, &lease).await.map(|()| Next::Done)
    }

    /// Runs a proxy's content rules on what the client has sent. Answers the mode to go on in.
    async fn inspect(&mut self, proxy: &Arc<Proxy>) -> Result<Mode, End> {
        let verdict = content::request(self.worker, self.client, self.txn, proxy).await;
        let stage = Stage::Request;
        match verdict {
            Verdict::Pass => Ok(Mode::Tcp),
            Verdict::SwitchMode => Ok(Mode::Http),
            Verdict::Refuse => {
                self.client.proxy.state.front.denied_requests.inc();
                self.client.listener.state.denied_requests.inc();
                Err(End::new(Cause::Proxy, stage))
            }
            Verdict::Broken => {
                self.client.proxy.state.front.request_errors.inc();
                Err(End::new(Cause::Client, stage))
            }
        }
    }

    fn enter(&mut self, back: &Arc<Proxy>) {
        self.txn.backend = Some(back.state.clone());
        self.txn.backend_id = back.id;
        self.txn.backend_at = Some(back.index);
        let seat = Seat::take(back.state.clone(), self.worker.now().millis());
        self.back = Some((back.clone(), seat));
    }

    /// Persistence: rules, `use-server`, RDP cookies.
    fn persist(&mut self, back: &Arc<Proxy>) {
        if !back.persist.is_empty() || !back.use_server.is_empty() {
            let mut scope = super::scope(self.worker, &mut self.client.session, self.txn);
            persist::rules(back, &mut scope);
            persist::prefer(back, &mut scope);
        }
        persist::rdp(back, self.txn);
    }

    /// Gets a server connection. With `option abortonclose` a client that leaves meanwhile ends it.
    async fn connect(&mut self, back: &Arc<Proxy>) -> Result<Lease, End> {
        let plan = self.client.plan.clone();
        let aborts = back.settings.options.contains(Options::ABORT_ON_CLOSE);
        if !back.stick.request.is_empty() && self.txn.client_payload.data.is_empty() {
            // Keys may lie in what has come by now; nobody waits for more.
            self.take_unread();
        }
        let (mut own, mut attempts) = (Own::default(), Attempts::default());
        let ask = Ask {
            plan: &plan,
            backend: back,
            session: &mut self.client.session,
            txn: self.txn,
            own: &mut own,
            attempts: &mut attempts,
            watched: aborts.then_some(&self.client.stream),
        };
        obtain(self.worker, ask)
            .await
            .map_err(|failure| failure.end)
    }

    /// Copies both ways, after what was looked at.
    async fn transfer(&mut self, back: &Arc<Proxy>, lease: &Lease) -> Result<(), End> {
        let number = lease.server().state.number;
        self.client.slot.set_server(Some(number));
        let (front, timeouts) = (
            &self.client.proxy.settings.timeouts,
            &back.settings.timeouts,
        );
        let times = Times {
            client: self.txn.orders.client_timeout.or(front.client),
            server: self.txn.orders.server_timeout.or(timeouts.server),
            tunnel: self.txn.orders.tunnel_timeout.or(timeouts.tunnel),
            client_fin: front.client_fin,
            server_fin: timeouts.server_fin,
        };
        let early = std::mem::take(&mut self.txn.client_payload.data);
        let tools = &self.worker.pools.tools;
        let Client {
            stream,
            session,
            alarm,
            ..
        } = &mut *self.client;
        let mut tunnel = Tunnel::new(stream, lease.stream(), tools, times).after(early, Vec::new());
        let mut verdict = Ok(());
        if !back.rules.tcp_response.rules.is_empty() {
            verdict =
                content::response(self.worker, session, alarm, self.txn, back, &mut tunnel).await;
        }
        let outcome = match verdict {
            Ok(()) => {
                store(lease, &mut super::scope(self.worker, session, self.txn));
                let first = std::mem::take(&mut self.txn.server_payload.data);
                if !first.is_empty() {
                    tunnel.answer_first(first);
                }
                Ok(tunnel.run(alarm).await)
            }
            Err(over) => Err(over),
        };
        (self.txn.bytes_in, self.txn.bytes_out) = tunnel.moved();
        self.txn.bytes_out += self.txn.server_payload.data.len() as u64;
        match outcome {
            Ok(outcome) => ended(outcome),
            Err(content::Over::Tunnel(outcome)) => ended(outcome),
            Err(content::Over::Closed) => {
                self.take_unread();
                Ok(())
            }
            Err(content::Over::Vanished(hops)) => {
                back.state.back.denied_responses.inc();
                self.client.stream.vanish(hops);
                Err(End::new(Cause::Proxy, Stage::Request))
            }
            Err(content::Over::Refused) => {
                self.take_unread();
                back.state.back.denied_responses.inc();
                Err(End::new(Cause::Proxy, Stage::Data))
            }
        }
    }

    /// `option logasap`: all is said once the server is reached.
    fn early_log(&mut self) {
        if self.txn.log_early {
            self.txn.timers.ended = Some(Instant::now());
            self.log(false);
            self.logged = true;
        }
    }

    fn log(&mut self, null: bool) {
        let front = self.client.proxy.clone();
        record::log(
            self.worker,
            &front,
            &mut self.client.session,
            self.txn,
            null,
        );
    }

    /// Reads what the client sent meanwhile, so that closing is no reset.
    fn take_unread(&mut self) {
        let data = &mut self.txn.client_payload.data;
        data.reserve(self.client.plan.global.bufsize);
        let _ = self.client.stream.try_append(data);
    }

    /// Counts and logs.
    fn finish(&mut self, end: End) {
        if self.txn.timers.connected.is_none() {
            self.take_unread();
            self.txn.bytes_in = self.txn.client_payload.data.len() as u64;
        }
        let txn = &mut *self.txn;
        txn.end = end;
        if let Some(cause) = self.client.slot.ended_by() {
            txn.end = End::new(cause, Stage::None);
        }
        txn.timers.ended = Some(Instant::now());
        let front = &self.client.proxy;
        front.state.front.bytes_in.add(txn.bytes_in);
        front.state.front.bytes_out.add(txn.bytes_out);
        let listener = &self.client.listener.state;
        listener.bytes_in.add(txn.bytes_in);
        listener.bytes_out.add(txn.bytes_out);
        let back = self.back.as_ref().map(|(back, _)| &back.state.back);
        let server = txn.server.as_ref().map(|server| &server.totals);
        for side in [back, server].into_iter().flatten() {
            record::count_side(side, txn);
        }
        record::count_end(&front.state.front, back, server, end);
        if end != End::default() && front.settings.options.contains(Options::NO_LINGER) {
            self.client.stream.set_reset_on_close();
        }
        record::count_bytes(&self.client.session, txn);
        self.client.plan.state.process.requests.inc();
        let null = txn.bytes_in == 0;
        if !self.logged {
            self.log(null);
        }
        self.txn.tracks.release(Instant::now());
    }
}

fn ended(outcome: Outcome) -> Result<(), End> {
    let cause = match outcome {
        Outcome::Done => return Ok(()),
        Outcome::ClientBroke => Cause::Client,
        Outcome::ServerBroke => Cause::Server,
        Outcome::ClientTimeout => Cause::ClientTimeout,
        Outcome::ServerTimeout => Cause::ServerTimeout,
    };
    Err(End::new(cause, Stage::Data))
}
