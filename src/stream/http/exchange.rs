//! One request and its response, from the first byte to the log line.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::half::Half;
use super::{Connection, Next, Stop};
use crate::backend::Seat;
use crate::end::End;
use crate::plan::{Plan, Proxy};
use crate::sample::{self, Scope, Transaction};
use crate::settings::Coding;
use crate::state::table::Pair;
use crate::stream::nice::give_way;
use crate::stream::{Upgrade, record};
use crate::wire::h1::{BodyLength, HeadParser, Limits, Options, RequestFacts};
use crate::wire::h2::Lane;
use crate::worker::Worker;

/// A live transaction: everything that is given back when the connection falls idle.
pub(super) struct Exchange {
    pub worker: Rc<Worker>,
    pub connection: Box<Connection>,
    pub txn: Box<Transaction>,
    pub plan: Arc<Plan>,
    pub frontend: Arc<Proxy>,
    /// The frontend until a backend is chosen.
    pub backend: Arc<Proxy>,
    pub seat: Option<Seat>,
    /// Client to server.
    pub upload: Half,
    pub parser: HeadParser,
    /// How requests are parsed.
    pub options: Options,
    pub facts: RequestFacts,
    /// What the TCP engine has done for this request already, if the stream began there.
    pub upgrade: Option<Upgraded>,
    /// Where the request's body starts in the upload's buffer.
    pub body_at: usize,
    /// When the request's head was there. Rules do not see it yet, and what they turn away unprocessed never gets to it.
    pub heard: Option<Instant>,
    /// Bytes of the request's head. Counted when all is over.
    pub head_size: u64,
    /// How it ended, once something went wrong.
    pub end: End,
    /// How the response may be coded, if its client and a proxy want that.
    pub coding: Option<Coding>,
    /// Whether the client connection may carry another request.
    pub keep_alive: bool,
    /// Whether the log line was written already (`option logasap`).
    pub logged: bool,
    /// Whether bytes of a final response have been sent: no other one can follow.
    pub sent: bool,
    /// Whether the connection is to be closed with care once all is counted and logged: an answer of our own
    /// went out that unread bytes of the client could destroy.
    pub parting: bool,
    /// When the transaction began, on the wall clock.
    pub date: SystemTime,
}

/// What has happened to a request before this engine got it: the frontend's content rules have passed it.
pub(super) struct Upgraded {
    /// The place of the backend, if that is chosen.
    pub backend: Option<usize>,
}

/// Serves the requests that come one after the other, until none is in sight.
pub(super) async fn serve(
    worker: Rc<Worker>,
    connection: Box<Connection>,
) -> (Box<Connection>, Next) {
    let mut exchange = Exchange::new(worker, connection);
    loop {
        let next = exchange.one().await;
        exchange.upgrade = None;
        if next != Next::Request || exchange.upload.buf.is_empty() {
            let Exchange {
                worker,
                connection,
                txn,
                ..
            } = exchange;
            worker.recycle(txn);
            return (connection, next);
        }
        exchange.txn.clear();
    }
}

impl Exchange {
    fn new(worker: Rc<Worker>, mut connection: Box<Connection>) -> Self {
        let mut upload = Half::new(&worker.pools);
        let (txn, upgrade) = match connection.client.upgrade.take() {
            None => (worker.transaction(), None),
            Some(Upgrade { mut txn, backend }) => {
                upload.buf.append(&mut txn.client_payload.data);
                txn.client_payload.clear();
                txn.request.clear();
                (txn, Some(Upgraded { backend }))
            }
        };
        let client = &connection.client;
        let (plan, frontend) = (client.plan.clone(), client.proxy.clone());
        let options = request_options(&plan, &frontend);
        Self {
            txn,
            upload,
            upgrade,
            parser: HeadParser::new(),
            backend: frontend.clone(),
            seat: None,
            facts: RequestFacts {
                consumed: 0,
                body: BodyLength::Empty,
                keep_alive: false,
                keep_alive_asked: false,
                upgrade: false,
                expect_continue: false,
            },
            body_at: 0,
            heard: None,
            head_size: 0,
            end: End::default(),
            coding: None,
            keep_alive: false,
            logged: false,
            sent: false,
            parting: false,
            date: SystemTime::UNIX_EPOCH,
            options,
            plan,
            frontend,
            connection,
            worker,
        }
    }

    /// The phases of one exchange.
    async fn one(&mut self) -> Next {
        self.begin();
        let outcome = match self.receive().await {
            Ok(()) => self.process().await,
            Err(Stop::Multiplex) => {
                self.connection.early = self.upload.buf.to_vec();
                self.upload.buf.clear();
                return Next::Multiplex;
            }
            Err(stop) => Err(stop),
        };
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(stop) => Box::pin(self.answer(stop)).await,
        };
        let next = self.finish(outcome);
        if self.parting {
            // Nothing more can come of the session: what it tracks is free while the rest is read.
            let now = self.worker.now().instant;
            self.connection.client.session.release(now);
            Box::pin(self.part()).await;
        }
        next
    }

    /// A whole head is there: rules, backend, server, response.
    async fn process(&mut self) -> Result<(), Stop> {
        // What most requests do not need is boxed: a future is moved about with all that it might ever hold.
        if self.upgrade.is_none() {
            record::announce(&self.worker, &self.connection.client);
        }
        self.give_way().await;
        self.monitor()?;
        // Rules may look at the body, so it is waited for before those of the proxy that asks for it.
        if self.buffers_body() {
            Box::pin(self.buffer_body()).await?;
        }
        self.front_rules().await?;
        self.choose_backend()?;
        self.expect_cookie();
        self.persist_rules();
        if self.buffers_body() {
            Box::pin(self.buffer_body()).await?;
        }
        self.back_rules().await?;
        self.accepted();
        self.prefer_server();
        self.client_cookies();
        self.edit_request();
        self.choose_coding();
        self.give_way().await;
        self.forward().await
    }

    /// Lets others go first, where that is wanted (`nice`).
    pub async fn give_way(&self) {
        give_way(&self.connection.client.listener, &self.txn).await;
    }

    /// The rules are through with the request: from here on its time counts (`%TR`).
    pub fn accepted(&mut self) {
        self.txn.timers.request = self.heard.take();
    }

    fn begin(&mut self) {
        self.heard = None;
        self.head_size = 0;
        if !Arc::ptr_eq(&self.backend, &self.frontend) {
            self.backend = self.frontend.clone();
        }
        self.seat = None;
        self.end = End::default();
        self.keep_alive = false;
        self.logged = false;
        self.sent = false;
        self.parting = false;
        self.expect_cookie();
        self.txn.timers.began = Some(self.connection.since);
        self.txn.rewriting.room = Some(self.plan.global.bufsize);
    }

    /// Lends session and transaction to the language.
    pub fn scope(&mut self) -> Scope<'_> {
        Scope {
            session: &mut self.connection.client.session,
            txn: &mut self.txn,
            now: self.worker.now(),
            waiting: std::cell::Cell::new(false),
        }
    }

    /// Counts one for what the stream and its session track.
    pub fn tally(&self, pair: Pair) {
        let session = &self.connection.client.session;
        if !session.tracks().is_empty() || !self.txn.tracks.is_empty() {
            sample::count(session, &self.txn, pair, 1, self.worker.now().instant);
        }
    }

    /// The stream of HTTP/2 that the client is, if it is one.
    pub fn lane(&self) -> Option<&Rc<Lane>> {
        self.connection.client.lane.as_ref()
    }

    /// How responses are parsed.
    pub fn response_options(&self) -> Options {
        let relaxed = crate::settings::Options::ACCEPT_INVALID_RESPONSE;
        Options {
            relaxed: self.backend.settings.options.contains(relaxed),
            ..self.options
        }
    }
}

fn request_options(plan: &Plan, frontend: &Proxy) -> Options {
    let global = &plan.global;
    let relaxed = crate::settings::Options::ACCEPT_INVALID_REQUEST;
    Options {
        limits: Limits {
            head: global.bufsize.saturating_sub(global.maxrewrite),
            lines: global.maxhdr,
        },
        relaxed: frontend.settings.options.contains(relaxed),
        any_payload: global.h1_accept_payload_with_any_method,
    }
}
