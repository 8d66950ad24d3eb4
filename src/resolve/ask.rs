//! Asking name servers: all at once, each over UDP, and over TCP where its answer does not fit a datagram.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::message::{Answer, Query, answer};
use crate::settings::Nameserver;

type Asked<'a> = Pin<Box<dyn Future<Output = Option<IpAddr>> + 'a>>;

/// The first address that a server gives. `None` when all have answered that they know none. Servers that fail count as
/// silent: the caller's patience ends that.
pub(super) async fn all(servers: &[Nameserver], query: &Query, payload: u16) -> Option<IpAddr> {
    let one = |server| -> Asked<'_> { Box::pin(one(server, query, payload)) };
    let mut open: Vec<Asked<'_>> = servers.iter().map(one).collect();
    poll_fn(|cx| {
        let mut found = None;
        open.retain_mut(|asked| match asked.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(answer) => {
                found = found.or(answer);
                false
            }
        });
        match found {
            None if !open.is_empty() => Poll::Pending,
            answer => Poll::Ready(answer),
        }
    })
    .await
}

async fn one(server: &Nameserver, query: &Query, payload: u16) -> Option<IpAddr> {
    let asked = match server.stream {
        true => over_tcp(server.address, query).await,
        false => match over_udp(server.address, query, payload).await {
            Ok(Answer::Truncated) => over_tcp(server.address, query).await,
            other => other,
        },
    };
    match asked {
        Ok(Answer::Address(address)) => address,
        Ok(Answer::Foreign | Answer::Truncated) => None,
        // Nobody there: the same as no answer.
        Err(_) => std::future::pending().await,
    }
}

async fn over_udp(server: SocketAddr, query: &Query, payload: u16) -> io::Result<Answer> {
    // The system takes a port at random for each question.
    let own: SocketAddr = match server {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server).await?;
    socket.send(&query.bytes).await?;
    let mut buffer = vec![0; usize::from(payload)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match answer(query, buffer.get(..length).unwrap_or_default()) {
            Answer::Foreign => {}
            answer => return Ok(answer),
        }
    }
}

async fn over_tcp(server: SocketAddr, query: &Query) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(server).await?;
    let length = query.bytes.len() as u16;
    let framed = [&length.to_be_bytes()[..], &query.bytes].concat();
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut buffer = vec![0; usize::from(length)];
    stream.read_exact(&mut buffer).await?;
    Ok(answer(query, &buffer))
}
