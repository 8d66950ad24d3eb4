//! An HTTP/2 origin on a clear port that does what a test says. Named by the tests that use it.
#![allow(dead_code, reason = "each test binary uses some of it")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a harness may end a test"
)]

use std::collections::VecDeque;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::Bytes;
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tokio::sync::{mpsc, oneshot, watch};

/// Header fields.
pub type Fields = Vec<(String, String)>;

/// A request as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The number of its connection, from 1.
    pub connection: usize,
    pub method: String,
    pub scheme: String,
    /// `:authority`, or `host` where there is none: to most servers they are the same.
    pub authority: String,
    pub path: String,
    /// `:protocol`
    pub protocol: String,
    /// All fields but `host`.
    pub fields: Fields,
    /// Nothing came behind its head.
    pub ended: bool,
    pub body: Vec<u8>,
    pub trailers: Fields,
}

impl Seen {
    /// The first field of this name.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What it does about a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Sends an interim head.
    Inform(u16, Fields),
    /// Sends the head; where nothing follows, the stream ends with it.
    Head(u16, Fields),
    /// Sends bytes.
    Data(Vec<u8>),
    /// Ends the stream with trailers.
    Trailers(Fields),
    /// Waits for the end of the request.
    Body,
    /// Sends what comes, until it ends.
    Echo,
    /// Resets the stream.
    Reset(u32),
    /// Says that it takes no more streams; those that are open go on.
    GoAway,
    /// Closes the connection.
    Close,
    /// Never says any more. Takes note of a reset by the other side.
    Hang,
}

/// Field lines, for tables.
pub fn fields(of: &[(&str, &str)]) -> Fields {
    of.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// What it announces.
#[derive(Debug, Clone, Copy, Default)]
pub struct Announces {
    /// `SETTINGS_MAX_CONCURRENT_STREAMS`
    pub streams: Option<u32>,
    /// `SETTINGS_ENABLE_CONNECT_PROTOCOL`
    pub connect: bool,
    /// `SETTINGS_INITIAL_WINDOW_SIZE`
    pub window: Option<u32>,
}

type Answer = dyn Fn(&Seen) -> Vec<Act> + Send + Sync;

/// The origin; gone when dropped.
#[derive(Debug)]
pub struct H2Origin {
    /// Its port.
    pub port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    begun: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    resets: Arc<Mutex<Vec<u32>>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl H2Origin {
    /// Does for each request what the function says.
    pub fn new(answer: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Self {
        Self::announcing(Announces::default(), answer)
    }

    /// The same with settings of one's own.
    pub fn announcing(
        announces: Announces,
        answer: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it does not block");
        let port = listener.local_addr().expect("it is bound").port();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let connections = Arc::<AtomicUsize>::default();
        let (end, ended) = oneshot::channel();
        let answer: Arc<Answer> = Arc::new(answer);
        let begun = Arc::<AtomicUsize>::default();
        let sent = Arc::<AtomicUsize>::default();
        let resets = Arc::<Mutex<Vec<u32>>>::default();
        let shared = Shared {
            begun: begun.clone(),
            sent: sent.clone(),
            resets: resets.clone(),
            announces,
            answer,
            seen: seen.clone(),
        };
        let count = connections.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let accept = async {
                    while let Ok((stream, _)) = listener.accept().await {
                        let number = count.fetch_add(1, SeqCst) + 1;
                        tokio::spawn(serve(stream, number, shared.clone()));
                    }
                };
                tokio::select! {
                    () = accept => {}
                    _ = ended => {}
                }
            });
        });
        Self {
            port,
            seen,
            connections,
            begun,
            sent,
            resets,
            end: Some(end),
            thread: Some(thread),
        }
    }

    /// The requests that came whole, or were reset by it, in that order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no origin task panics").clone()
    }

    /// How many bytes of bodies have been handed to connections.
    pub fn sent(&self) -> usize {
        self.sent.load(SeqCst)
    }

    /// The codes of the resets that came for streams that [`Act::Hang`].
    pub fn resets(&self) -> Vec<u32> {
        self.resets.lock().expect("no origin task panics").clone()
    }

    /// How many requests have begun to come.
    pub fn begun(&self) -> usize {
        self.begun.load(SeqCst)
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

impl Drop for H2Origin {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Clone)]
struct Shared {
    begun: Arc<AtomicUsize>,
    sent: Arc<AtomicUsize>,
    resets: Arc<Mutex<Vec<u32>>>,
    announces: Announces,
    answer: Arc<Answer>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// What a stream asks of its connection.
enum Ask {
    GoAway,
    Close,
}

async fn serve(stream: tokio::net::TcpStream, number: usize, shared: Shared) {
    let mut builder = Builder::new();
    let announces = shared.announces;
    if let Some(streams) = announces.streams {
        builder.max_concurrent_streams(streams);
    }
    if announces.connect {
        builder.enable_connect_protocol();
    }
    if let Some(window) = announces.window {
        builder.initial_window_size(window);
    }
    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
        return;
    };
    let (asks, mut asked) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                tokio::spawn(answer(request, respond, number, shared.clone(), asks.clone()));
            }
            Some(ask) = asked.recv() => match ask {
                Ask::GoAway => connection.graceful_shutdown(),
                Ask::Close => return,
            }
        }
    }
}

fn map(fields: &Fields) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(
            HeaderName::from_bytes(name.as_bytes()).expect("a name"),
            HeaderValue::from_bytes(value.as_bytes()).expect("a value"),
        );
    }
    map
}

fn listed(map: &HeaderMap) -> Fields {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    map.iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn seen(request: &Request<RecvStream>, connection: usize) -> Seen {
    let uri = request.uri();
    let fields = listed(request.headers());
    let host = fields.iter().find(|(name, _)| name == "host");
    let authority = uri.authority().map(ToString::to_string);
    Seen {
        connection,
        method: request.method().to_string(),
        scheme: uri.scheme_str().unwrap_or_default().to_owned(),
        authority: authority
            .or_else(|| host.map(|(_, value)| value.clone()))
            .unwrap_or_default(),
        path: uri
            .path_and_query()
            .map_or(String::new(), ToString::to_string),
        protocol: request
            .extensions()
            .get::<h2::ext::Protocol>()
            .map_or(String::new(), |protocol| protocol.as_str().to_owned()),
        fields: fields
            .into_iter()
            .filter(|(name, _)| name != "host")
            .collect(),
        ended: request.body().is_end_stream(),
        ..Seen::default()
    }
}

async fn answer(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    connection: usize,
    shared: Shared,
    asks: mpsc::UnboundedSender<Ask>,
) {
    let seen = seen(&request, connection);
    shared.begun.fetch_add(1, SeqCst);
    let mut acts = VecDeque::from((shared.answer)(&seen));
    let mut body = Some(request.into_body());
    let echoes = acts.iter().any(|act| matches!(act, Act::Echo));
    let (whole, mut is_whole) = watch::channel(false);
    if !echoes && let Some(body) = body.take() {
        tokio::spawn(drain(body, seen, shared.seen.clone(), whole));
    } else {
        shared.seen.lock().expect("no task panics").push(seen);
    }
    let mut out: Option<SendStream<Bytes>> = None;
    while let Some(act) = acts.pop_front() {
        let last = acts.is_empty();
        match (act, &mut out) {
            (Act::Inform(status, fields), _) => {
                let mut head = Response::builder().status(status).body(()).expect("a head");
                *head.headers_mut() = map(&fields);
                let _ = respond.send_informational(head);
            }
            (Act::Head(status, fields), _) => {
                let mut head = Response::builder().status(status).body(()).expect("a head");
                *head.headers_mut() = map(&fields);
                match respond.send_response(head, last) {
                    Ok(stream) if !last => out = Some(stream),
                    _ => return,
                }
            }
            (Act::Data(bytes), Some(stream)) => {
                if send(stream, bytes.into(), last, &shared.sent)
                    .await
                    .is_none()
                    || last
                {
                    return;
                }
            }
            (Act::Trailers(fields), Some(stream)) => {
                let _ = stream.send_trailers(map(&fields));
                return;
            }
            (Act::Body, _) => {
                let _ = is_whole.wait_for(|whole| *whole).await;
            }
            (Act::Echo, Some(stream)) => {
                let Some(mut body) = body.take() else { return };
                while let Some(Ok(data)) = body.data().await {
                    let _ = body.flow_control().release_capacity(data.len());
                    if send(stream, data, false, &shared.sent).await.is_none() {
                        return;
                    }
                }
                let _ = stream.send_data(Bytes::new(), true);
                return;
            }
            (Act::Reset(code), Some(stream)) => {
                // What was said before has to be on its way: a reset takes back what is not.
                pause().await;
                stream.send_reset(Reason::from(code));
                return;
            }
            (Act::Reset(code), None) => {
                respond.send_reset(Reason::from(code));
                return;
            }
            (Act::GoAway, _) => {
                drop(asks.send(Ask::GoAway));
                // It leaves before whatever is said after it.
                pause().await;
            }
            (Act::Close, _) => drop(asks.send(Ask::Close)),
            (Act::Hang, out) => {
                let reset = std::future::poll_fn(|cx| match out {
                    Some(stream) => stream.poll_reset(cx),
                    None => respond.poll_reset(cx),
                });
                if let Ok(reason) = reset.await {
                    let mut resets = shared.resets.lock().expect("no task panics");
                    resets.push(reason.into());
                }
                return;
            }
            (act, None) => panic!("{act:?} comes before a head"),
        }
    }
}

/// Lets the connection's task run.
async fn pause() {
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

/// Reads a request to its end, and takes note of it.
async fn drain(
    mut body: RecvStream,
    mut seen: Seen,
    into: Arc<Mutex<Vec<Seen>>>,
    whole: watch::Sender<bool>,
) {
    while let Some(Ok(data)) = body.data().await {
        let _ = body.flow_control().release_capacity(data.len());
        seen.body.extend_from_slice(&data);
    }
    if let Ok(Some(trailers)) = body.trailers().await {
        seen.trailers = listed(&trailers);
    }
    into.lock().expect("no task panics").push(seen);
    let _ = whole.send(true);
}

async fn send(
    stream: &mut SendStream<Bytes>,
    mut bytes: Bytes,
    last: bool,
    sent: &AtomicUsize,
) -> Option<()> {
    if bytes.is_empty() {
        return stream.send_data(bytes, last).ok();
    }
    while !bytes.is_empty() {
        stream.reserve_capacity(bytes.len());
        let room = std::future::poll_fn(|cx| stream.poll_capacity(cx))
            .await?
            .ok()?;
        let part = bytes.split_to(room.min(bytes.len()));
        let end = last && bytes.is_empty();
        sent.fetch_add(part.len(), SeqCst);
        stream.send_data(part, end).ok()?;
    }
    Some(())
}
