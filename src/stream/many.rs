//! A client connection that carries many streams (HTTP/2): who drives it, and what its streams share.
//!
//! One task drives the connection. Every stream that arrives becomes a [`Client`] of its own, whose bytes are a channel, and is
//! served by the engine of [`http`] as one exchange, in a task of its own. Variables of scope `sess`, what is tracked, TLS
//! facts, addresses and the place among the counted connections are the connection's.
//!
//! In memory a connection holds at most: its window (`tune.h2.fe.rxbuf`, by default `initial-window-size` times the streams
//! that are allowed) of what came and was not read, 64 KiB a stream and 64 KiB more of what waits to be sent, and a head.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime};

use tokio::task::spawn_local;

use super::{Client, http, metered, record};
use crate::backend::Own;
use crate::end::{Cause, End, Stage};
use crate::net::{Alarm, Stream, Summons};
use crate::plan::{Listener, Plan, Proxy};
use crate::sample::Session;
use crate::settings::{Global, Http2Errors, Options};
use crate::state;
use crate::wire::h2::{Arrived, Carrier, Ending, Event, Lane, Server, Terms, Verdict};
use crate::worker::{Slot, Worker};

/// PROTOCOL_ERROR (RFC 9113 7).
const PROTOCOL_ERROR: u32 = 1;
/// ENHANCE_YOUR_CALM: said where rules turn a client away, and where it floods us.
const CALM: u32 = 11;
/// Streams whose numbers are remembered after their end.
const REMEMBERED: usize = 128;
/// How long a client may take to read our farewell where nothing else is set.
const PARTING: Duration = Duration::from_secs(1);

/// Serves a connection whose client speaks HTTP/2, or is said to. `early` was read from it already.
pub(super) async fn serve(worker: Rc<Worker>, client: Client, early: Vec<u8>) {
    let Client {
        stream,
        alarm,
        session,
        plan,
        proxy,
        listener,
        slot,
        upgrade,
        ..
    } = client;
    if let Some(upgrade) = upgrade {
        worker.recycle(upgrade.txn);
    }
    let carrier = Carrier::of_client(stream, early);
    let counts = &proxy.state.front.http2;
    counts.connections.inc();
    counts.open.inc();
    let mut connection = Connection {
        server: Server::new(carrier.clone(), &terms(&plan.global)),
        farewell: slot.farewell(),
        last: (session.accept_date, session.accepted),
        shared: Rc::new(Shared {
            nobody: Lane::unopened(carrier.clone()),
            carrier,
            counts: proxy.state.clone(),
            slot,
            ended: RefCell::default(),
            live: RefCell::default(),
            idle_since: Cell::new(session.accepted),
            own: RefCell::default(),
            free: RefCell::default(),
        }),
        total: 0,
        counted: Default::default(),
        parting: false,
        closing: None,
        worker,
        plan,
        proxy,
        listener,
        session,
        alarm,
    };
    poll_fn(|cx| connection.poll(cx)).await;
}

fn terms(global: &Global) -> Terms {
    let side = global.http2.side(global.http2.front);
    Terms {
        window: side.window(),
        connection_window: side.connection_window(),
        streams: side.streams(),
        frame: global.http2.frame(global.bufsize),
        header_table: global.http2.header_table,
        head: u32::try_from(global.bufsize).unwrap_or(u32::MAX),
        glitches: side.glitches,
        extended_connect: !global.http2.no_extended_connect,
    }
}

/// A connection on its way.
struct Connection {
    worker: Rc<Worker>,
    plan: Arc<Plan>,
    proxy: Arc<Proxy>,
    listener: Arc<Listener>,
    /// The connection's own; its streams' are made from it.
    session: Session,
    alarm: Alarm,
    server: Server,
    shared: Rc<Shared>,
    farewell: Rc<Summons>,
    /// When the last stream began, or the connection: the next one's idle time counts from there.
    last: (SystemTime, Instant),
    /// Streams so far.
    total: u64,
    counted: Counted,
    /// It takes no more streams.
    parting: bool,
    /// Since when it is over but for the last bytes.
    closing: Option<Instant>,
}

/// Frames that were counted already.
type Counted = (crate::wire::h2::Counts, crate::wire::h2::Counts);

/// What the streams of a connection share.
struct Shared {
    carrier: Rc<Carrier>,
    /// Where they are counted.
    counts: Arc<state::Proxy>,
    /// The connection's place: it is taken until the last stream has logged.
    slot: Slot,
    /// The numbers of streams that are going on.
    live: RefCell<Vec<u32>>,
    /// The numbers of those that ended last: what the codec says of them comes later.
    ended: RefCell<VecDeque<u32>>,
    /// Since when there are none.
    idle_since: Cell<Instant>,
    /// Idle server connections that only this client may use.
    own: RefCell<Own>,
    /// Stands where a stream was.
    nobody: Rc<Lane>,
    /// What served streams and can serve others. While nothing goes on, one at most.
    free: RefCell<Vec<http::Stand>>,
}

/// A stream that is going on.
struct Live {
    number: u32,
    worker: Rc<Worker>,
    shared: Rc<Shared>,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.shared.counts.front.http2.open_streams.dec();
        let mut live = self.shared.live.borrow_mut();
        live.retain(|number| *number != self.number);
        let mut ended = self.shared.ended.borrow_mut();
        if ended.len() >= REMEMBERED {
            ended.pop_front();
        }
        ended.push_back(self.number);
        if live.is_empty() {
            self.shared.idle_since.set(self.worker.now().instant);
            self.shared.free.borrow_mut().truncate(1);
            self.shared.carrier.wake();
        }
    }
}

impl Connection {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let carrier = self.shared.carrier.clone();
        carrier.driven_by(cx.waker());
        match carrier.verdict() {
            Some(Verdict::Vanish) => return Poll::Ready(()),
            Some(Verdict::Refuse) if self.closing.is_none() => {
                self.close(true);
            }
            _ => {}
        }
        if !self.parting && self.farewell.poll(cx).is_ready() {
            self.part();
        }
        loop {
            let over = match self.server.poll(cx) {
                Poll::Ready(Event::Stream(arrived)) => {
                    self.open(*arrived);
                    continue;
                }
                Poll::Ready(Event::Closed | Event::Broken) => true,
                Poll::Ready(Event::Stranger) => {
                    self.turn_away();
                    true
                }
                Poll::Pending => false,
            };
            self.take_note();
            let flushed = self.server.poll_flush(cx);
            if over || matches!(flushed, Poll::Ready(Err(_))) {
                return Poll::Ready(());
            }
            break;
        }
        self.watch(cx)
    }

    /// A stream has come: it is served beside the others.
    fn open(&mut self, arrived: Arrived) {
        let now = self.worker.now();
        let (date, since) = std::mem::replace(&mut self.last, (now.date, now.instant));
        let number = arrived.number();
        self.total += 1;
        self.shared.live.borrow_mut().push(number);
        self.proxy.state.front.http2.streams.inc();
        self.proxy.state.front.http2.open_streams.inc();
        let arrived = Box::new(arrived);
        let free = self.shared.free.borrow_mut().pop();
        let stand = match free {
            Some(mut stand) => {
                stand.renew(arrived, date, since);
                stand
            }
            None => http::Stand::new(self.client(arrived, date, since)),
        };
        let live = Live {
            number,
            worker: self.worker.clone(),
            shared: self.shared.clone(),
        };
        let served = async move {
            let free = stand
                .serve(&live.worker, &live.shared.own, &live.shared.nobody)
                .await;
            live.shared.free.borrow_mut().extend(free);
        };
        match self.session.meter.clone() {
            Some(meter) => spawn_local(metered::run(meter, served)),
            None => spawn_local(served),
        };
        let most = self.plan.global.http2.total_streams;
        if most > 0 && self.total >= u64::from(most) && !self.parting {
            self.part();
        }
    }

    /// The client of a stream.
    fn client(&mut self, arrived: Box<Arrived>, date: SystemTime, since: Instant) -> Client {
        let slot = self.shared.slot.of_stream();
        let mut client = Client {
            stream: Stream::of_channel(arrived.lane.clone()),
            alarm: Alarm::heeding(slot.summons()),
            session: self.session.of_stream(date, since),
            plan: self.plan.clone(),
            proxy: self.proxy.clone(),
            listener: self.listener.clone(),
            slot,
            upgrade: None,
            lane: None,
            arrived: None,
        };
        client.take_stream(arrived);
        client
    }

    fn part(&mut self) {
        self.parting = true;
        self.server.part();
    }

    /// False if that is all.
    fn close(&mut self, calm: bool) -> bool {
        self.closing = Some(self.worker.now().instant);
        self.server.close(calm)
    }

    /// Counts frames, and logs the requests that were refused before anybody but the codec saw them.
    fn take_note(&mut self) {
        let carrier = &self.shared.carrier;
        let now = carrier.counts();
        if now != self.counted {
            let before = std::mem::replace(&mut self.counted, now);
            self.count(before, now);
        }
        let live = self.shared.live.borrow();
        let ended = self.shared.ended.borrow();
        let seen = |number: &u32| live.contains(number) || ended.contains(number);
        let bad = carrier.endings().into_iter().filter(|ending| match ending {
            Ending::Stream(number, code) => *code == PROTOCOL_ERROR && !seen(number),
            Ending::Connection(code) => !matches!(*code, 0 | CALM),
        });
        let bad: Vec<Ending> = bad.collect();
        drop((live, ended));
        for ending in bad {
            let counts = &self.proxy.state.front.http2;
            let kind = match ending {
                Ending::Stream(..) => {
                    counts.stream_errors.inc();
                    Http2Errors::Stream
                }
                Ending::Connection(_) => {
                    counts.connection_errors.inc();
                    Http2Errors::Connection
                }
            };
            if kind <= self.plan.global.http2.logged {
                self.log_bad_request();
            }
        }
    }

    /// The client does not speak HTTP/2, or said nothing at all.
    fn turn_away(&mut self) {
        self.proxy.state.front.http2.connection_errors.inc();
        let silent = Options::DONTLOG_NULL | Options::IGNORE_PROBES;
        let probe = self.shared.carrier.received() == 0;
        let options = self.proxy.settings.options;
        let unheard = probe && options.intersects(silent);
        if !unheard && self.plan.global.http2.logged != Http2Errors::None {
            self.log_bad_request();
        }
    }

    fn count(&self, before: Counted, now: Counted) {
        let counts = &self.proxy.state.front.http2;
        let (came, left) = (now.0, now.1);
        counts.headers.add(came.headers - before.0.headers);
        counts.data.add(came.data - before.0.data);
        counts.settings.add(came.settings - before.0.settings);
        counts.resets.add(came.resets - before.0.resets);
        counts.farewells.add(came.farewells - before.0.farewells);
        counts.resets_sent.add(left.resets - before.1.resets);
        counts
            .farewells_sent
            .add(left.farewells - before.1.farewells);
    }

    /// HAProxy's line about a request that was none.
    fn log_bad_request(&mut self) {
        let now = self.worker.now();
        let mut txn = self.worker.transaction();
        txn.status = Some(0);
        txn.end = End::new(Cause::Proxy, Stage::Request);
        txn.timers.began = Some(now.instant);
        txn.timers.ended = Some(now.instant);
        txn.timers.request_date = Some(now.date);
        txn.unique_id.forgo();
        let (worker, proxy) = (&self.worker, &self.proxy);
        record::log(worker, proxy, &mut self.session, &mut txn, false);
        self.worker.recycle(txn);
    }

    /// Ends a connection that is idle for too long, or does not take its last bytes.
    fn watch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.alarm.set(self.deadline());
        ready!(self.alarm.poll(cx));
        if self.closing.is_some() {
            return Poll::Ready(());
        }
        if !self.close(false) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// While there are streams, their own timeouts watch (manual 4.2 `timeout client`); then those between requests.
    fn deadline(&self) -> Option<Instant> {
        let timeouts = &self.proxy.settings.timeouts;
        let ms = Duration::from_millis;
        let idle = self.shared.idle_since.get();
        if let Some(since) = self.closing {
            let limit = timeouts.client_fin.or(timeouts.client).map_or(PARTING, ms);
            return Some(since + limit);
        }
        if !self.shared.live.borrow().is_empty() {
            return None;
        }
        let next = !self.shared.carrier.midway() && self.total > 0;
        let limit = match timeouts.http_keep_alive.filter(|_| next) {
            _ if self.shared.carrier.owes() => timeouts.client,
            Some(limit) => Some(limit),
            None => timeouts.http_request.or(timeouts.client),
        };
        limit.map(|limit| idle + ms(limit))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.proxy.state.front.http2.open.dec();
    }
}
