//! One request of a health check over HTTP/2: the check writes and reads HTTP/1, as its expectations are about that.

use std::future::poll_fn;
use std::io;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};

use super::request::{self, Sending};
use super::response;
use crate::http::Head;
use crate::wire::h1::{Asked, BodyLength, Framing, HeadParser, Options, RequestFacts, write_head};

/// What waits between the check and the connection at most.
const BETWEEN: usize = 16 * 1024;

/// Puts HTTP/2 under a check. What is written to the first must be one request, head and body; what is read from it is the
/// answer, and its end. The second does the work; it ends with the answer, or when the check is over.
pub fn over<L>(link: L) -> (DuplexStream, impl Future<Output = ()>)
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let (near, far) = duplex(BETWEEN);
    let work = async move {
        // Whatever failed, the check sees that no answer, or no more of it, comes.
        let _ = carry(link, far).await;
    };
    (near, work)
}

async fn carry<L>(link: L, mut check: DuplexStream) -> io::Result<()>
where
    L: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = Builder::new();
    builder.enable_push(false);
    let shaken = builder.handshake::<_, Bytes>(link).await;
    let (requests, connection) = shaken.map_err(failed)?;
    let exchange = async {
        let done = exchange(requests, &mut check).await;
        // Nothing more comes.
        let _ = check.shutdown().await;
        done
    };
    tokio::select! {
        done = exchange => done,
        ended = connection => ended.map_err(failed),
    }
}

async fn exchange(mut requests: SendRequest<Bytes>, check: &mut DuplexStream) -> io::Result<()> {
    let mut head = Head::new();
    let (facts, body) = receive(check, &mut head).await?;
    let how = Sending {
        scheme: "https",
        upgrade: false,
        announced: facts.body,
    };
    let asked = Asked {
        method: head.known_method(),
        upgrade: false,
    };
    let request = request::send(&head, how).map_err(|_| io::ErrorKind::InvalidInput)?;
    let sent = requests.send_request(request, body.is_empty());
    let (response, mut send) = sent.map_err(failed)?;
    if !body.is_empty() {
        send.send_data(body.into(), true).map_err(failed)?;
    }
    let (parts, mut body) = response.await.map_err(failed)?.into_parts();
    let ended = body.is_end_stream();
    let facts = response::receive(&parts, ended, asked, &mut head)
        .map_err(|_| io::ErrorKind::InvalidData)?;
    let announced = match facts.announced {
        length @ BodyLength::Sized(_) => length,
        _ => BodyLength::UntilClose,
    };
    let framing = Framing {
        announced,
        ..Framing::default()
    };
    let mut out = Vec::new();
    write_head(&head, framing, None, &mut out);
    check.write_all(&out).await?;
    while let Some(data) = poll_fn(|cx| body.poll_data(cx)).await {
        let data = data.map_err(failed)?;
        check.write_all(&data).await?;
        let _ = body.flow_control().release_capacity(data.len());
    }
    Ok(())
}

/// Reads the check's request: its head and its body.
async fn receive(check: &mut DuplexStream, head: &mut Head) -> io::Result<(RequestFacts, Vec<u8>)> {
    let mut parser = HeadParser::new();
    let options = Options {
        relaxed: true,
        any_payload: true,
        ..Options::default()
    };
    let mut bytes = Vec::with_capacity(BETWEEN);
    loop {
        if check.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let parsed = parser.request(&bytes, head, &options);
        let Some(facts) = parsed.map_err(|_| io::ErrorKind::InvalidInput)? else {
            continue;
        };
        let mut body = bytes.split_off(facts.consumed);
        if let BodyLength::Sized(length) = facts.body {
            let missing = length.saturating_sub(body.len() as u64);
            check.take(missing).read_to_end(&mut body).await?;
        }
        return Ok((facts, body));
    }
}

fn failed(error: h2::Error) -> io::Error {
    error
        .into_io()
        .unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())
}
