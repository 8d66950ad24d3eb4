//! Asking name servers: all at once, each over UDP, and over TCP where its answer does not fit a datagram.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::message::{Answer, No, Query, Records, answer};
use crate::settings::Nameserver;

/// What the servers made of a question.
pub(super) enum Heard<'a> {
    /// This one knew records.
    Records(&'a Nameserver, Records),
    /// All that answered knew none; the first reason.
    No(No),
    /// None answered in time.
    Silence,
}

type Told = Result<Records, No>;
type Asked<'a> = Pin<Box<dyn Future<Output = Told> + 'a>>;

/// Asks all servers and waits for the first that knows something. Those that fail count as silent.
pub(super) async fn all<'a>(
    servers: &'a [Nameserver],
    query: &Query,
    payload: u16,
    wait: Duration,
) -> Heard<'a> {
    let one =
        |server| -> (&'a Nameserver, Asked<'_>) { (server, Box::pin(one(server, query, payload))) };
    let mut open: Vec<_> = servers.iter().map(one).collect();
    let (mut found, mut no) = (None, None);
    let heard = poll_fn(|cx| {
        open.retain_mut(|(server, asked)| match asked.as_mut().poll(cx) {
            Poll::Pending => true,
            Poll::Ready(told) => {
                match told {
                    Ok(records) if found.is_none() => found = Some((*server, records)),
                    Ok(_) => {}
                    Err(why) => no = no.or(Some(why)),
                }
                false
            }
        });
        match found.is_some() || open.is_empty() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    });
    if tokio::time::timeout(wait, heard).await.is_err() {
        for (server, _) in &open {
            server.asked.timeouts.inc();
        }
    }
    match (found, no) {
        (Some((server, records)), _) => Heard::Records(server, records),
        (None, Some(no)) => Heard::No(no),
        (None, None) => Heard::Silence,
    }
}

async fn one(server: &Nameserver, query: &Query, payload: u16) -> Told {
    let counts = &server.asked;
    counts.sent.inc();
    let asked = match server.stream {
        true => over_tcp(server.address, query).await,
        false => match over_udp(server, query, payload).await {
            Ok(Answer::Truncated) => {
                counts.truncated.inc();
                over_tcp(server.address, query).await
            }
            other => other,
        },
    };
    match asked {
        Ok(Answer::Records(records)) => {
            counts.valid.inc();
            Ok(records)
        }
        Ok(Answer::No(no)) => {
            match no {
                No::Name => &counts.unknown,
                No::Refused => &counts.refused,
                No::Record(true) => &counts.aliases,
                No::Record(false) => &counts.empty,
                No::Other => &counts.other,
            }
            .inc();
            Err(no)
        }
        Ok(Answer::Foreign | Answer::Truncated) => {
            counts.invalid.inc();
            Err(No::Other)
        }
        // Nobody there: the same as no answer.
        Err(_) => {
            counts.send_errors.inc();
            std::future::pending().await
        }
    }
}

async fn over_udp(server: &Nameserver, query: &Query, payload: u16) -> io::Result<Answer> {
    // The system takes a port at random for each question.
    let own: SocketAddr = match server.address {
        SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(server.address).await?;
    socket.send(&query.bytes).await?;
    let mut buffer = vec![0; usize::from(payload)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match answer(query, buffer.get(..length).unwrap_or_default()) {
            Answer::Foreign => server.asked.invalid.inc(),
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
