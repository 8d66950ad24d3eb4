//! A syslog server that keeps what it gets.

use std::net::UdpSocket;

use super::PATIENCE;

/// A UDP socket that log lines are sent to.
#[derive(Debug)]
pub struct LogSink {
    socket: UdpSocket,
    /// Its port.
    pub port: u16,
}

impl LogSink {
    /// Opens one.
    pub fn new() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let port = socket.local_addr().expect("it is bound").port();
        Self { socket, port }
    }

    /// The next line, as it came.
    pub fn line(&self) -> String {
        let mut buffer = [0; 65_536];
        let n = self.socket.recv(&mut buffer).expect("a log line in time");
        String::from_utf8_lossy(&buffer[..n]).into_owned()
    }

    /// The next line that contains this; others are passed over.
    pub fn line_with(&self, text: &str) -> String {
        loop {
            let line = self.line();
            if line.contains(text) {
                return line;
            }
        }
    }
}
