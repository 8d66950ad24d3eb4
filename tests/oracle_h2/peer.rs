//! An HTTP/2 client for tests, and an origin that keeps what it gets, bodies and trailers included.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use h2::client::SendRequest;
use h2::ext::Protocol;
use http::{HeaderMap, HeaderName, HeaderValue, Request};

use super::support::{PATIENCE, local};

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub method: &'static str,
    pub uri: &'static str,
    pub fields: &'static [(&'static str, &'static str)],
    /// Its body; `None` ends the stream with the head.
    pub body: Option<&'static [u8]>,
    pub trailers: &'static [(&'static str, &'static str)],
    pub protocol: Option<&'static str>,
}

/// `GET` of this URI.
pub fn get(uri: &'static str) -> Asked {
    Asked {
        method: "GET",
        uri,
        ..Asked::default()
    }
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Got {
    pub interim: Vec<(u16, Vec<String>)>,
    pub status: u16,
    pub fields: Vec<String>,
    pub body: Vec<u8>,
    pub trailers: Vec<String>,
    /// How the stream was cut, if it was.
    pub reset: Option<h2::Reason>,
}

fn map(fields: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        map.append(name, HeaderValue::from_str(value).unwrap());
    }
    map
}

fn lines(map: &HeaderMap) -> Vec<String> {
    map.iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect()
}

/// Runs this on a runtime of its own, within the patience of tests.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            tokio::time::timeout(PATIENCE, future)
                .await
                .expect("in time")
        })
}

/// A connection with prior knowledge. The handle to its driver ends when the connection does.
pub async fn connect(port: u16) -> (SendRequest<Bytes>, tokio::task::JoinHandle<()>) {
    let stream = tokio::net::TcpStream::connect(local(port)).await.unwrap();
    let (send, connection) = h2::client::handshake(stream).await.unwrap();
    let driver = tokio::spawn(async move {
        let _ = connection.await;
    });
    (send, driver)
}

/// The request, as the crate wants it.
pub fn request(asked: &Asked) -> Request<()> {
    let mut request = Request::builder()
        .method(asked.method)
        .uri(asked.uri)
        .version(http::Version::HTTP_2)
        .body(())
        .unwrap();
    *request.headers_mut() = map(asked.fields);
    if let Some(protocol) = asked.protocol {
        request.extensions_mut().insert(Protocol::from(protocol));
    }
    request
}

/// Sends a request and takes all of its answer.
pub async fn ask(send: &mut SendRequest<Bytes>, asked: &Asked) -> Got {
    let mut ready = send.clone().ready().await.unwrap();
    let (mut response, mut stream) = ready
        .send_request(request(asked), asked.body.is_none())
        .unwrap();
    if let Some(body) = asked.body {
        let last = asked.trailers.is_empty();
        let _ = stream.send_data(Bytes::from_static(body), last);
        if !last {
            let _ = stream.send_trailers(map(asked.trailers));
        }
    }
    let mut got = Got::default();
    while let Some(Ok(interim)) = std::future::poll_fn(|cx| match response.poll_informational(cx) {
        std::task::Poll::Ready(some) => std::task::Poll::Ready(some),
        std::task::Poll::Pending => match std::pin::Pin::new(&mut response).poll(cx) {
            std::task::Poll::Ready(done) => {
                got.status = 0;
                FINAL.with(|f| *f.borrow_mut() = Some(done));
                std::task::Poll::Ready(None)
            }
            std::task::Poll::Pending => std::task::Poll::Pending,
        },
    })
    .await
    {
        let status = interim.status().as_u16();
        got.interim.push((status, lines(interim.headers())));
    }
    let done = FINAL.with(|f| f.borrow_mut().take());
    let done = match done {
        Some(done) => done,
        None => response.await,
    };
    match done {
        Ok(response) => take(response, &mut got).await,
        Err(error) => got.reset = error.reason(),
    }
    got
}

thread_local! {
    static FINAL: std::cell::RefCell<Option<Result<http::Response<h2::RecvStream>, h2::Error>>> =
        const { std::cell::RefCell::new(None) };
}

async fn take(response: http::Response<h2::RecvStream>, got: &mut Got) {
    got.status = response.status().as_u16();
    got.fields = lines(response.headers());
    let mut body = response.into_body();
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                got.body.extend_from_slice(&data);
                let _ = body.flow_control().release_capacity(data.len());
            }
            Err(error) => {
                got.reset = error.reason();
                return;
            }
        }
    }
    if let Ok(Some(trailers)) = body.trailers().await {
        got.trailers = lines(&trailers);
    }
}

/// An origin that answers by path and keeps what it got: head, decoded body, trailers.
#[derive(Debug)]
pub struct Recorder {
    pub port: u16,
    pub seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    pub fn new() -> Self {
        let listener = TcpListener::bind(local(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let kept = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                std::thread::spawn(move || serve(stream, &kept));
            }
        });
        Self { port, seen }
    }

    /// What it got since this was asked last.
    pub fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

/// Reads until `buffer` holds this; the length with it.
fn until(stream: &mut TcpStream, buffer: &mut Vec<u8>, end: &[u8]) -> Option<usize> {
    loop {
        if let Some(at) = buffer.windows(end.len()).position(|w| w == end) {
            return Some(at + end.len());
        }
        more(stream, buffer)?;
    }
}

fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut some = [0; 16_384];
    match stream.read(&mut some) {
        Ok(n) if n > 0 => buffer.extend_from_slice(&some[..n]),
        _ => return None,
    }
    Some(())
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<String>>) {
    let mut buffer = Vec::new();
    while let Some((head, text)) = message(&mut stream, &mut buffer) {
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let key = head
            .lines()
            .find_map(|l| l.strip_prefix("sec-websocket-key: "));
        // Keys are random, and HAProxy writes their name otherwise.
        let key = key.or_else(|| {
            head.lines()
                .find_map(|l| l.strip_prefix("Sec-Websocket-Key: "))
        });
        let answer = answer(&path, head.starts_with("HEAD "), key);
        seen.lock().unwrap().push(text);
        if stream.write_all(&answer).is_err() || path.starts_with("/cut") {
            return;
        }
        if path == "/ws" {
            // Says again what it is told.
            while more(&mut stream, &mut buffer).is_some() {
                if stream.write_all(&std::mem::take(&mut buffer)).is_err() {
                    return;
                }
            }
        }
    }
}

/// A message: its head, and the whole with its body decoded.
fn message(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, String)> {
    let end = until(stream, buffer, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
    buffer.drain(..end);
    let mut body = Vec::new();
    if head.contains("transfer-encoding: chunked") {
        loop {
            let line = until(stream, buffer, b"\r\n")?;
            let size = std::str::from_utf8(&buffer[..line - 2]).ok()?;
            let size = usize::from_str_radix(size, 16).ok()?;
            buffer.drain(..line);
            if size == 0 {
                loop {
                    let line = until(stream, buffer, b"\r\n")?;
                    let trailer: Vec<u8> = buffer.drain(..line).collect();
                    if line == 2 {
                        break;
                    }
                    body.extend_from_slice(b"+");
                    body.extend_from_slice(&trailer[..line - 2]);
                }
                break;
            }
            while buffer.len() < size + 2 {
                more(stream, buffer)?;
            }
            body.extend(buffer.drain(..size + 2).take(size));
        }
    } else if let Some(length) = head
        .lines()
        .find_map(|l| l.strip_prefix("content-length: "))
    {
        let length: usize = length.trim().parse().ok()?;
        while buffer.len() < length {
            more(stream, buffer)?;
        }
        body.extend(buffer.drain(..length));
    }
    let lines = head
        .lines()
        .filter(|l| !l.to_ascii_lowercase().starts_with("sec-websocket-key"));
    let shown: Vec<&str> = lines.collect();
    let text = format!("{}{}", shown.join("|"), String::from_utf8_lossy(&body));
    Some((head, text))
}

fn answer(path: &str, head: bool, key: Option<&str>) -> Vec<u8> {
    let text = match path {
        "/trailers" => {
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: v\r\n\r\n"
        }
        "/hints" => {
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        }
        "/204" => "HTTP/1.1 204 No Content\r\n\r\n",
        "/304" => "HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
        "/chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "/cut-none" => "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "/big" => {
            let mut all = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n".to_vec();
            all.resize(all.len() + 300_000, b'x');
            return all;
        }
        "/ws" => {
            let accept = super::accept(key.unwrap_or_default());
            let head =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade";
            return format!("{head}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n").into_bytes();
        }
        _ if head => "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        _ => {
            "HTTP/1.1 200 OK\r\nServer: o\r\nConnection: keep-alive\r\nKeep-Alive: 5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nok"
        }
    };
    text.as_bytes().to_vec()
}
