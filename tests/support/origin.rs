//! An origin server that answers as a test says.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// A server on the loopback, one thread per connection; gone when dropped.
#[derive(Debug)]
pub struct Origin {
    /// Its port.
    pub port: u16,
    /// The heads of the requests it got, in order of arrival.
    pub requests: Arc<Mutex<Vec<String>>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Origin {
    /// Answers every request with these bytes, keeping the connection (unless asked in HTTP/1.0).
    pub fn answering(bytes: &str) -> Self {
        let bytes = bytes.to_owned();
        Self::new(move |_| bytes.clone().into_bytes())
    }

    /// Answers every request with 200 and this body.
    pub fn saying(body: &str) -> Self {
        let length = body.len();
        Self::answering(&format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    /// Answers each request, by its head, with what the function makes; no bytes end the connection.
    pub fn new(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let ending = Arc::<AtomicBool>::default();
        let answer = Arc::new(answer);
        let (heads, end) = (requests.clone(), ending.clone());
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if end.load(SeqCst) {
                    return;
                }
                let (heads, answer) = (heads.clone(), answer.clone());
                std::thread::spawn(move || serve(stream, &heads, &*answer));
            }
        });
        Self {
            port,
            requests,
            ending,
            thread: Some(thread),
        }
    }

    /// How many requests came.
    pub fn count(&self) -> usize {
        self.requests.lock().expect("no origin thread panics").len()
    }
}

fn serve(
    mut stream: TcpStream,
    heads: &Mutex<Vec<String>>,
    answer: &(dyn Fn(&str) -> Vec<u8> + Send + Sync),
) {
    let mut buffer = Vec::new();
    let mut some = [0; 16_384];
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            match stream.read(&mut some) {
                Ok(n) if n > 0 => buffer.extend_from_slice(&some[..n]),
                _ => return,
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        buffer.drain(..end);
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse::<usize>().ok());
        let length = length.unwrap_or(0);
        while buffer.len() < length {
            match stream.read(&mut some) {
                Ok(n) if n > 0 => buffer.extend_from_slice(&some[..n]),
                _ => return,
            }
        }
        buffer.drain(..length);
        heads
            .lock()
            .expect("no origin thread panics")
            .push(head.clone());
        let bytes = answer(&head);
        let once = head.contains(" HTTP/1.0\r\n");
        if bytes.is_empty() || stream.write_all(&bytes).is_err() || once {
            return;
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.ending.store(true, SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
